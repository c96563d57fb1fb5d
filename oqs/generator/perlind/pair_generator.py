"""The PERLind generator as sparse matrices on a closed set of matrix elements.

    D_j rho = sum_a sum_+- { L rho L^+ - {L^+ L, rho}/2 },
    L_{ja,-} = sum_w sqrt(gamma_j(w) (1 - n_j(w))) S_a(w),
    L_{ja,+} = sum_w sqrt(gamma_j(w) n_j(w)) S_a(w)^+.

Which pairs of elements of L meet in L rho L^+ and in L^+ L is found once; at new T, mu the elements
are weighted and multiplied. The slow reference; large systems go block by block
(`oqs.stationary.conserved`).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.shifts import shifts_at, slopes_at
from oqs.generator.closed import ClosedGenerator, GeneratorAt, Rows
from oqs.generator.perlind.channel_elements import ChannelElements
from oqs.numerics.clusters import IntArray, pairs_within
from oqs.system.spectrum import Spectrum
from oqs.transitions.places import Places, group_of, two_sided

Products = tuple[tuple[ComplexArray, ComplexArray], ...]
"""Elements (M,) of L and K of each L rho K^+ in a sum."""


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of elements of one jump operator, of all channels of a contact in one direction."""

    # first, second: (S,) elements i, k that meet in L_i rho conj(L_k)
    first: IntArray
    second: IntArray
    # target, source: (S,) matrix elements that they lead to and from
    target: IntArray
    source: IntArray
    # left, right: (S',) elements i, k that meet in conj(L_i) L_k, an element of L^+ L
    left: IntArray
    right: IntArray
    # row, column: (S',) states of that element
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

    def jump(self, products: Products, size: int) -> sp.csc_array:
        """Return the sum of L rho K^+ (P, P)."""
        entries = sum(L[self.first] * K[self.second].conj() for L, K in products)
        return sp.csc_array(sp.coo_array((entries, (self.target, self.source)), shape=(size, size)))

    def loss(self, products: Products, dimension: int) -> sp.csr_array:
        """Return the sum of K^+ L (D, D), on states of equal label."""
        entries = sum(K[self.left].conj() * L[self.right] for L, K in products)
        shape = (dimension, dimension)
        return sp.csr_array(sp.coo_array((entries, (self.row, self.column)), shape=shape))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PairGenerator(ClosedGenerator):
    """The generator on the matrix elements between states of equal label."""

    elements: tuple[ChannelElements, ...]  # of each contact's channels
    contacts: tuple[Contact, ...]  # as many, for the frequency shifts; none where there are none
    spectrum: Spectrum  # energies and particle numbers
    places: Places  # where matrix elements stand
    # (P,) which of them are kept, a closed set; None keeps all
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
    def pairs(self) -> tuple[tuple[Pairs, ...], ...]:
        """The pairs of each contact, of each of its jump operators."""
        return tuple(
            tuple(Pairs.of(e.channel, *ends, self.places) for ends in e.directions)
            for e in self.elements
        )

    def at(self, T: FloatArray, mu: FloatArray) -> PairGeneratorAt:
        """Return the dissipators at T, mu (n,)."""
        products, shifts = [], []
        for j, e in enumerate(self.elements):
            at = float(T[j]), float(mu[j])
            products.append(tuple(((jump, jump),) for jump in e.jumps(*at)))
            if self.contacts:
                shifts.append(self._shift(j, shifts_at(self.contacts[j], e.frequency, *at)))
        return PairGeneratorAt(self, tuple(products), tuple(shifts))

    def slopes(
        self, T: FloatArray, mu: FloatArray
    ) -> tuple[PairGeneratorAt, PairGeneratorAt] | None:
        """Return the derivatives of every D_j + FS_j with its own T_j, and mu_j.

        L rho L^+ becomes dL rho L^+ + L rho dL^+. None where a rate depends on T and mu.
        """
        if any(e.contact.varies for e in self.elements):
            return None
        at = list(zip(T.tolist(), mu.tolist(), strict=True))
        products = [self._product_slopes(j, *at[j]) for j in range(len(at))]
        shifts = [
            [self._shift(j, coefficients) for coefficients in slopes_at(c, e.frequency, *at[j])]
            for j, (c, e) in enumerate(zip(self.contacts, self.elements, strict=False))
        ]
        by_T, by_mu = (
            PairGeneratorAt(self, tuple(p[k] for p in products), tuple(h[k] for h in shifts))
            for k in range(2)
        )
        return by_T, by_mu

    def _product_slopes(self, j: int, T: float, mu: float) -> list[tuple[Products, ...]]:
        """Return the derivatives by T and by mu of L rho L^+ of one contact's jumps."""
        e = self.elements[j]
        jumps = e.jumps(T, mu)
        return [
            tuple(((d, jump), (jump, d)) for jump, d in zip(jumps, slopes, strict=True))
            for slopes in e.jump_slopes(T, mu)
        ]

    def linked(self) -> sp.csc_array:
        """Return which matrix elements (P, P) some dissipator links, at any T and mu."""
        size = len(self.places.row_state)
        total = sp.csc_array((size, size))
        for e, directions in zip(self.elements, self.pairs, strict=True):
            strength = np.sqrt(e.gamma) * np.abs(e.amplitude)
            product = ((strength, strength),)
            for pairs in directions:
                total = total + pairs.jump(product, size)
                loss = abs(pairs.loss(product, self.spectrum.dimension))
                total = total + two_sided(loss, self.places)
        links = sp.csc_array(total > 0)
        return links if self.keep is None else links[:, self.keep][self.keep, :]

    def restricted(self, keep: NDArray[np.bool_]) -> PairGenerator:
        """Return the generator on the matrix elements `keep` (P,), a closed set."""
        whole = keep
        if self.keep is not None:
            whole = self.keep.copy()
            whole[self.keep] = keep
        return dataclasses.replace(self, keep=whole)

    def _shift(self, j: int, coefficients: Iterable[FloatArray]) -> sp.csr_array:
        """Return H_LS,j (D, D): the mean of e(w) and e(w') with each S_a(w)^+ S_a(w').

        `coefficients` (2, M) are e_j and f_j of the elements, or their derivatives.
        """
        e = self.elements[j]
        dimension = self.spectrum.dimension
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
    """The generator at one T, mu, or its derivative there."""

    generator: PairGenerator  # on which elements
    products: tuple[tuple[Products, ...], ...]  # of each contact the elements of its jump operators
    shifts: tuple[sp.csr_array, ...]  # H_LS,j (D, D) of each contact; none where there are none

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
        jumps = []
        for pairs, products in zip(self.generator.pairs, self.products, strict=True):
            both = [p.jump(v, size) for p, v in zip(pairs, products, strict=True)]
            jumps.append(self._kept(sp.csc_array(sum(both))))
        return jumps

    def frequency_shifts(self) -> list[sp.csc_array]:
        """Return FS_j = -i[H_LS,j, .] (P, P) of every reservoir."""
        size = len(self.generator.row_state)
        if not self.shifts:
            return [sp.csc_array((size, size)) for _ in self.products]
        places = self.generator.places
        return [self._kept(two_sided(sp.csr_array(-1j * h), places)) for h in self.shifts]

    def without_shifts(self) -> list[sp.csc_array]:
        """Return D_j (P, P) of every reservoir."""
        places, dimension = self.generator.places, self.generator.spectrum.dimension
        dissipators = []
        for jump, pairs, products in zip(
            self._jumps(), self.generator.pairs, self.products, strict=True
        ):
            loss = sum(p.loss(v, dimension) for p, v in zip(pairs, products, strict=True))
            dissipators.append(sp.csc_array(jump + self._kept(two_sided(-loss / 2, places))))
        return dissipators

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
        kept = sp.csc_array(matrix)
        if keep is not None:
            kept = kept[:, keep][keep, :]
        alone = np.array_equal(self.generator.row_state, self.generator.column_state)
        return sp.csc_array(kept.real if alone else kept)
