"""The matrix elements that a Davies generator couples, and those that decay alone.

In the energy basis d rho/dt = B rho + rho B^+ + sum L rho L^+, where B links states of one level
only. A jump takes rho_bd to L_ab conj(L_cd) rho_bd, both factors at one Bohr frequency of one
channel. Two states of generic energies have no such factors: their coherence gains from no other
and decays at the mean rate at which its states are left. What gains are populations, coherences
within degenerate levels and few others: 20,200 of the 2.7 million elements of equal particle number
of six equal spinful sites.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.eigenoperators import Elements
from oqs.memory import announce, require_memory
from oqs.numerics.blocks import (
    alone_and_linked,
    block,
    diagonal_matrix,
    real_if_it_is,
    set_labels,
)
from oqs.numerics.clusters import IntArray, numbered
from oqs.transitions.places import group_of, two_sided
from oqs.transitions.transitions import SectorBlocks

FEW = 16  # states up to which a generator of all elements, made once and kept, is quicker
_BYTES, _SECONDS = 150.0, 1.6e-6  # for each transition


@final
@dataclasses.dataclass(frozen=True, eq=False)
class CoupledElements:
    """A Davies generator at one T, mu on the elements rho_ab that jumps couple.

    Parameters
    ----------
    labels : (D,) label of each state; elements are those between equal labels.
    sets : (D,) label of the set of states that B links.
    drift : B (D, D): half the rates out of each level, frequency shifts and detuning.
    row_state, column_state : (P,) a and b of the elements that are coupled, populations included.
    generator : (P, P) on those.
    linked : the pairs of transitions of each contact, which `exchange_rows` takes.
    """

    labels: IntArray
    sets: IntArray
    drift: sp.csr_array
    row_state: IntArray
    column_state: IntArray
    generator: sp.csr_array
    linked: tuple[_Pairs, ...] = ()

    @classmethod
    def of(
        cls,
        model: DaviesModel,
        T: FloatArray,
        mu: FloatArray,
        labels: IntArray,
        also: tuple[IntArray, IntArray] | None = None,
    ) -> CoupledElements:
        """Find them from the transitions of all contacts, among rho_ab of equal labels (D,).

        Parameters
        ----------
        labels : of the particle number, the level, or all alike.
        also : a and b of other elements to hold, and what B links with them.
        """
        _require_room(model)
        elements, dimension = model.decomposition.elements, len(labels)
        weights = model.weights(T, mu).reshape(-1, *model.rates.shape)
        pairs = tuple(_Pairs.of(own, labels) for own in elements)
        drift = diagonal_matrix((-1j * model.detuning).astype(np.complex128))
        for j, (own, each) in enumerate(zip(elements, pairs, strict=True)):
            out, back = -weights[:2, j] / 2
            if model.shifted:
                out, back = out - 1j * weights[2, j], back - 1j * weights[3, j]
            drift = drift + each.products(own, own.upper, own.lower, out, dimension)
            drift = drift + each.products(own, own.lower, own.upper, back, dimension)
        if not np.any(drift.imag.data):
            drift = sp.csr_array(drift.real)
        sets = set_labels(drift)
        linked = [each.places(own, dimension) for own, each in zip(elements, pairs, strict=True)]
        if also is not None:
            linked.append(also[0].astype(np.intp) * dimension + also[1])
        places = _closed(linked, sets, dimension)
        row, column = np.divmod(places, dimension)
        whole = cls(labels, sets, drift, row, column, sp.csr_array((len(places),) * 2), pairs)
        generator = sp.csr_array(two_sided(drift, whole))
        for j, (own, each) in enumerate(zip(elements, pairs, strict=True)):
            for gains in each.gains(own, places, weights[:2, j], dimension):
                generator = generator + _both_ways(*gains, len(places))
        return dataclasses.replace(whole, generator=generator)

    @property
    def populations(self) -> NDArray[np.bool_]:
        """Which elements (P,) are populations."""
        return self.row_state == self.column_state

    def exchange_rows(
        self, model: DaviesModel, T: FloatArray, mu: FloatArray
    ) -> tuple[ComplexArray, ComplexArray]:
        """Return the rows (n, P) that give tr(N D_j[rho]) and tr(H D_j[rho]) of the elements.

        tr(O D[L] rho) = sum conj(L_tl) L_tr (O_t - (O_l + O_r)/2) rho_rl for diagonal O.
        """
        spectrum, dimension = model.counted_spectrum, len(self.labels)
        places = self.row_state * dimension + self.column_state
        weights = model.weights(T, mu).reshape(-1, *model.rates.shape)
        rows = np.zeros((2, model.reservoirs, len(places)), dtype=np.complex128)
        alone = np.flatnonzero(self.populations)  # ascending in the state
        elements = model.decomposition.elements
        for j, (own, pairs) in enumerate(zip(elements, self.linked, strict=True)):
            amplitude = real_if_it_is(own.amplitude)
            for direction, (source, target) in enumerate(
                ((own.upper, own.lower), (own.lower, own.upper))
            ):
                x = amplitude if direction == 0 else amplitude.conj()
                for left, right in pairs.to_one(target):
                    a, b, t = source[left], source[right], target[left]
                    pair = b * dimension + a
                    place = alone[a] if left is right else np.searchsorted(places, pair)
                    size, kappa = x[left].conj() * x[right], own.kappa[left]
                    for row, observed in zip(
                        rows[:, j], (spectrum.particles, spectrum.energies), strict=True
                    ):
                        moved = observed[t] - (observed[a] + observed[b]) / 2
                        factor = weights[direction, j, kappa] * moved
                        if model.shifted:
                            difference = observed[a] - observed[b]
                            factor = factor - 1j * weights[2 + direction, j, kappa] * difference
                        value = size * factor
                        row += np.bincount(place, value.real, len(places))
                        if np.iscomplexobj(value):
                            row += 1j * np.bincount(place, value.imag, len(places))
        return rows[0], rows[1]

    def slowest_alone(self) -> float:
        """Return the slowest decay of coherences that gain from no other, inf if there are none.

        Between two sets of states it is the sum of the slowest rates of B on both.
        """
        rates = _slowest_of_sets(self.drift, self.sets)
        count, best = len(rates), np.inf
        coupled = np.unique(self.sets[self.row_state] * count + self.sets[self.column_state])
        number = np.empty(count, dtype=np.intp)
        number[self.sets] = self.labels
        for label in np.unique(number):
            members = np.flatnonzero(number == label)
            members = members[np.argsort(rates[members])]
            for rank, other in enumerate(members.tolist()):
                if rates[other] + rates[members[0]] >= best:
                    break
                near = members[: rank + 1][rates[members[: rank + 1]] + rates[other] < best]
                alone = near[~np.isin(near * count + other, coupled)]
                best = float(np.min(rates[alone] + rates[other], initial=best))
        return best


def _require_room(model: DaviesModel) -> None:
    """Say how long it takes; raise MemoryError where the transitions do not fit.

    Each takes about 2 us and 150 bytes, its jumps and its place among the coupled elements.
    """
    transitions = model.transitions
    if isinstance(transitions, SectorBlocks):
        count = transitions.count
    else:
        count = float(sum(len(own.kappa) for own in model.decomposition.elements))
    require_memory(
        _BYTES * count,
        f"The relaxation by {count:.2g} transitions, some {_SECONDS * count:.0f} s of work,",
        "The relaxation of fewer sites with the same rates tells the time as well.",
    )
    announce("The relaxation of coupled matrix elements", _SECONDS * count)


_Index = NDArray[np.int32]
_Gains = tuple[IntArray, IntArray, FloatArray | ComplexArray, FloatArray]
# places that S rho S^+ leads to and from, product of amplitudes, rates (2, ..) of S and of S^+


@final
class _Pairs(NamedTuple):
    """Pairs i < k of transitions of one contact by one channel at one Bohr frequency."""

    first: _Index
    second: _Index

    @classmethod
    def of(cls, elements: Elements, labels: IntArray) -> _Pairs:
        """Find them: their lower states, and their upper ones, have equal particle numbers."""
        ends = labels[elements.upper], labels[elements.lower]
        group = group_of(elements.channel, elements.kappa, *ends)
        order = np.argsort(group, kind="stable").astype(np.int32)
        count = np.bincount(group) if len(group) else np.zeros(0, dtype=np.intp)
        behind = np.repeat(np.cumsum(count), count) - np.arange(len(group)) - 1
        first = np.repeat(np.arange(len(group), dtype=np.int32), behind)
        within = np.arange(len(first)) - np.repeat(np.cumsum(behind) - behind, behind)
        return cls(order[first], order[first + 1 + within])

    def places(self, elements: Elements, dimension: int) -> IntArray:
        """Return the elements a D + b, a and b unequal transitions' ends, that jumps link."""
        linked = [np.zeros(0, dtype=np.intp)]
        for end in (elements.lower, elements.upper):
            place, _ = numbered(end[self.first] * dimension + end[self.second])
            one, two = np.divmod(place, dimension)
            linked += [place, two * dimension + one]
        return np.concatenate(linked)

    def products(
        self,
        elements: Elements,
        source: IntArray,
        target: IntArray,
        weight: ComplexArray | FloatArray,
        dimension: int,
    ) -> sp.csr_array:
        """Return sum weight(w) L^+ L (D, D) of the jumps L from `source` to `target`."""
        x = elements.amplitude if source is elements.upper else elements.amplitude.conj()
        _, *others = self.to_one(target)
        value = weight[elements.kappa] * np.abs(x) ** 2
        out = np.bincount(source, value.real, dimension).astype(np.complex128)
        if np.iscomplexobj(value):
            out += 1j * np.bincount(source, value.imag, dimension)
        total = diagonal_matrix(out)
        for i, k in others:
            value = weight[elements.kappa[i]] * x[i].conj() * x[k]
            total = total + sp.csr_array((value, (source[i], source[k])), shape=total.shape)
        return total

    def to_one(self, target: IntArray) -> Iterator[tuple[_Index, _Index]]:
        """Yield all pairs, i = k, i < k and i > k, that lead to one state each."""
        everything = np.arange(len(target), dtype=np.int32)
        yield everything, everything
        same = target[self.first] == target[self.second]
        yield self.first[same], self.second[same]
        yield self.second[same], self.first[same]

    def gains(
        self, elements: Elements, places: IntArray, rates: FloatArray, dimension: int
    ) -> Iterator[_Gains]:
        """Yield what S rho S^+ makes of elements: i = k, i < k and i > k, with rates (2, K)."""
        x = real_if_it_is(elements.amplitude)
        row, column = np.divmod(places, dimension)
        alone = np.flatnonzero(row == column)  # ascending in the state
        ends = alone[elements.lower], alone[elements.upper]
        yield *ends, np.abs(x) ** 2, rates[:, elements.kappa]
        ends = (
            np.searchsorted(
                places, elements.lower[self.first] * dimension + elements.lower[self.second]
            ),
            np.searchsorted(
                places, elements.upper[self.first] * dimension + elements.upper[self.second]
            ),
        )
        value, own = x[self.first] * x[self.second].conj(), rates[:, elements.kappa[self.first]]
        yield *ends, value, own
        transposed = np.searchsorted(places, column * dimension + row)  # where rho_ba stands
        yield transposed[ends[0]], transposed[ends[1]], value.conj(), own


def _both_ways(
    lower: IntArray,
    upper: IntArray,
    value: FloatArray | ComplexArray,
    rates: FloatArray,
    size: int,
) -> sp.csr_array:
    """Return what S rho S^+ and S^+ rho S make of elements (P, P)."""
    rows = np.concatenate([lower.astype(np.int32), upper.astype(np.int32)])
    entries = np.concatenate([value * rates[0], value.conj() * rates[1]])
    return sp.csr_array((entries, (rows, np.roll(rows, len(lower)))), shape=(size, size))


def _closed(linked: list[IntArray], sets: IntArray, dimension: int) -> IntArray:
    """Return the places of populations and linked elements, ascending, closed under B.

    With an element of two sets of states come all elements between them.
    """
    populations = np.arange(dimension) * (dimension + 1)
    places = numbered(np.concatenate([populations, *linked]))[0]
    row, column = np.divmod(places, dimension)
    size = np.bincount(sets)
    begin, members = np.cumsum(size) - size, np.argsort(sets, kind="stable")
    one, two = np.divmod(np.unique(sets[row] * len(size) + sets[column]), len(size))
    count = size[one] * size[two]
    which = np.repeat(np.arange(len(count)), count)
    a, b = np.divmod(
        np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count), size[two][which]
    )
    a, b = members[begin[one][which] + a], members[begin[two][which] + b]
    return np.sort(a * dimension + b)


def _slowest_of_sets(drift: sp.csr_array, sets: IntArray) -> FloatArray:
    """Return the smallest -Re of the eigenvalues of B on each set of states."""
    rates = np.empty(int(sets.max()) + 1)
    alone, linked = alone_and_linked(drift)
    rates[sets[alone]] = -drift.diagonal()[alone].real
    for members in linked:
        rates[sets[members[0]]] = float(np.min(-np.linalg.eigvals(block(drift, members)).real))
    return rates
