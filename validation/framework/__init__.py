"""What a check is, what bounds it, and how a suite of checks runs."""
