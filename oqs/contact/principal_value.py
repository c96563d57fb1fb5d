"""Principal-value integrals over a reservoir's band: the frequency shifts a contact causes.

    shift(w) = P int de/(2 pi) g(e) / (w - e)
             = int de/(2 pi) [g(e) - g(w)] / (w - e) + g(w)/(2 pi) ln|(w - lowest)/(highest - w)|

over the band, with g = gamma (the real part of the self-energy) or g = gamma n. The subtracted
integrand is smooth; Gauss-Legendre panels shrink geometrically towards the band edges, where rates
start like a root, and around the features of g, and are halved until two orders agree. Constant
rates and Lorentzian ones have closed forms.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import final

import numpy as np
from scipy.special import digamma, expit

from oqs.arguments import FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.rates import Flat, Lorentzian
from oqs.memory import announce

ACCURACY = 1e-10
"""Error of a shift relative to the largest rate in the band; what does not reach it raises."""

_LOW, _HIGH = (np.polynomial.legendre.leggauss(order) for order in (12, 20))
_HALVINGS = 8
_AT_ONCE = 2**22  # distances between frequencies and nodes that stand side by side: 32 MB
_SECONDS = 1e-7  # for each frequency and panel, by both orders
_FAR_EDGE = 28.0  # temperatures from mu to a band edge where n, or 1 - n, is below 1e-12
_FAR = 1e8  # widths of a Lorentzian after which its tail is below 1e-16

Weight = Callable[[FloatArray], FloatArray]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BandIntegral:
    """P int de/(2 pi) g(e)/(w - e) over [lowest, highest] at any w, to ACCURACY of max g."""

    g: Weight  # array of energies -> array; smooth inside the band up to roots at its edges
    panels: FloatArray  # ascending panel edges
    scale: float  # largest value of g found
    owner: str  # names the contact in messages

    @classmethod
    def over_band(
        cls, g: Weight, lowest: float, highest: float, features: list[float], owner: str
    ) -> BandIntegral:
        """Lay panels over the band, shrinking towards its edges and the features of g."""
        shrink = (highest - lowest) * 0.5 ** np.arange(1, 50)
        inner = [f + step for f in features for step in (0.0, *shrink[:24], *(-shrink[:24]))]
        edges = np.array([lowest, highest, *(lowest + shrink), *(highest - shrink), *inner])
        panels = np.unique(edges[(edges >= lowest) & (edges <= highest)])
        values = g(np.concatenate([panels, (panels[1:] + panels[:-1]) / 2]))
        return cls(g, panels, float(np.max(np.abs(values), initial=0.0)), owner)

    def __call__(self, frequencies: FloatArray) -> FloatArray:
        """Return the integral (K,) at the frequencies (K,).

        Raises ValueError if a frequency stands on a band edge where g steps (the integral is
        infinite there), or the quadrature does not converge.
        """
        panels = self.panels
        edges = panels[[0, -1]]
        steps = edges[np.abs(self.g(edges)) > ACCURACY * self.scale]
        _refuse_edges(frequencies, edges, steps, self.owner)
        announce("Frequency shifts", _SECONDS * len(frequencies) * len(panels))
        for _ in range(_HALVINGS):
            low, high = (self._sum(frequencies, panels, rule) for rule in (_LOW, _HIGH))
            error = float(np.max(np.abs(high - low), initial=0.0))
            if error <= ACCURACY * self.scale:
                return high
            panels = np.sort(np.concatenate([panels, (panels[1:] + panels[:-1]) / 2]))
        raise ValueError(
            f"The principal-value integral over the band of {self.owner} did not converge: two "
            f"orders differ by {error:.3g}, above {ACCURACY:.0e} of the largest rate. "
            "Smooth the rate, or narrow the band."
        )

    def _sum(
        self, w: FloatArray, panels: FloatArray, rule: tuple[FloatArray, FloatArray]
    ) -> FloatArray:
        half = np.diff(panels) / 2
        nodes = ((panels[1:] + panels[:-1]) / 2 + half * rule[0][:, None]).ravel()
        weights = (half * rule[1][:, None]).ravel()
        inside = (w > panels[0]) & (w < panels[-1])
        at_w = np.where(inside, self.g(np.clip(w, panels[0], panels[-1])), 0.0)
        integral, at_nodes = np.empty_like(at_w), self.g(nodes)
        some = max(_AT_ONCE // len(nodes), 1)
        for begin in range(0, len(w), some):
            part = slice(begin, begin + some)
            distance = w[part, None] - nodes  # (.., nodes)
            distance[distance == 0] = np.inf  # the integrand is finite there, one node of thousands
            integral[part] = ((at_nodes - at_w[part, None]) / distance) @ weights
        beyond = np.where(inside, np.abs(w - panels[0]) / np.abs(panels[-1] - w), 1.0)
        return (integral + at_w * np.log(beyond)) / (2 * np.pi)


def _refuse_edges(w: FloatArray, edges: FloatArray, steps: FloatArray, owner: str) -> None:
    """Raise ValueError if a frequency (K,) stands on a band edge where the rate steps."""
    near = np.abs(np.subtract.outer(w, steps)) <= 1e-12 * np.max(np.abs(edges))
    if np.any(near):
        first = float(w[np.argmax(near.any(axis=1))])
        raise ValueError(
            f"The frequency {first!r} stands on the band edge of {owner}, where its rate "
            "steps and its shift is infinite. Move the band's edges off the levels."
        )


def shift_function(contact: Contact) -> Weight:
    """Return w -> P int de/(2 pi) gamma(e) / (w - e) (K,) over the contact's band.

    In a band gamma/(2 pi) ln|(w - lowest)/(w - highest)| for a flat rate. Without: 0 for it, by
    symmetry, and strength width (w - center) / (2 [(w - center)^2 + width^2]) for a Lorentzian.

    Raises ValueError if another rate has no band.
    """
    rate = contact.rate
    if contact.band is None and isinstance(rate, Flat):
        return np.zeros_like
    if contact.band is None and isinstance(rate, Lorentzian):
        return functools.partial(_lorentzian_shift, rate)
    if contact.band is not None and isinstance(rate, Flat) and rate.value > 0:
        return functools.partial(_flat_shift, contact, rate.value)
    lowest, highest, features = _support(contact)
    return BandIntegral.over_band(contact.gamma, lowest, highest, features, contact.label())


def _flat_shift(contact: Contact, value: float, w: FloatArray) -> FloatArray:
    edges = np.array(contact.band)
    _refuse_edges(w, edges, edges, contact.label())
    return value / (2 * np.pi) * np.log(np.abs((w - edges[0]) / (w - edges[1])))


def _lorentzian_shift(rate: Lorentzian, w: FloatArray) -> FloatArray:
    detuning = (w - rate.center) / rate.width
    return 0.5 * rate.strength * detuning / (1 + detuning**2)


def occupied_shift(contact: Contact, frequencies: FloatArray, T: float, mu: float) -> FloatArray:
    """Return P int de/(2 pi) gamma(e) n(e) / (w - e) (K,) over the contact's band.

    Raises ValueError if the contact has neither a band nor a Lorentzian rate: the integral diverges
    at the bottom of an unbounded band.
    """

    def filled(energies: FloatArray) -> FloatArray:
        return expit((mu - energies) / T)

    closed = _closed_shift(contact, frequencies, T, mu)
    return _thermal_shift(contact, frequencies, T, mu, filled) if closed is None else closed


def _closed_shift(contact: Contact, w: FloatArray, T: float, mu: float) -> FloatArray | None:
    """Return `occupied_shift` (K,) by the digamma function psi; None where it is not known so.

    With z = 1/2 + i (w - mu)/(2 pi T): of a Lorentzian rate without a band, with S its whole shift
    and u = 1/2 + [width - i (center - mu)]/(2 pi T),

        gamma(w)/(2 pi) Re[psi(u) - psi(z)] + S(w) [1/2 + Im psi(u)/pi],

    by the residue of its pole in the half plane where psi has none; of a flat one whose band ends
    far from mu, gamma/(2 pi) {ln(|w - lowest|/(2 pi T)) - Re psi(z)}.
    """
    rate, unit = contact.rate, 2 * np.pi * T
    own = digamma(0.5 + 1j * (w - mu) / unit).real
    if contact.band is None and isinstance(rate, Lorentzian):
        pole = digamma(0.5 + (rate.width - 1j * (rate.center - mu)) / unit)
        whole = _lorentzian_shift(rate, w) * (0.5 + pole.imag / np.pi)
        return rate(w) / (2 * np.pi) * (pole.real - own) + whole
    if contact.band is None or not isinstance(rate, Flat) or rate.value == 0:
        return None
    edges = np.array(contact.band)
    if min(mu - edges[0], edges[1] - mu) <= _FAR_EDGE * T:
        return None
    _refuse_edges(w, edges, edges[:1], contact.label())
    return rate.value / (2 * np.pi) * (np.log(np.abs(w - edges[0]) / unit) - own)


def occupied_shift_slopes(
    contact: Contact, frequencies: FloatArray, T: float, mu: float
) -> FloatArray:
    """Return the derivatives (2, K) of `occupied_shift` with respect to T and mu."""

    def by_mu(energies: FloatArray) -> FloatArray:
        x = (energies - mu) / T
        return expit(x) * expit(-x) / T

    def by_temperature(energies: FloatArray) -> FloatArray:
        return by_mu(energies) * (energies - mu) / T

    return np.array(
        [_thermal_shift(contact, frequencies, T, mu, weight) for weight in (by_temperature, by_mu)]
    )


def _thermal_shift(
    contact: Contact, frequencies: FloatArray, T: float, mu: float, weight: Weight
) -> FloatArray:
    """Return P int de/(2 pi) gamma(e) weight(e) / (w - e) (K,), weight varying around mu by T."""
    lowest, highest, features = _support(contact)
    thermal = [mu, *(mu + sign * T * 3.0**k for sign in (-1, 1) for k in range(4))]

    def weighted(energies: FloatArray) -> FloatArray:
        return contact.gamma(energies) * weight(energies)

    return BandIntegral.over_band(
        weighted, lowest, highest, [*features, *thermal], contact.label()
    )(frequencies)


def _support(contact: Contact) -> tuple[float, float, list[float]]:
    """Return the band's edges and the energies around which the rate varies fast."""
    rate = contact.rate
    features = []
    if isinstance(rate, Lorentzian):
        features = [rate.center, rate.center - rate.width, rate.center + rate.width]
    if contact.band is not None:
        return *contact.band, features
    if isinstance(rate, Lorentzian):
        return rate.center - _FAR * rate.width, rate.center + _FAR * rate.width, features
    raise ValueError(
        f"Argument `band` of {contact.label()} must be given for its frequency shift, but is None: "
        f"with {rate!r} the integral over all energies diverges. "
        "Give Contact(..., band=(lowest, highest))."
    )
