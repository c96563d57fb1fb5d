"""Counted currents as martingales: covariances as sums of squares, nothing subtracted.

To what a jump moves, a function phi of the state may be added, m + phi(target) - phi(source): over
a long time it adds nothing. With W^T phi = I - f, f(c) the mean current out of state c and I its
stationary mean, the count less I t has independent increments, and

    S_ab = sum over jumps of p(source) rate (m_a + phi_a(target) - phi_a(source))
                                          x (m_b + phi_b(target) - phi_b(source)).

Where a strong contact exchanges particles in vain, m and phi cancel in the amplitude, so that the
noise of the weak one keeps its digits, which L_ab - L_a R L_b - L_b R L_a would lose. At frequency
Omega the same holds with (i Omega - W^T) phi = f - I and the second factor conjugate.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray
from oqs.errors import StationaryStateNotFound
from oqs.fluctuations.rates.pairs import PairRates
from oqs.fluctuations.rates.pinned import PinnedRates
from oqs.fluctuations.rates.sectors import SectorRates

Scalar = TypeVar("Scalar", np.float64, np.complex128)

_RESIDUAL = 1e-10  # of the gross rates in W^T phi
_AT_ONCE = 2**18  # pairs of states, whose amplitudes stand side by side
_TINY = math.ldexp(1.0, -1000)


@final
class Field(NamedTuple):
    """A count: `weights` (a, b) of a N_j + b E_j of reservoir j."""

    reservoir: int
    weights: tuple[float, float]

    def moved(self, rates: PairRates) -> FloatArray:
        """Return what a jump up of the reservoir counts (M,)."""
        a, b = self.weights
        if b == 0:
            return a * rates.particle
        return b * rates.energy if a == 0 else a * rates.particle + b * rates.energy


def currents(rates: PairRates, fields: list[Field]) -> FloatArray:
    """Return the mean current (D, q) that each field counts out of each state."""
    mean = np.empty((rates.dimension, len(fields)))
    for q, field in enumerate(fields):
        moved, j = field.moved(rates), field.reservoir
        mean[:, q] = rates.onto_states(rates.up[j] * moved, -rates.down[j] * moved)
    return mean


def potentials(
    rates: PairRates, solver: PinnedRates | SectorRates, fields: list[Field]
) -> FloatArray:
    """Return phi (D, q) of the fields.

    Raises StationaryStateNotFound where the equation is not fulfilled to 1e-10 of its terms, each
    state by its population.
    """
    f = currents(rates, fields)
    phi = -solver.adjoint(f)
    mean = solver.populations @ f
    up, down = rates.up.sum(axis=0), rates.down.sum(axis=0)
    gained = np.empty_like(phi)
    for q, x in enumerate(phi.T):
        gained[:, q] = rates.onto_states(up * x[rates.upper], down * x[rates.lower])
    lost = solver.leaving[:, None] * phi
    missing = solver.populations[:, None] * np.abs(gained - lost + f - mean)
    gross = solver.populations[:, None] * (np.abs(gained) + np.abs(lost) + np.abs(f))
    worst = float(np.max(missing.max(axis=0) / np.maximum(gross.max(axis=0), _TINY), initial=0.0))
    if not worst <= _RESIDUAL:
        raise StationaryStateNotFound(
            f"The fluctuations left a residual of {worst:.3g}, above {_RESIDUAL:.0e} of the gross "
            "rates: raise T, or bring the contacts' rates closer together."
        )
    return phi


def covariance(
    rates: PairRates, fluxes: FloatArray, phi: NDArray[Scalar], fields: list[Field]
) -> NDArray[Scalar]:
    """Return S (q, q) of fields.

    `fluxes` (n, M): gross fluxes of each reservoir, up and down together; `phi` (D, q).
    """
    total = np.zeros((len(fields),) * 2, dtype=phi.dtype)
    moved = [field.moved(rates) for field in fields]
    for begin in range(0, len(rates.lower), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        difference = (phi[rates.upper[some]] - phi[rates.lower[some]]).T  # (q, M)
        for j, flux in enumerate(fluxes):
            amplitude = difference.copy()
            for q, field in enumerate(fields):
                if field.reservoir == j:
                    amplitude[q] += moved[q][some]
            total += (amplitude * flux[some]) @ amplitude.conj().T
    return total
