"""What the package exports and where it is defined: `oqs.exports.lazy` reads it too."""

from thermo.coevolution.coevolve import CoevolutionFailed as CoevolutionFailed
from thermo.coevolution.coevolve import coevolve as coevolve
from thermo.coevolution.cotrajectory import CoTrajectory as CoTrajectory
from thermo.ensembles.ensemble import Ensemble as Ensemble
from thermo.ensembles.ensemble import evolve_ensemble as evolve_ensemble
from thermo.evolution.events.events import Event as Event
from thermo.evolution.evolve import EvolutionFailed as EvolutionFailed
from thermo.evolution.evolve import evolve as evolve
from thermo.evolution.linear_noise.spread import PathFluctuations as PathFluctuations
from thermo.evolution.trajectory import Trajectory as Trajectory
from thermo.evolution.trajectory import audit as audit
from thermo.gases.base import EquationOfState as EquationOfState
from thermo.gases.base import GasState as GasState
from thermo.gases.bose import BoseGas as BoseGas
from thermo.gases.combined import CombinedGas as CombinedGas
from thermo.gases.debye import DebyeSolid as DebyeSolid
from thermo.gases.fermi_dirac import FermiDiracGas as FermiDiracGas
from thermo.gases.fermi_integrals import fermi_dirac_integral as fermi_dirac_integral
from thermo.gases.heat_table import TabulatedHeatCapacity as TabulatedHeatCapacity
from thermo.gases.inversion import invert as invert
from thermo.gases.sommerfeld import SommerfeldGas as SommerfeldGas
from thermo.gases.tabulated import TabulatedGas as TabulatedGas
from thermo.gases.thermal import HeatState as HeatState
from thermo.gases.thermal import ThermalGas as ThermalGas
from thermo.machines.cooling import Cooling as Cooling
from thermo.machines.cooling import cooling as cooling
from thermo.machines.device import Device as Device
from thermo.machines.device import device as device
from thermo.machines.device_map import device_map as device_map
from thermo.machines.fluctuations import DeviceFluctuations as DeviceFluctuations
from thermo.machines.fluctuations import device_fluctuations as device_fluctuations
from thermo.machines.objectives import deepest_cooling as deepest_cooling
from thermo.machines.objectives import maximum_power as maximum_power
from thermo.machines.optimum import OptimisationFailed as OptimisationFailed
from thermo.machines.optimum import Optimum as Optimum
from thermo.machines.optimum import optimise as optimise
from thermo.machines.regimes import Regime as Regime
from thermo.machines.regimes import omega_bar as omega_bar
from thermo.machines.regimes import regimes as regimes
from thermo.machines.regimes import spectral_signs as spectral_signs
from thermo.netcdf import load_dataset as load_dataset
from thermo.netcdf import save_dataset as save_dataset
from thermo.plotting.curves import plot_curves as plot_curves
from thermo.plotting.fluctuations import plot_generating_function as plot_generating_function
from thermo.plotting.fluctuations import plot_noise as plot_noise
from thermo.plotting.fluctuations import plot_waiting_times as plot_waiting_times
from thermo.plotting.map import plot_map as plot_map
from thermo.plotting.response import plot_efficiency_noise as plot_efficiency_noise
from thermo.plotting.response import plot_response as plot_response
from thermo.plotting.stochastic import plot_stochastic as plot_stochastic
from thermo.plotting.trajectory import plot_trajectory as plot_trajectory
from thermo.reservoirs.equilibrium import Equilibrium as Equilibrium
from thermo.reservoirs.equilibrium import (
    constant_density_equilibrium as constant_density_equilibrium,
)
from thermo.reservoirs.equilibrium import equilibrium as equilibrium
from thermo.reservoirs.linked_law import LinkedLaw as LinkedLaw
from thermo.reservoirs.linking import with_links as with_links
from thermo.reservoirs.links import HeatLink as HeatLink
from thermo.reservoirs.links import OhmicLink as OhmicLink
from thermo.reservoirs.rates import reservoir_rates as reservoir_rates
from thermo.reservoirs.rates import sommerfeld_rates as sommerfeld_rates
from thermo.reservoirs.reservoir import Reservoir as Reservoir
from thermo.reservoirs.reservoir import Reservoirs as Reservoirs
from thermo.stochastic.ensemble import Estimate as Estimate
from thermo.stochastic.ensemble import StochasticEnsemble as StochasticEnsemble
from thermo.stochastic.evolve_stochastic import StochasticInterrupted as StochasticInterrupted
from thermo.stochastic.evolve_stochastic import evolve_stochastic as evolve_stochastic
from thermo.stochastic.explicit.explicit_reservoirs import ExplicitPath as ExplicitPath
from thermo.stochastic.explicit.explicit_reservoirs import ExplicitReservoirs as ExplicitReservoirs
from thermo.stochastic.explicit.explicit_reservoirs import (
    explicit_reservoirs as explicit_reservoirs,
)
from thermo.stochastic.jumps.jump_path import JumpPath as JumpPath
from thermo.stochastic.master_equation import MasterEquation as MasterEquation
from thermo.stochastic.master_equation import ReservoirMoments as ReservoirMoments
from thermo.stochastic.master_equation import master_equation as master_equation
from thermo.sweeps.parts import merge as merge
from thermo.sweeps.sweep import sweep as sweep
