"""System and reservoirs evolved together, without quasi-stationarity."""
