"""What flow laws have in common whose levels pass particles between pairs of reservoirs."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, temperatures_and_potentials
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows, ScalarFlows
from oqs.modes.pair_flows import level_flows, pair_flows, pair_jacobian, scalar_pair_flows
from oqs.modes.untouched import Untouched
from oqs.summary import Summarised


class PairLaw(Summarised):
    """P_j = sum_k sum_q w_jq(k) (n_j - n_q) through levels k, J_j the same times w_k."""

    frequencies: FloatArray  # (K,) energies of the levels, ascending
    transfer: FloatArray  # (K, n, n) w_jq >= 0, rates from reservoir q to j
    untouched: tuple[Untouched, ...]
    names: tuple[str | None, ...] | None
    batched: ClassVar[bool] = True

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.transfer.shape[-1])

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., n) at T, mu of shape (..., n), units of energy.

        Raises TypeError or ValueError for T <= 0, NaN or a last axis that is not n.
        """
        return pair_flows(self.frequencies, self.transfer, *self._checked(T, mu), self.names)

    def jacobian(self, T: ArrayLike, mu: ArrayLike) -> FlowJacobian:
        """Return the derivatives (..., n, n) of the flows at T, mu of shape (..., n).

        Each keeps its relative precision; in the cold they vanish as e^(-|w - mu|/T).
        """
        return pair_jacobian(self.frequencies, self.transfer, *self._checked(T, mu), self.names)

    def spectral(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., K, n) through each level; their sum over levels is the flow."""
        flows = level_flows(self.frequencies, self.transfer, *self._checked(T, mu))
        return flows.named(self.names)

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows of few levels in scalars, as coarse as `ScalarFlows` says."""
        return scalar_pair_flows(self.frequencies, self.transfer)

    def _checked(self, T: ArrayLike, mu: ArrayLike) -> tuple[FloatArray, FloatArray]:
        return temperatures_and_potentials(T, mu, self.reservoirs, batched=True)
