"""A quadratic system as a scatterer: exact Green's functions, transmission, scattering matrix."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.principal_value import Weight, shift_function
from oqs.contact.together import checked_contacts, fermionic_contacts
from oqs.laws.green import between_channels, seconds, self_energy
from oqs.laws.gross import ROUNDING
from oqs.laws.resonances import graded_panels, poles
from oqs.memory import announce
from oqs.numerics.clusters import IntArray
from oqs.numerics.quadrature import NODES, Panels, Sample, integrate
from oqs.system.systems import QuadraticSystem

_AT_ONCE = 2**20  # matrix elements worked out together


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Scatterer:
    """Modes between reservoirs, at energies w = origin + offset near narrow resonances.

    G = (w - h - sum_j Sigma_j)^{-1},  Gamma_j = gamma_j(w) t_j^+ t_j,
    Sigma_j = (P int de/(2 pi) gamma_j(e)/(w - e)) t_j^+ t_j - i Gamma_j / 2,
    S = 1 - i W G W^+,  W_j = sqrt(gamma_j(w)) t_j: one row for each channel.
    """

    # system, contacts: of the scatterer
    system: QuadraticSystem
    contacts: tuple[Contact, ...]
    # (m_j, N) of each contact, between its channels and the modes
    amplitudes: tuple[ComplexArray, ...]
    shifts: tuple[Weight, ...]  # real part of each self-energy, without the amplitudes

    @classmethod
    def of(cls, system: QuadraticSystem, contacts: Sequence[Contact]) -> Scatterer:
        """Take a system and its contacts.

        Raises TypeError or ValueError if contacts are refused, or a band is missing.
        """
        leads = fermionic_contacts(checked_contacts(contacts))
        return cls(
            system,
            leads,
            tuple(contact.channels(system.sites) @ system.modes for contact in leads),
            tuple(shift_function(contact) for contact in leads),
        )

    @property
    def owners(self) -> IntArray:
        """Reservoir (C,) of each channel."""
        return np.repeat(np.arange(len(self.contacts)), [len(a) for a in self.amplitudes])

    def transmission(self, origin: FloatArray, offset: FloatArray) -> FloatArray:
        """Return T_jq = tr[Gamma_j G Gamma_q G^+] (M, n, n), the diagonal included."""
        parts = self._parts(len(origin), self.system.sites)
        return np.concatenate([self._transmission(origin[k], offset[k]) for k in parts])

    def scattering(self, origin: FloatArray, offset: FloatArray) -> ComplexArray:
        """Return S (M, C, C), from the channel of the column to that of the row; unitary."""
        parts = self._parts(len(origin), len(self.owners))
        return np.concatenate([self._scattering(origin[k], offset[k]) for k in parts])

    def panels(self, T: FloatArray, mu: FloatArray, shifts: Sequence[float] = (0.0,)) -> Panels:
        """Return panels graded towards resonances, Fermi edges of T, mu (m,) and band edges.

        All of them as often as there are shifts, each time by that energy higher.
        """
        edges = [edge for contact in self.contacts for edge in contact.band or ()]
        resonances = poles(self.system.energies, self.self_energy)
        higher = np.asarray(shifts)[:, None]
        panels = graded_panels(
            np.unique(resonances + higher),
            np.tile(T, len(higher)),
            (mu + higher).ravel(),
            (np.array(edges) + higher).ravel(),
        )
        each = seconds(self.system.sites, len(self.owners))
        announce("An integral over the transmission", each * NODES * len(panels.origin))
        return panels

    def strengths(self, w: FloatArray) -> tuple[FloatArray, ComplexArray]:
        """Return gamma_j and the self-energy without amplitudes, each (n, M), at w (M,)."""
        gammas = np.array([contact.gamma(w) for contact in self.contacts])
        return gammas, np.array([shift(w) for shift in self.shifts]) - 0.5j * gammas

    def self_energy(self, w: FloatArray) -> ComplexArray:
        """Return the total self-energy (M, N, N) between the modes at w (M,)."""
        return self_energy(self.strengths(w)[1], self.amplitudes)

    def _parts(self, count: int, size: int) -> Iterator[slice]:
        """Yield so many energies at a time that matrices of that size, or of the modes', fit."""
        some = max(1, _AT_ONCE // max(size, self.system.sites) ** 2)
        for begin in range(0, count, some):
            yield slice(begin, begin + some)

    def _across(self, origin: FloatArray, offset: FloatArray) -> tuple[FloatArray, ComplexArray]:
        """Return gamma_j (n, M) and A G A^+ (M, C, C) between the channels."""
        gammas, strengths = self.strengths(origin + offset)
        # in the modes, w - w_k is exact however narrow the resonance
        away = np.subtract.outer(origin, self.system.energies) + offset[:, None]
        return gammas, between_channels(away, strengths, self.amplitudes)

    def _transmission(self, origin: FloatArray, offset: FloatArray) -> FloatArray:
        gammas, across = self._across(origin, offset)
        starts = np.cumsum([0, *(len(a) for a in self.amplitudes[:-1])])
        squared = np.abs(across) ** 2
        for axis in (1, 2):
            squared = np.add.reduceat(squared, starts, axis=axis)
        return squared * gammas.T[:, :, None] * gammas.T[:, None]

    def _scattering(self, origin: FloatArray, offset: FloatArray) -> ComplexArray:
        gammas, scattering = self._across(origin, offset)
        root = np.sqrt(gammas[self.owners]).T  # (M, C)
        scattering *= -1j * root[:, :, None] * root[:, None]
        channels = np.arange(len(self.owners))
        scattering[:, channels, channels] += 1.0
        return scattering


def integral(sample: Sample, panels: Panels, groups: Sequence[int], accuracy: float) -> FloatArray:
    """Integrate several groups of integrands, each to `accuracy` of the largest of its group.

    Or, where integrals of a group cancel or vanish, to 1e-13 of the largest of their gross sizes.

    Raises RuntimeError if the quadrature does not reach that.

    `groups`: number of integrands in each, which follow one another.
    """
    starts = np.cumsum([0, *groups[:-1]])

    def bound(value: FloatArray, gross: FloatArray) -> FloatArray:
        flow, rate = (np.maximum.reduceat(np.abs(a), starts) for a in (value, gross))
        enough = np.maximum(accuracy * flow, min(accuracy, ROUNDING) * rate)
        enough += np.finfo(float).tiny  # an integral of zero needs no digits
        return np.repeat(enough, groups)

    integrals = integrate(sample, panels, bound)
    missed = float(np.max(integrals.error / bound(integrals.value, integrals.gross), initial=0.0))
    if missed > 1:
        raise RuntimeError(
            f"The integral over the transmission did not reach {accuracy:.0e} of the largest "
            f"flow, but {missed * accuracy:.0e}. Ask for less, with a larger `accuracy`."
        )
    return integrals.value
