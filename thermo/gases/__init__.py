"""Equations of state of the reservoirs: Eqs. (19)-(21), the exact ideal Fermi gas, heat alone."""

from thermo.gases.base import EquationOfState, GasState
from thermo.gases.bose import BoseGas
from thermo.gases.combined import CombinedGas
from thermo.gases.debye import DebyeSolid
from thermo.gases.fermi_dirac import FermiDiracGas
from thermo.gases.heat_table import TabulatedHeatCapacity
from thermo.gases.inversion import invert
from thermo.gases.sommerfeld import SommerfeldGas, sommerfeld_d, sommerfeld_q
from thermo.gases.tabulated import TabulatedGas
from thermo.gases.thermal import HeatState, ThermalGas

__all__ = [
    "BoseGas",
    "CombinedGas",
    "DebyeSolid",
    "EquationOfState",
    "FermiDiracGas",
    "GasState",
    "HeatState",
    "SommerfeldGas",
    "TabulatedGas",
    "TabulatedHeatCapacity",
    "ThermalGas",
    "invert",
    "sommerfeld_d",
    "sommerfeld_q",
]
