"""Stationary states: one solver, one small object, prepared once for a model."""
