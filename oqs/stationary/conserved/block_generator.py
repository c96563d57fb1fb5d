"""The PERLind generator at one T, mu, applied to a density matrix block by block.

    L rho = -i[H_S + H_LS, rho] + sum_m { M_m rho M_m^+ - {M_m^+ M_m, rho}/2 },

    M_- = sqrt(gamma_j(w) (1 - n_j(w))) <lower|S_a|upper>,
    M_+ = sqrt(gamma_j(w) n_j(w)) <lower|S_a|upper>^+,

between the eigenstates of two sectors. No matrix on the P matrix elements is made: an application
takes products of blocks.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.shifts import shifts_at, slopes_at
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.conserved.generator_slope import GeneratorSlope, JumpSlope
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.storage import Block
from oqs.transitions.channel_blocks import ChannelBlock, ChannelBlocks


@final
class Jump(NamedTuple):
    """A jump operator between two sectors."""

    channel: ChannelBlock  # the block of a contact's channel that it is made of
    # source, target: sectors
    source: int
    target: int
    matrix: Block  # (d', d) M
    gained: int  # particles that the system gains, 1 or -1


@final
class Flux(NamedTuple):
    """What a jump does in some state."""

    jump: Jump  # the jump
    # (d', d) how often it happens between two eigenstates per unit time; coherences may make it
    # negative
    flux: FloatArray
    frequency: FloatArray  # (d', d) E_upper - E_lower


@final
class BlockGenerator:
    """The generator at T, mu (n,).

    `layout`: of the density matrix. `T`, `mu` (n,): temperatures and chemical potentials, units of
    energy. `contacts` (n,): for the frequency shifts; none where there are none.
    """

    def __init__(
        self, layout: Layout, T: FloatArray, mu: FloatArray, contacts: Sequence[Contact] = ()
    ) -> None:
        self.layout, self.blocks = layout, layout.blocks
        self.jumps = [jump for c in self.blocks.channels for jump in _jumps(self.blocks, c, T, mu)]
        self._losses = self._zeros()
        for jump in self.jumps:
            self._losses[jump.source] += jump.matrix.conj().T @ jump.matrix
        self.leaving = np.concatenate([np.diagonal(loss).real for loss in self._losses])
        self._T, self._mu, self._contacts = T, mu, tuple(contacts)
        self._shifts = [
            self._shift(j, functools.partial(shifts_at, c, T=float(t), mu=float(m)))
            for j, (c, t, m) in enumerate(zip(contacts, T, mu, strict=False))  # or no contacts
        ]

    def with_jumps(self, jumps: list[Jump]) -> BlockGenerator:
        """Return the generator with these jumps; what is no jump stays as it is."""
        other = copy.copy(self)
        other.jumps = jumps
        return other

    def detuning(self, sector: int) -> FloatArray:
        """Return w_ab = E_a - E_b (d, d) within a sector."""
        energies = self.blocks.sectors[sector].energies
        return energies[:, None] - energies

    def loss(self, sector: int) -> Block:
        """Return sum_m M_m^+ M_m (d, d) of a sector."""
        return self._losses[sector]

    def shifts(self, sector: int) -> list[Block]:
        """Return H_LS,j (d, d) of a sector, for every contact that shifts."""
        return [shift[sector] for shift in self._shifts]

    def decay(self, sector: int) -> FloatArray:
        """Return the rates (d, d) at which elements decay by themselves."""
        own = np.diagonal(self._losses[sector]).real
        return (own[:, None] + own) / 2

    def apply(self, x: Block) -> Block:
        """Return L x of elements (P,)."""
        storage = self.layout.storage
        x = np.ascontiguousarray(x)
        result = np.empty_like(x)
        source, target = self.layout.split(x), self.layout.split(result)
        for index, (block, change) in enumerate(zip(source, target, strict=True)):
            change[:] = storage.rotated(block, self.detuning(index))
            lost = self._losses[index] @ block
            lost += block @ self._losses[index]
            lost *= 0.5
            change -= lost
        for shift in self._shifts:
            for block, change, h in zip(source, target, shift, strict=True):
                change += storage.commuted(block, h)
        for jump in self.jumps:
            target[jump.target] += jump.matrix @ source[jump.source] @ jump.matrix.conj().T
        return result

    def fluxes(self, x: Block) -> Iterator[Flux]:
        """Yield what each jump does in the state x (P,)."""
        source = self.layout.split(x)
        for jump in self.jumps:
            w = self.blocks.frequency(jump.channel)
            flux = self.layout.storage.flux(jump.matrix, source[jump.source])
            yield Flux(jump, flux, w.T if jump.gained > 0 else w)

    def gained(self, populations: FloatArray) -> FloatArray:
        """Return sum_m |M_m|^2 p of populations (d,): what states gain, coherences apart."""
        parts = np.split(populations, np.cumsum(self.layout.sizes)[:-1])
        gained = [np.zeros(size) for size in self.layout.sizes]
        for jump in self.jumps:
            gained[jump.target] += np.abs(jump.matrix) ** 2 @ parts[jump.source]
        return np.concatenate(gained)

    def strengths(self) -> FloatArray:
        """Return the largest rate (n,) at which each contact empties or fills an eigenstate."""
        largest = np.zeros(self.blocks.reservoirs)
        for jump in self.jumps:
            rate = float(np.max(np.sum(np.abs(jump.matrix) ** 2, axis=0)))
            largest[jump.channel.contact] = max(largest[jump.channel.contact], rate)
        return largest

    def shifted_energy(self, x: Block) -> FloatArray:
        """Return tr(FS_j[rho] H_S) (n,) in the state x (P,); 0 without frequency shifts."""
        energy = np.zeros(self.blocks.reservoirs)
        source = self.layout.split(x)
        for j, shift in enumerate(self._shifts):
            for sector, block, h in zip(self.blocks.sectors, source, shift, strict=True):
                change = np.diagonal(self.layout.storage.commuted(block, h)).real
                energy[j] += change @ sector.energies
        return energy

    def slope(self, q: int, theta: int) -> GeneratorSlope:
        """Return dL/dT_q, or dL/dmu_q for `theta` 1."""
        T, mu = float(self._T[q]), float(self._mu[q])
        jumps = []
        for jump in self.jumps:
            if jump.channel.contact != q:
                continue
            w = self.blocks.frequency(jump.channel)
            x = (w - mu) / T
            filled, empty = filled_and_empty(x)
            dx = -x / T if theta == 0 else np.full_like(x, -1 / T)
            # d ln sqrt(n) = -(1 - n) dx / 2, d ln sqrt(1 - n) = n dx / 2
            logarithm = -empty * dx / 2 if jump.gained > 0 else filled * dx / 2
            if jump.gained > 0:
                logarithm, w = logarithm.T, w.T
            jumps.append(
                JumpSlope(
                    jump.source, jump.target, jump.matrix, jump.matrix * logarithm, jump.gained, w
                )
            )
        shift: list[Block] = []
        if self._contacts:

            def slopes(w: FloatArray) -> tuple[FloatArray, FloatArray]:
                emission, absorption = slopes_at(self._contacts[q], w, T, mu)[theta]
                return emission, absorption

            shift = self._shift(q, slopes)
        return GeneratorSlope(self.layout, jumps, shift)

    def _shift(
        self, j: int, coefficients: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    ) -> list[Block]:
        """Return H_LS,j of each sector: (S^+ X + X^+ S)/2 with X = e(w) S, and the same of f."""
        total = self._zeros()
        for channel in self.blocks.channels:
            if channel.contact != j or channel.amplitude is None:
                continue
            s = channel.amplitude
            emission, absorption = coefficients(self.blocks.frequency(channel))
            total[channel.upper] += _hermitian(s.conj().T @ (emission * s))
            total[channel.lower] += _hermitian((absorption * s) @ s.conj().T)
        return total

    def _zeros(self) -> list[Block]:
        dtype = self.layout.storage.dtype
        return [np.zeros((size, size), dtype=dtype) for size in self.layout.sizes]


def _hermitian(matrix: Block) -> Block:
    return (matrix + matrix.conj().T) / 2


def _jumps(
    blocks: ChannelBlocks, channel: ChannelBlock, T: FloatArray, mu: FloatArray
) -> Iterator[Jump]:
    """Yield the jump down and the jump up of a channel between two sectors."""
    j = channel.contact
    filled, empty = filled_and_empty((blocks.frequency(channel) - mu[j]) / T[j])
    down = channel.root * np.sqrt(empty)
    up = np.ascontiguousarray((channel.root * np.sqrt(filled)).conj().T)
    yield Jump(channel, channel.upper, channel.lower, down, -1)
    yield Jump(channel, channel.lower, channel.upper, up, 1)
