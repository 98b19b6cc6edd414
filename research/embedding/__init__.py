"""Embeddings: principal components, nearest neighbours, t-SNE, and scores of labelled points."""
