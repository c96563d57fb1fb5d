"""A contact's channels as matrices between basis states, and what they do between eigenstates."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from typing import Any, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.numerics.blocks import real_if_it_is
from oqs.numerics.clusters import IntArray, cluster
from oqs.system.fock import DENSE, Block
from oqs.system.interacting import InteractingSystem, NumberBasis
from oqs.transitions.quantum_numbers import Links

Pair = tuple[int, int]
"""Labels of two sectors, the second of one particle more."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Sector:
    """The eigenstates (d,) of equal quantum numbers, block after block."""

    label: int
    blocks: tuple[Block, ...]
    states: IntArray
    energies: FloatArray

    @classmethod
    def of(cls, blocks: tuple[Block, ...], chosen: NDArray[np.bool_], label: int) -> Sector:
        """Collect the chosen ones of all blocks."""
        own = tuple(blocks[index] for index in np.flatnonzero(chosen).tolist())
        return cls(
            label,
            own,
            np.concatenate([np.arange(b.states.start, b.states.stop) for b in own]),
            np.concatenate([b.energies for b in own]),
        )

    @functools.cached_property
    def smallest_gap(self) -> float:
        """Distance of the two states closest in energy."""
        return float(np.min(np.diff(np.sort(self.energies)), initial=np.inf))

    def placed(self) -> Iterator[tuple[slice, Block]]:
        """Yield where each block stands in the sector."""
        begin = 0
        for block in self.blocks:
            yield slice(begin, begin + len(block.basis)), block
            begin += len(block.basis)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Coupling:
    """The channels of contact `index` as matrices between basis states."""

    index: int
    contact: Contact
    amplitudes: ComplexArray
    operators: tuple[ChannelOperator, ...]

    @classmethod
    def of(
        cls, system: InteractingSystem, index: int, contact: Contact, t: ComplexArray
    ) -> Coupling:
        """Take the channels (m, N) that are not zero."""
        rows = [row for row in t if np.any(row)]
        operators = tuple(ChannelOperator.of(system, row, float(np.linalg.norm(t))) for row in rows)
        return cls(index, contact, t, operators)

    @property
    def links(self) -> list[Links]:
        """Which invariant sets each channel joins."""
        return [operator.links for operator in self.operators]

    @functools.cached_property
    def _norm(self) -> float:
        return float(np.linalg.norm(self.amplitudes))

    def driven(self, sector_of: IntArray) -> dict[Pair, list[int]]:
        """Return the channels that act between two sectors, for each pair that has some."""
        channels_between: dict[Pair, list[int]] = {}
        for number, (lower, upper) in enumerate(self.links):
            pairs = zip(sector_of[lower].tolist(), sector_of[upper].tolist(), strict=True)
            for pair in set(pairs):
                channels_between.setdefault(pair, []).append(number)
        return channels_between

    def rate(
        self, acting: list[int], below: Sector, above: Sector, widths: FloatArray
    ) -> tuple[FloatArray, bool]:
        """Return gamma |<lower|S|upper>|^2 (d', d), and whether a channel finds a level twice."""
        rate = np.zeros((len(above.states), len(below.states)))
        twice = False
        for number in acting:
            strength = significant(self.operators[number].strength(below, above), self._norm)
            twice |= _twice(strength, above, widths) or _twice(strength.T, below, widths)
            rate += strength
        touched = rate > 0
        frequency = above.energies[:, None] - below.energies
        rate[touched] *= self.contact.gamma(frequency[touched], self.index)
        return rate, twice


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ChannelOperator:
    """One channel S = sum_v row_v c_v as a matrix (D, D) between basis states.

    S empties a site: it leads only into basis states in which one is empty.
    """

    matrix: sp.csr_array
    links: Links

    @classmethod
    def of(cls, system: InteractingSystem, row: ComplexArray, norm: float) -> ChannelOperator:
        """Sum the annihilators with the amplitudes row (N,) of a contact of this norm."""
        basis: NumberBasis = system.number_basis
        cut = NEGLIGIBLE * norm
        terms = [(row[v], basis.annihilator(v)) for v in np.flatnonzero(row).tolist()]
        factor, c = terms[0]
        if np.any(row.imag) or np.iscomplexobj(c.data):
            matrix = sum((factor * c for factor, c in terms[1:]), start=factor * c)
            matrix = real_if_it_is(matrix)
        else:
            matrix = sum((factor.real * c for factor, c in terms[1:]), start=factor.real * c)
        significant = np.abs(matrix.data) > cut
        ends = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices
        lower, upper = (system.set_of[each[significant]] for each in ends)
        count = len(system.invariant_sets)
        pairs = np.unique(lower * count + upper)
        return cls(matrix, (pairs // count, pairs % count))

    @functools.cached_property
    def _dense(self) -> NDArray[Any] | None:
        return self.matrix.toarray() if self.matrix.shape[0] <= DENSE else None

    def strength(self, below: Sector, above: Sector) -> FloatArray:
        """Return |<lower|S|upper>|^2 (d', d), block by block."""
        amplitudes = self.amplitudes(below, above)
        if np.iscomplexobj(amplitudes):
            return np.abs(amplitudes) ** 2
        return np.square(amplitudes, out=amplitudes)

    def amplitudes(self, below: Sector, above: Sector) -> NDArray[Any]:
        """Return <lower|S|upper> (d', d), a row for each upper state; real where H and S are."""
        vectors = [block.vectors for sector in (below, above) for block in sector.blocks]
        dtype = np.result_type(self.matrix.dtype, *vectors)
        amplitudes = np.zeros((len(above.states), len(below.states)), dtype=dtype)
        for (columns, p), (rows, q) in itertools.product(below.placed(), above.placed()):
            block = self.amplitude(p, q)
            if block is not None:
                amplitudes[rows, columns] = block
        return amplitudes

    def amplitude(self, p: Block, q: Block) -> NDArray[Any] | None:
        """Return <lower|S|upper> (d', d) of the eigenstates of p and q; None if all are zero."""
        used, led = self._applied(p, q)
        return led.T @ p.vectors[used].conj() if len(used) else None

    def between(self, members: ComplexArray, block: Block, *, upward: bool) -> ComplexArray:
        """Return <i|S|a> (d, m), or upward conj(<a|S|i>), of eigenstates i of a block.

        `members` (D, m): states a on all basis states.
        """
        if upward:
            reached = self.matrix[:, block.basis].conj().T @ members
        else:
            reached = self.matrix[block.basis, :] @ members
        return block.vectors.conj().T @ reached

    def _applied(self, p: Block, q: Block) -> tuple[IntArray, NDArray[Any]]:
        """Return the basis states of p (used,) it reaches, and S |eigenstates of q> on them."""
        if self._dense is not None:
            part = self._dense[np.ix_(p.basis, q.basis)]
            used = np.flatnonzero(np.any(part != 0, axis=1))
            return used, part[used] @ q.vectors
        sparse = self.matrix[p.basis, :][:, q.basis]
        used = np.flatnonzero(np.diff(sparse.indptr))
        return used, sparse[used, :] @ q.vectors


def significant(strength: FloatArray, norm: float) -> FloatArray:
    """Return squared amplitudes, those that are rounding of a contact's `norm` set to zero."""
    strength[strength <= (NEGLIGIBLE * norm) ** 2] = 0.0
    return strength


def _twice(strength: FloatArray, sector: Sector, widths: FloatArray) -> bool:
    """Return whether a column links a state to two degenerate states of this sector, its rows."""
    own = widths[sector.states]
    if sector.smallest_gap > own.max():
        return False
    level, energies = cluster(sector.energies, own)
    if len(energies) == len(level):
        return False
    order = np.argsort(level, kind="stable")
    starts = np.searchsorted(level[order], np.arange(len(energies)))
    links = np.add.reduceat((strength[order] > 0).astype(np.int64), starts, axis=0)
    return bool(np.any(links > 1))
