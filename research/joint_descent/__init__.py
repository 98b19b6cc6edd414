"""Weights and input points descend together on one loss."""
