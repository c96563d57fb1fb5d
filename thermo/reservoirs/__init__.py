"""Finite reservoirs, their equilibrium and how fast T and mu change. Eqs. (5), (6), (29)."""
