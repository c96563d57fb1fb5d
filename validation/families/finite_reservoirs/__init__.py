"""Families of checks of the finite reservoirs, Eqs. (4)-(6), (11), (19)-(29), Table I, figures."""
