"""Flows of particles, energy and heat out of the reservoirs, and the law that gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol, final, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, floats_together, of_type, read_only
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import (
    Summarised,
    Summary,
    counted,
    few_digits,
    page_of_fields,
    reservoir_names,
    shown_by_fields,
    table_rows,
)

ScalarFlows = Callable[[list[float], list[float]], tuple[list[float], list[float]]]
"""T, mu of n reservoirs -> P_j, J_j, all in scalars.

For first, coarse solutions: good to rounding of the largest terms, which may cancel, and unchecked
where checks would take longer than the work. It raises ArithmeticError on overflow, and what
the law raises that it stands for.
"""

KINDS: Final = ("particle", "energy", "heat")


@exported
@final
@shown_by_fields
class ReservoirFlows(NamedTuple):
    """Flows out of one reservoir, positive where it loses; units as in `Flows`.

    Parameters
    ----------
    particle, energy, heat : P_j, J_j, Y_j, numbers, or arrays of the batch's shape (...).

    Examples
    --------
    >>> flows = oqs.Flows.of([0.5, -0.5], [1.0, -1.0], mu=[0.2, 0.0], names=("cold", "hot"))
    >>> float(flows["hot"].energy)
    -1.0
    """

    particle: FloatArray
    energy: FloatArray
    heat: FloatArray


@exported
@final
class Deviation(NamedTuple):
    """How far flows are from others, by `deviation`; dimensionless.

    Parameters
    ----------
    particle, energy, heat : largest |difference| of each kind over the largest |flow| of that kind.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> exact = oqs.closed_form(dots, leads)(T, mu)
    >>> oqs.deviation(exact, exact)
    Deviation(particle=0.0, energy=0.0, heat=0.0)
    """

    particle: float
    energy: float
    heat: float

    def _repr_html_(self) -> str:
        return page_of_fields(self)


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Flows(Summarised):
    """Flows P_j, J_j, Y_j = J_j - mu_j P_j of each reservoir; positive where the reservoir loses.

    Parameters
    ----------
    particle : (..., n) P_j, particles per unit time (hbar = 1: units of energy).
    energy : (..., n) J_j, energy per unit time (units of energy squared).
    heat : (..., n) Y_j, as `energy`.
    names : (n,) of the reservoirs, None of one without a name; None where the law has no names.

    Arrays are read-only. The last axis runs over the reservoirs; leading axes, where a law gives
    them, over a batch of (T, mu) or over Bohr frequencies. `flows["cold"]`, or `flows[0]`, are the
    flows of one reservoir; iteration gives the names, or the indices of reservoirs without.

    Examples
    --------
    >>> import oqs
    >>> flows = oqs.Flows.of([0.5, -0.5], [1.0, -1.0], mu=[0.2, 0.0], names=("cold", "hot"))
    >>> flows
    Flows out of 2 reservoirs: cold, hot; particle: 0.5, -0.5; energy: 1, -1; heat: 0.9, -1
    >>> float(flows["cold"].heat)
    0.9
    >>> [name for name in flows]
    ['cold', 'hot']
    """

    particle: FloatArray
    energy: FloatArray
    heat: FloatArray
    names: tuple[str | None, ...] | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        fields = self.__dict__
        arrays = [np.array(fields[name], dtype=np.float64) for name in KINDS]
        shape = arrays[0].shape
        for name, array in zip(KINDS, arrays, strict=True):
            if array.shape != shape or not shape:
                raise ValueError(
                    f"Argument `{name}` must have shape (..., n) like `particle`, "
                    f"but has shape {array.shape} where `particle` has {shape}. "
                    "Give one entry per reservoir in each."
                )
            fields[name] = read_only(array)

    @classmethod
    def of(
        cls,
        particle: ArrayLike,
        energy: ArrayLike,
        mu: ArrayLike,
        names: tuple[str | None, ...] | None = None,
    ) -> Flows:
        """Complete particle and energy flows (..., n) by Y_j = J_j - mu_j P_j."""
        remedy = "Give one entry per reservoir."
        p, j, potential = floats_together(remedy, particle=particle, energy=energy, mu=mu)
        return cls(p, j, j - potential * p, names=names)

    @classmethod
    def stacked(cls, each: Sequence[Flows], names: tuple[str | None, ...] | None = None) -> Flows:
        """Return the flows (m, n) of m states from those (n,) of each."""
        return cls(*(np.stack([getattr(f, kind) for f in each]) for kind in KINDS), names=names)

    def named(self, names: tuple[str | None, ...] | None) -> Flows:
        """Return the same flows of reservoirs with these names (n,)."""
        if names is None:
            return self
        return computed_flows(self.particle, self.energy, self.heat, names)

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.particle.shape[-1])

    def __len__(self) -> int:
        """Return the number n of reservoirs."""
        return self.reservoirs

    def __iter__(self) -> Iterator[str | int]:
        """Iterate over the names, over the index of a reservoir without one."""
        return iter(j if name is None else name for j, name in enumerate(self._given_names))

    def __getitem__(self, reservoir: str | int) -> ReservoirFlows:
        """Return the flows of the reservoir of this name or index.

        Raises KeyError for a name that no reservoir has, IndexError for an index out of range.
        """
        j = self._place(reservoir)
        return ReservoirFlows(self.particle[..., j], self.energy[..., j], self.heat[..., j])

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset with the dimension `reservoir`, after those of a batch.

        Variables particle, energy, heat; the axes of a batch are called batch_0, batch_1, ...
        """
        over = (*(f"batch_{axis}" for axis in range(self.particle.ndim - 1)), "reservoir")
        units = {"particle": "E_0/hbar", "energy": "E_0^2/hbar", "heat": "E_0^2/hbar"}
        tables = {
            kind: (over, getattr(self, kind), units[kind], f"{kind} flow out of the reservoir")
            for kind in KINDS
        }
        names = list(reservoir_names(self.names, self.reservoirs))
        return dataset(tables, {"reservoir": names})

    def summary(self) -> Summary:
        """Return the flows of a single (T, mu) as a table, of a batch its shape."""
        names = reservoir_names(self.names, self.reservoirs)
        title = f"Flows out of {counted(self.reservoirs, 'reservoir')}"
        if self.particle.ndim > 1:
            return Summary(title, [("", ", ".join(names)), ("shape", str(self.particle.shape))])
        rows = table_rows(names, self.particle, self.energy, self.heat)
        kinds = [(kind, few_digits(getattr(self, kind))) for kind in KINDS]
        heads = ("reservoir", "particle (E_0/hbar)", "energy (E_0²/hbar)", "heat (E_0²/hbar)")
        return Summary(title, [("", ", ".join(names)), *kinds], heads, rows)

    @property
    def _given_names(self) -> tuple[str | None, ...]:
        return self.names or (None,) * self.reservoirs

    def _place(self, reservoir: str | int) -> int:
        if isinstance(reservoir, str):
            if reservoir not in self._given_names:
                raise KeyError(
                    f"no reservoir {reservoir!r}; there are "
                    f"{', '.join(reservoir_names(self.names, self.reservoirs))}"
                )
            return self._given_names.index(reservoir)
        if not -self.reservoirs <= reservoir < self.reservoirs:
            raise IndexError(f"no reservoir {reservoir}; there are {self.reservoirs}")
        return int(reservoir)


def computed_flows(
    particle: FloatArray,
    energy: FloatArray,
    heat: FloatArray,
    names: tuple[str | None, ...] | None = None,
) -> Flows:
    """Return `Flows` of a law's own new arrays (..., n), neither checked nor copied."""
    flows = object.__new__(Flows)
    flows.__dict__.update(
        particle=read_only(particle), energy=read_only(energy), heat=read_only(heat), names=names
    )
    return flows


@exported
def deviation(flows: Flows, exact: Flows) -> Deviation:
    """Return how far flows are from others: max |difference| / max |exact|, kind by kind.

    Parameters
    ----------
    flows, exact : of the same shape (..., n); `exact` is the measure.

    Returns
    -------
    Deviation : particle, energy, heat, dimensionless; 0 where both vanish, inf where only `exact`
    does.

    Raises
    ------
    TypeError, ValueError
        if one is no Flows, the shapes differ, or both have names and these differ.

    Examples
    --------
    >>> import oqs
    >>> model = oqs.davies(dots := oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]),
    ...                    contacts := [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> relative = oqs.deviation(oqs.flow_law(model)(T, mu), oqs.closed_form(dots, contacts)(T, mu))
    >>> max(relative) < 1e-12
    True
    """
    for name, given in (("flows", flows), ("exact", exact)):
        of_type(name, given, Flows, "Flows", "Give what a flow law returns.")
    if flows.particle.shape != exact.particle.shape:
        raise ValueError(
            f"Argument `exact` must have the shape {flows.particle.shape} of `flows`, but has "
            f"shape {exact.particle.shape}. Compare flows at the same T, mu."
        )
    if flows.names and exact.names and flows.names != exact.names:
        raise ValueError(
            f"Argument `exact` must be of the reservoirs {flows.names} of `flows`, but is of "
            f"{exact.names}. Give both in one order."
        )
    return Deviation(*(_relative(getattr(flows, kind), getattr(exact, kind)) for kind in KINDS))


def _relative(values: FloatArray, exact: FloatArray) -> float:
    difference = float(np.max(np.abs(values - exact), initial=0.0))
    if difference == 0.0:
        return 0.0
    largest = float(np.max(np.abs(exact)))
    return difference / largest if largest > 0.0 else float("inf")


@exported
@runtime_checkable
class FlowLaw(Protocol):
    """Anything that gives the stationary flows at the reservoirs' temperatures and potentials.

    A law made by `oqs` also has `frequencies`, the ascending Bohr frequencies at which particles
    cross, `fastest_rate`, the largest rate of its contacts (what takes 1e25 times as long to change
    a reservoir is no evolution any more), and `spectral(T, mu)`, the flows at each frequency;
    `gross(T, mu)`, if there, gives the contacts' gross rates, of which 1e-13 in a flow is rounding;
    `batched = True` says that it takes T and mu of shape (..., n) at once. `names` are those of its
    contacts, (n,) with None of one without, or None: reservoirs must have the same ones, or none.
    Beside that, `scalar_flows()` may give its flows as `ScalarFlows`, or None where many states at
    once are not computed quicker than one by one. A function without attributes serves too.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> isinstance(oqs.closed_form(dots, leads), oqs.FlowLaw)
    True
    """

    def __call__(self, T: ArrayLike, mu: ArrayLike, /) -> Flows:
        """Return the flows; T and mu have shape (n,)."""


class _Currents(Protocol):
    """What has flows P_j, J_j (n,): Flows, or a solution that holds more."""

    @property
    def particle(self) -> FloatArray: ...

    @property
    def energy(self) -> FloatArray: ...


def listed(law: Callable[[FloatArray, FloatArray], _Currents]) -> ScalarFlows:
    """Return a law of arrays (n,) as one of lists."""

    def flows(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
        given = law(np.array(T), np.array(mu))
        return given.particle.tolist(), given.energy.tolist()

    return flows
