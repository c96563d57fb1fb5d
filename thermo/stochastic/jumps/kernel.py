"""Jumps compiled by numba, one trajectory after the other: the fast engine.

Imported only where numba is there; `lockstep` is the same in numpy, operation by operation. Each
step: the entropies behind every jump out of the present eigenstate (kept from earlier steps while
their reservoir has not changed), the waiting time, the choice of a jump.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, final

import numba
import numpy as np

from oqs.arguments import FloatArray
from thermo.stochastic.jumps.outcome import Outcomes
from thermo.stochastic.jumps.plan import Plan
from thermo.stochastic.jumps.random_numbers import GOLDEN, PREPARING, UNIT, KeyArray, mixed
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.scaled_entropy import PANELS, WIDTH
from thermo.stochastic.small.small_reservoir import (
    CLOSED,
    NO_TEMPERATURE,
    THERE,
    BoseReservoir,
    FixedReservoir,
    ScaledReservoir,
    SmallReservoir,
)

_Function = TypeVar("_Function", bound=Callable[..., object])


def _compiled(function: _Function) -> _Function:
    # numpy's rules of division: what overflows is judged by its value
    return numba.njit(error_model="numpy", nogil=True, cache=True)(function)


@final
class _Tables(NamedTuple):
    """A plan as arrays; what has no comment is as in `Plan` and `RunPlan`."""

    first: IntArray
    jumps: IntArray  # (J, 5) target, reservoir, sign, slot, moves
    reals: FloatArray  # (J, 2) frequency, rate
    reverse: IntArray
    constants: FloatArray  # (n, 9), see `_constants`
    coefficients: FloatArray  # (n, panels, terms)
    pairs: IntArray
    below: FloatArray
    times: FloatArray
    t_final: float


def run_compiled(
    plan: Plan, keys: KeyArray, state: IntArray, lost: IntArray, released: FloatArray, out: Outcomes
) -> None:
    """Follow trajectories from eigenstates (M,) and losses (M, n); fill in `out`."""
    coefficients = [
        member.table.coefficients if isinstance(member, ScaledReservoir) else np.zeros((PANELS, 10))
        for member in plan.run.members
    ]
    tables = _Tables(
        plan.first,
        np.stack([plan.target, plan.reservoir, plan.sign, plan.slot, plan.moves], axis=1),
        np.stack([plan.frequency, plan.rate], axis=1),
        plan.reverse,
        np.array([_constants(member) for member in plan.run.members]),
        np.array(coefficients),
        plan.run.pairs,
        plan.run.below,
        plan.run.times,
        plan.run.t_final,
    )
    _run(tables, plan.run.entropic, keys, state, lost, released, out)


def _constants(member: SmallReservoir) -> list[float]:
    if isinstance(member, FixedReservoir):
        return [0.0, member.T, member.mu, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    if isinstance(member, BoseReservoir):
        return [2.0, member.energy, member.alpha, member.entropy, member.T, 0.0, 0.0, 0.0, 0.0]
    if not isinstance(member, ScaledReservoir):
        raise TypeError(f"The compiled engine does not know {type(member).__name__}.")
    table = member.table
    return [
        1.0,
        member.number,
        member.excess,
        member.ground,
        member.power,
        table.alpha,
        table.lowest,
        table.top,
        WIDTH,
    ]


_mixed: Any = _compiled(mixed)


@_compiled
def _uniform(first: Any, second: Any, counter: int) -> float:
    bits = _mixed(_mixed(first + np.uint64(counter + 1) * GOLDEN) ^ second)
    return np.float64(bits >> np.uint64(11)) * UNIT


@_compiled
def _sigma(c: FloatArray, constants: FloatArray, v: float) -> tuple[float, float]:
    """Return sigma and sigma', as `ScaledEntropy` does."""
    alpha, lowest, width = constants[5], constants[6], constants[8]
    highest = lowest + width * len(c)
    place = (min(max(v, lowest), highest) - lowest) / width
    panel = min(int(place), len(c) - 1)
    u = 2 * (place - panel) - 1
    value, slope = c[panel, c.shape[1] - 1], 0.0
    for k in range(c.shape[1] - 2, -1, -1):
        slope = slope * u + value
        value = value * u + c[panel, k]
    slope *= 2 / width
    if v < lowest:
        below = math.exp(0.5 * (v - lowest))
        return value * below, slope * below
    if v > highest:
        return value + alpha * (v - highest), slope
    return value, slope


@_compiled
def _small(
    constants: FloatArray, c: FloatArray, lost: int, released: float
) -> tuple[int, float, float, float]:
    """Return code, S, T, mu, as `SmallReservoir.at` does."""
    if constants[0] == 0.0:
        T, mu = constants[1], constants[2]
        return THERE, (mu * lost - released) / T, T, mu
    if constants[0] == 2.0:
        if released >= constants[1]:
            return CLOSED, 0.0, 0.0, 0.0
        logarithm, power = math.log1p(-released / constants[1]), 1 / (constants[2] + 1)
        S = constants[3] * math.exp(constants[2] * power * logarithm)
        return THERE, S, constants[4] * math.exp(power * logarithm), 0.0
    number = constants[1] - lost
    if number <= 0:
        return CLOSED, 0.0, 0.0, 0.0
    ground, power = constants[3], constants[4]
    shrunk = power * math.log1p(-lost / constants[1])
    grown = math.expm1(shrunk)
    excess = constants[2] - released - ground * grown
    if excess <= 0:
        return CLOSED, 0.0, 0.0, 0.0
    v = math.log(excess / ground) - shrunk
    if v > constants[7]:
        return NO_TEMPERATURE, 0.0, 0.0, 0.0
    sigma, slope = _sigma(c, constants, v)
    per_particle = 1 / number
    T = excess * per_particle / slope
    mu = power * (excess + ground * (grown + 1)) * per_particle - T * sigma
    return THERE, number * sigma, T, mu


@_compiled
def _look(
    jump: IntArray,
    w: float,
    constants: FloatArray,
    c: FloatArray,
    whole: IntArray,
    real: FloatArray,
    known: IntArray,
    there: FloatArray,
    entropic: bool,
) -> None:
    """Bring what is known of the reservoir behind a jump up to date, and the jump's occupation."""
    j, sign, slot = jump[1], jump[2], jump[3]
    code, S, T, mu = _small(constants[j], c[j], whole[j, 0] + jump[4], real[j, 0] + sign * w)
    known[slot, 0], known[slot, 1] = whole[j, 1], code
    there[slot, 0], there[slot, 1], there[slot, 2] = S, T, mu
    _occupy(real[j], there[slot], sign, w, entropic, jump[4] == 0)


@_compiled
def _occupy(
    here: FloatArray, there: FloatArray, sign: int, w: float, entropic: bool, bosonic: bool
) -> None:
    """Keep n of a jump in, 1 - n of a jump back, as `occupation` does."""
    loss = here[1] - there[0] if entropic else sign * (w - here[3]) / here[2]
    there[3] = 1 / abs(math.expm1(loss)) if bosonic else 1 / (1 + math.exp(loss))


@_compiled
def _weigh(
    begin: int,
    end: int,
    jumps: IntArray,
    reals: FloatArray,
    constants: FloatArray,
    c: FloatArray,
    whole: IntArray,
    real: FloatArray,
    known: IntArray,
    there: FloatArray,
    rates: FloatArray,
    entropic: bool,
    closed: IntArray,
) -> tuple[float, int]:
    """Fill in the rates of the jumps out of a state; return their sum and who has no T, or -1."""
    total = 0.0
    for e in range(begin, end):
        j, slot = jumps[e, 1], jumps[e, 3]
        if known[slot, 0] != whole[j, 1]:
            _look(jumps[e], reals[e, 0], constants, c, whole, real, known, there, entropic)
        code = known[slot, 1]
        if code == NO_TEMPERATURE:
            return 0.0, j
        if code == CLOSED:
            closed[j] += 1
            rates[e - begin] = 0.0
            continue
        rate = reals[e, 1] * there[slot, 3]
        rates[e - begin] = rate
        total += rate
    return total, -1


@_compiled
def _jump(
    jump: IntArray,
    w: float,
    reverse: IntArray,
    whole: IntArray,
    real: FloatArray,
    known: IntArray,
    there: FloatArray,
    entropic: bool,
) -> None:
    """Move the reservoir by a jump; behind the way back is what was here."""
    j, sign, slot = jump[1], jump[2], jump[3]
    back = reverse[slot]
    whole[j, 0] += jump[4]
    whole[j, 1] += 1
    S, T, mu = real[j, 1], real[j, 2], real[j, 3]
    real[j, 0] += sign * w
    real[j, 1], real[j, 2], real[j, 3] = there[slot, 0], there[slot, 1], there[slot, 2]
    known[back, 0], known[back, 1] = whole[j, 1], THERE
    there[back, 0], there[back, 1], there[back, 2] = S, T, mu
    _occupy(real[j], there[back], -sign, w, entropic, jump[4] == 0)


@_compiled
def _watch(
    real: FloatArray,
    order: IntArray,
    pairs: IntArray,
    below: float,
    coldest: FloatArray,
    flips: IntArray,
    first_flip: FloatArray,
    j: int,
    t: float,
) -> None:
    """Keep extremes, first passages and changes of order that reservoir j takes part in."""
    if real[j, 2] < coldest[0]:
        coldest[0], coldest[1] = real[j, 2], t
        if real[j, 2] < below and coldest[2] == np.inf:
            coldest[2] = t
    for q in range(len(pairs)):
        a, b = pairs[q, 0], pairs[q, 1]
        if j not in (a, b):
            continue
        for kind in range(2):
            difference = real[a, 2 + kind] - real[b, 2 + kind]
            now = 1 if difference > 0 else (-1 if difference < 0 else 0)
            if now * order[q, kind] < 0:
                flips[q, kind] += 1
                first_flip[q, kind] = min(first_flip[q, kind], t)
            if now != 0:
                order[q, kind] = now


@_compiled
def _wait(key: KeyArray, counter: int, total: float) -> float:
    """Return the time to the next jump; where all are closed there is none."""
    if total > 0:
        return -math.log1p(-_uniform(key[0], key[1], counter)) / total
    return np.inf


@_compiled
def _choose(rates: FloatArray, count: int, mark: float) -> int:
    """Return the jump at which the running sum of the rates passes `mark`; the last possible."""
    chosen, passed = 0, 0.0
    for e in range(count):
        if rates[e] > 0:
            chosen = e
            passed += rates[e]
            if passed > mark:
                break
    return chosen


@_compiled
def _begin(
    tables: _Tables, lost: IntArray, released: FloatArray, whole: IntArray, real: FloatArray
) -> None:
    """Put the reservoirs where a trajectory begins."""
    for j in range(len(lost)):
        whole[j, 0], whole[j, 1], real[j, 0] = lost[j], 0, released[j]
        _, real[j, 1], real[j, 2], real[j, 3] = _small(
            tables.constants[j], tables.coefficients[j], lost[j], released[j]
        )


@_compiled
def _follow(
    tables: _Tables,
    entropic: bool,
    key: KeyArray,
    s: int,
    whole: IntArray,
    real: FloatArray,
    out: Outcomes,
    i: int,
) -> None:
    """Follow trajectory i, in eigenstate s, to its end."""
    first, jumps, reals, reverse, constants, c, pairs, below, times, t_final = tables
    known, there = np.full((len(reverse), 2), -1), np.zeros((len(reverse), 4))
    rates, order = np.zeros(len(jumps)), np.zeros((len(pairs), 2), np.int64)
    coldest, flips, first_flip, closed = out.coldest[i], out.flips[i], out.first_flip[i], out.closed
    for j in range(len(whole)):
        _watch(real, order, pairs, below[j], coldest[j], flips, first_flip, j, 0.0)
    t, done, reported, stuck = 0.0, 0, 0, -1
    while True:
        begin, end, counter = first[s], first[s + 1], PREPARING + 2 * done
        total, stuck = _weigh(
            begin,
            end,
            jumps,
            reals,
            constants,
            c,
            whole,
            real,
            known,
            there,
            rates,
            entropic,
            closed[i],
        )
        if stuck >= 0:
            break
        t += _wait(key, counter, total)
        while reported < len(times) and times[reported] < t:
            out.lost[i, reported], out.released[i, reported] = whole[:, 0], real[:, 0]
            out.state[i, reported] = s
            reported += 1
        if t > t_final:
            break
        e = begin + _choose(rates, end - begin, _uniform(key[0], key[1], counter + 1) * total)
        if done < out.jump.shape[1]:
            out.jump[i, done], out.jump_time[i, done] = e, t
        _jump(jumps[e], reals[e, 0], reverse, whole, real, known, there, entropic)
        s, j, done = jumps[e, 0], jumps[e, 1], done + 1
        _watch(real, order, pairs, below[j], coldest[j], flips, first_flip, j, t)
    out.tally[i, 0], out.tally[i, 1], out.tally[i, 2] = done, s, stuck
    out.end_lost[i], out.end_released[i] = whole[:, 0], real[:, 0]


@_compiled
def _run(
    tables: _Tables,
    entropic: bool,
    keys: KeyArray,
    state: IntArray,
    lost: IntArray,
    released: FloatArray,
    out: Outcomes,
) -> None:
    whole, real = np.zeros((lost.shape[1], 2), np.int64), np.zeros((lost.shape[1], 4))
    for i in range(len(keys)):
        _begin(tables, lost[i], released[i], whole, real)
        _follow(tables, entropic, keys[i], state[i], whole, real, out, i)
