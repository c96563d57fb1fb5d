"""Crossings and extrema along a solution."""
