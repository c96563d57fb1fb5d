"""Levels that relax, at a rate kappa, to the Fermi function of their reservoir's own N and E.

    dC/dt = -i[h, C] - (kappa/2){P, C} + kappa F(t),   F = P diag(f_l(T_j, mu_j)),

P the projector on levels: mesoscopic leads. dN_j/dt and dE_j/dt are sums of (1, eps_l) times the
current from the system into level l; what the level relaxes to is the reservoir's affair.
"""

from __future__ import annotations

from typing import final

import numpy as np
import scipy.linalg
from scipy.special import expit

from oqs.arguments import ComplexArray, FloatArray
from thermo.stochastic.explicit.unitary import Exchanged
from thermo.stochastic.small.small_reservoir import THERE, SmallReservoir

_RTOL = 1e-4  # of T and mu in one step
_RESIDUAL = 1e-8  # of the diagonalisation


def evolve_thermalised(
    h: ComplexArray,
    occupations: FloatArray,
    parts: list[slice],
    times: FloatArray,
    kappa: float,
    members: list[SmallReservoir],
) -> Exchanged:
    """Return what the reservoirs exchange; arguments as for `evolve_freely`, and kappa > 0.

    F is constant within a step, the mean of those at its ends; everything else is exact, in the
    eigenbasis of h - i kappa P/2. Steps are such that T and mu change by 1e-4 of themselves less
    than a linear law says.

    Raises RuntimeError if that matrix is not diagonalised to 1e-8, or a reservoir comes to where it
    has no T.
    """
    run = _Run(h, parts, kappa, members, occupations)
    rows = []
    for t in times.tolist():
        run.advance(t)
        rows.append((run.lost.copy(), run.released.copy(), run.occupations()))
    lost, released, filled = (np.array(column) for column in zip(*rows, strict=True))
    sites = parts[0].start
    levels = np.stack([filled[-1][part] for part in parts])
    return Exchanged(lost, released, filled[:, :sites], levels)


@final
class _Run:
    """C in the eigenbasis, X = W C W^+ with W = V^-1, and what was exchanged so far."""

    def __init__(
        self,
        h: ComplexArray,
        parts: list[slice],
        kappa: float,
        members: list[SmallReservoir],
        occupations: FloatArray,
    ) -> None:
        self.h, self.parts, self.kappa, self.members = h, parts, kappa, members
        self.energy = h.diagonal().real
        damping = np.zeros(len(h))
        damping[parts[0].start :] = kappa / 2
        self.eigenvalues, self.V = scipy.linalg.eig(h - 1j * np.diag(damping))
        self.W: ComplexArray = np.linalg.inv(self.V)
        residual = np.abs((self.V * self.eigenvalues) @ self.W - h + 1j * np.diag(damping)).max()
        if not residual <= _RESIDUAL * np.abs(h).max():
            raise RuntimeError(
                f"The damped levels could not be diagonalised: residual {residual:.1e}. Change "
                "`thermalisation` or `levels` a little: two eigenvalues coincide."
            )
        self.precession = -1j * (self.eigenvalues[:, None] - self.eigenvalues.conj())
        self.X = self._inside(occupations)
        self.t, self.h_next = 0.0, 0.05 / kappa
        self.lost, self.released = np.zeros(len(parts)), np.zeros(len(parts))
        self.filling = self._filling(self.lost, self.released)

    def occupations(self) -> FloatArray:
        """Return the diagonal of C."""
        return np.sum((self.V @ self.X) * self.V.conj(), axis=1).real

    def advance(self, end: float) -> None:
        """Step to a time."""
        while self.t < end:
            step = min(self.h_next, end - self.t)
            accepted, growth = self._step(step)
            if accepted:
                self.t = end if step == end - self.t else self.t + step
            if not accepted or step == self.h_next:
                self.h_next = step * growth

    def _step(self, step: float) -> tuple[bool, float]:
        """Try one step; return whether it was taken and by how much the next may differ."""
        z = self.precession * step
        first, second = _phi(z)
        guess = self._exchanged(first, second, step, self.filling)
        middle = (self.filling + self._filling(*guess)) / 2
        exchanged = self._exchanged(first, second, step, middle)
        state, other = self._state(*exchanged), self._state(*guess)
        error = float(np.max(np.abs(state - other) / np.abs(state))) / _RTOL
        growth = float(np.clip(0.8 / np.sqrt(max(error, 1e-6)), 0.2, 2.0))
        if error > 1:
            return False, growth
        Y = self._inside(middle)
        self.X = np.exp(z) * self.X + self.kappa * step * first * Y
        self.lost, self.released = exchanged
        self.filling = self._filling(*exchanged)
        return True, growth

    def _exchanged(
        self, first: ComplexArray, second: ComplexArray, step: float, filling: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return lost and released after a step in which F is constant."""
        Y = self._inside(filling)
        integral = step * first * self.X + self.kappa * step**2 * second * Y
        sites = self.parts[0].start
        between = (self.V[sites:] @ integral) @ self.V[:sites].conj().T  # C_lk, levels by modes
        # dn_l/dt = 2 Im sum_k h_lk C_kl by coupling: what the level gains
        gained = 2 * np.imag(np.sum(self.h[sites:, :sites] * between.conj(), axis=1))
        lost, released = self.lost.copy(), self.released.copy()
        for j, part in enumerate(self.parts):
            mine = slice(part.start - sites, part.stop - sites)
            lost[j] -= gained[mine].sum()
            released[j] -= gained[mine] @ self.energy[part]
        return lost, released

    def _inside(self, diagonal: FloatArray) -> ComplexArray:
        inside = (self.W * diagonal) @ self.W.conj().T
        return inside.astype(np.complex128, copy=False)

    def _state(self, lost: FloatArray, released: FloatArray) -> FloatArray:
        small = [m.at(lost[j], released[j]) for j, m in enumerate(self.members)]
        if any(part.code != THERE for part in small):
            raise RuntimeError(
                f"A reservoir has no temperature at t = {self.t:g} or soon after. Give it a larger "
                "capacity."
            )
        return np.array([[part.T, part.mu] for part in small], dtype=np.float64)

    def _filling(self, lost: FloatArray, released: FloatArray) -> FloatArray:
        """Return what each level relaxes to (m,), 0 for the system's modes."""
        filling = np.zeros(len(self.h))
        for part, (T, mu) in zip(self.parts, self._state(lost, released), strict=True):
            filling[part] = expit((mu - self.energy[part]) / T)
        return filling


def _phi(z: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return phi_1 = (e^z - 1)/z and phi_2 = (phi_1 - 1)/z, by their series where |z| < .1."""
    small = np.abs(z) < 0.1
    safe: ComplexArray = np.where(small, 1.0, z)
    first: ComplexArray = np.expm1(safe) / safe
    second: ComplexArray = (first - 1) / safe
    series_1, series_2, term = np.zeros_like(z), np.zeros_like(z), np.ones_like(z)
    for k in range(1, 11):
        series_1 += term
        series_2 += term / (k + 1)
        term = term * np.where(small, z, 0.0) / (k + 1)
    return np.where(small, series_1, first), np.where(small, series_2, second)
