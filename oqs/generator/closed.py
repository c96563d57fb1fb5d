"""The dissipators of a model as matrices on a closed set of matrix elements rho_ab.

Elements are those of the energy basis. A set is closed if no dissipator leads out of it, at any T
and mu.
"""

from __future__ import annotations

import abc
import functools

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.blocks import Matrix, set_labels, square
from oqs.numerics.clusters import IntArray

Rows = FloatArray | ComplexArray


class GeneratorAt(abc.ABC):
    """The dissipators on P matrix elements at the T, mu (n,) of the reservoirs."""

    @abc.abstractmethod
    def matrix(self) -> sp.csc_array:
        """Return sum_j (D_j + FS_j), (P, P)."""

    @abc.abstractmethod
    def dissipators(self) -> list[sp.csc_array]:
        """Return D_j + FS_j (P, P) of every reservoir."""

    @abc.abstractmethod
    def jumps(self) -> list[sp.csc_array]:
        """Return the jumps L rho L^+ of every reservoir, (P, P), without what is no jump."""

    @abc.abstractmethod
    def exchange(self, values: FloatArray | ComplexArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N_S D_j[rho]) and tr(H_S D_j[rho]), each (..., n), of elements (..., P)."""

    @abc.abstractmethod
    def exchange_rows(self) -> tuple[Rows, Rows]:
        """Return the rows (n, P) whose products with the elements are what `exchange` returns."""


class ClosedGenerator(abc.ABC):
    """The dissipators on a closed set of P matrix elements rho_ab."""

    @property
    @abc.abstractmethod
    def row_state(self) -> IntArray:
        """The states a (P,) of the matrix elements."""

    @property
    @abc.abstractmethod
    def column_state(self) -> IntArray:
        """The states b (P,) of the matrix elements."""

    @abc.abstractmethod
    def at(self, T: FloatArray, mu: FloatArray) -> GeneratorAt:
        """Return the dissipators at T, mu (n,)."""

    @abc.abstractmethod
    def slopes(self, T: FloatArray, mu: FloatArray) -> tuple[GeneratorAt, GeneratorAt]:
        """Return the derivatives of every D_j with its own T_j, and mu_j."""

    @abc.abstractmethod
    def linked(self) -> sp.csc_array:
        """Return which matrix elements (P, P) some dissipator links, at any T and mu."""

    @abc.abstractmethod
    def restricted(self, keep: NDArray[np.bool_]) -> ClosedGenerator:
        """Return the generator on the matrix elements `keep` (P,), a closed set.

        In real numbers where these are populations alone.
        """

    @property
    def size(self) -> int:
        """Number P of matrix elements."""
        return len(self.row_state)

    @functools.cached_property
    def diagonal(self) -> IntArray:
        """Positions of the populations among the matrix elements."""
        return np.flatnonzero(self.row_state == self.column_state)

    def values(self, state: Matrix) -> ComplexArray:
        """Return the matrix elements (P,) of rho (D, D) in the energy basis."""
        elements = np.asarray(state[self.row_state, self.column_state], dtype=np.complex128)
        return elements.ravel()

    def square(self, values: FloatArray | ComplexArray, dimension: int) -> Matrix:
        """Return rho (D, D) in the energy basis of its matrix elements (P,); others are zero."""
        return square(values, self.row_state, self.column_state, dimension)

    @functools.cached_property
    def sets(self) -> IntArray:
        """Label (P,) of the set of each matrix element; dissipators link none of two sets."""
        return set_labels(self.linked())
