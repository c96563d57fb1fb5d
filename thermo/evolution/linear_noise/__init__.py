"""Fluctuations of finite reservoirs to first order in 1/capacity, along a mean path."""
