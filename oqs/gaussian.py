"""Stationary flows of a quadratic system from its covariance matrix: hundreds of sites.

A quadratic Davies generator keeps Gaussian states Gaussian, and C_kl = <a_l^+ a_k> obeys a linear
equation on each set of degenerate modes:

    dC/dt = -i[L, C] - {G, C}/2 + sum_j G_j n_j(w),   G = sum_j G_j,
    G_j = gamma_j(w) a_j^+ a_j  with a_j = t_j modes restricted to them (m_j, g),

L the frequency shift sum_j shift_j(w) a_j^+ a_j where it is asked for (Prosen 2008,
doi:10.1088/1367-2630/10/4/043026, treats such equations).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, positive_number, temperatures_and_potentials
from oqs.clusters import RESOLUTION, cluster
from oqs.contacts import Contact, checked_contacts, contact_names
from oqs.eigenoperators import NEGLIGIBLE
from oqs.errors import NonUniqueStationaryState
from oqs.flows import Flows, PlainFlows
from oqs.pair_flows import level_flows, pair_flows, plain_pair_flows
from oqs.principal_value import shift_function
from oqs.systems import QuadraticSystem


@final
@dataclasses.dataclass(frozen=True, eq=False)
class GaussianLaw:
    """Stationary flows P_j = sum_k sum_q w_jq(k) (n_j - n_q), J_j the same times w_k.

    Made by `gaussian_law`. The covariance equation is linear in the occupations, so it is solved
    once for each reservoir full and the others empty; at new T, mu only the occupations change.

    Parameters
    ----------
    frequencies : (K,) energies of the levels, ascending.
    transfer : (K, n, n) w_jq >= 0, rates at which particles go from reservoir q to j through a
        level; units of energy.
    names : (n,) of the contacts, or None.
    """

    frequencies: FloatArray
    transfer: FloatArray
    names: tuple[str | None, ...] | None = None
    batched: ClassVar[bool] = True

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.transfer.shape[-1])

    @property
    def fastest_rate(self) -> float:
        """The largest rate at which particles go between two reservoirs, units of energy."""
        return float(np.max(self.transfer))

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., n) at T, mu of shape (..., n), units of energy."""
        checked = temperatures_and_potentials(T, mu, self.reservoirs, batched=True)
        return pair_flows(self.frequencies, self.transfer, *checked).named(self.names)

    def resolved(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., K, n) through each level."""
        checked = temperatures_and_potentials(T, mu, self.reservoirs, batched=True)
        return level_flows(self.frequencies, self.transfer, *checked).named(self.names)

    def plain_flows(self) -> PlainFlows | None:
        """Return the flows of few levels in plain numbers, as coarse as `PlainFlows` says."""
        return plain_pair_flows(self.frequencies, self.transfer)


def gaussian_law(
    system: QuadraticSystem,
    contacts: Sequence[Contact],
    *,
    lamb_shift: bool = False,
    resolution: float = RESOLUTION,
) -> GaussianLaw:
    """Return the flow law of a quadratic system from its covariance matrix.

    The same Davies generator as `davies`, with collective channels and degenerate modes, without
    its 2^N states: N = 1000 in seconds.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one Contact per reservoir.
    lamb_shift : include the frequency shifts of Eq. (2); contacts need their `band`.
    resolution : mode energies closer than this fraction of the largest count as equal.

    Raises
    ------
    NonUniqueStationaryState
        if a mode, or a combination of degenerate ones, is touched by no contact.
    TypeError, ValueError
        if the system is not quadratic, or contacts are refused.
    """
    if not isinstance(system, QuadraticSystem):
        raise TypeError(
            f"Argument `system` must be a QuadraticSystem, but is {type(system).__name__}. "
            "States of interacting systems are not Gaussian; use oqs.flow_law(oqs.davies(...))."
        )
    found = checked_contacts(contacts)
    fraction = positive_number("resolution", resolution, "The default is 1e-10.")
    label, frequencies = cluster(system.energies, fraction * system.energy_scale)
    amplitudes = [contact.channels(system.sites) @ system.modes for contact in found]
    gammas = np.array([contact.gamma(frequencies, j) for j, contact in enumerate(found)])
    shifts = np.zeros_like(gammas)
    if lamb_shift:
        shifts = np.array([shift_function(contact)(frequencies) for contact in found])
    transfer = np.empty((len(frequencies), len(found), len(found)))
    isolated = []
    for kappa in range(len(frequencies)):
        modes = np.flatnonzero(label == kappa)
        grams = np.array([_gram(a, modes) for a in amplitudes])  # (n, g, g)
        dark = _dark(grams, gammas[:, kappa])
        if dark:
            isolated.append(dark)
            continue
        transfer[kappa] = _transfer(grams, gammas[:, kappa], shifts[:, kappa])
    if isolated:
        raise NonUniqueStationaryState(
            math.prod(math.comb(2 * g, g) for g in isolated),
            "A mode, or a combination of degenerate modes (a dark mode), is touched by no contact: "
            "couple it, or leave it out of the system.",
        )
    return GaussianLaw(frequencies, transfer, contact_names(found))


def _gram(amplitudes: ComplexArray, modes: np.ndarray) -> ComplexArray:
    """Return a^+ a (g, g) of these modes, zero where it is rounding of zero."""
    part = amplitudes[:, modes]
    if np.linalg.norm(part) <= NEGLIGIBLE * np.linalg.norm(amplitudes):
        return np.zeros((len(modes), len(modes)), dtype=np.complex128)
    return part.conj().T @ part


def _dark(grams: ComplexArray, gammas: FloatArray) -> int:
    """Return how many combinations of the modes no contact touches."""
    total = np.einsum("j,jkl->kl", gammas, grams)
    if len(total) == 1:
        return int(total[0, 0].real == 0)
    strength = np.linalg.eigvalsh(total)
    return int(np.sum(strength <= 1e-13 * max(strength[-1], np.finfo(float).tiny)))


def _transfer(grams: ComplexArray, gammas: FloatArray, shifts: FloatArray) -> FloatArray:
    """Return w_jq = tr(G_j X_q) (n, n) with (G/2 + iL) X_q + X_q (G/2 - iL) = G_q."""
    rates = gammas[:, None, None] * grams  # G_j
    total = rates.sum(axis=0)
    if len(total) == 1:
        flat = rates[:, 0, 0].real
        return np.outer(flat, flat) / total[0, 0].real
    if np.any(shifts):
        drift = total / 2 + 1j * np.einsum("j,jkl->kl", shifts, grams)
        responses = [scipy.linalg.solve_continuous_lyapunov(drift, rate) for rate in rates]
    else:  # the drift is Hermitian: one eigenbasis solves for every reservoir
        strength, basis = np.linalg.eigh(total)
        rates = np.array([basis.conj().T @ rate @ basis for rate in rates])
        pair_sums = np.add.outer(strength, strength) / 2
        responses = [rate / pair_sums for rate in rates]
    transfer: FloatArray = np.einsum("jkl,qlk->jq", rates, np.array(responses)).real
    return transfer
