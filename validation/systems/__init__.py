"""Systems that checks measure: the paper's five cases, and random ones."""
