"""Eigen-operators and transitions between eigenstates, for contacts of any kind."""
