"""Random interacting systems with random collective contacts, some of their levels degenerate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import oqs
from oqs.arguments import ComplexArray
from validation.systems.random_systems import SCALES
from validation.systems.settings import Setting


def interacting_systems(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield systems of 2-4 sites with Coulomb terms between 2-3 reservoirs, at three scales.

    In turn: distinct levels with U n_v n_w; the same with a random two-body term; pairs of spins
    (levels degenerate by symmetry) with U. Contacts have one or two random complex channels.
    """
    for index, draw in enumerate(rng.spawn(count)):
        scale = SCALES[index % len(SCALES)]
        kind = (index // len(SCALES)) % 3
        system = _spins(draw, scale) if kind == 2 else _sites(draw, scale, exchange=kind == 1)
        reservoirs = int(draw.integers(2, 4))
        contacts = tuple(_contact(draw, scale, system.sites) for _ in range(reservoirs))
        T = 10 ** draw.uniform(-0.7, 0.7, size=reservoirs) * scale
        mu = draw.uniform(-0.5, 2.5, size=reservoirs) * scale
        yield Setting(f"interacting system {index}", system, contacts, T, mu)


def _sites(draw: np.random.Generator, scale: float, *, exchange: bool) -> oqs.InteractingSystem:
    sites = int(draw.integers(2, 5))
    h = _hermitian(draw, sites)
    pairs = [(v, w) for v in range(sites) for w in range(v)]
    U = {pair: float(draw.uniform(-0.5, 2.0)) * scale for pair in pairs}
    V: dict[tuple[int, int, int, int], complex] = {}
    if exchange and sites >= 3:
        amplitude = complex(*draw.normal(size=2)) * 0.3 * scale
        V = {(0, 1, 2, 0): amplitude, (0, 2, 1, 0): amplitude.conjugate()}
    return oqs.InteractingSystem.from_terms(h * scale, U, V)


def _spins(draw: np.random.Generator, scale: float) -> oqs.InteractingSystem:
    levels = draw.uniform(-0.5, 1.5, size=int(draw.integers(1, 3))) * scale
    tunnelling, U, between = draw.uniform(0.1, 1.5, size=3) * scale
    return oqs.spinful_dots(levels, tunnelling, U=float(U), U_inter=float(between))


def _contact(draw: np.random.Generator, scale: float, sites: int) -> oqs.Contact:
    shape = (int(draw.integers(1, 3)), sites)
    coupling = draw.normal(size=shape) + 1j * draw.normal(size=shape)
    size = float(10 ** draw.uniform(-4, -1)) * scale
    center, width = float(draw.uniform(0.0, 2.0)) * scale, float(draw.uniform(0.5, 3.0)) * scale
    rate = oqs.flat(size) if draw.random() < 0.5 else oqs.lorentzian(size, center, width)
    return oqs.Contact(rate, coupling)


def _hermitian(draw: np.random.Generator, sites: int) -> ComplexArray:
    half: ComplexArray = draw.normal(size=(sites, sites)) + 1j * draw.normal(size=(sites, sites))
    return (half + half.conj().T) / 2
