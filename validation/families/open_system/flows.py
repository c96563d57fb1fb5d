"""Eq. (10): stationary flows from the density matrix, by every solver, against the closed form."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

import oqs
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import literal
from validation.systems import random_systems
from validation.systems.settings import Setting, published

# Relative to the gross exchange, sum_k gamma_j (times |w| or |w - mu_j|), which cancels in a flow.
# An occupation inherits the rounding of (w - mu)/T, at most eps w/T = 215 eps = 5e-14 in Fig. 4;
# the solvers leave residuals of a few hundred eps of the gross rates.
ROUNDING = 1e-12

_SAMPLES = 40
_COLD = 300  # pairs of reservoirs
_LARGEST_X = 60.0  # 1 - n = 1e-26: half of the 50 digits are left

_REFERENCE = "Eq. (10) in 50 digits, rates straight from the contacts' laws"


def _settings(rng: np.random.Generator) -> Iterator[Setting]:
    """Yield systems to which Eq. (10) applies as printed, and those of the five figures."""
    return itertools.chain(random_systems.independent_baths(rng, _SAMPLES), published())


def _any_channels(rng: np.random.Generator) -> Iterator[Setting]:
    samples = random_systems.mixed(
        rng, distinct=_SAMPLES, collective=_SAMPLES // 2, with_interactions=_SAMPLES
    )
    return itertools.chain(samples, published())


def _departure(setting: Setting, flows: oqs.Flows) -> float:
    """Return the largest deviation of P, J, Y from Eq. (10), relative to the gross exchange."""
    w = setting.levels
    gamma = setting.rates(w)
    expected = literal.closed_form(w, gamma, setting.T, setting.mu)
    factors = (np.ones_like(gamma), np.abs(w) + 0 * gamma, np.abs(w - setting.mu[:, None]))
    measured = (flows.particle, flows.energy, flows.heat)
    return largest(
        deviation(f, e.sum(axis=0), scale=np.sum(gamma * factor, axis=1))
        for f, e, factor in zip(measured, expected, factors, strict=True)
    )


def _by(method: oqs.StationaryMethod, setting: Setting) -> float:
    """Return that of the flows that a method takes from the stationary density matrix."""
    return _departure(setting, oqs.flow_law(setting.model, method=method)(setting.T, setting.mu))


@claim("Eq. (10)", _REFERENCE, ROUNDING, over=_settings)
def closed_form_in_50_digits(setting: Setting) -> float:
    """oqs.closed_form is P_j = sum_k gamma_j (n_j - nbar), J_j with w_k, Y_j with w_k - mu_j."""
    law = oqs.closed_form(setting.quadratic, setting.contacts)
    return _departure(setting, law(setting.T, setting.mu))


@claim("Eq. (10)", _REFERENCE, ROUNDING, name="flows, full Liouvillian", over=_settings)
def full_Liouvillian(setting: Setting) -> float:
    """Flows from the stationary density matrix are those of Eq. (10): all 4^N matrix elements
    solved.
    """
    return _by(oqs.FullLiouvillian(), setting)


@claim("Eq. (10)", _REFERENCE, ROUNDING, name="flows, zero-frequency block", over=_settings)
def zero_frequency_block(setting: Setting) -> float:
    """Flows from the stationary density matrix are those of Eq. (10): coherences within levels
    kept.
    """
    return _by(oqs.ZeroFrequencyBlock(), setting)


@claim("Eq. (10)", _REFERENCE, ROUNDING, name="flows, populations", over=_settings)
def populations(setting: Setting) -> float:
    """Flows from the stationary density matrix are those of Eq. (10): the rate equation of the
    energy eigenstates.
    """
    return _by(oqs.Populations(), setting)


# tolerance: e^-x inherits 2 eps of x from the subtraction and the division, 2 * 60 eps = 2.7e-14;
# the two x differ by at least a fifth of the larger, which costs 1 - exp(x_j - x_q) no more
@claim("Eq. (10)", _REFERENCE, ROUNDING, name="flows of cold reservoirs, digit for digit")
def relative_precision(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Two reservoirs: every mode's flow has full relative precision down to e^-60.

    The affinities of both differ by their own size; nearly equal ones are ill-conditioned in T, mu.
    """
    # two reservoirs, so that no signs cancel
    contacts = [oqs.Contact(rate=oqs.flat(g)) for g in (1e-3, 3e-5)]
    w = np.array([1.0])
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies(w), contacts)
    gamma = np.array([[1e-3], [3e-5]])
    for _ in range(_COLD):
        size = rng.uniform(5.0, _LARGEST_X) * np.array([1.0, rng.uniform(0.1, 0.8)])
        sign = np.where(rng.random(2) < 0.5, -1.0, 1.0)
        mu = w - sign * rng.uniform(0.1, 1.0, size=2)
        x = sign * size
        T = (w - mu) / x
        measured = law(T, mu)
        expected = literal.closed_form(w, gamma, T, mu)
        kinds = zip((measured.particle, measured.energy, measured.heat), expected, strict=True)
        off = largest(*(deviation(f, e[0], scale=np.abs(e[0])) for f, e in kinds))
        yield f"x = {x}", off


@claim(
    "Eq. (10)",
    "nbar = sum_j gamma_j n_j / sum_j gamma_j, each n_j in 50 digits",
    ROUNDING,
    over=_settings,
)
def stationary_occupations(setting: Setting) -> float:
    """tr(rho a_k^+ a_l) = delta_kl nbar(w_k) in the stationary density matrix."""
    rho = oqs.stationary_state(setting.model, setting.T, setting.mu).full()
    w, a = literal.normal_modes(setting.quadratic.h)
    gamma = setting.rates(w)
    reservoirs = list(zip(setting.T.tolist(), setting.mu.tolist(), strict=True))
    n = np.array([[literal.fermi(float(x), t, m) for x in w] for t, m in reservoirs])
    mean = np.sum(gamma * n, axis=0) / np.sum(gamma, axis=0)
    measured = np.array([[np.trace(rho @ p.conj().T @ q) for q in a] for p in a])
    return deviation(measured, np.diag(mean), scale=1)


@claim(
    "Eq. (10)", "sum_j P_j = 0, sum_j J_j = 0 in a stationary state", ROUNDING, over=_any_channels
)
def conservation_of_particles_and_energy(setting: Setting) -> float:
    """What some reservoirs lose the others gain: any channels, with and without interactions."""
    model = setting.model
    flows = oqs.flow_law(model)(setting.T, setting.mu)
    gross, heat = np.sum(model.rates), flows.energy - setting.mu * flows.particle
    return largest(
        abs(np.sum(flows.particle)) / gross,
        abs(np.sum(flows.energy)) / np.sum(model.rates * np.abs(model.frequencies)),
        deviation(flows.heat, heat, scale=gross * setting.system.energy_scale),
    )
