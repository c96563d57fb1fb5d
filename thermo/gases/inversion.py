"""From (N, E) to (T, mu): the inverse of any equation of state."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, positive, real_array, sequence
from oqs.exports import exported
from thermo.gases.base import EquationOfState, Estimates, GasState, state_function
from thermo.gases.descent import descend
from thermo.gases.newton import capped, moved, newton_step, solved

_ROUNDS = 30  # of the fast route; from a fair guess it takes 3 to 8
_State = Callable[[ArrayLike, ArrayLike], GasState]

NO_PARTICLES = "A reservoir without particles has no mu."


@exported
def invert(
    gas: EquationOfState,
    N: ArrayLike,
    E: ArrayLike,
    *,
    guess: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the (T, mu) at which `gas` has N particles and energy E, per unit capacity.

    Parameters
    ----------
    gas : any equation of state, ours or the user's.
    N, E : (...) particle numbers > 0 and energies; they broadcast together.
    guess : T, mu to begin at, each broadcast to the shape of N; a poor one costs time only.

    Returns
    -------
    T, mu : (...) in units of energy.

    Raises
    ------
    TypeError, ValueError
        if an argument is not finite, N <= 0, or no state of T > 0 within the gas's validity has
        (N, E): E at or below the ground-state energy, or above what a finite band can hold.

    Notes
    -----
    Newton's method in (log T, mu) on all entries at once; an entry on which it fails is descended
    to one by one on a convex function (`thermo.gases.descent`), where nothing can go astray. The
    relative residuals of N and of E (to the larger of |E| and |T dE/dT|) are at most 1e-12 at
    the last state evaluated and one Newton step better at the one returned. T itself is only as
    well determined as E: a relative error e of E moves T of a degenerate gas by (mu/T)^2 e.

    Examples
    --------
    >>> gas = thermo.FermiDiracGas(alpha=1.5)
    >>> T, mu = thermo.invert(gas, gas.number(0.6, 20.8), gas.energy(0.6, 20.8))
    >>> print(f"{T:.6f} {mu:.6f}")
    0.600000 20.800000
    """
    if not isinstance(gas, EquationOfState):
        raise TypeError(
            f"Argument `gas` must be an equation of state, but is {gas!r}. "
            "Give e.g. FermiDiracGas(alpha=1.5)."
        )
    number, energy = np.broadcast_arrays(
        real_array("N", N, "Give particle numbers."),
        real_array("E", E, "Give energies, in the unit of T and mu."),
    )
    positive("N", number, NO_PARTICLES)
    return inverted(gas, number, energy, _start(gas, number, energy, guess))


def inverted(
    gas: EquationOfState, N: FloatArray, E: FloatArray, start: tuple[FloatArray, FloatArray] | None
) -> tuple[FloatArray, FloatArray]:
    """Do as `invert` does for N > 0, E (...), from T, mu (...) of the same shape."""
    if start is None:
        T, mu, solved_there = np.ones(N.shape), np.zeros(N.shape), np.zeros(N.shape, bool)
    else:
        T, mu, solved_there = _newton(state_function(gas), N, E, *start)
        solved_there = solved_there & _valid(gas, T, mu)
    if not solved_there.all():
        T, mu = np.array(T), np.array(mu)
        for place in zip(*np.nonzero(~np.atleast_1d(solved_there)), strict=True):
            index = place if solved_there.ndim else ()
            first = None if start is None else (float(start[0][index]), float(start[1][index]))
            target = float(N[index]), float(E[index])
            T[index], mu[index] = descend(gas, *target, _starts(gas, *target, first))
        gas.check(T, mu)
    return np.asarray(T), np.asarray(mu)


def _start(
    gas: EquationOfState, N: FloatArray, E: FloatArray, guess: tuple[ArrayLike, ArrayLike] | None
) -> tuple[FloatArray, FloatArray] | None:
    """Return where to begin, (...): the user's guess, or the gas's own estimate if it has one."""
    if guess is not None:
        if len(sequence("guess", guess, "Give a pair (T, mu).")) != 2:
            raise ValueError(f"Argument `guess` must be a pair, but is {guess!r}. Give (T, mu).")
        T, mu = (real_array("guess", part, "Give a pair (T, mu).") for part in guess)
        positive("guess", T, "Its temperatures must be positive.")
        if {T.shape, mu.shape} - {(), N.shape}:
            raise ValueError(
                f"Argument `guess` must hold numbers or arrays of the shape {N.shape} of `N`, but "
                f"has shapes {T.shape} and {mu.shape}. Give a pair (T, mu)."
            )
        return np.broadcast_to(T, N.shape).copy(), np.broadcast_to(mu, N.shape).copy()
    if not isinstance(gas, Estimates):
        return None
    pairs = [gas.estimate(float(n), float(e)) for n, e in zip(N.flat, E.flat, strict=True)]
    T, mu = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return T.reshape(N.shape), mu.reshape(N.shape)


def _newton(
    state: _State, N: FloatArray, E: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return T, mu and which entries are solved; Newton's steps, capped but not guarded."""
    nowhere = np.zeros(N.shape, dtype=bool)
    solved_there = nowhere
    for _ in range(_ROUNDS):
        try:
            with np.errstate(all="ignore"):  # a trial may overflow: then the steps are not finite
                now = state(T, mu)
        except ValueError:  # outside where the gas is defined: for the guarded route
            return T, mu, nowhere
        steps = newton_step(now, N, E, T, mu)
        if not np.isfinite(steps).all():
            return T, mu, nowhere
        solved_there = np.asarray(solved(now, N, E, T, *steps))
        fraction = capped(T, mu, *steps)
        T, mu = moved(T, mu, fraction * steps[0], fraction * steps[1])
        if solved_there.all():
            break
    return T, mu, solved_there


def _valid(gas: EquationOfState, T: FloatArray, mu: FloatArray) -> bool:
    try:
        gas.check(T, mu)
    except ValueError:
        return False
    return True


def _starts(
    gas: EquationOfState, N: float, E: float, guess: tuple[float, float] | None
) -> Iterator[tuple[float, float]]:
    """Yield where a descent may begin: the gas's estimate, the guess, states around E/N."""
    if isinstance(gas, Estimates):
        yield gas.estimate(N, E)
    if guess is not None:
        yield guess
    scale = abs(E) / N or 1.0
    for ratio in (-10.0, 0.0, 3.0, 10.0, 100.0, 1e4):
        for T in (1.0, 0.1):
            yield scale * T, scale * T * ratio
        if ratio > 1:
            for mu in (1.3, 3.0, 20.0):
                yield scale * mu / ratio, scale * mu
