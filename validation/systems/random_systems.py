"""Random systems between random reservoirs, at several energy scales, from a generator.

Every law of the open system is homogeneous in the energy unit; the samples are drawn in turn at
three scales, so that a constant that carries a hidden unit shows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.stats

import oqs
from oqs.arguments import ComplexArray
from oqs.contact.rates import Rate
from validation.systems.settings import Setting

SCALES = (1.0, 1e-3, 1e3)
"""Energy units of successive samples."""

_LOWEST = 0.2  # level, in units of the scale
_APART = 0.01  # levels that are not equal


def independent_baths(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield quadratic systems of 1-3 sites, 2-4 reservoirs, each site its own bath: Eq. (9).

    Every second one has degenerate modes (if it has two modes at least).
    """
    for index, draw, scale in _draws(rng, count):
        sites = int(draw.integers(1, 4))
        system = oqs.QuadraticSystem(_hermitian(draw, sites, scale, degenerate=index % 2 == 1))
        contacts = _contacts(draw, scale, int(draw.integers(2, 5)))
        yield _between_reservoirs(f"independent baths {index}", draw, scale, system, contacts)


def distinct_levels(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield quadratic systems without degenerate modes; random channels (m, N) in every contact."""
    for index, draw, scale in _draws(rng, count):
        sites = int(draw.integers(1, 4))
        system = oqs.QuadraticSystem(_hermitian(draw, sites, scale, degenerate=False))
        contacts = _contacts(draw, scale, int(draw.integers(2, 5)), sites)
        yield _between_reservoirs(f"distinct levels {index}", draw, scale, system, contacts)


def collective_baths(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield systems of 2-3 sites with one degenerate pair, coupled through few random channels.

    Cross terms between the degenerate modes stay; Eq. (10) does not apply.
    """
    for index, draw, scale in _draws(rng, count):
        sites = int(draw.integers(2, 4))
        system = oqs.QuadraticSystem(_hermitian(draw, sites, scale, degenerate=True))
        contacts = _contacts(draw, scale, int(draw.integers(2, 4)), sites)
        yield _between_reservoirs(f"collective baths {index}", draw, scale, system, contacts)


def interacting(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield systems of 2-3 sites with random U n_v n_w, coupled through random channels.

    All attractions together are weaker than the lowest level: a particle costs energy whatever is
    there, where every rate law has states to take it from.
    """
    for index, draw, scale in _draws(rng, count):
        sites = int(draw.integers(2, 4))
        pairs = [(v, w) for v in range(sites) for w in range(v + 1, sites)]
        h = _hermitian(draw, sites, scale, degenerate=False)
        U = draw.uniform(-0.5, 2.0, size=len(pairs))
        while np.sum(U[U < 0]) < -_LOWEST:
            U = draw.uniform(-0.5, 2.0, size=len(pairs))
        energies = {pair: float(u) * scale for pair, u in zip(pairs, U, strict=True)}
        system = oqs.InteractingSystem.from_terms(h, U=energies)
        contacts = _contacts(draw, scale, int(draw.integers(2, 4)), sites)
        yield _between_reservoirs(f"interacting {index}", draw, scale, system, contacts)


def interacting_systems(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield systems of 2-4 sites with Coulomb terms between 2-3 reservoirs, at three scales.

    In turn: distinct levels with U n_v n_w; the same with a random two-body term; pairs of spins
    (levels degenerate by symmetry) with U. Contacts have one or two random complex channels.
    """
    for index, draw, scale in _draws(rng, count):
        kind = (index // len(SCALES)) % 3
        system = _spins(draw, scale) if kind == 2 else _sites(draw, scale, exchange=kind == 1)
        reservoirs = int(draw.integers(2, 4))
        contacts = tuple(_random_contact(draw, scale, system.sites) for _ in range(reservoirs))
        T = 10 ** draw.uniform(-0.7, 0.7, size=reservoirs) * scale
        mu = draw.uniform(-0.5, 2.5, size=reservoirs) * scale
        yield Setting(f"interacting system {index}", system, contacts, T, mu)


def mixed(
    rng: np.random.Generator,
    *,
    independent: int = 0,
    distinct: int = 0,
    collective: int = 0,
    with_interactions: int = 0,
) -> Iterator[Setting]:
    """Yield so many systems of each of these four kinds."""
    yield from independent_baths(rng, independent)
    yield from distinct_levels(rng, distinct)
    yield from collective_baths(rng, collective)
    yield from interacting(rng, with_interactions)


def random_state(rng: np.random.Generator, system: oqs.System) -> ComplexArray:
    """Return a random density matrix (2^N, 2^N) of full rank, with coherences of every kind."""
    size = 2**system.sites
    ginibre = rng.normal(size=(size, 2 * size)) + 1j * rng.normal(size=(size, 2 * size))
    state: ComplexArray = ginibre @ ginibre.conj().T
    return state / np.trace(state).real


def _draws(
    rng: np.random.Generator, count: int
) -> Iterator[tuple[int, np.random.Generator, float]]:
    """Yield the index of each sample, its own generator and its energy scale."""
    for index, child in enumerate(rng.spawn(count)):
        yield index, child, SCALES[index % len(SCALES)]


def _hermitian(
    rng: np.random.Generator, sites: int, scale: float, *, degenerate: bool
) -> ComplexArray:
    """Return eps_vw with levels between 0.2 and 2 of the scale and random complex modes.

    Levels are equal or a hundredth of the scale apart: modes are known to the rounding over the
    distance of their levels, and no two diagonalisations would agree better.
    """
    levels = rng.uniform(_LOWEST, 2.0, size=sites)
    while np.min(np.diff(np.sort(levels)), initial=1.0) < _APART:
        levels = rng.uniform(_LOWEST, 2.0, size=sites)
    if degenerate:
        levels[-1] = levels[0]
    modes = scipy.stats.unitary_group.rvs(sites, random_state=rng) if sites > 1 else np.eye(1)
    matrix = (modes * (levels * scale)) @ modes.conj().T
    return np.asarray((matrix + matrix.conj().T) / 2, dtype=np.complex128)


def _contacts(
    rng: np.random.Generator, scale: float, reservoirs: int, sites: int | None = None
) -> tuple[oqs.Contact, ...]:
    """Return contacts with random rates; random channels where the number of sites is given."""
    contacts = []
    for _ in range(reservoirs):
        coupling = None
        if sites is not None:
            shape = (int(rng.integers(1, 3)), sites)
            coupling = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        contacts.append(oqs.Contact(rate=_rate(rng, scale), coupling=coupling))
    return tuple(contacts)


def _rate(rng: np.random.Generator, scale: float) -> Rate:
    """Return one of the rate laws, its size between 1e-4 and 1e-1 of the scale."""
    size = float(10 ** rng.uniform(-4, -1)) * scale
    kind = int(rng.integers(3))
    if kind == 0:
        return oqs.flat(size)
    if kind == 1:
        exponent = float(rng.uniform(-0.5, 2.0))
        return oqs.power_law(size / scale**exponent, exponent)
    return oqs.lorentzian(size, float(rng.uniform(0.0, 2.0)) * scale, scale)


def _between_reservoirs(
    name: str,
    rng: np.random.Generator,
    scale: float,
    system: oqs.System,
    contacts: tuple[oqs.Contact, ...],
) -> Setting:
    """Add temperatures over two decades and chemical potentials across the levels."""
    temperatures = 10 ** rng.uniform(-1.0, 1.0, size=len(contacts)) * scale
    potentials = rng.uniform(-0.5, 2.5, size=len(contacts)) * scale
    return Setting(name, system, contacts, temperatures, potentials)


def _sites(draw: np.random.Generator, scale: float, *, exchange: bool) -> oqs.InteractingSystem:
    sites = int(draw.integers(2, 5))
    h = _random_h(draw, sites)
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


def _random_contact(draw: np.random.Generator, scale: float, sites: int) -> oqs.Contact:
    shape = (int(draw.integers(1, 3)), sites)
    coupling = draw.normal(size=shape) + 1j * draw.normal(size=shape)
    size = float(10 ** draw.uniform(-4, -1)) * scale
    center, width = float(draw.uniform(0.0, 2.0)) * scale, float(draw.uniform(0.5, 3.0)) * scale
    rate = oqs.flat(size) if draw.random() < 0.5 else oqs.lorentzian(size, center, width)
    return oqs.Contact(rate, coupling)


def _random_h(draw: np.random.Generator, sites: int) -> ComplexArray:
    half: ComplexArray = draw.normal(size=(sites, sites)) + 1j * draw.normal(size=(sites, sites))
    return (half + half.conj().T) / 2
