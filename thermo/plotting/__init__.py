"""Trajectories and maps as figures."""
