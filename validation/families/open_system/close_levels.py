"""Levels as close as the rates: PERLind, what it is held against, and what it costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import qutip

import oqs
from oqs.arguments import ComplexArray, FloatArray
from validation.families.open_system.generator import negativity_of_map
from validation.framework.bounds import at_least, within
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation, deviations, largest
from validation.references import literal
from validation.references.qmeq import (
    DOUBLE_ORBITAL,
    TEN_ORBITALS,
    WHOLE,
    current_of_ten_orbitals,
    double_orbital,
    ten_orbitals,
)
from validation.systems import close_levels, random_systems
from validation.systems.settings import Setting

_ROUNDING = 1e-12  # relative to the largest entry, as of the Davies generator
_RATIOS = np.logspace(-3, 3, 13)
_SAMPLES = 6
_MANY = 150  # random systems, of each kind: 300 in all


def _model(setting: Setting) -> oqs.PerlindModel:
    return oqs.perlind(setting.system, setting.contacts)


def _random(rng: np.random.Generator, count: int) -> Iterator[Setting]:
    """Yield `count` random systems with and without interactions, random channels in each."""
    return random_systems.mixed(rng, distinct=count, with_interactions=count)


def errors(model: oqs.Model, setting: Setting) -> FloatArray:
    """Return the deviations (3,) of a model's P, J and Y from Landauer's formula."""
    exact = oqs.landauer(setting.quadratic, setting.contacts)(setting.T, setting.mu)
    return deviations(oqs.flow_law(model)(setting.T, setting.mu), exact, setting.T)


@claim(
    "beyond Eq. (9)",
    "sum_w sqrt(rate) S(w), S(w) from projectors of a dense H_S",
    _ROUNDING,
    over=lambda rng: _random(rng, _SAMPLES),
)
def PERLind_of_any_channels(setting: Setting, rng: np.random.Generator) -> Iterator[float]:
    """D_j of PERLind has one jump operator per channel and direction, all frequencies in it."""
    size = 2**setting.system.sites
    x: ComplexArray = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    model = _model(setting)
    for j in range(len(setting.contacts)):
        measured = model.dissipator(j, setting.T, setting.mu)(setting.qobj(x)).full()
        yield deviation(measured, literal.perlind_dissipation(setting, j, x))


@claim(
    "beyond Eq. (9)",
    "trace, Hermiticity, Choi matrix of D_j",
    _ROUNDING,
    over=lambda rng: _random(rng, _MANY),
)
def PERLind_is_a_positive_map(setting: Setting) -> float:
    """300 random systems: every reservoir's map keeps the trace and is completely positive.

    The Choi matrix of D must be >= 0 on the complement of the maximally entangled vector, for a map
    exp(D t) that is completely positive at all t.
    """
    here = _model(setting).all_elements.at(setting.T, setting.mu)
    return largest(negativity_of_map(d) for d in here.dissipators())


# tolerance: of the gross rates, which cancel in L[rho] and in the flows
@claim(
    "Eqs. (2), (3)",
    "L[rho] = 0, tr(D_j[rho] N_S), tr(D_j[rho] H_S) in dense matrices",
    1e-11,
    over=lambda rng: _random(rng, _SAMPLES),
)
def PERLind_state_and_flows(setting: Setting) -> Iterator[float]:
    """Stationary state and flows by modes and by blocks are those of the written-out map."""
    model, h = _model(setting), setting.hamiltonian
    flows = oqs.flow_law(model)(setting.T, setting.mu)
    rho = oqs.stationary_state(model, setting.T, setting.mu).full()
    each = [literal.perlind_dissipation(setting, j, rho) for j in range(len(setting.T))]
    rate = model.fastest_rate
    unit = float(np.max(np.abs(np.linalg.eigvalsh(h))))
    yield largest(np.abs(-1j * (h @ rho - rho @ h) + np.sum(each, axis=0))) / (rate + unit)
    for d, particle, energy in zip(each, flows.particle, flows.energy, strict=True):
        yield abs(np.trace(d @ setting.number).real - particle) / rate
        yield abs(np.trace(d @ h).real - energy) / (rate * unit)


# tolerance: the width of the lines, rate/T = 0.02, and for the energy of a weak net flow twice that
@claim(
    "beyond Eq. (10)",
    "oqs.landauer",
    0.05,
    over=lambda _: itertools.starmap(
        close_levels.setting, itertools.product(close_levels.SYSTEMS, _RATIOS.tolist())
    ),
)
def PERLind_at_any_splitting(setting: Setting) -> float:
    """P, J and Y of four devices, splittings from 1e-3 to 1e3 rates, within the line width."""
    return largest(errors(_model(setting), setting))


def joined(setting: Setting) -> oqs.DaviesModel:
    """Return the Davies model that counts all levels as one: all energies are above 0."""
    return oqs.davies(setting.system, setting.contacts, resolution=float(setting.levels.sum()))


@claim("beyond Eq. (10)", "oqs.landauer", at_least(0.3))
def no_secular_generator_at_any_splitting() -> Measurement:
    """Davies fails where levels are close, levels counted as one where they are not."""
    apart, together = [], []
    for ratio in _RATIOS[_RATIOS <= 100].tolist():
        setting = close_levels.setting("two dots in series", ratio)
        apart.append(largest(errors(setting.model, setting)))
        together.append(largest(errors(joined(setting), setting)))
    return Measurement(min(max(apart), max(together)), detail="two dots in series")


@claim(
    "Eq. (9)",
    "oqs.davies at the same rates",
    within(1.0, 0.1),
    # one level is Davies
    over=lambda rng: (s for s in _random(rng, _SAMPLES) if s.system.sites > 1),
)
def PERLind_tends_to_Davies(setting: Setting) -> float:
    """At rates far below the splittings the difference falls as their first power."""

    def difference(factor: float) -> float:
        contacts = [
            oqs.Contact(c.rate, np.sqrt(factor) * c.channels(setting.system.sites))
            for c in setting.contacts
        ]
        measured, limit = (
            oqs.flow_law(make(setting.system, contacts))(setting.T, setting.mu)
            for make in (oqs.perlind, oqs.davies)
        )
        return largest(deviations(measured, limit, setting.T))

    return float(np.log10(difference(1e-3) / difference(1e-4)))


@claim("Eq. (3)", "(rate/T)^2", within(2.0, 0.1))
def price_of_PERLind() -> Iterator[float]:
    """Flows at equal T, mu and the distance from Gibbs states fall as (rate/T)^2."""
    # the order of both: the decades by which they fall with a decade of rate and h

    def prices(rate: float) -> FloatArray:
        dots = oqs.InteractingSystem.from_terms(
            rate * np.array([[0.0, 0.5], [0.5, 1.0]]), {(0, 1): 0.3}
        )
        contacts = [oqs.Contact(oqs.flat(g * rate), t) for g, t in ((1, [1, 0]), (2, [0, 1]))]
        price = oqs.thermodynamic_price(oqs.perlind(dots, contacts), [0.8, 1.2], [0.3, -0.3])
        return np.array([price.equilibrium, *price.gibbs])

    yield from np.log10(prices(1e-2) / prices(1e-3)).tolist()


# tolerance: of sum |Y/T|
@claim("Eq. (3)", "sum_j Y_j/T_j <= 0", 1e-12)
def energy_of_joined_levels(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Counted at the levels' mean energies, the flows of joined levels obey the second law.

    h = [[.01, .01], [.01, -.01]] between rates .02 and .005 has +4.66e-9 by H_S.
    """

    def measure(h: FloatArray, T: FloatArray, mu: FloatArray) -> float:
        contacts = [oqs.Contact(oqs.flat(g), t) for g, t in ((0.02, [1, 0]), (0.005, [0, 1]))]
        width = float(np.abs(np.linalg.eigvalsh(h)).sum())  # of the whole spectrum
        model = oqs.davies(oqs.QuadraticSystem(h), contacts, resolution=width, energy="level")
        flows = oqs.flow_law(model)(T, mu)
        return float(oqs.clausius_sum(flows, T) / np.sum(np.abs(flows.heat) / T))

    textbook = np.array([[0.01, 0.01], [0.01, -0.01]])
    yield "textbook", measure(textbook, np.array([0.5, 1.0]), np.array([0.1485, 0.3]))
    for k in range(_SAMPLES):
        a = 0.01 * rng.normal(size=(2, 2))
        T, mu = rng.uniform(0.3, 1.0, size=2), rng.normal(size=2)
        yield f"random {k}", measure(a + a.T, T, mu)


# tolerance: of the last digit that was recorded: rounding
@claim(
    "beyond Eq. (9)",
    "QmeQ 1.1: kerntypes 'Pauli' and 'Lindblad', recorded",
    0.5,
    name="QmeQ's ten orbitals",
)
def qmeq_orbitals() -> Iterator[tuple[str, float]]:
    """Ten orbitals with pair scattering: both kerntypes, with and without far states."""
    for level, kind, expected, unit in TEN_ORBITALS:
        off = abs(current_of_ten_orbitals(level, kind) - expected) / unit
        yield f"{kind}, e3 = {level}", off


@claim("beyond Eq. (9)", "another program's PERLind, recorded to ten digits", 1e-9)
def ten_orbitals_with_all_states() -> Iterator[tuple[str, float]]:
    """PERLind on all 63,504 matrix elements of ten orbitals with pair scattering."""
    for level, expected in WHOLE.items():
        setting = ten_orbitals(level)
        flows = oqs.flow_law(_model(setting))(setting.T, setting.mu)
        yield setting.name, abs(float(flows.particle[0]) / expected - 1)


# tolerance: of the flow, which is 1e-20 of the rates
@claim(
    "beyond Eq. (9)",
    "its test suite's parameters, a rate equation in 400 digits",
    1e-12,
    name="QmeQ's blocked double orbital",
)
def blocked_orbital() -> Measurement:
    """A blocked flow of 5e-21 of the rates keeps its digits; QmeQ's Pauli has -2e-189."""
    setting = double_orbital()
    flows = oqs.flow_law(setting.model)(setting.T, setting.mu)
    return Measurement(abs(float(flows.particle[0]) / DOUBLE_ORBITAL - 1), detail=setting.name)


# tolerance: rate/T = 0.1: the Lamb-like part of first order in it
@claim("beyond Eq. (9)", "J = w 4 g^2 (p_1 - p_2)/(G_1 + G_2), G = J(w) coth(w/2T)", 1e-2)
def PERLind_of_qubits() -> Iterator[tuple[str, float]]:
    """Two resonant qubits, exchange g far below the rates of their baths: g limits the flow."""
    # Davies lets 1e3 to 1e5 times as much through
    T = np.array([1.0, 0.6])
    for g in (1e-4, 1e-3):
        system = oqs.exchange_qubits([1.0, 1.0], g)
        baths = [
            oqs.BosonicContact(oqs.ohmic(0.05), oqs.on_factor(system, k, qutip.sigmax()))
            for k in (0, 1)
        ]
        excited = 1 / (1 + np.exp(1 / T))
        expected = 4 * g**2 / np.sum(0.05 / np.tanh(0.5 / T)) * (excited[0] - excited[1])
        flows = oqs.flow_law(oqs.perlind(system, baths))(T)
        yield f"g = {g}", abs(float(flows.energy[0]) / expected - 1)


# tolerance: rate/T = 0.05, the width of the lines; the last tier changes J by 3e-4
@claim("beyond Eq. (10)", "QuTiP's HEOM, depth 3", 0.05)
def PERLind_with_interactions() -> Measurement:
    """Two dots with U, tunnelling a fifth of the rate: P, J, Y within the line width."""
    # Davies is off by 6 times the flow
    gamma, width, T, mu = 0.05, 5.0, np.array([1.0, 1.2]), np.array([0.5, -0.5])
    dots = oqs.spinless_dots([0.3, 0.3], 0.01, U=1.5)
    contacts = [
        oqs.Contact(oqs.lorentzian(gamma, m, width), t)
        for m, t in zip(mu, ([1, 0], [0, 1]), strict=True)
    ]
    exact = oqs.heom_law(dots, contacts, depth=3, expansion=4)(T, mu)
    measured = oqs.flow_law(oqs.perlind(dots, contacts, lamb_shift=True))(T, mu)
    kinds = deviations(measured, exact, T)
    detail = ", ".join(f"{k} {v:.2g}" for k, v in zip("PJY", kinds, strict=True))
    return Measurement(largest(kinds), detail=detail)
