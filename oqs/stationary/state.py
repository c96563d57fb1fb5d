"""A stationary density matrix: a Qobj with its solver, residual and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import qutip

from oqs.exports import exported
from oqs.numerics.blocks import Matrix, for_qutip

if TYPE_CHECKING:
    from oqs.stationary.method import StationaryMethod


@exported
@final
class StationaryState(qutip.Qobj):  # type: ignore[misc]  # qutip has no types
    """A stationary density matrix that passed its checks: a Qobj that knows where it comes from.

    Attributes
    ----------
    method : the solver object that found it.
    residual : largest |L rho| relative to the gross rates that cancel in it.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> rho = oqs.stationary_state(model, T, mu)
    >>> rho.shape, rho.method
    ((4, 4), Populations())
    """

    method: StationaryMethod
    residual: float

    @classmethod
    def of(
        cls, matrix: Matrix, dims: Any, method: StationaryMethod, residual: float
    ) -> StationaryState:
        """Return the state of this matrix (D, D) in the system's operator basis."""
        state = cls(for_qutip(matrix), dims=dims, isherm=True, copy=False)
        state.method = method
        state.residual = residual
        return state
