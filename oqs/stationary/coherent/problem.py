"""The stationary state of a generator's linear equations, for the solvers that keep coherences."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.generator import Generator
from oqs.stationary.coherent.equations import Equations, Weighted
from oqs.stationary.coherent.linear import (
    ITERATED,
    Kernel,
    eliminated,
    iterated,
    iterated_change,
)
from oqs.stationary.method import (
    TOLERANCE,
    Solution,
    StationaryMethod,
    StationaryProblem,
    checked_density_matrix,
    checked_residual,
)
from oqs.stationary.rates.rate_equation import balanced

_LIFETIME = 1e6
"""Longest life of a coherence in units of its states': flows are off by up to 150 eps times it."""

_UNKNOWN = 256 * float(np.finfo(np.float64).eps)  # 210 is the most that 1600 systems were off by
_Exchange = tuple[FloatArray, FloatArray]  # quanta and energy by each term: (up, down, .., n, K)


@final
class _Solved(NamedTuple):
    """The stationary state at one T, mu, and what it was found with."""

    weights: FloatArray
    weighted: Weighted
    kernel: Kernel
    exchanged: _Exchange
    solution: Solution


@final
@dataclasses.dataclass(frozen=True, eq=False)
class GeneratorProblem(StationaryProblem):
    """The linear equations of a generator."""

    model: DaviesModel
    method: StationaryMethod
    equations: Equations

    @property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) of the model."""
        return self.model.frequencies

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Solve for the kernel; check residual, flows and state."""
        return self._solved(T, mu).solution

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N A rho) and tr(H A rho) of every frequency and reservoir, (K, n)."""
        particle, energy = self._solved(T, mu).exchanged
        particle = particle * self._fermionic[:, None]
        return particle.sum(axis=0).T, energy.sum(axis=0).T

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows; residuals are checked."""
        solved, n, reference = self._solved(T, mu), self.model.reservoirs, float(mu.mean())
        generator, values = solved.weighted.generator, solved.kernel.values
        driven = self._driven(T, mu)
        sources = np.stack([generator.matrix(own) @ values for own in driven], axis=1)
        dx = self._change(solved, sources)
        changes = np.empty((2, 2, n, n))
        for column, own in enumerate(driven):
            parts = (
                self._exchange(generator, solved.weights, dx[:, column]),
                self._exchange(generator, own, values),
            )
            gross = np.sum([np.abs(p).sum(axis=(0, 2)) for p, _ in parts], axis=0)
            moved = [(p * self._fermionic[:, None], e) for p, e in parts]
            particle = np.sum([p.sum(axis=(0, 2)) for p, _ in moved], axis=0)
            energy = np.sum([(e - reference * p).sum(axis=(0, 2)) for p, e in moved], axis=0)
            theta, q = divmod(column, n)
            changes[0, theta, :, q] = balanced(particle, gross * self._fermionic)
            changes[1, theta, :, q] = balanced(energy, gross)
        return FlowJacobian.of(
            changes[0], changes[1], solved.solution.particle, mu, reference=reference
        )

    def _driven(self, T: FloatArray, mu: FloatArray) -> list[FloatArray]:
        """Return the derivatives of the terms' weights with respect to each T_q, then each mu_q."""
        driven = []
        for slopes in self.model.weight_slopes(T, mu):  # (.., n, K)
            for q in range(self.model.reservoirs):
                own = np.zeros_like(slopes)
                own[:, q] = slopes[:, q]
                driven.append(own.ravel())
        return driven

    def _change(self, solved: _Solved, sources: ComplexArray) -> ComplexArray:
        """Return dx (P, K) with L dx = -sources, tr dx = 0."""
        matrix, diagonal = solved.weighted.matrix, solved.weighted.generator.diagonal
        elimination = solved.kernel.elimination
        if elimination is None:
            dx = iterated_change(matrix, diagonal, sources)
        else:
            dx = elimination.change(solved.kernel.values[diagonal].real, sources)
        gross = np.max(abs(matrix) @ np.abs(dx) + np.abs(sources), axis=0)
        missed = np.max(np.abs(matrix @ dx + sources), axis=0)
        worst = missed / np.where(gross > 0, gross, 1.0)
        checked_residual(float(worst.max(initial=0.0)), self.method)
        return dx

    def matrix(self, solution: Solution) -> sp.csr_array:
        """Return the density matrix (D, D) in the energy basis."""
        return self.equations.generator.square(solution.values)

    def _solved(self, T: FloatArray, mu: FloatArray) -> _Solved:
        weights = self.model.weights(T, mu)
        weighted = self.equations.at(weights)
        kernel, exchanged = self._kernel(weighted, weights)
        residual = kernel.residual
        if not residual <= TOLERANCE and kernel.elimination is not None:
            gross = self._gross(weighted.generator, weights)
            residual = kernel.elimination.flow_error(kernel.values, gross, TOLERANCE)
        residual = checked_residual(residual, self.method)
        rho = weighted.in_energy_basis(kernel.values)
        checked_density_matrix(rho, self.method)
        values = self.equations.generator.elements(rho)
        flows = self._flows(*exchanged, _UNKNOWN * max(kernel.lifetime, 1.0))
        return _Solved(weights, weighted, kernel, exchanged, Solution(values, residual, *flows))

    def _kernel(self, weighted: Weighted, weights: FloatArray) -> tuple[Kernel, _Exchange]:
        """Iterate a large block, if that resolves its flows, else eliminate.

        Beside coherences that turn at w >> gamma a residual small against the largest entries says
        little about what the rates determine: these are not iterated.
        """
        generator, matrix = weighted.generator, weighted.matrix
        if generator.size >= ITERATED and not self.equations.precessing:
            kernel = iterated(matrix, generator.diagonal)
            if kernel is not None:
                exchanged = self._exchange(generator, weights, kernel.values)
                if _flow_residual(matrix, kernel.values, exchanged[0]) <= TOLERANCE:
                    return kernel, exchanged
        kernel = eliminated(matrix, generator.diagonal)
        if kernel is None or not kernel.lifetime <= _LIFETIME:
            raise StationaryStateNotFound(
                f"{self.method} met a coherence between degenerate states that lives more than "
                f"{_LIFETIME:.0e} times as long as these states: at these temperatures and rates "
                "double precision does not determine the state in this method. Raise T, or bring "
                "the contacts' rates closer together."
            )
        return kernel, self._exchange(generator, weights, kernel.values)

    def _gross(self, generator: Generator, weights: FloatArray) -> ComplexArray:
        """Return the functionals (n, P) of rho that are the jumps out of and into each contact."""
        n, frequencies = self.model.rates.shape
        jumps = 2 * n * frequencies  # behind them stand the frequency shifts
        sign = np.repeat([-1.0, 1.0], n * frequencies)
        contact = np.tile(np.repeat(np.arange(n), frequencies), 2)
        signed = sp.csr_array((sign * weights[:jumps], (contact, np.arange(jumps))))
        counted = generator.number[:jumps]
        if not self._fermionic.all():
            unit = np.where(self.frequencies > 0, self.frequencies, np.inf)
            per_quantum = np.tile(~self._fermionic[:, None] / unit, (2, 1)).ravel()
            counted = counted + sp.diags_array(per_quantum) @ generator.energy[:jumps]
        return np.asarray((signed @ counted).toarray())

    def _exchange(
        self, generator: Generator, weights: FloatArray, values: FloatArray | ComplexArray
    ) -> _Exchange:
        """Return what each term of the generator gives of quanta and of H: (up, down, .., n, K).

        A quantum is a particle of a fermionic contact, and the energy w of a bosonic one.
        """
        shape = (-1, *self.model.rates.shape)  # the frequency shifts exchange nothing
        quanta = (weights * (generator.number @ values).real).reshape(shape)
        exact = not np.any(self.model.detuning)  # each jump moves w and nothing else
        if exact and self._fermionic.all():
            return quanta, quanta * self.frequencies
        energy = (weights * (generator.energy @ values).real).reshape(shape)
        unit = np.where(self.frequencies > 0, self.frequencies, np.inf)
        quanta = np.where(self._fermionic[:, None], quanta, energy / unit)
        return quanta, quanta * self.frequencies if exact else energy

    @functools.cached_property
    def _fermionic(self) -> NDArray[np.bool_]:
        """Whether each contact (n,) exchanges particles."""
        return np.array([contact.fermionic for contact in self.model.contacts])

    def _flows(
        self, quanta: FloatArray, energy: FloatArray, unknown: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return the flows (n,) of N and of H.

        Where each of them is below the fraction `unknown` of its contact's gross rate, they are not
        known from zero, and are zero: their rounding would have any sign, and may break Eq. (3).

        Their sums, tr(N L rho) and tr(H L rho), must vanish as the rest of L rho does. What is left
        of them then is rounding, and is taken from where it comes from. A residual of one state
        counts with its particles, so it is judged over the sum of those; what is subnormal has no
        digits.
        """
        spectrum = self.model.system.spectrum
        counted = float(np.abs(spectrum.particles).sum()) or float(spectrum.dimension)
        scale = float(np.abs(quanta).sum()) * counted
        flows, known = [], False
        particle = quanta * self._fermionic[:, None]
        for exchanged, unit in ((particle, 1.0), (energy, self.model.system.energy_scale)):
            net, gross = exchanged.sum(axis=(0, 2)), np.abs(exchanged).sum(axis=(0, 2))
            missing = max(abs(float(net.sum())) - np.finfo(float).tiny, 0.0)
            checked_residual(missing / (scale * unit) if missing else 0.0, self.method)
            flows.append(balanced(net, gross))
            known |= bool(np.any(np.abs(flows[-1]) > unknown * gross))
        return (flows[0], flows[1]) if known else (np.zeros_like(flows[0]), np.zeros_like(flows[1]))


def _flow_residual(matrix: sp.csc_array, values: ComplexArray, quanta: FloatArray) -> float:
    """Return the largest |L x| over the smallest gross rate of a contact."""
    gross = np.abs(quanta).sum(axis=(0, 2))
    return float(np.max(np.abs(matrix @ values)) / np.min(gross[gross > 0], initial=np.inf))
