"""Exchanges of degenerate levels at one T and mu, and their coherences as real numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray
from oqs.numerics.occupation import filled_and_empty
from oqs.transitions.level_coherences import Exchange, LevelCoherences

_OutAndIn = tuple[FloatArray, FloatArray]  # rates (d,) out of a level and into it


@final
class LevelRates:
    """What coherences (K,) do to populations (D,) and to each other, at one T and mu (n,).

    The K numbers are real and imaginary parts of rho_ab, a < b, level after level.
    """

    def __init__(self, coherences: LevelCoherences, rates: list[_OutAndIn]) -> None:
        self._coherences = coherences
        self._rates = rates
        self._out = np.concatenate([np.zeros(0)] + [out for out, _ in rates])
        self._back = np.concatenate([np.zeros(0)] + [back for _, back in rates])
        self._loss = [np.zeros((len(v.states),) * 2, dtype=complex) for v in coherences.levels]
        for exchange, (out, _) in zip(coherences.exchanges, self._rates, strict=True):
            k = exchange.amplitudes
            self._loss[exchange.level] += k.conj().T @ (out[:, None] * k)

    @classmethod
    def at(cls, coherences: LevelCoherences, T: FloatArray, mu: FloatArray) -> LevelRates:
        """Return the rates at T, mu."""
        return cls(coherences, [_out_and_in(exchange, T, mu) for exchange in coherences.exchanges])

    @classmethod
    def slopes(
        cls, coherences: LevelCoherences, T: FloatArray, mu: FloatArray, q: int
    ) -> tuple[LevelRates, LevelRates]:
        """Return the derivatives of the rates with respect to T_q, and to mu_q."""
        derivatives = [_slopes(exchange, T, mu, q) for exchange in coherences.exchanges]
        by_temperature, by_potential = (
            cls(coherences, list(rates)) for rates in zip(*derivatives, strict=True)
        )
        return by_temperature, by_potential

    @property
    def size(self) -> int:
        """Number K of real numbers."""
        return self._coherences.elements

    def decay(self) -> FloatArray:
        """Return the rates (K,) at which each coherence decays by itself."""
        parts = []
        for loss, (a, b) in zip(self._loss, self._coherences.pairs, strict=True):
            own = np.diagonal(loss).real
            parts.append(np.tile((own[a] + own[b]) / 2, 2))
        return np.concatenate(parts)

    def apply(self, populations: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what coherences add to the populations' change (D,), and their own change (K,)."""
        rho = self._coherences.matrices(x)
        gained = np.zeros_like(populations)
        change = []
        for level, loss, matrix in zip(self._coherences.levels, self._loss, rho, strict=True):
            gained[level.states] -= np.diagonal(loss @ matrix).real
            whole = matrix + np.diag(populations[level.states])
            change.append(-(loss @ whole + whole @ loss) / 2)
        for index, more in self._between_levels(rho):
            change[index] += more
        numbers = [
            matrix[pairs] for matrix, pairs in zip(change, self._coherences.pairs, strict=True)
        ]
        own = np.concatenate([part for z in numbers for part in (z.real, z.imag)])
        here, driving = self._coherences.neighbours, self._coherences.driving
        gained += np.bincount(here, self._out * (driving @ x), len(gained))
        return gained, own + driving.T @ (self._back * populations[here]) / 2

    def exchanged(self, x: FloatArray) -> list[tuple[Exchange, FloatArray]]:
        """Return the particles (d,) the system gains from coherences, by exchange and neighbour."""
        flux = self._out * (self._coherences.driving @ x)
        exchanges = self._coherences.exchanges
        ends = np.cumsum([len(exchange.neighbours) for exchange in exchanges], dtype=np.intp)
        return [
            (each, own if each.upward else -own)
            for each, own in zip(exchanges, np.split(flux, ends)[:-1], strict=True)
        ]

    def _between_levels(self, rho: list[ComplexArray]) -> Iterator[tuple[int, ComplexArray]]:
        """Yield what coherences (m, m) of each level give to degenerate neighbours, by level."""
        for links, rate in zip(self._coherences.links, self._link_rates, strict=True):
            k = links.amplitudes
            source = np.array([rho[index] for index in links.source.tolist()])
            given = rate[:, None, None] * (k @ source @ k.conj().swapaxes(1, 2))
            yield from zip(links.target.tolist(), given, strict=True)

    @functools.cached_property
    def _link_rates(self) -> list[FloatArray]:
        """Rates (L,) out of each link's own level: between two levels there is one frequency."""
        rates = []
        for links in self._coherences.links:
            out = [self._rates[e][0] for e in links.exchange.tolist()]
            pairs = zip(out, links.members, strict=True)
            rates.append(np.array([each[members].mean() for each, members in pairs]))
        return rates


def _slopes(
    exchange: Exchange, T: FloatArray, mu: FloatArray, q: int
) -> tuple[_OutAndIn, _OutAndIn]:
    """Return the derivatives of the rates out and in with respect to T_q, and to mu_q."""
    if exchange.contact != q:
        nothing = np.zeros_like(exchange.gamma)
        return (nothing, nothing), (nothing, nothing)
    x = (exchange.frequency - mu[q]) / T[q]
    filled, empty = filled_and_empty(x)
    slope = exchange.gamma * filled * empty / T[q] * (1.0 if exchange.upward else -1.0)
    return (slope * x, -slope * x), (slope, -slope)


def _out_and_in(exchange: Exchange, T: FloatArray, mu: FloatArray) -> _OutAndIn:
    """Return the rates (d,) out of the level and into it."""
    x = (exchange.frequency - mu[exchange.contact]) / T[exchange.contact]
    filled, empty = filled_and_empty(x)
    out, back = (filled, empty) if exchange.upward else (empty, filled)
    return exchange.gamma * out, exchange.gamma * back
