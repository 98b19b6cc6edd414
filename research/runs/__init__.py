"""Run folders, checkpoints, cache keys, provenance."""
