"""One Newton step from a state (T, mu) towards given (N, E), shared by both routes of `invert`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.gases.base import GasState

RESIDUAL = 1e-12  # largest relative residual of N and E in a state that is accepted
_SMALL = 1e-8  # a Newton step this small leaves its square behind
_ROUNDING = 2e-15  # a relative residual this small holds no digit of a further step


def newton_step(
    now: GasState, N: FloatArray, E: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the full Newton steps of log T and of mu, (...).

    In heat, T dS = dE - mu dN, the rows of the Jacobian are (N_T, N_mu) and (T S_T, T N_T): well
    conditioned at large mu/T, where those of N and E are nearly parallel. Where the Jacobian is
    singular or underflows the steps are not finite; the caller looks.
    """
    missing = N - now.number
    heat = (E - now.energy) - mu * missing
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        by_T, by_mu = now.jacobian[..., 0, 0], now.jacobian[..., 0, 1]
        ratio = by_T / by_mu
        entropy_by_T = (now.jacobian[..., 1, 0] - mu * by_T) / T
        step = (heat / T - ratio * missing) / (entropy_by_T - ratio * by_T)
        return step / T, missing / by_mu - ratio * step


def is_convex(now: GasState, T: FloatArray, mu: FloatArray) -> bool:
    """Say whether N grows with mu and, at constant N, S with T: every true gas, at any state.

    False too where the derivatives underflow, and so say nothing.
    """
    by_T, by_mu = now.jacobian[..., 0, 0], now.jacobian[..., 0, 1]
    entropy_by_T = (now.jacobian[..., 1, 0] - mu * by_T) / T
    return bool(by_mu > 0 and entropy_by_T > by_T / by_mu * by_T)


def capped(T: FloatArray, mu: FloatArray, step_T: FloatArray, step_mu: FloatArray) -> FloatArray:
    """Return the fraction <= 1 of a step that changes log T by at most 1.5 and mu moderately."""
    reach = np.where(mu >= 0, mu / 2, 0.0) + 4 * T
    shift = np.where(mu >= 0, np.abs(step_mu), np.abs(step_mu - mu * step_T))
    return 1 / np.maximum(1.0, np.maximum(np.abs(step_T) / 1.5, shift / reach))


def moved(
    T: FloatArray, mu: FloatArray, step_T: FloatArray, step_mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return T and mu after a step: along (log T, mu) for mu >= 0, (log T, mu/T) for mu < 0.

    In these variables N and E are nearest to linear: mu alone sets N of a degenerate gas, and
    e^(mu/T) T^alpha that of a classical one.
    """
    factor = np.exp(step_T)
    classical = factor * (mu + step_mu - mu * step_T)
    return T * factor, np.where(mu >= 0, mu + step_mu, classical)


def solved(
    now: GasState,
    N: FloatArray,
    E: FloatArray,
    T: FloatArray,
    step_T: FloatArray,
    step_mu: FloatArray,
) -> NDArray[np.bool_]:
    """Say where a state meets (N, E) to 1e-12 and the step that is left is small or rounding."""
    small = (np.abs(step_T) <= _SMALL) & (np.abs(step_mu) <= _SMALL * T)
    residual = np.maximum(*residuals(now, N, E, T))
    return (residual <= _ROUNDING) | (small & (residual <= RESIDUAL))


def residuals(
    now: GasState, N: FloatArray, E: FloatArray, T: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return |N(T, mu) - N| / N and |E(T, mu) - E| / max(|E|, |T dE/dT|), (...).

    The thermal energy T dE/dT is the scale where E is near the arbitrary zero of energy.
    """
    scale = np.maximum(np.abs(E), np.abs(T * now.jacobian[..., 1, 0]))
    return np.abs(now.number - N) / N, np.abs(now.energy - E) / scale
