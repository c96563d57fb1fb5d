"""A G A^+ between the channels of contacts, G = (w - h - A^+ s A)^{-1} in the modes of h.

With few channels the modes far away from w are summed: K = sum_k a_k a_k^+ / (w - w_k), a matrix
between channels (Woodbury). Those near w stay a matrix of their own, so that nothing large cancels:

    L = 1 - K s,  A G A^+ = L^{-1} K + L^{-1} A_P G_P A_P^+ (1 - s K)^{-1},
    G_P = (w - w_P - A_P^+ s L^{-1} A_P)^{-1},

exact wherever the line between far and near is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray

_FEW = 8  # modes up to which their own matrices are as quick
_FAR = 8.0  # strengths of its self-energy: a mode farther away changes no other much
# of L^{-1}, and of G_P in units of 1/self-energy: digits are lost, so that all modes are solved
_LARGE, _DARK = 1e3, 1e5


def seconds(modes: int, channels: int) -> float:
    """Return about how long an energy takes, measured."""
    if _by_modes(modes, channels):
        return 3e-6 + 5e-8 * modes**2 + 1e-9 * modes**3
    return 3e-6 + 1e-7 * modes * channels / 2


def self_energy(strengths: ComplexArray, amplitudes: Sequence[ComplexArray]) -> ComplexArray:
    """Return A^+ s A (M, N, N) between the modes, of strengths (n, M) and amplitudes (m_j, N)."""
    return sum(
        np.multiply.outer(s, a.conj().T @ a) for s, a in zip(strengths, amplitudes, strict=True)
    )


def between_channels(
    away: FloatArray, strengths: ComplexArray, amplitudes: Sequence[ComplexArray]
) -> ComplexArray:
    """Return A G A^+ (M, C, C) at M energies.

    `away` (M, N): w - w_k; `strengths` (n, M): s of each contact; `amplitudes`: of each contact
    (m_j, N), between its channels and the modes.
    """
    channels = np.concatenate(amplitudes)
    count, size = len(channels), away.shape[1]
    if _by_modes(size, count):
        return by_all_modes(away, strengths, amplitudes)
    s = np.repeat(strengths, [len(a) for a in amplitudes], axis=0).T  # (M, C)
    width = np.abs(s) @ np.abs(channels) ** 2  # (M, N) self-energy of each mode
    reached = width > 0  # of a mode that no rate reaches nothing is asked
    width[~reached] = 1.0
    distance = np.where(reached, away, np.inf) / width
    few = int(np.max(np.sum(np.abs(distance) < _FAR, axis=1), initial=0))
    if 2 * few > size:
        return by_all_modes(away, strengths, amplitudes)
    near = np.argpartition(np.abs(distance), few, axis=1)[:, :few]  # P of them
    place = np.arange(len(s))[:, None], near
    # in units of its own self-energy each mode weighs the same, however narrow
    own, root = distance[place], np.sqrt(width[place])
    distance[place] = np.inf
    far = (channels / (distance * width)[:, None]) @ channels.conj().T  # K (M, C, C)
    left = np.linalg.inv(np.eye(count) - far * s[:, None])  # L^{-1}
    right = np.linalg.inv(np.eye(count) - far * s[:, :, None])  # (1 - s K)^{-1}
    onto = channels.T[near].swapaxes(1, 2) / root[:, None]  # A_P (M, C, P)
    back = onto.conj().swapaxes(1, 2)
    arriving = left @ onto
    matrix = -(back * s[:, None]) @ arriving
    modes = np.arange(few)
    matrix[:, modes, modes] += np.where(np.isinf(own), 1.0, own)
    dark = _singular(matrix, own)
    matrix[dark] = np.eye(few)
    green = np.linalg.inv(matrix)
    across = left @ far + arriving @ green @ back @ right
    lost = np.union1d(dark, np.flatnonzero((_norm(left) > _LARGE) | (_norm(green) > _DARK)))
    if len(lost):
        across[lost] = by_all_modes(away[lost], strengths[:, lost], amplitudes)
    return np.asarray(across)


def by_all_modes(
    away: FloatArray, strengths: ComplexArray, amplitudes: Sequence[ComplexArray]
) -> ComplexArray:
    """Return the same by matrices (N, N): the reference, and quicker for many channels."""
    inverse = -self_energy(strengths, amplitudes)
    modes, channels = np.arange(away.shape[1]), np.concatenate(amplitudes)
    width = np.abs(inverse[:, modes, modes])
    inverse[:, modes, modes] += away
    dark = _singular(inverse, away)
    singular, inverse[dark] = inverse[dark], np.eye(len(modes))
    onto = np.broadcast_to(channels.conj().T, (len(away), *channels.T.shape))
    across = channels @ np.linalg.solve(inverse, onto)
    # the combination that no channel reaches adds nothing, so that any solution will do; the
    # shortest is stable where each mode is in units of its own self-energy
    root = np.sqrt(np.where(width[dark] > 0, width[dark], 1.0))
    scaled = channels / root[:, None]
    shortest = np.linalg.pinv(singular / root[:, :, None] / root[:, None])
    across[dark] = scaled @ shortest @ scaled.conj().swapaxes(1, 2)
    return np.asarray(across)


def _by_modes(modes: int, channels: int) -> bool:
    return modes <= max(_FEW, 2 * channels)


def _singular(matrices: ComplexArray, away: FloatArray) -> IntArray:
    """Return which have no inverse: at a level w_k, where a combination of modes is dark."""
    at_level = np.flatnonzero(np.any(away == 0, axis=1))
    return at_level[np.linalg.slogdet(matrices[at_level])[0] == 0]


def _norm(matrices: ComplexArray) -> FloatArray:
    return np.abs(matrices).sum(axis=2).max(axis=1, initial=0.0)
