"""Exact counting statistics of a quadratic system at any coupling: Levitov's formula."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, read_only, temperatures_and_potentials
from oqs.contact.contacts import Contact
from oqs.contact.rates import Flat
from oqs.exports import exported
from oqs.flows import Flows
from oqs.fluctuations.quantities import checked_frequencies, checked_quantity, reference_energy
from oqs.fluctuations.scattering import Scattered, finite_frequency_noise
from oqs.fluctuations.statistics import CountingStatistics, Tilted
from oqs.laws.landauer import Landauer, landauer
from oqs.laws.scatterer import Scatterer, integral
from oqs.numerics.occupation import filled_and_empty
from oqs.numerics.quadrature import Panels
from oqs.system.systems import QuadraticSystem

_EDGE = 1.001  # the mean must be finite at this multiple of the largest field evaluated


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LevitovStatistics(CountingStatistics):
    """Counting statistics of electrons that scatter between reservoirs, each energy on its own.

        lambda(chi, xi) = int dE/(2 pi) ln det[1 + n (S^+ e^{-x} S e^{x} - 1)],
        x_j = chi_j + xi_j E for every channel of reservoir j,

    with S the exact scattering matrix: coherence, broadening and all orders of the coupling are in
    it. Second cumulants are Buettiker's noise. Made by `levitov`.

    Errors of the quadrature are judged as those of `oqs.landauer` are: by `accuracy` of the largest
    cumulant of a kind, or by 1e-13 of the gross rates where it vanishes. The mean of e^{xi E} is
    finite for -1/T_q < xi_j - xi_q < 1/T_j only, unless a band ends the energies.

    Parameters
    ----------
    law : the flow law of the same system, which gives the means.
    T, mu : (n,) temperatures and chemical potentials, units of energy.

    Examples
    --------
    >>> import oqs
    >>> leads = [oqs.Contact(oqs.flat(0.1)), oqs.Contact(oqs.flat(0.1))]
    >>> oqs.levitov(oqs.QuadraticSystem([[0.0]]), leads, T=[0.2, 0.2], mu=[0.3, -0.3])
    Counting statistics of 2 reservoirs: 0, 1; particle flow: 0.02589, -0.02589; noise: 0.01903,
      0.01903; Fano factor: 0.7351, 0.7351
    """

    law: Landauer
    T: FloatArray
    mu: FloatArray
    ends: ClassVar[bool] = False

    @functools.cached_property
    def flows(self) -> Flows:
        """P_j, J_j, Y_j (n,): those of `oqs.landauer`."""
        return self.law(self.T, self.mu)

    @property
    def theorem_holds(self) -> bool:
        """True at any coupling; with magnetic phases at x and -x - A of opposite fields."""
        return True

    @functools.cached_property
    def gross(self) -> FloatArray:
        """Gross rates (2, n) of particles and energy that the means are differences of."""
        rates = self.law.gross(self.T, self.mu)
        return read_only(np.stack([rates.particle, rates.energy]))

    @functools.cached_property
    def centred_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n) of N_j and E_j - w N_j, per unit time."""
        n, reference = self.reservoirs, self._reference

        def sample(origin: FloatArray, offset: FloatArray) -> FloatArray:
            second = self._scattered(origin, offset).second()[:, None] / (2 * np.pi)
            energy = (origin - reference + offset)[:, None, None, None]
            powers = np.concatenate([second, second * energy, second * energy**2], axis=1)
            return np.stack([powers, np.abs(powers)], axis=1).reshape(len(origin), 2, -1)

        integrals = integral(sample, self._panels(), [n * n] * 3, self.law.accuracy)
        pp, pe, ee = integrals.reshape(3, n, n)
        return read_only(np.array([[pp, pe], [pe, ee]]).transpose(0, 2, 1, 3))

    @property
    def scatterer(self) -> Scatterer:
        """The system with its contacts."""
        return self.law.scatterer

    def noise_spectrum(self, frequencies: ArrayLike, quantity: str = "particle") -> ComplexArray:
        """Return the symmetrised noise S_jq(Omega) (F, n, n) of the particle currents.

        S_jq(Omega) = (1/2) int dt e^{-i Omega t} <{dI_j(t), dI_q(0)}>, by Buettiker's formula

            int dE/(4 pi) sum_ab n_a(E) [1 - n_b(E')] (A_j)_ab (A_q)*_ab,
            A_j = P_j - S(E)^+ P_j S(E'),

        at E' = E - Omega, and the same with j, q exchanged at E' = E + Omega. Quantum noise: Omega
        above T and the bias leaves vacuum fluctuations. At 0 it is `covariance`; for weak coupling
        it is that of the jumps.

        Parameters
        ----------
        frequencies : (F,) Omega >= 0, units of energy (hbar = 1), or one number.
        quantity : 'particle'.

        Raises
        ------
        TypeError, ValueError
            if frequencies are no finite real numbers >= 0; for energy and heat, and for rates that
            depend on energy: where in the lead the current is measured then matters.
        """
        omega = checked_frequencies(frequencies)
        if checked_quantity("quantity", quantity) != "particle":
            raise ValueError(
                f"Argument `quantity` must be 'particle' at finite frequency, but is {quantity!r}: "
                "energy in the contacts' coupling belongs to no side. Take `covariance` for "
                "frequency 0, or oqs.counting_statistics for weak coupling."
            )
        if any(c.band is not None or not isinstance(c.rate, Flat) for c in self.law.contacts):
            raise ValueError(
                "Argument `contacts` must have flat rates without band for noise at finite "
                "frequency, as otherwise it depends on where in the lead the current is measured. "
                "Give oqs.flat, or take oqs.counting_statistics for weak coupling."
            )
        flat = np.atleast_1d(omega)
        spectrum = np.array([(self._noise(w) + self._noise(-w).T) / 2 for w in flat.tolist()])
        return read_only(spectrum.reshape(*omega.shape, *spectrum.shape[1:]))

    def _noise(self, omega: float) -> ComplexArray:
        """Return int dt e^{-i Omega t} <dI_j(t) dI_q(0)> (n, n)."""
        n, owners = self.reservoirs, self.scatterer.owners

        def sample(origin: FloatArray, offset: FloatArray) -> FloatArray:
            above = np.subtract.outer(origin, self.mu) + offset[:, None]
            filled, _ = filled_and_empty(above / self.T)
            _, empty = filled_and_empty((above - omega) / self.T)
            weight = filled[:, owners, None] * empty[:, None, owners]
            here, there = (self.scatterer.scattering(origin, w) for w in (offset, offset - omega))
            noise = finite_frequency_noise(here, there, weight, owners).reshape(len(origin), -1)
            net = np.concatenate([noise.real, noise.imag], axis=1) / (2 * np.pi)
            gross = np.tile(np.abs(noise), 2) / (2 * np.pi)
            return np.stack([net, gross], axis=1)

        panels = self.scatterer.panels(self.T, self.mu, (0.0, omega) if omega else (0.0,))
        integrals = integral(sample, panels, [2 * n * n], self.law.accuracy)
        real, imaginary = integrals.reshape(2, n, n)
        return real + 1j * imaginary

    @property
    def _reference(self) -> float:
        """Energy from which the integrals count, so that heat is no small rest of energy."""
        return float(reference_energy(self.mu))

    def _panels(self) -> Panels:
        return self.scatterer.panels(self.T, self.mu)

    def _scattered(self, origin: FloatArray, offset: FloatArray) -> Scattered:
        """Return the channels at energies origin + offset (M,)."""
        exponents = (np.subtract.outer(origin, self.mu) + offset[:, None]) / self.T
        matrix = self.scatterer.scattering(origin, offset)
        return Scattered.of(matrix, exponents, self.scatterer.owners)

    def _cumulants(self, j: int, order: int, weights: FloatArray) -> FloatArray:
        """Return the first cumulants (order,) of weights[0] N_j + weights[1] E_j."""

        def sample(origin: FloatArray, offset: FloatArray) -> FloatArray:
            scattered = self._scattered(origin, offset)
            moved = (weights[0] + weights[1] * origin + weights[1] * offset)[:, None]
            moved = moved ** np.arange(1, order + 1)
            net = scattered.series(j, order) * moved / (2 * np.pi)
            gross = scattered.exchanged()[:, [j]] * np.abs(moved) / (2 * np.pi)
            return np.stack([net, gross + np.abs(net)], axis=1)

        return integral(sample, self._panels(), [1] * order, self.law.accuracy)

    def _tilted(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        """Return lambda and its derivatives at fields (n,).

        Raises ValueError where the mean of e^{xi E} is not finite.
        """
        n, reference = self.reservoirs, self._reference

        def sample(origin: FloatArray, offset: FloatArray) -> FloatArray:
            fields = chi + xi * (origin + offset)[:, None]
            tilted = self._scattered(origin, offset).tilted(fields) / (2 * np.pi)
            carried = tilted[:, :, 1:] * (origin - reference + offset)[:, None, None]
            carried[:, 1] = np.abs(carried[:, 1])
            return np.concatenate([tilted, carried], axis=2)

        panels = self.scatterer.panels(*self._tails(chi, xi))
        integrals = integral(sample, panels, [1, n, n], self.law.accuracy)
        particle, energy = integrals[1 : 1 + n], integrals[1 + n :]
        return Tilted(float(integrals[0]), particle, energy + reference * particle)

    def _exponent(self, chi: FloatArray, xi: FloatArray) -> float:
        """Return the largest |x_j - x_q| between the reservoirs' potentials, or what xi T asks."""
        fields = chi + np.multiply.outer(self.mu, xi)  # at each mu, (mu, j)
        window = float(np.max(np.ptp(fields, axis=1)))
        return max(window, float(np.max(self._shares(xi), initial=0.0)) * _EDGE * 600.0)

    def _shares(self, xi: FloatArray) -> FloatArray:
        """Return (xi_j - xi_q) T_j and (xi_j - xi_q) T_q ... of pairs whose energies have no end.

        Where one is 1 or more, the mean of e^{x} is infinite.
        """
        apart = np.subtract.outer(xi, xi)
        shares: FloatArray = np.maximum(apart * self.T[:, None], -apart * self.T)
        ended = np.array([contact.band is not None for contact in self.law.contacts])
        return np.where(np.logical_or.outer(ended, ended), 0.0, shares)

    def _tails(self, chi: FloatArray, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the temperatures and potentials (m,) of all Fermi edges, those of tails included.

        n_j (1 - n_q) e^{x_j - x_q} falls towards high energies as e^{-(1/T_j - xi_j + xi_q) E}.
        """
        if np.any(self._shares(xi) >= 1):
            raise ValueError(
                "Arguments `particle` and `energy` must leave the mean of e^x finite, but the "
                "energies' tails e^(-E/T) fall no faster than the fields grow. Give fields "
                "xi_j - xi_q between -1/T_q and 1/T_j."
            )
        warm, at = [*self.T], [*self.mu]
        for j in range(self.reservoirs):
            for q in range(self.reservoirs):
                slope, jump = xi[j] - xi[q], chi[j] - chi[q]
                for k, sign in ((j, 1.0), (q, -1.0)):  # towards high and towards low energies
                    falling = 1 / self.T[k] - sign * slope
                    if falling > 0:
                        warm.append(1 / falling)
                        at.append((self.mu[k] / self.T[k] + sign * jump) / falling)
        edges = [edge for contact in self.law.contacts for edge in contact.band or ()]
        return np.array([*warm, *[min(self.T) for _ in edges]]), np.array([*at, *edges])


@exported
def levitov(
    system: QuadraticSystem,
    contacts: Sequence[Contact],
    T: ArrayLike,
    mu: ArrayLike,
    *,
    accuracy: float = 1e-8,
) -> LevitovStatistics:
    """Return the exact counting statistics of a quadratic system, at any strength of its contacts.

    The same object as `counting_statistics`, but for waiting times, which take jumps: scattering
    states have none.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one per reservoir, as for `oqs.landauer`.
    T, mu : (n,) temperatures and chemical potentials of the reservoirs, units of energy.
    accuracy : of flows and cumulants, relative to the largest of each kind.

    Returns
    -------
    LevitovStatistics : `flows`, `covariance`, `cumulants`, `fano`, `uncertainty`,
        `generating_function`, `large_deviation`, `noise_spectrum`, `to_dataset`.

    Raises
    ------
    TypeError, ValueError
        if the system is not quadratic (interactions), contacts are refused, a band is missing, or
        T, mu are refused.
    RuntimeError
        on evaluation, if the quadrature does not reach the accuracy.

    References
    ----------
    Levitov, Lee, Lesovik 1996, doi:10.1063/1.531672; Blanter and Buettiker 2000,
    doi:10.1016/S0370-1573(99)00123-4.

    Examples
    --------
    >>> import oqs
    >>> dot = oqs.QuadraticSystem([[0.0]])
    >>> contacts = [oqs.Contact(oqs.flat(0.1)), oqs.Contact(oqs.flat(0.1))]
    >>> stats = oqs.levitov(dot, contacts, T=[0.01, 0.01], mu=[5.0, -5.0])
    >>> round(stats.fano(0), 3)  # 1/2 for jumps between distant potentials
    0.494
    """
    if not isinstance(system, QuadraticSystem):
        raise TypeError(
            f"Argument `system` must be a QuadraticSystem, but is {type(system).__name__}. "
            "Levitov's formula is exact without interactions only; with them use "
            "oqs.counting_statistics(model, T, mu) of a weakly coupled model, e.g. oqs.davies."
        )
    law = landauer(system, contacts, accuracy=accuracy)
    return LevitovStatistics(law, *temperatures_and_potentials(T, mu, len(law.contacts)))
