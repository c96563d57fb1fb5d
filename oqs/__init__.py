"""The open system at density-matrix level: generators of small systems of fermions, bosons, spins.

Units: hbar = k_B = 1, energies in one reference energy. Flows are positive where a reservoir loses.
Equation numbers are those of Vovchenko et al., arXiv:2412.15355.
"""

from oqs.contact.bosonic import BosonicContact
from oqs.contact.contacts import Contact
from oqs.contact.rates import flat, lorentzian, power_law, temperature_scaled
from oqs.contact.spectra import drude_lorentz, ohmic, underdamped
from oqs.errors import NonUniqueStationaryState, StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Deviation, FlowLaw, Flows, ReservoirFlows, deviation
from oqs.fluctuations.counting import counting_statistics
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.levitov import LevitovStatistics, levitov
from oqs.fluctuations.noise import Noise, noise
from oqs.fluctuations.statistics import CountingStatistics
from oqs.fluctuations.waiting import WaitingTimes
from oqs.generator.davies import DaviesModel, davies
from oqs.generator.lamb_shift import lamb_shift
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import PerlindModel, perlind
from oqs.generator.perlind.window import Window
from oqs.laws.density_matrix import DensityMatrixLaw, flow_law
from oqs.laws.landauer import Landauer, landauer
from oqs.modes.boson_modes import BosonLaw
from oqs.modes.closed_form import ClosedForm, closed_form
from oqs.modes.gaussian import GaussianLaw, gaussian_law
from oqs.modes.untouched import Untouched
from oqs.namesakes import refuse_namesakes as _refuse_namesakes
from oqs.response.diagram import StabilityDiagram, stability_diagram
from oqs.response.onsager import LinearResponse, linear_response
from oqs.response.terminals import Terminals
from oqs.state.entropy import (
    clausius_sum,
    entropy_production,
    entropy_production_by_reservoir,
    gibbs_state,
    relative_entropy_to_gibbs,
)
from oqs.state.relaxation import Relaxation, relax, relaxation_time
from oqs.state.states import momentary_flows
from oqs.stationary import (
    ConservedBlocks,
    FullLiouvillian,
    GaussianState,
    Populations,
    StationaryMethod,
    StationaryState,
    ZeroFrequencyBlock,
    stationary_state,
)
from oqs.system.base import System
from oqs.system.builders import (
    anderson_dot,
    coupled_dots,
    double_dot,
    hubbard_chain,
    spin_channels,
    spinful_dots,
    spinless_dots,
    triple_dot,
)
from oqs.system.interacting import InteractingSystem
from oqs.system.operator import OperatorSystem
from oqs.system.quadratic_bosons import QuadraticBosons
from oqs.system.spins import (
    Maser,
    absorption_refrigerator,
    exchange_qubits,
    heisenberg_qubits,
    ising_qubits,
    jaynes_cummings,
    lambda_maser,
    on_factor,
    transmon,
    v_maser,
)
from oqs.system.systems import QuadraticSystem
from oqs.units import Units
from oqs.validity.audit import audit
from oqs.validity.first_order import first_order
from oqs.validity.thermodynamic_price import ThermodynamicPrice, thermodynamic_price
from oqs.validity.verdict import Assumption, Audit, Verdict
from oqs.version import __version__ as __version__

_refuse_namesakes()

__all__ = [
    "Assumption",
    "Audit",
    "BosonLaw",
    "BosonicContact",
    "ClosedForm",
    "ConservedBlocks",
    "Contact",
    "CountingStatistics",
    "DaviesModel",
    "DensityMatrixLaw",
    "Deviation",
    "FlowJacobian",
    "FlowLaw",
    "Flows",
    "FullLiouvillian",
    "GaussianLaw",
    "GaussianState",
    "InteractingSystem",
    "JumpStatistics",
    "Landauer",
    "LevitovStatistics",
    "LinearResponse",
    "Maser",
    "Model",
    "Noise",
    "NonUniqueStationaryState",
    "OperatorSystem",
    "PerlindModel",
    "Populations",
    "QuadraticBosons",
    "QuadraticSystem",
    "Relaxation",
    "ReservoirFlows",
    "StabilityDiagram",
    "StationaryMethod",
    "StationaryState",
    "StationaryStateNotFound",
    "System",
    "Terminals",
    "ThermodynamicPrice",
    "Units",
    "Untouched",
    "Verdict",
    "WaitingTimes",
    "Window",
    "ZeroFrequencyBlock",
    "absorption_refrigerator",
    "anderson_dot",
    "audit",
    "clausius_sum",
    "closed_form",
    "counting_statistics",
    "coupled_dots",
    "davies",
    "deviation",
    "double_dot",
    "drude_lorentz",
    "entropy_production",
    "entropy_production_by_reservoir",
    "exchange_qubits",
    "first_order",
    "flat",
    "flow_law",
    "gaussian_law",
    "gibbs_state",
    "heisenberg_qubits",
    "hubbard_chain",
    "ising_qubits",
    "jaynes_cummings",
    "lamb_shift",
    "lambda_maser",
    "landauer",
    "levitov",
    "linear_response",
    "lorentzian",
    "momentary_flows",
    "noise",
    "ohmic",
    "on_factor",
    "perlind",
    "power_law",
    "relative_entropy_to_gibbs",
    "relax",
    "relaxation_time",
    "spin_channels",
    "spinful_dots",
    "spinless_dots",
    "stability_diagram",
    "stationary_state",
    "temperature_scaled",
    "thermodynamic_price",
    "transmon",
    "triple_dot",
    "underdamped",
    "v_maser",
]

for _name in __all__:  # pickles and stores name the package: they outlive a move to another room
    globals()[_name].__module__ = __name__
del _name


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
