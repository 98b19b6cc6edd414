"""Drawings: digits wider, slanted, shifted, thicker than those known."""
