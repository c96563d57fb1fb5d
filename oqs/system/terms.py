"""One- and two-body terms of a Hamiltonian, checked, and its sparse matrix."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, complex_array, of_type, read_only, real_number
from oqs.system.fock import annihilator, hopping, occupation_sum
from oqs.system.systems import hermitian_matrix


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Terms:
    """H = sum_vw h_vw c_v^+ c_w + sum U_vw n_v n_w + sum V_vwxy c_v^+ c_w^+ c_x c_y."""

    h: ComplexArray  # (N, N) Hermitian
    U: FloatArray  # (N, N) real, upper triangle: one entry per unordered pair
    V: Mapping[tuple[int, int, int, int], complex]  # {(v, w, x, y): energy}

    @classmethod
    def checked(
        cls,
        h: ArrayLike,
        U: Mapping[tuple[int, int], float] | None,
        V: Mapping[tuple[int, int, int, int], complex] | None,
    ) -> Terms:
        """Return the terms, or raise TypeError or ValueError naming `h`, `U` or `V`."""
        matrix = hermitian_matrix(h)
        repulsion = np.zeros(matrix.shape)
        for (v, w), energy in _checked_pairs({} if U is None else U, len(matrix)).items():
            repulsion[min(v, w), max(v, w)] = energy
        return cls(
            read_only(matrix),
            read_only(repulsion),
            dict(_checked_quadruples({} if V is None else V, len(matrix))),
        )

    @property
    def sites(self) -> int:
        """Number N of sites."""
        return len(self.h)

    @property
    def occupation_eigenstates(self) -> bool:
        """Whether occupation states of the sites are eigenstates: no tunnelling, only densities."""
        return not self.V and not np.any(self.h - np.diag(np.diag(self.h)))

    @functools.cached_property
    def occupation_energies(self) -> FloatArray:
        """Energies (2^N,) of the occupation states without tunnelling and V."""
        energies = occupation_sum(np.diag(self.h).real)
        states = np.arange(len(energies), dtype=np.int64)
        for v, w in zip(*np.nonzero(self.U), strict=True):
            bits = (1 << (self.sites - 1 - v)) | (1 << (self.sites - 1 - w))
            energies[(states & bits) == bits] += self.U[v, w]
        return read_only(energies)

    @functools.cached_property
    def matrix(self) -> sp.csr_array:
        """H (2^N, 2^N) in the Jordan-Wigner space."""
        size = 2**self.sites
        states = np.arange(size, dtype=np.intp)
        rows, columns = [states], [states]
        values = [self.occupation_energies.astype(np.complex128)]
        tunnelling = self.h - np.diag(np.diag(self.h))
        for v, w in np.argwhere(tunnelling).tolist():
            row, column, sign = hopping(v, w, self.sites)
            rows.append(row)
            columns.append(column)
            values.append(sign * tunnelling[v, w])
        entries = (np.concatenate(rows), np.concatenate(columns))
        total = sp.csr_array(sp.coo_array((np.concatenate(values), entries), shape=(size, size)))
        c = [annihilator(v, self.sites) for v in range(self.sites)] if self.V else []
        for (v, w, x, y), amplitude in self.V.items():
            total = total + complex(amplitude) * (c[v].T @ c[w].T @ c[x] @ c[y])
        return total


def _checked_pairs(
    U: Mapping[tuple[int, int], float], sites: int
) -> Mapping[tuple[int, int], float]:
    remedy = "Give {(v, w): energy} with each unordered pair of distinct sites once."
    of_type("U", U, Mapping, "a mapping", remedy)
    seen: set[frozenset[int]] = set()
    for pair, energy in U.items():
        valid = isinstance(pair, tuple) and len(pair) == 2 and len(set(pair)) == 2
        if not valid or not all(
            isinstance(site, (int, np.integer)) and 0 <= site < sites for site in pair
        ):
            raise ValueError(
                f"Argument `U` must name pairs of distinct sites 0..{sites - 1}, "
                f"but has the key {pair!r}. {remedy}"
            )
        if frozenset(pair) in seen:
            raise ValueError(
                f"Argument `U` must hold each unordered pair once, but {pair!r} stands twice. "
                f"{remedy}"
            )
        seen.add(frozenset(pair))
        real_number(f"U[{pair!r}]", energy, remedy)
    return U


def _checked_quadruples(
    V: Mapping[tuple[int, int, int, int], complex], sites: int
) -> Mapping[tuple[int, int, int, int], complex]:
    remedy = "Give {(v, w, x, y): energy} and {(y, x, w, v): its conjugate}."
    of_type("V", V, Mapping, "a mapping", remedy)
    for key, amplitude in V.items():
        if not (isinstance(key, tuple) and len(key) == 4) or not all(
            isinstance(site, (int, np.integer)) and 0 <= site < sites for site in key
        ):
            raise ValueError(
                f"Argument `V` must name four sites 0..{sites - 1} in each key, but has the key "
                f"{key!r}. {remedy}"
            )
        value = complex_array(f"V[{key!r}]", amplitude, remedy)
        mirror = complex(V.get(key[::-1], 0.0))
        if value.shape or abs(mirror.conjugate() - value) > 1e-12 * abs(value):
            raise ValueError(
                f"Argument `V` must be Hermitian, but V[{key!r}] = {amplitude!r} and "
                f"V[{key[::-1]!r}] = {mirror!r}. {remedy}"
            )
    return V
