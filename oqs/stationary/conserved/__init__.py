"""Density matrices as one dense block for each set of conserved quantum numbers."""
