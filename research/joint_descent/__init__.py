"""Joint descent: weights and input points descend together on one loss."""

__all__ = ["descent", "settings", "start"]
