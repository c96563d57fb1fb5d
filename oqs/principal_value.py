"""Principal-value integrals over a reservoir's band: the frequency shifts a contact causes.

    shift(w) = P int de/(2 pi) gamma(e) f(e) / (w - e)
             = int_0^inf ds/(2 pi) [gamma f (w - s) - gamma f (w + s)] / s

with f = 1 (the real part of the self-energy) or f the occupation. In the second form nothing is
singular; gamma is zero outside the band.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.integrate
from numpy.typing import NDArray
from scipy.special import expit

from oqs.arguments import FloatArray
from oqs.contacts import Contact
from oqs.rates import Flat, Lorentzian

ACCURACY = 1e-10
"""Error of a shift relative to the largest rate: adaptive quadrature stops there, or raises."""


def shift(contact: Contact, frequencies: FloatArray) -> FloatArray:
    """Return P int de/(2 pi) gamma(e) / (w - e) (K,) over the contact's band.

    Without a band: 0 for a flat rate, by symmetry, and strength width (w - center) / (2 [(w -
    center)^2 + width^2]) for a Lorentzian.

    Raises
    ------
    ValueError
        if another rate has no band, or a frequency stands on a band edge where gamma > 0.
    """
    rate = contact.rate
    if contact.band is None and isinstance(rate, Flat):
        return np.zeros(frequencies.shape)
    if contact.band is None and isinstance(rate, Lorentzian):
        detuning = (frequencies - rate.center) / rate.width
        return 0.5 * rate.strength * detuning / (1 + detuning**2)
    return _integral(contact, frequencies, lambda e: np.ones(e.shape), [])


def occupied_shift(contact: Contact, frequencies: FloatArray, T: float, mu: float) -> FloatArray:
    """Return P int de/(2 pi) gamma(e) n(e) / (w - e) (K,) over the contact's band.

    Raises
    ------
    ValueError
        if the contact has neither a band nor a Lorentzian rate (the integral diverges at the
        bottom of an unbounded band), or a frequency stands on a band edge where gamma > 0.
    """
    thermal = [mu, *(mu + sign * T * 4.0**k for sign in (-1, 1) for k in range(4))]
    return _integral(contact, frequencies, lambda e: expit((mu - e) / T), thermal)


def _integral(
    contact: Contact,
    frequencies: FloatArray,
    occupation: Callable[[FloatArray], FloatArray],
    features: list[float],
) -> FloatArray:
    if frequencies.size == 0:
        return np.zeros(0)
    if contact.band is None and not isinstance(contact.rate, Lorentzian):
        raise ValueError(
            f"The frequency shift needs the band of {contact.label()}, but it has none: with "
            f"{contact.rate!r} the integral over all energies diverges. "
            "Give Contact(..., band=(lowest, highest))."
        )
    lowest, highest = contact.band or (-np.inf, np.inf)
    if contact.band is None and isinstance(contact.rate, Lorentzian):
        c, width = contact.rate.center, contact.rate.width
        features = [*features, c, *(c + sign * width * 4.0**k for sign in (-1, 1) for k in (0, 2))]
    else:
        _refuse_edges(contact, frequencies)
        features = [*features, lowest, highest]
    largest = float(np.max(contact.gamma(np.clip(frequencies, lowest, highest)), initial=0.0))

    def difference(s: float) -> FloatArray:
        below, above = frequencies - s, frequencies + s
        weighted = [contact.gamma(e) * occupation(e) for e in (below, above)]
        return (weighted[0] - weighted[1]) / (2 * np.pi * s)

    reach = float(max(np.max(highest - frequencies), np.max(frequencies - lowest)))
    breaks = np.unique(np.abs(np.subtract.outer(frequencies, features)))
    value, _, outcome = scipy.integrate.quad_vec(
        difference,
        0.0,
        reach,
        points=breaks[(breaks > 0) & (breaks < reach)],
        epsabs=ACCURACY * (largest or 1.0),
        epsrel=ACCURACY,
        norm="max",
        limit=20_000,
        full_output=True,
    )
    if not outcome.success:
        raise ValueError(
            f"The principal-value integral over the band of {contact.label()} did not converge to "
            f"{ACCURACY:.0e} of the rate ({outcome.message}). Smooth the rate, or narrow the band."
        )
    result: FloatArray = value
    return result


def _refuse_edges(contact: Contact, frequencies: FloatArray) -> None:
    """Raise ValueError if a frequency meets a step of gamma, where the shift is infinite."""
    edges: NDArray[np.float64] = np.array(contact.band)
    steps = edges[contact.gamma(edges) > 0]
    for w in frequencies:
        if np.any(np.abs(w - steps) <= 1e-12 * np.max(np.abs(edges))):
            raise ValueError(
                f"The frequency {w:.6g} stands on the band edge of {contact.label()}, where its "
                "rate steps and its shift is infinite. Move the band's edges off the levels."
            )
