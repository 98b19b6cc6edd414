"""Identikit: train small digit recognisers, then read them backwards."""
