"""Joint descent: weights and input points descend together on one loss."""
