"""A stationary density matrix: a Qobj with its solver, residual and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
import qutip
import scipy.sparse as sp

from oqs.exports import exported

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
        cls, matrix: sp.csr_array, dims: Any, method: StationaryMethod, residual: float
    ) -> StationaryState:
        """Return the state of this matrix (D, D) in the system's operator basis."""
        places = (matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32))  # QuTiP's type
        copied = sp.csr_matrix((matrix.data, *places), shape=matrix.shape)
        state = cls(copied, dims=dims, isherm=True, copy=False)
        state.method = method
        state.residual = residual
        return state
