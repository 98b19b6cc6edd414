"""Embeddings: principal components, nearest neighbours, t-SNE, and scores of labelled points."""

__all__ = ["kmeans", "knn", "pca", "scores", "tsne"]
