"""Exact flows through oscillators between bosonic reservoirs whose spectra depend on T."""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.base import ReservoirContact, ThermalState, thermal_arguments
from oqs.contact.together import BetweenContacts
from oqs.errors import Kernel, NonUniqueStationaryState
from oqs.exports import exported
from oqs.flows import Flows
from oqs.modes.boson_modes import BosonLaw, energy_flows, exchange
from oqs.summary import Summary, few_digits, reservoir_names


@final
class _Degenerate(NamedTuple):
    """All levels of b modes: their places (L,) among the K, and overlaps (L, n, b, b)."""

    places: list[int]
    overlaps: ComplexArray


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class VaryingBosonLaw(BetweenContacts):
    """Stationary energy flows of `BosonLaw` where a spectrum is one of T, J_j(w, T, mu).

    At each T the flows are those of the spectra as they are there, J_j = sum_k w_k sum_q
    K_kjq (n_j(w_k) - n_q(w_k)) with K_kjq of G_j = J_j(w_k, T_j) times the overlaps, which are
    prepared once. `at` is that law. It has no `jacobian`: d J_j/d T is not known.

    Made by `closed_form` or `gaussian_law` of QuadraticBosons.

    Parameters
    ----------
    frequencies : (K,) energies of the levels that contacts touch, ascending, units of energy.
    overlaps : K of (n, b, b), the contacts' products of displacements on the b modes of a level.
    rates : (n, K) J_j(w_k), units of energy; of a spectrum that varies 1. 0 if it does not touch.
    contacts : one per reservoir.

    Examples
    --------
    >>> modes = oqs.QuadraticBosons([[1.0]])
    >>> scaled = oqs.temperature_scaled(oqs.flat(0.01), exponent=1, T_0=0.5)
    >>> law = oqs.closed_form(
    ...     modes, [oqs.BosonicContact(scaled, [1.0]), oqs.BosonicContact(oqs.flat(0.02), [1.0])]
    ... )
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
        spectra = [contact.strength_and_channels(1)[0] for contact in self.contacts]
        return Summary(
            "Flow law of bosonic modes, spectra of T",
            [("w", few_digits(self.frequencies)), ("", ", ".join(names))],
            ("reservoir", "spectrum"),
            list(zip(names, spectra, strict=True)),
        )

    def at(self, T: ArrayLike, mu: ArrayLike | None = None) -> BosonLaw:
        """Return the law whose spectra are as they are at T (n,), and stay so.

        Raises NonUniqueStationaryState where all of them vanish.
        """
        temperature, _ = thermal_arguments(self.contacts, T, mu)
        frozen = [c.at(t, 0.0) for c, t in zip(self.contacts, temperature.tolist(), strict=True)]
        rates = self._rates(temperature)
        traces = np.array([np.einsum("jaa->j", own).real for own in self.overlaps]).T
        return BosonLaw(
            self.frequencies,
            read_only(self._exchange(rates)),
            read_only(rates * traces),
            tuple(frozen),
        )

    def __call__(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the stationary flows (..., n) at T (..., n); mu is 0, NaN or left out.

        Raises NonUniqueStationaryState where no spectrum reaches any level, and as the spectra do.
        """
        temperature, potential = thermal_arguments(self.contacts, T, mu, batched=True)
        temperature, potential = np.broadcast_arrays(temperature, potential)
        exchanged = self._exchange(self._rates(temperature))
        energy = energy_flows(self.frequencies, exchanged, temperature).sum(axis=-2)
        return Flows.of(np.zeros_like(energy), energy, potential, self.names)

    def spectral(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the flows (K, n) through each frequency at T (n,)."""
        return self.at(T, mu).spectral(T, mu)

    def gross(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return all that each contact gives and takes (n,) before it cancels."""
        return self.at(T, mu).gross(T, mu)

    def _rates(self, T: FloatArray) -> FloatArray:
        """Return J_j(w_k) (..., n, K) at T (..., n)."""
        rates = np.broadcast_to(self.rates, (*T.shape, len(self.frequencies))).copy()
        for j, contact in enumerate(self.contacts):
            if contact.varies:
                touched = self.rates[j] > 0
                w = self.frequencies[touched]
                values, which = np.unique(T[..., j], return_inverse=True)
                table = np.array(
                    [contact.gamma(w, j, ThermalState(t, 0.0)) for t in values.tolist()]
                )
                rates[..., j, touched] = table[which.reshape(T.shape[:-1])]
        still = ~np.any(rates > 0, axis=(-2, -1))
        if still.any():
            raise NonUniqueStationaryState(
                Kernel(2, exact=False),
                f"No contact touches any oscillator at T = {few_digits(T[still][0])}, where all "
                "spectra vanish. Keep away from it, or couple a bath that does not.",
            )
        return rates

    def _exchange(self, rates: FloatArray) -> FloatArray:
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
