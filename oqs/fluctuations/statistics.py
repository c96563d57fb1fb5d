"""Counting statistics of what reservoirs lose, however they are computed."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from typing import ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only, real_array, whole_number
from oqs.deferred import xr
from oqs.exports import exported
from oqs.flows import Flows
from oqs.fluctuations.large_deviation import rate_function
from oqs.fluctuations.quantities import (
    QUANTITIES,
    checked_quantity,
    checked_reservoir,
    covariance_of,
    from_zero,
    reference_energy,
    weights_of,
)
from oqs.memory import rest_announced
from oqs.numerics.occupation import SAFE
from oqs.summary import Summarised, Summary, few_digits, reservoir_names

_FIELDS = "Give one real field per reservoir, (..., n); 0 for what is not counted."
_ROUNDING = 16 * float(np.finfo(np.float64).eps)  # of its gross rate, which a mean is known to


@final
class Tilted(NamedTuple):
    """The scaled cumulant generating function at some fields, and its derivatives."""

    value: float  # lambda(chi, xi), per unit time
    # particle, energy: (n,) d lambda / d chi_j and d lambda / d xi_j
    particle: FloatArray
    energy: FloatArray


@exported
class CountingStatistics(Summarised):
    """Statistics of the particles, energy and heat that each reservoir loses in a long time t.

    With N_j, E_j what reservoir j has lost, and heat Q_j = E_j - mu_j N_j,

        lambda(chi, xi) = lim ln <exp(sum_j chi_j N_j + xi_j E_j)> / t

    is the scaled cumulant generating function; its derivatives at 0 are the cumulants per unit
    time: flows, covariances, and so on. Lambda of heat has fields (-mu_j, 1).

    Attributes
    ----------
    T, mu : (n,) temperatures and chemical potentials, units of energy.
    ends : whether there is a largest current: no jumps make more.

    References
    ----------
    Esposito, Harbola, Mukamel, Rev. Mod. Phys. 81, 1665 (2009), doi:10.1103/RevModPhys.81.1665.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> stats = oqs.counting_statistics(model, T, mu)
    >>> isinstance(stats, oqs.CountingStatistics), stats.covariance("particle").shape
    (True, (2, 2))
    """

    T: FloatArray
    mu: FloatArray
    ends: ClassVar[bool] = True

    @property
    @abc.abstractmethod
    def flows(self) -> Flows:
        """P_j, J_j, Y_j (n,): the means, as the flow law gives them."""

    @property
    @abc.abstractmethod
    def centred_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n) of N_j (0) and E_j - w N_j (1), w the median of mu."""

    @property
    def second_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n) of particles (0) and energy (1) of reservoirs, per unit time."""
        return read_only(from_zero(self.centred_cumulants, reference_energy(self.mu)))

    @property
    @abc.abstractmethod
    def gross(self) -> FloatArray:
        """Scale (2, n) of the rates whose differences the particle and energy flows are."""

    @property
    @abc.abstractmethod
    def theorem_holds(self) -> bool:
        """Whether the fluctuation theorem is exact: lambda(x) = lambda(-x - A).

        So it is for Davies generators without frequency shifts. Levels that a resolution joins,
        PERLind, and frequency shifts of complex couplings obey it up to their price.
        """

    @abc.abstractmethod
    def _cumulants(self, j: int, order: int, weights: FloatArray) -> FloatArray:
        """Return the first cumulants (order,) of weights[0] N_j + weights[1] E_j."""

    @abc.abstractmethod
    def _tilted(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        """Return lambda and its derivatives at fields (n,) whose exponents are numbers."""

    @abc.abstractmethod
    def _exponent(self, chi: FloatArray, xi: FloatArray) -> float:
        """Return the largest |x| of the factors e^x that fields (n,) give to single events."""

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return len(self.T)

    @property
    def names(self) -> tuple[str | None, ...] | None:
        """Of the reservoirs (n,), None of one without; None where all are without."""
        return self.flows.names

    def covariance(self, quantity: str = "particle", other: str | None = None) -> FloatArray:
        """Return the zero-frequency covariance S_jq (n, n), per unit time.

        S_jq = lim cov(A_j(t), B_q(t)) / t for what reservoirs j and q lose: d2 lambda at 0. Without
        a factor of two: the noise that engineers call S_I is 2 e^2 S.

        Parameters
        ----------
        quantity : A, 'particle', 'energy' or 'heat': row j.
        other : B, column q; None takes A.

        Returns
        -------
        (n, n) energy^(1 + e) with e how many of A, B are energy or heat. Symmetric where A is B.

        Raises
        ------
        TypeError, ValueError
            if a quantity has another name.
        """
        return covariance_of(self.centred_cumulants, self.mu, quantity, other)

    def cumulants(self, j: int | str, order: int = 6, quantity: str = "particle") -> FloatArray:
        """Return the first cumulants of one current, c_1 = mean, c_2 = noise, c_3, ..., c_order.

        c_m = d^m lambda / dx^m at 0, per unit time, with the field x on what reservoir j loses.

        Parameters
        ----------
        j : index or name of the reservoir.
        order : how many, at least 1.
        quantity : 'particle', 'energy' or 'heat'.

        Returns
        -------
        (order,) of which c_m has units energy^1 for particles, energy^(1 + m) for the others.

        Raises
        ------
        IndexError, KeyError
            if there is no reservoir j.
        TypeError, ValueError
            if the order is no whole number >= 1, or the quantity has another name.
        """
        reservoir = self._reservoir(j)
        count = whole_number("order", order, 1, "Give how many cumulants, 2 for mean and noise.")
        weights = weights_of(checked_quantity("quantity", quantity), self.mu)[:, reservoir]
        return read_only(self._cumulants(reservoir, count, weights))

    def fano(self, j: int | str, quantity: str = "particle") -> float:
        """Return c_2/|c_1| of a current: 1 for independent particles, units of the quantity.

        Infinite for thermal noise without a mean, which is one below the rounding of its gross
        rate; NaN where nothing flows at all, neither mean nor noise.
        """
        return float(fano_factor(*self._mean_noise_scale(j, quantity)))

    def uncertainty(self, j: int | str, quantity: str = "particle") -> float:
        """Return sigma c_2/c_1^2, dimensionless, with sigma = -sum_j Y_j/T_j.

        The thermodynamic uncertainty relation says that it is at least 2 for jumps between
        populations (Barato and Seifert 2015, doi:10.1103/PhysRevLett.114.158101); coherences may
        break it. NaN where the current vanishes: 0/0 at equilibrium.
        """
        sigma = np.asarray(self.entropy_production)
        return float(uncertainty_product(*self._mean_noise_scale(j, quantity), sigma))

    @property
    def entropy_production(self) -> float:
        """Sigma = -sum_j Y_j/T_j, Eq. (3) in the stationary state, units of energy."""
        return -float(np.sum(self.flows.heat / self.T))

    def generating_function(
        self, particle: ArrayLike | None = None, energy: ArrayLike | None = None
    ) -> FloatArray:
        """Return lambda(chi, xi) at real fields.

        The fluctuation theorem of Gallavotti and Cohen is lambda(x) = lambda(-x - A) with
        A = (mu_j/T_j, -1/T_j), on sums over reservoirs that conserve particles and energy or not.

        Parameters
        ----------
        particle, energy : (..., n) fields chi_j, dimensionless, and xi_j, 1/energy; None is 0. Heat
            of reservoir j is counted by x (-mu_j, 1).

        Returns
        -------
        (...) per unit time; lambda(0) = 0.

        Raises
        ------
        TypeError, ValueError
            if the fields are not finite real numbers of this shape, or so large that e to their
            power is no number.
        """
        chi, xi = self._fields("particle", particle), self._fields("energy", energy)
        try:
            chi, xi = np.broadcast_arrays(chi, xi)
        except ValueError:
            raise ValueError(
                f"Arguments `particle` and `energy` must have shapes that go together, but have "
                f"{chi.shape} and {xi.shape}. {_FIELDS}"
            ) from None
        pairs = [*zip(*(x.reshape(-1, self.reservoirs) for x in (chi, xi)), strict=True)]
        values = [self._at(*pair).value for pair in rest_announced("Generating function", pairs)]
        return read_only(np.array(values).reshape(chi.shape[:-1]))

    def bounded(self, particle: FloatArray, energy: FloatArray) -> bool:
        """Return whether e^x is a number for every event at all fields (..., n): others raise."""
        n = self.reservoirs
        pairs = zip(particle.reshape(-1, n), energy.reshape(-1, n), strict=True)
        return all(self._exponent(chi, xi) <= SAFE for chi, xi in pairs)

    def _at(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        """Return lambda and its derivatives, or raise where a factor e^x is no number."""
        exponent = self._exponent(chi, xi)
        if not exponent <= SAFE:
            raise ValueError(
                f"Arguments `particle` and `energy` must leave e^x a number for every event, but "
                f"one gets x = {exponent:.3g}, above {SAFE:g}. Give smaller fields."
            )
        return self._tilted(chi, xi)

    def large_deviation(self, j: int | str, quantity: str, currents: ArrayLike) -> FloatArray:
        """Return the rate function I(i) of a time-averaged current i = A_j/t of reservoir j.

        P(A_j/t = i) ~ e^{-t I(i)},   I(i) = max_x [x i - lambda(x)],

        the Legendre transform of the generating function (Touchette 2009,
        doi:10.1016/j.physrep.2009.05.002). It vanishes at the mean alone.

        Parameters
        ----------
        j : index or name of the reservoir.
        quantity : 'particle', 'energy' or 'heat'.
        currents : (...) i, per unit time.

        Returns
        -------
        (...) I >= 0, units of energy; infinite for a current that no jumps make.

        Raises
        ------
        IndexError, KeyError
            if there is no reservoir j.
        TypeError, ValueError
            if the quantity has another name, or the currents are no finite real numbers, or so far
            from the mean that no field reaches them.
        """
        reservoir = self._reservoir(j)
        weights = weights_of(checked_quantity("quantity", quantity), self.mu)[:, reservoir]
        given = real_array("currents", currents, "Give currents per unit time, as (m,).")
        only = np.zeros(self.reservoirs)
        only[reservoir] = 1.0

        def along(x: float) -> tuple[float, float]:
            tilted = self._tilted(weights[0] * x * only, weights[1] * x * only)
            slope = weights[0] * tilted.particle[reservoir] + weights[1] * tilted.energy[reservoir]
            return tilted.value, float(slope)

        exponent = self._exponent(weights[0] * only, weights[1] * only)
        noise = float(self.covariance(quantity)[reservoir, reservoir])
        rates = rate_function(along, exponent, noise, given)
        if not self.ends and np.any(np.isinf(rates)):
            raise ValueError(
                "Argument `currents` must be made by fields whose e^x are numbers, but "
                f"{float(given[np.isinf(rates)].flat[0])!r} is not. Give currents nearer the mean."
            )
        return read_only(rates)

    def to_dataset(self) -> xr.Dataset:
        """Return means, covariances, Fano factors and uncertainties with named axes and units.

        Over `quantity` (particle, energy, heat) and `reservoir`; covariances also over those of the
        other current.
        """
        from oqs.fluctuations.dataset import dataset_of

        def each(method: Callable[[int, str], float]) -> Callable[[str], FloatArray]:
            return lambda kind: np.array([method(j, kind) for j in range(self.reservoirs)])

        shown = {"fano": each(self.fano), "uncertainty": each(self.uncertainty)}
        return dataset_of(self.flows, self.covariance, shown, self.T, self.mu)

    def summary(self) -> Summary:
        """Return means, noise and Fano factors; a notebook also shows energy and heat."""
        n, names = self.reservoirs, reservoir_names(self.names, self.reservoirs)
        fano = [[self.fano(j, quantity) for j in range(n)] for quantity in QUANTITIES]
        rows = [
            [
                f"{name}, {quantity}",
                few_digits(getattr(self.flows, quantity)[j]),
                few_digits(self.covariance(quantity)[j, j]),
                few_digits(fano[kind][j]),
            ]
            for j, name in enumerate(names)
            for kind, quantity in enumerate(QUANTITIES)
        ]
        facts = [
            ("", ", ".join(names)),
            ("particle flow", few_digits(self.flows.particle)),
            ("noise", few_digits(np.diagonal(self.covariance("particle")))),
            ("Fano factor", few_digits(fano[0])),
        ]
        if not self.theorem_holds:
            facts.append(("fluctuation theorem", "up to the generator's price"))
        heads = ("reservoir", "mean", "noise", "noise/|mean|")
        return Summary(f"Counting statistics of {n} reservoirs", facts, heads, rows)

    def _mean_noise_scale(
        self, j: int | str, quantity: str
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return c_1, c_2 and the gross rate of a current."""
        reservoir = self._reservoir(j)
        name = checked_quantity("quantity", quantity)
        scale = np.abs(weights_of(name, self.mu)[:, reservoir]) @ self.gross[:, reservoir]
        mean = getattr(self.flows, name)[reservoir]
        return mean, self.covariance(name)[reservoir, reservoir], np.asarray(scale)

    def _reservoir(self, j: int | str, argument: str = "j") -> int:
        """Return the index of a reservoir given by name or index."""
        return checked_reservoir(argument, j, self.names, self.reservoirs)

    def _fields(self, name: str, given: ArrayLike | None) -> FloatArray:
        if given is None:
            return np.zeros(self.reservoirs)
        fields = real_array(name, given, _FIELDS)
        if fields.ndim == 0 or fields.shape[-1] != self.reservoirs:
            raise ValueError(
                f"Argument `{name}` must have shape (..., {self.reservoirs}), one field per "
                f"reservoir, but has shape {fields.shape}. {_FIELDS}"
            )
        return fields


def fano_factor(mean: FloatArray, noise: FloatArray, scale: FloatArray) -> FloatArray:
    """Return noise/|mean| (...); infinite where the mean is rounding of its gross rate `scale`."""
    there = np.abs(mean) > _ROUNDING * scale
    without = np.where(noise > 0, math.inf, math.nan)
    return np.where(there, noise / np.where(there, np.abs(mean), 1.0), without)


def uncertainty_product(
    mean: FloatArray, noise: FloatArray, scale: FloatArray, sigma: FloatArray
) -> FloatArray:
    """Return sigma noise/mean^2 (...); NaN where the mean is rounding of its gross rate `scale`."""
    there = np.abs(mean) > _ROUNDING * scale
    return np.where(there, sigma * noise / np.where(there, mean, 1.0) ** 2, math.nan)
