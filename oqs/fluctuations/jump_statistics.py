"""Counting statistics of jumps in time: noise at a frequency, waiting times."""

from __future__ import annotations

import abc

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, read_only, real_array
from oqs.exports import exported
from oqs.fluctuations.quantities import checked_frequencies, checked_quantity, weights_of
from oqs.fluctuations.statistics import CountingStatistics
from oqs.fluctuations.waiting import WaitingTimes, Watched

_KINDS = ("in", "out")
_WATCH = "Give a pair such as (0, 'in'): reservoir, and 'in' or 'out' of the system."


@exported
class JumpStatistics(CountingStatistics):
    """Counting statistics of a generator whose jumps are known one by one.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> stats = oqs.counting_statistics(model, T, mu)
    >>> stats.noise_spectrum([0.0, 0.1], "particle").shape
    (2, 2, 2)
    """

    @abc.abstractmethod
    def _spectrum(
        self, frequencies: FloatArray, first: FloatArray, second: FloatArray
    ) -> ComplexArray:
        """Return S (F, n, n) of counts with weights (2, n), at frequencies > 0."""

    @abc.abstractmethod
    def _watched(self, kinds: list[tuple[int, bool]]) -> Watched:
        """Return the evolution without the jumps of these kinds, and what these do."""

    def noise_spectrum(
        self, frequencies: ArrayLike, quantity: str = "particle", other: str | None = None
    ) -> ComplexArray:
        """Return the noise S_jq(Omega) (F, n, n) of the currents at frequencies Omega >= 0.

        S_jq(Omega) = int dt e^{-i Omega t} <dI_j(t) dI_q(0)>, Hermitian in j, q where both are one
        quantity. It holds the currents that cross the contacts, not displacement currents: at 0 it
        is `covariance`, far above all rates the shot noise of the gross rates.

        Parameters
        ----------
        frequencies : (F,) Omega, units of energy (hbar = 1), or one number.
        quantity, other : as for `covariance`.

        Returns
        -------
        (F, n, n) complex, or (n, n) for one frequency; units as `covariance`.

        Raises
        ------
        TypeError, ValueError
            if frequencies are no finite real numbers >= 0, or a quantity has another name.
        """
        omega = checked_frequencies(frequencies)
        first = checked_quantity("quantity", quantity)
        second = first if other is None else checked_quantity("other", other)
        flat = np.atleast_1d(omega)
        spectrum = np.empty((len(flat), self.reservoirs, self.reservoirs), dtype=np.complex128)
        still = flat == 0
        spectrum[still] = self.covariance(first, second)
        if not np.all(still):
            weights = weights_of(first, self.mu), weights_of(second, self.mu)
            spectrum[~still] = self._spectrum(flat[~still], *weights)
        return read_only(spectrum if omega.ndim else spectrum[0])

    def waiting_time(
        self, first: tuple[int | str, str], then: tuple[int | str, str], times: ArrayLike
    ) -> WaitingTimes:
        """Return the density of the time from a jump `first` to the next watched jump, `then`.

            w(t) = tr[J_b e^{(L - J) t} J_a rho] / tr[J_a rho],   J = J_a + J_b (J_a, if b = a)

        with J_a, J_b the jumps of the two kinds; only these are watched. The integral of w is the
        probability that the next of them is `then`, and not another `first`.

        Parameters
        ----------
        first, then : (reservoir, 'in' or 'out') of the system: a particle enters from it, or leaves
            into it; energy, where jumps move no particles.
        times : (m,) t >= 0, units of 1/energy.

        Returns
        -------
        WaitingTimes : `density` (m,), `probability` and `mean` of the waiting time.

        Raises
        ------
        IndexError, KeyError
            if there is no such reservoir.
        TypeError, ValueError
            if a kind is no such pair, times are negative, or there are no jumps of kind `first`.

        References
        ----------
        Brandes, Ann. Phys. 17, 477 (2008), doi:10.1002/andp.200810306.
        """
        kinds = [self._kind("first", first), self._kind("then", then)]
        t = real_array("times", times, "Give times t >= 0 as (m,).")
        if t.ndim != 1 or np.any(t < 0):
            raise ValueError(
                f"Argument `times` must be (m,) times >= 0, but has shape {t.shape} and lowest "
                f"{float(t.min(initial=0.0))!r}. Give times after the first jump."
            )
        return WaitingTimes.of(self._watched(kinds), t)

    def _kind(self, name: str, kind: object) -> tuple[int, bool]:
        """Return (reservoir, whether the system gains)."""
        if not isinstance(kind, tuple | list) or len(kind) != 2:
            raise TypeError(f"Argument `{name}` must be a pair, but is {kind!r}. {_WATCH}")
        reservoir = self._reservoir(kind[0], name)
        if kind[1] not in _KINDS:
            raise ValueError(
                f"Argument `{name}` must say 'in' or 'out', but says {kind[1]!r}. {_WATCH}"
            )
        return reservoir, kind[1] == "in"
