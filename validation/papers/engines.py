"""Heat engines of quantum dots."""

from __future__ import annotations

import functools
from typing import final

import numpy as np
import scipy.optimize
from matplotlib.axes import Axes

import oqs
import thermo
from oqs.arguments import FloatArray
from validation.framework.bounds import at_least, within
from validation.papers.paper import Comparison, Findings, paper

_FORMULA = "The text was not at hand; the formula is that which carries the paper's name."


def _level(w: float, lift: float, T: tuple[float, float]) -> thermo.Device:
    """Return a level at w above mu of the hot reservoir, T = (T_h, T_c), mu_c - mu_h = lift."""
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies([w]), [oqs.Contact(oqs.flat(0.01))] * 2)
    return thermo.device(law(T, [0.0, lift]), T, [0.0, lift])


def _best(eta_C: float) -> float:
    """Return the efficiency of one level at maximum power over its energy and the bias."""
    T = (1.0, 1.0 - eta_C)

    def lost(x: FloatArray) -> float:
        return -_level(x[0], x[1], T).power

    start = [2.4, 1.2 * eta_C]
    best = scipy.optimize.minimize(
        lost, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-19, "maxiter": 2000}
    )
    return _level(float(best.x[0]), float(best.x[1]), T).efficiency


@paper(
    "M. Esposito, K. Lindenberg, C. Van den Broeck",
    "EPL 85, 60010 (2009), arXiv:0808.0216",
    parameters="One level, two contacts of equal flat rates; energy and bias are optimised. The "
    "rate drops out of the efficiency.",
    read="Abstract read: agreement with Curzon and Ahlborn to second order. The third "
    "coefficient as another paper quotes it.",
)
def esposito_2009() -> Findings:
    """Thermoelectric efficiency at maximum power in a quantum dot."""
    carnot = np.linspace(0.03, 0.3, 6)
    efficiency = np.array([_best(eta) for eta in carnot])
    # eta/eta_C is a polynomial; six of its coefficients by collocation
    first, second, third = np.polynomial.polynomial.polyfit(carnot, efficiency / carnot, 5)[:3]

    def draw(axes: Axes) -> None:
        eta = np.linspace(0.005, 0.3, 100)
        axes.plot(eta, 1 / 2 + eta / 8 + 0.0775 * eta**2, label="the paper's series")
        axes.plot(eta, (1 - np.sqrt(1 - eta)) / eta, "--", label="Curzon and Ahlborn")
        axes.plot(carnot, efficiency / carnot, "o", label="one level, computed")
        axes.set(xlabel="$\\eta_C$", ylabel="$\\eta/\\eta_C$ at maximum power")

    return Findings(
        draw,
        Comparison("eta/eta_C as eta_C -> 0", first, within(0.5, 1e-4), "text: eta_C/2"),
        Comparison("coefficient of eta_C^2", second, within(1 / 8, 1e-3), "text: eta_C^2/8"),
        Comparison(
            "coefficient of eta_C^3",
            third,
            within(7 / 96 * 1.0627, 2e-3),
            "as quoted by Erdman et al. (arXiv:1702.06042), Eq. (D15): 7/96 (1 + 0.0627)",
        ),
    )


_ENGINE_T = (1.3, 1.0)  # of the hot and the cold lead, Josefsson et al.
_CARNOT = 1 - _ENGINE_T[1] / _ENGINE_T[0]
_AHLBORN = 1 - np.sqrt(_ENGINE_T[1] / _ENGINE_T[0])


def _exact_level(w: float, lift: float) -> thermo.Device:
    """Return a level at w above mu of the hot lead, broadened: by Landauer's formula."""
    dot = oqs.QuadraticSystem.from_energies([w])
    law = oqs.landauer(dot, [oqs.Contact(oqs.flat(0.03))] * 2)
    return thermo.device(law(_ENGINE_T, [0.0, lift]), _ENGINE_T, [0.0, lift])


def _draw_engines(levels: dict[str, float], axes: Axes) -> None:
    """Draw power over efficiency, along the bias, of levels by what the legend calls them."""
    for (label, w), style in zip(levels.items(), ("-", "--"), strict=True):
        path = [_exact_level(w, float(p * w * _CARNOT)) for p in 1 - np.geomspace(0.98, 0.02, 60)]
        inside = [device for device in path if device.power > 0]
        axes.plot(
            [device.efficiency / _CARNOT for device in inside],
            [device.power * 1e4 for device in inside],
            style,
            label=label,
        )
    axes.axvline(_AHLBORN / _CARNOT, color="grey", linestyle=":", label="Curzon and Ahlborn")
    axes.set(xlabel="$\\eta/\\eta_C$", ylabel="power ($10^{-4}\\,(k_B T_c)^2/\\hbar$)")


@paper(
    "M. Josefsson, A. Svilans, A. M. Burke, E. A. Hoffmann, S. Fahlvik, C. Thelander, M. "
    "Leijnse, H. Linke",
    "Nature Nanotechnology 13, 920 (2018), doi:10.1038/s41565-018-0200-5",
    parameters=(
        "Ours, for want of theirs: one level, exact (Landauer), rates 0.03 k_B T_c, T_h/T_c = 1.3."
    ),
    read="Abstract read; temperatures, rates and the measured curves were not at hand.",
)
def josefsson_2018() -> Findings:
    """A quantum-dot heat engine operating close to the thermodynamic efficiency limits."""

    def efficiency(x: FloatArray) -> float:
        device = _exact_level(float(x[0]), float(x[1]))
        return device.efficiency if device.power > 0 else 0.0

    def power(x: FloatArray) -> float:
        return _exact_level(float(x[0]), float(x[1])).power

    options = {"xatol": 1e-5, "fatol": 1e-11}
    strongest, best = (
        scipy.optimize.minimize(
            lambda x, f=f: -f(x), start, method="Nelder-Mead", options=options
        ).x
        for f, start in ((power, [2.6, 0.3]), (efficiency, [3.5, 0.6]))
    )
    shown = {"level of maximum power": strongest[0], "of best efficiency": best[0]}
    return Findings(
        functools.partial(_draw_engines, shown),
        Comparison(
            "best efficiency over Carnot's, at finite power",
            efficiency(best) / _CARNOT,
            at_least(0.7),
            "abstract: in excess of 70 % of the Carnot efficiency",
        ),
        Comparison(
            "efficiency at maximum power",
            efficiency(strongest),
            within(_AHLBORN, 0.02),
            "abstract: in agreement with Curzon and Ahlborn, 1 - sqrt(T_c/T_h)",
        ),
    )


_U, _COLD = 1.0, 0.3  # of the harvester


@final
class _Harvester:
    """Two leads at one temperature on a dot, a hot gate on the other; the lead's filters differ."""

    def __init__(self) -> None:
        dots = oqs.coupled_dots(levels=[0.0, 0.0], U=_U)
        contacts = [
            oqs.Contact(lambda w: 0.01 * (w < _U / 2), [1, 0], name="left"),
            oqs.Contact(lambda w: 0.01 * (w > _U / 2), [1, 0], name="right"),
            oqs.Contact(oqs.flat(0.01), [0, 1], name="hot"),
        ]
        self._law = oqs.flow_law(oqs.davies(dots, contacts))

    def flows(self, bias: float, hot: float) -> oqs.Flows:
        return self._law([_COLD, _COLD, hot], [0.5 - bias / 2, 0.5 + bias / 2, 0.5])

    def power(self, bias: float, hot: float) -> float:
        return float(self.flows(bias, hot).particle[0]) * bias

    def efficiency(self, bias: float, hot: float) -> float:
        return self.power(bias, hot) / float(self.flows(bias, hot).heat[2])

    def stall(self, hot: float) -> float:
        """Return the bias at which no current flows."""

        def current(bias: float) -> float:
            return float(self.flows(bias, hot).particle[0])

        return float(scipy.optimize.brentq(current, 0.0, _U, xtol=1e-13))

    def strongest(self, hot: float) -> float:
        """Return the bias of most power."""
        return float(
            scipy.optimize.minimize_scalar(
                lambda bias: -self.power(bias, hot),
                bounds=(0.0, self.stall(hot)),
                method="bounded",
                options={"xatol": 1e-9},
            ).x
        )

    def draw(self, axes: Axes) -> None:
        for temperature in (0.5, 0.7, 1.0):
            bias = np.linspace(0.0, self.stall(temperature), 60)
            power = [self.power(b, temperature) * 1e4 for b in bias]
            axes.plot(bias / _U, power, label=f"$T_h = {temperature}\\,U$")
        axes.set(xlabel="bias over $U$", ylabel="power ($10^{-4}\\,U^2/\\hbar$)")


@paper(
    "R. Sanchez, M. Buttiker",
    "Phys. Rev. B 83, 085428 (2011), arXiv:1008.3528",
    parameters="Their ideal filters: the left lead at the energy of the empty hot dot only, the "
    "right lead U above only; T_c = 0.3 U and rates 0.01 U are ours and drop out.",
    read="Abstract read; the other two numbers follow from the tight coupling that it states.",
)
def sanchez_buttiker_2011() -> Findings:
    """Optimal energy quanta to current conversion."""
    engine = _Harvester()
    unbiased, hot, warm = engine.flows(0.0, 1.0), 1.0, 1.02 * _COLD
    return Findings(
        engine.draw,
        Comparison(
            "electrons for each quantum U from the hot dot",
            float(unbiased.particle[0] / (unbiased.heat[2] / _U)),
            within(1.0, 1e-12),
            "abstract: charge current over heat current is charge quantum over energy quantum",
        ),
        Comparison(
            "bias at which the current stalls, over U",
            engine.stall(hot) / _U,
            within(1 - _COLD / hot, 1e-9),
            "tight coupling, U (1 - T_c/T_h): Carnot's efficiency there",
        ),
        Comparison(
            "efficiency at maximum power over Carnot's, T_h/T_c = 1.02",
            engine.efficiency(engine.strongest(warm), warm) / (1 - _COLD / warm),
            within(0.5, 0.01),
            "linear response at tight coupling: half of Carnot's",
        ),
    )


@paper(
    "T. E. Humphrey, R. Newbury, R. P. Taylor, H. Linke",
    "Phys. Rev. Lett. 89, 116801 (2002), doi:10.1103/PhysRevLett.89.116801",
    parameters="T = 2, 1 and mu = 0, 0.6 are ours.",
    read=_FORMULA,
)
def humphrey_2002() -> Findings:
    """Reversible quantum Brownian heat engines for electrons."""
    T, mu = (2.0, 1.0), (0.0, 0.6)
    meeting = (mu[1] * T[0] - mu[0] * T[1]) / (T[0] - T[1])

    def level(w: float) -> thermo.Device:
        return _level(w, mu[1], T)  # mu_h = 0

    reversible = scipy.optimize.brentq(lambda w: level(w).power, 0.7, 2.0, xtol=1e-14)

    def draw(axes: Axes) -> None:
        w = np.linspace(0.62, 4.0, 300)
        axes.plot(w, [level(x).power * 1e4 for x in w], label="power")
        axes.axvline(meeting, color="grey", linestyle=":", label="$E_0$ of the paper")
        axes.axhline(0.0, color="black", linewidth=0.5)
        axes.set(
            xlabel="energy of the level ($k_B T_c$)",
            ylabel="power ($10^{-4}\\,(k_B T_c)^2/\\hbar$)",
        )

    return Findings(
        draw,
        Comparison(
            "energy at which a level carries nothing",
            float(reversible),
            within(meeting, 1e-9),
            "E_0 = (mu_c T_h - mu_h T_c)/(T_h - T_c): equal occupations",
        ),
        Comparison(
            "efficiency just above it, over Carnot's",
            level(meeting * (1 + 1e-6)).over_carnot,
            within(1.0, 1e-5),
            "abstract: an electron engine may reach Carnot's efficiency",
        ),
    )


@paper(
    "G. D. Mahan, J. O. Sofo",
    "Proc. Natl. Acad. Sci. 93, 7436 (1996), doi:10.1073/pnas.93.15.7436",
    parameters="One weakly coupled level is their delta-shaped distribution; its rate drops out.",
    read="The text was not at hand; 2.4 is the number that the field quotes.",
)
def mahan_sofo_1996() -> Findings:
    """The best thermoelectric."""
    contacts = [oqs.Contact(oqs.flat(0.01))] * 2

    def response(x: float) -> oqs.LinearResponse:
        model = oqs.davies(oqs.QuadraticSystem.from_energies([x]), contacts)
        return oqs.linear_response(model, T=1.0, mu=0.0)

    def factor(x: float) -> float:
        at = response(x)
        return float(at.conductance * at.seebeck**2)

    best = scipy.optimize.minimize_scalar(
        lambda x: -factor(x), bounds=(1.0, 4.0), method="bounded", options={"xatol": 1e-10}
    ).x
    heat = float(response(2.4).thermal_conductance)

    def draw(axes: Axes) -> None:
        x = np.linspace(0.05, 8.0, 200)
        axes.plot(x, [factor(v) * 1e3 for v in x], label="$G S^2$ of one level")
        axes.axvline(2.4, color="grey", linestyle=":", label="2.4 of the paper")
        axes.set(xlabel="$(E - \\mu)/k_B T$", ylabel="power factor ($10^{-3}\\,k_B^2/\\hbar$)")

    return Findings(
        draw,
        Comparison(
            "(E - mu)/T of the largest power factor",
            float(best),
            within(2.4, 0.005),
            "text: the delta-like distribution lies 2.4 k_B T from mu",
        ),
        Comparison(
            "electrons' heat conductance at zero current over G S^2 T",
            abs(heat) / factor(2.4),
            within(0.0, 1e-12),
            "a delta-like distribution carries no heat without current",
        ),
    )
