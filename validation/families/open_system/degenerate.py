"""Degenerate levels with collective contacts, and the frequency shifts of Eq. (2)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np
import scipy.stats

import oqs
from oqs.arguments import ComplexArray
from oqs.numerics.clusters import cluster
from validation.framework.check import Measurement, check
from validation.framework.deviation import deviation, largest, over, worst_of
from validation.systems.random_interacting import interacting_systems
from validation.systems.settings import Setting

# Relative to the rates (2^N, 2^N) matrices with N <= 4 round at 2^N eps = 4e-15; net flows are
# differences of such terms.
ROUNDING = 1e-12

_Fermions = oqs.QuadraticSystem | oqs.InteractingSystem


def exact_methods(model: oqs.DaviesModel) -> list[oqs.StationaryMethod]:
    """Return all solvers that are exact for the model."""
    cheapest = oqs.flow_law(model).method
    every: list[oqs.StationaryMethod] = [oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian()]
    return every if cheapest in every else [cheapest, *every]


def interference(phase: float, gamma: float, *, shift: float = 0.0) -> Setting:
    """Return two degenerate levels between contacts with amplitudes (1, 1) and (1, e^(i phase))."""
    system = oqs.QuadraticSystem(np.diag([0.3, 0.3 + shift]))
    contacts = (
        oqs.Contact(oqs.flat(gamma), [1, 1]),
        oqs.Contact(oqs.flat(gamma), [1, np.exp(1j * phase)]),
    )
    return Setting(
        f"phase {phase:.3g}", system, contacts, np.array([0.6, 0.9]), np.array([0.4, -0.2])
    )


@check(
    "interference of two degenerate levels",
    equation="Eq. (2)",
    reference="P = gamma cos^2(phase/2) (n_1 - n_2), from the Lyapunov equation by hand",
    tolerance=ROUNDING,
    claim="Two degenerate levels with relative phase between contacts carry cos^2(phase/2).",
)
@worst_of
def interference_law() -> Iterator[tuple[str, float]]:
    """Yield the largest deviations relative to gamma (n_1 - n_2), phases down to 0.1."""
    gamma = 0.02
    for phase in np.linspace(0.1, np.pi, 9):
        setting = interference(phase, gamma)
        n = [
            1 / (math.exp((0.3 - mu) / T) + 1) for T, mu in zip(setting.T, setting.mu, strict=True)
        ]
        full = gamma * (n[0] - n[1])
        model = setting.model
        measured = [
            oqs.flow_law(model, method=m)(setting.T, setting.mu).particle[0]
            for m in (oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian())
        ]
        off = largest(*(abs(p / full - math.cos(phase / 2) ** 2) for p in measured))
        yield setting.name, off


@check(
    "dark mode refused",
    equation="Eq. (2)",
    reference="at phase 0 the combination (c_0 - c_1)/sqrt(2) is coupled to nothing",
    tolerance=0.0,
    claim="Without a unique stationary state every solver raises and names the kernel's dimension.",
)
def dark_mode_refused() -> Measurement:
    """Return how many of three solvers gave a state, or another dimension than 2."""
    setting = interference(0.0, 0.02)
    model = setting.model
    missed = 0
    methods = (oqs.Populations(), oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian())
    for method in methods[1:]:
        try:
            oqs.stationary_state(model, setting.T, setting.mu, method=method)
        except oqs.NonUniqueStationaryState as error:
            missed += error.kernel_dimension != 2
        else:
            missed += 1
    try:  # populations alone do not describe this system, unique or not
        oqs.stationary_state(model, setting.T, setting.mu, method=methods[0])
    except ValueError:
        pass
    else:
        missed += 1
    return Measurement(float(missed), detail="3 solvers")


def rotated_levels(system: _Fermions, rng: np.random.Generator) -> oqs.InteractingSystem:
    """Return the same system with another eigenbasis inside each level of one particle number."""
    other = oqs.InteractingSystem(system.hamiltonian, system.annihilators)
    particles = other.number_basis.particles
    everything = tuple(np.flatnonzero(particles == n) for n in np.unique(particles))
    other.__dict__["invariant_sets"] = everything  # where its cached properties look first
    blocks = []
    for block in other.blocks:
        vectors = block.vectors.astype(np.complex128)
        levels, _ = cluster(block.energies, system.resolution)
        for level in np.unique(levels):
            members = np.flatnonzero(levels == level)
            if len(members) > 1:
                turn = scipy.stats.unitary_group.rvs(len(members), random_state=rng)
                vectors[:, members] = vectors[:, members] @ turn
        blocks.append(dataclasses.replace(block, vectors=vectors))
    other.__dict__["blocks"] = tuple(blocks)
    return other


@check(
    "eigenbasis inside degenerate levels",
    equation="Eq. (2)",
    reference="the same system with that basis rotated at random",
    tolerance=ROUNDING,
    claim="Flows do not depend on the eigenvectors a diagonaliser returns in a degenerate level.",
)
@worst_of
def eigenbasis_does_not_matter(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield the largest change of P, relative to the gross rates, by such rotations."""
    systems: dict[str, _Fermions] = {
        "two equal levels": oqs.QuadraticSystem.from_energies([0.3, 0.3]),
        "Anderson dot": oqs.anderson_dot(-0.4, 1.2),
        "spinful double dot": oqs.double_dot([0.1, 0.4], 0.3, U=1.5, U_inter=0.5),
        "ring of three": oqs.InteractingSystem.from_terms(
            0.3 * (1 - np.eye(3)), {(0, 1): 0.8, (1, 2): 0.8, (0, 2): 0.8}
        ),
    }
    T, mu = [0.7, 1.3], [0.5, -0.4]
    for name, system in systems.items():
        channels = rng.normal(size=(2, system.sites)) + 1j * rng.normal(size=(2, system.sites))
        contacts = [
            oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.02), channels, strict=True)
        ]
        first, *others = (
            oqs.flow_law(oqs.davies(s, contacts))(T, mu).particle
            for s in (system, rotated_levels(system, rng), rotated_levels(system, rng))
        )
        yield name, largest(*(deviation(particle, first, 0.01) for particle in others))


@check(
    "equal spins",
    equation="Eq. (2)",
    reference="the full Liouvillian, which uses no quantum number",
    tolerance=ROUNDING,
    claim="Spin is kept apart where contacts keep it, and only there: two equal spinful sites.",
)
@worst_of
def equal_spins() -> Iterator[tuple[str, float]]:
    """Yield the largest deviation of P and J over those of their kind, by the solver taken."""
    system = oqs.spinful_dots([-2.0, -2.0], 1.0, U=4.0, U_inter=0.5)
    straight = [oqs.spin_channels(row) for row in np.eye(2)]
    tilted = np.array([[1.0, 0.5j, 0.0, 0.0]])  # one channel for both spins
    T, mu = [0.4, 0.6], [0.5, -0.5]
    mixed = [tilted, straight[1]]
    for name, couplings in (("by spin", straight), ("spins mixed by one lead", mixed)):
        contacts = [
            oqs.Contact(oqs.flat(g), t) for g, t in zip((0.01, 0.02), couplings, strict=True)
        ]
        model = oqs.davies(system, contacts)
        measured = oqs.flow_law(model)(T, mu)
        reference = oqs.flow_law(model, method=oqs.FullLiouvillian())(T, mu)
        yield (
            name,
            largest(
                deviation(measured.particle, reference.particle),
                deviation(measured.energy, reference.energy),
            ),
        )


def _banded(setting: Setting) -> tuple[oqs.Contact, ...]:
    """Return the contacts of a setting with a band whose edges are far from all levels."""
    edge = 40 * float(np.max(np.abs(setting.system.spectrum.energies)))
    band = (-edge, 1.1 * edge)
    return tuple(oqs.Contact(c.rate, c.coupling, band=band) for c in setting.contacts)


def _small_distinct(rng: np.random.Generator) -> Iterator[Setting]:
    """Yield six systems of up to three sites without degenerate levels."""
    distinct = (s for k, s in enumerate(interacting_systems(rng, 18)) if (k // 3) % 3 != 2)
    return itertools.islice((s for s in distinct if s.system.sites <= 3), 6)


@check(
    "frequency shift commutes with H_S",
    equation="Eq. (2)",
    reference="[H_LS,j, H_S] = 0",
    tolerance=ROUNDING,
    claim="Each reservoir's frequency shift is Hermitian and commutes with H_S.",
)
@over(lambda rng: interacting_systems(rng, 9))
def shift_commutes(setting: Setting) -> float:
    """Return the largest element of the commutator relative to the product of norms."""
    hamiltonian = setting.hamiltonian
    scale = float(np.max(np.abs(hamiltonian)))
    model = oqs.davies(setting.system, _banded(setting))

    def of(shift: ComplexArray) -> float:
        size = float(np.max(np.abs(shift)))
        commutator = shift @ hamiltonian - hamiltonian @ shift
        skew = np.max(np.abs(shift - shift.conj().T))
        return largest(float(np.max(np.abs(commutator))) / (size * scale), float(skew) / size)

    return largest(*(of(shift.full()) for shift in oqs.lamb_shift(model, setting.T, setting.mu)))


@check(
    "frequency shift of distinct levels",
    equation="Eq. (2)",
    reference="the same model without it",
    tolerance=ROUNDING,
    claim="Flows of a system without degenerate levels do not change by the frequency shift.",
)
@over(_small_distinct)
def shift_of_distinct_levels(setting: Setting) -> float:
    """Return the largest change of P by every solver, relative to the rates."""
    contacts = _banded(setting)
    unrotated = oqs.davies(setting.system, contacts)
    shifted = oqs.davies(setting.system, contacts, lamb_shift=True)
    expected = oqs.flow_law(unrotated)(setting.T, setting.mu).particle
    measured = [
        oqs.flow_law(shifted, method=method)(setting.T, setting.mu).particle
        for method in exact_methods(shifted)
    ]
    return largest(*(deviation(p, expected, np.max(unrotated.rates)) for p in measured))
