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
from thermo.evolution.at_once.refusal import NotAtOnce
from thermo.evolution.at_once.scalar_rates import scalar_rates
from thermo.evolution.at_once.simultaneous import refine
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.integration import STAGES, Integration
from thermo.evolution.stopping_monitor import StoppingMonitor
from thermo.numerics.collocation import radau

# tolerance of the coarse solution and growth of its steps: Newton's method squares the error twice
# in no more time than LSODA once, but in the cold it may need more to begin with
_ROUGH, _FINER = (2e-4, 2.0), (2e-6, 1.5)
_SHOWN, _LEFT = (
    0.5,
    0.8,
)  # of the bar for all iterations, and of that after one: their number is unknown


def solve_at_once(
    dynamics: ReservoirDynamics,
    y: FloatArray,
    t_final: float,
    rtol: float,
    max_steps: int,
    monitor: StoppingMonitor | None,
) -> Integration:
    """Integrate dy/dt = dynamics(y) from t = 0 as `integrate` does, on other steps.

    The same polynomials, stage equations and tolerance. No monitor: on to t_final.

    Raises NotAtOnce where batching states does not pay for the law, there is no coarse solution to
    begin with, Newton's method does not converge on it, or the stopping rule has to look closer.
    """
    if math.isinf(t_final) and (monitor is None or monitor.rule.goal is None):
        raise NotAtOnce("no end is known")
    rates = scalar_rates(dynamics)
    if rates is None:
        raise NotAtOnce("batching states does not pay for the law")
    iterations = itertools.count(1)

    def iterated() -> None:
        if monitor is not None:
            monitor.bar.update(_SHOWN * (1 - _LEFT ** next(iterations)))

    def attempt(tolerance: float, growth: float) -> Integration:
        with np.errstate(all="ignore"):  # states that are not finite are refused
            first = coarse(dynamics, rates, y, t_final, monitor, tolerance, growth)
            iterated()
            fine = refine(dynamics, *first, rtol, max_steps, iterated)
        return _ended(*fine, t_final, monitor)

    try:
        return attempt(*_ROUGH)
    except NotAtOnce:
        return attempt(*_FINER)


def _ended(
    edges: FloatArray, values: FloatArray, t_final: float, monitor: StoppingMonitor | None
) -> Integration:
    """Return the solution up to equilibrium or t_final; NotAtOnce if it comes to neither."""
    method = radau(STAGES)
    arrived = None if monitor is None else monitor.arrived(edges, values[:, -1], values[:, 0])
    if arrived is not None:
        solution = method.solution(edges[: arrived + 2], values[: arrived + 1])
        return Integration(solution, "equilibrated")
    if edges[-1] < t_final:
        raise NotAtOnce("whether it is over is to be looked at step by step")
    return Integration(method.solution(edges, values), "t_final")
