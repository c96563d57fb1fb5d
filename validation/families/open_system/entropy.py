"""Eqs. (3) and (15)-(18): entropy production of any state, and its proof by reservoirs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import scipy.linalg

import oqs
from oqs.arguments import ComplexArray, FloatArray
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import literal
from validation.systems import random_systems
from validation.systems.settings import Setting, published

# Relative to the terms that cancel. The random states have full rank, eigenvalues within a factor
# 30 of one another, so that ln rho amplifies the rounding 2^N eps = 1.4e-14 by 30 at most.
ROUNDING = 1e-12

_SAMPLES = 12  # of each kind


def _settings(rng: np.random.Generator) -> Iterator[Setting]:
    n = _SAMPLES
    samples = random_systems.mixed(
        rng, independent=n, distinct=n, collective=n, with_interactions=n
    )
    return itertools.chain(samples, published())


def _literal_production(setting: Setting, rho: ComplexArray) -> tuple[FloatArray, FloatArray]:
    """Return -tr{D_j[rho] (ln rho - ln rho_j)} (n,) and the size of the terms in each.

    ln rho_j = (mu_j N_S - H_S)/T_j up to a constant, which a traceless D_j[rho] does not feel.
    """
    logarithm, h, number = literal.logarithm(rho), setting.hamiltonian, setting.number
    produced, gross = [], []
    for j, (t, m) in enumerate(zip(setting.T, setting.mu, strict=True)):
        change = literal.dissipation(setting, j, rho)
        terms = [-np.trace(change @ x).real for x in (logarithm, h / t, -m * number / t)]
        produced.append(sum(terms))
        gross.append(sum(abs(x) for x in terms))
    return np.array(produced), np.array(gross)


@claim(
    "Eq. (3)", "dS_S/dt + sum_j (mu_j P_j - J_j)/T_j from dense traces", ROUNDING, over=_settings
)
def entropy_production_of_random_states(setting: Setting, rng: np.random.Generator) -> float:
    """oqs.entropy_production is Eq. (3) for states far from stationary, S_S = -tr rho ln rho."""
    rho = random_systems.random_state(rng, setting.system)
    measured = oqs.entropy_production(setting.model, setting.qobj(rho), setting.T, setting.mu)
    produced, gross = _literal_production(setting, rho)
    return abs(measured - float(np.sum(produced))) / float(np.sum(gross))


@claim(
    "Eq. (3)", "tr(D_j[rho] N_S) and tr(D_j[rho] H_S) from dense matrices", ROUNDING, over=_settings
)
def momentary_flows_of_random_states(setting: Setting, rng: np.random.Generator) -> float:
    """P_j, J_j and Y_j = J_j - mu_j P_j are the traces of Eq. (3) in any state."""
    model = setting.model
    rho = random_systems.random_state(rng, setting.system)
    measured = oqs.momentary_flows(model, setting.qobj(rho), setting.T, setting.mu)
    changes = [literal.dissipation(setting, j, rho) for j in range(model.reservoirs)]
    h, number = setting.hamiltonian, setting.number
    particle = np.array([np.trace(change @ number).real for change in changes])
    energy = np.array([np.trace(change @ h).real for change in changes])
    rate, scale = np.sum(model.rates), setting.system.energy_scale
    heat = energy - setting.mu * particle
    return largest(
        deviation(measured.particle, particle, scale=rate),
        deviation(measured.energy, energy, scale=rate * scale),
        deviation(measured.heat, heat, scale=rate * (scale + np.abs(setting.mu))),
    )


# tolerance: S(t) is analytic up to where an eigenvalue of rho(t) would cross 0: at least 0.03 of
# the largest rate's time away in these states. The seventh derivative of a logarithm leaves
# 6!/140 (h/0.03)^6 = 1e-10 at h = 5e-4; rounding leaves eps/h = 4e-13 per unit of S
@claim("Eq. (3)", "differences of S_S(t) = -tr rho ln rho, sixth order", 1e-8, over=_settings)
def entropy_along_relaxations(setting: Setting, rng: np.random.Generator) -> float:
    """dS_S/dt of the relaxing state plus sum_j (mu_j P_j - J_j)/T_j is the production, >= 0."""
    model = setting.model
    start = setting.qobj(random_systems.random_state(rng, setting.system))
    each = model.all_elements.at(setting.T, setting.mu).dissipators()
    rate = float(abs(sum(each[1:], start=each[0])).max())
    h = 5e-4 / rate
    times = np.linspace(0.01, 2.0, 5)[:, None] / rate + h * np.arange(-3, 4)  # (5, 7)
    path = oqs.relax(model, start, setting.T, setting.mu, times.ravel())
    s = path.entropy.reshape(times.shape)
    change = s @ np.array([-1, 9, -45, 0, 45, -9, 1]) / (60 * h)
    heat = np.sum(path.flows.heat / setting.T, axis=1)
    gross = float(np.max(np.sum(np.abs(path.flows.heat) / setting.T, axis=1)))
    produced = path.entropy_production
    return largest(
        deviation((produced + heat).reshape(times.shape)[:, 3], change, scale=gross),
        -float(np.min(produced)) / gross,
    )


@claim(
    "Eqs. (15)-(18)", "tr rho (ln rho - ln rho_j) from dense logarithms", ROUNDING, over=_settings
)
def relative_entropy_to_the_local_Gibbs_state(setting: Setting, rng: np.random.Generator) -> float:
    """oqs.relative_entropy_to_gibbs is the distance that the proof of Eq. (3) follows."""
    model = setting.model
    rho = random_systems.random_state(rng, setting.system)
    measured = oqs.relative_entropy_to_gibbs(model, setting.qobj(rho), setting.T, setting.mu)
    logarithm, h, number = literal.logarithm(rho), setting.hamiltonian, setting.number
    expected = []
    for t, m in zip(setting.T, setting.mu, strict=True):
        exponents = np.linalg.eigvalsh((m * number - h) / t)
        partition = exponents[-1] + np.log(np.sum(np.exp(exponents - exponents[-1])))
        gibbs = (m * number - h) / t - partition * np.eye(len(h))
        expected.append(np.trace(rho @ (logarithm - gibbs)).real)
    return deviation(measured, expected, scale=np.abs(expected))


@claim(
    "Eqs. (15)-(18)",
    "-tr{D_j[rho] (ln rho - ln rho_j)} from dense logarithms",
    ROUNDING,
    name="each reservoir's production",
    over=_settings,
)
def by_reservoir(setting: Setting, rng: np.random.Generator) -> float:
    """The production of each reservoir is Spohn's; they add up to that of Eq. (3)."""
    model = setting.model
    rho = random_systems.random_state(rng, setting.system)
    state = setting.qobj(rho)
    measured = oqs.entropy_production_by_reservoir(model, state, setting.T, setting.mu)
    total = oqs.entropy_production(model, state, setting.T, setting.mu)
    expected, gross = _literal_production(setting, rho)
    return largest(
        deviation(measured, expected, scale=gross),
        abs(float(np.sum(measured)) - total) / float(np.sum(gross)),
    )


# tolerance: random states are far from rho_j: every production is of the size of its terms
@claim(
    "Eqs. (15)-(18)",
    "Spohn's inequality, -tr{D_j[rho] (ln rho - ln rho_j)} >= 0",
    0.0,
    over=_settings,
)
def no_reservoir_destroys_entropy(setting: Setting, rng: np.random.Generator) -> float:
    """Each reservoir's production is positive in random states, and so is their sum, Eq. (3)."""
    model = setting.model
    state = setting.qobj(random_systems.random_state(rng, setting.system))
    measured = oqs.entropy_production_by_reservoir(model, state, setting.T, setting.mu)
    total = oqs.entropy_production(model, state, setting.T, setting.mu)
    return -float(np.min([*measured, total])) / float(np.sum(model.rates))


@claim(
    "Eqs. (15)-(18)",
    "monotonicity of relative entropy under exp(D_j t)",
    ROUNDING,
    over=lambda rng: (s for s in _settings(rng) if s.system.sites <= 3),
)
def each_map_approaches_its_Gibbs_state(
    setting: Setting, rng: np.random.Generator
) -> Iterator[float]:
    """Under D_j alone the relative entropy of any state to rho_j never grows.

    Systems of up to three modes: exp(D_j t) is a dense (4^N, 4^N) matrix.
    """
    # the largest growth of S(rho(t) || rho_j) from one time to the next, over its start
    model = setting.model
    v = setting.system.spectrum.vectors
    for j, d in enumerate(model.all_elements.at(setting.T, setting.mu).dissipators()):
        state = random_systems.random_state(rng, setting.system)
        step = scipy.linalg.expm(d.toarray() * (0.3 / np.max(model.rates[j])))
        distances = []
        for _ in range(12):
            rho = setting.qobj(v @ state @ v.conj().T)
            distances.append(oqs.relative_entropy_to_gibbs(model, rho, setting.T, setting.mu)[j])
            state = (step @ state.ravel()).reshape(state.shape)
            state = (state + state.conj().T) / 2
        yield largest(np.diff(distances)) / distances[0]
