"""Flow laws (T, mu) -> Flows: from the density matrix, and exact at any coupling."""
