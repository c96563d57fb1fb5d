"""The evolution of the reservoirs as data."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, final

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray, read_only
from oqs.deferred import Deferred, xr
from oqs.exports import exported
from oqs.flows import Flows
from oqs.summary import Summarised, Summary, counted, few_digits, table_rows
from thermo.evolution import archive
from thermo.evolution.events.events import Event
from thermo.evolution.linear_noise.expansion import DrivingLaw
from thermo.evolution.linear_noise.spread import PathFluctuations, spread
from thermo.gases import EquationOfState
from thermo.numerics.interpolation import PiecewisePolynomial
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.state import State

if TYPE_CHECKING:
    from thermo.evolution import audit as auditing
else:  # all that an audit compares takes a quarter of a second to import
    auditing = Deferred("thermo.evolution.audit")

Outcome = Literal["equilibrated", "stalled", "t_final", "failed"]


@final
class Conservation(NamedTuple):
    """Largest departure of a total from its start over the whole run, relative to sum_j |.|_j."""

    number: float  # of sum_j N_j
    energy: float  # of sum_j E_j


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Trajectory(Summarised):
    """n reservoirs from t = 0 to where the run ended, at m times: the stages of the solver.

    Made by `evolve`, or read from a file by `Trajectory.load`. Arrays are read-only.

    Parameters
    ----------
    t : (m,) times, t[0] = 0, ascending (hbar = 1).
    T, mu : (m, n) in units of energy (k_B = 1); mu is NaN of a reservoir without one (bosons).
    N, E : (m, n) particle numbers (0 where they are not conserved), and energies in units of
        energy; of a fixed reservoir what it has gained since t = 0.
    entropy : (m, n) S_j, of a fixed reservoir what it has gained; the sum over j never falls.
    flows : particle, energy, heat (m, n), positive where a reservoir loses.
    outcome : why it ended. "equilibrated": every T_j and mu_j within `tolerance` of Eq. (6).
        "stalled": at rest, but not at the equilibrium (tight coupling, parts without contact, or a
        stationary flow between fixed reservoirs); the rule in words: `thermo.evolution.stopping`.
        "t_final": the time asked for. "failed": only on the trajectory of an EvolutionFailed.
    equilibrium : (T_eq, mu_eq) of Eq. (6), or None for a run to `t_final`, or if there is none;
        mu_eq is NaN where no reservoir has a mu.
    event_list : the events, ascending in time, or None if they were not asked for.
    names : of the reservoirs, those of `flows` too.
    gases : of the reservoirs; the description of a user's own gas after `load`.
    capacities : (n,) A_j V_j; infinite for a fixed reservoir.
    parameters : what made it: rtol, tolerance, t_final, max_steps, the law, the version, the route
        taken ("all steps at once", or "step by step: " and why).
    evaluations : at how many states the flow law was asked, events included; a first, coarse run on
        its scalar flows is not counted.
    solution : y(t) = (ln(T_j/T_j(0)).., mu_j..) between the steps.
    law : the flow law that made it; None after `load`.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> path = thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> path.outcome, path.names
    ('equilibrated', ('cold', 'hot'))
    >>> path.at(1e5).T.round(4)  # anywhere between the solver's steps
    array([0.3697, 1.6874])
    >>> [event.kind for event in path.extrema]
    ['T minimum', 'T maximum']
    >>> path.conservation.number < 1e-11
    True
    """

    t: FloatArray
    T: FloatArray
    mu: FloatArray
    N: FloatArray
    E: FloatArray
    entropy: FloatArray
    flows: Flows
    outcome: Outcome
    equilibrium: State | None
    event_list: tuple[Event, ...] | None
    names: tuple[str, ...]
    gases: tuple[EquationOfState | str, ...]
    capacities: FloatArray
    parameters: Mapping[str, float | str | None]
    evaluations: int
    solution: PiecewisePolynomial = dataclasses.field(repr=False)
    law: Callable[[ArrayLike, ArrayLike], Flows] | None = dataclasses.field(
        default=None, repr=False
    )

    def __post_init__(self) -> None:
        for name in ("t", "T", "mu", "N", "E", "entropy", "capacities"):
            array = np.array(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, read_only(array))

    @property
    def heat(self) -> FloatArray:
        """Y_j (m, n) of every reservoir at every time."""
        return self.flows.heat

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, ascending in time.

        Raises ValueError if `evolve` was told events=False: that is not the same as none.
        """
        if self.event_list is None:
            raise ValueError(
                "Argument `events` of evolve was False, so no events were looked for. "
                "Evolve with events=True."
            )
        return self.event_list

    @property
    def crossings(self) -> tuple[Event, ...]:
        """Where two T or two mu are equal, ascending in time."""
        return tuple(event for event in self.events if event.is_crossing)

    @property
    def extrema(self) -> tuple[Event, ...]:
        """Local extrema of every T_j(t) and mu_j(t), ascending in time."""
        return tuple(event for event in self.events if event.is_extremum)

    @property
    def window_events(self) -> tuple[Event, ...]:
        """Where omega-bar enters or leaves the window of frequencies, or passes infinity."""
        return tuple(event for event in self.events if event.is_window_event)

    @functools.cached_property
    def audit(self) -> oqs.Audit:
        """The worst of each assumption along the way, found when first asked for.

        See `thermo.audit`, which also takes the model where the law has none.
        """
        return audit(self)

    def fluctuations(self, model: oqs.Model | None = None) -> PathFluctuations:
        """Return the noise of the flows along the path and the spread of N_j, E_j, T_j, mu_j.

        To first order in 1/(A V), with reservoirs of sharp N_j and E_j at t = 0: see
        `PathFluctuations`. A capacity ten times as large makes the spread of T and mu sqrt(10)
        times smaller. Direct links between reservoirs enter the drift; they make no noise here.

        Parameters
        ----------
        model : made by `oqs.davies` or another generator, with as many contacts as the path has
            reservoirs; None takes that of the law the path was made with.

        Raises
        ------
        TypeError, ValueError
            if there is no model, or the gases are descriptions read from a file.
        """
        checked = _model(self, model)
        reservoirs = _rebuilt(self)
        if checked.reservoirs != len(self.names):
            raise ValueError(
                "Argument `model` must have one contact per reservoir of the path, "
                f"{len(self.names)}, but has {checked.reservoirs}. Give the model that the path "
                "was made with."
            )
        # links are none of the model's, whether they know their derivatives or not
        own = isinstance(self.law, LinkedLaw) or hasattr(self.law, "jacobian")
        law = self.law if own else oqs.flow_law(checked)

        def state(times: FloatArray) -> tuple[FloatArray, FloatArray]:
            there = self.at(times)
            return there.T, np.where(reservoirs.has_potential, there.mu, 0.0)

        return spread(checked, cast(DrivingLaw, law), reservoirs, self.t, state)

    @property
    def conservation(self) -> Conservation:
        """Largest relative departure of the totals of N and E from their start."""
        return Conservation(_drift(self.N), _drift(self.E))

    def at(self, t: ArrayLike) -> State:
        """Return T, mu (..., n) at any times t (...) from 0 to the end.

        The solver's own polynomials, as accurate as its steps; at t[k] exactly T[k], mu[k].
        Raises ValueError where t lies outside.
        """
        y = self.solution.at(t)
        n = len(self.capacities)
        mu = np.where(np.isnan(self.mu[0]), np.nan, y[..., n:])
        return State(self.T[0] * np.exp(y[..., :n]), mu)

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset with dimensions `time` and `reservoir`, units and long names."""
        return archive.dataset(self._fields())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a netCDF file; it appears under its name only when complete.

        `load` gives the same trajectory, bit for bit, `at(t)` included. Of a gas that is not one
        of `thermo.gases` only its description is kept.
        """
        archive.save(self._fields(), path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Trajectory:
        """Read what `save` wrote; raise ValueError for a file that is truncated or another's."""
        return Trajectory(**archive.load(path))

    def _fields(self) -> dict[str, Any]:
        names = (field.name for field in dataclasses.fields(self))
        return {name: getattr(self, name) for name in names if name != "law"}

    def summary(self) -> Summary:
        """Return who evolved, how it ended, and a table of start and end."""
        ends = (
            ("T", f"{few_digits(self.T[0])} -> {few_digits(self.T[-1])}"),
            ("mu", f"{few_digits(self.mu[0])} -> {few_digits(self.mu[-1])}"),
        )
        events = () if self.event_list is None else (("events", str(len(self.event_list))),)
        heads = ("reservoir", "T(0)", "T(end)", "mu(0)", "mu(end)", "N(end)", "E(end)")
        columns = (self.T[0], self.T[-1], self.mu[0], self.mu[-1], self.N[-1], self.E[-1])
        rows = table_rows(self.names, *columns)
        end = f"{self.outcome} at t = {self.t[-1]:.4g}, {len(self.t)} times"
        facts = [("", ", ".join(self.names)), ("", end), *ends, *events]
        return Summary(f"Trajectory of {counted(len(self.names), 'reservoir')}", facts, heads, rows)


@exported
def audit(path: Trajectory, model: oqs.Model | None = None) -> oqs.Audit:
    """Return the worst of each assumption of `oqs.audit` on a path, and those on reservoirs.

    Looked at are the start, the end, and where a T_j or mu_j, or the lowest T, is largest or
    smallest; `measure` says at which time it was worst. Exact flows are not computed.

    time scales: tau_S of the open system over tau_eq, the shortest time scale of the reservoirs,
    1 / max |eigenvalue| of Eq. (5) linearised in (ln T_j, mu_j) there.
    Sommerfeld gas: (pi^2/6)(T/mu)^2, the size of the correction of Eqs. (20), (21) that this gas
    keeps; those that it drops are powers of it.

    Of reservoirs of finite size, at all times: what Eqs. (4), (5) take for granted.

    continuum: distance of their levels over gamma_j(w), largest over the Bohr frequencies.
    fluctuations: C_j^(-1/2), the relative spread of T_j; above 1/3 unreliable.
    depletion: 2 A V g(w), the time in which the levels at w are used up and which thermalisation
    inside the reservoir must beat. It is reported, not judged: its ratio is 0.

    T and mu as functions of t/(A V) do not depend on A V: larger reservoirs mend the first two.

    Parameters
    ----------
    path : made by `evolve`.
    model : made by `oqs.davies`, with as many contacts as the path has reservoirs; None takes that
        of the law the path was made with.

    Raises
    ------
    TypeError, ValueError
        if there is no model: the law was no `oqs.flow_law`, or the path was read from a file.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.flat(1e-4)
    >>> model = oqs.davies(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1e4)] * 2
    >>> path = thermo.evolve(oqs.flow_law(model), reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> audit = thermo.audit(path)
    >>> audit["time scales"].verdict, audit["continuum"].verdict, audit["fluctuations"].verdict
    (<Verdict.SOUND: 0>, <Verdict.DOUBTFUL: 1>, <Verdict.SOUND: 0>)
    """
    checked = _model(path, model)
    return auditing.worst_along(checked, path.law, _rebuilt(path), path.t, path.T, path.mu)


def _rebuilt(path: Trajectory) -> Reservoirs:
    """Return the reservoirs of a trajectory; ValueError where a gas is only described."""
    members = []
    for gas, capacity, name in zip(path.gases, path.capacities, path.names, strict=True):
        if isinstance(gas, str):
            raise ValueError(
                f"Argument `path` must know its gases, but of one the file has only the "
                f"description {gas!r}. Ask the trajectory that evolve returned, before saving."
            )
        members.append(Reservoir(gas, capacity=float(capacity), name=name))
    return Reservoirs(members)


def _model(path: Trajectory, model: oqs.Model | None) -> oqs.Model:
    if model is None:
        model = getattr(path.law, "model", None)
    if not isinstance(model, oqs.Model):
        raise ValueError(
            "Argument `model` must be an oqs.Model where the trajectory has none (its law was not "
            f"made by oqs.flow_law, or it was read from a file), but is {model!r}. "
            "Give oqs.davies(system, contacts)."
        )
    return model


def _drift(values: FloatArray) -> float:
    """Return max_t |sum_j v_j(t) - sum_j v_j(0)| / sum_j |v_j(0)|.

    Where all reservoirs are fixed, their gains are 0 at first: relative to the largest.
    """
    total, sizes = values.sum(axis=1), np.sum(np.abs(values), axis=1)
    return float(np.max(np.abs(total - total[0])) / (sizes[0] or sizes.max() or 1.0))
