"""Trajectories of jumps: compiled, or a batch in step."""
