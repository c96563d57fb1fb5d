"""Equations of state of the reservoirs: Eqs. (19)-(21), the exact ideal Fermi gas, heat alone."""

from thermo.gases.base import EquationOfState as EquationOfState
from thermo.gases.base import GasState as GasState
from thermo.gases.bose import BoseGas as BoseGas
from thermo.gases.combined import CombinedGas as CombinedGas
from thermo.gases.debye import DebyeSolid as DebyeSolid
from thermo.gases.fermi_dirac import FermiDiracGas as FermiDiracGas
from thermo.gases.heat_table import TabulatedHeatCapacity as TabulatedHeatCapacity
from thermo.gases.inversion import invert as invert
from thermo.gases.sommerfeld import SommerfeldGas as SommerfeldGas
from thermo.gases.sommerfeld import sommerfeld_d as sommerfeld_d
from thermo.gases.sommerfeld import sommerfeld_q as sommerfeld_q
from thermo.gases.tabulated import TabulatedGas as TabulatedGas
from thermo.gases.thermal import HeatState as HeatState
from thermo.gases.thermal import ThermalGas as ThermalGas
