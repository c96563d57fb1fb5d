"""The PERLind generator of a quadratic system: linear in its modes, so Gaussian states stay so.

With L_{ja,-} = sum_k l_ak a_k and L_{ja,+} = sum_k conj(g_ak) a_k^+,

    l_ak = sqrt(gamma_j(w_k) (1 - n_j(w_k))) t_ak,  g_ak = sqrt(gamma_j(w_k) n_j(w_k)) t_ak,

and t the amplitudes on the modes, the covariance matrix C_kl = <a_l^+ a_k> obeys

    dC/dt = F - K C - C K^+,  F = sum_j F_j,  K = sum_j (E_j + F_j)/2 + i h,
    E_j = sum_a l_a^+ l_a,  F_j = sum_a g_a^+ g_a,

with h the mode energies and, if asked for, the frequency shifts
h_LS,j,kl = (s_j(w_k) + s_j(w_l))/2 sum_a conj(t_ak) t_al, s_j = P int de/(2 pi) gamma_j(e)/(w - e).
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, final

import numpy as np
import scipy.linalg

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.contact.principal_value import shift_function
from oqs.numerics.occupation import filled_and_empty
from oqs.system.systems import QuadraticSystem

_REFINED = 2  # times that a large solution is refined: rates may be far below the energies
_STACKED = 6  # modes up to which the N^2 equations are solved as one matrix


@final
class ModeRates(NamedTuple):
    """The generator at one T, mu: E_j and F_j (n, N, N)."""

    emptying: ComplexArray
    filling: ComplexArray


@final
class ModeFlows(NamedTuple):
    """What each reservoir gives to each mode, and all that it gives and takes, (n, N) each."""

    particle: FloatArray
    energy: FloatArray
    gross: FloatArray


def _outer(values: FloatArray) -> FloatArray:
    """Return values_k values_l (..., N, N)."""
    return values[..., :, None] * values[..., None, :]


def _sum(values: FloatArray) -> FloatArray:
    """Return values_k + values_l (..., N, N)."""
    return values[..., :, None] + values[..., None, :]


def _by_schur(drift: ComplexArray, right: ComplexArray) -> ComplexArray:
    """Return X (r, N, N) with K X + X K^+ = right (r, N, N); refined.

    The largest diagonal elements come first: so the QR iteration keeps those next to zero to their
    own rounding, not to that of a level far away.
    """
    order = np.argsort(-np.abs(np.diagonal(drift)), kind="stable")
    back = np.argsort(order)
    matrix = drift[np.ix_(order, order)]
    triangle, vectors = scipy.linalg.schur(matrix, output="complex")
    adjoint = vectors.conj().T

    def solved(part: ComplexArray) -> ComplexArray:
        inner, scale, _ = scipy.linalg.lapack.ztrsyl(
            triangle, triangle, adjoint @ part @ vectors, tranb="C"
        )
        return vectors @ (inner / scale) @ adjoint

    solution = np.empty_like(right)
    for place, part in enumerate(right[:, order[:, None], order]):
        one = solved(part)
        for _ in range(_REFINED):
            one += solved(part - matrix @ one - one @ matrix.conj().T)
        solution[place] = one[np.ix_(back, back)]
    return solution


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PerlindModes:
    """A quadratic system between contacts, mode by mode; nothing here depends on T and mu."""

    energies: FloatArray  # (N,) w_k
    grams: ComplexArray  # (n, N, N) sqrt(gamma_j(w_k) gamma_j(w_l)) sum_a conj(t_ak) t_al
    shifts: ComplexArray  # (n, N, N) h_LS,j; zeros without frequency shifts

    @classmethod
    def of(
        cls, system: QuadraticSystem, contacts: tuple[Contact, ...], *, shifted: bool
    ) -> PerlindModes:
        """Collect them; rates are checked here."""
        w, size = system.energies, system.sites
        grams = np.empty((len(contacts), size, size), dtype=np.complex128)
        shifts = np.zeros((len(contacts), size, size), dtype=np.complex128)
        for j, contact in enumerate(contacts):
            t = contact.channels(size) @ system.modes
            t[np.abs(t) <= NEGLIGIBLE * np.linalg.norm(t)] = 0.0
            touched = np.any(t != 0, axis=0)
            gamma = np.zeros(size)
            gamma[touched] = contact.gamma(w[touched], j)
            roots = np.sqrt(gamma) * t
            grams[j] = roots.conj().T @ roots
            if shifted:
                s = np.zeros(size)
                s[touched] = shift_function(contact)(w[touched])
                shifts[j] = (s[:, None] + s) / 2 * (t.conj().T @ t)
        return cls(w, read_only(grams), read_only(shifts))

    def rates(self, T: FloatArray, mu: FloatArray) -> ModeRates:
        """Return E_j and F_j at T, mu (n,)."""
        filled, empty = filled_and_empty((self.energies - mu[:, None]) / T[:, None])  # (n, N)
        return ModeRates(*(self.grams * _outer(np.sqrt(n)) for n in (empty, filled)))

    def rate_slopes(self, T: FloatArray, mu: FloatArray) -> tuple[ModeRates, ModeRates]:
        """Return the derivatives of E_j and F_j with respect to T_j, and to mu_j."""
        x = (self.energies - mu[:, None]) / T[:, None]
        filled, empty = filled_and_empty(x)
        slopes = []
        for dx in (-x / T[:, None], -1 / T[:, None]):
            # d ln sqrt(n) = -(1 - n) dx / 2, d ln sqrt(1 - n) = n dx / 2
            parts = ((empty, filled * dx / 2), (filled, -empty * dx / 2))
            slopes.append(
                ModeRates(*(self.grams * (_outer(np.sqrt(n)) * _sum(d)) for n, d in parts))
            )
        return slopes[0], slopes[1]

    def drift(self, rates: ModeRates) -> ComplexArray:
        """Return K (N, N), without the energy next to zero: K C + C K^+ depends on differences.

        That energy, not the mean: beside a level at 1e12 the mean's rounding is 1e-5.
        """
        total: ComplexArray = (rates.emptying + rates.filling).sum(axis=0) / 2
        nearest = self.energies[np.argmin(np.abs(self.energies))]
        detuning = np.diag(self.energies - nearest)
        return total + 1j * (detuning + self.shifts.sum(axis=0))

    def covariance(self, rates: ModeRates) -> ComplexArray:
        """Return the stationary C (N, N): K C + C K^+ = F."""
        return self.solved(self.drift(rates), rates.filling.sum(axis=0))

    def solved(self, drift: ComplexArray, right: ComplexArray) -> ComplexArray:
        """Return the Hermitian X (..., N, N) with K X + X K^+ = right (..., N, N)."""
        size = len(self.energies)
        if size > _STACKED:
            solution = _by_schur(drift, right.reshape(-1, size, size))
        else:
            one = np.eye(size)
            whole = np.kron(drift, one) + np.kron(one, drift.conj())  # X stacked by rows
            stacked = np.linalg.solve(whole, right.reshape(-1, size**2).T).T
            solution = np.asarray(stacked, dtype=np.complex128)
        solution = solution.reshape(right.shape)
        return np.asarray((solution + solution.conj().swapaxes(-1, -2)) / 2)

    def residual(self, covariance: ComplexArray, rates: ModeRates) -> float:
        """Return the largest |dC/dt| relative to the largest rate that cancels in it."""
        lost = self.drift(rates) @ covariance
        change = rates.filling.sum(axis=0) - lost - lost.conj().T
        gross = np.max(np.abs(rates.emptying).sum(axis=0) + np.abs(rates.filling).sum(axis=0))
        return float(np.max(np.abs(change)) / gross)

    def flows(self, covariance: ComplexArray, rates: ModeRates) -> ModeFlows:
        """Return what reservoirs give to the modes in a Gaussian state, (n, N).

        P_j = sum_k of Re (F_j (1 - C) - E_j C)_kk, J_j of w_k times that; with frequency shifts the
        energy also of Re (-i [h_LS,j, C])_kk w_k.
        """
        empty = np.eye(len(self.energies)) - covariance
        rising, falling = self.exchanged(rates, covariance, empty)
        particle = rising - falling
        energy = (particle + self.shifted(covariance)) * self.energies
        return ModeFlows(particle, energy, np.abs(rising) + np.abs(falling))

    def exchanged(
        self, rates: ModeRates, filled: ComplexArray, empty: ComplexArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return Re (F_j empty)_kk and Re (E_j filled)_kk, (n, N), for matrices (N, N)."""
        rising = np.einsum("jkl,lk->jk", rates.filling, empty).real
        falling = np.einsum("jkl,lk->jk", rates.emptying, filled).real
        return rising, falling

    def shifted(self, covariance: ComplexArray) -> FloatArray:
        """Return (-i [h_LS,j, C])_kk (n, N): particles that frequency shifts move among modes."""
        return 2 * np.einsum("jkl,lk->jk", self.shifts, covariance).imag
