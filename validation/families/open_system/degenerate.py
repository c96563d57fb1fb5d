"""Degenerate levels with collective contacts, and the frequency shifts of Eq. (2)."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import scipy.stats

import oqs
from oqs.numerics.clusters import cluster
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.systems.random_systems import interacting_systems
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


@claim(
    "Eq. (2)", "P = gamma cos^2(phase/2) (n_1 - n_2), from the Lyapunov equation by hand", ROUNDING
)
def interference_of_two_degenerate_levels() -> Iterator[tuple[str, float]]:
    """Two degenerate levels with relative phase between contacts carry cos^2(phase/2)."""
    gamma = 0.02
    for phase in np.linspace(0.1, np.pi, 9):
        setting = interference(phase, gamma)
        n = 1 / (np.exp((0.3 - setting.mu) / setting.T) + 1)
        for method in (oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian()):
            flows = oqs.flow_law(setting.model, method=method)(setting.T, setting.mu)
            carried = flows.particle[0] / (gamma * (n[0] - n[1]))
            yield f"{setting.name}, {method}", abs(carried - np.cos(phase / 2) ** 2)


@claim("Eq. (2)", "at phase 0 the combination (c_0 - c_1)/sqrt(2) is coupled to nothing", 0.0)
def dark_mode_refused() -> Measurement:
    """Without a unique stationary state every solver raises and names the kernel's dimension."""
    setting, missed = interference(0.0, 0.02), 0
    for method in (oqs.Populations(), oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian()):
        try:
            oqs.stationary_state(setting.model, setting.T, setting.mu, method=method)
        except oqs.NonUniqueStationaryState as error:
            missed += error.kernel_dimension != 2
        except ValueError:  # populations alone do not describe this system, unique or not
            missed += method != oqs.Populations()
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


@claim("Eq. (2)", "the same system with that basis rotated at random", ROUNDING)
def eigenbasis_inside_degenerate_levels(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Flows do not depend on the eigenvectors a diagonaliser returns in a degenerate level."""
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
        yield name, largest(deviation(particle, first, 0.01) for particle in others)


@claim("Eq. (2)", "the full Liouvillian, which uses no quantum number", ROUNDING)
def equal_spins() -> Iterator[tuple[str, float]]:
    """Spin is kept apart where contacts keep it, and only there: two equal spinful sites."""
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
        for kind in ("particle", "energy"):
            off = deviation(getattr(measured, kind), getattr(reference, kind))
            yield f"{name}, {kind}", off


def _banded(setting: Setting) -> tuple[oqs.Contact, ...]:
    """Return the contacts of a setting with a band whose edges are far from all levels."""
    edge = 40 * float(np.max(np.abs(setting.system.spectrum.energies)))
    band = (-edge, 1.1 * edge)
    return tuple(oqs.Contact(c.rate, c.coupling, band=band) for c in setting.contacts)


def _small_distinct(rng: np.random.Generator) -> Iterator[Setting]:
    """Yield six systems of up to three sites without degenerate levels."""
    distinct = (s for k, s in enumerate(interacting_systems(rng, 18)) if (k // 3) % 3 != 2)
    return itertools.islice((s for s in distinct if s.system.sites <= 3), 6)


@claim(
    "Eq. (2)",
    "[H_LS,j, H_S] = 0",
    ROUNDING,
    name="frequency shift commutes with H_S",
    over=lambda rng: interacting_systems(rng, 9),
)
def shift_commutes(setting: Setting) -> Iterator[float]:
    """Each reservoir's frequency shift is Hermitian and commutes with H_S."""
    H, model = setting.hamiltonian, oqs.davies(setting.system, _banded(setting))
    for operator in oqs.lamb_shift(model, setting.T, setting.mu):
        shift = operator.full()
        unit = np.max(np.abs(shift))
        yield deviation(shift @ H, H @ shift, scale=unit * np.max(np.abs(H)))
        yield deviation(shift, shift.conj().T, scale=unit)


@claim("Eq. (2)", "the same model without it", ROUNDING, over=_small_distinct)
def frequency_shift_of_distinct_levels(setting: Setting) -> Iterator[float]:
    """Flows of a system without degenerate levels do not change by the frequency shift."""
    contacts = _banded(setting)
    unrotated = oqs.davies(setting.system, contacts)
    shifted = oqs.davies(setting.system, contacts, lamb_shift=True)
    expected = oqs.flow_law(unrotated)(setting.T, setting.mu).particle
    for method in exact_methods(shifted):
        flows = oqs.flow_law(shifted, method=method)(setting.T, setting.mu)
        yield deviation(flows.particle, expected, np.max(unrotated.rates))
