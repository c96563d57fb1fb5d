"""Equations of state of the reservoirs: Eqs. (19)-(21) and the exact ideal Fermi gas."""

from thermo.gases.base import EquationOfState, GasState
from thermo.gases.sommerfeld import SommerfeldGas, sommerfeld_d, sommerfeld_q

__all__ = ["EquationOfState", "GasState", "SommerfeldGas", "sommerfeld_d", "sommerfeld_q"]
