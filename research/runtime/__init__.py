"""Devices, several processes, one sharded map, keys, progress."""
