"""Wave functions between small reservoirs, a batch of trajectories in step.

Each round takes every trajectory one step without a jump, or to its jump if that comes first. The
occupations are those of the reservoirs' N_j, E_j after the last jump; what the system's energy has
gained without a jump is settled with the next one.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from thermo.stochastic.jumps.outcome import Extremes, Outcomes
from thermo.stochastic.jumps.random_numbers import PREPARING, KeyArray, uniforms
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.small_reservoir import NO_TEMPERATURE, THERE, occupation
from thermo.stochastic.wave_functions import effective
from thermo.stochastic.wave_functions.jump_operators import WavePlan

_MEASURED: Final = 2**62  # counters of the numbers that draw eigenstates; jumps never come so far
_SEEN = 1e-12  # weight of a wave function that a closed jump would act on


@final
class Recorded(NamedTuple):
    """The first r jumps of M trajectories."""

    time: FloatArray  # (M, r)
    operator: IntArray  # (M, r) of each jump
    released: FloatArray  # (M, r, n) what each reservoir has lost of its energy after it
    state: IntArray  # (M, r) eigenstate of the largest weight after it


def blank_record(plan: WavePlan, count: int, jumps: int) -> Recorded:
    """Return columns for so many trajectories and jumps, to be filled in."""
    whole = np.zeros((count, jumps), dtype=np.int64)
    return Recorded(
        np.zeros((count, jumps)),
        whole,
        np.zeros((count, jumps, len(plan.run.members))),
        whole.copy(),
    )


@final
class WaveWalk:
    """The trajectories that go on, at places `at` of the outcomes."""

    def __init__(
        self,
        plan: WavePlan,
        keys: KeyArray,
        start: tuple[IntArray, IntArray, FloatArray],
        out: Outcomes,
        jumps: Recorded,
    ) -> None:
        self.plan, self.keys, self.out, self.recorded = plan, keys, out, jumps
        state, lost, released = start
        count, n = lost.shape
        dimension, operators = plan.jumps.states, plan.jumps.operators
        self.at = np.arange(count)
        self.lost, self.released = lost.copy(), released.copy()
        self.phi: ComplexArray = plan.basis[:, state].T.copy()
        self.t, self.h, self.wanted = np.zeros(count), np.zeros(count), np.zeros(count)
        self.done = np.zeros(count, dtype=np.int64)
        self.next = np.zeros(count, dtype=np.int64)  # of the times, to be reported
        self.here = np.zeros((3, count, n))
        self.drift, self.held = np.zeros((count, n)), np.zeros(count)
        self.L = np.zeros((count, operators, dimension, dimension), dtype=np.complex128)
        self.K = np.zeros((count, n, dimension, dimension), dtype=np.complex128)
        self.A = np.zeros((count, dimension, dimension), dtype=np.complex128)
        self.stuck = np.full(count, -1)
        self.indefinite = plan.jumps.indefinite
        self.extremes = Extremes(plan.run, out)
        self._settle(np.arange(count))

    def run(self) -> None:
        """Follow all of them to their end."""
        while len(self.at):
            self._step()

    def _settle(self, rows: IntArray) -> None:
        """Look up the reservoirs of trajectories that have jumped, and all that follows of them."""
        plan, jumps = self.plan, self.plan.jumps
        parts = [
            member.at(self.lost[rows, j], self.released[rows, j])
            for j, member in enumerate(plan.run.members)
        ]
        code = np.stack([part.code for part in parts], axis=1)
        outside = np.any(code != THERE, axis=1)  # by energy that moved without a jump
        self.stuck[rows] = np.where(outside, np.argmax(code != THERE, axis=1), -1)
        self.here[:, rows] = np.stack([np.stack([p.entropy, p.T, p.mu]) for p in parts], axis=2)
        at, here, t = self.at[rows[~outside]], self.here[:, rows[~outside]], self.t[rows[~outside]]
        for j in range(len(plan.run.members)):
            self.extremes(at, here, t, np.full(len(at), j))
        occupied = self._occupations(rows)
        values = np.sqrt(jumps.gamma * occupied[:, jumps.quantum]) * jumps.amplitude
        L = np.zeros((len(rows), *self.L.shape[1:]), dtype=np.complex128)
        L[:, jumps.operator, jumps.target, jumps.source] = values
        lost = np.swapaxes(L, 2, 3).conj() @ L
        K = np.zeros((len(rows), *self.K.shape[1:]), dtype=np.complex128)
        for o, j in enumerate(jumps.reservoir.tolist()):
            K[:, j] += lost[:, o]
        total = K.sum(axis=1) / 2
        diagonal = np.arange(jumps.states)
        A = -total
        A[:, diagonal, diagonal] -= 1j * jumps.rotation
        size = np.max(np.sum(np.abs(A), axis=2), axis=1)
        with np.errstate(divide="ignore"):
            self.h[rows] = effective.REACH / size
        self.L[rows], self.K[rows], self.A[rows] = L, K, A
        self.phi[rows] /= np.sqrt(effective.norm(self.phi[rows]))[:, None]
        self.held[rows] = self._energy(self.phi[rows])
        self.drift[rows] = 0.0
        self.wanted[rows] = 1 - uniforms(self.keys[self.at[rows]], PREPARING + 2 * self.done[rows])

    def _occupations(self, rows: IntArray) -> FloatArray:
        """Return what multiplies the rate of each quantum (m, Q); count those that are closed."""
        plan, jumps = self.plan, self.plan.jumps
        factor = np.zeros((len(rows), len(jumps.sign)))
        weight = self.phi[rows].real ** 2 + self.phi[rows].imag ** 2
        for j, member in enumerate(plan.run.members):
            mine = np.flatnonzero((jumps.quantum_reservoir == j) & (jumps.sign != 0))
            still = np.flatnonzero((jumps.quantum_reservoir == j) & (jumps.sign == 0))
            sign, w = jumps.sign[mine], jumps.frequency[mine]
            moved = sign * (0 if jumps.bosonic[j] else 1)
            lost, released = self.lost[rows, j][:, None], self.released[rows, j][:, None]
            there = member.at(lost + moved, released + sign * w)
            S, T, mu = self.here[:, rows, j][..., None]
            loss = S - there.entropy if plan.run.entropic else sign * (w - mu) / T
            open_ = there.code == THERE
            bosonic = np.full(open_.shape, jumps.bosonic[j])
            with np.errstate(over="ignore", divide="ignore"):
                filling = occupation(np.where(open_, loss, 1.0), bosonic)
            factor[:, mine] = np.where(open_, filling, 0.0)
            factor[:, still] = T
            if j in plan.run.rates.varying:
                factor[:, still] *= plan.run.rates.at(j, np.zeros(1), T, mu)
                row, column = np.nonzero(open_)
                factor[row, mine[column]] *= plan.run.rates.between(
                    j,
                    w[column],
                    (T[row, 0], mu[row, 0]),
                    (there.T[open_], there.mu[open_]),
                    entropic=plan.run.entropic,
                )
            seen = self._seen(weight, mine)
            self.out.closed[self.at[rows], j] += np.count_nonzero(seen & ~open_, axis=1)
            ended = np.any(seen & (there.code == NO_TEMPERATURE), axis=1)
            self.stuck[rows] = np.where(ended & (self.stuck[rows] < 0), j, self.stuck[rows])
        factor[self.stuck[rows] >= 0] = 0.0
        return factor

    def _seen(self, weight: FloatArray, quanta: IntArray) -> NDArray[np.bool_]:
        """Return whether the wave functions hold states that each of the quanta leads out of."""
        jumps = self.plan.jumps
        strength = jumps.gamma * np.abs(jumps.amplitude) ** 2
        scale = strength.max()
        seen = np.zeros((len(weight), len(quanta)), dtype=np.bool_)
        for place, quantum in enumerate(quanta.tolist()):
            mine = jumps.quantum == quantum
            seen[:, place] = weight[:, jumps.source[mine]] @ strength[mine] > _SEEN * scale
        return seen

    def _energy(self, phi: ComplexArray) -> FloatArray:
        weight = phi.real**2 + phi.imag**2
        # no matrix product: its rounding depends on the batch
        return np.sum(weight * self.plan.jumps.counted, axis=1)

    def _step(self) -> None:
        plan = self.plan
        end = np.minimum(self.h, plan.run.t_final - self.t)
        end[self.stuck >= 0] = 0.0
        terms = effective.series(self.A, self.phi)
        after = effective.at(terms, end)
        jumping = (effective.norm(after) <= self.wanted) & (self.stuck < 0)
        which = np.flatnonzero(jumping)
        end[which] = effective.moment(terms[which], end[which], self.wanted[which])
        after[which] = effective.at(terms[which], end[which])
        if self.indefinite:
            self.drift += effective.energy_drift(terms, end, self.K, plan.jumps.counted)
        over = ~jumping & (self.h >= plan.run.t_final - self.t) & (self.stuck < 0)
        self._report(terms, end, over)
        self.t = np.where(over, plan.run.t_final, self.t + end)
        self.phi = after
        over |= self.stuck >= 0
        if len(which):
            self._jump(which)
        if over.any():
            self._finish(over)

    def _report(self, terms: ComplexArray, end: FloatArray, over: NDArray[np.bool_]) -> None:
        """Write down what holds at the times within the step; a jump at its end is not yet."""
        times, out = self.plan.run.times, self.out
        last = np.where(over, np.inf, self.t + end)
        while True:
            place = np.minimum(self.next, len(times) - 1)
            rows = np.flatnonzero((self.next < len(times)) & (times[place] < last))
            if not len(rows):
                return
            at, k = self.at[rows], place[rows]
            phi = effective.at(terms[rows], times[k] - self.t[rows])
            out.lost[at, k], out.released[at, k] = self.lost[rows], self.released[rows]
            out.state[at, k] = self._drawn(phi, self.keys[at], _MEASURED + 1 + k)
            self.next[rows] += 1

    def _drawn(self, phi: ComplexArray, keys: KeyArray, counter: IntArray) -> IntArray:
        """Return a state for each wave function (m, D), by its weights."""
        running = np.cumsum(phi.real**2 + phi.imag**2, axis=1)
        mark = uniforms(keys, counter) * running[:, -1]
        return np.argmax(running > mark[:, None], axis=1)

    def _jump(self, rows: IntArray) -> None:
        """Let some trajectories jump, and their reservoirs with them."""
        jumps, at = self.plan.jumps, self.at[rows]
        phi = self.phi[rows]
        phi /= np.sqrt(effective.norm(phi))[:, None]
        reached = (self.L[rows] @ phi[:, None, :, None])[..., 0]  # (m, O, D)
        weight = np.sum(reached.real**2 + reached.imag**2, axis=2)
        running = np.cumsum(weight, axis=1)
        counter = PREPARING + 2 * self.done[rows] + 1
        mark = uniforms(self.keys[at], counter) * running[:, -1]
        o = np.argmax(running > mark[:, None], axis=1)
        m = np.arange(len(rows))
        phi = reached[m, o] / np.sqrt(weight[m, o])[:, None]
        j = jumps.reservoir[o]
        # of the jump itself what the drifts leave over, so that the total energy stays
        gained = self._energy(phi) - self.held[rows] - self.drift[rows].sum(axis=1)
        self.released[rows] += self.drift[rows]
        self.released[rows, j] += gained
        self.lost[rows, j] += jumps.moves[o]
        self.phi[rows] = phi
        kept = np.flatnonzero(self.done[rows] < self.recorded.time.shape[1])
        place = at[kept], self.done[rows[kept]]
        self.recorded.time[place], self.recorded.operator[place] = self.t[rows[kept]], o[kept]
        self.recorded.released[place] = self.released[rows[kept]]
        self.recorded.state[place] = np.argmax(np.abs(phi[kept]), axis=1)
        self.done[rows] += 1
        self._settle(rows)

    def _finish(self, over: NDArray[np.bool_]) -> None:
        """Write down the ends of those that are over, and drop them."""
        out, at = self.out, self.at[over]
        ended = self.phi[over] @ self.plan.basis.conj()  # elements <basis|phi>
        out.tally[at, 0] = self.done[over]
        out.tally[at, 1] = self._drawn(ended, self.keys[at], np.full(len(at), _MEASURED))
        out.tally[at, 2] = self.stuck[over]
        out.end_lost[at], out.end_released[at] = self.lost[over], self.released[over]
        names = ("at", "lost", "released", "phi", "t", "h", "wanted", "done", "next")
        for name in (*names, "drift", "held", "L", "K", "A", "stuck"):
            setattr(self, name, getattr(self, name)[~over])
        self.here = self.here[:, ~over]
