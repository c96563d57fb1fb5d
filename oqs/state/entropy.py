"""Entropies: the Clausius sum, entropy production, distance to local Gibbs states."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, xlogy

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    of_type,
    positive,
    positive_number,
    real_array,
    real_number,
)
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.flows import Flows
from oqs.generator.model import Model, checked_model
from oqs.numerics.blocks import (
    Matrix,
    alone_and_linked,
    block,
    eigenvalues,
    for_qutip,
    square,
)
from oqs.state.dissipation import dissipation
from oqs.state.states import energy_basis
from oqs.system.base import System


@exported
def clausius_sum(flows: Flows, T: ArrayLike) -> FloatArray:
    """Return sum_j Y_j / T_j (...,), which is <= 0 in a stationary state, Eq. (3).

    Parameters
    ----------
    flows : Flows (..., n).
    T : (n,) or (..., n) temperatures of the reservoirs, units of energy.

    Raises
    ------
    TypeError, ValueError
        if flows are no Flows, or T does not have one positive entry per reservoir.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> bool(oqs.clausius_sum(oqs.flow_law(model)(T, mu), T) < 0)
    True
    """
    remedy = "Call a flow law, or complete arrays with oqs.Flows.of(particle, energy, mu)."
    of_type("flows", flows, Flows, "Flows", remedy)
    remedy = "Give one temperature per reservoir, as for the flows."
    temperature = real_array("T", T, remedy)
    if temperature.ndim == 0 or temperature.shape[-1] != flows.reservoirs:
        raise ValueError(
            f"Argument `T` must have shape (..., {flows.reservoirs}), "
            f"but has shape {temperature.shape}. {remedy}"
        )
    positive("T", temperature, remedy)
    return np.sum(flows.heat / temperature, axis=-1)


@exported
def gibbs_state(system: System, T: float, mu: float = 0.0) -> qutip.Qobj:
    """Return the Gibbs state exp[(mu N_S - H_S) / T] / Z of one reservoir, Eq. (14).

    Parameters
    ----------
    system : any System.
    T, mu : temperature > 0 and chemical potential, units of energy; mu does not matter for a system
        without a particle number.

    Returns
    -------
    Qobj : of more than 64 states sparse, without the zeros between unequal quantum numbers.

    Raises
    ------
    TypeError, ValueError
        if the system is none, or T, mu are refused.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> rho = oqs.gibbs_state(dots, T=0.5, mu=1.2)
    >>> round(float(rho.tr().real), 12)
    1.0
    """
    remedy = "For a model take model.system."
    of_type("system", system, System, "a System such as QuadraticSystem", remedy)
    populations = np.exp(log_gibbs(system, T, mu)).astype(np.complex128)
    states = np.arange(len(populations))
    diagonal = square(populations, states, states, len(states))
    rho = system.spectrum.eigenvectors.to_operator_basis(diagonal)
    return qutip.Qobj(for_qutip(rho), dims=system.dims, isherm=True, copy=False)


def log_gibbs(system: System, T: float, mu: float) -> FloatArray:
    """Return the logarithms (D,) of the Gibbs populations of the energy eigenstates."""
    temperature = positive_number("T", T, "Temperatures are absolute, in units of energy.")
    potential = real_number("mu", mu, "Give a chemical potential in units of energy.")
    spectrum = system.spectrum
    exponent = (potential * spectrum.particles - spectrum.energies) / temperature
    return exponent - logsumexp(exponent)


@exported
def relative_entropy_to_gibbs(
    model: Model, rho: qutip.Qobj, T: ArrayLike, mu: ArrayLike | None = None
) -> FloatArray:
    """Return S(rho || rho_j) = tr rho (ln rho - ln rho_j) (n,) to each local Gibbs state.

    ln rho_j = (mu_j N_S - H_S)/T_j - ln Z_j is used as it stands, so the result is finite and exact
    where populations of rho_j underflow. Arguments and errors as `momentary_flows`.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> rho = oqs.gibbs_state(dots, T=0.5, mu=1.2)
    >>> oqs.relative_entropy_to_gibbs(model, rho, [0.5, 1.0], [1.2, 0.8])[1].round(6)
    np.float64(0.068189)
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    state = energy_basis(model, rho)
    populations = state.diagonal().real
    cross = [
        populations @ log_gibbs(model.system, t, m)
        for t, m in zip(temperature, potential, strict=True)
    ]
    return -von_neumann_entropy(state) - np.array(cross)


def von_neumann_entropy(state: Matrix) -> float:
    """Return -tr rho ln rho of a density matrix (D, D); eigenvalues <= 0 contribute nothing."""
    return float(entropy_of(eigenvalues(state)))


def entropy_of(p: FloatArray) -> FloatArray:
    """Return the entropies (...) of density matrices with these eigenvalues (..., D)."""
    positive_p = np.maximum(p, 0.0)
    return 0.0 - np.sum(xlogy(positive_p, positive_p), axis=-1)  # pure: 0.0, not -0.0


@exported
def entropy_production(
    model: Model, rho: qutip.Qobj, T: ArrayLike, mu: ArrayLike | None = None
) -> float:
    """Return dS_S/dt + sum_j (mu_j P_j - J_j)/T_j >= 0, the left side of Eq. (3), for any state.

    Infinite where rho has an empty state that the generator fills; eigenvalues of rho below 1e-15
    count as empty, rates below 1e-15 of the largest do not fill. Arguments and errors as
    `momentary_flows`.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> rho = oqs.stationary_state(model, T, mu)
    >>> oqs.entropy_production(model, rho, T, mu) > 0
    True
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    state = energy_basis(model, rho)
    here = dissipation(model, state, temperature, potential)
    change = sum(here.changes[1:], start=here.changes[0])
    return entropy_rate(state, change, float(here.fastest.sum())) + float(
        np.sum((potential * here.particle - here.energy) / temperature)
    )


@exported
def entropy_production_by_reservoir(
    model: Model, rho: qutip.Qobj, T: ArrayLike, mu: ArrayLike | None = None
) -> FloatArray:
    """Return -tr{D_j[rho] (ln rho - ln rho_j)} >= 0 (n,): Spohn's inequality, Eqs. (15)-(18).

    The rate at which reservoir j alone takes rho towards its Gibbs state rho_j (Spohn 1978,
    doi:10.1063/1.523789). The sum over j is `entropy_production`. Arguments and errors as
    `momentary_flows`.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> rho = oqs.stationary_state(model, T, mu)
    >>> oqs.entropy_production_by_reservoir(model, rho, T, mu).shape
    (2,)
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    state = energy_basis(model, rho)
    here = dissipation(model, state, temperature, potential)
    production = []
    for j, (change, fastest) in enumerate(zip(here.changes, here.fastest, strict=True)):
        gibbs = log_gibbs(model.system, temperature[j], potential[j])
        towards = change.diagonal().real @ gibbs
        production.append(entropy_rate(state, change, float(fastest)) + towards)
    return np.array(production)


def entropy_rate(state: Matrix, change: Matrix, fastest: float) -> float:
    """Return dS/dt = -tr(change ln state) for a traceless `change` (D, D) of a state (D, D).

    `fastest`: largest rate of the generator that made the change, units of energy.
    """
    alone, sets = alone_and_linked(state)
    spectra = [(state.diagonal().real[alone], change.diagonal().real[alone])]
    spectra += [eigenvalue_rates(block(state, s), block(change, s)) for s in sets]
    p, filling = (np.concatenate(part) for part in zip(*spectra, strict=True))
    return float(entropy_rates(p, filling, fastest))


def eigenvalue_rates(state: ComplexArray, change: ComplexArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues (..., d) of states (..., d, d), and how fast a change fills them."""
    if state.shape[-1] == 1:
        return state[..., 0].real, change[..., 0].real
    p, basis = np.linalg.eigh(state)
    filling: FloatArray = np.sum(basis.conj() * (change @ basis), axis=-2).real
    return p, filling


def entropy_rates(p: FloatArray, filling: FloatArray, fastest: float) -> FloatArray:
    """Return -sum dp/dt ln p (...) over eigenvalues p (..., D) that are filled at such rates.

    An eigenvalue below the rounding of the largest counts as zero. Filling it costs an infinite
    rate; leaving it alone, to the rounding of `fastest`, nothing.
    """
    rounding = p.shape[-1] * np.finfo(float).eps
    empty = p <= rounding * p.max(axis=-1, keepdims=True)
    rates = -np.sum(np.where(empty, 0.0, filling * np.log(np.where(empty, 1.0, p))), axis=-1)
    filled = np.any(empty & (filling > rounding * fastest), axis=-1)
    return np.asarray(np.where(filled, np.inf, rates))
