"""Counting statistics of a generator with coherences, on the matrix elements it keeps."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import final

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.errors import StationaryStateNotFound
from oqs.flows import Flows
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.leading import leading
from oqs.fluctuations.quantities import reference_energy
from oqs.fluctuations.statistics import Tilted
from oqs.fluctuations.waiting import Watched, WatchedMatrix
from oqs.generator.jumps import JumpParts, ReservoirJumps
from oqs.stationary.coherent.linear import ITERATED, iterated_change

_RESIDUAL = 1e-10  # of the gross rates in L x
_AT_ONCE = 2**20  # entries of the matrices of frequencies that are solved together
_DENSE = 300  # elements up to which LAPACK is quicker than SuperLU


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class CoherentStatistics(JumpStatistics):
    """Counting statistics of L rho = 0 on matrix elements, coherences included.

    Numbers hold to the rounding of the gross rates: those of a contact a thousand times weaker than
    another to three digits less.
    """

    parts: JumpParts  # L and the jumps of each reservoir
    rho: ComplexArray  # (P,) the stationary elements
    means: Flows  # flows of the stationary state, as the flow law has them
    # T, mu: (n,) of the reservoirs
    T: FloatArray
    mu: FloatArray
    # whether no energy is exchanged but by the jumps, so that all reservoirs together lose none in
    # the long run. (Particles are always conserved.)
    conserving: bool
    balanced: bool  # whether the fluctuation theorem holds exactly

    @functools.cached_property
    def _trace(self) -> FloatArray:
        trace = np.zeros(self.parts.size)
        trace[self.parts.populations] = 1.0
        return trace

    @functools.cached_property
    def _solver(self) -> _Pinned:
        return _Pinned(self.parts, self.rho)

    @property
    def flows(self) -> Flows:
        """P_j, J_j, Y_j (n,), as the flow law gives them."""
        return self.means

    @property
    def theorem_holds(self) -> bool:
        """Whether the generator obeys detailed balance contact by contact."""
        return self.balanced

    @functools.cached_property
    def gross(self) -> FloatArray:
        """Gross rates (2, n) of particles and of energy."""
        rates = np.zeros((2, self.reservoirs))
        for j, jumps in enumerate(self.parts.jumps):
            for kind, moved in enumerate((jumps.particle, jumps.energy)):
                rates[kind, j] = self._mean(jumps, np.abs(moved)).real
        return rates

    @functools.cached_property
    def centred_cumulants(self) -> FloatArray:
        """Covariances (2, n, 2, n) of N_j and E_j - w N_j."""
        n = self.reservoirs
        reduced = self._reduction
        applied, rows, shot = self._first_order(float(reference_energy(self.mu)))
        pushed = self._solver.inverse(applied @ reduced)
        crossed = (rows @ pushed).real  # (2 n, q)
        followed = reduced.T @ shot @ reduced - reduced.T @ crossed - (reduced.T @ crossed).T
        # a count of the strongest contact is minus that of the others: `expand` undoes `reduced`
        expand = self._expansion
        return read_only((expand @ followed @ expand.T).reshape(2, n, 2, n))

    def _first_order(self, reference: float) -> tuple[ComplexArray, ComplexArray, FloatArray]:
        """Return L_a rho (P, 2n), tr L_a (2n, P) and tr L_ab rho (2n, 2n).

        Of particles, then of energies less the reference for each particle.
        """
        n, size = self.reservoirs, self.parts.size
        applied = np.zeros((size, 2 * n), dtype=np.complex128)
        rows = np.zeros((2 * n, size), dtype=np.complex128)
        shot = np.zeros((2 * n, 2 * n))
        for j, jumps in enumerate(self.parts.jumps):
            moved = jumps.particle, jumps.energy - reference * jumps.particle
            for k in range(2):
                matrix = jumps.matrix(moved[k], size)
                applied[:, k * n + j] = matrix @ self.rho
                rows[k * n + j] = self._trace @ matrix
                for m in range(2):
                    shot[k * n + j, m * n + j] = self._mean(jumps, moved[k] * moved[m]).real
        return applied, rows, shot

    @functools.cached_property
    def _strongest(self) -> int:
        return int(np.argmax(self.gross[0] + self.gross[1] / max(self.gross[1].max(), 1e-300)))

    @functools.cached_property
    def _reduction(self) -> FloatArray:
        """Counts (2n, q) that are followed: all but the conserved ones of the strongest contact."""
        n, s = self.reservoirs, self._strongest
        dropped = [s, n + s] if self.conserving else [s]
        return np.delete(np.eye(2 * n), dropped, axis=1)

    @functools.cached_property
    def _expansion(self) -> FloatArray:
        """All counts (2n, q) by those that are followed."""
        n, s = self.reservoirs, self._strongest
        expansion = self._reduction.copy()
        for first in (0, n) if self.conserving else (0,):
            expansion[first + s] = -expansion[first : first + n].sum(axis=0)
        return expansion

    def _mean(self, jumps: ReservoirJumps, factors: FloatArray) -> complex:
        """Return tr of the jumps with these factors (S,) on rho."""
        onto = self._trace[jumps.target]
        return complex(np.sum(onto * jumps.rate * factors * self.rho[jumps.source]))

    def _cumulants(self, j: int, order: int, weights: FloatArray) -> FloatArray:
        """Return cumulants by recursion (Flindt et al. 2010, doi:10.1103/PhysRevB.82.155407)."""
        jumps = self.parts.jumps[j]
        moved = weights[0] * jumps.particle + weights[1] * jumps.energy
        derivatives = [jumps.matrix(moved**m, self.parts.size) for m in range(order + 1)]
        cumulants: list[float] = []
        parts = [self.rho]
        for k in range(1, order + 1):
            terms = [(math.comb(k, m), m, derivatives[m] @ parts[k - m]) for m in range(1, k + 1)]
            cumulants.append(float(sum(c * (self._trace @ term).real for c, _, term in terms)))
            if k < order:
                y = sum(c * (cumulants[m - 1] * parts[k - m] - term) for c, m, term in terms)
                parts.append(self._solver.inverse(y))
        return np.array(cumulants)

    def _centred(self, chi: FloatArray, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the fields less what counts for nothing, added to all reservoirs alike."""
        chi = chi - (chi.max() + chi.min()) / 2
        return chi, xi - (xi.max() + xi.min()) / 2 if self.conserving else xi

    def _exponent(self, chi: FloatArray, xi: FloatArray) -> float:
        chi, xi = self._centred(chi, xi)
        exponents = [
            np.max(np.abs(c * jumps.particle + x * jumps.energy), initial=0.0)
            for c, x, jumps in zip(chi, xi, self.parts.jumps, strict=True)
        ]
        return float(max(exponents))

    def _tilted(self, chi: FloatArray, xi: FloatArray) -> Tilted:
        chi, xi = self._centred(chi, xi)
        dominant = leading(self.parts.tilted(chi, xi), self.rho, self._trace)
        slopes = np.zeros((2, self.reservoirs))
        for j, jumps in enumerate(self.parts.jumps):
            factor = np.exp(chi[j] * jumps.particle + xi[j] * jumps.energy)
            weight = (
                dominant.left[jumps.target] * jumps.rate * factor * dominant.right[jumps.source]
            )
            slopes[0, j] = (weight @ jumps.particle).real
            slopes[1, j] = (weight @ jumps.energy).real
        return Tilted(dominant.value, slopes[0], slopes[1])

    def _spectrum(
        self, frequencies: FloatArray, first: FloatArray, second: FloatArray
    ) -> ComplexArray:
        n, size = self.reservoirs, self.parts.size
        applied, rows, shot = self._first_order(0.0)
        one, two = (np.concatenate([np.diag(w[0]), np.diag(w[1])]) for w in (first, second))
        rows_of, right = (one.T @ rows, two.T @ rows), applied @ np.hstack([two, one])
        direct = one.T @ shot @ two
        whole = self.parts.whole.toarray()
        # with g rho tr the solution is the same, and the matrix regular at Omega = 0
        static = np.max(np.abs(whole.diagonal())) * np.outer(self.rho, self._trace) - whole
        right = right - np.outer(self.rho, self._trace @ right)
        spectrum = np.empty((len(frequencies), n, n), dtype=np.complex128)
        some = max(1, _AT_ONCE // size**2)
        diagonal = np.arange(size)
        for begin in range(0, len(frequencies), some):
            omega = frequencies[begin : begin + some]
            matrices = np.repeat(static[None], len(omega), axis=0)
            matrices[:, diagonal, diagonal] += 1j * omega[:, None]
            pushed = np.linalg.solve(matrices, np.repeat(right[None], len(omega), axis=0))
            later, earlier = rows_of[0] @ pushed[..., :n], rows_of[1] @ pushed[..., n:]
            spectrum[begin : begin + some] = direct + later + earlier.conj().transpose(0, 2, 1)
        return spectrum

    def _watched(self, kinds: list[tuple[int, bool]]) -> Watched:
        size = self.parts.size
        jumps = {}
        for j, gains in kinds:
            own = self.parts.jumps[j]
            moved = own.particle if np.any(own.particle) else own.energy
            kept = (moved > 0 if gains else moved < 0).astype(np.float64)
            jumps[j, gains] = own.matrix(kept, size).toarray()
        between = self.parts.whole.toarray() - sum(jumps.values())
        first, then = (jumps[kind] for kind in kinds)
        return WatchedMatrix(between, first @ self.rho, self._trace, self._trace @ then)


@final
class _Pinned:
    """L x = y with tr y = 0, tr x = 0: by one factorisation without the most probable state.

    Blocks of 1000 elements or more are iterated first, as the stationary state is.
    """

    def __init__(self, parts: JumpParts, rho: ComplexArray) -> None:
        self._rho, self._whole = rho, parts.whole
        self._populations = parts.populations
        self._pinned = int(parts.populations[np.argmax(rho[parts.populations].real)])
        self._others = np.delete(np.arange(parts.size), self._pinned)

    @functools.cached_property
    def _solve(self) -> Callable[[ComplexArray], ComplexArray]:
        matrix = self._whole[:, self._others][self._others, :]
        if self._whole.shape[0] <= _DENSE:
            factors = scipy.linalg.lu_factor(matrix.toarray(), check_finite=False)
            return lambda y: scipy.linalg.lu_solve(factors, y, check_finite=False)
        return scipy.sparse.linalg.splu(sp.csc_matrix(matrix, dtype=np.complex128)).solve

    def inverse(self, y: ComplexArray) -> ComplexArray:
        """Return x (P,) or (P, q); StationaryStateNotFound where L x misses y by 1e-10."""
        shape = y.shape
        y = self._without_trace(y.reshape(shape[0], -1))
        if shape[0] >= ITERATED:
            x = self._without_trace(iterated_change(self._whole, self._populations, -y))
            if self._missing(x, y) <= _RESIDUAL:
                return x.reshape(shape)
        x = np.zeros_like(y)
        if len(self._others):
            x[self._others] = self._solve(y[self._others])
        x = self._without_trace(x)
        worst = self._missing(x, y)
        if not worst <= _RESIDUAL:
            raise StationaryStateNotFound(
                f"The fluctuations left a residual of {worst:.3g}, above {_RESIDUAL:.0e} of the "
                "gross rates: raise T, or bring the contacts' rates closer together."
            )
        return x.reshape(shape)

    def _without_trace(self, y: ComplexArray) -> ComplexArray:
        """Return y - rho tr y; of the pinned state, where most of it cancels, from the others."""
        y = y - np.outer(self._rho, y[self._populations].sum(axis=0))
        y[self._pinned] = 0.0
        y[self._pinned] = -y[self._populations].sum(axis=0)
        return y

    def _missing(self, x: ComplexArray, y: ComplexArray) -> float:
        """Return the largest |L x - y|, of what cancels in it."""
        gross = np.max(abs(self._whole) @ np.abs(x) + np.abs(y), axis=0, initial=0.0)
        missing = np.max(np.abs(self._whole @ x - y), axis=0, initial=0.0)
        return float(np.max(missing / np.where(gross > 0, gross, 1.0), initial=0.0))
