"""Finite reservoirs on the slow scale: equations of state, equilibrium, evolution.

Units: hbar = k_B = 1, energies in one reference energy. Flows are positive where a reservoir loses.
Equation numbers are those of Vovchenko et al., arXiv:2412.15355.
"""

import pathlib as _pathlib
import runpy as _runpy

# by its path: `import oqs` would run whatever `oqs` Python finds first
_namesakes = _pathlib.Path(__file__).parents[1] / "oqs" / "namesakes.py"
_runpy.run_path(str(_namesakes))["refuse_namesakes"]()

from thermo.coevolution.coevolve import CoevolutionFailed, coevolve
from thermo.coevolution.cotrajectory import CoTrajectory
from thermo.ensembles.ensemble import Ensemble, evolve_ensemble
from thermo.evolution.events.events import Event
from thermo.evolution.evolve import EvolutionFailed, evolve
from thermo.evolution.linear_noise.spread import PathFluctuations
from thermo.evolution.trajectory import Trajectory, audit
from thermo.gases import (
    BoseGas,
    CombinedGas,
    DebyeSolid,
    EquationOfState,
    FermiDiracGas,
    GasState,
    HeatState,
    SommerfeldGas,
    TabulatedGas,
    TabulatedHeatCapacity,
    ThermalGas,
    invert,
)
from thermo.gases.fermi_integrals import fermi_dirac_integral
from thermo.machines import (
    Cooling,
    Device,
    DeviceFluctuations,
    OptimisationFailed,
    Optimum,
    cooling,
    deepest_cooling,
    device,
    device_fluctuations,
    maximum_power,
    optimise,
)
from thermo.machines.regimes import Regime, omega_bar, regimes, spectral_signs
from thermo.netcdf import load_dataset, save_dataset
from thermo.plotting.curves import plot_curves
from thermo.plotting.fluctuations import plot_generating_function, plot_noise, plot_waiting_times
from thermo.plotting.map import plot_map
from thermo.plotting.stochastic import plot_stochastic
from thermo.plotting.trajectory import plot_trajectory
from thermo.reservoirs.equilibrium import Equilibrium, constant_density_equilibrium, equilibrium
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.reservoirs.linking import with_links
from thermo.reservoirs.links import HeatLink, OhmicLink
from thermo.reservoirs.rates import reservoir_rates, sommerfeld_rates
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.stochastic.ensemble import Estimate, StochasticEnsemble
from thermo.stochastic.evolve_stochastic import StochasticInterrupted, evolve_stochastic
from thermo.stochastic.explicit.explicit_reservoirs import (
    ExplicitPath,
    ExplicitReservoirs,
    explicit_reservoirs,
)
from thermo.stochastic.jumps.jump_path import JumpPath
from thermo.stochastic.master_equation import (
    MasterEquation,
    ReservoirMoments,
    master_equation,
)
from thermo.sweeps.parts import merge
from thermo.sweeps.sweep import sweep

__all__ = [
    "BoseGas",
    "CoTrajectory",
    "CoevolutionFailed",
    "CombinedGas",
    "Cooling",
    "DebyeSolid",
    "Device",
    "DeviceFluctuations",
    "Ensemble",
    "EquationOfState",
    "Equilibrium",
    "Estimate",
    "Event",
    "EvolutionFailed",
    "ExplicitPath",
    "ExplicitReservoirs",
    "FermiDiracGas",
    "GasState",
    "HeatLink",
    "HeatState",
    "JumpPath",
    "LinkedLaw",
    "MasterEquation",
    "OhmicLink",
    "OptimisationFailed",
    "Optimum",
    "PathFluctuations",
    "Regime",
    "Reservoir",
    "ReservoirMoments",
    "Reservoirs",
    "SommerfeldGas",
    "StochasticEnsemble",
    "StochasticInterrupted",
    "TabulatedGas",
    "TabulatedHeatCapacity",
    "ThermalGas",
    "Trajectory",
    "audit",
    "coevolve",
    "constant_density_equilibrium",
    "cooling",
    "deepest_cooling",
    "device",
    "device_fluctuations",
    "equilibrium",
    "evolve",
    "evolve_ensemble",
    "evolve_stochastic",
    "explicit_reservoirs",
    "fermi_dirac_integral",
    "invert",
    "load_dataset",
    "master_equation",
    "maximum_power",
    "merge",
    "omega_bar",
    "optimise",
    "plot_curves",
    "plot_generating_function",
    "plot_map",
    "plot_noise",
    "plot_stochastic",
    "plot_trajectory",
    "plot_waiting_times",
    "regimes",
    "reservoir_rates",
    "save_dataset",
    "sommerfeld_rates",
    "spectral_signs",
    "sweep",
    "with_links",
]

for _name in __all__:  # pickles and stores name the package: they outlive a move to another room
    globals()[_name].__module__ = __name__
del _name


def __dir__() -> list[str]:
    return list(__all__)
