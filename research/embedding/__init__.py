"""Where things lie: principal components, nearest neighbours, t-SNE, and scores of a map."""
