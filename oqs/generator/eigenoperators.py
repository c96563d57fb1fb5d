"""Bohr-frequency decomposition of the contacts' channels, S_a(w) = sum_{E'-E=w} Pi(E) S_a Pi(E').

Only the system and the couplings enter, not T and mu: it is done once. Operators are kept as their
matrix elements in the energy basis, where they are sparse. Davies 1974, doi:10.1007/BF01608389;
Breuer and Petruccione, The Theory of Open Quantum Systems (2002), section 3.3.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.contacts import NEGLIGIBLE
from oqs.numerics.clusters import IntArray, cluster, pairs_within
from oqs.system.fock import annihilator, number_of_bits
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem
from oqs.transitions.couplings import ChannelOperator


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Elements:
    """Matrix elements <lower| S_a(w_kappa) |upper> of one contact in the energy basis."""

    # lower, upper: (M,) states; the upper one holds one particle more, or of a bosonic contact the
    # energy w more. Those of one level stand in both orders, at w = 0.
    lower: IntArray
    upper: IntArray
    amplitude: ComplexArray  # (M,) complex
    kappa: IntArray  # (M,) index of the Bohr frequency E_upper - E_lower
    channel: IntArray  # (M,) which channel a; different channels add incoherently

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            read_only(getattr(self, field.name))

    def where(self, chosen: NDArray[np.bool_]) -> Elements:
        """Return the elements that are chosen (M,)."""
        return Elements(*(getattr(self, f.name)[chosen] for f in dataclasses.fields(self)))

    def joined(self, other: Elements) -> Elements:
        """Return these elements and others of the same contact."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in dataclasses.fields(self))
        return Elements(*map(np.concatenate, pairs))

    def weighted(self, down: FloatArray, up: FloatArray, dimension: int) -> sp.csr_array:
        """Return sum_a sum_w { down(w) S_a(w)^+ S_a(w) + up(w) S_a(w) S_a(w)^+ } (D, D).

        `down`, `up` (K,): a number for each frequency.
        """
        total = sp.csr_array((dimension, dimension), dtype=np.complex128)
        for weight, source, target, x in (
            (down, self.upper, self.lower, self.amplitude),
            (up, self.lower, self.upper, self.amplitude.conj()),
        ):
            key = (self.channel * len(down) + self.kappa) * dimension + target
            i, k = pairs_within(np.unique(key, return_inverse=True)[1])
            values = weight[self.kappa[i]] * x[i].conj() * x[k]
            entries = sp.coo_array((values, (source[i], source[k])), shape=total.shape)
            total = total + sp.csr_array(entries)
        return total

    def operators(self, kappa: int, dimension: int) -> list[sp.csr_array]:
        """Return S_a(w_kappa) (D, D) in the energy basis for every channel that has it."""
        here = self.kappa == kappa
        operators = []
        for channel in np.unique(self.channel[here]):
            entry = here & (self.channel == channel)
            operators.append(
                sp.csr_array(
                    (self.amplitude[entry], (self.lower[entry], self.upper[entry])),
                    shape=(dimension, dimension),
                )
            )
        return operators


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Decomposition:
    """Bohr frequencies (K,) ascending, each contact's elements, and the level (D,) of each state.

    States of one level agree in all quantum numbers that are known (the particle number at least)
    and, to the resolution, in energy.
    """

    frequencies: FloatArray
    elements: tuple[Elements, ...]
    levels: IntArray

    @functools.cached_property
    def occurring(self) -> tuple[IntArray, ...]:
        """Indices of the frequencies at which each contact has an eigen-operator."""
        return tuple(np.flatnonzero(np.bincount(e.kappa)) for e in self.elements)


def decompose_modes(
    system: QuadraticSystem, channels: Sequence[ComplexArray], resolution: float
) -> Decomposition:
    """Decompose in the normal modes: S_a(w) = sum_{k: w_k = w} (t modes)_ak a_k.

    Within one frequency only the Gram matrix of the amplitudes enters the dissipator, so m > 1
    channels are replaced by the singular vectors of their (m, g) amplitudes, at most g of them.
    A single channel stays as it is: its S(w) sum to S, phases included.
    """
    mode_level, frequencies = system.levels(resolution)
    annihilators = [annihilator(k, system.sites) for k in range(system.sites)]
    elements = []
    for t in channels:
        amplitudes = t @ system.modes  # (m, N)
        cut = NEGLIGIBLE * np.linalg.norm(amplitudes)
        operators: list[tuple[sp.csr_array, int, int]] = []
        for kappa in range(len(frequencies)):
            modes = np.flatnonzero(mode_level == kappa)
            rows = amplitudes[:, modes]
            if len(rows) > 1:
                _, sizes, mixes = np.linalg.svd(rows, full_matrices=False)
                rows = sizes[:, None] * mixes
            for channel, row in enumerate(rows):
                if np.linalg.norm(row) > cut:
                    operator = sum(x * annihilators[k] for x, k in zip(row, modes, strict=True))
                    operators.append((operator, kappa, channel))
        elements.append(_collect(operators))
    occupation = number_of_bits(system.sites)
    energies, widths = occupation @ frequencies[mode_level], system.widths(resolution)
    levels, _ = levels_of(energies, occupation.sum(axis=1), widths)
    return Decomposition(read_only(frequencies), tuple(elements), read_only(levels))


def states_of_contact(
    system: InteractingSystem, t: ComplexArray
) -> tuple[IntArray, IntArray, ComplexArray, IntArray]:
    """Return lower, upper, amplitude and channel of every non-zero element of one contact."""
    if system.occupation_eigenstates:
        return occupations_emptied(system.sites, t)
    norm = float(np.linalg.norm(t))
    none = np.zeros(0, dtype=np.intp)
    parts = [(none, none, np.zeros(0, dtype=np.complex128), none)]
    for channel in np.flatnonzero(np.any(t, axis=1)).tolist():
        operator = ChannelOperator.of(system, t[channel], norm)
        for lower, upper in zip(*operator.links, strict=True):
            p, q = system.blocks[lower], system.blocks[upper]
            amplitude = operator.amplitude(p, q)
            if amplitude is not None:
                b, a = np.nonzero(np.abs(amplitude) > NEGLIGIBLE * norm)
                parts.append((p.first + a, q.first + b, amplitude[b, a], np.full(len(a), channel)))
    lower, upper, amplitude, index = (np.concatenate(column) for column in zip(*parts, strict=True))
    return lower, upper, amplitude, index


def occupations_emptied(
    sites: int, t: ComplexArray
) -> tuple[IntArray, IntArray, ComplexArray, IntArray]:
    """Do the same for amplitudes t (m, N) of channels on sites, or modes, full or empty."""
    cut = NEGLIGIBLE * np.linalg.norm(t)
    parts = _collect(
        [
            (t[channel, v] * annihilator(v, sites).tocoo(), 0, channel)
            for channel, v in np.argwhere(np.abs(t) > cut).tolist()
        ]
    )
    return parts.lower, parts.upper, parts.amplitude, parts.channel


def _collect(operators: list[tuple[sp.csr_array, int, int]]) -> Elements:
    parts = [(matrix.tocoo(), kappa, channel) for matrix, kappa, channel in operators]
    count = [m.nnz for m, *_ in parts]

    none = np.zeros(0, dtype=np.intp)
    return Elements(
        lower=np.concatenate([none, *(m.row for m, *_ in parts)]),
        upper=np.concatenate([none, *(m.col for m, *_ in parts)]),
        amplitude=np.concatenate([none, *(m.data for m, *_ in parts)]).astype(np.complex128),
        kappa=np.repeat(np.array([k for _, k, _ in parts], dtype=np.intp), count),
        channel=np.repeat(np.array([a for *_, a in parts], dtype=np.intp), count),
    )


def levels_of(
    energies: FloatArray, sector: IntArray, widths: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return the level of each state (D,) and the energy of each level (L,), sector by sector."""
    levels = np.empty(len(energies), dtype=np.intp)
    centers: list[FloatArray] = []
    for label in np.unique(sector):
        members = sector == label
        level, center = cluster(energies[members], widths[members])
        levels[members] = level + sum(len(c) for c in centers)
        centers.append(center)
    return levels, np.concatenate(centers)
