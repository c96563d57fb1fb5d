"""Exact flows through oscillators between bosonic reservoirs: Eq. (10) with Bose's occupations."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.base import ReservoirContact, thermal_arguments
from oqs.contact.contacts import NEGLIGIBLE
from oqs.contact.together import BetweenContacts
from oqs.exports import exported
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows
from oqs.numerics.occupation import bose
from oqs.summary import Summary, few_digits, reservoir_names


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BosonLaw(BetweenContacts):
    """Stationary energy flows J_j = sum_k w_k sum_q K_kjq (n_j(w_k) - n_q(w_k)).

    For modes that are apart K_kjq = g_jk g_qk / sum g_k, g_jk = J_j(w_k) |mode k in x_j|^2, and

        J_j = sum_k w_k g_jk (n_jk - nbar_k),   nbar_k = sum_j g_jk n_jk / sum_j g_jk,

    Eq. (10) for bosons. On degenerate modes g_j is a matrix G_j, K_jq = tr G_j X_q with
    (G X_q + X_q G)/2 = G_q, G = sum_j G_j: the covariance matrix is sum_q n_q X_q. Differences
    n_j - n_q are evaluated without cancellation: flows between nearly equal reservoirs keep their
    relative precision, and those between equal ones are exactly zero.

    Made by `closed_form` or `gaussian_law` of QuadraticBosons.

    Parameters
    ----------
    frequencies : (K,) energies of the levels that contacts touch, ascending, units of energy.
    exchange : (K, n, n) K_kjq, symmetric, units of energy.
    strengths : (n, K) tr G_j of each level.
    contacts : one per reservoir.

    Examples
    --------
    >>> modes = oqs.QuadraticBosons([[1.0]])
    >>> baths = [oqs.BosonicContact(oqs.flat(rate), [1.0]) for rate in (0.01, 0.02)]
    >>> law = oqs.closed_form(modes, baths)
    >>> law([0.5, 1.0]).energy.round(6)
    array([-0.002836,  0.002836])
    """

    frequencies: FloatArray
    exchange: FloatArray
    strengths: FloatArray
    contacts: tuple[ReservoirContact, ...]
    batched: ClassVar[bool] = True

    def summary(self) -> Summary:
        """Return the levels and the reservoirs."""
        names = reservoir_names(self.names, self.reservoirs)
        return Summary(
            "Flow law of bosonic modes",
            [("w", few_digits(self.frequencies)), ("", ", ".join(names))],
            ("reservoir", "strengths tr G_j at each level"),
            [(n, few_digits(row)) for n, row in zip(names, self.strengths, strict=True)],
        )

    @property
    def fastest_rate(self) -> float:
        """The largest rate of a contact at a level, units of energy."""
        return float(np.max(self.strengths))

    def __call__(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the stationary flows (..., n) at T (..., n); mu is 0, NaN or left out."""
        spectral, potential = self._spectral(T, mu)
        return self._flows(spectral.sum(axis=-2), potential)

    def spectral(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the flows (K, n) through each frequency at T (n,)."""
        return self._flows(*self._spectral(T, mu))

    def gross(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return all that each contact gives and takes (n,) before it cancels."""
        temperature, potential = thermal_arguments(self.contacts, T, mu)
        n = bose(self.frequencies / temperature[:, None])[0]  # (n, K)
        rate: FloatArray = (self.strengths * (1.0 + 2.0 * n)) @ self.frequencies
        return Flows.of(np.zeros_like(rate), rate, potential, self.names)

    def jacobian(self, T: ArrayLike, mu: ArrayLike | None = None) -> FlowJacobian:
        """Return the derivatives (..., n, n) of the flows at T (..., n)."""
        temperature, potential = thermal_arguments(self.contacts, T, mu, batched=True)
        temperature, potential = np.broadcast_arrays(temperature, potential)
        by_T = occupation_response(self.frequencies, self.exchange, temperature)
        return energy_jacobian(by_T, potential, self.names)

    def _spectral(self, T: ArrayLike, mu: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
        """Return the energy flows (..., K, n), and mu (..., n)."""
        temperature, potential = thermal_arguments(self.contacts, T, mu, batched=True)
        temperature, potential = np.broadcast_arrays(temperature, potential)
        return energy_flows(self.frequencies, self.exchange, temperature), potential

    def _flows(self, energy: FloatArray, potential: FloatArray) -> Flows:
        return Flows.of(np.zeros_like(energy), energy, np.zeros_like(energy), self.names)


def energy_flows(w: FloatArray, exchanged: FloatArray, T: FloatArray) -> FloatArray:
    """Return w_k sum_q K_kjq (n_j - n_q) (..., K, n) at T (..., n), of K (..., K, n, n)."""
    flows: FloatArray = w[:, None] * np.sum(exchanged * bose_differences(w, T), axis=-1)
    return flows


def occupation_response(w: FloatArray, exchanged: FloatArray, T: FloatArray) -> FloatArray:
    """Return d J_j / d T_q (..., n, n) of `energy_flows`, added up, at constant K."""
    x = w[:, None] / T[..., None, :]  # (..., K, n)
    absorbed, emitted = bose(x)
    slope = absorbed * emitted * x / T[..., None, :]
    weight = exchanged.sum(axis=-1)[..., None] * np.eye(T.shape[-1]) - exchanged
    by_T: FloatArray = np.einsum("...kjq,...kq->...jq", w[:, None, None] * weight, slope)
    return by_T


def energy_jacobian(
    by_T: FloatArray, mu: FloatArray, names: tuple[str | None, ...] | None
) -> FlowJacobian:
    """Return the derivatives of energy flows that depend on temperatures alone, (..., n, n)."""
    none = np.zeros_like(by_T)
    nothing, energy = np.stack([none, none]), np.stack([by_T, none])
    return FlowJacobian.of(nothing, energy, np.zeros_like(mu), mu, names=names)


def bose_differences(w: FloatArray, T: FloatArray) -> FloatArray:
    """Return n_j(w) - n_q(w) (..., K, n, n) = -n_j (1 + n_q) (e^(x_j - x_q) - 1), x_j <= x_q."""
    x = w[:, None] / T[..., None, :]
    absorbed, emitted = bose(x)
    first, second = T[..., :, None], T[..., None, :]
    away = w[:, None, None] * ((second - first) / (first * second))[..., None, :, :]  # x_j - x_q
    hotter = away <= 0
    below = -np.expm1(-np.abs(away))
    # (1 + n_q) times the difference first: it is of the order of T_q/T_j, n n may overflow
    here = absorbed[..., :, None] * (emitted[..., None, :] * below)
    there = absorbed[..., None, :] * (emitted[..., :, None] * below)
    return np.where(hotter, here, -there)


def exchange(grams: ComplexArray) -> FloatArray:
    """Return tr G_j X_q (..., n, n) with (G X_q + X_q G)/2 = G_q, on what the contacts touch.

    `grams` (..., n, b, b): G_j of one level of b modes.
    """
    rotated, solved, _ = _solved(grams)
    traces: FloatArray = np.einsum("...jab,...qba->...jq", rotated, solved).real
    return (traces + traces.swapaxes(-1, -2)) / 2


def exchange_slopes(overlaps: ComplexArray, rates: FloatArray) -> FloatArray:
    """Return d `exchange` / d g_r (..., r, n, n) of G_j = g_j O_j.

    The equation of X_q is its own adjoint, so nothing is solved again:

        d tr(G_j X_q) / d g_r = delta_jr tr(O_r X_q) + delta_qr tr(O_r X_j) - Re tr(X_j O_r X_q).

    Parameters
    ----------
    overlaps : (..., n, b, b) O_j of one level. rates : (..., n) g_j.
    """
    _, solved, basis = _solved(rates[..., None, None] * overlaps)
    rotated = basis.conj().swapaxes(-1, -2)[..., None, :, :] @ overlaps @ basis[..., None, :, :]
    slopes: FloatArray = -np.einsum(
        "...jab,...rbc,...qca->...rjq", solved, rotated, solved, optimize=True
    ).real
    own = np.einsum("...rab,...qba->...rq", rotated, solved).real
    for r in range(overlaps.shape[-3]):
        slopes[..., r, r, :] += own[..., r, :]
        slopes[..., r, :, r] += own[..., r, :]
    return slopes


def _solved(grams: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Return G_j and X_j (..., n, b, b) in the basis (..., b, b) of sum_j G_j, and that."""
    rates, basis = np.linalg.eigh(grams.sum(axis=-3))
    bright = rates > NEGLIGIBLE * rates[..., -1:]
    rotated = basis.conj().swapaxes(-1, -2)[..., None, :, :] @ grams @ basis[..., None, :, :]
    both = bright[..., :, None] & bright[..., None, :]
    sums = np.where(both, rates[..., :, None] + rates[..., None, :], np.inf)
    return rotated, 2.0 * rotated / sums[..., None, :, :], basis
