"""Reservoirs so small that every jump of one particle shows."""
