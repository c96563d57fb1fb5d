"""Is the stationary state unique? A property of the model, not of T and mu.

Every jump S_a(w) comes with S_a(w)^+, both at a rate > 0. What is invariant under all of them has
an invariant complement, so no state is transient, a faithful stationary state exists, and the
kernel is as large as the commutant of H_S and all jumps (Frigerio 1978, doi:10.1007/BF01196936).
The jumps are the same at every T and mu, so the kernel can be counted at infinite temperature,
where up and down weights agree and the generator is a Hermitian matrix: no ill-conditioned
eigenvalues.

The commutant is an algebra, which spares most of the count. Let X = X^+ be in it, and let the
matrix elements fall into a closed set V with all populations and the rest W. At infinite
temperature neither leads into the other, so X_V and X_W are in the commutant each. If the only
stationary X_V is c 1, so is the part of X_W^2 in V: all its populations are equal. But a state that
shares its particle number with no other, as the empty one, has no element in W, so that X_W^2 has
no population there, hence nowhere, and X_W = 0: the state is unique if it is so within V. Where no
contact drives coherences, V is the populations, and a connected rate equation is enough.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import Kernel, NonUniqueStationaryState
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.eigenoperators import levels_of
from oqs.generator.generator import Generator
from oqs.generator.model import Model
from oqs.modes.untouched import named
from oqs.numerics.blocks import linked_sets
from oqs.numerics.iteration import gmres
from oqs.system.systems import QuadraticSystem
from oqs.transitions.commutant import commutant_dimension

_KERNEL = "kernel"
_ZERO = 1e-12  # eigenvalues below this fraction of the largest rate are zero: rounding is 1e-15
_DENSE = 1000  # largest block whose eigenvalues are all computed
_REACHED = 1e-9  # relative residual that proves a random right-hand side within reach
_STEPS = 200
_LANCZOS = 1e-3  # of 4e-11, what ARPACK takes for the size of an eigenvalue of zero


def require_unique(model: Model) -> None:
    """Raise NonUniqueStationaryState, with the kernel's dimension, unless that is one."""
    dimension = kernel(model)
    if dimension.dimension == 1:
        return
    part = model.touched
    if part.untouched:
        reason = f"No contact touches {named(part.untouched)}: couple it, or leave it out."
        if dimension == part.kernel:
            reason += " The flow laws leave it out by themselves: no flow depends on it."
    else:
        reason = (
            "Some quantity is conserved by H and by every contact, such as the occupation of a "
            "dark state or of a site that is touched by none: couple what it is made of, or "
            "describe one of its values at a time by a system of its own."
        )
    raise NonUniqueStationaryState(dimension, reason)


def kernel(model: Model) -> Kernel:
    """Return the dimension of the generator's kernel in the zero-frequency block.

    By a formula for quadratic systems. Others are counted exactly in small blocks; in large ones it
    is only told whether the dimension is one. Coherences between different particle numbers, which
    no fermionic state has, are not counted. Counted once for each model.
    """
    counted = model.prepared.get(_KERNEL)
    if not isinstance(counted, Kernel):
        counted = model.prepared[_KERNEL] = _kernel(model)
    return counted


def _kernel(model: Model) -> Kernel:
    part = model.touched
    if part.untouched:
        rest = Kernel(1) if part.model is None else kernel(part.model)
        dimension = part.kernel.dimension * rest.dimension
        return Kernel(dimension, part.kernel.exact and rest == Kernel(1))
    if isinstance(model.system, QuadraticSystem):
        return Kernel(1)  # all modes are bright
    if model.secular is not model:
        return kernel(model.secular)
    model = model.secular
    levels = model.level_coherences
    if levels is not None and levels.unknowns <= _DENSE:
        dimension = commutant_dimension(levels)
        return Kernel(dimension, levels.exact or dimension == 1)
    transitions = model.transitions
    if (
        isinstance(transitions, StateTransitions)
        and len(np.unique(transitions.levels)) == transitions.dimension  # each level is one state
    ):
        return Kernel(transitions.components)  # no coherence is stationary
    lone = bool(np.any(np.bincount(model.system.spectrum.particles) == 1))
    within = Kernel(model.transitions.components)
    if model.transitions.ambiguous:
        generator = model.zero_frequency_generator
        within = _counted(model, generator, generator.reachable())
    if lone and within.dimension == 1:
        return within
    if _block_size(model) <= _DENSE:
        generator = model.zero_frequency_generator
        return _counted(model, generator, np.ones(generator.size, dtype=np.bool_))
    return Kernel(max(within.dimension, 2 if lone else 1), exact=False)


def _block_size(model: DaviesModel) -> int:
    """Return how many matrix elements agree in particle number and energy."""
    spectrum, widths = model.system.spectrum, model.system.widths(model.resolution)
    labels, _ = levels_of(spectrum.energies, spectrum.particles, widths)
    return int(np.sum(np.bincount(labels) ** 2))


def _counted(model: DaviesModel, generator: Generator, keep: NDArray[np.bool_]) -> Kernel:
    """Return the kernel of the generator on the closed set `keep` (P,) of matrix elements."""
    half = model.rates.ravel() / 2
    weights = np.zeros(generator.terms)  # no frequency shifts: they commute with H_S
    weights[: 2 * half.size] = np.concatenate([half, half])
    matrix = generator.matrix(weights)
    scale = np.max(np.abs(matrix.data), initial=0.0)
    precession = np.minimum(np.abs(model.precession(generator)), scale)
    # for D <= 0 and R real and diagonal ker(D - iR) = ker D & ker R, that of the Hermitian D - |R|
    matrix = sp.csc_array(matrix - sp.diags_array(precession.astype(np.complex128)))
    matrix = sp.csc_array(matrix[:, keep][keep, :])
    population = np.zeros(generator.size)
    population[generator.diagonal] = 1.0
    population = population[keep]
    kernels = [
        _zeros(matrix[:, members][members, :], population[members], _ZERO * scale)
        for members in linked_sets(matrix)
    ]
    return Kernel(sum(k.dimension for k in kernels), all(k.exact for k in kernels))


def _zeros(block: sp.csc_array, population: FloatArray, threshold: float) -> Kernel:
    """Count the eigenvalues above -threshold of a negative semidefinite Hermitian block.

    In a large block only one beside that of the mixed state is searched for.

    `block`: connected part of the generator, at infinite temperature; `population` (P,): 1 for a
    population, 0 for a coherence; `threshold`: what counts as zero.
    """
    if block.shape[0] == 1:
        return Kernel(int(block.toarray()[0, 0].real >= -threshold))
    if block.shape[0] <= _DENSE:
        return Kernel(int(np.sum(np.linalg.eigvalsh(block.toarray()) >= -threshold)))
    several = _several_zeros(block, population, threshold)
    if several is None:
        nearest = scipy.sparse.linalg.eigsh(
            block, k=2, sigma=1e3 * threshold, return_eigenvectors=False
        )
        several = bool(np.all(nearest >= -threshold))
    return Kernel(2, exact=False) if several else Kernel(1)


def _several_zeros(block: sp.csc_array, population: FloatArray, threshold: float) -> bool | None:
    """Whether a large block has a zero beside the mixed state, without factorising it.

    At infinite temperature the maximally mixed state is stationary. Moved away from zero it leaves
    a Hermitian block B, singular only if there is another zero. B x = v with a random v is then out
    of reach: the part of v along that zero, some |v| / sqrt(size), cannot be made. A residual of
    1e-9 |v| excludes it but for a chance of size x 1e-18. Where the residual stays, Lanczos looks
    for the largest eigenvalue: a vector that the block maps to nothing proves the second zero. (An
    eigenvalue below zero proves nothing: Lanczos settled on the second level of a block with two
    zeros.) B is scaled by the roots of its diagonal from both sides. None where neither is proved.
    """
    weight = np.linalg.norm(population)
    if weight == 0 or np.max(np.abs(block @ population)) > threshold * weight:
        return None
    leaving = np.abs(block.diagonal().real)
    if np.any(leaving == 0):
        return None
    mixed, rate, scale = population / weight, np.max(leaving), 1 / np.sqrt(leaving)
    size = len(population)

    def scaled(x: ComplexArray) -> ComplexArray:
        moved: ComplexArray = block @ (scale * x) - rate * (mixed @ (scale * x)) * mixed
        return scale * moved

    operator = scipy.sparse.linalg.LinearOperator((size, size), matvec=scaled, dtype=complex)
    parts = np.random.default_rng(0).normal(size=(2, size))
    v = parts[0] + 1j * parts[1]
    x = gmres(scaled, v, np.copy, relative=1e-12, restart=_STEPS, cycles=1)
    if np.linalg.norm(scaled(x) - v) <= _REACHED * np.linalg.norm(v):
        return False
    try:
        _, vectors = scipy.sparse.linalg.eigsh(operator, k=1, which="LA", v0=v, tol=_LANCZOS)
    except scipy.sparse.linalg.ArpackNoConvergence:
        return None
    zero = scale * vectors[:, 0]
    zero -= (mixed @ zero) * mixed
    several = np.linalg.norm(block @ zero) <= threshold * np.linalg.norm(zero)
    return True if several else None
