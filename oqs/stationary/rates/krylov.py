"""The rate equation of occupation eigenstates without a matrix: GMRES on up to 2^20 populations.

The generator is a sum over modes of 2x2 exchanges whose rates depend on the other occupations. With
the rates averaged over those it is a Kronecker sum of 2x2 generators, which a product of 2x2
transformations diagonalises; its pseudo-inverse preconditions the iteration. Without interactions
the average is exact and the iteration ends at once; the residual is always that of the true rates.
"""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.generator.davies.davies_model import DaviesModel
from oqs.numerics.iteration import gmres
from oqs.numerics.occupation import filled_and_empty
from oqs.stationary.method import TOLERANCE, Solution, StationaryMethod, checked_residual
from oqs.stationary.rates.rate_equation import RateProblem, balanced, by_frequency
from oqs.system.fock import occupation_sum
from oqs.transitions.transitions import ModeTransitions

_RELATIVE = 1e-13  # of the start's residual
_RESTART = 40
_CYCLES = 10


@final
@dataclasses.dataclass(frozen=True, eq=False)
class KrylovProblem(RateProblem):
    """Single-mode transitions, weighted anew at each T, mu; populations to 1e-12 in absolute terms.

    Memory: about (2 N + 60) doubles for each of the 2^N states.
    """

    model: DaviesModel
    method: StationaryMethod
    transitions: ModeTransitions

    def solve(self, T: FloatArray, mu: FloatArray) -> Solution:
        """Iterate from the uniform distribution; check residual and positivity."""
        rates = _Exchange.at(self.transitions, T, mu)
        size = 2**self.transitions.modes
        uniform = np.full(size, 1.0 / size)
        populations = uniform + rates.inverse(-rates.apply(uniform))
        populations /= populations.sum()
        gross = rates.gross(populations)
        residual = float(np.max(np.abs(rates.apply(populations)))) / gross if gross else 0.0
        if residual > TOLERANCE:
            raise StationaryStateNotFound(
                f"GMRES did not converge in {_RESTART * _CYCLES} steps: residual {residual:.3g} of "
                "the gross rates. Interactions far above the temperatures make the rates differ "
                "too much from their average; raise T."
            )
        lowest = float(populations.min())
        if lowest < -TOLERANCE:
            raise StationaryStateNotFound(
                f"GMRES gave the population {lowest:.3g}, below -{TOLERANCE:.0e}: the state is "
                "less certain than that at these rates. Raise T, or bring the contacts' rates "
                "closer together."
            )
        fluxes = self._fluxes(populations, T, mu)
        rising = np.sum([up for _, _, up in fluxes], axis=0)
        return Solution(
            populations,
            checked_residual(residual, self.method),
            balanced(np.sum([net.sum(axis=1) for _, net, _ in fluxes], axis=0), rising),
            balanced(np.sum([net @ frequency for frequency, net, _ in fluxes], axis=0), rising),
        )

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows, one iteration for each T and mu."""
        solution, n, reference = self.solve(T, mu), len(T), float(mu.mean())
        populations, rates = solution.values.real, _Exchange.at(self.transitions, T, mu)
        slopes = self._slopes(T, mu)
        changes = np.empty((2, 2, n, n))
        for theta, q in np.ndindex(2, n):
            source, driven = self._driven(populations, [slope[theta, q] for slope in slopes])
            change = rates.inverse(-source)
            change -= change.sum() * populations
            missed = float(np.abs(rates.apply(change) + source).max())
            size = rates.gross(np.abs(change)) + float(np.abs(source).max())
            checked_residual(missed / size if size else 0.0, self.method)
            particle, energy, gross = np.zeros((3, n))
            fluxes = self._fluxes(change, T, mu)
            for (frequency, net, rising), own in zip(fluxes, driven, strict=True):
                net[q] += own
                rising[q] += np.abs(own).sum()
                particle += net.sum(axis=1)
                energy += net @ (frequency - reference)
                gross += rising
            changes[0, theta, :, q] = balanced(particle, gross)
            changes[1, theta, :, q] = balanced(energy, gross)
        return FlowJacobian.of(changes[0], changes[1], solution.particle, mu, reference=reference)

    def _slopes(self, T: FloatArray, mu: FloatArray) -> list[FloatArray]:
        """Return d(gamma n)/dT and /dmu (2, n, R) of each mode."""
        slopes = []
        for frequency, rate in zip(self.transitions.frequency, self.transitions.rate, strict=True):
            x = (frequency - mu[:, None]) / T[:, None]
            filled, empty = filled_and_empty(x)
            slope = rate * filled * empty / T[:, None]
            slopes.append(np.stack([slope * x, slope]))
        return slopes

    def _driven(
        self, populations: FloatArray, slopes: list[FloatArray]
    ) -> tuple[FloatArray, list[FloatArray]]:
        """Return what states gain (2^N,), and the flux (R,) of each mode, at slopes (R,)."""
        source = np.zeros_like(populations)
        driven = []
        for mode, slope in enumerate(slopes):
            pair, target = (
                self.transitions.split(states, mode) for states in (populations, source)
            )
            both = pair[:, 0, :] + pair[:, 1, :]
            flux = self.transitions.over_rest(slope, mode) * both
            target[:, 0, :] -= flux
            target[:, 1, :] += flux
            driven.append(slope * (both.sum() if len(slope) == 1 else both.ravel()))
        return source, driven

    def spectral(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the gains (K, n) of particles and energy at each of `frequencies`."""
        fluxes = self._fluxes(self.solve(T, mu).values.real, T, mu)
        return by_frequency(self.frequencies, [(frequency, net) for frequency, net, _ in fluxes])

    def transition_frequencies(self) -> FloatArray:
        """Return the frequencies (M,) of all transitions."""
        return np.concatenate(self.transitions.frequency)

    def _fluxes(
        self, populations: FloatArray, T: FloatArray, mu: FloatArray
    ) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return for each mode its frequency (R,), the net flux up (n, R), the gross one (n,)."""
        fluxes = []
        for mode in range(self.transitions.modes):
            frequency, rate = self.transitions.frequency[mode], self.transitions.rate[mode]
            filled, empty = filled_and_empty((frequency - mu[:, None]) / T[:, None])
            pair = self.transitions.split(populations, mode)
            without, with_one = (pair[:, s, :].ravel() for s in (0, 1))
            if len(frequency) == 1:
                without, with_one = without.sum(keepdims=True), with_one.sum(keepdims=True)
            up = rate * filled * without
            fluxes.append((frequency, up - rate * empty * with_one, np.abs(up).sum(axis=1)))
        return fluxes


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _Exchange:
    """Total rates of every mode at one T, mu."""

    transitions: ModeTransitions
    # up, down: for each mode, shaped to multiply states split at it
    up: list[FloatArray]
    down: list[FloatArray]
    # mean_up, mean_down: (N,) averages over the other occupations
    mean_up: FloatArray
    mean_down: FloatArray
    gaps: FloatArray

    @classmethod
    def at(cls, transitions: ModeTransitions, T: FloatArray, mu: FloatArray) -> _Exchange:
        ups, downs = [], []
        for mode in range(transitions.modes):
            up = np.zeros(len(transitions.frequency[mode]))
            down = np.zeros(len(transitions.frequency[mode]))
            for rate, t, m in zip(transitions.rate[mode], T, mu, strict=True):
                filled, empty = filled_and_empty((transitions.frequency[mode] - m) / t)
                up += rate * filled
                down += rate * empty
            ups.append(up)
            downs.append(down)
        mean_up = np.array([up.mean() for up in ups])
        mean_down = np.array([down.mean() for down in downs])
        gaps = occupation_sum(mean_up + mean_down)
        gaps[0] = np.inf  # the stationary direction of the average: left out of the inverse
        return cls(
            transitions,
            [transitions.over_rest(up, mode) for mode, up in enumerate(ups)],
            [transitions.over_rest(down, mode) for mode, down in enumerate(downs)],
            mean_up,
            mean_down,
            gaps,
        )

    def inverse(self, right: FloatArray) -> FloatArray:
        """Return what GMRES finds for W x = right (2^N,), not checked."""
        return gmres(
            self.apply,
            right,
            self.mean_inverse,
            relative=_RELATIVE,
            restart=_RESTART,
            cycles=_CYCLES,
        )

    def apply(self, states: FloatArray) -> FloatArray:
        """Return the generator applied to populations (2^N,)."""
        states = np.ascontiguousarray(states).ravel()
        out = np.zeros_like(states)
        for mode in range(self.transitions.modes):
            source, target = self.transitions.split(states, mode), self.transitions.split(out, mode)
            flux = self.up[mode] * source[:, 0, :]
            flux -= self.down[mode] * source[:, 1, :]
            target[:, 0, :] -= flux
            target[:, 1, :] += flux
        return out

    def gross(self, states: FloatArray) -> float:
        """Return the largest one-way flux into a state through one mode."""
        largest = 0.0
        for mode in range(self.transitions.modes):
            source = self.transitions.split(states, mode)
            largest = max(
                largest,
                float(np.max(self.up[mode] * source[:, 0, :])),
                float(np.max(self.down[mode] * source[:, 1, :])),
            )
        return largest

    def mean_inverse(self, states: FloatArray) -> FloatArray:
        """Return the pseudo-inverse of the averaged generator applied to `states` (2^N,)."""
        work = np.array(states, dtype=np.float64).ravel()
        fill = self.mean_up / (self.mean_up + self.mean_down)
        for mode in range(
            self.transitions.modes
        ):  # to left eigenvectors (1, 1) and (fill, fill - 1)
            pair = self.transitions.split(work, mode)
            total = pair[:, 0, :] + pair[:, 1, :]
            pair[:, 1, :] = fill[mode] * total - pair[:, 1, :]
            pair[:, 0, :] = total
        work /= -self.gaps
        for mode in range(self.transitions.modes):  # back from (1 - fill, fill) and (1, -1)
            pair = self.transitions.split(work, mode)
            full = fill[mode] * pair[:, 0, :] - pair[:, 1, :]
            pair[:, 0, :] -= full
            pair[:, 1, :] = full
        return work
