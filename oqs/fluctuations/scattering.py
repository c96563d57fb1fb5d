"""Counting statistics of one energy: Levitov's determinant of a scattering matrix.

Electrons of energy E arrive in channels a with occupations n_a and leave as S says. With fields x
on what each channel's reservoir loses,

    ln Z = ln det[1 + n (S^+ e^{-x} S e^{x} - 1)] = ln det(1 + K),
    K_ab = sum_k S*_ka S_kb (e^{x_b - x_k} - 1) n_b,

where unitarity has taken the part of K that does not cross from one reservoir to another: nothing
of order one cancels for weak transmission. Holes have S*, -x and 1 - n; where channels are rather
full they are counted, so that full reservoirs, too, give nothing to the last digit.
"""

from __future__ import annotations

import math
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.clusters import IntArray


@final
class Scattered(NamedTuple):
    """Channels at some energies."""

    matrix: ComplexArray  # S (M, C, C) of electrons, or its conjugate for holes
    # filled, logarithm: (M, C) occupations of electrons or holes, and their logarithms
    filled: FloatArray
    logarithm: FloatArray
    sign: FloatArray  # (M,) 1 for electrons, -1 for holes
    owners: IntArray  # (C,) reservoir of each channel
    reservoirs: int  # number n

    @classmethod
    def of(cls, matrix: ComplexArray, exponents: FloatArray, owners: IntArray) -> Scattered:
        """Take S at (E - mu_j)/T_j = `exponents` (M, n); count holes where there are fewer."""
        x = exponents[:, owners]
        fewer = np.sum(np.tanh(x / 2), axis=1) < 0
        sign = np.where(fewer, -1.0, 1.0)
        logarithm = -np.logaddexp(0.0, sign[:, None] * x)
        chosen = np.where(fewer[:, None, None], matrix.conj(), matrix)
        return cls(chosen, np.exp(logarithm), logarithm, sign, owners, exponents.shape[1])

    def tilted(self, fields: FloatArray) -> FloatArray:
        """Return ln Z and its derivatives by each reservoir's field (M, n), and their sizes.

        (M, 2, 1 + n): the second row holds the terms' absolute values, of which rounding is left.
        """
        x = (self.sign[:, None] * fields)[:, self.owners]
        apart = x[:, None] - x[:, :, None]  # x_b - x_k, (M, k, b)
        filled, logarithm = self.filled[:, None], self.logarithm[:, None]
        near = np.abs(apart) <= 1
        passing = np.exp(apart + logarithm)
        factor = np.where(near, np.expm1(np.where(near, apart, 0)) * filled, passing - filled)
        adjoint = self.matrix.conj().swapaxes(1, 2)
        whole = adjoint @ (self.matrix * factor)
        roots = np.linalg.eigvals(whole)
        # numpy's complex log1p forgets the 1p: ln |1 + z| = log1p(2 Re z + |z|^2)/2
        logarithms = np.log1p(2 * roots.real + np.abs(roots) ** 2) / 2
        norm = np.linalg.norm(whole, axis=(1, 2))
        channels = np.arange(len(self.owners))
        whole[:, channels, channels] += 1
        inverse = np.linalg.inv(whole)
        norm *= np.linalg.norm(inverse, axis=(1, 2))  # ln det is known to rounding of this
        flux = ((inverse @ adjoint).swapaxes(1, 2) * self.matrix * passing).real
        flux *= self.owners[:, None] != self.owners  # within a reservoir nothing is lost
        values = np.empty((len(x), 2, 1 + self.reservoirs))
        values[:, 0, 0] = logarithms.sum(axis=1)
        values[:, 1, 0] = np.abs(logarithms).sum(axis=1) + norm
        for row, (part, sign) in enumerate(((flux, -1.0), (np.abs(flux), 1.0))):
            leaving, entering = (self._by_reservoir(part.sum(axis=axis)) for axis in (1, 2))
            values[:, row, 1:] = leaving + sign * entering
        values[:, 0, 1:] *= self.sign[:, None]
        return values

    def second(self) -> FloatArray:
        """Return the second derivatives (M, n, n) of ln Z at 0: Buettiker's noise.

            sum_ab n_a (1 - n_b) (A_r)_ab (A_s)_ba,   A_r = P_r - S^+ P_r S,

        with P_r on the channels of reservoir r. Terms with r = s are positive: nothing cancels.
        """
        between = [self._crossing(r) for r in range(self.reservoirs)]
        empty = -np.expm1(self.logarithm)
        weight = self.filled[:, :, None] * empty[:, None]
        derivatives = np.empty((len(self.sign), self.reservoirs, self.reservoirs))
        for r, first in enumerate(between):
            for s in range(r + 1):
                product = first * between[s].swapaxes(1, 2)  # (A_r)_ab (A_s)_ba
                derivatives[:, r, s] = derivatives[:, s, r] = (weight * product.real).sum(
                    axis=(1, 2)
                )
        return derivatives

    def series(self, r: int, order: int) -> FloatArray:
        """Return the cumulants (M, order) of what reservoir r loses, per energy and time/2 pi."""
        mine = self.owners == r
        adjoint = self.matrix.conj().swapaxes(1, 2)
        leaving = adjoint @ (self.matrix * ~mine[:, None]) * (self.filled * mine)[:, None]
        entering = adjoint @ (self.matrix * mine[:, None]) * (self.filled * ~mine)[:, None]
        parts = leaving - entering, leaving + entering  # K's odd and even powers of the field
        terms = [parts[(m + 1) % 2] / math.factorial(m) for m in range(1, order + 1)]
        inverse = [np.broadcast_to(np.eye(len(mine), dtype=complex), leaving.shape)]
        cumulants = np.empty((len(self.sign), order))
        for m in range(order):
            traces = [
                (power + 1) * np.einsum("mab,mba->m", terms[power], inverse[m - power]).real
                for power in range(m + 1)
            ]
            cumulants[:, m] = math.factorial(m) * np.sum(traces, axis=0) * self.sign ** (m + 1)
            inverse.append(-np.sum([terms[k] @ inverse[m - k] for k in range(m + 1)], axis=0))
        return cumulants

    def exchanged(self) -> FloatArray:
        """Return sum over a of r, b of the others: T [n_a (1 - n_b) + n_b (1 - n_a)], (M, n)."""
        empty = -np.expm1(self.logarithm)
        gross = self.filled[:, :, None] * empty[:, None]
        gross = (gross + gross.swapaxes(1, 2)) * np.abs(self.matrix) ** 2
        gross = (gross + gross.swapaxes(1, 2)) / 2 * (self.owners[:, None] != self.owners)
        return self._by_reservoir(gross.sum(axis=2))

    def _crossing(self, r: int) -> ComplexArray:
        """Return A_r (M, C, C), its block of reservoir r from what leaves it."""
        mine = self.owners == r
        adjoint = self.matrix.conj().swapaxes(1, 2)
        crossing = -(adjoint @ (self.matrix * mine[:, None]))
        leaving = adjoint @ (self.matrix * ~mine[:, None])
        crossing[:, mine] = leaving[:, mine]
        crossing[:, :, mine] = leaving[:, :, mine]
        return crossing

    def _by_reservoir(self, values: FloatArray) -> FloatArray:
        """Sum (M, C) over the channels of each reservoir: (M, n)."""
        sums = np.zeros((len(values), self.reservoirs))
        for channel, owner in enumerate(self.owners):
            sums[:, owner] += values[:, channel]
        return sums


def finite_frequency_noise(
    here: ComplexArray,
    there: ComplexArray,
    weight: FloatArray,
    owners: IntArray,
) -> ComplexArray:
    """Return sum_ab n_a(E) (1 - n_b(E')) (A_r)_ab (A_s)*_ab (M, n, n), A_r = P_r - S^+ P_r S'.

    `here`, `there`: S (M, C, C) at E and at E'; `weight` (M, C, C): n_a(E) (1 - n_b(E')).
    """
    n = int(owners.max()) + 1
    currents = []
    for r in range(n):
        mine = owners == r
        currents.append(np.diag(mine) - here.conj().swapaxes(1, 2) @ (there * mine[:, None]))
    noise = np.empty((len(here), n, n), dtype=np.complex128)
    for r, first in enumerate(currents):
        for s, second in enumerate(currents):
            noise[:, r, s] = (weight * first * second.conj()).sum(axis=(1, 2))
    return noise
