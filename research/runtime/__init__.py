"""Devices, several processes, the sharded map, PRNG keys, progress."""
