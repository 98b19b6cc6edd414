"""Importance of each pixel for a network: causal index, saliency, comparison of maps with null models."""

__all__ = ["causal_index", "comparison", "saliency"]
