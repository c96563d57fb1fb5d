"""A quick evolution at loose tolerances: SciPy's LSODA in plain Python numbers.

A relaxation is smooth in log t, so a polynomial of degree 9 on every doubling of time follows it.
LSODA is asked for y(t) at the nodes of these pieces, all in one call; between them the polynomials
are as good as LSODA was, which their last coefficients tell. What this cannot do - other laws, many
levels, flows that turn too quickly - is left to `thermo.integration`.
"""

from __future__ import annotations

import threading
import warnings

import numpy as np
from scipy.integrate import ODEintWarning, odeint

from oqs.arguments import FloatArray
from thermo.collocation import radau
from thermo.integration import FIRST, STAGES, Integration, Watch
from thermo.interpolation import grid, on_steps
from thermo.plain_rates import plain_rates
from thermo.slow_flow import SlowFlow

LOOSE = 1e-6  # tolerance from which on LSODA's many small errors stay within it

_DOUBLINGS = 60  # of the first piece, where nothing else ends the evolution
_SHARPER = 0.1  # of the tolerance of a step, for LSODA's many steps
_ONE = threading.Lock()
_FAILURES = (ValueError, ArithmeticError, ODEintWarning)


def quick(
    slow: SlowFlow, y: FloatArray, t_final: float, rtol: float, max_steps: int, watch: Watch
) -> Integration | None:
    """Integrate dy/dt = slow(y) from t = 0 as `integrate` does, or return None.

    None where the flow has no plain form, LSODA stops on the way, the pieces do not follow y(t)
    within rtol, or the watch gives no verdict by the end.
    """
    rates = plain_rates(slow) if rtol >= LOOSE else None
    if rates is None:
        return None
    calls = 0

    def counted(state: FloatArray, t: float) -> list[float]:
        nonlocal calls
        calls += 1
        return rates(state, t)

    try:
        scale = slow.scale(y)
        fastest = float(np.max(np.abs(rates(y, 0.0)) / scale))
        if not fastest > 0:
            return None
        edges = _edges(FIRST / fastest, t_final)
        times = grid(edges, radau(STAGES).nodes)
        # one at a time: LSODA before SciPy 1.15 kept its state where threads share it
        with _ONE, warnings.catch_warnings():
            warnings.simplefilter("error", ODEintWarning)
            values = odeint(
                counted,
                y,
                times,
                rtol=_SHARPER * rtol,
                atol=_SHARPER * rtol * scale,
                mxstep=max_steps,
            )
    except _FAILURES:
        return None
    finally:
        slow.evaluations += calls
    return _judged(slow, edges, values, t_final, rtol, watch)


def _edges(first: float, t_final: float) -> FloatArray:
    """Return 0, the first step, its doublings; up to t_final if that is finite."""
    edges = np.concatenate([[0.0], first * 2.0 ** np.arange(_DOUBLINGS)])
    if not np.isfinite(t_final):
        return edges
    within = edges[edges < t_final]
    return np.append(within, t_final)


def _judged(
    slow: SlowFlow,
    edges: FloatArray,
    values: FloatArray,
    t_final: float,
    rtol: float,
    watch: Watch,
) -> Integration | None:
    """Return the solution up to the watch's verdict, if its pieces are good up to there."""
    method = radau(STAGES)
    steps = np.concatenate(
        [values[:-1:STAGES, None], values[1:].reshape(-1, STAGES, values.shape[1])], axis=1
    )  # (steps, stages + 1, 2n)
    tails = np.abs(method.legendre[-2:] @ steps).max(axis=1)
    for step, (end, reached) in enumerate(zip(edges[1:].tolist(), steps, strict=True), start=1):
        if not np.max(tails[step - 1] / slow.scale(reached[0])) <= rtol:
            return None
        verdict = watch(end, reached[-1], reached[0])
        if verdict is None and end == t_final:
            verdict = "t_final"
        if verdict is not None:
            coefficients = np.concatenate(
                [np.zeros((1, *steps.shape[1:])), method.monomial @ steps[:step]]
            )
            coefficients[0, 0] = values[0]
            return Integration(on_steps(edges[: step + 1], coefficients), verdict)
    return None
