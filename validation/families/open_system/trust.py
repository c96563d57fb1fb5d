"""When to trust weak coupling: exact references at any coupling, and how Davies tends to them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

import oqs
from oqs.arguments import FloatArray
from oqs.validity.verdict import LARGEST_DOUBTFUL, LARGEST_SOUND
from validation.families.open_system.degenerate import exact_methods
from validation.framework.bounds import at_least, within
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation, deviations, largest
from validation.references.exact_references import (
    finite_leads,
    one_level,
    semicircle,
    with_filter_sites,
)
from validation.references.published_dots import published_dots
from validation.systems.cases import FIGURE_1

_DOUBLE_DOTS, _SEED = 40, 4


# tolerance: the accuracy that oqs.landauer promises
@claim("beyond Eq. (10)", "digamma functions: the sum over Matsubara frequencies", 1e-8)
def Landauer_of_one_level() -> Iterator[tuple[str, float]]:
    """Exact P of one level between three reservoirs, rates from 1e-3 T to 3 T."""
    T, mu = [0.6, 0.9, 0.4], [0.4, -0.2, 0.1]
    system = oqs.QuadraticSystem([[0.3]])
    for strength in (1e-3, 0.1, 1.0, 3.0):
        rates = strength * np.array([0.5, 1.0, 0.3])
        law = oqs.landauer(system, [oqs.Contact(oqs.flat(float(g))) for g in rates])
        off = deviation(law(T, mu).particle, one_level(0.3, rates, T, mu))
        yield f"strength {strength:.3g}", off


# tolerance: the promised 1e-8 of the largest flow; the table was integrated to about as much
@claim("beyond Eq. (10)", "exact flows of the quadratic cases (dots.json)", 2e-8)
def Landauer_of_published_dots() -> Iterator[tuple[str, float]]:
    """Exact P and J of every quadratic published case, one of them degenerate."""
    for name, case in published_dots().items():
        if case.exact is not None:
            setting, (particle, energy) = case.setting, case.exact
            flows = oqs.landauer(setting.quadratic, setting.contacts)(setting.T, setting.mu)
            yield f"P of {name}", deviation(flows.particle, particle)
            yield f"J of {name}", deviation(flows.energy, energy)


# tolerance: asked of the quadrature: 1e-6; chains of 100, 200 and 300 sites agree to 2e-7
@claim("beyond Eq. (10)", "unitary evolution of the dots at the ends of chains of 200 sites", 3e-6)
def Landauer_with_band_edges() -> Measurement:
    """A rate over a band shifts levels by its principal value: exact P of two dots."""
    h, half_width = [[0.2, 0.3j], [-0.3j, -0.4]], 2.0
    couplings, strengths = np.array([[1.0, 0.3], [0.5j, 1.0]]), [0.6, 0.5]
    T, mu = [0.3, 0.5], [0.4, -0.3]
    contacts = [
        oqs.Contact(semicircle(s, half_width), t, band=(-half_width, half_width))
        for s, t in zip(strengths, couplings, strict=True)
    ]
    law = oqs.landauer(oqs.QuadraticSystem(h), contacts, accuracy=1e-6)
    expected = finite_leads(h, couplings, strengths, half_width, T, mu, length=200)
    return Measurement(deviation(law(T, mu).particle, expected), detail="2 dots, 2 leads")


# tolerance: two integrals of 1e-8
@claim("beyond Eq. (10)", "each Lorentzian contact replaced by a site with a flat contact", 2e-8)
def Landauer_with_filters() -> Iterator[tuple[str, float]]:
    """Lorentzian contacts and the larger system with filter sites carry the same P and J."""
    h, left, right = np.array([[0.2, 0.3], [0.3, -0.4]]), [1, 0.4], [0.2j, 1]
    T, mu = [0.6, 0.9], [0.4, -0.2]
    first = oqs.Contact(oqs.lorentzian(0.5, 0.6, 0.8), left)
    second = oqs.Contact(oqs.lorentzian(0.4, -0.3, 0.5), right)
    direct = oqs.landauer(oqs.QuadraticSystem(h), [first, second])(T, mu)
    with_one, flat_first = with_filter_sites(h, left, first)
    with_both, flat_second = with_filter_sites(with_one, [*right, 0], second)
    widened = oqs.Contact(flat_first.rate, [0, 0, 1, 0])
    larger = oqs.landauer(oqs.QuadraticSystem(with_both), [widened, flat_second])(T, mu)
    yield "P", deviation(direct.particle, larger.particle)
    yield "J", deviation(direct.energy, larger.energy)


def exponent(strengths: FloatArray, deviations: list[float]) -> float:
    """Return d ln(deviation) / d ln(strength) between the two smallest strengths (descending)."""
    a, b = np.abs(deviations[-2:])
    return float(np.log(a / b) / np.log(strengths[-2] / strengths[-1]))


def _tends(strengths: FloatArray, deviation_at: Callable[[float], float]) -> Measurement:
    deviations = [deviation_at(float(g)) for g in strengths]
    listed = ", ".join(f"{d:.3g}" for d in deviations)
    detail = f"deviations {listed} at gamma = {strengths}"
    return Measurement(exponent(strengths, deviations), detail=detail)


# tolerance: the next order bends the slope by gamma over the splitting, squared
@claim("Eqs. (2), (9)", "exact flows at any coupling", within(1.0, 0.05))
def Davies_tends_to_Landauer() -> Measurement:
    """P of a tunnelling double dot deviates from the exact one in proportion to gamma."""
    system = oqs.QuadraticSystem([[0.2, 0.25], [0.25, 0.35]])
    T, mu = [0.4, 0.4], [0.9, 0.1]

    def at(gamma: float) -> float:
        contacts = [oqs.Contact(oqs.flat(gamma), [1, 0]), oqs.Contact(oqs.flat(gamma), [0, 1])]
        exact = oqs.landauer(system, contacts, accuracy=1e-10)(T, mu).particle[0]
        davies = oqs.flow_law(oqs.davies(system, contacts))(T, mu).particle[0]
        return float(davies / exact - 1)

    return _tends(np.array([1e-3, 1e-4, 1e-5]), at)


@claim("Eq. (2)", "exact flows at any coupling", within(1.0, 0.05))
def degenerate_levels_tend_to_Landauer_with_the_frequency_shift() -> Measurement:
    """With FS_j the deviation of interfering levels is linear in gamma; without, it stays."""
    setting = published_dots()["degenerate_levels"].setting

    def at(gamma: float, *, lamb_shift: bool = True) -> float:
        contacts = [
            oqs.Contact(oqs.flat(100 * gamma), c.coupling, band=(-20, 30)) for c in setting.contacts
        ]
        exact = oqs.landauer(setting.quadratic, contacts)(setting.T, setting.mu).particle[0]
        model = oqs.davies(setting.system, contacts, lamb_shift=lamb_shift)
        measured = oqs.flow_law(model)(setting.T, setting.mu).particle[0]
        return float(measured / exact - 1)

    measured, without = _tends(np.array([1e-3, 1e-4]), at), at(1e-4, lamb_shift=False)
    return Measurement(measured.value, detail=f"{measured.detail}; without {without:.3g}")


_WIDTH = 5.0


def hierarchy_and_davies(gamma: float, U: float, *, depth: int = 2) -> tuple[float, float]:
    """Return P_L of two capacitively coupled dots by the hierarchy and by Davies.

    Dot 0 lies between leads at T = 1, mu = +-0.5; dot 1 on a gate at T = 1.5, mu = 0.2; rates are
    Lorentzians of peak gamma and half width 5.
    """
    T, mu = [1.0, 1.0, 1.5], [0.5, -0.5, 0.2]
    system = oqs.coupled_dots([0.3, -0.2], U)
    contacts = [
        oqs.Contact(oqs.lorentzian(gamma, m, _WIDTH), t)
        for m, t in zip(mu, ([1, 0], [1, 0], [0, 1]), strict=True)
    ]
    # the second tier changes flows by gamma/T, the third by 1e-4: see tests/validation
    exact = oqs.heom_law(system, contacts, depth=depth, expansion=3, accuracy=1.0)(T, mu)
    davies = oqs.flow_law(oqs.davies(system, contacts))(T, mu)
    return float(exact.particle[0]), float(davies.particle[0])


# tolerance: five Pade terms at width/T = 5 leave 2e-6 of J, six 1e-6; J carries most of it
@claim("beyond Eq. (10)", "oqs.landauer", 2e-6)
def hierarchy_without_interactions() -> Iterator[tuple[str, float]]:
    """HEOM and Landauer agree in P, J and Y: one level, two dots, Lorentzian contacts."""
    T, mu = np.array([0.7, 1.0]), np.array([0.5, -0.5])
    rates = [oqs.lorentzian(0.1, 0.2, 4.0), oqs.lorentzian(0.2, -0.1, 5.0)]
    cases: dict[str, tuple[list[list[float]], list[list[complex]]]] = {
        "one level": ([[0.3]], [[1], [1]]),
        "two dots": ([[0.3, 0.1], [0.1, 0.5]], [[1, 0.3j], [0.2, 1]]),
    }
    for name, (h, couplings) in cases.items():
        system = oqs.QuadraticSystem(h)
        contacts = [oqs.Contact(r, t) for r, t in zip(rates, couplings, strict=True)]
        exact = oqs.landauer(system, contacts)(T, mu)
        law = oqs.heom_law(system, contacts, depth=2, expansion=6)
        yield name, largest(deviations(law(T, mu), exact, T))


# tolerance: depth 2 and 3 Pade terms leave 1e-4 of the flow where the deviation is 5e-2 to 7e-3
@claim(
    "Eqs. (2), (9)", "QuTiP's HEOM of two capacitively coupled dots, U = 1.5 T", within(1.0, 0.05)
)
def Davies_tends_to_the_hierarchy() -> Measurement:
    """With interactions, too, P deviates from the exact one in proportion to gamma."""

    def at(gamma: float) -> float:
        exact, davies = hierarchy_and_davies(gamma, 1.5)
        return davies / exact - 1

    return _tends(np.array([0.2, 0.1, 0.05, 0.025]), at)


def near_degenerate() -> tuple[oqs.QuadraticSystem, list[oqs.Contact], list[float], list[float]]:
    """Return the double dot of splitting 0.004 between rates 0.02 and 0.03; T, mu."""
    contacts = [oqs.Contact(oqs.flat(0.02), [1, 0]), oqs.Contact(oqs.flat(0.03), [0, 1])]
    return oqs.QuadraticSystem([[0, 0.002], [0.002, 0]]), contacts, [1.0, 0.5], [0.5, -0.5]


@claim("Eq. (9)", "oqs.landauer", at_least(LARGEST_DOUBTFUL))
def audit_of_a_near_degeneracy() -> Measurement:
    """Splitting 0.004 under rates 0.02 and 0.03 is called unreliable (flows 38 times off)."""
    system, contacts, T, mu = near_degenerate()
    audit = oqs.audit(oqs.davies(system, contacts), T, mu)
    return Measurement(audit["secular"].ratio, detail=f"actual error {audit.error:.3g}")


# tolerance: corrections are of the order rate/T = 0.05 of the direct flow; here it cancels
@claim("Eq. (2)", "oqs.landauer", 1e-2)
def near_degeneracy_counted_as_one_level() -> Iterator[tuple[str, float]]:
    """davies(..., resolution=...) above the splitting gives the flow, by every solver."""
    system, contacts, T, mu = near_degenerate()
    exact = oqs.landauer(system, contacts)(T, mu).particle
    model = oqs.davies(system, contacts, resolution=0.00402)
    for method in exact_methods(model):
        flows = oqs.flow_law(model, method=method)(T, mu)
        yield str(method), deviation(flows.particle, exact)


@claim("Fig. 1", "ratios of the weak-coupling limit", LARGEST_SOUND, name="audit of Fig. 1")
def audit_of_figure_1() -> Iterator[tuple[str, float]]:
    """The system of Fig. 1 is sound in the secular and the Born-Markov sense."""
    audit = oqs.audit(FIGURE_1.model(), FIGURE_1.T, FIGURE_1.mu)
    yield from ((assumption.name, assumption.ratio) for assumption in audit.assumptions)


@functools.cache
def _audits() -> tuple[tuple[oqs.Verdict, float], ...]:
    """Return verdict without looking at exact flows, and actual error, of random double dots."""
    audits = []
    for draw in np.random.default_rng(_SEED).spawn(_DOUBLE_DOTS):
        splitting, angle = 10 ** draw.uniform(-2.5, 0.3), draw.uniform(0.05, np.pi / 2)
        c, s = np.cos(angle / 2), np.sin(angle / 2)
        turn = np.array([[c, -s], [s, c]])
        level = draw.uniform(-0.5, 0.5)
        system = oqs.QuadraticSystem(turn @ np.diag([level, level + splitting]) @ turn.T)
        rates = 10 ** draw.uniform(-4, -1, size=2)
        couplings = np.eye(2) if draw.random() < 0.5 else draw.normal(size=(2, 2)) / np.sqrt(2)
        contacts = [
            oqs.Contact(oqs.flat(float(g)), t) for g, t in zip(rates, couplings, strict=True)
        ]
        T, mu = 10 ** draw.uniform(-0.3, 0.5, size=2), draw.uniform(-1, 1, size=2)
        audit = oqs.audit(oqs.davies(system, contacts), T, mu)
        verdict = max(a.verdict for a in audit.assumptions if a.name != "exact flows")
        audits.append((verdict, float("nan") if audit.error is None else audit.error))
    return tuple(audits)


@claim("Eq. (9)", "oqs.landauer on random double dots", LARGEST_SOUND)
def sound_means_accurate() -> Measurement:
    """Where every ratio is sound, the flows are within 10 % of the exact ones."""
    errors = [error for verdict, error in _audits() if verdict is oqs.Verdict.SOUND]
    detail = f"{len(errors)} of {len(_audits())} double dots are sound"
    return Measurement(largest(errors), detail=detail)


@claim("Eq. (9)", "oqs.landauer on random double dots", at_least(LARGEST_SOUND))
def unreliable_means_wrong() -> Measurement:
    """Where a ratio is unreliable, more than half of the flows are off by more than 10 %."""
    errors = [error for verdict, error in _audits() if verdict is oqs.Verdict.UNRELIABLE]
    detail = f"{len(errors)} of {len(_audits())} are unreliable"
    return Measurement(float(np.median(errors)), detail=detail)
