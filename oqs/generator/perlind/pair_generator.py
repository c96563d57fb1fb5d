"""The PERLind generator as sparse matrices on a closed set of matrix elements.

    D_j rho = sum_a sum_+- { L rho L^+ - {L^+ L, rho}/2 },
    L_{ja,-} = sum_w sqrt(gamma_j(w) (1 - n_j(w))) S_a(w),
    L_{ja,+} = sum_w sqrt(gamma_j(w) n_j(w)) S_a(w)^+.

Which pairs of elements of L meet in L rho L^+ and in L^+ L is found once; at new T, mu the elements
are weighted and multiplied. Plain and slow: large systems go block by block instead
(`oqs.stationary.conserved`).
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import Contact
from oqs.generator.closed import ClosedGenerator, GeneratorAt, Rows
from oqs.generator.perlind.channel_elements import ChannelElements
from oqs.generator.perlind.shifts_at import shifts_at
from oqs.numerics.clusters import IntArray, pairs_within
from oqs.numerics.occupation import filled_and_empty
from oqs.system.spectrum import Spectrum
from oqs.transitions.places import Places, group_of, two_sided


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of elements of one jump operator, of all channels of a contact in one direction.

    Parameters
    ----------
    first, second : (S,) elements i, k that meet in L_i rho conj(L_k).
    target, source : (S,) matrix elements that they lead to and from.
    left, right : (S',) elements i, k that meet in conj(L_i) L_k, an element of L^+ L.
    row, column : (S',) states of that element.
    """

    first: IntArray
    second: IntArray
    target: IntArray
    source: IntArray
    left: IntArray
    right: IntArray
    row: IntArray
    column: IntArray

    @classmethod
    def of(cls, channel: IntArray, source: IntArray, target: IntArray, places: Places) -> Pairs:
        """Find the pairs of elements (M,) from state `source` to state `target`."""
        labels = places.labels
        i, k = pairs_within(group_of(channel, labels[source], labels[target]))
        left, right = pairs_within(group_of(channel, target, labels[source]))
        return cls(
            first=i,
            second=k,
            target=places(target[i], target[k]),
            source=places(source[i], source[k]),
            left=left,
            right=right,
            row=source[left],
            column=source[right],
        )

    def jump(self, values: ComplexArray, size: int) -> sp.csc_array:
        """Return L rho L^+ (P, P) for elements of L (M,)."""
        entries = values[self.first] * values[self.second].conj()
        return sp.csc_array(sp.coo_array((entries, (self.target, self.source)), shape=(size, size)))

    def loss(self, values: ComplexArray, dimension: int) -> sp.csr_array:
        """Return L^+ L (D, D), on states of equal label."""
        entries = values[self.left].conj() * values[self.right]
        shape = (dimension, dimension)
        return sp.csr_array(sp.coo_array((entries, (self.row, self.column)), shape=shape))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PairGenerator(ClosedGenerator):
    """The generator on the matrix elements between states of equal label.

    Parameters
    ----------
    elements : of each contact's channels.
    contacts : as many, for the frequency shifts; none where there are none.
    spectrum : energies and particle numbers.
    places : where matrix elements stand.
    keep : (P,) which of them are kept, a closed set; None keeps all.
    """

    elements: tuple[ChannelElements, ...]
    contacts: tuple[Contact, ...]
    spectrum: Spectrum
    places: Places
    keep: NDArray[np.bool_] | None = None

    @property
    def row_state(self) -> IntArray:
        """The states a (P,) of the matrix elements."""
        row = self.places.row_state
        return row if self.keep is None else row[self.keep]

    @property
    def column_state(self) -> IntArray:
        """The states b (P,) of the matrix elements."""
        return (
            self.places.column_state if self.keep is None else self.places.column_state[self.keep]
        )

    @functools.cached_property
    def pairs(self) -> tuple[tuple[Pairs, Pairs], ...]:
        """The pairs of each contact, of jumps down and up."""
        return tuple(
            (
                Pairs.of(e.channel, e.upper, e.lower, self.places),
                Pairs.of(e.channel, e.lower, e.upper, self.places),
            )
            for e in self.elements
        )

    def at(self, T: FloatArray, mu: FloatArray) -> PairGeneratorAt:
        """Return the dissipators at T, mu (n,)."""
        roots, shifts = [], []
        for j, e in enumerate(self.elements):
            filled, empty = filled_and_empty((e.frequency - mu[j]) / T[j])
            down, up = np.sqrt(e.gamma * empty), np.sqrt(e.gamma * filled)
            roots.append((down * e.amplitude, up * e.amplitude.conj()))
            if self.contacts:
                shifts.append(self._shift(j, float(T[j]), float(mu[j])))
        return PairGeneratorAt(self, tuple(roots), tuple(shifts))

    def slopes(self, T: FloatArray, mu: FloatArray) -> None:
        """Return None: the derivatives of the pairs' weights are not known here."""

    def linked(self) -> sp.csc_array:
        """Return which matrix elements (P, P) some dissipator links, at any T and mu."""
        size = len(self.places.row_state)
        total = sp.csc_array((size, size))
        for e, directions in zip(self.elements, self.pairs, strict=True):
            strength = np.sqrt(e.gamma) * np.abs(e.amplitude)
            for pairs in directions:
                total = total + pairs.jump(strength, size)
                loss = abs(pairs.loss(strength, self.spectrum.dimension))
                total = total + two_sided(loss, self.places)
        found = sp.csc_array(total > 0)
        return found if self.keep is None else found[:, self.keep][self.keep, :]

    def restricted(self, keep: NDArray[np.bool_]) -> PairGenerator:
        """Return the generator on the matrix elements `keep` (P,), a closed set."""
        whole = keep
        if self.keep is not None:
            whole = self.keep.copy()
            whole[self.keep] = keep
        return dataclasses.replace(self, keep=whole)

    def _shift(self, j: int, T: float, mu: float) -> sp.csr_array:
        """Return H_LS,j (D, D): the mean of e(w) and e(w') with each S_a(w)^+ S_a(w')."""
        e = self.elements[j]
        dimension = self.spectrum.dimension
        coefficients = shifts_at(self.contacts[j], e.frequency, T, mu)
        total = sp.csr_array((dimension, dimension), dtype=np.complex128)
        for pairs, weight, values in zip(
            self.pairs[j], coefficients, (e.amplitude, e.amplitude.conj()), strict=True
        ):
            mean = (weight[pairs.left] + weight[pairs.right]) / 2
            entries = mean * values[pairs.left].conj() * values[pairs.right]
            total = total + sp.csr_array(
                sp.coo_array((entries, (pairs.row, pairs.column)), shape=total.shape)
            )
        return total


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PairGeneratorAt(GeneratorAt):
    """The generator at one T, mu.

    Parameters
    ----------
    generator : on which elements.
    roots : of each contact the elements of its jumps down and up, (M,) each.
    shifts : H_LS,j (D, D) of each contact; none where there are none.
    """

    generator: PairGenerator
    roots: tuple[tuple[ComplexArray, ComplexArray], ...]
    shifts: tuple[sp.csr_array, ...]

    def matrix(self) -> sp.csc_array:
        """Return sum_j (D_j + FS_j), (P, P)."""
        return sp.csc_array(sum(self.dissipators()))

    def dissipators(self) -> list[sp.csc_array]:
        """Return D_j + FS_j (P, P) of every reservoir."""
        return self._with_shifts

    def jumps(self) -> list[sp.csc_array]:
        """Return sum L rho L^+ and FS_j (P, P) of every reservoir: both move energy."""
        both = zip(self._jumps(), self.frequency_shifts(), strict=True)
        return [sp.csc_array(jump + shift) for jump, shift in both]

    def _jumps(self) -> list[sp.csc_array]:
        size = len(self.generator.places.row_state)
        found = []
        for pairs, values in zip(self.generator.pairs, self.roots, strict=True):
            both = [p.jump(v, size) for p, v in zip(pairs, values, strict=True)]
            found.append(self._kept(both[0] + both[1]))
        return found

    def frequency_shifts(self) -> list[sp.csc_array]:
        """Return FS_j = -i[H_LS,j, .] (P, P) of every reservoir."""
        size = len(self.generator.row_state)
        if not self.shifts:
            return [sp.csc_array((size, size), dtype=np.complex128) for _ in self.roots]
        places = self.generator.places
        return [self._kept(two_sided(sp.csr_array(-1j * h), places)) for h in self.shifts]

    def without_shifts(self) -> list[sp.csc_array]:
        """Return D_j (P, P) of every reservoir."""
        places, dimension = self.generator.places, self.generator.spectrum.dimension
        found = []
        for jump, pairs, values in zip(
            self._jumps(), self.generator.pairs, self.roots, strict=True
        ):
            loss = sum(p.loss(v, dimension) for p, v in zip(pairs, values, strict=True))
            found.append(sp.csc_array(jump + self._kept(two_sided(-loss / 2, places))))
        return found

    def exchange(self, values: FloatArray | ComplexArray) -> tuple[FloatArray, FloatArray]:
        """Return what D_j + FS_j gives of N and H, each (..., n), for elements (..., P)."""
        particle, energy = self.exchange_rows()
        return (values @ particle.T).real, (values @ energy.T).real

    def exchange_rows(self) -> tuple[Rows, Rows]:
        """Return the rows (n, P) of `exchange`."""
        spectrum, a = self.generator.spectrum, self.generator.row_state
        same = a == self.generator.column_state
        particle, energy = (
            np.array([np.where(same, values[a], 0.0) @ d for d in self.dissipators()])
            for values in (spectrum.particles, spectrum.energies)
        )
        return particle, energy

    @functools.cached_property
    def _with_shifts(self) -> list[sp.csc_array]:
        both = zip(self.without_shifts(), self.frequency_shifts(), strict=True)
        return [sp.csc_array(dissipator + shift) for dissipator, shift in both]

    def _kept(self, matrix: sp.csc_array) -> sp.csc_array:
        keep = self.generator.keep
        matrix = sp.csc_array(matrix)
        if keep is None:
            return matrix
        kept = matrix[:, keep][keep, :]
        alone = np.array_equal(self.generator.row_state, self.generator.column_state)
        return sp.csc_array(kept.real if alone else kept)
