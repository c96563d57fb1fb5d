"""Fluctuations of the flows: full counting statistics of particles, energy and heat."""
