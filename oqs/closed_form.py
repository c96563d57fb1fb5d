"""Closed form of the stationary flows of independent modes, Eqs. (10) and (31)-(34)."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from oqs.arguments import ComplexArray, FloatArray, read_only, temperatures_and_potentials
from oqs.clusters import RESOLUTION, cluster
from oqs.contacts import Contact, checked_contacts, contact_names
from oqs.eigenoperators import NEGLIGIBLE
from oqs.errors import NonUniqueStationaryState
from oqs.flows import Flows, PlainFlows
from oqs.pair_flows import level_flows, occupation_differences, pair_flows, plain_pair_flows
from oqs.systems import QuadraticSystem


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ClosedForm:
    """Stationary flows of Eq. (10): each mode fills to nbar = sum_j gamma_j n_j / sum_j gamma_j.

        P_j = sum_k gamma_j(w_k) (n_j(w_k) - nbar(w_k)),
        J_j the same times w_k, Y_j times (w_k - mu_j).

    Made by `closed_form`. The difference n_j - nbar is summed from differences n_j - n_q, which are
    evaluated without cancellation, Eq. (31): flows between nearly equal reservoirs keep their
    relative precision, those between equal ones are exactly zero, and the flows add up to zero.

    Parameters
    ----------
    frequencies : (N,) mode energies w_k, ascending, units of energy.
    rates : (n, N) gamma_j(w_k) times the squared amplitude of mode k in the channels of contact j.
    names : (n,) of the contacts, or None.
    """

    frequencies: FloatArray
    rates: FloatArray
    names: tuple[str | None, ...] | None = None
    batched: ClassVar[bool] = True

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.rates.shape[-2])

    @property
    def fastest_rate(self) -> float:
        """The largest rate of a contact at a mode, units of energy."""
        return float(np.max(self.rates))

    @functools.cached_property
    def transfer(self) -> FloatArray:
        """gamma_j gamma_q / sum gamma of each mode, (..., N, n, n)."""
        gamma = np.moveaxis(self.rates, -2, -1)  # (..., N, n)
        pairs: FloatArray = gamma[..., :, None] * gamma[..., None, :]
        return read_only(pairs / gamma.sum(axis=-1)[..., None, None])

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., n) at T, mu of shape (..., n), units of energy.

        Raises TypeError or ValueError for T <= 0, NaN or a last axis that is not n.
        """
        found = pair_flows(self.frequencies, self.transfer, *self._checked(T, mu))
        return found.named(self.names)

    def resolved(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., N, n) through each mode; their sum over modes is the flow."""
        found = level_flows(self.frequencies, self.transfer, *self._checked(T, mu))
        return found.named(self.names)

    def plain_flows(self) -> PlainFlows | None:
        """Return the flows of few levels in plain numbers, as coarse as `PlainFlows` says."""
        return plain_pair_flows(self.frequencies, self.transfer)

    def occupations(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return the stationary occupation nbar (..., N) of each mode."""
        x = self._exponents(*self._checked(T, mu))
        gamma = np.moveaxis(self.rates, -2, -1)
        occupation: FloatArray = np.sum(gamma * expit(-x), axis=-1) / gamma.sum(axis=-1)
        return occupation

    def clausius_sum(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return sum_j Y_j / T_j (...,) by Eq. (34): a sum of terms none of which is positive.

        -(1/2) sum_k sum_jq Gamma_kjq (nu_j - nu_q) sinh(nu_j - nu_q) / (cosh nu_j cosh nu_q),
        Gamma_kjq = gamma_j gamma_q / sum gamma, nu_j = (w_k - mu_j) / (2 T_j).
        """
        x = self._exponents(*self._checked(T, mu))
        affinity = x[..., :, None] - x[..., None, :]
        terms = self.transfer * affinity * occupation_differences(x)
        total: FloatArray = 0.5 * np.sum(terms, axis=(-3, -2, -1))
        return total

    def _checked(self, T: ArrayLike, mu: ArrayLike) -> tuple[FloatArray, FloatArray]:
        return temperatures_and_potentials(T, mu, self.reservoirs, batched=True)

    def _exponents(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return (w_k - mu_j) / T_j (..., N, n)."""
        x: FloatArray = (self.frequencies[..., None] - mu[..., None, :]) / T[..., None, :]
        return x


def closed_form(system: QuadraticSystem, contacts: Sequence[Contact]) -> ClosedForm:
    """Return the flow law of Eq. (10) for a quadratic system.

    It holds where every contact acts mode by mode: always for modes of distinct energies, and for
    degenerate modes if one choice of them makes every contact diagonal (as when every site has its
    own bath). Contacts that act collectively on degenerate modes keep coherences between them.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one Contact per reservoir.

    Raises
    ------
    NonUniqueStationaryState
        if no contact touches some mode.
    TypeError, ValueError
        if the system is not quadratic, or contacts are collective on degenerate modes, or are
        refused as by `davies`.
    """
    if not isinstance(system, QuadraticSystem):
        raise TypeError(
            f"Argument `system` must be a QuadraticSystem, but is {type(system).__name__}. "
            "Eq. (10) holds without interactions; use oqs.flow_law(oqs.davies(system, contacts))."
        )
    found = checked_contacts(contacts)
    amplitudes = [contact.channels(system.sites) @ system.modes for contact in found]  # (m_j, N)
    level, centers = cluster(system.energies, RESOLUTION * system.energy_scale)
    strength = np.empty((len(found), system.sites))
    for group in range(len(centers)):
        modes = np.flatnonzero(level == group)
        strength[:, modes] = _mode_strengths([a[:, modes] for a in amplitudes], centers[group])
    rates = np.zeros_like(strength)
    for j, (contact, a) in enumerate(zip(found, amplitudes, strict=True)):
        touched = strength[j] > (NEGLIGIBLE * np.linalg.norm(a)) ** 2
        gamma = contact.gamma(centers[level[touched]], j)
        rates[j, touched] = gamma * strength[j, touched]
    isolated = np.flatnonzero(rates.sum(axis=0) == 0)
    if isolated.size:
        degeneracy = np.bincount(level[isolated])
        raise NonUniqueStationaryState(
            math.prod(math.comb(2 * int(g), int(g)) for g in degeneracy),
            f"No contact touches mode {int(isolated[0])} at energy "
            f"{system.energies[isolated[0]]:.6g}: couple it, or leave it out of the system.",
        )
    return ClosedForm(read_only(centers[level]), read_only(rates), contact_names(found))


def _mode_strengths(amplitudes: list[ComplexArray], energy: float) -> FloatArray:
    """Return the squared amplitudes (n, g) of the modes of one level that suit every contact.

    The contact's dissipator holds its Gram matrix G_j = t^+ t (g, g). One choice of the modes makes
    all of them diagonal exactly if they commute; it diagonalises a generic combination of them.
    """
    grams = [a.conj().T @ a for a in amplitudes]
    norms = [np.linalg.norm(gram) or 1.0 for gram in grams]
    combination = sum(
        gram / norm * math.sqrt(j + 2.0)  # no accidental degeneracy of the sum
        for j, (gram, norm) in enumerate(zip(grams, norms, strict=True))
    )
    _, basis = np.linalg.eigh(combination)
    for gram, norm in zip(grams, norms, strict=True):
        rotated = basis.conj().T @ gram @ basis
        if np.max(np.abs(rotated - np.diag(np.diag(rotated)))) > 1e-10 * norm:
            raise ValueError(
                f"Argument `contacts` must act mode by mode for Eq. (10), but they act "
                f"collectively on the {len(basis)} degenerate modes at energy {energy:.6g}. "
                "Use oqs.flow_law(oqs.davies(system, contacts)), which keeps their coherences."
            )
    return np.array([np.sum(np.abs(a @ basis) ** 2, axis=0) for a in amplitudes])
