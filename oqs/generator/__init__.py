"""The Davies generator: eigen-operators, dissipators, Lamb shift, line widths. Eqs. (2), (9)."""
