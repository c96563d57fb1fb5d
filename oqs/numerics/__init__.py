"""Numerics without a system: clusters of numbers, occupation, exponentials, iterations."""
