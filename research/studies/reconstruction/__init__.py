"""Reconstruction: could aliens learn our digits from a network alone?"""
