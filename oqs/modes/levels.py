"""Levels of a quadratic system as its contacts see them: bright modes, and dark ones.

On the degenerate modes of one level at energy w, contact j acts through the rows of t_j times
sqrt(gamma_j(w)). The combinations of the modes on which all rows vanish are dark: no dissipator
holds them. If the level also turns, by frequency shifts or because split energies count as one
level, those of them are dark that stay dark while they turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.contact.principal_value import Weight, shift_function
from oqs.errors import Kernel
from oqs.modes.untouched import Untouched, nothing_touched
from oqs.numerics.clusters import IntArray, cluster
from oqs.numerics.graded_basis import graded_basis
from oqs.system.fock import occupation_sum
from oqs.system.systems import QuadraticSystem

_COUNTED = 16  # dark modes whose Fock states are all counted


@final
class Level(NamedTuple):
    """One level of g modes, b of them bright."""

    frequency: float  # w, mean energy of its modes
    modes: IntArray  # (g,) which modes of the system
    gammas: FloatArray  # (n,) rate of each contact at w; 0 where it has no amplitude on the level
    # for each contact, (m_j, g) of its channels, 0 where they are rounding of zero
    amplitudes: tuple[ComplexArray, ...]
    negligible: FloatArray  # (n,) amplitudes of each contact that are rounding of zero
    # (g, b) orthonormal combinations that contacts touch; the singular vectors of all rows
    bright: ComplexArray
    strengths: FloatArray  # (b,) total rate of each of them
    dark: ComplexArray  # (g, d) the other combinations
    dark_energies: FloatArray  # (d,) their energies

    @property
    def grams(self) -> ComplexArray:
        """a_j^+ a_j (n, g, g) of each contact between the modes."""
        return np.array([a.conj().T @ a for a in self.amplitudes])

    @property
    def rates(self) -> ComplexArray:
        """gamma_j a_j^+ a_j (n, b, b) between the bright combinations."""
        if self.bright.shape == (1, 1):  # a single mode is its own combination
            squares = [np.vdot(a, a) for a in self.amplitudes]
            return (self.gammas * squares)[:, None, None]
        parts = [a @ self.bright for a in self.amplitudes]
        return np.array([g * (a.conj().T @ a) for g, a in zip(self.gammas, parts, strict=True)])

    @property
    def touched(self) -> bool:
        """Whether contacts touch a mode of it."""
        return self.bright.shape[1] > 0

    def shift(self, shifts: Sequence[Weight]) -> ComplexArray:
        """Return sum_j shift_j(w) a_j^+ a_j (g, g), the frequency shift between its modes."""
        w = np.array([self.frequency])
        parts = [
            float(shift(w)[0]) * (a.conj().T @ a)
            for shift, a in zip(shifts, self.amplitudes, strict=True)
        ]
        return np.sum(parts, axis=0)

    def detuning(self, system: QuadraticSystem) -> FloatArray:
        """Return energy minus mean (g,) of its modes; 0 where they differ by rounding."""
        away = system.energies[self.modes] - self.frequency
        rounding = system.mode_widths(system.resolution)[self.modes]
        return away if np.any(np.abs(away) > rounding) else np.zeros_like(away)

    def mixed_by(self, drift: ComplexArray) -> Level:
        """Return the level with only those dark combinations that `drift` (g, g) keeps dark."""
        dark, bright = self.dark, self.bright
        while dark.shape[1]:
            leaving = bright.conj().T @ drift @ dark
            _, sizes, mixes = np.linalg.svd(leaving)  # all of its right singular vectors
            rank = int(np.sum(sizes > NEGLIGIBLE * np.linalg.norm(drift)))
            if rank == 0:
                break
            bright = np.hstack([bright, dark @ mixes[:rank].conj().T])
            dark = dark @ mixes[rank:].conj().T
        own = np.linalg.eigvalsh(dark.conj().T @ drift @ dark).astype(np.float64)
        return self._replace(
            bright=bright,
            strengths=np.pad(self.strengths, (0, bright.shape[1] - self.bright.shape[1])),
            dark=dark,
            dark_energies=self.frequency + own,
        )

    def untouched(self, contacts: Sequence[Contact]) -> list[Untouched]:
        """Return its dark modes, each with the reason."""
        if not self.dark.shape[1]:
            return []
        reasons = []
        for j, (contact, gamma, a) in enumerate(
            zip(contacts, self.gammas, self.amplitudes, strict=True)
        ):
            if not np.any(a):
                why = "has no amplitude on it"
            elif gamma == 0:
                why = f"has rate 0 at {self.frequency!r}, {contact.why_zero(self.frequency)}"
            else:
                why = f"reaches only other combinations of the {len(self.modes)} modes there"
            reasons.append(f"{contact.label(j)} {why}")
        return [Untouched(self.frequency, (), ", ".join(reasons))] * self.dark.shape[1]


def find_levels(
    system: QuadraticSystem, contacts: Sequence[Contact], resolution: float
) -> tuple[Level, ...]:
    """Return the levels, ascending; modes closer than `resolution` (an energy) are one level.

    An amplitude below 1e-13 of its contact's norm is rounding of zero, and so is a combination of
    modes below it. Rates are evaluated where a contact has an amplitude.

    Raises as `Contact.channels` and `Contact.gamma` do.
    """
    label, frequencies = system.levels(resolution)
    rows = [contact.channels(system.sites) @ system.modes for contact in contacts]
    square = np.array([np.add.reduce(np.abs(a) ** 2, axis=0) for a in rows])  # (n, N)
    negligible = NEGLIGIBLE * np.sqrt(np.add.reduce(square, axis=1))
    weight = np.array([np.bincount(label, s, len(frequencies)) for s in square])  # (n, K)
    touched = np.sqrt(weight) > negligible[:, None]
    gammas = np.zeros(touched.shape)
    for j, contact in enumerate(contacts):
        gammas[j, touched[j]] = contact.gamma(frequencies[touched[j]], j)
    roots = np.sqrt(gammas)
    least = np.maximum.reduce(roots * negligible[:, None], axis=0)
    order, ends = label.argsort(kind="stable"), np.bincount(label).cumsum().tolist()
    members = [order[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    levels = []
    for kappa, (w, modes) in enumerate(zip(frequencies.tolist(), members, strict=True)):
        amplitudes = tuple(
            [
                a[:, modes] if reached else np.zeros((len(a), len(modes)), a.dtype)
                for a, reached in zip(rows, touched[:, kappa].tolist(), strict=True)
            ]
        )
        sizes, basis = _singular(roots[:, kappa], amplitudes)
        bright = np.count_nonzero(sizes > least[kappa])
        levels.append(
            Level(
                w,
                modes,
                gammas[:, kappa],
                amplitudes,
                negligible,
                basis[:, :bright],
                sizes[:bright] ** 2,
                basis[:, bright:],
                np.full(len(modes) - bright, w),
            )
        )
    return tuple(levels)


def _singular(
    roots: FloatArray, amplitudes: Sequence[ComplexArray]
) -> tuple[FloatArray, ComplexArray]:
    """Return the singular values (<= g,), descending, and all right vectors (g, g) of all rows.

    Those are the amplitudes (m_j, g) of each contact times its root. One mode is its own vector,
    without the rounding of a phase.
    """
    rows = [r * a for r, a in zip(roots.tolist(), amplitudes, strict=True)]
    if rows[0].shape[1] == 1:
        square = sum([np.vdot(a, a).real for a in rows])
        return np.array([math.sqrt(square)]), np.ones((1, 1), dtype=np.complex128)
    basis, rotated = graded_basis(np.concatenate(rows))
    sizes = np.sqrt(np.add.reduce(np.abs(rotated) ** 2, axis=0))
    order = (-sizes).argsort(kind="stable")
    return sizes[order], basis[:, order]


def untouched_modes(
    levels: Sequence[Level], contacts: Sequence[Contact], resolution: float
) -> tuple[Untouched, ...]:
    """Return the dark modes of all levels; NonUniqueStationaryState if there are no others.

    `resolution` is that of the kernel's count, see `dark_kernel`.
    """
    parts = tuple(part for level in levels for part in level.untouched(contacts))
    if not any(level.touched for level in levels):
        raise nothing_touched(parts, dark_kernel(levels, resolution))
    return parts


def davies_levels(
    system: QuadraticSystem, contacts: Sequence[Contact], resolution: float, *, shifted: bool
) -> tuple[Level, ...]:
    """Return the levels with what stays dark in a Davies generator.

    There, split energies that `resolution` counts as one level turn, and so does the frequency
    shift where it is included.
    """
    shifts = [shift_function(contact) for contact in contacts] if shifted else []
    levels = []
    for level in find_levels(system, contacts, resolution):
        if level.dark.shape[1]:
            drift = np.diag(level.detuning(system)).astype(np.complex128)
            mixed = level.mixed_by(drift + level.shift(shifts) if shifted else drift)
            levels.append(mixed)
        else:
            levels.append(level)
    return tuple(levels)


def dark_kernel(levels: Sequence[Level], resolution: float) -> Kernel:
    """Return the dimension of a generator's kernel from the dark modes of its levels.

    Nothing acts on their Fock space of 2^d states but their own Hamiltonian: each of the 4^d matrix
    elements is stationary whose two states agree in energy, and that fermions may have, between
    equal particle numbers. Of g degenerate modes that makes sum_n C(g, n)^2 = C(2 g, g).
    Energies closer than `resolution` agree.
    """
    energies = np.concatenate([level.dark_energies for level in levels])
    if len(energies) > _COUNTED:  # coincidences of sums of several energies are left out
        groups = np.bincount(cluster(energies, resolution)[0])
        return Kernel(math.prod(math.comb(2 * g, g) for g in groups.tolist()), exact=False)
    total = occupation_sum(energies)
    return coincidences(total, np.bitwise_count(np.arange(len(total))).astype(np.intp), resolution)


def coincidences(energies: FloatArray, particles: IntArray, resolution: float) -> Kernel:
    """Return how many pairs of states (D,) agree in energy and particle number."""
    dimension = 0
    for n in np.unique(particles):
        sizes = np.bincount(cluster(energies[particles == n], resolution)[0])
        dimension += int(np.sum(sizes**2))
    return Kernel(dimension)
