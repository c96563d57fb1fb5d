"""Quadratic systems mode by mode: Eq. (10), its levels, the covariance matrix."""
