"""Finite reservoirs on the slow scale: equations of state, equilibrium, evolution."""

from thermo.gases import EquationOfState, GasState, SommerfeldGas
from thermo.reservoir import Reservoir, Reservoirs

__all__ = ["EquationOfState", "GasState", "Reservoir", "Reservoirs", "SommerfeldGas"]
