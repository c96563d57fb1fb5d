"""Bosonic contacts as the textbook has them: dense, slow, readable, on `reference`'s matrices.

D = sum_{w>0} J(w) { (1 + n) D[S(w)] + n D[S(w)^+] } + T J'(0) D[S(0)],  n = 1/(e^{w/T} - 1).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import qutip
import reference
from numpy.typing import NDArray

import oqs


@dataclasses.dataclass(frozen=True)
class BoseBath:
    """J(w), its slope at 0, the operator S, temperature."""

    J: Callable[[float], float]
    slope: float
    S: NDArray
    T: float


def dissipator(H: NDArray, bath: BoseBath) -> NDArray:
    """D_j."""
    S = bath.S - np.trace(bath.S) / len(H) * np.eye(len(H))  # the unit operator does nothing
    total = np.zeros((len(H) ** 2,) * 2, dtype=np.complex128)
    scale = max(1e-300, np.max(np.abs(np.linalg.eigvalsh(H))))
    for w, part in reference.eigenoperators(H, S):
        if abs(w) < 1e-8 * scale:
            total += bath.T * bath.slope * reference.lindblad(part)
        elif w > 0:
            n = 1 / np.expm1(w / bath.T)
            down, up = reference.lindblad(part), reference.lindblad(part.conj().T)
            total += bath.J(w) * ((1 + n) * down + n * up)
    return total


def liouvillian(H: NDArray, baths: Sequence[BoseBath]) -> NDArray:
    """-i[H, .] + sum_j D_j."""
    one = np.eye(len(H))
    return -1j * (np.kron(H, one) - np.kron(one, H.T)) + sum(dissipator(H, b) for b in baths)


def flows(H: NDArray, baths: Sequence[BoseBath], rho: NDArray) -> NDArray:
    """tr(D_j[rho] H) of each bath."""
    changes = [(dissipator(H, b) @ rho.ravel()).reshape(H.shape) for b in baths]
    return np.array([np.trace(H @ change).real for change in changes])


def on_site(operator: qutip.Qobj, k: int, sites: int) -> qutip.Qobj:
    """The operator on factor k of so many qubits."""
    return qutip.tensor([operator if i == k else qutip.qeye(2) for i in range(sites)])


def spin_chain(sites: int, rng: np.random.Generator, scale: float = 1.0) -> qutip.Qobj:
    """Generic fields along z and x, exchange couplings of neighbours."""
    X, Y, Z = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()
    H = 0
    for k in range(sites):
        H += rng.uniform(0.5, 1.5) * on_site(Z, k, sites)
        H += rng.uniform(0.1, 0.3) * on_site(X, k, sites)
    for k in range(sites - 1):
        for pauli, J in zip((X, Y, Z), rng.uniform(0.2, 0.6, 3), strict=True):
            H += J * on_site(pauli, k, sites) * on_site(pauli, k + 1, sites)
    return scale * H


def baths_at_the_ends(sites: int, scale: float = 1.0) -> list[oqs.BosonicContact]:
    """Ohmic baths on the first and last spin."""
    return [
        oqs.BosonicContact(oqs.ohmic(g, cutoff=20 * scale), on_site(qutip.sigmax(), k, sites))
        for g, k in ((0.01, 0), (0.03, sites - 1))
    ]
