"""Linear equations of a block generator: factorised where small, else iterated.

L has a kernel. With g v tr added, v any state and g a rate, x with L x = r, tr x = 0 is unique for
every r of trace zero, and r = g v gives the stationary state.
"""

from __future__ import annotations

import abc
from typing import final

import numpy as np
import scipy.linalg

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.numerics.iteration import gmres
from oqs.stationary.conserved.block_generator import BlockGenerator
from oqs.stationary.conserved.secular_rates import SecularRates
from oqs.stationary.conserved.storage import Block
from oqs.stationary.rates.elimination import last_sector

_RELATIVE = 1e-2  # of the iteration's residual, in units of the state, over the precision asked for
_REFINED = 2  # times that a factorised answer is refined
_RESTART = 60
_CYCLES = 8


class Solver(abc.ABC):
    """Solves (L + g v tr) x = r at one T, mu."""

    @abc.abstractmethod
    def stationary(self, start: Block | None) -> Block:
        """Return the stationary x (P,) of trace one, not checked; `start` is nearby, if any."""

    @abc.abstractmethod
    def change(self, right: Block) -> Block:
        """Return x (P,) of trace zero with L x = right, a right side of trace zero."""


@final
class Factorised(Solver):
    """By LU decomposition of the matrix (P, P); v is the maximally mixed state.

    In the cold the rates that matter are far below the largest, whose rounding the factors have:
    the answer is refined with L applied to it, in which only what is there cancels.
    """

    def __init__(self, generator: BlockGenerator) -> None:
        layout = generator.layout
        count = len(generator.leaving)
        self._mixed = layout.of_populations(np.full(count, 1.0 / count))
        self._rate = float(np.max(generator.leaving))
        self._matrix = dense_matrix(generator)
        matrix = self._matrix + self._rate * np.multiply.outer(self._mixed, count * self._mixed)
        try:
            self._factors = scipy.linalg.lu_factor(matrix, overwrite_a=True)
        except scipy.linalg.LinAlgWarning as warning:  # exactly singular
            raise StationaryStateNotFound(str(warning)) from warning

    def stationary(self, start: Block | None) -> Block:
        """Solve for r = g v and refine; needs no start."""
        x = self._solved(self._rate * self._mixed)
        for _ in range(_REFINED):
            x = x - self._solved(self._matrix @ x)
        return x

    def change(self, right: Block) -> Block:
        """Solve with the factors and refine."""
        x = self._solved(right)
        for _ in range(_REFINED):
            x = x + self._solved(right - self._matrix @ x)
        return x

    def _solved(self, right: Block) -> Block:
        return scipy.linalg.lu_solve(self._factors, right)


@final
class Iterated(Solver):
    """By GMRES; v is the secular state and g its mean rate.

    The preconditioner is the secular part of L: the rate equation of the populations, and of each
    coherence its own decay and rotation.
    """

    def __init__(
        self, generator: BlockGenerator, T: FloatArray, mu: FloatArray, precision: float
    ) -> None:
        self._generator = generator
        self._relative = _RELATIVE * precision
        self._layout = generator.layout
        self._secular = SecularRates(generator, _last(generator, T, mu))
        self._rate = float(generator.leaving @ self._secular.stationary)

    def stationary(self, start: Block | None) -> Block:
        """Solve for r = g v, from the secular state if there is no start."""
        state = self._layout.of_populations(self._secular.stationary)
        return self._gmres(self._rate * state, state if start is None else start)

    def change(self, right: Block) -> Block:
        """Solve from the secular answer."""
        return self._gmres(right, self._nearly(right))

    def _gmres(self, right: Block, start: Block) -> Block:
        return gmres(
            self._applied,
            right,
            self._nearly,
            start=start,
            relative=self._relative,
            restart=_RESTART,
            cycles=_CYCLES,
        )

    def _applied(self, x: Block) -> Block:
        """Return (L + g v tr) x."""
        layout = self._layout
        result = self._generator.apply(x)
        trace = self._rate * layout.populations(x).sum()
        populations = layout.populations(result) + trace * self._secular.stationary
        layout.set_populations(result, populations)
        return result

    def _nearly(self, right: Block) -> Block:
        """Return x with (L + g v tr) x = right but for what couples it to other coherences."""
        layout = self._layout
        result = np.empty_like(right)
        parts = zip(layout.split(right), layout.split(result), strict=True)
        for index, (block, change) in enumerate(parts):
            w, decay = self._generator.detuning(index), self._generator.decay(index)
            change[:] = layout.storage.unrotated(block, w, decay)
        populations, v = layout.populations(right), self._secular.stationary
        total = populations.sum()
        solved = self._secular.solve(populations - total * v)
        layout.set_populations(result, solved + (total / self._rate) * v)
        return result


def _last(generator: BlockGenerator, T: FloatArray, mu: FloatArray) -> int:
    """Return the particle number, counted from the least, towards which states flow."""
    sectors = generator.blocks.sectors
    numbers = np.array([sector.particles for sector in sectors])
    lowest = np.array([sector.energies.min() for sector in sectors])
    each = [float(lowest[numbers == n].min()) for n in np.unique(numbers)]
    return last_sector(each, 1, T, mu)


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
    return products.reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])
