"""Exact stationary flows of a quadratic system at any coupling: Landauer's formula.

The yardstick for Davies: matrix Green's functions of the whole, reservoirs included.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
import scipy.integrate
from numpy.typing import ArrayLike

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    positive_number,
    real_array,
    temperatures_and_potentials,
)
from oqs.contacts import Contact, checked_contacts, contact_names
from oqs.flows import Flows
from oqs.pair_flows import occupation_differences
from oqs.principal_value import Weight, shift_function
from oqs.systems import QuadraticSystem

_THERMAL = 42.0  # |w - mu| / T beyond which Fermi functions differ by less than 1e-18
_INTERVALS = 20_000


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Landauer:
    """Stationary flows from the transmission between reservoirs, exact without interactions.

        P_j = int dw/(2 pi) sum_q T_jq(w) (n_j(w) - n_q(w)), J_j the same times w,
        T_jq = tr[Gamma_j G Gamma_q G^+], G = (w - h - sum_j Sigma_j)^{-1},
        Gamma_j = gamma_j(w) t_j^+ t_j, Sigma_j = (P int de/(2 pi) gamma_j(e)/(w - e)) t_j^+ t_j
                                                  - i Gamma_j / 2.

    Made by `landauer`.

    Parameters
    ----------
    system, contacts : as given.
    accuracy : error of the quadrature relative to the largest flow.

    References
    ----------
    Meir and Wingreen 1992, doi:10.1103/PhysRevLett.68.2512.
    """

    system: QuadraticSystem
    contacts: tuple[Contact, ...]
    accuracy: float
    _channels: tuple[ComplexArray, ...]
    _shifts: tuple[Weight, ...]

    @property
    def frequencies(self) -> FloatArray:
        """Mode energies w_k (N,), ascending: where the transmission is large at weak coupling."""
        return self.system.energies

    @property
    def names(self) -> tuple[str | None, ...] | None:
        """Of the contacts (n,), or None."""
        return contact_names(self.contacts)

    def transmission(self, frequencies: ArrayLike) -> FloatArray:
        """Return T_jq(w) (K, n, n) at real frequencies (K,): dimensionless, >= 0.

        The diagonal, which drives no flow, is reported as zero.
        """
        w = real_array("frequencies", frequencies, "Give energies, shape (K,).")
        return np.array([self._transmission(float(x)) for x in np.atleast_1d(w)])

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (n,) at T, mu of shape (n,), to `accuracy` of the largest.

        Raises
        ------
        RuntimeError
            if the quadrature does not reach the accuracy.
        TypeError, ValueError
            if T, mu are refused.
        """
        temperature, potential = temperatures_and_potentials(T, mu, len(self.contacts))
        lowest = float(np.min(potential - _THERMAL * temperature))
        highest = float(np.max(potential + _THERMAL * temperature))
        scale = max(abs(lowest), abs(highest))

        def spectral(w: float) -> FloatArray:
            difference = occupation_differences((w - potential) / temperature)
            particle = np.sum(self._transmission(w) * difference, axis=1) / (2 * np.pi)
            return np.concatenate([particle, particle * (w / scale)])

        value, _, outcome = scipy.integrate.quad_vec(
            spectral,
            lowest,
            highest,
            points=self._features(temperature, potential, lowest, highest),
            epsabs=np.finfo(float).tiny,  # flows of exactly zero have no relative error
            epsrel=self.accuracy,
            norm="max",
            limit=_INTERVALS,
            full_output=True,
        )
        if not outcome.success:
            raise RuntimeError(
                f"The integral over the transmission did not reach {self.accuracy:.0e} of the "
                f"largest flow: {outcome.message} Ask for less, landauer(..., accuracy=...)."
            )
        particle, energy = np.split(value, 2)
        return Flows.of(particle, energy * scale, potential, self.names)

    def _self_energy(self, w: float) -> tuple[list[float], ComplexArray]:
        """Return gamma_j(w) of each contact and the total self-energy (N, N)."""
        at = np.array([w])
        gammas = [float(contact.gamma(at)[0]) for contact in self.contacts]
        total = np.zeros(self.system.h.shape, dtype=np.complex128)
        for gamma, shift, t in zip(gammas, self._shifts, self._channels, strict=True):
            total += (float(shift(at)[0]) - 0.5j * gamma) * (t.conj().T @ t)
        return gammas, total

    def _transmission(self, w: float) -> FloatArray:
        gammas, sigma = self._self_energy(w)
        green = np.linalg.inv(w * np.eye(len(sigma)) - self.system.h - sigma)
        n = len(self.contacts)
        transmission = np.zeros((n, n))
        for j in range(n):
            for q in range(n):
                if j != q and gammas[j] and gammas[q]:
                    amplitude = self._channels[j] @ green @ self._channels[q].conj().T
                    transmission[j, q] = gammas[j] * gammas[q] * np.sum(np.abs(amplitude) ** 2)
        return transmission

    def _features(self, T: FloatArray, mu: FloatArray, lowest: float, highest: float) -> FloatArray:
        """Return where the integrand varies fast: resonances, Fermi edges, band edges."""
        points = [*mu, *(mu - 4 * T), *(mu + 4 * T)]
        for contact in self.contacts:
            points += [] if contact.band is None else list(contact.band)
        for w in self.system.energies:
            poles = np.linalg.eigvals(self.system.h + self._self_energy(float(w))[1])
            widths = np.abs(poles.imag)
            for factor in (0.0, 1.0, 4.0, 16.0, 64.0, 512.0):
                points += [*(poles.real - factor * widths), *(poles.real + factor * widths)]
        found = np.unique(points)
        return found[(found > lowest) & (found < highest)]


def landauer(
    system: QuadraticSystem, contacts: Sequence[Contact], *, accuracy: float = 1e-8
) -> Landauer:
    """Return the exact flow law of a quadratic system, at any strength of its contacts.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one per reservoir. A rate that depends on frequency also shifts the levels, by its
        principal-value integral: flat rates without band do not, a Lorentzian has a closed form,
        other rates need the contact's `band`.
    accuracy : of the flows, relative to the largest one.

    Raises
    ------
    TypeError, ValueError
        if the system is not quadratic, contacts are refused, or a band is missing.
    """
    if not isinstance(system, QuadraticSystem):
        raise TypeError(
            f"Argument `system` must be a QuadraticSystem, but is {type(system).__name__}. "
            "The transmission is exact without interactions only."
        )
    found = checked_contacts(contacts)
    return Landauer(
        system,
        found,
        positive_number("accuracy", accuracy, "The default is 1e-8."),
        tuple(contact.channels(system.sites) for contact in found),
        tuple(shift_function(contact) for contact in found),
    )
