"""dy/dt of Eq. (5) at one state in scalar Python numbers.

At one state numpy's overhead outweighs the arithmetic twentyfold. The formulas are those of
`thermo.gases` and `thermo.reservoirs.rates`, where they are derived and explained. As the scalar
flows they are for a first, coarse solution.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from operator import mul

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray
from oqs.flows import ScalarFlows, listed
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.gases import BoseGas, EquationOfState, FermiDiracGas, SommerfeldGas
from thermo.gases.base import GasState, state_function
from thermo.gases.fermi_integrals import LEFT, PARTS, moment_table
from thermo.gases.sommerfeld import DEFINED
from thermo.gases.thermal import conserved

_PI2_6 = math.pi**2 / 6

ScalarRates = Callable[[FloatArray, float], list[float]]
_Response = Callable[[float, float], tuple[float, float, float]]  # T, mu -> dN/dT, dN/dmu, dE/dT


def scalar_rates(dynamics: ReservoirDynamics) -> ScalarRates | None:
    """Return (y, t) -> dy/dt, or None where batching states does not pay.

    It raises ValueError, ZeroDivisionError or OverflowError where a gas or numbers end, and
    whatever law and gas raise.
    """
    flows = _flows(dynamics)
    if flows is None:
        return None
    group = dynamics.reservoirs
    responses = [_response(member.gas) for member in group]
    without = np.flatnonzero(~group.has_potential).tolist()
    return _rates(flows, responses, dynamics.start_T.tolist(), group.per_capacity.tolist(), without)


def _flows(dynamics: ReservoirDynamics) -> ScalarFlows | None:
    """Return the own scalar flows of a batched law if it knows of them, else its flows, counted."""
    if not getattr(dynamics.law, "batched", False):
        return None
    scalar_flows = getattr(dynamics.law, "scalar_flows", None)
    if scalar_flows is not None:
        return scalar_flows()
    return listed(dynamics.flows)


def _rates(
    flows: ScalarFlows,
    responses: list[_Response],
    unit: list[float],
    sizes: list[float],
    without: list[int],
) -> ScalarRates:
    """Return dy/dt; the reservoirs `without` a chemical potential have mu = 0, wherever y is."""
    n = len(unit)
    reservoirs = range(n)
    exp = math.exp

    def rates(y: FloatArray, t: float) -> list[float]:
        values: list[float] = y.tolist()
        T = list(map(mul, unit, map(exp, values)))  # the first n of them
        mu = values[n:]
        for j in without:
            mu[j] = 0.0
        particle, energy = flows(T, mu)
        for j in reservoirs:
            temperature, potential, size = T[j], mu[j], sizes[j]
            lost = particle[j]
            number_T, number_mu, energy_T = responses[j](temperature, potential)
            heat = energy[j] - potential * lost
            heat_T = energy_T - potential * number_T
            cross = temperature * number_T
            delta = heat_T * number_mu - cross * number_T
            values[j] = (cross * lost - number_mu * heat) / (delta * temperature) * size
            values[n + j] = (number_T * heat - heat_T * lost) / delta * size
        return values

    return rates


def _response(gas: EquationOfState) -> _Response:
    """Return a gas's derivatives per unit capacity."""
    if "N" not in conserved(gas):
        return _bose(gas) if isinstance(gas, BoseGas) else _heat(state_function(gas))
    if isinstance(gas, SommerfeldGas):
        return _sommerfeld(gas.alpha)
    if isinstance(gas, FermiDiracGas):
        return _fermi_dirac(gas.alpha)

    def response(T: float, mu: float) -> tuple[float, float, float]:
        (number_T, number_mu), (energy_T, _) = gas.jacobian(np.array(T), np.array(mu)).tolist()
        return number_T, number_mu, energy_T

    return response


def _heat(state: Callable[[ArrayLike, ArrayLike], GasState]) -> _Response:
    """Return 0, 1, C: with P = 0 and mu = 0 Eq. (5) is then dT/dt = -J/C, dmu/dt = 0."""

    def response(T: float, mu: float) -> tuple[float, float, float]:
        return 0.0, 1.0, float(state(np.array(T), np.array(mu)).jacobian[1, 0])

    return response


def _bose(gas: BoseGas) -> _Response:
    alpha, factor = gas.alpha, float(gas.jacobian(1.0)[1, 0])

    def response(T: float, mu: float) -> tuple[float, float, float]:
        return 0.0, 1.0, factor * T**alpha

    return response


def _sommerfeld(alpha: float) -> _Response:
    power = alpha - 1
    a, b, c = 2 * _PI2_6 * power, _PI2_6 * power * (alpha - 2), 2 * _PI2_6 * alpha

    def response(T: float, mu: float) -> tuple[float, float, float]:
        y = T / mu
        if not 0 < y <= 1 / DEFINED:
            raise ValueError(f"SommerfeldGas is not defined at T/mu = {y!r}")
        level = mu**power
        return a * level * y, level * (1 + b * y * y), c * level * T

    return response


@functools.cache
def _pieces(alpha: float) -> list[list[list[float]]]:
    """Return number, entropy and their slopes on each piece, highest power first."""
    return moment_table(alpha).coefficients[::-1, [0, 2, 3, 4]].transpose(2, 0, 1).tolist()


def _fermi_dirac(alpha: float) -> _Response:
    rows, degenerate = _pieces(alpha), moment_table(alpha).degenerate
    last = len(rows) - 1

    def response(T: float, mu: float) -> tuple[float, float, float]:
        x = mu / T
        place = PARTS * (min(max(x, LEFT), degenerate) - LEFT)
        stretch = max(x / degenerate, 1.0)
        if stretch > 1.0:
            place += PARTS * (1 - 1 / (stretch * stretch))
        row = min(int(place), last)
        u = 2 * (place - row) - 1
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
        slope = scale ** (alpha - 1)
        return (
            slope / stretch * entropy_slope,
            slope * number_slope,
            alpha * slope * scale / stretch * entropy,
        )

    return response
