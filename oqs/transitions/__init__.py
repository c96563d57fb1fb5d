"""Transitions between energy levels and the matrix elements that cause them."""
