"""Several reservoirs in contact as one gas: the left side of Eq. (6)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.exports import exported
from oqs.summary import page_of_fields
from thermo.gases.base import EquationOfState, GasState, JointGas, state_function
from thermo.gases.thermal import Conserved, conserved


@exported
@final
@dataclasses.dataclass(frozen=True)
class CombinedGas(JointGas):
    """The sum of gases at one common T and mu: N = sum_j c_j N_j(T, mu), and so E and S.

    Two kinds of fermions in one box, or reservoirs at their common equilibrium. A gas without
    chemical potential (`ThermalGas`) has none here either.

    Parameters
    ----------
    parts : pairs (gas, capacity c_j > 0).

    Examples
    --------
    >>> one, other = thermo.FermiDiracGas(1.5), thermo.FermiDiracGas(1.0)
    >>> box = thermo.CombinedGas([(one, 2.0), (other, 1.0)])
    >>> print(f"{box.number(0.6, 20.8):.4f}")
    147.4134
    >>> print(f"{2 * one.number(0.6, 20.8) + other.number(0.6, 20.8):.4f}")
    147.4134
    """

    parts: tuple[tuple[EquationOfState, float], ...]

    _repr_html_ = page_of_fields

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together."""
        parts = [
            [c * values for values in state(T, mu if has_mu else np.zeros_like(mu))]
            for state, c, has_mu in self._states
        ]
        return GasState(*(sum(column[1:], column[0]) for column in zip(*parts, strict=True)))

    @functools.cached_property
    def _states(self) -> list[tuple[Callable[[ArrayLike, ArrayLike], GasState], float, bool]]:
        return [
            (state_function(gas), capacity, "N" in conserved(gas)) for gas, capacity in self.parts
        ]

    @property
    def conserves(self) -> Conserved:
        """N and E, or E alone where no part has particles."""
        return ("N", "E") if any(has_mu for *_, has_mu in self._states) else ("E",)

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError where a state lies outside the validity of one of the gases."""
        for gas, _ in self.parts:
            gas.check(T, mu if "N" in conserved(gas) else np.zeros_like(mu))
