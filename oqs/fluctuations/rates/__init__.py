"""Counting statistics of a rate equation: jumps between populations alone."""
