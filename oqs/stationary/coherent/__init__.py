"""Stationary states with coherences between levels of one energy."""
