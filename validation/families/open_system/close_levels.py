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
from validation.framework.check import Measurement, check
from validation.framework.deviation import deviation, deviations, largest, over, worst_of
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


@check(
    "PERLind of any channels",
    equation="beyond Eq. (9)",
    reference="sum_w sqrt(rate) S(w), S(w) from projectors of a dense H_S",
    tolerance=_ROUNDING,
    claim="D_j of PERLind has one jump operator per channel and direction, all frequencies in it.",
)
@over(lambda rng: _random(rng, _SAMPLES))
def jump_operators(setting: Setting, rng: np.random.Generator) -> float:
    """Return the largest deviation of D_j[X] from the literal one, for random X."""
    size = 2**setting.system.sites
    x: ComplexArray = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    model = _model(setting)
    dissipated = [
        model.dissipator(j, setting.T, setting.mu)(setting.qobj(x)).full()
        for j in range(len(setting.contacts))
    ]
    return largest(
        *(
            deviation(f, literal.perlind_dissipation(setting, j, x))
            for j, f in enumerate(dissipated)
        )
    )


@check(
    "PERLind is a positive map",
    equation="beyond Eq. (9)",
    reference="trace, Hermiticity, Choi matrix of D_j",
    tolerance=_ROUNDING,
    claim="300 random systems: every reservoir's map keeps the trace and is completely positive.",
)
@over(lambda rng: _random(rng, _MANY))
def positive_map(setting: Setting) -> float:
    """Return the most negative eigenvalue of Choi matrices, and departures of the trace.

    The Choi matrix of D must be >= 0 on the complement of the maximally entangled vector, for a map
    exp(D t) that is completely positive at all t.
    """
    here = _model(setting).all_elements.at(setting.T, setting.mu)
    return largest(*(negativity_of_map(d) for d in here.dissipators()))


@check(
    "PERLind state and flows",
    equation="Eqs. (2), (3)",
    reference="L[rho] = 0, tr(D_j[rho] N_S), tr(D_j[rho] H_S) in dense matrices",
    # of the gross rates, which cancel in L[rho] and in the flows
    tolerance=1e-11,
    claim="Stationary state and flows by modes and by blocks are those of the written-out map.",
)
@over(lambda rng: _random(rng, _SAMPLES))
def state_and_flows(setting: Setting) -> float:
    """Return |L[rho]| and the deviations of P and J, over the largest rate."""
    model, h = _model(setting), setting.hamiltonian
    flows = oqs.flow_law(model)(setting.T, setting.mu)
    rho = oqs.stationary_state(model, setting.T, setting.mu).full()
    each = [literal.perlind_dissipation(setting, j, rho) for j in range(len(setting.T))]
    rate = model.fastest_rate
    unit = float(np.max(np.abs(np.linalg.eigvalsh(h))))
    return largest(
        float(np.max(np.abs(-1j * (h @ rho - rho @ h) + np.sum(each, axis=0)))) / (rate + unit),
        *(
            float(abs(np.trace(d @ setting.number).real - p)) / rate
            for d, p in zip(each, flows.particle, strict=True)
        ),
        *(
            float(abs(np.trace(d @ h).real - e)) / (rate * unit)
            for d, e in zip(each, flows.energy, strict=True)
        ),
    )


@check(
    "PERLind at any splitting",
    equation="beyond Eq. (10)",
    reference="oqs.landauer",
    # the width of the lines, rate/T = 0.02, and for the energy of a weak net flow twice that
    tolerance=0.05,
    claim="P, J and Y of four devices, splittings from 1e-3 to 1e3 rates, within the line width.",
)
@over(
    lambda _: itertools.starmap(
        close_levels.setting, itertools.product(close_levels.SYSTEMS, _RATIOS.tolist())
    )
)
def any_splitting(setting: Setting) -> float:
    """Return the largest deviation of P, J and Y."""
    return largest(*errors(_model(setting), setting))


@check(
    "no secular generator at any splitting",
    equation="beyond Eq. (10)",
    reference="oqs.landauer",
    tolerance=at_least(0.3),
    claim="Davies fails where levels are close, levels counted as one where they are not.",
)
def no_secular_generator() -> Measurement:
    """Return the smaller of both generators' largest deviation for two dots in series."""
    apart, together = [], []
    for ratio in _RATIOS[_RATIOS <= 100].tolist():
        setting = close_levels.setting("two dots in series", ratio)
        wide = float(setting.levels.sum())  # of the whole spectrum: all are above 0
        apart.append(largest(*errors(setting.model, setting)))
        joined = oqs.davies(setting.system, setting.contacts, resolution=wide)
        together.append(largest(*errors(joined, setting)))
    return Measurement(min(max(apart), max(together)), detail="two dots in series")


@check(
    "PERLind tends to Davies",
    equation="Eq. (9)",
    reference="oqs.davies at the same rates",
    tolerance=within(1.0, 0.1),
    claim="At rates far below the splittings the difference falls as their first power.",
)
def far_levels(rng: np.random.Generator) -> Measurement:
    """Return the order: the decade by which the difference falls with a decade of the rates."""

    def order(setting: Setting) -> float:
        errors_at = []
        for factor in (1e-3, 1e-4):
            contacts = [
                oqs.Contact(c.rate, np.sqrt(factor) * c.channels(setting.system.sites))
                for c in setting.contacts
            ]
            measured, limit = (
                oqs.flow_law(make(setting.system, contacts))(setting.T, setting.mu)
                for make in (oqs.perlind, oqs.davies)
            )
            errors_at.append(largest(*deviations(measured, limit, setting.T)))
        return float(np.log10(errors_at[0] / errors_at[1]))

    several = (s for s in _random(rng, _SAMPLES) if s.system.sites > 1)  # one level is Davies
    orders = [(s.name, order(s)) for s in several]
    name, value = max(orders, key=lambda pair: abs(pair[1] - 1))
    return Measurement(value, detail=f"{len(orders)} cases, worst: {name}")


@check(
    "price of PERLind",
    equation="Eq. (3)",
    reference="(rate/T)^2",
    tolerance=within(2.0, 0.1),
    claim="Flows at equal T, mu and the distance from Gibbs states fall as (rate/T)^2.",
)
def price() -> Measurement:
    """Return the order of both: the decades by which they fall with a decade of rate and h."""

    def prices(rate: float) -> FloatArray:
        dots = oqs.InteractingSystem.from_terms(
            rate * np.array([[0.0, 0.5], [0.5, 1.0]]), {(0, 1): 0.3}
        )
        contacts = [oqs.Contact(oqs.flat(g * rate), t) for g, t in ((1, [1, 0]), (2, [0, 1]))]
        price = oqs.thermodynamic_price(oqs.perlind(dots, contacts), [0.8, 1.2], [0.3, -0.3])
        return np.array([price.equilibrium, *price.gibbs])

    orders = np.log10(prices(1e-2) / prices(1e-3))
    far = float(orders[np.argmax(np.abs(orders - 2))])
    return Measurement(far, detail="two interacting dots, rate and splitting from 1e-2 to 1e-3 T")


@check(
    "energy of joined levels",
    equation="Eq. (3)",
    reference="sum_j Y_j/T_j <= 0",
    tolerance=1e-12,  # of sum |Y/T|
    claim="Counted at the levels' mean energies, the flows of joined levels obey the second law.",
)
@worst_of
def energy_of_levels(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield sum_j Y_j/T_j over sum_j |Y_j|/T_j; the textbook violation is among the cases.

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


@check(
    "QmeQ's ten orbitals",
    equation="beyond Eq. (9)",
    reference="QmeQ 1.1: kerntypes 'Pauli' and 'Lindblad', recorded",
    tolerance=0.5,  # of the last digit that was recorded: rounding
    claim="Ten orbitals with pair scattering: both kerntypes, with and without far states.",
)
@worst_of
def qmeq_orbitals() -> Iterator[tuple[str, float]]:
    """Yield the deviations of the current out of the first lead, in units of the last digit."""
    for level, kind, expected, unit in TEN_ORBITALS:
        off = abs(current_of_ten_orbitals(level, kind) - expected) / unit
        yield f"{kind}, e3 = {level}", off


@check(
    "ten orbitals with all states",
    equation="beyond Eq. (9)",
    reference="another program's PERLind, recorded to ten digits",
    tolerance=1e-9,
    claim="PERLind on all 63,504 matrix elements of ten orbitals with pair scattering.",
)
@worst_of
def all_orbitals() -> Iterator[tuple[str, float]]:
    """Yield the relative deviations of the current out of the first lead."""
    for level, expected in WHOLE.items():
        setting = ten_orbitals(level)
        flows = oqs.flow_law(_model(setting))(setting.T, setting.mu)
        yield setting.name, abs(float(flows.particle[0]) / expected - 1)


@check(
    "QmeQ's blocked double orbital",
    equation="beyond Eq. (9)",
    reference="its test suite's parameters, a rate equation in 400 digits",
    tolerance=1e-12,  # of the flow, which is 1e-20 of the rates
    claim="A blocked flow of 5e-21 of the rates keeps its digits; QmeQ's Pauli has -2e-189.",
)
def blocked_orbital() -> Measurement:
    """Return the relative deviation of the flow out of the first lead."""
    setting = double_orbital()
    flows = oqs.flow_law(setting.model)(setting.T, setting.mu)
    return Measurement(abs(float(flows.particle[0]) / DOUBLE_ORBITAL - 1), detail=setting.name)


@check(
    "PERLind of qubits",
    equation="beyond Eq. (9)",
    reference="J = w 4 g^2 (p_1 - p_2)/(G_1 + G_2), G = J(w) coth(w/2T)",
    tolerance=1e-2,  # rate/T = 0.1: the Lamb-like part of first order in it
    claim="Two resonant qubits, exchange g far below the rates of their baths: g limits the flow.",
)
@worst_of
def exchanging_qubits() -> Iterator[tuple[str, float]]:
    """Yield the relative deviations; Davies lets 1e3 to 1e5 times as much through."""
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


@check(
    "PERLind with interactions",
    equation="beyond Eq. (10)",
    reference="QuTiP's HEOM, depth 3",
    # rate/T = 0.05, the width of the lines; the last tier changes J by 3e-4
    tolerance=0.05,
    claim="Two dots with U, tunnelling a fifth of the rate: P, J, Y within the line width.",
)
def interacting_dots() -> Measurement:
    """Return the largest deviation of P, J, Y; Davies is off by 6 times the flow."""
    gamma, width, T, mu = 0.05, 5.0, np.array([1.0, 1.2]), np.array([0.5, -0.5])
    dots = oqs.spinless_dots([0.3, 0.3], 0.01, U=1.5)
    contacts = [
        oqs.Contact(oqs.lorentzian(gamma, m, width), t)
        for m, t in zip(mu, ([1, 0], [0, 1]), strict=True)
    ]
    exact = oqs.heom_law(dots, contacts, depth=3, expansion=4)(T, mu)
    measured = oqs.flow_law(oqs.perlind(dots, contacts, lamb_shift=True))(T, mu)
    kinds = deviations(measured, exact, T)
    return Measurement(
        largest(*kinds), detail=", ".join(f"{k} {v:.2g}" for k, v in zip("PJY", kinds, strict=True))
    )
