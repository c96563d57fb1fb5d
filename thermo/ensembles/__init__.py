"""Many evolutions at once."""
