"""The entropy of a power-law gas as a function of N and E: one function of one variable.

With the density of states A V eps^(alpha-1), N, E and S are T^alpha, T^(alpha+1) and T^alpha times
functions of x = mu/T. So S/N depends on E/E_0(N) alone, E_0 the energy of the ground state:

    S(N, E) = N sigma(v), v = ln[(E - E_0)/E_0], E_0 = (alpha N/A V)^(1/alpha) alpha N/(alpha+1),
    T = (E - E_0)/(N sigma'(v)),   mu = (1 + 1/alpha) E/N - T S/N.

sigma is tabulated once for each gas; T and mu of given N, E then need no search.
"""

from __future__ import annotations

import functools
import math
from typing import Final, final

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import zeta

from oqs.arguments import FloatArray, read_only
from thermo.gases import FermiDiracGas, SommerfeldGas

WIDTH: Final = 0.25
PANELS: Final = 480
_LOWEST: Final = -60.0  # ln[(E - E_0)/E_0]: below, sigma goes as e^(v/2) to double precision
_TERMS: Final = 10
_SERIES: Final = 40.0  # x, beyond which e^(-x) is no digit of N and E
_ROUNDS: Final = 200

ScaledGas = FermiDiracGas | SommerfeldGas


@final
class ScaledEntropy:
    """Piecewise polynomials for sigma(v) of one gas.

    `coefficients` (PANELS, terms) are those of the powers of the place in [-1, 1] within a panel of
    width 1/4: ten terms leave 1e-14 of sigma and 1e-10 of its slope. They begin at v = `lowest`,
    -60; 120 further up the gas is classical, sigma' = alpha. `top` is the largest v at which the
    gas is valid: infinity, or the end of a panel, where mu/T of a SommerfeldGas is its smallest.
    """

    def __init__(self, gas: ScaledGas) -> None:
        self.alpha = gas.alpha
        self._gas = gas
        self.top, self.lowest = math.inf, _LOWEST
        if isinstance(gas, SommerfeldGas):
            self.top = float(self._excess(np.array([gas.smallest_ratio]))[0])
            self.lowest = self.top - WIDTH * round((self.top - _LOWEST) / WIDTH)
        nodes = chebyshev.chebpts1(_TERMS)
        middles = self.lowest + WIDTH * (np.arange(PANELS) + 0.5)
        wanted = middles[:, None] + WIDTH / 2 * nodes  # (panels, terms)
        inside = np.minimum(wanted, self.top)
        x = self._ratio(inside.ravel())
        sigma = self._sigma(x).reshape(inside.shape)
        self.coefficients: FloatArray = read_only(_fit(sigma, nodes))

    def __call__(self, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return sigma and sigma' at v (...); meaningless beyond `top`."""
        low, high = self.lowest, self.lowest + WIDTH * PANELS
        inside = np.minimum(np.maximum(v, low), high)
        place = (inside - low) / WIDTH
        panel = np.minimum(place.astype(np.intp), PANELS - 1)
        u = 2 * (place - panel) - 1
        c = self.coefficients[panel]
        value, slope = c[..., -1], np.zeros(u.shape)
        for k in range(c.shape[-1] - 2, -1, -1):
            slope = slope * u + value
            value = value * u + c[..., k]
        slope = slope * (2 / WIDTH)
        below = np.exp(0.5 * np.minimum(v - low, 0.0))
        above = np.maximum(v - high, 0.0)
        return value * below + self.alpha * above, slope * below

    def degree_of_excitation(self, sigma: FloatArray) -> FloatArray:
        """Return v where the entropy per particle is sigma (...) > 0: the inverse, by bisection."""
        low, high = np.full(sigma.shape, -1e4), np.full(sigma.shape, 1e4)
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            above = self(middle)[0] > sigma
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return (low + high) / 2

    def _sigma(self, x: FloatArray) -> FloatArray:
        state = self._gas.state(1.0, x)
        return state.entropy / state.number

    def _ratio(self, v: FloatArray) -> FloatArray:
        """Return x = mu/T at v, by bisection in sinh^-1(x): v falls as x grows."""
        low, high = np.full(v.shape, -math.asinh(700.0)), np.full(v.shape, 40.0)
        if isinstance(self._gas, SommerfeldGas):
            low[:] = math.asinh(self._gas.smallest_ratio)
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            above = self._excess(np.sinh(middle)) > v
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.sinh((low + high) / 2)

    def _excess(self, x: FloatArray) -> FloatArray:
        """Return v at x = mu/T.

        At large x with the series N = (1 + delta) x^alpha/alpha, E = (1 + eta) x^(alpha+1)/
        (alpha+1): v = ln[(1 + eta)/(1 + delta)^(1+1/alpha) - 1].
        """
        power = 1 + 1 / self.alpha
        truncated = isinstance(self._gas, SommerfeldGas)
        eta, delta = self._corrections(x if truncated else np.maximum(x, _SERIES))
        far: FloatArray = np.log(np.expm1(np.log1p(eta) - power * np.log1p(delta)))
        if truncated:
            return far
        state = self._gas.state(1.0, np.minimum(x, _SERIES))
        ratio = np.log(state.energy) - power * np.log(state.number) - self._ground
        near = np.where(ratio > 1, ratio + np.log1p(-np.exp(-np.maximum(ratio, 1.0))), 0.0)
        with np.errstate(divide="ignore"):
            near = np.where(ratio > 1, near, np.log(np.expm1(np.minimum(ratio, 1.0))))
        return np.where(x > _SERIES, far, near)

    @functools.cached_property
    def _ground(self) -> float:
        """The logarithm of E_0 of one particle per unit capacity."""
        a = self.alpha
        return math.log(a) / a + math.log(a / (a + 1))

    def _corrections(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return eta and delta of the Sommerfeld series at large x; one term for SommerfeldGas."""
        a = self.alpha
        terms = 1 if isinstance(self._gas, SommerfeldGas) else 12
        eta, delta = np.zeros(x.shape), np.zeros(x.shape)
        for k in range(terms, 0, -1):
            weight = 2 * float(zeta(2 * k)) * (1 - 2.0 ** (1 - 2 * k))
            product = math.prod(a - i for i in range(1, 2 * k - 1))
            delta = (delta + a * weight * product * (a - (2 * k - 1))) / (x * x)
            eta = (eta + (a + 1) * weight * a * product) / (x * x)
        return eta, delta


@functools.lru_cache(maxsize=64)
def scaled_entropy(gas: ScaledGas) -> ScaledEntropy:
    """Return the table of one gas, built at first use and kept."""
    return ScaledEntropy(gas)


def _fit(values: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return coefficients (panels, terms) of u^k from values at the Chebyshev nodes."""
    terms = len(nodes)
    fitted = np.linalg.solve(chebyshev.chebvander(nodes, terms - 1), values.T)
    powers = np.zeros((terms, terms))
    for k in range(terms):
        powers[: k + 1, k] = chebyshev.cheb2poly(np.eye(terms)[k])[: k + 1]
    return np.ascontiguousarray((powers @ fitted).T)
