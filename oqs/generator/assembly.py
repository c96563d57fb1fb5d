"""How the terms of a Davies generator are set up from the elements of its eigen-operators."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray
from oqs.generator.eigenoperators import Elements
from oqs.generator.generator import Generator, pointers
from oqs.numerics.clusters import IntArray, numbered, pairs_within
from oqs.system.spectrum import Spectrum
from oqs.transitions.places import Places, group_of


def build_generator(
    elements: tuple[Elements, ...],
    labels: IntArray,
    spectrum: Spectrum,
    frequencies: int,
    *,
    shifted: bool = False,
) -> Generator:
    """Build the generator terms on the matrix elements rho_ab with labels[a] == labels[b].

    Terms are numbered kind * (n K) + j K + kappa: kind 0 is D[S] (a particle leaves the system), 1
    is D[S^+], and with `shifted` 2 is -i[S^+ S, .] and 3 is -i[S S^+, .]. `weights` has that order.
    """
    places = Places(labels)
    kind = len(elements) * frequencies
    jumps, products = [], []
    for j, e in enumerate(elements):
        for direction in (0, 1):
            offset = direction * kind + j * frequencies
            source, target = (e.upper, e.lower) if direction == 0 else (e.lower, e.upper)
            amplitude = e.amplitude if direction == 0 else e.amplitude.conj()
            jump = _Jump(source, target, amplitude, e.channel, e.kappa + offset)
            jumps.append(_jumped(jump, places))
            products.append(_product(jump, labels))
    jumped, product = (
        tuple(np.concatenate(column) for column in zip(*parts, strict=True))
        for parts in (jumps, products)
    )
    return _assemble(jumped, product, places, spectrum, 2 * kind, shifted=shifted)


@final
class _Jump(NamedTuple):
    """Elements <target| L |source> of jump operators L, one per channel and term."""

    source: IntArray
    target: IntArray
    amplitude: ComplexArray
    channel: IntArray
    term: IntArray


_Columns = tuple[NDArray[Any], ...]


def _jumped(jump: _Jump, places: Places) -> _Columns:
    """Return row, column, value and term of L rho L^+: L_ab conj(L_cd) from (b, d) to (a, c)."""
    i, k = pairs_within(
        group_of(jump.channel, jump.term, places.labels[jump.source], places.labels[jump.target])
    )
    return (
        places(jump.target[i], jump.target[k]),
        places(jump.source[i], jump.source[k]),
        jump.amplitude[i] * jump.amplitude[k].conj(),
        jump.term[i],
    )


def _product(jump: _Jump, labels: IntArray) -> _Columns:
    """Return left, right, target, value and term of (L^+ L)_left,right, target by target."""
    i, k = pairs_within(group_of(jump.channel, jump.term, jump.target, labels[jump.source]))
    value = jump.amplitude[i].conj() * jump.amplitude[k]
    return jump.source[i], jump.source[k], jump.target[i], value, jump.term[i]


def _assemble(
    jumped: _Columns,
    product: _Columns,
    places: Places,
    spectrum: Spectrum,
    terms: int,
    *,
    shifted: bool,
) -> Generator:
    row, column, gained, term = jumped
    size, dimension = places.size, len(places.labels)
    pairs, pair = numbered(product[0] * dimension + product[1])
    b, c = pairs // dimension, pairs % dimension
    which, d = places.spectators(b)  # B_bc rho_cd, and rho_dc conj(B_bc)
    b, c = b[which], c[which]
    keys = (
        column * size + row,
        places(c, d) * size + places(b, d),
        places(d, c) * size + places(d, b),
    )
    slots, slot = numbered(np.concatenate(keys))
    own, before, after = np.split(slot, np.cumsum([len(keys[0]), len(keys[1])]))
    every = 2 * terms if shifted else terms

    def ones(places_of: IntArray) -> sp.csr_array:
        entries = (np.ones(len(which)), (places_of, which))
        return sp.csr_array(sp.coo_array(entries, shape=(len(slots), len(pairs))))

    number, energy = _functionals(product, places, spectrum, every, shifted=shifted)
    return Generator(
        row_state=places.row_state,
        column_state=places.column_state,
        indices=slots % size,
        indptr=pointers(slots // size, size),
        jumps=sp.csr_array(sp.coo_array((gained, (own, term)), shape=(len(slots), every))),
        products=_no_jump(pair, product, len(pairs), every, shifted=shifted),
        before=ones(before),
        after=ones(after),
        number=number,
        energy=energy,
    )


def _no_jump(
    pair: IntArray, product: _Columns, pairs: int, terms: int, *, shifted: bool
) -> sp.csr_array:
    """Return what each term gives to B: -L^+ L / 2, and as a frequency shift -i L^+ L."""
    _, _, _, value, term = product
    values = [np.asarray(-value / 2, dtype=np.complex128)]
    columns = [term]
    if shifted:
        values.append(-1j * value)
        columns.append(term + terms // 2)
    entries = (np.concatenate(values), (np.tile(pair, len(values)), np.concatenate(columns)))
    return sp.csr_array(sp.coo_array(entries, shape=(pairs, terms)))


def _functionals(
    product: _Columns, places: Places, spectrum: Spectrum, terms: int, *, shifted: bool
) -> tuple[sp.csr_array, sp.csr_array]:
    """Return tr(N G_t rho) and tr(H G_t rho) as rows (terms, P).

    tr(O D[L] rho) = sum conj(L_tl) L_tr (O_t - (O_l + O_r)/2) rho_rl for diagonal O, and
    tr(O (-i)[L^+ L, rho]) = sum -i conj(L_tl) L_tr (O_l - O_r) rho_rl.
    """
    left, right, target, value, term = product
    element = places(right, left)

    def functional(observable: NDArray[np.float64] | IntArray) -> sp.csr_array:
        middle = (observable[left] + observable[right]) / 2
        values = [np.asarray(value * (observable[target] - middle), dtype=np.complex128)]
        rows = [term]
        if shifted:
            values.append(-1j * value * (observable[left] - observable[right]))
            rows.append(term + terms // 2)
        ends = (np.concatenate(rows), np.tile(element, len(rows)))
        entries = (np.concatenate(values), ends)
        return sp.csr_array(sp.coo_array(entries, shape=(terms, places.size)))

    return functional(spectrum.particles), functional(spectrum.energies)
