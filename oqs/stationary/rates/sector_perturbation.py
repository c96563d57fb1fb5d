"""First-order change of many populations and of their flows, one step of particle number at a time.

The physics is that of `oqs.stationary.rates.perturbation`. Sectors are folded as in
`oqs.stationary.rates.elimination`, towards that of the most probable state, and what the perturbed
rates bring to their states is carried along.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.flow_jacobian import FlowJacobian
from oqs.numerics.clusters import IntArray
from oqs.stationary.method import StationaryMethod, checked_residual
from oqs.stationary.rates.elimination import times
from oqs.stationary.rates.rate_equation import balanced
from oqs.transitions.step_rates import StepRates, slopes
from oqs.transitions.transitions import Part, Step

_WHOLE = 4096  # states up to which they are eliminated without an order of sectors, if need be


@final
class Perturbation(NamedTuple):
    """What the rates do to populations, and what a change of T or mu does to the rates.

    Energies are counted from a reference for each particle.
    """

    # (2, n, D) what states gain at fixed populations, for each T_q and each mu_q
    sources: FloatArray
    # (2, 2, n) particles and energy through the perturbed contact at fixed populations
    own: FloatArray
    size: FloatArray  # (2, n) the same for particles, without their signs
    # rising, falling: (2, n, D) particles and energy that leave each state upwards and downwards
    # through each contact
    rising: FloatArray
    falling: FloatArray

    @classmethod
    def of(
        cls,
        parts: Iterable[tuple[Step, Part]],
        T: FloatArray,
        mu: FloatArray,
        populations: FloatArray,
    ) -> Perturbation:
        """Sum over the parts of all steps; the mean of mu is the energies' reference."""
        states, n, reference = len(populations), len(T), float(mu.mean())
        perturbation = cls(
            np.zeros((2, n, states)),
            np.zeros((2, 2, n)),
            np.zeros((2, n)),
            *np.zeros((2, 2, n, states)),
        )
        for step, part in parts:
            lower, upper = step.lower[part.columns], step.upper[part.rows]
            frequency, here = step.frequency_of(part.rows, part.columns), part.contacts
            for rows, x, up, down, slope in slopes(step, part, T, mu, populations):
                energy, above = frequency[rows] - reference, upper[rows]
                driven = np.stack([slope * x, slope])  # (2, m, b, c)
                perturbation.sources[:, here[:, None], above] += driven.sum(axis=3)
                perturbation.sources[:, here[:, None], lower] -= driven.sum(axis=2)
                perturbation.own[0][:, here] += driven.sum(axis=(2, 3))
                perturbation.own[1][:, here] += (driven * energy).sum(axis=(2, 3))
                perturbation.size[:, here] += np.abs(driven).sum(axis=(2, 3))
                for kind in (0, 1):
                    perturbation.rising[kind][here[:, None], lower] += up.sum(axis=1)
                    perturbation.falling[kind][here[:, None], above] += down.sum(axis=2)
                    up *= energy
                    down *= energy
        return perturbation

    def flow(self, populations: FloatArray) -> FloatArray:
        """Return the particle flows (n,) of the stationary populations (D,)."""
        rising, falling = self.rising[0] @ populations, self.falling[0] @ populations
        return balanced(rising - falling, rising)

    def flows(
        self, change: FloatArray, mu: FloatArray, flow: FloatArray, coherent: FloatArray
    ) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows.

        Parameters
        ----------
        change : (D, 2 n) of the populations.
        mu, flow : (n,) chemical potentials and particle flows.
        coherent : (2, 2, n, n) what coherences add to particles and energy, for T_q and mu_q.
        """
        n = len(mu)
        through = (self.rising - self.falling) @ change
        changes = (
            through.reshape(2, n, 2, n).transpose(0, 2, 1, 3) + coherent
        )  # [kind, T or mu, j, q]
        size = ((self.rising + self.falling)[0] @ np.abs(change)).reshape(n, 2, n)
        size = size.transpose(1, 0, 2) + np.abs(coherent[0])
        same = np.arange(n)
        changes[:, :, same, same] += self.own
        size[:, same, same] += self.size
        balance = balanced(changes.swapaxes(-1, -2), size.swapaxes(-1, -2)).swapaxes(-1, -2)
        return FlowJacobian.of(balance[0], balance[1], flow, mu, reference=float(mu.mean()))


def population_changes(
    steps: list[StepRates],
    members: list[IntArray],
    populations: FloatArray,
    sources: FloatArray,
    method: StationaryMethod,
) -> FloatArray:
    """Return dp (D, K) with W dp = -sources (D, K), sum dp = 0.

    Raises StationaryStateNotFound where rates underflow, or the residual is too large.

    Parameters
    ----------
    steps : rates of all contacts together, lowest step first.
    members : the states of each particle number.
    populations : (D,) with W p = 0.
    method : named where the residual is too large.
    """
    rates = [step.dense() for step in steps]
    try:
        change = _by_sectors(rates, members, populations, sources)
    except StationaryStateNotFound:  # some state is left through other sectors only
        if len(populations) > _WHOLE:
            raise
        change = pinned_change(_matrix(rates, members, len(populations)), populations, sources)
    change -= np.multiply.outer(populations, change.sum(axis=0))
    _check(rates, members, change, sources, method)
    return change


_Rates = list[tuple[FloatArray, FloatArray]]  # up and down (d', d) between neighbouring sectors


def _by_sectors(
    rates: _Rates, members: list[IntArray], populations: FloatArray, sources: FloatArray
) -> FloatArray:
    """Fold sectors into that of the most probable state, which stays as it is."""
    probable = [float(populations[states].max()) for states in members]
    last = int(np.argmax(probable))
    arriving = [sources[states] for states in members]
    above = [(n, n - 1, rates[n - 1]) for n in range(len(members) - 1, last, -1)]
    below = [(n, n + 1, (down.T, up.T)) for n, (up, down) in enumerate(rates[:last])]
    inside = [np.zeros((len(states),) * 2) for states in members]
    folded = []
    for n, neighbour, (away, toward) in (*above, *below):
        # away (d_n, d') from the neighbour, toward (d_n, d') into it
        solved = times(inside[n], toward.sum(axis=1), np.hstack([away, arriving[n]]))
        transfer, own = np.split(solved, [away.shape[1]], axis=1)
        inside[neighbour] = inside[neighbour] + toward.T @ transfer
        arriving[neighbour] = arriving[neighbour] + toward.T @ own
        folded.append((n, neighbour, transfer, own))
    change = np.zeros_like(sources)
    change[members[last]] = pinned_change(inside[last], populations[members[last]], arriving[last])
    for n, neighbour, transfer, own in reversed(folded):
        change[members[n]] = own + transfer @ change[members[neighbour]]
    return change


def pinned_change(inside: FloatArray, populations: FloatArray, arriving: FloatArray) -> FloatArray:
    """Return the change (d, K) of populations (d,) that balances what arrives, up to a multiple.

    It is 0 in the most probable state. The diagonal of the rates `inside` (d, d) is ignored.
    """
    change = np.zeros_like(arriving)
    if len(inside) > 1:
        pinned = int(populations.argmax())
        rest = np.delete(np.arange(len(inside)), pinned)
        change[rest] = times(inside[np.ix_(rest, rest)], inside[pinned, rest], arriving[rest])
    return change


def _matrix(rates: _Rates, members: list[IntArray], size: int) -> FloatArray:
    """Return all rates (D, D), entry [a, b] from b to a."""
    matrix = np.zeros((size, size))
    for (up, down), lower, upper in zip(rates, members, members[1:], strict=False):
        matrix[np.ix_(upper, lower)], matrix[np.ix_(lower, upper)] = up, down.T
    return matrix


def _check(
    rates: _Rates,
    members: list[IntArray],
    change: FloatArray,
    sources: FloatArray,
    method: StationaryMethod,
) -> None:
    """Raise where W dp + sources (D, K) is too much of the rates that cancel in it."""
    net, gross = sources.copy(), np.abs(sources)
    for (up, down), lower, upper in zip(rates, members, members[1:], strict=False):
        for rate, source, target in ((up, lower, upper), (down.T, upper, lower)):
            leaving = rate.sum(axis=0)[:, None]
            net[target] += rate @ change[source]
            net[source] -= leaving * change[source]
            gross[source] += leaving * np.abs(change[source])
    largest = gross.max(axis=0)
    worst = np.abs(net).max(axis=0) / np.where(largest > 0, largest, 1.0)
    checked_residual(float(worst.max(initial=0.0)), method)
