"""An engine over a grid of a parameter and a bias: power, efficiency, noise and their trade-off."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import has_shape, real_array, real_row
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.flows import Flows
from oqs.generator.model import Model
from thermo.machines.fluctuations import DeviceFluctuations, fluctuations_of

_MADE: Final = "Give a function such as lambda level: oqs.davies(system(level), contacts)."
_COLUMNS: Final = {
    "power": ("power -sum_j mu_j P_j", "E_0^2/hbar"),
    "power_noise": ("zero-frequency variance of the power", "E_0^3/hbar"),
    "efficiency": ("power over the heat of the baths that lose heat", "1"),
    "over_carnot": ("efficiency over Carnot's", "1"),
    "constancy": ("power^2 over its noise", "E_0/hbar"),
    "uncertainty": ("entropy production times noise over power^2", "1"),
    "multidimensional": ("2 I S^-1 I over the entropy production", "1"),
    "entropy_production": ("-sum_j Y_j/T_j", "E_0/hbar"),
}


@exported
def device_map(
    build: Callable[[float], Model],
    parameter: ArrayLike,
    bias: ArrayLike,
    T: ArrayLike,
    *,
    shares: ArrayLike = (0.5, -0.5),
    name: str = "parameter",
) -> xr.Dataset:
    """Return power, efficiency and their fluctuations over a parameter of a device and its bias.

        mu_j = s_j V,    power_noise >= 2 T_c power efficiency/(carnot - efficiency)

    for jumps between populations: the nearer to Carnot, the noisier. The numbers are those of
    `device_fluctuations`; all bias points of one parameter are worked out together.

    Parameters
    ----------
    build : parameter -> model, made by `oqs.davies` or another generator.
    parameter : (G,), such as the energy of a level.
    bias : (V,) units of energy.
    T : (n,) temperatures of the reservoirs.
    shares : (n,) s_j of the bias; half up and half down by default, for two reservoirs.
    name : of the parameter's axis.

    Returns
    -------
    xarray.Dataset : over (name, bias), for `plot_map` and `plot_efficiency_noise`: power,
        power_noise, efficiency and over_carnot (NaN where it is no engine), constancy, uncertainty
        (NaN without power), multidimensional, entropy_production; attribute T.

    Raises
    ------
    NonUniqueStationaryState, StationaryStateNotFound
        as `oqs.noise` does.
    TypeError, ValueError
        if `build` makes no model, or an argument has another shape or range.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> def level(w):
    ...     return oqs.davies(oqs.QuadraticSystem([[w]]), leads)
    >>> table = thermo.device_map(level, [2.0, 3.0], [0.4, 0.8], T=[1.0, 2.0], name="w")
    >>> table.over_carnot.round(3).values.tolist(), bool((table.uncertainty >= 2).all())
    ([[0.364, 0.667], [0.25, 0.471]], True)
    """
    if not callable(build):
        raise TypeError(f"Argument `build` must be a function, but is {build!r}. {_MADE}")
    if not isinstance(name, str) or name == "bias":
        raise TypeError(
            f"Argument `name` must be a text other than 'bias', but is {name!r}. Give e.g. 'level'."
        )
    split = real_row("shares", shares, "Give the share of the bias of each reservoir.", length="n")
    points = "Give the points of the axis."
    grid = real_row("parameter", parameter, points), real_row("bias", bias, points)
    warm = real_array("T", T, "Give the temperature of each reservoir.")
    has_shape("T", warm, split.shape, "Give as many as `shares` has entries.")
    potentials = np.multiply.outer(grid[1], split)
    temperatures = np.tile(warm, (len(grid[1]), 1))
    values = np.full((len(_COLUMNS), len(grid[0]), len(grid[1])), math.nan)
    for row, value in enumerate(grid[0].tolist()):
        noise = oqs.noise(_model(build, value), temperatures, potentials)
        for column in range(len(grid[1])):
            values[:, row, column] = list(_numbers(_of(noise, column)).values())
    axes = (name, "bias")
    tables = {
        key: (axes, column, units, text)
        for column, (key, (text, units)) in zip(values, _COLUMNS.items(), strict=True)
    }
    return dataset(tables, dict(zip(axes, grid, strict=True)), {"T": warm})


def _model(build: Callable[[float], Model], value: float) -> Model:
    model = build(value)
    if not isinstance(model, Model):
        raise TypeError(
            f"Argument `build` must return a model, but at {value!r} returned "
            f"{type(model).__name__}. {_MADE}"
        )
    return model


def _of(noise: oqs.Noise, row: int) -> DeviceFluctuations:
    """Return the device at one point of a batch (V,)."""
    flows, mu = noise.flows, noise.mu[row]
    one = Flows.of(flows.particle[row], flows.energy[row], mu, flows.names)
    second, heat = noise.second_cumulants[row], noise.covariance("heat")[row]
    return fluctuations_of(one, noise.T[row], mu, second, heat)


def _numbers(fluctuations: DeviceFluctuations) -> dict[str, float]:
    """Return the columns of one point."""
    device = fluctuations.device
    # as `mode` says, which has no name for some devices between three temperatures
    engine = device.power > device.floor and device.cooling_power <= device.floor
    return {
        "power": device.power,
        "power_noise": fluctuations.power_noise,
        "efficiency": device.efficiency if engine else math.nan,
        "over_carnot": device.over_carnot if engine else math.nan,
        "constancy": fluctuations.constancy,
        "uncertainty": fluctuations.uncertainty if abs(device.power) > device.floor else math.nan,
        "multidimensional": fluctuations.multidimensional,
        "entropy_production": device.entropy_production,
    }
