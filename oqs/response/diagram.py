"""Charging diagrams: current, differential conductance and Fano factor over gate and bias."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, has_shape, index, read_only, real_array, real_number, real_row
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.fluctuations.noise import noise
from oqs.generator.model import Model
from oqs.laws.density_matrix import flow_law
from oqs.memory import rest_announced
from oqs.summary import Summarised, Summary, few_digits

_MADE = "Give a function such as lambda gate: oqs.davies(oqs.anderson_dot(-gate, U), contacts)."


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StabilityDiagram(Summarised):
    """Transport through one reservoir over a grid of gate and bias. Made by `stability_diagram`.

    Parameters
    ----------
    gate : (G,) arguments of `build`. bias : (V,) units of energy.
    current : (G, V) particles that the reservoir loses, P_j, units of energy.
    conductance : (G, V) dP_j/dV, dimensionless: the derivative itself, not differences of currents.
    fano : (G, V) c_2/|c_1| of the particle current; infinite where noise has no mean.

    Examples
    --------
    >>> import oqs
    >>> contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> diagram = oqs.stability_diagram(
    ...     lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=1.2), contacts),
    ...     gate=[0.0, 0.6], bias=[-0.4, 0.0, 0.4], T=0.05)
    >>> diagram.conductance.round(4).tolist()  # a peak at the degeneracy, a diamond
    [[0.0026, 0.0444, 0.0039], [0.0, 0.0, 0.0]]
    """

    gate: FloatArray
    bias: FloatArray
    current: FloatArray
    conductance: FloatArray
    fano: FloatArray

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray.Dataset over `gate` and `bias`, for thermo.plot_map."""
        over = ("gate", "bias")
        tables = {
            "current": (over, self.current, "E_0/hbar", "particle flow"),
            "conductance": (over, self.conductance, "1/hbar", "dI/dV"),
            "fano": (over, self.fano, "1", "c_2/|c_1|"),
        }
        return dataset(tables, {"gate": self.gate, "bias": self.bias})

    def summary(self) -> Summary:
        """Return the shape of the grid and the largest current and conductance."""
        facts = [
            ("gate", f"{few_digits(self.gate[[0, -1]])} ({len(self.gate)})"),
            ("bias", f"{few_digits(self.bias[[0, -1]])} ({len(self.bias)})"),
            ("largest current", few_digits(np.max(np.abs(self.current)))),
            ("largest conductance", few_digits(np.max(self.conductance))),
        ]
        return Summary("Stability diagram", facts)


@exported
def stability_diagram(
    build: Callable[[float], Model],
    gate: ArrayLike,
    bias: ArrayLike,
    T: ArrayLike,
    *,
    mu: float = 0.0,
    shares: ArrayLike = (0.5, -0.5),
    reservoir: int = 0,
) -> StabilityDiagram:
    """Return current, differential conductance and Fano factor on a grid of gate and bias.

        mu_j = mu + s_j V,    dP/dV = sum_q s_q dP/dmu_q,    s_j the shares of the bias V.

    Build is called once for each gate; all bias points of one gate are worked out together.

    Parameters
    ----------
    build : gate -> model, made by `davies` or another generator. A gate that lifts all levels
        alike moves the energies by -gate; any other dependence serves as well.
    gate : (G,), any unit that `build` takes.
    bias : (V,) units of energy.
    T : temperature of all reservoirs, or (n,) one each, units of energy.
    mu : chemical potentials at no bias, units of energy.
    shares : (n,) s_j; half up and half down by default, for two reservoirs.
    reservoir : index j of the one whose flow it is.

    Returns
    -------
    StabilityDiagram : `current`, `conductance`, `fano`, each (G, V); `to_dataset()`.

    Raises
    ------
    NonUniqueStationaryState, StationaryStateNotFound
        as `noise` does.
    TypeError, ValueError, IndexError
        if `build` returns no model, or an argument has another shape or range.

    Notes
    -----
    Sequential tunnelling, where the generator is valid: inside the diamonds the current is
    exponentially small, as cotunnelling is of higher order in the rates.

    Examples
    --------
    >>> import oqs
    >>> contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> def dot(gate):
    ...     return oqs.davies(oqs.anderson_dot(-gate, U=1.2), contacts)
    >>> gate, bias = np.linspace(-0.5, 1.7, 12), np.linspace(-2, 2, 9)
    >>> diagram = oqs.stability_diagram(dot, gate, bias, T=0.03)
    >>> diagram.current.shape, round(diagram.to_dataset().fano.sel(bias=2.0).min().item(), 3)
    ((12, 9), 0.5)
    """
    points = "Give the points of the axis."
    gates, volts = real_row("gate", gate, points), real_row("bias", bias, points)
    split = real_row("shares", shares, "Give the share of the bias of each reservoir.", length="n")
    j = index("reservoir", reservoir, len(split), "Reservoirs count from 0, as contacts do.")
    potential = real_number("mu", mu, "It is the chemical potential at no bias.")
    potentials = potential + np.multiply.outer(volts, split)
    temperatures = _temperatures(T, potentials.shape)
    current, conductance, fano = (np.empty((len(gates), len(volts))) for _ in range(3))
    for row, value in rest_announced("Stability diagram", list(enumerate(gates.tolist()))):
        model = _built(build, value, len(split))
        statistics = noise(model, temperatures, potentials)
        slopes = flow_law(model).jacobian(temperatures, potentials).particle_mu
        current[row], fano[row] = statistics.flows.particle[:, j], statistics.fano()[:, j]
        conductance[row] = slopes[:, j] @ split
    return StabilityDiagram(*map(read_only, (gates, volts, current, conductance, fano)))


def _temperatures(T: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return the temperatures (V, n) at every bias."""
    remedy = "Give one temperature, or one for each reservoir."
    warm = real_array("T", T, remedy)
    if warm.ndim:
        has_shape("T", warm, shape[1:], remedy)
    return np.broadcast_to(warm, shape).copy()


def _built(build: Callable[[float], Model], gate: float, reservoirs: int) -> Model:
    """Return the model at one gate, after its checks."""
    if not callable(build):
        raise TypeError(f"Argument `build` must be a function, but is {build!r}. {_MADE}")
    model = build(gate)
    if not isinstance(model, Model):
        raise TypeError(
            f"Argument `build` must return a model, but at gate {gate!r} returned "
            f"{type(model).__name__}. {_MADE}"
        )
    if model.reservoirs != reservoirs:
        raise ValueError(
            f"Argument `shares` must have one entry for each of the {model.reservoirs} reservoirs, "
            f"but has {reservoirs}. Give the share of the bias of each."
        )
    return model
