"""Counting statistics from dense matrices: the tilted generator, jump by jump.

    L(x) = L + sum over jumps of (e^{+- (chi_j + xi_j w)} - 1) rate S^+ . S (or S . S^+)

with + where the system gains. Superoperators act on rho stacked by rows: A rho B is kron(A, B^T).
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from validation.references import literal
from validation.systems.settings import Setting

_DIGITS = 50


@final
class Jump(NamedTuple):
    """A jump superoperator of reservoir j: `sign` +1 where the system gains, at frequency w."""

    matrix: ComplexArray
    reservoir: int
    sign: int
    frequency: float


def jumps(setting: Setting) -> list[Jump]:
    """Return the jumps gamma n S^+ . S and gamma (1 - n) S . S^+ of all contacts."""
    all_jumps = []
    for j in range(len(setting.contacts)):
        T, mu = float(setting.T[j]), float(setting.mu[j])
        for channel in literal.channels(setting, j):
            for w, gamma, s in channel:
                n, empty = literal.fermi(w, T, mu), literal.fermi(-w, T, -mu)
                into = np.asarray(gamma * n * np.kron(s.conj().T, s.T), dtype=np.complex128)
                out = np.asarray(gamma * empty * np.kron(s, s.conj()), dtype=np.complex128)
                all_jumps += [Jump(into, j, 1, w), Jump(out, j, -1, w)]
    return all_jumps


def generator(setting: Setting, all_jumps: list[Jump]) -> ComplexArray:
    """Return L: -i[H, .], the jumps, and what they take from where they start."""
    h = setting.hamiltonian
    one = np.eye(len(h))
    total = -1j * (np.kron(h, one) - np.kron(one, h.T))
    for jump in all_jumps:
        total = total + jump.matrix
    # a jump L . L^+ starts at the rate L^+ L: its adjoint on the unit operator
    start = np.sum([jump.matrix.conj().T @ one.ravel() for jump in all_jumps], axis=0)
    rate = start.reshape(one.shape)
    return total - (np.kron(rate, one) + np.kron(one, rate.T)) / 2


def covariance(setting: Setting) -> FloatArray:
    """Return the zero-frequency covariances (2, n, 2, n) of particles and energies.

    tr[(L_ab - L_a R L_b - L_b R L_a) rho] with R the inverse of L on traceless matrices.
    """
    all_jumps = jumps(setting)
    L = generator(setting, all_jumps)
    trace = np.eye(len(setting.hamiltonian)).ravel()
    scale = float(np.max(np.abs(L)))
    rows = np.vstack([L, scale * trace])
    rho = np.linalg.lstsq(rows, scale * np.eye(len(rows))[-1], rcond=None)[0]
    n = len(setting.T)
    derivatives = np.zeros((2 * n, *L.shape), dtype=np.complex128)
    second = np.zeros((2 * n, 2 * n))
    for jump in all_jumps:
        moved = jump.sign, jump.sign * jump.frequency
        shot = (trace @ jump.matrix @ rho).real
        for a in range(2):
            derivatives[a * n + jump.reservoir] += moved[a] * jump.matrix
            for b in range(2):
                place = a * n + jump.reservoir, b * n + jump.reservoir
                second[place] += moved[a] * moved[b] * shot
    applied = (derivatives @ rho).T
    right = np.vstack([applied - np.outer(rho, trace @ applied), np.zeros((1, 2 * n))])
    pushed = np.linalg.lstsq(rows, right, rcond=None)[0]
    crossed = (trace @ derivatives @ pushed).real
    whole: FloatArray = second - crossed - crossed.T
    return whole.reshape(2, n, 2, n)


def level_cumulants(
    gamma: tuple[float, float], occupation: tuple[float, float], order: int
) -> FloatArray:
    """Return the cumulants (order,) of the particles that the left one of two reservoirs loses.

    lambda = -G/2 + sqrt(G^2/4 + g_L g_R [f_L (1 - f_R)(e^x - 1) + f_R (1 - f_L)(e^-x - 1)]), in
    50 digits: its power series, the square root's by recursion.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        left, right = map(Decimal, gamma)
        f, g = map(Decimal, occupation)
        forth, back = left * right * f * (1 - g), left * right * g * (1 - f)
        inside, factorial = [(left + right) ** 2 / 4], Decimal(1)
        for m in range(1, order + 1):
            factorial *= m
            inside.append((forth + (-1) ** m * back) / factorial)
        root = [inside[0].sqrt()]
        for m in range(1, order + 1):
            mixed = sum((root[k] * root[m - k] for k in range(1, m)), Decimal(0))
            root.append((inside[m] - mixed) / (2 * root[0]))
        cumulants, factorial = [], Decimal(1)
        for m in range(1, order + 1):
            factorial *= m
            cumulants.append(float(root[m] * factorial))
    return np.array(cumulants)
