"""Equations of state of the reservoirs: Eqs. (19)-(21) and the exact ideal Fermi gas."""

from thermo.gases.base import EquationOfState, GasState
from thermo.gases.combined import CombinedGas
from thermo.gases.fermi_dirac import FermiDiracGas
from thermo.gases.inversion import invert
from thermo.gases.sommerfeld import SommerfeldGas, sommerfeld_d, sommerfeld_q
from thermo.gases.tabulated import TabulatedGas

__all__ = [
    "CombinedGas",
    "EquationOfState",
    "FermiDiracGas",
    "GasState",
    "SommerfeldGas",
    "TabulatedGas",
    "invert",
    "sommerfeld_d",
    "sommerfeld_q",
]
