"""Denoising: what an autoencoder in front of a recogniser brings back."""
