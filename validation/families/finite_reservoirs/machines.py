"""Reservoirs as machines: both laws, Carnot's bounds, maximum power, transient cooling."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator

import numpy as np
import scipy.integrate
import scipy.optimize

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.families.finite_reservoirs.paper_figures import path as evolution
from validation.framework.bounds import at_most, within
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import largest
from validation.systems import random_systems
from validation.systems.cases import FIGURE_1
from validation.systems.settings import Setting

ROUNDING = 1e-12  # relative; solvers leave up to a hundred eps of it
_OF_EACH_KIND, _LEVELS = 100, 60
_CARNOT = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3])


def _settings(rng: np.random.Generator) -> Iterator[Setting]:
    return random_systems.mixed(
        rng, distinct=_OF_EACH_KIND, collective=_OF_EACH_KIND, with_interactions=_OF_EACH_KIND
    )


def _device(setting: Setting) -> tuple[oqs.Flows, thermo.Device]:
    flows = oqs.flow_law(setting.model)(setting.T, setting.mu)
    return flows, thermo.device(flows, setting.T, setting.mu)


def level(w: float, lift: float, T: tuple[float, float]) -> thermo.Device:
    """Return one level at w above mu of the hot reservoir, mu of the cold one higher by `lift`.

    T = (T_h, T_c). Its contacts are equal and do not depend on frequency.
    """
    dot = oqs.QuadraticSystem.from_energies([w])
    law = oqs.closed_form(dot, [oqs.Contact(oqs.flat(0.01 * T[0])) for _ in T])
    mu = [0.0, lift]
    return thermo.device(law(T, mu), T, mu)


def _levels(rng: np.random.Generator) -> Iterator[tuple[str, float, float, thermo.Device]]:
    """Yield name, w, lift, device of engines and refrigerators in turn, at three scales.

    A level at w stops at (w - lift)/T_c = w/T_h; below that lift it is an engine, above, as long as
    lift < w, a refrigerator.
    """
    for index, draw in enumerate(rng.spawn(_LEVELS)):
        scale = random_systems.SCALES[index % len(random_systems.SCALES)]
        hot, cold = scale, scale * draw.uniform(0.2, 0.95)
        w = scale * draw.uniform(0.5, 5.0)
        stop, part = w * (1 - cold / hot), draw.uniform(0.05, 0.95)
        engine = index % 2 == 0
        lift = stop * part if engine else stop + (w - stop) * part
        name = f"{'engine' if engine else 'refrigerator'} {index}"
        yield name, w, lift, level(w, lift, (hot, cold))


@claim("Eq. (3)", "the first law: P = sum_j Y_j", ROUNDING, over=_settings)
def power_is_heat(setting: Setting) -> float:
    """The work that lifts particles to higher mu is the heat that the reservoirs lose in all."""
    flows, machine = _device(setting)
    gross = np.sum(np.abs(flows.energy) + np.abs(setting.mu * flows.particle))
    return abs(machine.power - float(flows.heat.sum())) / float(gross)


@claim("Eq. (3)", "1: efficiency, or cop, over the bound of Device.carnot", at_most(1.0))
def no_device_beats_Carnot(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Engines and refrigerators between any number of temperatures stay below their bound."""
    for setting in _settings(rng):
        _, device = _device(setting)
        # power and cooling at once: no single bound
        if (device.power > device.floor) != (device.cooling_power > device.floor):
            yield setting.name, device.over_carnot
    yield from ((name, device.over_carnot) for name, _, _, device in _levels(rng))


@claim("Eq. (3)", "eta = eta_C - T_c sigma/Y_h;  W = Y_c (T_h - T_c)/T_c + T_h sigma", ROUNDING)
def efficiency_and_entropy(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """What a machine between two temperatures lacks to Carnot is the entropy it produces."""

    def measure(device: thermo.Device) -> float:
        cold, hot = float(device.T.min()), float(device.T.max())
        heat_hot = float(device.heat[hot == device.T].sum())
        lost = device.entropy_production
        if device.mode is thermo.Regime.ENGINE:
            return abs(device.efficiency - (1 - cold / hot - cold * lost / heat_hot))
        work = device.cooling_power * (hot - cold) / cold + hot * lost
        return abs(device.cooling_power / device.cop - work) / abs(heat_hot)

    for setting in _settings(rng):
        # the reservoirs in turn at two temperatures
        two = dataclasses.replace(setting, T=np.resize(setting.T[:2], len(setting.T)))
        _, device = _device(two)
        if device.mode in (thermo.Regime.ENGINE, thermo.Regime.REFRIGERATOR):
            yield setting.name, measure(device)
    yield from ((name, measure(device)) for name, _, _, device in _levels(rng))


@claim("Eq. (10)", "eta = (mu_c - mu_h)/(w - mu_h), cop = (w - mu_c)/(mu_c - mu_h)", ROUNDING)
def tight_coupling(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Through one level every particle carries the same heat, whatever the temperatures."""
    for name, w, lift, device in _levels(rng):
        if device.mode is thermo.Regime.ENGINE:
            yield name, abs(device.efficiency / (lift / w) - 1)
        else:
            yield name, abs(device.cop / ((w - lift) / lift) - 1)


# tolerance: the distance from stopping is 1e-6 of the lift
@claim("Eq. (10)", "1: efficiency, or cop, over Carnot's at vanishing flows", 1e-5)
def Carnot_at_stopping() -> Iterator[tuple[str, float]]:
    """One level is reversible where it stops, as an engine and as a refrigerator."""
    for cold, w, side in itertools.product((0.3, 0.8), (1.0, 4.0), (1 - 1e-6, 1 + 1e-6)):
        device = level(w, w * (1 - cold) * side, (1.0, cold))
        yield f"T_c = {cold}, w = {w}, lift times {side}", abs(device.over_carnot - 1)


@functools.cache
def series() -> FloatArray:
    """Return c_1, c_2, c_3 of eta = c_1 eta_C + c_2 eta_C^2 + ... at maximum power, by a fit.

    The level and the lift are found by `thermo.maximum_power` at each eta_C.
    """

    def at_maximum(eta: float) -> float:
        T = (1.0, 1 - eta)
        best = thermo.maximum_power(
            lambda w, lift: level(w, lift * eta, T), {"w": (0.5, 6.0), "lift": (0.0, 6.0)}
        )
        w, lift = best.parameters["w"], best.parameters["lift"]
        return level(w, lift * eta, T).efficiency

    efficiencies = np.array([at_maximum(float(eta)) for eta in _CARNOT])
    powers = _CARNOT[:, None] ** np.arange(1, len(_CARNOT) + 1)
    coefficients: FloatArray = np.linalg.solve(powers, efficiencies)
    return coefficients[:3]


@claim(
    "Eq. (10)",
    "1/2: Van den Broeck, PRL 95, 190602 (2005), tight coupling",
    within(0.5, 1e-5),
    name="maximum power, first order",
)
def maximum_power_first() -> float:
    """The efficiency of one level at maximum power begins as eta_C/2."""
    return float(series()[0])


@claim(
    "Eq. (10)",
    "1/8: Esposito, Lindenberg, Van den Broeck, PRL 102, 130602 (2009), symmetric",
    within(0.125, 1e-4),
    name="maximum power, second order",
)
def maximum_power_second() -> float:
    """The efficiency of one level at maximum power goes on as eta_C^2/8."""
    return float(series()[1])


@claim(
    "Eq. (10)",
    "[7 + csch^2(a/2)]/96, a = 2 coth(a/2): Esposito et al., EPL 85, 60010 (2009)",
    2e-3,
    name="maximum power, third order",
)
def maximum_power_third() -> Measurement:
    """The third order, which is the level's own, is the published one."""
    a = scipy.optimize.brentq(lambda x: x * np.tanh(x / 2) - 2, 1.0, 4.0)
    return Measurement(float(series()[2]), reference=float((7 + np.sinh(a / 2) ** -2) / 96))


def absorption(
    energy: float, U: float, T: tuple[float, float, float]
) -> tuple[oqs.FlowLaw, FloatArray]:
    """Return the law of an absorption refrigerator of two Coulomb-coupled dots, and its mu.

    Reservoirs cold, middle, hot at one mu. Dot 0 takes an electron from the cold one at `energy`
    while dot 1 is empty and gives it to the middle one at energy + U while dot 1 is filled by the
    hot one: U of heat from hot carries `energy` of heat from cold to middle.
    """

    def around(w: float) -> oqs.Contact:
        def window(x: FloatArray) -> FloatArray:
            return np.where(np.abs(x - w) < U / 2, 0.01 * U, 0.0)

        return oqs.Contact(window, coupling=[1.0, 0.0])

    dots = oqs.InteractingSystem.from_terms(np.diag([energy, -0.5 * U]), U={(0, 1): U})
    hot = oqs.Contact(oqs.flat(0.01 * U), coupling=[0.0, 1.0])
    model = oqs.davies(dots, [around(energy), around(energy + U), hot])
    return oqs.flow_law(model), np.zeros(len(T))


@claim("Eq. (3)", "cop = energy/U, reversible at T_c (1 - T_m/T_h)/(T_m - T_c)", ROUNDING)
def absorption_refrigerator() -> Iterator[tuple[str, float]]:
    """Two Coulomb-coupled dots cool without work, one quantum of cold for one of hot."""
    cases = [(0.4, 1.0, (0.5, 0.8, 2.0)), (1.0, 2.0, (0.7, 0.9, 1.5)), (0.3, 0.1, (0.9, 1.0, 3.0))]
    for energy, U, T in cases:
        law, mu = absorption(energy, U, T)
        device = thermo.device(law(T, mu), T, mu)
        cold, middle, hot = T
        bound = cold * (1 - middle / hot) / (middle - cold)
        off = largest(
            abs(device.cop / (energy / U) - 1),
            abs(device.carnot / bound - 1),
            abs(device.power) / device.cooling_power,
        )
        yield f"energy {energy}, U {U}", off


@claim(
    "Fig. 1",
    "the event of the tighter run; T = T(0) at the end of the duration",
    1e-7,
    name="depth, time and duration of cooling",
)
def transient_cooling() -> Measurement:
    """The transient cooling of the coldest reservoir is where and what its minimum is."""
    path = evolution(FIGURE_1, "Sommerfeld")
    cooled = thermo.cooling(path)[0]
    (event,) = [e for e in path.extrema if (e.kind, e.reservoirs) == ("T minimum", (0,))]
    back = float(path.at(cooled.duration).T[0] / path.T[0, 0])
    value = largest(
        abs(cooled.lowest / event.value - 1), abs(cooled.time / event.time - 1), abs(back - 1)
    )
    detail = f"depth {cooled.depth:.4f} at {cooled.time:.4g}, for {cooled.duration:.4g}"
    return Measurement(value, detail=detail)


@claim("Fig. 1", "-sum_j Y_j/T_j integrated over time by adaptive quadrature", 1e-8)
def entropy_cost_of_cooling() -> Measurement:
    """The entropy of the reservoirs at the coldest moment is what the flows produced."""
    path, law = evolution(FIGURE_1, "Sommerfeld"), FIGURE_1.closed_form()

    def production(t: float) -> float:
        state = path.at(t)
        return thermo.device(law(*state), *state).entropy_production

    cooled = thermo.cooling(path)[0]
    total, _ = scipy.integrate.quad(production, 0.0, cooled.time, epsrel=1e-10, limit=200)
    return Measurement(abs(cooled.entropy_cost / total - 1), detail=f"{cooled.entropy_cost:.6g}")
