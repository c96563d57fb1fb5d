"""A quick evolution: a coarse solution of the whole relaxation, refined on all steps at once.

What this cannot do - other laws, many levels, rest away from equilibrium, flows that jump - is left
to `thermo.evolution.integration`, step by step.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from oqs.arguments import FloatArray
from thermo.evolution.at_once.coarse_run import coarse
from thermo.evolution.at_once.plain_rates import plain_rates
from thermo.evolution.at_once.simultaneous import refine
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import STAGES, Integration
from thermo.evolution.watch import Watch
from thermo.numerics.collocation import radau

# tolerance of the coarse solution and growth of its steps: Newton's method squares the error twice
# in no more time than LSODA once, but in the cold it may need more to begin with
_ATTEMPTS = ((2e-4, 2.0), (2e-6, 1.5))
_SHOWN, _LEFT = 0.5, 0.8  # of the bar for all turns, and of that after one: nobody knows how many


def quick(
    dynamics: ReservoirDynamics,
    y: FloatArray,
    t_final: float,
    rtol: float,
    max_steps: int,
    watch: Watch | None,
) -> Integration | None:
    """Integrate dy/dt = dynamics(y) from t = 0 as `integrate` does, or return None.

    The same polynomials, stage equations and tolerance, on other steps. None where there is no
    coarse solution to begin with, Newton's method does not converge on it, or the watch has to
    look closer. No watch: on to t_final.
    """
    endless = math.isinf(t_final) and (watch is None or watch.goal is None)
    rates = None if endless else plain_rates(dynamics)
    if rates is None:
        return None
    turns = itertools.count(1)

    def turned() -> None:
        if watch is not None:
            watch.bar.update(_SHOWN * (1 - _LEFT ** next(turns)))

    for attempt in _ATTEMPTS:
        try:
            with np.errstate(all="ignore"):  # what is not finite is refused
                first = coarse(dynamics, rates, y, t_final, watch, *attempt)
                turned()
                fine = None if first is None else refine(dynamics, *first, rtol, max_steps, turned)
        except Exception:  # law or gas refuse a trial state: step by step it is not met, or named
            continue
        run = None if fine is None else _ended(*fine, t_final, watch)
        if run is not None:
            return run
    return None


def _ended(
    edges: FloatArray, values: FloatArray, t_final: float, watch: Watch | None
) -> Integration | None:
    """Return the solution up to equilibrium or t_final, if it comes to either."""
    method = radau(STAGES)
    arrived = None if watch is None else watch.arrived(edges, values[:, -1], values[:, 0])
    if arrived is not None:
        solution = method.solution(edges[: arrived + 2], values[: arrived + 1])
        return Integration(solution, "equilibrated")
    if edges[-1] < t_final:
        return None
    return Integration(method.solution(edges, values), "t_final")
