"""Commands: thin, flags in, run folders out."""
