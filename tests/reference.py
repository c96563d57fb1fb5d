"""A Davies generator as the textbook has it: dense, slow, readable, and nothing of oqs in it.

Written from the rule: a contact is a set of channels S_a = sum_v t_av c_v; with Pi(E) the
projectors on the eigenspaces of H, S_a(w) = sum_{E' - E = w} Pi(E) S_a Pi(E') and

    D_j = sum_a sum_w gamma_j(w) { n_j(w) D[S_a(w)^+] + (1 - n_j(w)) D[S_a(w)] }.

Superoperators act on row-major vectors: A rho B is kron(A, B^T).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.complex128]


@dataclasses.dataclass(frozen=True)
class Bath:
    """gamma(w), channels t (m, N), temperature and chemical potential."""

    gamma: Callable[[float], float]
    channels: Matrix
    T: float
    mu: float


def annihilators(sites: int) -> list[Matrix]:
    """c_v = Z x ... x Z x c x 1 x ... x 1 on |n_0 n_1 ...>."""
    lower, sign, one = np.array([[0, 1], [0, 0]]), np.diag([1, -1]), np.eye(2)
    found = []
    for v in range(sites):
        c = np.eye(1)
        for w in range(sites):
            c = np.kron(c, sign if w < v else lower if w == v else one)
        found.append(c.astype(np.complex128))
    return found


def hamiltonian(h: NDArray, U: dict[tuple[int, int], float] | None = None) -> Matrix:
    """Sum of h_vw c_v^+ c_w and U_vw n_v n_w."""
    c = annihilators(len(h))
    H = sum(h[v][w] * c[v].conj().T @ c[w] for v in range(len(h)) for w in range(len(h))).astype(
        np.complex128
    )
    for (v, w), energy in (U or {}).items():
        H += energy * c[v].conj().T @ c[v] @ c[w].conj().T @ c[w]
    return H


def baths_of(contacts, T, mu, sites: int) -> list[Bath]:
    """The baths behind contacts of oqs."""
    return [
        Bath(lambda w, r=x.rate: float(np.asarray(r(np.array([w])))[0]), x.channels(sites), *at)
        for x, *at in zip(contacts, T, mu, strict=True)
    ]


def baths_at(channels, T, mu, gamma) -> list[Bath]:
    """Baths of one rate gamma(w) behind these channels."""
    return [Bath(gamma, np.atleast_2d(t), *at) for t, *at in zip(channels, T, mu, strict=True)]


def eigenspaces(H: Matrix) -> list[tuple[float, Matrix]]:
    """Distinct energies, to 1e-9 of the largest, with the projectors on their eigenspaces."""
    energies, vectors = np.linalg.eigh(H)
    resolution = 1e-9 * max(1e-300, np.max(np.abs(energies)))
    groups: list[list[int]] = []
    for i, energy in enumerate(energies):
        if groups and energy - energies[groups[-1][-1]] <= resolution:
            groups[-1].append(i)
        else:
            groups.append([i])
    return [(float(np.mean(energies[g])), vectors[:, g] @ vectors[:, g].conj().T) for g in groups]


def eigenoperators(H: Matrix, S: Matrix) -> list[tuple[float, Matrix]]:
    """Pairs (w, S(w)) with S(w) not zero; equal w are collected."""
    spaces = eigenspaces(H)
    resolution = 1e-9 * max(1e-300, *(abs(energy) for energy, _ in spaces))
    found: list[tuple[float, Matrix]] = []
    for low, below in spaces:
        for high, above in spaces:
            piece = below @ S @ above
            if np.max(np.abs(piece)) < 1e-13:
                continue
            for index, (w, operator) in enumerate(found):
                if abs(w - (high - low)) <= 4 * resolution:
                    found[index] = (w, operator + piece)
                    break
            else:
                found.append((high - low, piece))
    return found


def lindblad(L: Matrix) -> Matrix:
    """Superoperator of L rho L^+ - {L^+ L, rho}/2."""
    one, product = np.eye(len(L)), L.conj().T @ L
    return np.kron(L, L.conj()) - 0.5 * (np.kron(product, one) + np.kron(one, product.T))


def dissipator(H: Matrix, c: Sequence[Matrix], bath: Bath) -> Matrix:
    """D_j."""
    total = np.zeros((len(H) ** 2,) * 2, dtype=np.complex128)
    for row in np.atleast_2d(bath.channels):
        for w, S in eigenoperators(H, sum(t * x for t, x in zip(row, c, strict=True))):
            n = 0.5 * (1 - np.tanh((w - bath.mu) / (2 * bath.T)))
            total += bath.gamma(w) * (n * lindblad(S.conj().T) + (1 - n) * lindblad(S))
    return total


def liouvillian(H: Matrix, c: Sequence[Matrix], baths: Sequence[Bath]) -> Matrix:
    """-i[H, .] + sum_j D_j."""
    one = np.eye(len(H))
    return -1j * (np.kron(H, one) - np.kron(one, H.T)) + sum(dissipator(H, c, b) for b in baths)


def stationary_state(L: Matrix) -> Matrix:
    """The null vector of L by singular values; there must be exactly one."""
    dimension = round(np.sqrt(len(L)))
    _, sizes, right = np.linalg.svd(L)
    small = np.flatnonzero(sizes < 1e-11 * sizes[0])
    if len(small) != 1:
        raise ValueError(f"{len(small)} null vectors")
    rho = right[-1].conj().reshape(dimension, dimension)
    return rho / np.trace(rho)


def kernel_dimension(L: Matrix, c: Sequence[Matrix]) -> int:
    """Dimension of the kernel of L on states without coherence between particle numbers."""
    number = np.rint(sum(np.diag(x.conj().T @ x).real for x in c))
    keep = (number[:, None] == number[None, :]).ravel()
    sizes = np.linalg.svd(L[np.ix_(keep, keep)], compute_uv=False)
    return int(np.sum(sizes < 1e-11 * sizes[0]))


def flows(
    H: Matrix, c: Sequence[Matrix], baths: Sequence[Bath], rho: Matrix
) -> tuple[NDArray, NDArray]:
    """P_j = tr(N D_j[rho]) and J_j = tr(H D_j[rho])."""
    N = sum(x.conj().T @ x for x in c)
    P, J = [], []
    for bath in baths:
        change = (dissipator(H, c, bath) @ rho.ravel()).reshape(rho.shape)
        P.append(np.trace(N @ change).real)
        J.append(np.trace(H @ change).real)
    return np.array(P), np.array(J)
