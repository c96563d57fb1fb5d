"""Tasks: jumps of small reservoirs, compiled and in step; levels of explicit reservoirs."""

from __future__ import annotations

import numpy as np
from timing import Task, Timing, best
from trajectories import CONTACTS, MU, SYSTEM, T

import oqs
import thermo
from thermo.stochastic.jumps.lockstep import run_in_step
from thermo.stochastic.jumps.outcome import blank
from thermo.stochastic.jumps.random_numbers import keys

_END = 8.6e4  # t/(A V)


def jumps(capacity: int) -> Timing:
    """Return seconds a jump of Fig. 1 with an exact gas, compiled, beside numpy's."""
    boxes = [thermo.Reservoir(thermo.FermiDiracGas(1.5), float(capacity))] * len(T)
    model, end = oqs.davies(SYSTEM, CONTACTS), _END * capacity

    def run(trajectories: int) -> thermo.StochasticEnsemble:
        return thermo.evolve_stochastic(
            model, boxes, T, MU, trajectories=trajectories, t_final=end, seed=1, times=[end]
        )

    many = run(500)
    per_jump = best(lambda: run(500)) / many.jumps.sum()
    runs = many.runs

    def in_step() -> None:
        random = keys(runs.seed, 0, 500)
        run_in_step(runs.plan, random, *runs.preparation.draw(random), blank(runs.run, 500))

    return Timing(per_jump, best(in_step) / many.jumps.sum())


def explicit(levels: int) -> Timing:
    """Return seconds of 200 times with so many levels of each of two reservoirs."""
    boxes = [thermo.Reservoir(thermo.FermiDiracGas(1.5), 100.0)] * len(T)
    times = np.linspace(0, 100 * _END, 200)
    exact = thermo.explicit_reservoirs(SYSTEM, CONTACTS, boxes, levels=levels)
    return Timing(best(lambda: exact.evolve(T, MU, times)))


TASKS = {
    "jumps": Task(
        "a jump of small reservoirs, by capacity", (1, 10, 100), jumps, "numpy, 500 in step"
    ),
    "explicit": Task("explicit reservoirs, 200 times", (250, 500, 1000), explicit),
}
