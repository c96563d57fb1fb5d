"""What a scenario asks of its finite reservoirs, and of its results: the tables thermo reads."""

from __future__ import annotations

import dataclasses
from typing import Any, Final, Literal, final

import numpy as np

from oqs.arguments import FloatArray, read_only
from oqs.scenario.place import Place
from oqs.scenario.schema import REQUIRED, Choice, Items, Key, Table, quoted, shown
from oqs.scenario.tasks import LAWS, LawName
from oqs.scenario.values import Whole, boolean, number, numbers, positive, text
from thermo.controls import check_controls

FigureFormat = Literal["png", "pdf", "svg"]
_FORMATS: Final[tuple[FigureFormat, ...]] = ("png", "pdf", "svg")
# the quadrature of Landauer's formula is less accurate than the steps of an evolution need
_DRIVING: Final = tuple(law for law in LAWS if law != "landauer")
_MOST_POINTS = 100_000  # of a sweep in one file

EVOLVED: Final = ("outcome", "t_end", "T_end", "mu_end", "lowest_T")
"""Quantities of a sweep that need a trajectory at every point."""

QUANTITIES: Final = (
    "particle",
    "energy",
    "heat",
    "clausius_sum",
    "relaxation_time",
    "T_equilibrium",
    "mu_equilibrium",
    *EVOLVED,
)
"""What a sweep can tabulate."""


@final
@dataclasses.dataclass(frozen=True)
class TrajectoryTask:
    """The slow evolution of the reservoirs, as `thermo.evolve` takes it.

    Parameters
    ----------
    law : which flow law drives it.
    t_final : when to stop; None goes on to equilibrium.
    rtol, tolerance, max_steps, events : as of `thermo.evolve`.
    audit : measure the assumptions of the generator along the way.
    """

    law: LawName = "density_matrix"
    t_final: float | None = None
    rtol: float = 1e-10
    tolerance: float = 1e-6
    max_steps: int = 2_000
    events: bool = True
    audit: bool = True


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SweepTask:
    """Quantities at every combination of some keys' values.

    Parameters
    ----------
    axes : {path of a key: values (m,)}, such as "reservoirs.cold.T".
    quantities : of `QUANTITIES`.
    law : which flow law.
    timeout : seconds that a point may take; None waits for ever.
    """

    axes: dict[str, FloatArray]
    quantities: tuple[str, ...]
    law: LawName = "density_matrix"
    timeout: float | None = None


@final
@dataclasses.dataclass(frozen=True)
class Outputs:
    """What is written.

    Parameters
    ----------
    directory : where, unless the command line says; None takes the scenario's name.
    figures : formats of the figures; empty for none.
    netcdf : write trajectory, relaxation and sweep as netCDF.
    si : results in SI as well.
    heat, entropy, mark_events : further panels and marks of the figure.
    """

    directory: str | None = None
    figures: tuple[FigureFormat, ...] = ("png",)
    netcdf: bool = True
    si: bool = False
    heat: bool = False
    entropy: bool = False
    mark_events: bool = False


TRAJECTORY: Final = Table(
    {
        "law": Key(
            Choice(_DRIVING), "It is the flow law that drives the evolution.", "density_matrix"
        ),
        "t_final": Key(positive, "It is the end; without it the run goes on to equilibrium."),
        "rtol": Key(positive, "It is the tolerance of a step, 1e-10.", 1e-10),
        "tolerance": Key(positive, "It is how near equilibrium the run ends, 1e-6.", 1e-6),
        "max_steps": Key(Whole(1, 1_000_000), "It bounds the solver's steps, 2000.", 2_000),
        "events": Key(boolean, "It says whether to look for crossings and extrema.", True),
        "audit": Key(boolean, "It measures the generator's assumptions along the way.", True),
    }
)

_RANGE: Final = Table(
    {
        "start": Key(number, "It is the first value.", REQUIRED),
        "stop": Key(number, "It is the last value.", REQUIRED),
        "num": Key(Whole(2, _MOST_POINTS), "It is the number of values.", REQUIRED),
        "spacing": Key(Choice(("linear", "geometric")), "It is how values follow.", "linear"),
    }
)


def read_axis(value: object, place: Place) -> FloatArray:
    """Return the values (m,) of an axis: an array, or start, stop and num; each value once."""
    if not isinstance(value, dict):
        found = numbers(value, place)
    else:
        keys = _RANGE(value, place)
        if keys["spacing"] == "geometric" and not (keys["start"] > 0 and keys["stop"] > 0):
            raise place.at("spacing").error(
                "must be linear unless start and stop are positive, but is 'geometric'",
                "Give positive ends.",
            )
        space = np.linspace if keys["spacing"] == "linear" else np.geomspace
        found = space(keys["start"], keys["stop"], keys["num"])
    if len(np.unique(found)) < len(found):
        raise place.error("must hold each value once, but repeats some")
    return read_only(found)


def read_axes(value: object, place: Place) -> dict[str, FloatArray]:
    """Return the axes of a sweep, at least one."""
    if not isinstance(value, dict) or not value:
        raise place.error(f"must be a table of at least one axis, but is {shown(value)}")
    found = {path: read_axis(values, place.at(path)) for path, values in value.items()}
    points = int(np.prod([float(len(values)) for values in found.values()]))
    if points > _MOST_POINTS:
        raise place.error(f"must make at most {_MOST_POINTS} points, but makes {points}")
    return found


SWEEP: Final = Table(
    {
        "axes": Key(
            read_axes, 'Give {"reservoirs.cold.T" = {start = 0.4, stop = 0.8, num = 5}}.', REQUIRED
        ),
        "quantities": Key(Items(Choice(QUANTITIES)), 'Give ["heat", "outcome"].', REQUIRED),
        "law": Key(Choice(LAWS), "It is the flow law.", "density_matrix"),
        "timeout": Key(positive, "It is the seconds that a point may take; without it, any."),
    }
)

OUTPUT: Final = Table(
    {
        "directory": Key(text, "It is where results go, unless --out says."),
        "figures": Key(
            Items(Choice(_FORMATS), least=0, most=3), 'Give ["png"] or [] for none.', ("png",)
        ),
        "netcdf": Key(boolean, "It says whether to write netCDF files.", True),
        "si": Key(boolean, "It asks for results in SI too; [units] must be there.", False),
        "heat": Key(boolean, "It adds a panel of the heat flows.", False),
        "entropy": Key(boolean, "It adds a panel of the entropies.", False),
        "mark_events": Key(boolean, "It marks crossings and extrema.", False),
    }
)


def read_trajectory(value: object, place: Place) -> TrajectoryTask:
    """Return the meaning of [trajectory]; its controls are those that `evolve` takes."""
    task = TrajectoryTask(**TRAJECTORY(value, place))
    with place.blamed():
        check_controls(
            task.rtol,
            task.tolerance,
            task.max_steps,
            why_least="Below, rounding leaves no room to confirm events.",
            default_steps=TrajectoryTask.max_steps,
        )
    return task


def read_sweep(value: object, place: Place) -> SweepTask:
    """Return the meaning of [sweep]."""
    keys: dict[str, Any] = SWEEP(value, place)
    if len(set(keys["quantities"])) < len(keys["quantities"]):
        raise place.at("quantities").error("must name each quantity once", "Leave out repetitions.")
    if keys["law"] not in _DRIVING and set(EVOLVED) & set(keys["quantities"]):
        raise place.at("law").error(
            f"must be one of {quoted(_DRIVING)} with quantities of an evolution, but is landauer",
            f"Leave out {quoted(EVOLVED)}.",
        )
    return SweepTask(**keys)


def read_outputs(value: object, place: Place) -> Outputs:
    """Return the meaning of [output]."""
    return Outputs(**OUTPUT(value, place))
