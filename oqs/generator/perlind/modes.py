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


@final
@dataclasses.dataclass(frozen=True, eq=False)
class PerlindModes:
    """A quadratic system between contacts, mode by mode; nothing here depends on T and mu.

    Parameters
    ----------
    energies : (N,) w_k.
    roots : (m, N) sqrt(gamma_j(w_k)) t_ak, the channels of all contacts one after the other.
    owner : (m,) contact j of each channel.
    shifts : (n, N, N) h_LS,j; zeros without frequency shifts.
    """

    energies: FloatArray
    roots: ComplexArray
    owner: tuple[slice, ...]
    shifts: ComplexArray

    @classmethod
    def of(
        cls, system: QuadraticSystem, contacts: tuple[Contact, ...], *, shifted: bool
    ) -> PerlindModes:
        """Collect them; rates are checked here."""
        w, size = system.energies, system.sites
        roots, owner, begin = [], [], 0
        shifts = np.zeros((len(contacts), size, size), dtype=np.complex128)
        for j, contact in enumerate(contacts):
            t = contact.channels(size) @ system.modes
            t[np.abs(t) <= NEGLIGIBLE * np.linalg.norm(t)] = 0.0
            touched = np.any(t != 0, axis=0)
            gamma = np.zeros(size)
            gamma[touched] = contact.gamma(w[touched], j)
            roots.append(np.sqrt(gamma) * t)
            owner.append(slice(begin, begin + len(t)))
            begin += len(t)
            if shifted:
                s = np.zeros(size)
                s[touched] = shift_function(contact)(w[touched])
                shifts[j] = (s[:, None] + s) / 2 * (t.conj().T @ t)
        return cls(w, np.concatenate(roots), tuple(owner), read_only(shifts))

    def rates(self, T: FloatArray, mu: FloatArray) -> ModeRates:
        """Return E_j and F_j at T, mu (n,)."""
        filled, empty = filled_and_empty((self.energies - mu[:, None]) / T[:, None])  # (n, N)
        found = []
        for occupation in (empty, filled):
            weighted = [
                np.sqrt(share) * self.roots[own]
                for share, own in zip(occupation, self.owner, strict=True)
            ]
            found.append(np.array([root.conj().T @ root for root in weighted]))
        return ModeRates(*found)

    def drift(self, rates: ModeRates) -> ComplexArray:
        """Return K (N, N)."""
        total: ComplexArray = (rates.emptying + rates.filling).sum(axis=0) / 2
        return total + 1j * (np.diag(self.energies) + self.shifts.sum(axis=0))

    def covariance(self, rates: ModeRates) -> ComplexArray:
        """Return the stationary C (N, N): K C + C K^+ = F."""
        drift, filling = self.drift(rates), rates.filling.sum(axis=0)
        size = len(self.energies)
        if size > _STACKED:
            found = scipy.linalg.solve_sylvester(drift, drift.conj().T, filling)
        else:
            one = np.eye(size)
            whole = np.kron(drift, one) + np.kron(one, drift.conj())  # C stacked by rows
            found = np.linalg.solve(whole, filling.ravel()).reshape(size, size)
        return (found + found.conj().T) / 2

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
        rising = np.einsum("jkl,lk->jk", rates.filling, empty).real
        falling = np.einsum("jkl,lk->jk", rates.emptying, covariance).real
        moved = 2 * np.einsum("jkl,lk->jk", self.shifts, covariance).imag
        energy = (rising - falling + moved) * self.energies
        return ModeFlows(rising - falling, energy, np.abs(rising) + np.abs(falling))
