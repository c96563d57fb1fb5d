"""Two levels that feel each other's charge, solved by hand: four states in a ring.

    empty - 1 - both - 2 - empty

A spinful Anderson dot (levels: spin up and down) and two capacitively coupled dots are both of this
kind. In the ring every step has one way there and one way back, and the stationary populations are
sums of products of rates (the Markov chain tree theorem): nothing is eliminated or subtracted. No
code of `oqs` is used.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray


@final
@dataclasses.dataclass(frozen=True)
class Lead:
    """What one reservoir does to one of the two levels."""

    level: int  # 0 or 1
    alone: float  # rate while the other level is empty, where the level is at its bare energy
    beside: float  # rate while the other level is full, at the bare energy + U
    T: float  # of the reservoir, units of energy
    mu: float  # of the reservoir, units of energy

    def filled(self, energy: float) -> float:
        """Return n(energy) = 1 / (exp((energy - mu)/T) + 1)."""
        return 1 / (math.exp((energy - self.mu) / self.T) + 1)


@final
class RingFlows(NamedTuple):
    """Populations of (empty, 1, both, 2), and the flows P, J of each lead; > 0 where it loses."""

    populations: FloatArray
    particle: FloatArray
    energy: FloatArray


def ring_flows(levels: tuple[float, float], U: float, leads: list[Lead]) -> RingFlows:
    """Return the exact stationary populations and flows.

        W p = 0 with p = (p_0, p_1, p_12, p_2);
        0 -> 1 at e_1, 1 -> 12 at e_2 + U, 12 -> 2 at e_1 + U (back), 2 -> 0 at e_2 (back).

    Parameters
    ----------
    levels, U : bare energies, and what both cost together.
    leads : each touches one level.
    """
    # step k joins ring state k and k + 1: which level fills (+) or empties (-), the other full?
    steps = ((0, +1, False), (1, +1, True), (0, -1, True), (1, -1, False))
    up, down = np.zeros((len(leads), 4)), np.zeros((len(leads), 4))
    energy = np.array([levels[level] + (U if beside else 0.0) for level, _, beside in steps])
    for j, lead in enumerate(leads):
        for k, (level, _, beside) in enumerate(steps):
            if lead.level == level:
                rate = lead.beside if beside else lead.alone
                occupied = lead.filled(energy[k])
                up[j, k], down[j, k] = rate * occupied, rate * (1 - occupied)
    fills = np.array([sign > 0 for _, sign, _ in steps])
    there = np.where(fills, up, down)  # (leads, 4): along the ring
    back = np.where(fills, down, up)
    p = ring_populations(there.sum(axis=0), back.sum(axis=0))
    entered = np.where(fills, there * p - back * np.roll(p, -1), back * np.roll(p, -1) - there * p)
    return RingFlows(p, entered.sum(axis=1), entered @ energy)


def ring_populations(there: FloatArray, back: FloatArray) -> FloatArray:
    """Return the stationary p (4,) of a ring with rates k -> k+1 `there` and k+1 -> k `back`.

    p_i is proportional to the sum over the four trees (the ring with step c cut) of the product of
    the rates of all other steps, each directed towards i.
    """
    p = np.zeros(4)
    for state in range(4):
        for cut in range(4):
            product = 1.0
            for distance in range(1, 4):  # forward from just behind the cut up to the state
                k = (cut + distance) % 4
                before = (state - (cut + 1)) % 4  # how many steps lie between the cut and the state
                product *= there[k] if distance <= before else back[k]
            p[state] += product
    return p / p.sum()


def harvested(U: float, leads: list[Lead], gate_heat: float) -> float:
    """Return the particles that lead 0 loses at equal T, mu of leads 0 and 1, per gate heat J_g.

        P_L = (J_g / U) (G_L0 G_R1 - G_L1 G_R0) / [(G_L0 + G_R0)(G_L1 + G_R1)],

    G_jm the rate of lead j to level 0 while level 1 holds m particles. In each turn of the ring
    the gate gives U; a particle enters by lead j with probability G_j0 / (G_L0 + G_R0), and leaves
    likewise at e + U. Sanchez and Buttiker 2011, doi:10.1103/PhysRevB.83.085428, Eq. (11).
    """
    left, right = leads[0], leads[1]
    asymmetry = left.alone * right.beside - left.beside * right.alone
    total = (left.alone + right.alone) * (left.beside + right.beside)
    return gate_heat / U * asymmetry / total
