"""Families of checks of the open system, Eqs. (2)-(18), (31)-(34), and when to trust it."""
