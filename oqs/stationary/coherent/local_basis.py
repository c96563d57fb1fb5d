"""In degenerate levels, the states that jumps tell apart, each with its own relative precision.

A level of several states may hold combinations that are hardly ever left: dark ones, on which the
amplitudes of the strong jumps cancel. In any other basis their rates are differences of the strong
ones and drown in their rounding, so the level is rotated, at each T and mu, to the states that
diagonalise its total jump rate.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.eigenoperators import Elements
from oqs.numerics.clusters import IntArray
from oqs.numerics.graded_basis import graded_basis

_ROUNDING = 8 * np.finfo(float).eps  # of a block's norm, after two rotations


@final
class JumpBlock(NamedTuple):
    """<lower| S_a(w) |upper> of one channel between the states of two clusters.

    Parameters
    ----------
    contact, kappa, channel : whose jumps these are.
    lower, upper : the two clusters.
    amplitude : (g, g') complex.
    """

    contact: int
    kappa: int
    channel: int
    lower: int
    upper: int
    amplitude: ComplexArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class JumpBlocks:
    """All jumps, between sets of degenerate states within which a basis may be chosen.

    Parameters
    ----------
    members : the states of each cluster.
    blocks : one for each channel, frequency and pair of clusters that it links, if one of the two
        holds several states.
    others : the jumps of each contact between single states.
    """

    members: tuple[IntArray, ...]
    blocks: tuple[JumpBlock, ...]
    others: tuple[Elements, ...]

    @classmethod
    def of(cls, elements: Sequence[Elements], label: IntArray) -> JumpBlocks:
        """Sort the elements of all contacts into blocks; `label` (D,) is each state's cluster."""
        members = tuple(np.flatnonzero(label == k) for k in range(int(label.max()) + 1))
        rank = np.empty(len(label), dtype=np.intp)
        for states in members:
            rank[states] = np.arange(len(states))
        alone = np.bincount(label)[label] == 1
        blocks, others = [], []
        for j, e in enumerate(elements):
            single = alone[e.lower] & alone[e.upper]
            others.append(e.where(single))
            e = e.where(~single)
            keys = np.stack([e.kappa, e.channel, label[e.lower], label[e.upper]], axis=1)
            distinct, which = np.unique(keys, axis=0, return_inverse=True)
            order = np.argsort(which.ravel(), kind="stable")
            ends = np.cumsum(np.bincount(which.ravel(), minlength=len(distinct)))
            for key, here in zip(distinct.tolist(), np.split(order, ends[:-1]), strict=False):
                kappa, channel, low, high = key
                amplitude = np.zeros((len(members[low]), len(members[high])), dtype=np.complex128)
                amplitude[rank[e.lower[here]], rank[e.upper[here]]] = e.amplitude[here]
                blocks.append(JumpBlock(j, kappa, channel, low, high, amplitude))
        return cls(members, tuple(blocks), tuple(others))

    @property
    def products(self) -> float:
        """How many products of two amplitudes a generator has in local bases."""
        alone = sum(len(e.lower) for e in self.others)
        return 2.0 * (alone + sum(block.amplitude.size**2 for block in self.blocks))

    def spread(self, down: FloatArray, up: FloatArray) -> float:
        """Return the slowest over the fastest of the blocks that leave a degenerate level.

        Parameters as in `rotated`; the smallest quotient of all levels of several states.
        """
        several = np.array([len(states) > 1 for states in self.members])
        contact, kappa, lower, upper, strength = self._strengths
        slowest, fastest = np.full(len(several), np.inf), np.zeros(len(several))
        for level, weight in ((upper, down), (lower, up)):
            rates = weight[contact, kappa] * strength
            np.minimum.at(slowest, level, rates)
            np.maximum.at(fastest, level, rates)
        driven = several & (fastest > 0)
        return float(np.min(slowest[driven] / fastest[driven], initial=1.0))

    @functools.cached_property
    def _strengths(self) -> tuple[IntArray, IntArray, IntArray, IntArray, FloatArray]:
        """Contact, frequency, clusters and squared norm of each block."""
        places = [(b.contact, b.kappa, b.lower, b.upper) for b in self.blocks]
        contact, kappa, lower, upper = np.array(places, dtype=np.intp).reshape(-1, 4).T
        norms = [float(np.linalg.norm(b.amplitude)) ** 2 for b in self.blocks]
        return contact, kappa, lower, upper, np.array(norms)

    def rotated(
        self, down: FloatArray, up: FloatArray
    ) -> tuple[tuple[Elements, ...], sp.csr_array]:
        """Return the elements in the local bases, and these as columns (D, D).

        Parameters
        ----------
        down, up : (n, K) gamma_j (1 - n_j) and gamma_j n_j at each Bohr frequency.
        """
        amplitudes = [block.amplitude for block in self.blocks]
        rates = [
            (float(down[block.contact, block.kappa]), float(up[block.contact, block.kappa]))
            for block in self.blocks
        ]
        bases = []
        for k, states in enumerate(self.members):
            if len(states) == 1:
                bases.append(np.ones((1, 1), dtype=np.complex128))
                continue
            leaving = [i for i, block in enumerate(self.blocks) if block.upper == k]
            entered = [i for i, block in enumerate(self.blocks) if block.lower == k]
            rows = [amplitudes[i] for i in leaving] + [amplitudes[i].conj().T for i in entered]
            weights = [rates[i][0] for i in leaving] + [rates[i][1] for i in entered]
            basis, rows = _local(rows, weights)
            bases.append(basis)
            for i, row in zip(leaving, rows, strict=False):
                amplitudes[i] = row
            for i, row in zip(entered, rows[len(leaving) :], strict=True):
                amplitudes[i] = row.conj().T
        return self._elements(amplitudes), self._columns(bases)

    def _elements(self, amplitudes: list[ComplexArray]) -> tuple[Elements, ...]:
        parts: list[list[tuple[IntArray, IntArray, ComplexArray, int, int]]] = [
            [] for _ in self.others
        ]
        for block, amplitude in zip(self.blocks, amplitudes, strict=True):
            a, b = np.nonzero(np.abs(amplitude) > _ROUNDING * np.linalg.norm(block.amplitude))
            lower, upper = self.members[block.lower][a], self.members[block.upper][b]
            parts[block.contact].append((lower, upper, amplitude[a, b], block.kappa, block.channel))
        rotated = map(_joined, parts)
        return tuple(a.joined(b) for a, b in zip(rotated, self.others, strict=True))

    def _columns(self, bases: list[ComplexArray]) -> sp.csr_array:
        order = np.concatenate(self.members)
        size = len(order)
        ordered = sp.block_diag(bases, format="csr")
        back = sp.csr_array((np.ones(size), (order, np.arange(size))), shape=(size, size))
        return sp.csr_array(back @ ordered @ back.T)


def _joined(parts: list[tuple[IntArray, IntArray, ComplexArray, int, int]]) -> Elements:
    none = np.zeros(0, dtype=np.intp)
    count = [len(part[0]) for part in parts]
    return Elements(
        lower=np.concatenate([none, *(part[0] for part in parts)]),
        upper=np.concatenate([none, *(part[1] for part in parts)]),
        amplitude=np.concatenate([none, *(part[2] for part in parts)]).astype(np.complex128),
        kappa=np.repeat(np.array([part[3] for part in parts], dtype=np.intp), count),
        channel=np.repeat(np.array([part[4] for part in parts], dtype=np.intp), count),
    )


def _local(
    rows: list[ComplexArray], weights: list[float]
) -> tuple[ComplexArray, list[ComplexArray]]:
    """Return the local basis (g, g) of amplitudes `rows`, each (m, g), and them in that basis."""
    roots = np.repeat(np.sqrt(weights), [len(row) for row in rows])
    stacked = np.concatenate(rows)
    basis, rotated = graded_basis(roots[:, None] * stacked)
    driven = roots > 0
    amplitudes = stacked @ basis
    amplitudes[driven] = rotated[driven] / roots[driven, None]
    return basis, np.split(amplitudes, np.cumsum([len(row) for row in rows])[:-1])
