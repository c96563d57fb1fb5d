"""The rate equation between single eigenstates, for contacts of any kind."""
