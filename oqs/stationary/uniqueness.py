"""Is the stationary state unique? A property of the model, not of T and mu.

Where a generator has a faithful stationary state, its kernel is as large as the commutant of H_S
and all jump operators (Frigerio 1978, doi:10.1007/BF01196936). The jumps S_a(w) and S_a(w)^+ are
the same at every T and mu, so the kernel can be counted at infinite temperature, where up and down
weights agree and the generator is a Hermitian matrix: no ill-conditioned eigenvalues.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from scipy.sparse.csgraph import connected_components

from oqs.davies import DaviesModel
from oqs.errors import NonUniqueStationaryState

_ZERO = 1e-12  # eigenvalues below this fraction of the largest rate are zero: rounding is 1e-15
_DENSE = 2000  # largest block whose eigenvalues are all computed


def require_unique(model: DaviesModel) -> None:
    """Raise NonUniqueStationaryState, with the kernel's dimension, unless that is one."""
    dimension = kernel_dimension(model)
    if dimension > 1:
        raise NonUniqueStationaryState(
            dimension,
            "A mode, a combination of degenerate modes (a dark mode) or a set of states is reached "
            "by no contact: couple it, or leave it out of the system.",
        )


def kernel_dimension(model: DaviesModel) -> int:
    """Return the dimension of the generator's kernel in the zero-frequency block.

    Coherences between different particle numbers, which no fermionic state has, are not counted.
    """
    generator = model.zero_frequency_generator
    half = model.rates.ravel() / 2
    weights = np.zeros(generator.values.shape[1])  # no frequency shifts: they commute with H_S
    weights[: 2 * half.size] = np.concatenate([half, half])
    matrix = generator.matrix(weights)
    scale = np.max(np.abs(matrix.data), initial=0.0)
    turning = np.minimum(np.abs(model.turning(generator)), scale)
    # for D <= 0 and R real and diagonal ker(D - iR) = ker D & ker R, that of the Hermitian D - |R|
    matrix = sp.csc_array(matrix - sp.diags_array(turning.astype(np.complex128)))
    count, label = connected_components(abs(matrix) > 0, directed=False)
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label, minlength=count))[:-1]
    return sum(
        _zeros(matrix[:, members][members, :], _ZERO * scale) for members in np.split(order, ends)
    )


def _zeros(block: sp.csc_array, threshold: float) -> int:
    """Count the eigenvalues above -threshold of a negative semidefinite Hermitian block."""
    if block.shape[0] == 1:
        return int(block.toarray()[0, 0].real >= -threshold)
    if block.shape[0] <= _DENSE:
        return int(np.sum(np.linalg.eigvalsh(block.toarray()) >= -threshold))
    count = 4
    while True:  # the eigenvalues nearest zero, more of them until one is not zero
        nearest = scipy.sparse.linalg.eigsh(
            block, k=count, sigma=1e3 * threshold, return_eigenvectors=False
        )
        zeros = int(np.sum(nearest >= -threshold))
        if zeros < count:
            return zeros
        count *= 2
