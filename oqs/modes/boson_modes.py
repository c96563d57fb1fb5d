"""Exact flows through oscillators between bosonic reservoirs: Eq. (10) with Bose's occupations."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.base import ReservoirContact, ThermalState, thermal_arguments
from oqs.contact.contacts import NEGLIGIBLE
from oqs.contact.together import BetweenContacts
from oqs.errors import Kernel, NonUniqueStationaryState
from oqs.exports import exported
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows
from oqs.numerics.occupation import bose
from oqs.summary import Summary, few_digits, reservoir_names

_Values = Callable[[ReservoirContact, FloatArray, int, ThermalState], FloatArray]


@final
class _Degenerate(NamedTuple):
    """All levels of b modes: their places (L,) among the K, and overlaps (L, n, b, b)."""

    places: list[int]
    overlaps: ComplexArray


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
    relative precision, and those between equal ones are exactly zero. A spectrum J_j(w, T, mu) is
    taken as it is at T_j; the overlaps, G_j over J_j, are prepared once.

    Made by `closed_form` or `gaussian_law` of QuadraticBosons.

    Parameters
    ----------
    frequencies : (K,) energies of the levels that contacts touch, ascending, units of energy.
    overlaps : K of (n, b, b), the contacts' products of displacements on the b modes of a level.
    rates : (n, K) J_j(w_k), units of energy; of a spectrum that depends on T 1. 0 if it does not
        touch.
    contacts : one per reservoir.

    Examples
    --------
    >>> modes = oqs.QuadraticBosons([[1.0]])
    >>> baths = [oqs.BosonicContact(oqs.flat(rate), [1.0]) for rate in (0.01, 0.02)]
    >>> law = oqs.closed_form(modes, baths)
    >>> law([0.5, 1.0]).energy.round(6)
    array([-0.002836,  0.002836])
    >>> scaled = oqs.temperature_scaled(oqs.flat(0.01), exponent=1, T_0=0.5)
    >>> law = oqs.closed_form(modes, [oqs.BosonicContact(scaled, [1.0]), baths[1]])
    >>> law([0.5, 1.0]).energy.round(6), law([1.0, 0.5]).energy.round(6)
    (array([-0.002836,  0.002836]), array([ 0.004255, -0.004255]))
    """

    frequencies: FloatArray
    overlaps: tuple[ComplexArray, ...]
    rates: FloatArray
    contacts: tuple[ReservoirContact, ...]
    batched: ClassVar[bool] = True

    def summary(self) -> Summary:
        """Return the levels and the reservoirs."""
        names = reservoir_names(self.names, self.reservoirs)
        facts = [("w", few_digits(self.frequencies)), ("", ", ".join(names))]
        if self.varies:
            spectra = [contact.strength_and_channels(1)[0] for contact in self.contacts]
            rows = list(zip(names, spectra, strict=True))
            return Summary(
                "Flow law of bosonic modes, spectra of T", facts, ("reservoir", "spectrum"), rows
            )
        strengths = self._traces * self.rates
        rows = [(n, few_digits(row)) for n, row in zip(names, strengths, strict=True)]
        heads = ("reservoir", "strengths tr G_j at each level")
        return Summary("Flow law of bosonic modes", facts, heads, rows)

    @property
    def fastest_rate(self) -> float | None:
        """The largest rate of a contact at a level, units of energy; None if spectra vary."""
        return None if self.varies else float(np.max(self._traces * self.rates))

    def at(self, T: ArrayLike, mu: ArrayLike | None = None) -> BosonLaw:
        """Return the law whose spectra are as they are at T (n,), and stay so.

        Raises NonUniqueStationaryState where all of them vanish.
        """
        temperature, _ = thermal_arguments(self.contacts, T, mu)
        frozen = [c.at(t, 0.0) for c, t in zip(self.contacts, temperature.tolist(), strict=True)]
        rates = read_only(self._rates(temperature))
        return BosonLaw(self.frequencies, self.overlaps, rates, tuple(frozen))

    def __call__(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the stationary flows (..., n) at T (..., n); mu is 0, NaN or left out.

        Raises NonUniqueStationaryState where no spectrum reaches any level, and as the spectra do.
        """
        return self._flows(self._spectral(T, mu).sum(axis=-2))

    def spectral(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the flows (K, n) through each frequency at T (n,); raises as a call."""
        return self._flows(self._spectral(T, mu))

    def gross(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return all that each contact gives and takes (n,) before it cancels."""
        temperature, potential = thermal_arguments(self.contacts, T, mu)
        n = bose(self.frequencies / temperature[:, None])[0]  # (n, K)
        strengths = self._traces * self._rates(temperature)
        rate: FloatArray = (strengths * (1.0 + 2.0 * n)) @ self.frequencies
        return Flows.of(np.zeros_like(rate), rate, potential, self.names)

    def jacobian(self, T: ArrayLike, mu: ArrayLike | None = None) -> FlowJacobian:
        """Return the derivatives (..., n, n) of the flows at T (..., n).

        Those of the spectra are theirs (`slopes(w, T, mu)`), or differences of the spectrum.

        Raises ValueError where these are not known, as at a kink, and as a call does.
        """
        temperature, potential = self._checked(T, mu)
        by_T = occupation_response(self.frequencies, self._exchange(temperature), temperature)
        if self.varies:
            by_T += self._response_of_spectra(temperature)
        none = np.zeros_like(by_T)
        nothing, energy = np.stack([none, none]), np.stack([by_T, none])
        still = np.zeros_like(potential)
        return FlowJacobian.of(nothing, energy, still, potential, names=self.names)

    def _checked(self, T: ArrayLike, mu: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
        temperature, potential = thermal_arguments(self.contacts, T, mu, batched=True)
        temperature, potential = np.broadcast_arrays(temperature, potential)
        return temperature, potential

    def _spectral(self, T: ArrayLike, mu: ArrayLike | None) -> FloatArray:
        """Return the energy flows (..., K, n)."""
        temperature, _ = self._checked(T, mu)
        return energy_flows(self.frequencies, self._exchange(temperature), temperature)

    def _flows(self, energy: FloatArray) -> Flows:
        return Flows.of(np.zeros_like(energy), energy, np.zeros_like(energy), self.names)

    def _rates(self, T: FloatArray) -> FloatArray:
        """Return J_j(w_k) (..., n, K) at T (..., n), or (n, K) where none depends on T."""
        if not self.varies:
            return self.rates
        rates = np.broadcast_to(self.rates, (*T.shape, len(self.frequencies))).copy()
        self._write(rates, T, lambda contact, w, j, at: contact.gamma(w, j, at))
        still = ~np.any(rates > 0, axis=(-2, -1))
        if still.any():
            raise NonUniqueStationaryState(
                Kernel(2, exact=False),
                f"No contact touches any oscillator at T = {few_digits(T[still][0])}, where all "
                "spectra vanish. Keep away from it, or couple a bath that does not.",
            )
        return rates

    def _rate_slopes(self, T: FloatArray) -> FloatArray:
        """Return d J_j(w_k) / d T_j (..., n, K) at T (..., n)."""
        slopes = np.zeros((*T.shape, len(self.frequencies)))
        self._write(slopes, T, lambda contact, w, j, at: contact.gamma_slopes(w, j, at)[0])
        return slopes

    def _write(self, table: FloatArray, T: FloatArray, values: _Values) -> None:
        """Write what varies at the levels that a contact touches into (..., n, K), each T once."""
        for j, contact in enumerate(self.contacts):
            if contact.varies:
                touched = self.rates[j] > 0
                w = self.frequencies[touched]
                distinct, which = np.unique(T[..., j], return_inverse=True)
                each = [values(contact, w, j, ThermalState(t, 0.0)) for t in distinct.tolist()]
                table[..., j, touched] = np.array(each)[which.reshape(T.shape[:-1])]

    def _exchange(self, T: FloatArray) -> FloatArray:
        """Return K_kjq (..., K, n, n) at T (..., n), or (K, n, n) where no spectrum varies."""
        return self._exchange_of(self._rates(T)) if self.varies else self._constant

    @functools.cached_property
    def _constant(self) -> FloatArray:
        return read_only(self._exchange_of(self.rates))

    @functools.cached_property
    def _traces(self) -> FloatArray:
        """Trace (n, K) of the overlaps of each contact at each level."""
        return np.array([np.einsum("jaa->j", own).real for own in self.overlaps]).T

    def _response_of_spectra(self, T: FloatArray) -> FloatArray:
        """Return what the spectra's changes with T add to d J_j / d T_q (..., n, n)."""
        rates, changes = self._rates(T), self._rate_slopes(T)  # (..., n, K)
        weighted = bose_differences(self.frequencies, T) * self.frequencies[:, None, None]
        by_T = np.zeros((*T.shape, T.shape[-1]))
        for places, overlaps in self._levels:
            by_rate = exchange_slopes(overlaps, rates[..., places].swapaxes(-1, -2))
            change = changes[..., places].swapaxes(-1, -2)  # (..., L, n)
            by_T += np.einsum(
                "...kr,...krjq,...kjq->...jr", change, by_rate, weighted[..., places, :, :]
            )
        return by_T

    def _exchange_of(self, rates: FloatArray) -> FloatArray:
        """Return K_kjq (..., K, n, n) of rates (..., n, K)."""
        n = self.reservoirs
        exchanged = np.empty((*rates.shape[:-2], len(self.frequencies), n, n))
        for places, overlaps in self._levels:
            own = rates[..., places].swapaxes(-1, -2)  # (..., L, n)
            exchanged[..., places, :, :] = exchange(own[..., None, None] * overlaps)
        return exchanged

    @functools.cached_property
    def _levels(self) -> list[_Degenerate]:
        sizes = [own.shape[-1] for own in self.overlaps]
        levels = []
        for size in sorted(set(sizes)):
            places = [k for k, own in enumerate(sizes) if own == size]
            levels.append(_Degenerate(places, np.array([self.overlaps[k] for k in places])))
        return levels


def energy_flows(w: FloatArray, exchanged: FloatArray, T: FloatArray) -> FloatArray:
    """Return w_k sum_q K_kjq (n_j - n_q) (..., K, n) at T (..., n), of K (..., K, n, n)."""
    return w[:, None] * np.sum(exchanged * bose_differences(w, T), axis=-1)


def occupation_response(w: FloatArray, exchanged: FloatArray, T: FloatArray) -> FloatArray:
    """Return d J_j / d T_q (..., n, n) of `energy_flows`, added up, at constant K."""
    x = w[:, None] / T[..., None, :]  # (..., K, n)
    absorbed, emitted = bose(x)
    slope = absorbed * emitted * x / T[..., None, :]
    weight = exchanged.sum(axis=-1)[..., None] * np.eye(T.shape[-1]) - exchanged
    return np.einsum("...kjq,...kq->...jq", w[:, None, None] * weight, slope)


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
