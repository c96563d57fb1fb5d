"""Bosonic reservoirs as they stand: dense matrices of a Davies generator, and of a local one.

    D_j = sum_{w>0} J(w) { (1 + n_B(w)) D[S(w)] + n_B(w) D[S(w)^+] } + T J'(0) D[S(0)],
    S(w) = sum_{E'-E=w} Pi(E) S Pi(E'),   n_B = 1/(e^{w/T} - 1)

Superoperators act on states stacked by rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray

_SAME = 1e-9  # energies this close, relative to the largest, are one level


@final
class BosonBath(NamedTuple):
    """J(w), its slope at 0, the operator S (D, D), the temperature."""

    density: Callable[[float], float]
    slope: float
    operator: ComplexArray
    T: float


def bose(frequency: float, temperature: float) -> float:
    """Return n_B = 1/(e^{w/T} - 1)."""
    return float(1.0 / np.expm1(frequency / temperature))


def lindblad(jump: ComplexArray) -> ComplexArray:
    """Return the superoperator of L rho L^+ - {L^+ L, rho}/2."""
    one, product = np.eye(len(jump)), jump.conj().T @ jump
    gained = np.kron(jump, jump.conj())
    lost = np.kron(product, one) + np.kron(one, product.T)
    return np.asarray(gained - 0.5 * lost, dtype=np.complex128)


def dissipator(hamiltonian: ComplexArray, bath: BosonBath) -> ComplexArray:
    """Return D_j (D^2, D^2)."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    scale = max(float(np.max(np.abs(energies))), 1e-300)
    inside = vectors.conj().T @ bath.operator @ vectors
    bohr = energies[None, :] - energies[:, None]  # what <a|S|b> takes from the system
    total = np.zeros((len(energies) ** 2,) * 2, dtype=np.complex128)
    left = np.sort(bohr[bohr > -_SAME * scale])
    for w in left[np.concatenate([[True], np.diff(left) > _SAME * scale])].tolist():
        part = np.where(np.abs(bohr - w) <= 4 * _SAME * scale, inside, 0.0)
        jump = vectors @ part @ vectors.conj().T
        if w < 8 * _SAME * scale:
            total += bath.T * bath.slope * lindblad(jump)
            continue
        n = bose(w, bath.T)
        up, down = lindblad(jump.conj().T), lindblad(jump)
        total += bath.density(w) * ((1 + n) * down + n * up)
    return total


def local_dissipator(
    lowering: ComplexArray, frequency: float, rate: float, T: float
) -> ComplexArray:
    """Return the dissipator that knows the bare frequency of its own site only."""
    n = bose(frequency, T)
    down, up = lindblad(lowering), lindblad(lowering.conj().T)
    return rate * ((1 + n) * down + n * up)


def stationary_flows(
    hamiltonian: ComplexArray, dissipators: Sequence[ComplexArray]
) -> tuple[ComplexArray, FloatArray]:
    """Return the null vector of -i[H, .] + sum_j D_j as rho (D, D), and tr(H D_j[rho])."""
    size = len(hamiltonian)
    one = np.eye(size)
    whole = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T)) + sum(dissipators)
    rho: ComplexArray = np.linalg.svd(whole)[2][-1].conj().reshape(size, size)
    rho = rho / np.trace(rho)
    changes = [(d @ rho.ravel()).reshape(size, size) for d in dissipators]
    return rho, np.array([float(np.trace(hamiltonian @ c).real) for c in changes])
