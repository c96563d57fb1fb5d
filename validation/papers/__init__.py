"""Published results, computed again: `python -m validation paper`."""
