"""Any state of the system under a model's generator: its dissipation and its momentary flows."""

from __future__ import annotations

import scipy.sparse as sp
from numpy.typing import ArrayLike

from oqs.arguments import of_type
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.flows import Flows, computed_flows
from oqs.generator.model import Model, checked_model
from oqs.memory import announce
from oqs.numerics.blocks import SMALL, Matrix, eigenvalues, linked_sets, positive_above
from oqs.state.dissipation import exchange

_TOLERANCE = 1e-9  # of a user's density matrix, which may come from another program


def energy_basis(model: Model, rho: qutip.Qobj) -> Matrix:
    """Return a density matrix or ket as (D, D) in the energy basis, or raise naming `rho`.

    States are rotated set by set: what rho and the eigenstates do not link stays zero.

    Raises
    ------
    TypeError, ValueError
        if it is no state of this system: wrong type or dimensions, trace, Hermiticity, positivity.
    """
    dims = model.system.dims
    remedy = "Give a density matrix or ket Qobj of the system, such as oqs.gibbs_state(...)."
    of_type("rho", rho, qutip.Qobj, "a Qobj", remedy)
    if rho.isket:
        rho = qutip.ket2dm(rho)
    if rho.dims != dims:
        raise ValueError(
            f"Argument `rho` must have dimensions {dims}, but has {rho.dims}. {remedy}"
        )
    few = rho.shape[0] <= SMALL
    matrix = rho.full() if few else sp.csr_array(rho.to("csr").data_as("csr_matrix"))
    skew = abs(matrix - matrix.conj().T).max()
    trace = matrix.trace()
    if not max(skew, abs(trace - 1)) <= _TOLERANCE:
        raise ValueError(
            f"Argument `rho` must be Hermitian with trace 1, but |rho - rho^+| = {skew:.3g} and "
            f"|tr rho - 1| = {abs(trace - 1):.3g}. {remedy}"
        )
    if not few:
        cubes = sum(float(len(members)) ** 3 for members in linked_sets(matrix))
        announce("Rotating a state to the energy basis", 1e-9 * cubes)  # about 1 ns each
    if not positive_above(matrix, -_TOLERANCE):
        lowest = float(eigenvalues(matrix).min())
        raise ValueError(
            f"Argument `rho` must be positive, but has the eigenvalue {lowest:.3g}. {remedy}"
        )
    return model.system.spectrum.eigenvectors.to_energy_basis(matrix)


@exported
def momentary_flows(
    model: Model, rho: qutip.Qobj, T: ArrayLike, mu: ArrayLike | None = None
) -> Flows:
    """Return the flows P_j = tr(D_j[rho] N_S), J_j = tr(D_j[rho] H_S), Y_j of any state, Eq. (3).

    Parameters
    ----------
    model : made by `davies`.
    rho : Qobj, density matrix or ket of the system.
    T, mu : (n,) temperatures and chemical potentials, units of energy.

    Raises
    ------
    TypeError, ValueError
        if rho is no state of the system, or T, mu are refused.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> rho = oqs.gibbs_state(dots, T=0.7, mu=1.0)
    >>> oqs.momentary_flows(model, rho, T, mu).particle.round(6)
    array([ 0.001331, -0.001166])
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    particle, energy = exchange(model, energy_basis(model, rho), temperature, potential)
    return computed_flows(particle, energy, energy - potential * particle, model.names)
