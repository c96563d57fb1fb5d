"""Stationary states of the populations' rate equation."""
