"""From a TOML file, or one shipped with the package, to a scenario; all errors at once."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from oqs.arguments import FloatArray
from thermo.scenario.scenario import Scenario, Task
from thermo.scenario.schema.contacts import read_contacts
from thermo.scenario.schema.document import Document, load
from thermo.scenario.schema.generator import Generator, read_generator
from thermo.scenario.schema.links import read_links
from thermo.scenario.schema.outputs import OUTPUT, Outputs
from thermo.scenario.schema.place import Place, Problem, Problems, ScenarioError
from thermo.scenario.schema.reservoirs import read_reservoirs
from thermo.scenario.schema.system import read_system
from thermo.scenario.schema.table import REQUIRED, Key, Table, reader_of, unknown
from thermo.scenario.schema.units import read_units
from thermo.scenario.schema.values import as_given, text
from thermo.scenario.tasks.kinds import TASKS

_T = TypeVar("_T")
_TABLE = "It is a table: see docs/scenarios.md."
SCENARIO: Final = Table(
    {
        "title": Key(text, "It is what plots and tables are headed with.", ""),
        "note": Key(text, "It is a remark, such as where the numbers come from.", ""),
        "units": Key(as_given, _TABLE),
        "system": Key(as_given, "Give [system] with energies, h or a builder.", REQUIRED),
        "contacts": Key(as_given, "Give one [[contacts]] per reservoir.", REQUIRED),
        "reservoirs": Key(as_given, "Give one [[reservoirs]] per contact.", REQUIRED),
        "links": Key(as_given, "Give [[links]] with `between` and `strength`.", []),
        "generator": Key(as_given, _TABLE),
        **{name: Key(as_given, _TABLE) for name in TASKS},
        "output": Key(as_given, _TABLE, {}),
    }
)


def read(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario from a TOML file, or a shipped example by its name, such as "figure_1".

    A file of that name comes first.

    Raises
    ------
    ScenarioError
        a ValueError naming the file, every key that is wrong, what is wrong with it and the remedy.
    """
    if os.fspath(path) in examples() and not pathlib.Path(path).is_file():
        return scenario(load(example(os.fspath(path))))
    return scenario(load(path))


def scenario(document: Document) -> Scenario:
    """Return the meaning of a document; raises as `read`."""
    problems, place = Problems(), document.place
    keys = SCENARIO.partial(document.tables, place, problems)
    units = None
    if "units" in document.tables:
        units = read_units(keys["units"], place.at("units"))  # all other keys may need them
    place = dataclasses.replace(place, units=units)

    def part(name: str, read: Callable[..., _T], *others: object) -> _T | None:
        if keys[name] is None and name not in document.tables:
            return None
        return problems.tried(read, keys[name], place.at(name), *others)

    system = part("system", read_system)
    contacts = part("contacts", read_contacts, system)
    links = part("links", read_links)
    reservoirs = part("reservoirs", read_reservoirs, contacts, links)
    generator = part("generator", read_generator)
    outputs = part("output", reader_of(OUTPUT, Outputs))
    asked: dict[str, Task | None] = {
        name: part(name, kind.read) for name, kind in TASKS.items() if name in document.tables
    }
    problems.raise_any()
    reservoirs = _read(reservoirs)
    assert system is not None  # mypy knows no common type of both kinds for `_read`
    made = Scenario(
        document=document,
        title=keys["title"] or document.name,
        note=keys["note"],
        units=units,
        system=system,
        contacts=_read(contacts),
        links=_read(links),
        names=reservoirs.names,
        T=reservoirs.T,
        mu=reservoirs.mu,
        given=reservoirs.reservoirs,
        generator=generator or Generator(),
        asked={name: task for name, task in asked.items() if task is not None},
        outputs=_read(outputs),
    )
    _check_together(made, place)
    return made


def _read(part: _T | None) -> _T:
    """Return a part that was read: what is None was a problem."""
    assert part is not None
    return part


def _check_together(made: Scenario, place: Place) -> None:
    """Raise ScenarioError where keys do not go together."""
    problems = Problems()
    for name, task in made.asked.items():
        problems.tried(task.check, made, place.at(name))
    problems.tried(_check_ends, made.document, made.axes, place.at("sweep.axes"))
    if made.outputs.si and made.units is None:
        problems.add(
            place.at("output.si").error(
                "must be false without units, but is true",
                "Add [units] with reference_temperature or reference_energy.",
            )
        )
    problems.raise_any()


def _check_ends(document: Document, axes: Mapping[str, FloatArray], place: Place) -> None:
    """Read the scenario at both ends of every axis; errors between them are the sweep's results."""
    problems = Problems()
    for path, values in axes.items():
        for value in (float(values[0]), float(values[-1])):
            try:
                scenario(document.without("sweep").with_values({path: value}))
            except ScenarioError as error:
                sentence = f"leads to a scenario that is refused at {value!r}: {error.problems[0]}"
                problems.add(ScenarioError(Problem(document.file, place.at(path).key, sentence)))
                break
    problems.raise_any()


_FOLDER: Final = pathlib.Path(__file__).parent / "shipped"


def examples() -> tuple[str, ...]:
    """Return the names of the shipped scenarios, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def example(name: str) -> pathlib.Path:
    """Return the file of a shipped scenario; ScenarioError, with the nearest name, for no such."""
    if name not in examples():
        raise unknown(Place("shipped", name), name, examples())
    return _FOLDER / f"{name}.toml"
