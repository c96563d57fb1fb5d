"""Integration methods and piecewise polynomials, which know nothing of reservoirs."""
