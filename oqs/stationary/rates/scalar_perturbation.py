"""First-order change of a handful of populations and of their flows, in scalars.

What `oqs.stationary.rates.perturbation` does, without numpy, whose overhead would outweigh the
arithmetic: a Jacobian then costs a few calls of the law.
"""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.stationary.method import StationaryMethod, checked_residual
from oqs.stationary.rates.rate_equation import balanced_scalars

_Lists = list[list[float]]


@final
class ScalarRates(NamedTuple):
    """A rate equation and its solution at one T, mu."""

    # ends, frequencies: lower and upper state, and frequency, of each transition
    ends: list[tuple[int, int]]
    frequencies: list[float]
    # ups, downs: rates of each contact
    ups: _Lists
    downs: _Lists
    slopes: _Lists  # d up / d mu of each contact
    # populations, flows: the solution, and the particles P_j that it gives
    populations: list[float]
    flows: list[float]


def scalar_derivatives(
    rates: ScalarRates, T: list[float], mu: list[float], method: StationaryMethod
) -> FloatArray:
    """Return d particle, d energy, d heat by T_q and mu_q, (6, n, n).

    Raises StationaryStateNotFound where rates underflow, or the residual of a change is too large.
    """
    ends, frequencies, _, _, slopes, p, flows = rates
    both = [p[a] + p[b] for a, b in ends]
    driven = []  # flux up of the perturbed contact at fixed populations: by each T_q, each mu_q
    for by_temperature in (True, False):
        for slope, t, m in zip(slopes, T, mu, strict=True):
            flux = [s * sum_ for s, sum_ in zip(slope, both, strict=True)]
            if by_temperature:
                flux = [f * ((w - m) / t) for f, w in zip(flux, frequencies, strict=True)]
            driven.append(flux)
    changes = _changes(rates, driven, method)
    contacts, reference = range(len(T)), sum(mu) / len(mu)
    energies = [w - reference for w in frequencies]
    table: list[_Lists] = [[[0.0] * len(T) for _ in contacts] for _ in range(6)]
    for column, (own, x) in enumerate(zip(driven, changes, strict=True)):
        theta, q = divmod(column, len(T))
        particles, carried = _exchanged(rates, energies, q, own, x)
        for j, (particle, energy) in enumerate(zip(particles, carried, strict=True)):
            table[theta][j][q] = particle
            table[2 + theta][j][q] = energy + reference * particle
            heat = energy - (mu[j] - reference) * particle
            table[4 + theta][j][q] = heat - flows[j] if theta and j == q else heat
    return np.array(table)


def _exchanged(
    rates: ScalarRates, energies: list[float], q: int, own: list[float], x: list[float]
) -> tuple[list[float], list[float]]:
    """Return the change of each contact's particle and energy flow, which add up to zero.

    `energies` (M,): of the transitions; `q`, `own`: the perturbed contact, and the fluxes (M,) that
    it drives at fixed populations; `x` (D,): change of the populations.
    """
    particles: list[float] = []
    carried: list[float] = []
    gross: list[float] = []
    for j, (ups, downs) in enumerate(zip(rates.ups, rates.downs, strict=True)):
        particle, energy, size = 0.0, 0.0, 0.0
        terms = zip(rates.ends, energies, ups, downs, own, strict=True)
        for (a, b), e, up, down, extra in terms:
            gained, lost = up * x[a], down * x[b]
            added = extra if j == q else 0.0
            flux = gained - lost + added
            particle += flux
            energy += flux * e
            size += abs(gained) + abs(lost) + abs(added)
        particles.append(particle)
        carried.append(energy)
        gross.append(size)
    return balanced_scalars(particles, gross), balanced_scalars(carried, gross)


def _changes(rates: ScalarRates, driven: _Lists, method: StationaryMethod) -> _Lists:
    """Return dp of each column: W dp = -(what the driven fluxes bring), sum dp = 0."""
    p, size = rates.populations, len(rates.populations)
    order = sorted(range(size), key=p.__getitem__, reverse=True)
    place = [order.index(state) for state in range(size)]
    rise = [sum(column) for column in zip(*rates.ups, strict=True)]
    fall = [sum(column) for column in zip(*rates.downs, strict=True)]
    w = [[0.0] * size for _ in range(size)]
    right = [[0.0] * len(driven) for _ in range(size)]
    for m, (a, b) in enumerate(rates.ends):
        low, high = place[a], place[b]
        w[high][low], w[low][high] = rise[m], fall[m]
        right[high] = [r + flux[m] for r, flux in zip(right[high], driven, strict=True)]
        right[low] = [r - flux[m] for r, flux in zip(right[low], driven, strict=True)]
    _check(rates.ends, rise, fall, p, [0.0] * len(rise), method)
    solved = _eliminated(w, right)
    changes = []
    for column, flux in enumerate(driven):
        x = [solved[place[state]][column] for state in range(size)]
        total = sum(x)
        x = [value - total * population for value, population in zip(x, p, strict=True)]
        _check(rates.ends, rise, fall, x, flux, method)
        changes.append(x)
    return changes


def _check(
    ends: list[tuple[int, int]],
    rise: list[float],
    fall: list[float],
    x: list[float],
    driven: list[float],
    method: StationaryMethod,
) -> None:
    """Raise where fluxes at x (D,) and driven ones leave too much of themselves in some state."""
    left, largest = [0.0] * len(x), 0.0
    for (a, b), up, down, own in zip(ends, rise, fall, driven, strict=True):
        gained = up * x[a]
        through = gained - down * x[b] + own
        left[a] -= through
        left[b] += through
        largest = max(largest, abs(gained), abs(own))
    checked_residual(max(map(abs, left)) / largest if largest else 0.0, method)


def _eliminated(w: _Lists, right: _Lists) -> _Lists:
    """Return x (D, K), 0 in the first state, that balances what arrives at the others."""
    size, columns = len(w), range(len(right[0]))
    for k in range(size - 1, 0, -1):
        leaving = sum([w[a][k] for a in range(k)])
        if not leaving > 0:
            raise StationaryStateNotFound(
                "Rates between the states underflow to zero: raise T, or move mu to the levels."
            )
        row = [rate / leaving for rate in w[k][:k]]
        own = [r / leaving for r in right[k]]
        w[k], right[k] = row, own
        for a in range(k):
            back = w[a][k]
            if back:
                w[a][:k] = [x + back * y for x, y in zip(w[a], row, strict=False)]
                right[a] = [x + back * y for x, y in zip(right[a], own, strict=True)]
    solved = [[0.0] * len(columns)]
    for k in range(1, size):
        solved.append(
            [
                own + sum([rate * x[c] for rate, x in zip(w[k], solved, strict=True)])
                for c, own in zip(columns, right[k], strict=True)
            ]
        )
    return solved
