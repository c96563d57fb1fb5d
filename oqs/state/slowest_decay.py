"""The spectral gap of a Davies generator: the slowest decay among its sets of matrix elements."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.generator.davies.davies_model import DaviesModel
from oqs.memory import announce, require_memory
from oqs.numerics.blocks import linked_sets, real_if_it_is
from oqs.state.coupled_elements import CoupledElements
from oqs.state.sector_pairs import Family, SectorPairs
from oqs.transitions.places import MatrixElements, transposed_places

_DENSE = 200  # coupled elements of which all eigenvalues are computed
_TOLERANCE = 1e-10  # relative, of an iterated eigenvalue
_BASIS = 60  # vectors of the iteration
_RESTARTS = 200
_SEVERAL = 3  # eigenvalues: the zero, and a complex pair
_SWEEPS = 30  # of balancing
_KNOWN = 1e-12  # of the largest rate: slower decays are lost in its rounding


def slowest_decay(model: DaviesModel, T: FloatArray, mu: FloatArray) -> float:
    """Return the smallest non-zero -Re of the eigenvalues on states of equal particle number.

    Sets of up to 200 coupled elements are diagonalised. Of larger ones the rightmost eigenvalues
    are iterated (Arnoldi's method) to 1e-10 of their size; what does not converge is diagonalised.

    Raises
    ------
    StationaryStateNotFound
        if the slowest decay is below 1e-12 of the fastest, where rounding hides it.
    MemoryError
        before it is computed, where a set of elements is too large.
    """
    pairs = SectorPairs.of(model, T, mu)
    if pairs is None:
        coupled = CoupledElements.of(model, T, mu, model.system.spectrum.particles)
        return slowest_of(coupled.generator, coupled, coupled.slowest_alone())
    slowest = pairs.coupled.slowest_alone()
    fastest = 2 * float(np.max(-pairs.coupled.drift.diagonal().real))
    for family in pairs.families():
        populations = bool(np.any(family.row_state == family.column_state))
        slowest = min(slowest, _slowest(family, fastest, populations=populations))
    return _known(slowest, fastest)


def slowest_of(generator: sp.csr_array, elements: MatrixElements, alone: float = np.inf) -> float:
    """Return the smallest non-zero -Re of the eigenvalues of a generator, and of `alone`.

    Parameters
    ----------
    generator : (P, P) on matrix elements.
    elements : which states they stand between; rho_ba decays as rho_ab does, and is not asked.

    Raises as `slowest_decay`.
    """
    slowest = alone
    fastest = float(np.max(-generator.diagonal().real, initial=0.0))
    populations = elements.row_state == elements.column_state
    transposed = transposed_places(elements)
    for members in linked_sets(generator):
        if transposed[members].min() < members[0]:
            continue  # a set that ended before holds their conjugates
        own = sp.csr_array(generator[members, :][:, members])
        known = bool(np.any(populations[members]))
        slowest = min(slowest, _slowest(own, fastest, populations=known))
    return _known(slowest, fastest)


def _slowest(generator: sp.csr_array | Family, fastest: float, *, populations: bool) -> float:
    """Return the slowest decay of linked elements; with populations, but for the zero."""
    decays = _decays(generator)
    if populations:
        decays = _without_zero(decays, fastest)
    return float(np.min(decays, initial=np.inf))


def _known(slowest: float, fastest: float) -> float:
    """Return the slowest decay, or raise where rounding of the fastest hides it."""
    if not slowest > _KNOWN * fastest:
        raise StationaryStateNotFound(
            f"The slowest decay of the system, {slowest:.1e}, is within the rounding of its "
            f"fastest, {fastest:.1e}: double precision cannot tell it from none. Raise T, or bring "
            "the contacts' rates closer together."
        )
    return slowest


def _without_zero(decays: FloatArray, fastest: float) -> FloatArray:
    """Return the decays but for the zero of the stationary state."""
    zero = int(np.argmin(decays))
    if not abs(decays[zero]) <= _KNOWN * fastest:
        raise StationaryStateNotFound(
            f"The stationary state decays at {decays[zero]:.1e}, where the fastest rate is "
            f"{fastest:.1e}: the eigenvalues are not known to the precision that is needed. Raise "
            "T, or bring the contacts' rates closer together."
        )
    return np.delete(decays, zero)


def _decays(generator: sp.csr_array | Family) -> FloatArray:
    """Return -Re of the eigenvalues of a linked set: all of a small one, the smallest of others."""
    if isinstance(generator, sp.csr_array):
        generator = real_if_it_is(generator)
    size = generator.shape[0]
    if size == 1:
        return -generator.diagonal().real
    if size > _DENSE:
        iterated = _iterated(generator)
        if iterated is not None:
            return iterated
    seconds = 2e-9 * float(size) ** 3
    require_memory(
        48.0 * size**2,
        f"The eigenvalues of {size} coupled matrix elements, some {seconds:.0f} s of work,",
        "The relaxation of fewer sites with the same rates tells the time as well.",
    )
    announce("oqs.relaxation_time: eigenvalues", seconds)
    return -np.linalg.eigvals(generator.toarray()).real


def _iterated(generator: sp.csr_array | Family) -> FloatArray | None:
    """Return the slowest decays by Arnoldi's method, None where it does not converge."""
    scale = _balance(generator)
    scaled = scipy.sparse.linalg.LinearOperator(
        generator.shape, matvec=lambda x: (generator @ (scale * x)) / scale, dtype=generator.dtype
    )
    start = np.random.default_rng(0).normal(size=len(scale))
    try:
        values = scipy.sparse.linalg.eigs(
            scaled,
            k=_SEVERAL,
            which="LR",
            v0=start,
            ncv=_BASIS,
            maxiter=_RESTARTS,
            tol=_TOLERANCE,
            return_eigenvectors=False,
        )
    except scipy.sparse.linalg.ArpackNoConvergence:
        return None
    return -np.asarray(values).real


def _balance(generator: sp.csr_array | Family) -> FloatArray:
    """Return the scale (P,) in which each row of a matrix is about as large as its column.

    In the cold, rates up and down differ by many decades; eigenvalues of the unscaled matrix would
    have the rounding of their product (Osborne 1960; LAPACK does the same before it diagonalises).
    """
    if isinstance(generator, Family):
        size = abs(generator.without_diagonal())
    else:
        size = abs(generator)
        size.setdiag(0.0)
    scale = np.ones(generator.shape[0])
    for _ in range(_SWEEPS):
        rows, columns = (size @ scale) / scale, (size.T @ (1 / scale)) * scale
        both = (rows > 0) & (columns > 0)
        scale[both] *= (rows[both] / columns[both]) ** 0.25
    return scale
