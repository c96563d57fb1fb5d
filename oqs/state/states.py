"""Any state of the system under a model's generator: its dissipation and its momentary flows."""

from __future__ import annotations

import numpy as np
import qutip
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray
from oqs.flows import Flows
from oqs.generator.model import Model, checked_model
from oqs.memory import announce

_TOLERANCE = 1e-9  # of a user's density matrix, which may come from another program


def energy_basis(model: Model, rho: qutip.Qobj) -> ComplexArray:
    """Return a density matrix or ket as (D, D) in the energy basis, or raise naming `rho`.

    Raises
    ------
    TypeError, ValueError
        if it is no state of this system: wrong type or dimensions, trace, Hermiticity, positivity.
    """
    dims = model.system.dims
    remedy = "Give a density matrix or ket Qobj of the system, such as oqs.gibbs_state(...)."
    if not isinstance(rho, qutip.Qobj):
        raise TypeError(f"Argument `rho` must be a Qobj, but is {type(rho).__name__}. {remedy}")
    if rho.isket:
        rho = qutip.ket2dm(rho)
    if rho.dims != dims:
        raise ValueError(
            f"Argument `rho` must have dimensions {dims}, but has {rho.dims}. {remedy}"
        )
    matrix: ComplexArray = rho.full()
    skew = np.max(np.abs(matrix - matrix.conj().T))
    trace = np.trace(matrix)
    if not max(skew, abs(trace - 1)) <= _TOLERANCE:
        raise ValueError(
            f"Argument `rho` must be Hermitian with trace 1, but |rho - rho^+| = {skew:.3g} and "
            f"|tr rho - 1| = {abs(trace - 1):.3g}. {remedy}"
        )
    lowest = float(np.linalg.eigvalsh(matrix)[0])
    if lowest < -_TOLERANCE:
        raise ValueError(
            f"Argument `rho` must be positive, but has the eigenvalue {lowest:.3g}. {remedy}"
        )
    announce("Turning a state to the energy basis", 2e-9 * float(len(matrix)) ** 3)
    vectors = model.system.spectrum.vectors
    rotated: ComplexArray = vectors.conj().T @ matrix @ vectors
    return rotated


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
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    state = energy_basis(model, rho).ravel()
    particle, energy = model.all_elements.at(temperature, potential).exchange(state)
    return Flows.of(particle, energy, potential, model.names)
