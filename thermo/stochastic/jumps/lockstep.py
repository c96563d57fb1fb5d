"""Jumps in numpy, a batch of trajectories in step: the engine without numba, for any gas.

The same operations in the same order as in `kernel`, from the same random numbers: the same jumps.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from thermo.stochastic.jumps.outcome import Extremes, Outcomes
from thermo.stochastic.jumps.plan import Plan
from thermo.stochastic.jumps.random_numbers import PREPARING, KeyArray, uniforms
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.small_reservoir import NO_TEMPERATURE, THERE, occupation


def run_in_step(
    plan: Plan, keys: KeyArray, state: IntArray, lost: IntArray, released: FloatArray, out: Outcomes
) -> None:
    """Follow trajectories from eigenstates (M,) and losses (M, n); fill in `out`."""
    walk = _Walk(plan, keys, state, lost, released, out)
    with np.errstate(over="ignore", divide="ignore"):  # e^x overflows where a jump is negligible
        while len(walk.at):
            walk.step()


@final
class _Walk:
    """The trajectories that go on, at places `at` of the outcomes."""

    def __init__(
        self,
        plan: Plan,
        keys: KeyArray,
        state: IntArray,
        lost: IntArray,
        released: FloatArray,
        out: Outcomes,
    ) -> None:
        self.plan, self.keys, self.out = plan, keys, out
        self.table = plan.out
        self.at = np.arange(len(state))
        self.state, self.lost, self.released = state.copy(), lost.copy(), released.copy()
        parts = [member.at(lost[:, j], released[:, j]) for j, member in enumerate(plan.run.members)]
        # S, T, mu of each reservoir, (3, M, n)
        self.here = np.stack([np.stack([p.entropy, p.T, p.mu]) for p in parts], axis=2)
        self.t, self.done = np.zeros(len(state)), 0
        self._since = np.full(len(state), -np.inf)  # before which all times are written
        self.extremes = Extremes(plan.run, out)
        for j in range(len(plan.run.members)):
            self.extremes(self.at, self.here, self.t, np.full(len(state), j))

    def step(self) -> None:
        """Let each trajectory jump once."""
        plan, jump = self.plan, self.table[self.state]
        rates, code, there = self._weigh(jump)
        running = np.cumsum(rates, axis=1)
        total = running[:, -1]
        self._refuse(jump, code)
        counter = np.full(len(self.at), PREPARING + 2 * self.done)
        key = self.keys[self.at]
        wait = np.where(total > 0, -np.log1p(-uniforms(key, counter)) / total, np.inf)
        before, self.t = self.t, self.t + wait
        stuck = np.any(code == NO_TEMPERATURE, axis=1)
        self._report(np.where(stuck, before, self.t))
        goes_on = (self.t <= plan.run.t_final) & ~stuck
        mark = uniforms(key, counter + 1) * total
        passed = (running > mark[:, None]) & (rates > 0)
        last = rates.shape[1] - 1 - np.argmax(rates[:, ::-1] > 0, axis=1)
        column = np.where(passed.any(axis=1), np.argmax(passed, axis=1), last)
        self._keep(goes_on)
        self._jump(jump[goes_on, column[goes_on]], there[:, goes_on, column[goes_on]])

    def _weigh(self, jump: IntArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return rates and codes of the jumps (m, most), and S, T, mu behind them."""
        plan, real = self.plan, jump >= 0
        j, sign, w = plan.reservoir[jump], plan.sign[jump], plan.frequency[jump]
        moves = plan.moves[jump]
        code = np.full(jump.shape, -1)
        there = np.zeros((3, *jump.shape))
        for which, member in enumerate(plan.run.members):
            row, column = np.nonzero(real & (j == which))
            s = sign[row, column]
            lost = self.lost[row, which] + moves[row, column]
            small = member.at(lost, self.released[row, which] + s * w[row, column])
            code[row, column] = small.code
            there[:, row, column] = small.entropy, small.T, small.mu
        rows = np.arange(len(jump))[:, None]
        S, T, mu = self.here[:, rows, j]
        loss = S - there[0] if plan.run.entropic else sign * (w - mu) / T
        open_ = code == THERE
        filling = occupation(np.where(open_, loss, 1.0), moves == 0)
        rates: FloatArray = np.where(open_, plan.rate[jump] * filling, 0.0)
        for which in plan.run.rates.varying:
            mine = open_ & (j == which)
            rates[mine] *= plan.run.rates.between(
                which,
                w[mine],
                (T[mine], mu[mine]),
                (there[1][mine], there[2][mine]),
                entropic=plan.run.entropic,
            )
        return rates, code, there

    def _refuse(self, jump: IntArray, code: IntArray) -> None:
        """Count what is closed up to the first jump to where a gas has no T, and name its gas."""
        wrong = code == NO_TEMPERATURE
        seen = np.cumsum(wrong, axis=1) == 0
        for which in range(len(self.plan.run.members)):
            mine = self.plan.reservoir[jump] == which
            closed = (code != THERE) & (jump >= 0) & seen & mine
            self.out.closed[self.at, which] += np.count_nonzero(closed, axis=1)
        stuck = wrong.any(axis=1)
        first = np.argmax(wrong, axis=1)[stuck]
        self.out.tally[self.at, 2] = -1
        self.out.tally[self.at[stuck], 2] = self.plan.reservoir[jump[stuck, first]]

    def _report(self, until: FloatArray) -> None:
        """Write down what holds at the times before `until` that are not yet written."""
        times, out = self.plan.run.times, self.out
        begin = np.searchsorted(times, self._since, side="left")
        count = np.searchsorted(times, until, side="left") - begin
        rows = np.repeat(np.arange(len(count)), count)
        place = np.arange(len(rows)) + np.repeat(begin + count - np.cumsum(count), count)
        out.lost[self.at[rows], place] = self.lost[rows]
        out.released[self.at[rows], place] = self.released[rows]
        out.state[self.at[rows], place] = self.state[rows]
        self._since = until

    def _keep(self, goes_on: NDArray[np.bool_]) -> None:
        """Write down the ends of those that are over, and drop them."""
        over, out = self.at[~goes_on], self.out
        out.tally[over, 0], out.tally[over, 1] = self.done, self.state[~goes_on]
        out.end_lost[over], out.end_released[over] = self.lost[~goes_on], self.released[~goes_on]
        for name in ("at", "state", "lost", "released", "t", "_since"):
            setattr(self, name, getattr(self, name)[goes_on])
        self.here = self.here[:, goes_on]

    def _jump(self, jump: IntArray, there: FloatArray) -> None:
        if self.done < self.out.jump.shape[1]:
            self.out.jump[self.at, self.done] = jump
            self.out.jump_time[self.at, self.done] = self.t
        plan, rows = self.plan, np.arange(len(jump))
        j, sign = plan.reservoir[jump], plan.sign[jump]
        self.lost[rows, j] += plan.moves[jump]
        self.released[rows, j] += sign * plan.frequency[jump]
        self.here[:, rows, j] = there
        self.state = plan.target[jump]
        self.done += 1
        self.extremes(self.at, self.here, self.t, j)
