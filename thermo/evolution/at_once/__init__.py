"""The quick evolution: all steps solved at once from a coarse run."""
