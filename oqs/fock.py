"""Many-body Fock space: energy eigenbasis by particle number, sparse fermion operators."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.clusters import IntArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Spectrum:
    """Energy eigenbasis of the D many-body states.

    Parameters
    ----------
    energies : (D,) units of energy.
    particles : (D,) particle number of each state.
    vectors : (D, D) unitary; column i is state i in the basis of the system's operators.
    """

    energies: FloatArray
    particles: IntArray
    vectors: ComplexArray

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            read_only(getattr(self, field.name))

    @property
    def dimension(self) -> int:
        """Number D of many-body states."""
        return len(self.energies)


def number_of_bits(sites: int) -> IntArray:
    """Return the occupations (2^N, N) of each basis state; site 0 is the most significant bit.

    This is the order of QuTiP's tensor products, |n_0 n_1 ...>.
    """
    states = np.arange(2**sites, dtype=np.intp)
    return (states[:, None] >> np.arange(sites - 1, -1, -1)) & 1


def annihilator(site: int, sites: int) -> sp.csr_array:
    """Return c_site (2^N, 2^N) with the Jordan-Wigner sign of the preceding sites (as QuTiP's)."""
    states = np.arange(2**sites, dtype=np.intp)
    bit = 1 << (sites - 1 - site)
    upper = states[(states & bit) != 0]
    preceding = upper >> (sites - site)
    sign = 1.0 - 2.0 * (np.bitwise_count(preceding) % 2)
    return sp.csr_array((sign, (upper - bit, upper)), shape=(2**sites, 2**sites))


def mode_fock_basis(modes: ComplexArray) -> ComplexArray:
    """Return the occupation states of the modes as columns (2^N, 2^N) in the sites' Fock basis.

    The state with modes k1 < k2 < ... occupied is a_k1^+ a_k2^+ ... |0>, so that a_k has in this
    basis exactly the Jordan-Wigner matrix of `annihilator(k, N)`.
    """
    sites = len(modes)
    creators = [
        sum(modes[v, k] * annihilator(v, sites).T for v in range(sites)) for k in range(sites)
    ]
    basis = np.zeros((2**sites, 2**sites), dtype=np.complex128)
    basis[0, 0] = 1.0
    for k in reversed(range(sites)):  # states of the modes k+1.. are there already: put k in front
        bit = 1 << (sites - 1 - k)
        basis[:, bit : 2 * bit] = creators[k] @ basis[:, :bit]
    return basis


def diagonalise_sectors(hamiltonian: ComplexArray, number: ComplexArray) -> Spectrum:
    """Return the spectrum of a dense H (D, D) sector by sector of the particle number (D, D).

    Where the number operator is not diagonal in the given basis, its eigenbasis is found first.
    """
    counts = np.diag(number).real
    if np.max(np.abs(number - np.diag(counts))) > 1e-12:
        counts, rotation = np.linalg.eigh(number)
    else:
        rotation = np.eye(len(number), dtype=np.complex128)
    particles = np.rint(counts).astype(np.intp)
    order = np.argsort(particles, kind="stable")
    rotation, particles = rotation[:, order], particles[order]
    energies = np.empty(len(particles))
    vectors = np.empty_like(rotation)
    for count in np.unique(particles):
        sector = np.flatnonzero(particles == count)
        basis = rotation[:, sector]  # (D, d)
        energies[sector], inner = np.linalg.eigh(basis.conj().T @ hamiltonian @ basis)
        vectors[:, sector] = basis @ inner
    return Spectrum(energies=energies, particles=particles, vectors=vectors)
