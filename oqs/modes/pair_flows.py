"""Flows through levels that each pass particles between pairs of reservoirs, Eqs. (10), (31).

Through level k, P_j = sum_q w_jq (n_j - n_q): Eq. (10) with w_jq = gamma_j gamma_q / sum gamma, and
the same form for every level of a quadratic system (there w_jq may differ from w_qj: three contacts
and complex amplitudes can send particles round). Differences of occupations are products, so
nothing cancels, and where w_jq = w_qj the flows add up to zero to the last bit. Through n_q alone
P_j depends on T_q and mu_q: with x = (w - mu)/T, dn/dmu = n (1 - n)/T and dn/dT = n (1 - n) x/T are
products that keep their relative precision at any temperature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, temperatures_and_potentials
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows, ScalarFlows, computed_flows, listed
from oqs.modes.untouched import Untouched
from oqs.numerics.occupation import SAFE, filled_and_empty
from oqs.summary import Summarised

_SCALAR = 50  # levels: with more, numpy is quicker than scalars
_MOST = 250  # with more, batching does not pay

_Pair = tuple[FloatArray, FloatArray]  # of two reservoirs


def occupation_differences(above: FloatArray, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return n_j - n_q (..., n, n) at w - mu_j = `above`, T and mu: (..., n) each, broadcast."""
    filled, empty = (_rows(a) for a in filled_and_empty(above / T))

    def difference(j: int, q: int, gap: FloatArray) -> FloatArray:
        return _difference(gap, (filled[j], filled[q]), (empty[j], empty[q]))

    return _over_pairs(difference, above, T, mu)


def exponent_differences(above: FloatArray, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return x_q - x_j (..., n, n), x = (w - mu)/T; arguments as above."""
    return _over_pairs(lambda _j, _q, gap: gap, above, T, mu)


def _over_pairs(
    difference: Callable[[int, int, FloatArray], FloatArray],
    above: FloatArray,
    T: FloatArray,
    mu: FloatArray,
) -> FloatArray:
    """Return an antisymmetric function of j, q and x_q - x_j (..., n, n)."""
    shape = np.broadcast_shapes(above.shape, T.shape, mu.shape)
    n = shape[-1]
    rows = [_rows(np.broadcast_to(a, shape)) for a in (above / T, T, mu)]
    flows = np.zeros((n, n, rows[0].shape[1]))
    for j in range(n):
        for q in range(j + 1, n):
            flows[j, q] = difference(j, q, _gap(*((values[j], values[q]) for values in rows)))
            flows[q, j] = -flows[j, q]
    return np.moveaxis(flows, -1, 0).reshape(*shape, n)


def _rows(values: FloatArray) -> FloatArray:
    """Return (..., n) as (n, M): sums over few reservoirs are then sums of long rows."""
    return np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T)


def _gap(x: _Pair, T: _Pair, mu: _Pair) -> FloatArray:
    """Return x_q - x_j of two reservoirs j, q, x = (w - mu)/T.

    As [x_c (T_j - T_q) + mu_j - mu_q] / T_h with c the colder of both, h the hotter: with x_h both
    terms may be far larger than x_j and x_q. Differences of what is given keep the relative
    precision of nearly equal reservoirs; that of the two quotients does not.
    """
    colder = T[0] < T[1]
    count = np.count_nonzero(colder)
    some = 0 < count < colder.size
    reference = np.where(colder, *x) if some else x[0 if count else 1]
    gap: FloatArray = reference * (T[0] - T[1])
    gap += mu[0] - mu[1]
    gap /= np.maximum(*T)
    return gap


def _difference(gap: FloatArray, filled: _Pair, empty: _Pair) -> FloatArray:
    """Return n_j - n_q: n_j (1 - n_q) (1 - exp(x_j - x_q)) where x_j < x_q, Eq. (31)."""
    size: FloatArray = np.copysign(gap, -1.0)
    np.expm1(size, out=size)
    size *= np.maximum(*filled)
    size *= np.maximum(*empty)
    return np.copysign(size, gap)


def pair_currents(
    frequencies: FloatArray, transfer: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return w_k - mu_j and P_j through each level, both (n, K, B).

    The batch comes last: sums over few levels are then sums of long rows.

    `frequencies` (K,): levels; `transfer` (K, n, n): w_jq; `T`, `mu` (B, n).
    """
    T, mu = T.T.copy(), mu.T.copy()
    above = frequencies[:, None] - mu[:, None]
    x = above / T[:, None]
    filled, empty = filled_and_empty(x)
    particle = np.zeros_like(above)
    for j in range(len(above)):
        for q in range(j + 1, len(above)):
            gap = _gap((x[j], x[q]), (T[j], T[q]), (mu[j], mu[q]))
            difference = _difference(gap, (filled[j], filled[q]), (empty[j], empty[q]))
            particle[j] += transfer[:, j, q, None] * difference
            particle[q] -= transfer[:, q, j, None] * difference
    return above, particle


def pair_flows(
    frequencies: FloatArray,
    transfer: FloatArray,
    T: FloatArray,
    mu: FloatArray,
    names: tuple[str | None, ...] | None = None,
) -> Flows:
    """Return the flows (..., n) through all levels at T, mu (..., n); the rest as above."""
    shape, T, mu = flat_batch(T, mu)
    above, particle = pair_currents(frequencies, transfer, T, mu)
    above *= particle
    sums = np.add.reduce(particle, axis=1), frequencies @ particle, np.add.reduce(above, axis=1)
    P, J, Y = [flow.T.reshape(shape) for flow in sums]
    return computed_flows(P, J, Y, names)


def level_flows(
    frequencies: FloatArray, transfer: FloatArray, T: FloatArray, mu: FloatArray
) -> Flows:
    """Return the flows (..., K, n) through each level at T, mu (..., n); the rest as above."""
    shape, T, mu = flat_batch(T, mu)
    currents = pair_currents(frequencies, transfer, T, mu)
    above, particle = (a.T.reshape(*shape[:-1], len(frequencies), shape[-1]) for a in currents)
    return computed_flows(particle, particle * frequencies[:, None], particle * above)


def scalar_pair_flows(frequencies: FloatArray, transfer: FloatArray) -> ScalarFlows | None:
    """Return `pair_flows` in scalars; None for hundreds of levels or several transfers.

    Differences of occupations are taken as such, so what is left of nearly equal ones is coarse.
    """
    n = transfer.shape[-1]
    if transfer.ndim != 3 or len(frequencies) > _MOST:
        return None
    if len(frequencies) > _SCALAR:
        return listed(lambda T, mu: pair_flows(frequencies, transfer, T, mu))
    reservoirs = range(n)
    energies = transfer * frequencies[:, None, None]
    pairs = [(j, q) for j in reservoirs for q in range(j)]
    exchanges = [
        (w, [(j, q, into[j][q], into[q][j], carried[j][q], carried[q][j]) for j, q in pairs])
        for w, into, carried in zip(
            frequencies.tolist(), transfer.tolist(), energies.tolist(), strict=True
        )
    ]
    exp, largest = math.exp, SAFE

    def flows(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
        particle, energy = [0.0] * n, [0.0] * n
        for w, ways in exchanges:
            filled = []
            for j in reservoirs:
                x = (w - mu[j]) / T[j]
                filled.append(1 / (1 + exp(x)) if x < largest else 0.0)
            for j, q, into, back, energy_into, energy_back in ways:
                difference = filled[j] - filled[q]
                particle[j] += into * difference
                particle[q] -= back * difference
                energy[j] += energy_into * difference
                energy[q] -= energy_back * difference
        return particle, energy

    return flows


def flat_batch(T: FloatArray, mu: FloatArray) -> tuple[tuple[int, ...], FloatArray, FloatArray]:
    """Return the shape (..., n) of T and mu together, and both as (B, n)."""
    if T.shape != mu.shape:
        T, mu = np.broadcast_arrays(T, mu)
    size = T.shape[-1]
    return T.shape, T.reshape(-1, size), mu.reshape(-1, size)


def occupation_slopes(above: FloatArray, T: FloatArray) -> FloatArray:
    """Return dn/dT and dn/dmu (2, ...) at w - mu = `above` and T, broadcast together."""
    x = above / T
    filled, empty = filled_and_empty(x)
    slope = filled * empty / T
    return np.stack([slope * x, slope])


def pair_jacobian(
    frequencies: FloatArray,
    transfer: FloatArray,
    T: FloatArray,
    mu: FloatArray,
    names: tuple[str | None, ...] | None = None,
) -> FlowJacobian:
    """Return the derivatives (..., n, n) of `pair_flows`, with the same arguments."""
    shape, T, mu = flat_batch(T, mu)
    above, currents = pair_currents(frequencies, transfer, T, mu)  # (n, K, B)
    slopes = occupation_slopes(above, T.T[:, None])  # (2, n, K, B)
    count, n = T.shape
    table = np.empty((6, count, n, n))
    particle, energy, heat = table.reshape(3, 2, count, n, n)
    places = np.arange(n)
    weights = -transfer.transpose(1, 2, 0)  # (n, n, K)
    weights[places, places] -= weights.sum(axis=1)
    for j in range(n):
        exchanged = weights[j, :, :, None] * slopes  # (2, n, K, B)
        particle[:, :, j] = np.add.reduce(exchanged, axis=2).transpose(0, 2, 1)
        energy[:, :, j] = (frequencies @ exchanged).transpose(0, 2, 1)
        exchanged *= above[j]
        heat[:, :, j] = np.add.reduce(exchanged, axis=2).transpose(0, 2, 1)
    heat[1][:, places, places] -= currents.sum(axis=1).T
    return FlowJacobian.of_table(table.reshape(6, *shape, n), names)


class PairLaw(Summarised):
    """P_j = sum_k sum_q w_jq(k) (n_j - n_q) through levels k, J_j the same times w_k."""

    frequencies: FloatArray  # (K,) energies of the levels, ascending
    transfer: FloatArray  # (K, n, n) w_jq >= 0, rates from reservoir q to j
    untouched: tuple[Untouched, ...]
    names: tuple[str | None, ...] | None
    batched: ClassVar[bool] = True

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.transfer.shape[-1])

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., n) at T, mu of shape (..., n), units of energy.

        Raises TypeError or ValueError for T <= 0, NaN or a last axis that is not n.
        """
        return pair_flows(self.frequencies, self.transfer, *self._checked(T, mu), self.names)

    def jacobian(self, T: ArrayLike, mu: ArrayLike) -> FlowJacobian:
        """Return the derivatives (..., n, n) of the flows at T, mu of shape (..., n).

        Each keeps its relative precision; in the cold they vanish as e^(-|w - mu|/T).
        """
        return pair_jacobian(self.frequencies, self.transfer, *self._checked(T, mu), self.names)

    def spectral(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., K, n) through each level; their sum over levels is the flow."""
        flows = level_flows(self.frequencies, self.transfer, *self._checked(T, mu))
        return flows.named(self.names)

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows of few levels in scalars, as coarse as `ScalarFlows` says."""
        return scalar_pair_flows(self.frequencies, self.transfer)

    def _checked(self, T: ArrayLike, mu: ArrayLike) -> tuple[FloatArray, FloatArray]:
        return temperatures_and_potentials(T, mu, self.reservoirs, batched=True)
