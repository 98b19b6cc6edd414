"""Embeddings: where the digits lie on a plane."""
