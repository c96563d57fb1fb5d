"""The derivative of a block generator with respect to one reservoir's T or mu."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.storage import Block


@final
class JumpSlope(NamedTuple):
    """A jump operator M and its derivative M', between two sectors."""

    # source, target: sectors
    source: int
    target: int
    # matrix, slope: (d', d) M and M'
    matrix: Block
    slope: Block
    gained: int  # particles that the system gains, 1 or -1
    frequency: FloatArray  # (d', d) E_upper - E_lower


@final
class Direct(NamedTuple):
    """What the changed jumps give at once: particles, energy, and (2,) the rates in these."""

    particle: float
    energy: float
    gross: FloatArray


@final
class GeneratorSlope:
    """dL = sum { M' rho M^+ + M rho M'^+ - {M'^+ M + M^+ M', rho}/2 } - i[H_LS', rho].

    `layout`: of the density matrix. `jumps`: of the reservoir whose T or mu changes. `shift`: the
    derivative of its H_LS, sector by sector; none without frequency shifts.
    """

    def __init__(self, layout: Layout, jumps: list[JumpSlope], shift: list[Block]) -> None:
        self._layout, self._jumps, self._shift = layout, jumps, shift

    def applied(self, x: Block) -> Block:
        """Return (dL) x of elements (P,)."""
        result = np.zeros_like(x)
        source, target = self._layout.split(x), self._layout.split(result)
        for jump in self._jumps:
            block, m, slope = source[jump.source], jump.matrix, jump.slope
            target[jump.target] += slope @ block @ m.conj().T + m @ block @ slope.conj().T
            loss = slope.conj().T @ m
            loss = (loss + loss.conj().T) / 2
            target[jump.source] -= loss @ block + block @ loss
        for sector, h in enumerate(self._shift):
            target[sector] += self._layout.storage.commuted(source[sector], h)
        return result

    def exchanged(self, x: Block) -> Direct:
        """Return what the changed jumps give of N and H in the state x (P,)."""
        particle, energy, gross = 0.0, 0.0, np.zeros(2)
        source = self._layout.split(x)
        for jump in self._jumps:
            storage, block = self._layout.storage, source[jump.source]
            flux = storage.cross_flux(jump.matrix, jump.slope, block)
            particle += jump.gained * float(flux.sum())
            energy += jump.gained * float(np.vdot(flux, jump.frequency))
            size = np.abs(flux)
            gross += size.sum(), np.vdot(size, np.abs(jump.frequency))
        for sector, h in enumerate(self._shift):
            change = self._layout.storage.commuted(source[sector], h)
            energies = self._layout.blocks.sectors[sector].energies
            energy += float(np.diagonal(change).real @ energies)
        return Direct(particle, energy, gross)
