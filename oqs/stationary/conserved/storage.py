"""Hermitian blocks as arrays on which real or complex jumps act.

Where all jumps M are real, a Hermitian block rho = R + i I, R symmetric and I antisymmetric, is
kept as the one real array Z = R + I: M rho M^+ becomes M Z M^T and {K, rho} becomes K Z + Z K, with
a quarter of the complex operations, and -i[E, rho] becomes -w Z^T, w_ab = E_a - E_b, for

    -i w (R + i I) = w I - i w R,   w I - w R = -w Z^T.
"""

from __future__ import annotations

import abc
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray

Block = NDArray[Any]


class Storage(abc.ABC):
    """How a Hermitian block (d, d) is kept."""

    dtype: type[np.float64] | type[np.complex128]

    @abc.abstractmethod
    def rotated(self, block: Block, w: FloatArray) -> Block:
        """Return -i w rho, the change by the free evolution, for w (d, d) antisymmetric."""

    @abc.abstractmethod
    def rotation(self, w: FloatArray) -> Block:
        """Return the matrix (d^2, d^2) of `rotated`, blocks stacked by rows."""

    @abc.abstractmethod
    def commutation(self, operator: Block) -> Block:
        """Return the matrix (d^2, d^2) of `commuted`, blocks stacked by rows."""

    @abc.abstractmethod
    def commuted(self, block: Block, operator: Block) -> Block:
        """Return -i[A, rho] for a Hermitian A (d, d)."""

    @abc.abstractmethod
    def unrotated(self, block: Block, w: FloatArray, decay: FloatArray) -> Block:
        """Return rho / (-i w - decay), element by element."""

    @abc.abstractmethod
    def matrix(self, block: Block) -> ComplexArray:
        """Return rho (d, d), exactly Hermitian."""

    @abc.abstractmethod
    def kept(self, rho: ComplexArray) -> Block:
        """Return the array that a Hermitian rho (d, d) is kept as."""

    def flux(self, jump: Block, block: Block) -> FloatArray:
        """Return Re[(M rho)_ij conj(M_ij)] of a jump M (d', d): it sums to tr(M rho M^+)."""
        return self.cross_flux(jump, jump, block) / 2

    @abc.abstractmethod
    def cross_flux(self, jump: Block, other: Block, block: Block) -> FloatArray:
        """Return Re[(M rho)_ij conj(M'_ij) + (M' rho)_ij conj(M_ij)] of M and M' (d', d)."""


@final
class RealStorage(Storage):
    """Z = Re rho + Im rho."""

    dtype = np.float64

    def rotated(self, block: Block, w: FloatArray) -> Block:
        """Return -w Z^T."""
        product: FloatArray = w * block.T
        return np.negative(product, out=product)

    def rotation(self, w: FloatArray) -> Block:
        """Return the matrix of -w Z^T."""
        return -w.ravel()[:, None] * _transposition(len(w))

    def commutation(self, operator: Block) -> Block:
        """Return the matrix of Z^T A - A Z^T."""
        one = np.eye(len(operator))
        commutator = np.kron(one, operator) - np.kron(operator, one)  # A symmetric
        return commutator @ _transposition(len(operator))

    def commuted(self, block: Block, operator: Block) -> Block:
        """Return Z^T A - A Z^T, A real."""
        return block.T @ operator - operator @ block.T

    def unrotated(self, block: Block, w: FloatArray, decay: FloatArray) -> Block:
        """Return (w Z^T - decay Z) / (decay^2 + w^2)."""
        solution: FloatArray = w * block.T
        solution -= decay * block
        solution /= decay * decay + w * w
        return solution

    def matrix(self, block: Block) -> ComplexArray:
        """Return R + i I."""
        return (block + block.T) / 2 + 0.5j * (block - block.T)

    def kept(self, rho: ComplexArray) -> Block:
        """Return R + I."""
        return rho.real + rho.imag

    def cross_flux(self, jump: Block, other: Block, block: Block) -> FloatArray:
        """Return (M R)_ij M'_ij + (M' R)_ij M_ij."""
        symmetric = (block + block.T) / 2
        flux: FloatArray = (jump @ symmetric) * other
        flux += flux if other is jump else (other @ symmetric) * jump
        return flux


@final
class ComplexStorage(Storage):
    """Rho itself."""

    dtype = np.complex128

    def rotated(self, block: Block, w: FloatArray) -> Block:
        """Return -i w rho."""
        return -1j * w * block

    def rotation(self, w: FloatArray) -> Block:
        """Return the diagonal matrix of -i w."""
        return np.diag(-1j * w.ravel())

    def commutation(self, operator: Block) -> Block:
        """Return the matrix of -i[A, rho]."""
        one = np.eye(len(operator))
        return -1j * (np.kron(operator, one) - np.kron(one, operator.T))

    def commuted(self, block: Block, operator: Block) -> Block:
        """Return -i[A, rho]."""
        return -1j * (operator @ block - block @ operator)

    def unrotated(self, block: Block, w: FloatArray, decay: FloatArray) -> Block:
        """Return rho / (-i w - decay)."""
        return block / (-1j * w - decay)

    def matrix(self, block: Block) -> ComplexArray:
        """Return the Hermitian part of rho."""
        return np.asarray((block + block.conj().T) / 2)

    def kept(self, rho: ComplexArray) -> Block:
        """Return rho."""
        return rho

    def cross_flux(self, jump: Block, other: Block, block: Block) -> FloatArray:
        """Return Re[(M rho)_ij conj(M'_ij) + (M' rho)_ij conj(M_ij)]."""
        rho = self.matrix(block)
        flux: FloatArray = ((jump @ rho) * other.conj()).real
        flux += flux if other is jump else ((other @ rho) * jump.conj()).real
        return flux


def _transposition(size: int) -> FloatArray:
    """Return the permutation (d^2, d^2) that transposes blocks stacked by rows."""
    places = np.arange(size**2).reshape(size, size).T.ravel()
    return np.eye(size**2)[places]
