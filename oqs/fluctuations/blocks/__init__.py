"""Counting statistics block by block: all coherences within quantum numbers, no large matrix."""
