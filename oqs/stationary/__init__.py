"""Stationary states of a Davies generator: one solver, one small object."""

from oqs.stationary.block import ZeroFrequencyBlock
from oqs.stationary.choice import cheapest_exact, stationary_state
from oqs.stationary.conserved_blocks import ConservedBlocks
from oqs.stationary.full import FullLiouvillian
from oqs.stationary.gaussian_state import GaussianState
from oqs.stationary.method import StationaryMethod, StationaryProblem
from oqs.stationary.populations import Populations

__all__ = [
    "ConservedBlocks",
    "FullLiouvillian",
    "GaussianState",
    "Populations",
    "StationaryMethod",
    "StationaryProblem",
    "ZeroFrequencyBlock",
    "cheapest_exact",
    "stationary_state",
]
