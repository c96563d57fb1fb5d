"""dy/dt of Eqs. (5), (10) for few levels and reservoirs in plain Python numbers.

At one state numpy's overhead outweighs the arithmetic tenfold. The formulas are those of
`oqs.pair_flows`, `thermo.gases` and `thermo.rates`, where they are derived and explained.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from oqs.arguments import FloatArray
from oqs.closed_form import ClosedForm
from oqs.gaussian import GaussianLaw
from thermo.fermi_integrals import LEFT, moment_table
from thermo.gases import FermiDiracGas, SommerfeldGas
from thermo.gases.sommerfeld import DEFINED
from thermo.slow_flow import SlowFlow

_MOST = 16  # levels times pairs of reservoirs: with more, numpy is quicker
_PI2_6 = math.pi**2 / 6

PlainRates = Callable[[FloatArray, float], list[float]]
_Response = Callable[[float, float], tuple[float, float, float]]  # T, mu -> dN/dT, dN/dmu, dE/dT


def plain_rates(slow: SlowFlow) -> PlainRates | None:
    """Return (y, t) -> dy/dt for a closed-form or Gaussian law between power-law gases, else None.

    It raises ValueError, ZeroDivisionError or OverflowError where a gas or numbers end.
    """
    law = slow.law
    if not isinstance(law, (ClosedForm, GaussianLaw)) or law.transfer.ndim != 3:
        return None
    n = law.reservoirs
    if len(law.frequencies) * n * (n - 1) // 2 > _MOST:
        return None
    responses = [_response(member.gas, member.capacity) for member in slow.reservoirs]
    if None in responses:
        return None
    levels = list(zip(law.frequencies.tolist(), law.transfer.tolist(), strict=True))
    return _rates(levels, [r for r in responses if r is not None], slow.start_T.tolist())


def _rates(
    levels: list[tuple[float, list[list[float]]]], responses: list[_Response], unit: list[float]
) -> PlainRates:
    reservoirs = range(len(responses))
    shares = [
        (w, [(j, q, transfer[j][q], transfer[q][j]) for j in reservoirs for q in range(j)])
        for w, transfer in levels
    ]
    exp, expm1 = math.exp, math.expm1

    n = len(unit)

    def rates(y: FloatArray, t: float) -> list[float]:
        values = y.tolist()
        mu = values[n:]
        T = [scale * exp(value) for scale, value in zip(unit, values, strict=False)]
        particle, energy, out = [0.0] * n, [0.0] * n, [0.0] * (2 * n)
        for w, pairs in shares:
            x, filled, empty = [], [], []
            for potential, temperature in zip(mu, T, strict=False):
                value = (w - potential) / temperature
                x.append(value)
                if value > 0:
                    small = exp(-value)
                    large = 1.0 / (1.0 + small)
                    filled.append(small * large)
                    empty.append(large)
                else:
                    small = exp(value)
                    large = 1.0 / (1.0 + small)
                    filled.append(large)
                    empty.append(small * large)
            for j, q, into, back in pairs:
                gap = x[j] - x[q]
                if gap < 0:
                    difference = -filled[j] * empty[q] * expm1(gap)
                else:
                    difference = filled[q] * empty[j] * expm1(-gap)
                into *= difference
                back *= difference
                particle[j] += into
                particle[q] -= back
                energy[j] += w * into
                energy[q] -= w * back
        for j in reservoirs:
            temperature, potential, lost = T[j], mu[j], particle[j]
            number_T, number_mu, energy_T = responses[j](temperature, potential)
            heat = energy[j] - potential * lost
            heat_T = energy_T - potential * number_T
            cross = temperature * number_T
            delta = heat_T * number_mu - cross * number_T
            out[j] = (cross * lost - number_mu * heat) / (delta * temperature)
            out[n + j] = (number_T * heat - heat_T * lost) / delta
        return out

    return rates


def _response(gas: object, capacity: float) -> _Response | None:
    if isinstance(gas, SommerfeldGas):
        return _sommerfeld(gas.alpha, capacity)
    if isinstance(gas, FermiDiracGas):
        return _fermi_dirac(gas.alpha, capacity)
    return None


def _sommerfeld(alpha: float, capacity: float) -> _Response:
    power = alpha - 1
    a, b, c = 2 * _PI2_6 * power, _PI2_6 * power * (alpha - 2), 2 * _PI2_6 * alpha

    def response(T: float, mu: float) -> tuple[float, float, float]:
        y = T / mu
        if not 0 < y <= 1 / DEFINED:
            raise ValueError(f"SommerfeldGas is not defined at T/mu = {y!r}")
        level = capacity * mu**power
        return a * level * y, level * (1 + b * y * y), c * level * T

    return response


@functools.cache
def _pieces(alpha: float) -> list[list[list[float]]]:
    """Return number, entropy and their slopes on each piece, highest power first."""
    pieces: list[list[list[float]]] = (
        moment_table(alpha).coefficients[::-1, [0, 2, 3, 4]].transpose(2, 0, 1).tolist()
    )
    return pieces


def _fermi_dirac(alpha: float, capacity: float) -> _Response:
    rows, degenerate = _pieces(alpha), moment_table(alpha).degenerate
    last = len(rows) - 1

    def response(T: float, mu: float) -> tuple[float, float, float]:
        x = mu / T
        place = min(max(x, LEFT), degenerate) - LEFT
        row = int(place)
        stretch = max(x / degenerate, 1.0)
        u = 1 / (stretch * stretch) if row == last else 2 * (place - row) - 1
        number = entropy = number_slope = entropy_slope = 0.0
        for a, b, c, d in rows[row]:
            number = number * u + a
            entropy = entropy * u + b
            number_slope = number_slope * u + c
            entropy_slope = entropy_slope * u + d
        if x < 0:
            factor = math.exp(x)
            entropy = (entropy - x * number) * factor
            entropy_slope = (entropy_slope - x * number_slope) * factor
            number_slope *= factor
        scale = T * stretch
        slope = capacity * scale ** (alpha - 1)
        return (
            slope / stretch * entropy_slope,
            slope * number_slope,
            alpha * slope * scale / stretch * entropy,
        )

    return response
