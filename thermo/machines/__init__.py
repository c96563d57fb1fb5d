"""What reservoirs do as a machine: power, cooling, and the parameters that do it best."""
