"""The interface of equations of state, and the checks that all gases share."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast, final, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array, positive_number, together
from oqs.exports import exported
from oqs.summary import shown_by_fields


@exported
@final
@shown_by_fields
class GasState(NamedTuple):
    """The thermodynamic functions at one set of states (T, mu), per unit capacity (A V = 1).

    Parameters
    ----------
    number : (...) particle number N.
    energy : (...) internal energy E, in units of energy.
    entropy : (...) entropy S, k_B = 1.
    jacobian : (..., 2, 2) [[dN/dT, dN/dmu], [dE/dT, dE/dmu]].

    Examples
    --------
    >>> state = thermo.SommerfeldGas(alpha=1.0).state(0.5, 10.0)
    >>> print(f"N = {state.number:.1f}, E = {state.energy:.4f}, S = {state.entropy:.4f}")
    N = 10.0, E = 50.4112, S = 1.6449
    >>> state.jacobian.round(4)
    array([[ 0.    ,  1.    ],
           [ 1.6449, 10.    ]])
    """

    number: FloatArray
    energy: FloatArray
    entropy: FloatArray
    jacobian: FloatArray


@exported
@runtime_checkable
class EquationOfState(Protocol):
    """N, E, S of a reservoir as functions of T and mu, per unit capacity; all that evolve needs.

    T and mu are in units of energy (k_B = 1) and broadcast together to the shape written (...).
    An implementation must obey thermodynamics, T dS = dE - mu dN: `invert` and `equilibrium`
    rely on the convexity of log Xi = S - E/T + mu N/T in (1/T, mu/T), and the entropy along a
    trajectory grows only then.

    Examples
    --------
    >>> isinstance(thermo.FermiDiracGas(alpha=1.5), thermo.EquationOfState)
    True
    """

    def number(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return the particle number N, (...)."""

    def energy(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return the energy E, (...), in units of energy."""

    def entropy(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return the entropy S, (...)."""

    def jacobian(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return [[dN/dT, dN/dmu], [dE/dT, dE/dmu]], (..., 2, 2)."""

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError where a state (T, mu) lies outside the validity of this gas."""


class JointEquationOfState(EquationOfState, Protocol):
    """An equation of state that gives everything at once, cheaper than one by one."""

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian at (T, mu)."""


class JointGas(abc.ABC):
    """A gas that works everything out at once; N, E, S and the Jacobian are parts of that."""

    @abc.abstractmethod
    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together."""

    @abc.abstractmethod
    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError where a state (T, mu) lies outside the validity of this gas."""

    def number(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return N, (...); T and mu broadcast together, in units of energy."""
        return self.state(T, mu).number

    def energy(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return E, (...), in units of energy."""
        return self.state(T, mu).energy

    def entropy(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return S, (...), k_B = 1."""
        return self.state(T, mu).entropy

    def jacobian(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return [[dN/dT, dN/dmu], [dE/dT, dE/dmu]], (..., 2, 2)."""
        return self.state(T, mu).jacobian


@runtime_checkable
class Estimates(Protocol):
    """An equation of state that knows where to begin the search for (N, E)."""

    def estimate(self, N: float, E: float) -> tuple[float, float]:
        """Return a state (T, mu) near (N, E); raise ValueError if no state has (N, E)."""


def state_function(gas: EquationOfState) -> Callable[[ArrayLike, ArrayLike], GasState]:
    """Return the function (T, mu) -> GasState of any gas: its own `state` where it has one.

    The attribute alone tells: an isinstance check of a protocol costs 20 us.
    """
    if hasattr(gas, "state"):
        return cast(JointEquationOfState, gas).state

    def one_by_one(T: ArrayLike, mu: ArrayLike) -> GasState:
        return GasState(
            gas.number(T, mu), gas.energy(T, mu), gas.entropy(T, mu), gas.jacobian(T, mu)
        )

    return one_by_one


def states(T: ArrayLike, mu: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return T > 0, mu and x = mu/T as arrays, or raise ValueError naming the one at fault.

    It runs at every right-hand side: one pass over each array, the sentence only on failure.
    """
    temperature = float_array("T", T, "Give temperatures in units of energy (k_B = 1).")
    potential = float_array("mu", mu, "Give chemical potentials in units of energy.")
    if temperature.size and not (
        np.minimum.reduce(temperature, axis=None) > 0
        and np.maximum.reduce(temperature, axis=None) < np.inf
    ):
        raise ValueError(
            f"Argument `T` must be positive and finite, but holds {_worst(temperature)}. "
            "Temperatures are absolute; the limit T -> 0 is reached with a small T."
        )
    if potential.size and not (
        np.minimum.reduce(potential, axis=None) > -np.inf
        and np.maximum.reduce(potential, axis=None) < np.inf
    ):
        raise ValueError(
            f"Argument `mu` must be finite, but holds {_worst(potential)}. "
            "Give chemical potentials in units of energy."
        )
    if temperature.shape != potential.shape:
        together("`T` and `mu`", temperature, potential)
    return temperature, potential, potential / temperature


def within_doubles(
    evaluate: Callable[[FloatArray, FloatArray, FloatArray], GasState],
    gas: EquationOfState,
    T: ArrayLike,
    mu: ArrayLike,
) -> GasState:
    """Return evaluate(T, mu, x = mu/T), or raise ValueError where a number overflows.

    Underflow is honest: a dilute gas has N = 0 to double precision.
    """
    try:
        with np.errstate(over="raise"):
            return evaluate(*states(T, mu))
    except FloatingPointError:
        raise ValueError(
            f"Arguments `T` and `mu` must keep N, E and S of {gas!r} below 1e308, but "
            f"T up to {np.max(T):.6g} with mu up to {np.max(mu):.6g} overflows. "
            "Choose a larger unit of energy."
        ) from None


def alpha_argument(alpha: object, remedy: str = "") -> float:
    """Return the exponent alpha = D/d of a power-law gas, finite and > 0."""
    return positive_number(
        "alpha",
        alpha,
        "It is D/d of a D-dimensional gas with spectrum eps = c p^d; 3/2 for massive particles "
        "in three dimensions." + remedy,
    )


def _worst(array: FloatArray) -> float:
    """Return the entry to show: a non-finite one if there is one, else the smallest."""
    bad = array[~np.isfinite(array)]
    return float(bad[0]) if bad.size else float(array.min())
