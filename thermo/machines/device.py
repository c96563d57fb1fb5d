"""Stationary flows judged as a machine: what it does, how well, and how far from reversible."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array, read_only, temperatures_and_potentials
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.flows import Flows
from oqs.state.entropy import clausius_sum
from oqs.summary import Summarised, Summary, counted, few_digits, reservoir_names
from thermo.machines.regimes import Regime

_EPS = float(np.finfo(np.float64).eps)
_ROUNDING = 8 * _EPS  # of a sum of a few terms, relative to their sizes
_STATIONARY = 1e-6  # relative; a law by quadrature passes, the flows of a moving state do not


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Device(Summarised):
    """What reservoirs in a stationary state do; made by `device`.

    Reservoirs of one temperature count together as one bath; baths are compared by temperature.

    Parameters
    ----------
    T : (n,) in units of energy. Read-only.
    heat : (n,) Y_j, positive where a reservoir loses heat; units of energy squared. Read-only.
    power : electrical work done on the reservoirs per unit time, -sum_j mu_j P_j, by the first law
        sum_j Y_j. Positive where particles are lifted to the higher mu.
    entropy_production : -sum_j Y_j/T_j >= 0, in units of energy.
    floor : what the flows leave unknown of a heat or of the power: how far they miss the laws of
        conservation, and the rounding of their terms. A number not above it has no sign here.
    names : (n,) of the reservoirs, as of the flows; None where these have none.

    Notes
    -----
    Conventions of Benenti, Casati, Saito, Whitney, Phys. Rep. 694, 1 (2017),
    doi:10.1016/j.physrep.2017.05.008; modes as in `Regime`, here for the sum over all frequencies.

    Examples
    --------
    >>> law = oqs.closed_form(
    ...     oqs.QuadraticSystem.from_energies([3.0]), [oqs.Contact(oqs.flat(0.01))] * 2
    ... )
    >>> engine = thermo.device(law([1.0, 2.0], [1.0, 0.0]), T=[1.0, 2.0], mu=[1.0, 0.0])
    >>> print(f"{engine.mode}: power {engine.power:.3e}, efficiency {engine.efficiency:.4f}")
    engine: power 3.161e-04, efficiency 0.3333
    """

    T: FloatArray
    heat: FloatArray
    power: float
    entropy_production: float
    floor: float
    names: tuple[str | None, ...] | None = None

    @property
    def mode(self) -> Regime:
        """What the device is, by the signs of its heats and of its power.

        BALANCED : no heat flows.
        REFRIGERATOR : the coldest bath loses heat and no power comes out: driven by work, or by
            the heat of another bath (absorption). Judged by `heating_cop` it is a heat pump.
        ENGINE : power comes out, and the coldest bath loses no heat.
        HEATER : power goes in, and no bath loses heat.
        CONDUCTOR : no power, and the coldest bath loses no heat.
        ACCELERATOR : of two baths, the hot one loses heat, the cold one gains more.
        TRANSPORTER : one temperature; one reservoir loses heat, the others gain more.

        Raises ValueError for what has no single name: between three temperatures or more, power
        and cooling at once, or power that goes in and cools a bath other than the coldest.
        """
        baths, power = self._signs(self._baths[1]), self._signs(np.array(self.power))
        reservoirs = self._signs(self.heat)
        if not reservoirs.any():
            return Regime.BALANCED
        if len(baths) == 1:
            return Regime.TRANSPORTER if np.any(reservoirs > 0) else Regime.HEATER
        if baths[0] > 0 and power <= 0:
            return Regime.REFRIGERATOR
        if baths[0] <= 0 and power > 0:
            return Regime.ENGINE
        if baths[0] <= 0 and power == 0:
            return Regime.CONDUCTOR
        if np.all(baths <= 0):
            return Regime.HEATER
        if len(baths) == 2:
            return Regime.ACCELERATOR
        raise ValueError(
            f"A device between {len(baths)} temperatures must do one thing to have a `mode`, but "
            f"this one has power {self.power:.6g} and heats {self.heat.tolist()}. "
            "Read `power`, `heat`, `cooling_power` and `entropy_production`."
        )

    @property
    def cooling_power(self) -> float:
        """Heat that the coldest bath loses per unit time; negative where it is heated."""
        return float(self._baths[1][0])

    @property
    def efficiency(self) -> float:
        """Power of an engine over the heat of all baths that lose heat; ValueError for no engine.

        Between two temperatures it is carnot - T_c entropy_production / Y_h.
        """
        self._must_be(Regime.ENGINE, "efficiency")
        return self.power / float(self._donors.sum())

    @property
    def cop(self) -> float:
        """Cooling power of a refrigerator over what drives it; ValueError for no refrigerator.

        What drives it is the power that goes in and the heat that baths other than the coldest
        lose.
        """
        self._must_be(Regime.REFRIGERATOR, "cop")
        return self.cooling_power / self._drive

    @property
    def heating_cop(self) -> float:
        """The same device as a heat pump: all heat delivered over what drives it, 1 + cop."""
        return 1 + self.cop

    @property
    def carnot(self) -> float:
        """The most that the second law allows `efficiency`, or `cop`, to be with these donors.

        T_m is the lowest temperature of the baths that gain heat, D_j the heats of those that lose
        it, W = -power the work that goes in:

        engine: sum_j D_j (1 - T_m/T_j) / sum_j D_j;  between two baths 1 - T_c/T_h.
        refrigerator, sums without the coldest bath: T_c/(T_m - T_c) times
        (W + sum_j D_j (1 - T_m/T_j)) / (W + sum_j D_j);  T_c/(T_h - T_c) between two baths,
        T_c (1 - T_m/T_h)/(T_m - T_c) for absorption between three.

        Raises ValueError for a device that is neither.
        """
        mode = self.mode
        if mode not in (Regime.ENGINE, Regime.REFRIGERATOR):
            raise ValueError(_undefined(mode, "carnot"))
        temperatures, heats = self._baths
        gaining = self._signs(heats) < 0
        if not gaining.any():
            raise ValueError(
                f"A device must deliver heat beyond its floor {self.floor:.3g} to have a Carnot "
                f"bound, but its heats are {self.heat.tolist()}. Give flows of more digits."
            )
        sink = float(temperatures[gaining].min())
        useful = self._donors * (1 - sink / temperatures)
        if mode is Regime.ENGINE:
            return float(useful.sum() / self._donors.sum())
        cold = float(temperatures[0])
        return cold / (sink - cold) * (float(useful[1:].sum()) - self.power) / self._drive

    @property
    def over_carnot(self) -> float:
        """Efficiency, or cop, over `carnot`: 1 for a reversible device."""
        carnot = self.carnot  # refuses what is neither
        return (self.efficiency if self.mode is Regime.ENGINE else self.cop) / carnot

    @property
    def _baths(self) -> tuple[FloatArray, FloatArray]:
        """Distinct temperatures (b,), ascending, and the heat (b,) lost at each."""
        temperatures, place = np.unique(self.T, return_inverse=True)
        heats = np.zeros(len(temperatures))
        np.add.at(heats, place, self.heat)
        return temperatures, heats

    @property
    def _donors(self) -> FloatArray:
        """Heats (b,) of the baths that lose heat, 0 for the others."""
        heats = self._baths[1]
        return np.where(self._signs(heats) > 0, heats, 0.0)

    @property
    def _drive(self) -> float:
        """Power that goes in and heat lost by all baths but the coldest."""
        drive = float(self._donors[1:].sum()) - self.power
        if not drive > self.floor:
            raise ValueError(
                f"A refrigerator must be driven by more than its floor {self.floor:.3g} to have a "
                f"cop, but is driven by {drive:.3g}. Give flows of more digits."
            )
        return drive

    def _signs(self, values: FloatArray) -> FloatArray:
        return np.where(np.abs(values) > self.floor, np.sign(values), 0.0)

    def _must_be(self, needed: Regime, quantity: str) -> None:
        mode = self.mode
        if mode is not needed:
            raise ValueError(_undefined(mode, quantity))

    def summary(self) -> Summary:
        """Return power, heats and entropy production."""
        names = reservoir_names(self.names, len(self.T))
        rows = [
            (name, f"{T:.6g}", f"{heat:.6g}")
            for name, T, heat in zip(names, self.T, self.heat, strict=True)
        ]
        facts = [
            ("", ", ".join(names)),
            ("power", f"{self.power:.6g}"),
            ("heat", few_digits(self.heat)),
            ("T", few_digits(self.T)),
            ("entropy production", f"{self.entropy_production:.6g}"),
        ]
        heads = ("reservoir", "T (E_0)", "heat out (E_0²/hbar)")
        return Summary(f"Device of {counted(len(self.T), 'reservoir')}", facts, heads, rows)

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset: T and heat over `reservoir`, power, entropy production."""
        tables = {
            "T": ("reservoir", self.T),
            "heat": ("reservoir", self.heat, "E_0^2/hbar", "heat out"),
            "power": ((), self.power, "E_0^2/hbar", "work on them"),
            "entropy_production": ((), self.entropy_production, "E_0/hbar"),
        }
        return dataset(tables, {"reservoir": list(reservoir_names(self.names, len(self.T)))})


@exported
def device(flows: Flows, T: ArrayLike, mu: ArrayLike) -> Device:
    """Return what reservoirs with these stationary flows do as a machine.

    Parameters
    ----------
    flows : (n,) of one state: law(T, mu).
    T, mu : (n,) at which the law was asked, in units of energy (k_B = 1); mu may be NaN where no
        particles flow, as of phonons.

    Raises
    ------
    TypeError, ValueError
        if T, mu do not fit the flows (then Y_j is not J_j - mu_j P_j, or sum_j Y_j/T_j > 0), or
        the flows are not stationary: particles and energy must add up to zero to 1e-6.

    Examples
    --------
    >>> law = oqs.closed_form(
    ...     oqs.QuadraticSystem.from_energies([3.0]), [oqs.Contact(oqs.flat(0.01))] * 2
    ... )
    >>> engine = thermo.device(law([1.0, 2.0], [1.0, 0.0]), T=[1.0, 2.0], mu=[1.0, 0.0])
    >>> str(engine.mode), engine.heat.round(6)
    ('engine', array([-0.000632,  0.000948]))
    """
    if not isinstance(flows, Flows) or flows.particle.ndim != 1:
        given = f"shape {flows.heat.shape}" if isinstance(flows, Flows) else type(flows).__name__
        raise TypeError(
            f"Argument `flows` must be oqs.Flows of shape (n,), but is {given}. "
            "Give law(T, mu) of one state."
        )
    temperature, potential = temperatures_and_potentials(
        T, _where_it_counts(mu, flows), flows.reservoirs
    )
    # only differences of mu do work: where particles add up to zero the origin does not matter
    moved = flows.particle != 0
    lowest = np.minimum.reduce(potential, initial=np.inf, where=moved)
    potential_above = np.where(moved, potential - lowest, 0)
    floor = _floor(flows, potential, potential_above)
    production = -float(clausius_sum(flows, temperature))
    if not production >= -floor / float(temperature.min()):
        raise ValueError(
            f"Argument `flows` must obey the second law at `T`, but sum_j Y_j/T_j is "
            f"{-production:.6g} > 0. Give the T at which the law was asked, in its order."
        )
    return Device(
        T=read_only(temperature.copy()),
        heat=flows.heat,
        power=-float(potential_above @ flows.particle),
        entropy_production=production,
        floor=floor,
        names=flows.names,
    )


def _where_it_counts(mu: ArrayLike, flows: Flows) -> ArrayLike:
    """Return mu with 0 for NaN where no particles flow."""
    potential = float_array("mu", mu, "Give the mu of law(T, mu).")
    unknown = np.isnan(potential)
    if potential.shape != flows.particle.shape or not unknown.any():
        return mu
    return np.where(unknown & (flows.particle == 0), 0.0, potential)


def _undefined(mode: Regime, quantity: str) -> str:
    needed = {"efficiency": "an engine", "cop": "a refrigerator"}
    return (
        f"A device must be {needed.get(quantity, 'an engine or a refrigerator')} to have "
        f"`{quantity}`, but its mode is {mode}. Read `power`, `heat` and `entropy_production`."
    )


def _floor(flows: Flows, mu: FloatArray, above: FloatArray) -> float:
    """Return what the flows leave unknown of a heat, after checking that they are stationary."""
    terms = np.abs(flows.energy) + np.abs(mu * flows.particle)  # (n,)
    missing = np.abs(flows.heat - (flows.energy - mu * flows.particle))
    if np.any(missing > _STATIONARY * terms):
        j = int(np.argmax(missing))
        raise ValueError(
            f"Argument `mu` must be what the flows were made with, Y_j = J_j - mu_j P_j, but for "
            f"reservoir {j} these differ by {missing[j]:.6g}. Give the mu of law(T, mu)."
        )
    for name, values, scale in (
        ("particle", flows.particle, np.sum(np.abs(flows.particle))),
        ("energy", flows.energy, np.sum(terms)),
    ):
        if abs(values.sum()) > _STATIONARY * scale:
            raise ValueError(
                f"Argument `flows` must be stationary, but its {name} flows "
                f"{values.tolist()} do not add up to zero. Give law(T, mu) of a stationary state."
            )
    lost = abs(flows.energy.sum()) + float(above.max()) * abs(flows.particle.sum())
    return float(lost + _ROUNDING * np.sum(terms))
