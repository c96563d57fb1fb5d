"""Dissipators of a quadratic system on its sites, Eq. (9), as sparse as products of c_v are.

With S_a(w_kappa) = sum_v z_av c_v, z the amplitudes of one frequency of one contact,

    D_j = sum_vw G_vw (c_v rho c_w^+ - {c_w^+ c_v, rho}/2)
               + F_vw (c_v^+ rho c_w - {c_w c_v^+, rho}/2),
    G = sum_kappa down_kappa z^T z*,  F = sum_kappa up_kappa z^+ z.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.superoperator import require_superoperator
from oqs.memory import announce
from oqs.numerics.clusters import IntArray
from oqs.system.fock import annihilator
from oqs.system.systems import QuadraticSystem

_BYTES, _SECONDS = 170.0, 7e-7  # for N^2 4^N entries, while products are sorted; measured


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SiteDissipator:
    """All of it but the rates, for rho stacked by columns."""

    amplitudes: ComplexArray  # z^T z* (n K, N^2) of each contact and frequency
    products: sp.csr_array  # (entries, 2 N^2), of what multiplies G and F
    columns: IntArray  # (entries,) of the superoperator
    begins: IntArray  # (4^N + 1,) of its rows

    @classmethod
    def of(
        cls, system: QuadraticSystem, channels: Sequence[ComplexArray], resolution: float
    ) -> SiteDissipator:
        """Collect the products for contacts of `channels` (m_j, N); MemoryError if too many."""
        sites = system.sites
        entries_of_pairs = sites**2 * 4.0**sites
        require_superoperator(_BYTES * entries_of_pairs, f"A superoperator of {sites} sites")
        announce("A superoperator, the first time", _SECONDS * entries_of_pairs)
        level, frequencies = system.levels(resolution)
        modes = [system.modes[:, level == kappa] for kappa in range(len(frequencies))]
        z = [t @ part @ part.conj().T for t in channels for part in modes]
        amplitudes = np.array([(a.T @ a.conj()).ravel() for a in z])
        value, row, column, pair = _products(sites)
        size = 4**sites
        entries, inverse = np.unique(row * size + column, return_inverse=True)
        products = sp.csr_array(
            (value, (inverse, pair)), shape=(len(entries), 2 * sites**2), dtype=np.complex128
        )
        begins = np.searchsorted(entries, size * np.arange(size + 1))
        return cls(amplitudes, products, entries % size, begins)

    def matrix(self, down: FloatArray, up: FloatArray) -> sp.csr_matrix:
        """Return the sum of the D_j (4^N, 4^N) of rates (n, K)."""
        lost, gained = down.ravel() @ self.amplitudes, up.ravel() @ self.amplitudes.conj()
        data = self.products @ np.concatenate([lost, gained])
        size = len(self.begins) - 1
        entries = data, self.columns, self.begins
        matrix = sp.csr_matrix(entries, shape=(size, size), copy=True)
        matrix.eliminate_zeros()
        return matrix


def _products(sites: int) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Return value, row, column of each entry that G_vw or F_vw multiplies, and which it is."""
    down = [annihilator(v, sites) for v in range(sites)]
    up = [sp.csr_array(operator.T) for operator in down]
    parts = [
        terms(operators[v], operators[w])
        for operators in (down, up)
        for v in range(sites)
        for w in range(sites)
    ]
    pairs = np.repeat(np.arange(len(parts)), [sum(p.nnz for p in three) for three in parts])
    joined = [part for three in parts for part in three]
    return (
        np.concatenate([part.data for part in joined]),
        np.concatenate([part.coords[0] for part in joined]).astype(np.intp),
        np.concatenate([part.coords[1] for part in joined]).astype(np.intp),
        pairs,
    )


def terms(one: sp.csr_array, other: sp.csr_array) -> tuple[sp.coo_array, ...]:
    """Return A rho B^+, -B^+ A rho/2 and -rho B^+ A/2 of real operators (2^N, 2^N)."""
    unity, number = sp.eye_array(one.shape[0]), other.T @ one
    # A rho B is (B^T x A) vec(rho)
    return (
        sp.kron(other, one, "coo"),
        -0.5 * sp.kron(unity, number, "coo"),
        -0.5 * sp.kron(number.T, unity, "coo"),
    )
