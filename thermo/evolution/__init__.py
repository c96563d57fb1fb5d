"""One slow evolution, Eqs. (4), (5): dynamics, stopping rule, steps, trajectory."""
