"""Counting statistics as the textbook has them: dense, slow, readable, nothing of oqs in it.

The tilted generator on all matrix elements, written jump by jump, real fields:

    L(chi, xi) = L + sum_j sum_a,w [ (e^x - 1) gamma n S^+ . S + (e^-x - 1) gamma (1 - n) S . S^+ ],
    x = chi_j + xi_j w.
"""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import reference
import scipy.linalg


class Counting:
    """L, its jumps (superoperator, reservoir, +1 in or -1 out, w) and its stationary state."""

    def __init__(self, H, c, baths):
        self.H, self.baths = H, baths
        self.L = reference.liouvillian(H, c, baths)
        self.jumps = []
        for j, bath in enumerate(baths):
            for row in np.atleast_2d(bath.channels):
                S = sum(t * x for t, x in zip(row, c, strict=True))
                for w, s in reference.eigenoperators(H, S):
                    n = 0.5 * (1 - np.tanh((w - bath.mu) / (2 * bath.T)))
                    into, out = np.kron(s.conj().T, s.T), np.kron(s, s.conj())
                    self.jumps.append((bath.gamma(w) * n * into, j, 1, w))
                    self.jumps.append((bath.gamma(w) * (1 - n) * out, j, -1, w))
        self.rho = reference.stationary_state(self.L).ravel()
        self.trace = np.eye(len(H)).ravel()

    def moved(self, quantity, j, sign, w):
        mu = self.baths[j].mu
        return sign * {"particle": 1.0, "energy": w, "heat": w - mu}[quantity]

    def derivative(self, *counts):
        """The derivative of L in the fields of counts (reservoir, quantity)."""
        total = np.zeros_like(self.L)
        for jump, j, sign, w in self.jumps:
            if all(i == j for i, _ in counts):
                total += jump * math.prod(self.moved(q, j, sign, w) for _, q in counts)
        return total

    def tilted(self, chi, xi):
        return self.L + sum(
            np.expm1(sign * (chi[j] + xi[j] * w)) * jump for jump, j, sign, w in self.jumps
        )

    def generating_function(self, chi, xi):
        return np.max(np.linalg.eigvals(self.tilted(chi, xi)).real)

    def drazin(self, y):
        """R y: L x = y - rho tr y, tr x = 0."""
        rows = np.vstack([self.L, self.trace])
        right = np.append(y - self.rho * (self.trace @ y), 0.0)
        return np.linalg.lstsq(rows, right, rcond=None)[0]

    def covariance(self, first, second):
        n = len(self.baths)
        found = np.zeros((n, n))
        for j, q in itertools.product(range(n), repeat=2):
            a, b = (j, first), (q, second)
            A, B = self.derivative(a), self.derivative(b)
            both = self.derivative(a, b) @ self.rho
            later = A @ self.drazin(B @ self.rho) + B @ self.drazin(A @ self.rho)
            found[j, q] = (self.trace @ (both - later)).real
        return found

    def cumulants(self, j, order, quantity):
        L = [self.derivative(*[(j, quantity)] * m) for m in range(order + 1)]
        found, parts = [], [self.rho]
        for k in range(1, order + 1):
            terms = [math.comb(k, m) * L[m] @ parts[k - m] for m in range(1, k + 1)]
            found.append((self.trace @ sum(terms)).real)
            y = sum(math.comb(k, m) * found[m - 1] * parts[k - m] for m in range(1, k + 1))
            parts.append(self.drazin(y - sum(terms)))
        return np.array(found)

    def spectrum(self, omega, first, second):
        n, one = len(self.baths), np.eye(len(self.L))
        project = one - np.outer(self.rho, self.trace)
        found = np.zeros((n, n), dtype=complex)
        G = [project @ np.linalg.inv(1j * s * omega * one - self.L) @ project for s in (1, -1)]
        for j, q in itertools.product(range(n), repeat=2):
            a, b = (j, first), (q, second)
            A, B = self.derivative(a), self.derivative(b)
            both = self.derivative(a, b) + A @ G[0] @ B + B @ G[1] @ A
            found[j, q] = self.trace @ both @ self.rho
        return found

    def waiting(self, first, then, times):
        kinds = {first, then}
        parts = {
            (j, kind): sum(
                jump for jump, i, s, _ in self.jumps if i == j and (s > 0) == (kind == "in")
            )
            for j, kind in kinds
        }
        between = self.L - sum(parts.values())
        start = parts[first] @ self.rho
        start = start / (self.trace @ start)
        return np.array(
            [
                (self.trace @ parts[then] @ scipy.linalg.expm(between * t) @ start).real
                for t in times
            ]
        )


def exact_cumulants(jumps, size, order):
    """Cumulants of a rate equation by the same recursion, in mpmath's precision.

    jumps : (target, source, rate, what is counted of it); several may link the same two states.
    """
    L = [mpmath.zeros(size) for _ in range(order + 1)]
    for target, source, rate, counted in jumps:
        L[0][source, source] -= rate
        for m in range(order + 1):
            L[m][target, source] += rate * mpmath.mpf(counted) ** m

    def solved(right, total):
        system = L[0].copy()
        for state in range(size):
            system[0, state] = 1
        right = mpmath.matrix(right)
        right[0] = total
        return mpmath.lu_solve(system, right)

    parts, found = [solved(mpmath.zeros(size, 1), 1)], []
    for k in range(1, order + 1):
        terms = [math.comb(k, m) * (L[m] * parts[k - m]) for m in range(1, k + 1)]
        found.append(sum(sum(term) for term in terms))
        y = mpmath.zeros(size, 1)
        for m, term in enumerate(terms, 1):
            y += math.comb(k, m) * found[m - 1] * parts[k - m] - term
        parts.append(solved(y, 0))
    return found
