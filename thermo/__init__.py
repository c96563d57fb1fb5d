"""Finite reservoirs on the slow scale: equations of state, equilibrium, evolution."""

from thermo.equilibrium import Equilibrium, constant_density_equilibrium, equilibrium
from thermo.fermi_integrals import fermi_dirac_integral
from thermo.gases import (
    CombinedGas,
    EquationOfState,
    FermiDiracGas,
    GasState,
    SommerfeldGas,
    TabulatedGas,
    invert,
)
from thermo.reservoir import Reservoir, Reservoirs

__all__ = [
    "CombinedGas",
    "EquationOfState",
    "Equilibrium",
    "FermiDiracGas",
    "GasState",
    "Reservoir",
    "Reservoirs",
    "SommerfeldGas",
    "TabulatedGas",
    "constant_density_equilibrium",
    "equilibrium",
    "fermi_dirac_integral",
    "invert",
]
