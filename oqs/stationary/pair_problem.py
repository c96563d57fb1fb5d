"""The stationary state of a small PERLind generator as one dense matrix, many T, mu at once.

Every jump operator is a vector of elements l, weighted at T, mu; L rho L^+ and L^+ L are products
l_i conj(l_k) of pairs that do not change. So the matrix of L is a fixed sparse map of these
products, and a batch of T, mu one product with it.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.perlind.pair_generator import PairGenerator
from oqs.generator.perlind.perlind import PerlindModel
from oqs.numerics.clusters import IntArray, cluster
from oqs.stationary.method import (
    TOLERANCE,
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import balanced, by_frequency
from oqs.stationary.uniqueness import require_unique
from oqs.transitions.places import two_sided_places

_REFINED = 2  # times that an answer is refined
_AT_ONCE = 2**22  # matrix entries of a batch that are worked out together

_LARGEST = 2000  # matrix elements of the dense matrix


def pair_problem(model: PerlindModel, method: StationaryMethod, labels: IntArray) -> PairProblem:
    """Return the problem on all matrix elements between states of equal label (D,).

    Raises ValueError beyond 2000 of them, NonUniqueStationaryState as `require_unique`.
    """
    elements = int(np.sum(np.bincount(labels).astype(np.int64) ** 2))
    if elements > _LARGEST:
        raise ValueError(
            f"{method} must have at most {_LARGEST} matrix elements here, but the PERLind model of "
            f"{model.system.dimension} states has {elements}. Use oqs.davies(system, contacts), or "
            "omit `method`."
        )
    if model.shifted:
        raise ValueError(
            f"{method} must have a PERLind model without frequency shifts, but it was made with "
            "lamb_shift=True. Omit `method`."
        )
    require_unique(model)
    generator = model.generator_on(labels)
    assert isinstance(generator, PairGenerator)  # as PERLind makes
    return PairProblem(model, method, generator)


@final
class _Jump(NamedTuple):
    """One jump operator L of a contact."""

    contact: int  # whose it is
    gained: int  # particles that it brings
    frequency: FloatArray  # (M,) energy that each element brings to the system
    # (S,) elements i, k of l_i conj(l_k), first those of L rho L^+, then those of L^+ L
    products: tuple[IntArray, IntArray]
    # left, right: (S',) elements of conj(l_i) l_k that carry the flow with rho at `place`
    left: IntArray
    right: IntArray
    place: IntArray


@final
class _Exchange(NamedTuple):
    """Gains of the system from each contact (..., n), and the gross rates in them (2, ..., n)."""

    particle: FloatArray
    energy: FloatArray
    gross: FloatArray

    def balanced(self) -> _Exchange:
        """Return the gains with sums of zero, as those of a stationary state."""
        particle, energy = (
            balanced(flows, gross)
            for flows, gross in zip((self.particle, self.energy), self.gross, strict=True)
        )
        return _Exchange(particle, energy, self.gross)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PairProblem(StationaryProblem):
    """L rho = 0 on all matrix elements between states of equal label, as one matrix."""

    model: PerlindModel
    method: StationaryMethod
    generator: PairGenerator

    @functools.cached_property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) of the transitions, ascending."""
        parts = [np.abs(e.frequency) for e in self.generator.elements if not e.contact.fermionic]
        parts += [e.frequency for e in self.generator.elements if e.contact.fermionic]
        return cluster(np.concatenate(parts), self.model.resolution)[1]

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Solve L x = 0, tr x = 1; residual and populations are checked."""
        jumps, matrix = self._at(T[None], mu[None])
        x, residual = self._stationary(matrix)
        exchanged = self._exchanged(jumps, x).balanced()
        return Solution(x[0], residual, exchanged.particle[0], exchanged.energy[0])

    def solve_batch(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the particle and energy flows (b, n) at T, mu (b, n)."""
        particle, energy = np.empty(T.shape), np.empty(T.shape)
        some = max(1, _AT_ONCE // self.generator.size**2)
        for begin in range(0, len(T), some):
            here = slice(begin, begin + some)
            jumps, matrix = self._at(T[here], mu[here])
            x, _ = self._stationary(matrix)
            exchanged = self._exchanged(jumps, x).balanced()
            particle[here], energy[here] = exchanged.particle, exchanged.energy
        return particle, energy

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows: L dx = -(dL) x, for all T and mu at once."""
        n, reference = len(T), float(mu.mean())
        jumps, matrix = self._at(T[None], mu[None])
        x, _ = self._stationary(matrix)
        slopes = [
            e.jump_slopes(t, m) for e, t, m in zip(self.generator.elements, T, mu, strict=True)
        ]
        changes = np.empty((2, 2, n, n))
        for theta in (0, 1):
            rows, direct = [], []
            for q in range(n):
                changed = self._products(jumps, {q: slopes[q][theta]})
                rows.append(self._dissipation(changed)[0] @ x[0])
                direct.append(self._exchanged(jumps, x, {q: slopes[q][theta]}))
            dx = self._inverse(matrix, -np.array(rows))
            for q in range(n):
                change = self._exchanged(jumps, dx[:, q])
                particle, energy, gross = (
                    a[..., 0, :] + b[..., 0, :] for a, b in zip(change, direct[q], strict=True)
                )
                changes[0, theta, :, q] = balanced(particle, gross[0])
                changes[1, theta, :, q] = balanced(energy - reference * particle, gross[1])
        flow = self._exchanged(jumps, x).balanced().particle[0]
        return FlowJacobian.of(changes[0], changes[1], flow, mu, reference=reference)

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`.

        Of bosonic contacts energy alone, at the energy |w| of the boson.
        """
        jumps, matrix = self._at(T[None], mu[None])
        x, _ = self._stationary(matrix)
        particle = np.zeros((len(self.frequencies), len(T)))
        energy = np.zeros_like(particle)
        for jump, (flux,) in zip(self._jumps, self._fluxes(jumps, x), strict=True):
            carried = jump.frequency * (jump.gained or 1)  # Bohr frequency of the transition
            own = np.zeros((len(T), len(flux)))
            own[jump.contact] = flux * (jump.gained or np.sign(carried))
            counts, moved = by_frequency(
                self.frequencies, [(carried if jump.gained else np.abs(carried), own)]
            )
            particle += counts if jump.gained else 0.0
            energy += moved
        return particle, energy

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        return self.generator.square(solution.values, self.generator.spectrum.dimension)

    @functools.cached_property
    def _jumps(self) -> tuple[_Jump, ...]:
        """The jump operators of all contacts, one after the other."""
        places, energies = self.generator.places, self.generator.spectrum.energies
        operators = []
        for j, (e, pairs) in enumerate(
            zip(self.generator.elements, self.generator.pairs, strict=True)
        ):
            for direction, ((source, target), p) in enumerate(
                zip(e.directions, pairs, strict=True)
            ):
                gained = (-1, 1)[direction] if e.contact.fermionic else 0
                products = (
                    np.concatenate([p.first, p.right]),
                    np.concatenate([p.second, p.left]),
                )
                place = places(p.column, p.row)
                change = energies[target] - energies[source]
                operators.append(_Jump(j, gained, change, products, p.left, p.right, place))
        return tuple(operators)

    @functools.cached_property
    def _maps(self) -> tuple[sp.csr_array, sp.csr_array]:
        """The maps (P^2, S) of all products, and of their conjugates, to the matrix of sum D_j."""
        size, dimension = self.generator.size, self.generator.spectrum.dimension
        begin = 0
        straight: list[tuple[IntArray, IntArray, FloatArray]] = []
        conjugate: list[tuple[IntArray, IntArray, FloatArray]] = []
        for pairs in (p for own in self.generator.pairs for p in own):
            count = len(pairs.first)
            here = np.arange(count)
            straight.append((pairs.target * size + pairs.source, begin + here, np.ones(count)))
            begin += count
            sides = two_sided_places(
                pairs.row, pairs.column, (dimension, dimension), self.generator.places
            )
            for (row, column, index), own in zip(sides, (straight, conjugate), strict=True):
                own.append((row * size + column, begin + index, np.full(len(index), -0.5)))
            begin += len(pairs.left)

        def joined(parts: list[tuple[IntArray, IntArray, FloatArray]]) -> sp.csr_array:
            row, column, value = (np.concatenate(each) for each in zip(*parts, strict=True))
            return sp.csr_array(sp.coo_array((value, (row, column)), shape=(size**2, begin)))

        return joined(straight), joined(conjugate)

    @functools.cached_property
    def _rotation(self) -> ComplexArray:
        """-i (E_a - E_b) (P,) of the matrix elements."""
        return np.asarray(-1j * self.model.precession(self.generator), dtype=np.complex128)

    @functools.cached_property
    def _populations(self) -> IntArray:
        return self.generator.diagonal

    def _at(self, T: FloatArray, mu: FloatArray) -> tuple[list[ComplexArray], ComplexArray]:
        """Return the elements (M, b) of every jump operator, and L (b, P, P), at T, mu (b, n)."""
        jumps = []
        for j, e in enumerate(self.generator.elements):
            if e.contact.varies:
                each = [e.jumps(t, m) for t, m in zip(T[:, j], mu[:, j], strict=True)]
                jumps += [np.stack(same, axis=1) for same in zip(*each, strict=True)]
            else:
                jumps += list(e.jumps(T[:, j], mu[:, j]))
        matrix = self._dissipation(self._products(jumps))
        places = np.arange(self.generator.size)
        matrix[:, places, places] += self._rotation
        return jumps, matrix

    def _products(
        self,
        jumps: list[ComplexArray],
        slopes: dict[int, tuple[ComplexArray, ...]] | None = None,
    ) -> ComplexArray:
        """Return all products (S, b); with slopes of one contact's jumps their derivatives."""
        changes = _of_each(self._jumps, slopes)
        products = []
        for jump, own, d in zip(self._jumps, jumps, changes, strict=True):
            i, k = jump.products
            if slopes is None:
                products.append(own[i] * own[k].conj())
            elif d is None:
                products.append(np.zeros((len(i), own.shape[1]), dtype=np.complex128))
            else:
                products.append(d[i] * own[k].conj() + own[i] * d[k].conj())
        return np.concatenate(products)

    def _dissipation(self, products: ComplexArray) -> ComplexArray:
        """Return sum_j D_j (b, P, P) of the products (S, b)."""
        size = self.generator.size
        straight, conjugate = self._maps
        flat: ComplexArray = straight @ products + conjugate @ products.conj()
        return np.ascontiguousarray(flat.T).reshape(-1, size, size)

    def _inverse(self, matrix: ComplexArray, right: ComplexArray) -> ComplexArray:
        """Return x (b, c, P) of trace zero with L x = right (c, P), of trace zero; refined."""
        bordered, _ = self._bordered(matrix)
        source = right.T[None]
        x = _solved(bordered, source)
        for _ in range(_REFINED):
            x = x + _solved(bordered, source - matrix @ x)
        return x.swapaxes(1, 2)

    def _bordered(self, matrix: ComplexArray) -> tuple[ComplexArray, FloatArray]:
        """Return L + g v tr (b, P, P) with v the mixed state, and g (b,), the fastest rate."""
        diagonal = self._populations
        rate = np.abs(matrix[:, diagonal, diagonal].real).max(axis=1)
        bordered = matrix.copy()
        bordered[:, diagonal[:, None], diagonal] += rate[:, None, None] / len(diagonal)
        return bordered, rate

    def _stationary(self, matrix: ComplexArray) -> tuple[ComplexArray, float]:
        """Return the stationary x (b, P), checked, and the largest residual."""
        diagonal = self._populations
        bordered, rate = self._bordered(matrix)
        right = np.zeros((len(matrix), self.generator.size, 1), dtype=np.complex128)
        right[:, diagonal, 0] = rate[:, None] / len(diagonal)
        try:
            x = _solved(bordered, right)
            for _ in range(_REFINED):
                x = x - _solved(bordered, matrix @ x)
        except np.linalg.LinAlgError as error:
            raise StationaryStateNotFound(f"{self.method}: {error}") from error
        x /= x[:, diagonal].sum(axis=1, keepdims=True)
        off = np.abs(matrix @ x)[..., 0].max(axis=1)
        gross = (np.abs(matrix[:, diagonal, diagonal]) * np.abs(x[:, diagonal, 0])).max(axis=1)
        least = 256 * np.finfo(np.float64).eps * rate
        residual = checked_residual(
            float(np.max(off / np.where(gross > least, gross, rate))), self.method
        )
        lowest = float(x[:, diagonal].real.min())
        if lowest < -TOLERANCE:
            raise StationaryStateNotFound(
                f"{self.method} gave the population {lowest:.3g}, below -{TOLERANCE:.0e}: the "
                "state is less certain than that at these rates. Raise T, or bring the contacts' "
                "rates closer together."
            )
        return x[..., 0], residual

    def _fluxes(
        self,
        jumps: list[ComplexArray],
        x: ComplexArray,
        slopes: dict[int, tuple[ComplexArray, ...]] | None = None,
    ) -> list[FloatArray]:
        """Return Re conj(l_i) (L rho)_i (b, M) of every jump operator, or its derivative.

        They add up to tr L rho L^+.
        """
        fluxes = []
        changes = _of_each(self._jumps, slopes)
        for jump, own, d in zip(self._jumps, jumps, changes, strict=True):
            pairs = [(own, own)] if slopes is None else [] if d is None else [(d, own), (own, d)]
            flux = np.zeros((len(x), len(own)))
            for left, right in pairs:
                each = (left[jump.left].conj() * right[jump.right]).T * x[:, jump.place]
                for k, values in enumerate(each.real):
                    flux[k] += np.bincount(jump.left, values, len(own))
            fluxes.append(flux)
        return fluxes

    def _exchanged(
        self,
        jumps: list[ComplexArray],
        x: ComplexArray,
        slopes: dict[int, tuple[ComplexArray, ...]] | None = None,
    ) -> _Exchange:
        """Return what contacts give of N and H in states x (b, P), (b, n)."""
        shape = (len(x), self.model.reservoirs)
        particle, energy, gross = np.zeros(shape), np.zeros(shape), np.zeros((2, *shape))
        for jump, flux in zip(self._jumps, self._fluxes(jumps, x, slopes), strict=True):
            j = jump.contact
            particle[:, j] += jump.gained * flux.sum(axis=1)
            energy[:, j] += flux @ jump.frequency
            gross[0, :, j] += np.abs(flux).sum(axis=1) * abs(jump.gained)
            gross[1, :, j] += np.abs(flux) @ np.abs(jump.frequency)
        return _Exchange(particle, energy, gross)


def _solved(matrix: ComplexArray, right: ComplexArray) -> ComplexArray:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.complex128)


def _of_each(
    jumps: tuple[_Jump, ...], slopes: dict[int, tuple[ComplexArray, ...]] | None
) -> list[ComplexArray | None]:
    """Return the slope (M, 1) of every jump operator; None of those that do not change."""
    left = {j: iter(own) for j, own in (slopes or {}).items()}
    return [next(left[jump.contact])[:, None] if jump.contact in left else None for jump in jumps]
