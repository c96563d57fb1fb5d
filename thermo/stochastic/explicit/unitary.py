"""Free evolution of the correlation matrix of system and levels: nothing thermalises."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray


@final
class Exchanged(NamedTuple):
    """What explicit reservoirs exchanged, at k times."""

    lost: FloatArray  # (k, n) particles that each reservoir has lost
    released: FloatArray  # (k, n) and energy
    modes: FloatArray  # (k, N) occupations of the system's modes
    levels: FloatArray  # (n, K) occupations of the levels at the last time


def evolve_freely(
    h: ComplexArray, occupations: FloatArray, parts: list[slice], times: FloatArray
) -> Exchanged:
    """Return what C(t) = e^{-iht} C(0) e^{iht}, C(0) = diag(occupations), does to the reservoirs.

    With one diagonalisation h = V E V^+ it is N_j(t) = sum_ab (V^+ P_j V)_ba (V^+ C(0) V)_ab
    e^{-i(E_a - E_b)t}; the product of the two matrices, entry by entry, serves all times at once.

    Parameters
    ----------
    h : (m, m) of the system's N modes, then the levels. occupations : (m,) at t = 0.
    parts : where the levels of each reservoir stand. times : (k,).
    """
    real = not np.any(h.imag)
    energies, V = scipy.linalg.eigh(h.real if real else h)
    start = (V.conj().T * occupations) @ V
    phases = np.exp(-1j * np.outer(energies, times))  # (m, k)
    levels_energy = h.diagonal().real
    number, energy = [], []
    for part in parts:
        rows = V[part]
        number.append(_expectation((rows.conj().T @ rows).T * start, phases))
        weighted = (rows.conj().T * levels_energy[part]) @ rows
        energy.append(_expectation(weighted.T * start, phases))
    modes = [_expectation(start, V[v][:, None] * phases) for v in range(parts[0].start)]
    last = (V * phases[:, -1]) @ V.conj().T
    final = (np.abs(last) ** 2) @ occupations
    filled = np.array([occupations[part].sum() for part in parts])
    held = np.array([occupations[part] @ levels_energy[part] for part in parts])
    return Exchanged(
        filled - np.stack(number, axis=1),
        held - np.stack(energy, axis=1),
        np.stack(modes, axis=1),
        np.stack([final[part] for part in parts]),
    )


def _expectation(product: NDArray[Any], phases: ComplexArray) -> FloatArray:
    """Return sum_ab M_ab z_a z_b^* of a Hermitian M for each column z of the phases (m, k)."""
    if np.isrealobj(product):
        rotated = product @ phases.real - 1j * (product @ phases.imag)
    else:
        rotated = product @ phases.conj()
    return np.sum(phases * rotated, axis=0).real
