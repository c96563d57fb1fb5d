"""A function at all points of a grid: executors, stores, labelled results."""
