"""Input clusters: a network that moves its own data."""
