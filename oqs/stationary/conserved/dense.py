"""The block generator as one dense matrix, for a few hundred matrix elements."""

from __future__ import annotations

import numpy as np

from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.storage import Block


def dense_matrix(generator: BlockGenerator) -> Block:
    """Return L (P, P) on the elements as they are kept: A rho B has the elements A x B^T.

    In real storage the columns are those of the real numbers Z of `RealStorage`.
    """
    layout = generator.layout
    matrix = np.zeros((layout.size, layout.size), dtype=layout.storage.dtype)
    for jump in generator.jumps:
        rows, columns = layout.slices[jump.target], layout.slices[jump.source]
        matrix[rows, columns] += _kronecker(jump.matrix, jump.matrix.conj())
    for index, (here, size) in enumerate(zip(layout.slices, layout.sizes, strict=True)):
        own = matrix[here, here]
        half, one = -generator.loss(index) / 2, np.eye(size)
        own += _kronecker(half, one)
        own += _kronecker(one, half.conj())
        own += layout.storage.rotation(generator.detuning(index))
        for h in generator.shifts(index):
            own += layout.storage.commutation(h)
    return matrix


def _kronecker(a: Block, b: Block) -> Block:
    """Return a x b, quicker for small matrices than numpy's."""
    products = a[:, None, :, None] * b[None, :, None, :]
    product: Block = products.reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])
    return product
