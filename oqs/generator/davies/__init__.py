"""The Davies generator, Eqs. (2), (9): levels further apart than the rates, secular cut."""
