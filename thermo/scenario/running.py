"""A scenario computed: its tasks in order, each with its files as soon as it is done."""

from __future__ import annotations

import datetime
import pathlib
import time
from collections.abc import Iterator
from typing import Any, final

from thermo.scenario.outcome import Check
from thermo.scenario.reading import scenario as read_document
from thermo.scenario.results.data import checks_data, head_data
from thermo.scenario.results.folder import ResultFolder
from thermo.scenario.results.naming import SCENARIO
from thermo.scenario.scenario import Scenario, Workspace
from thermo.sweeps.parts import Part


@final
class Run:
    """One run of a scenario into a folder; what is finished stays valid whatever happens next.

    Parameters
    ----------
    made : the scenario.
    folder : where its files go; None writes none.
    si : results in SI too.
    progress : show it; None on a terminal only.
    part : which part of a sweep is computed; None: all of it.
    merged : stores of the parts of which a sweep's table is made instead of computing it.
    """

    def __init__(
        self,
        made: Scenario,
        folder: ResultFolder | None,
        *,
        si: bool,
        progress: bool | None,
        part: Part | None = None,
        merged: tuple[pathlib.Path, ...] = (),
    ) -> None:
        self._made = made
        self._workspace = Workspace(
            folder=None if folder is None else folder.staging,
            points=None if folder is None else folder.points,
            batches=None if folder is None else folder.batches,
            units=made.units if si else None,
            progress=progress,
            read=read_document,
            part=part,
            merged=merged,
        )
        self._started = datetime.datetime.now(datetime.UTC)
        self._clock = time.monotonic()
        self.results: dict[str, dict[str, Any]] = {}
        self.checks: list[Check] = []
        self.problems: list[str] = []

    def steps(self) -> Iterator[str]:
        """Compute one task after the other, yielding the name of each when it is finished."""
        folder = self._workspace.folder
        # it is there, the same, beside the points of a run to go on with
        if folder is not None and not (folder / SCENARIO).exists():
            (folder / SCENARIO).write_bytes(self._made.document.text.encode())
        for name, task in self._made.asked.items():
            outcome = task.run(self._made, self._workspace)
            self.checks += outcome.checks
            self.problems += outcome.problems
            self.results[name] = outcome.data | {"checks": checks_data(outcome.checks)}
            yield name

    @property
    def verified(self) -> bool:
        """Whether every check passed and nothing failed."""
        return not self.problems and all(check.passed for check in self.checks)

    def summary(self, stopped: str | None = None) -> dict[str, Any]:
        """Return all that is finished, as data.

        Parameters
        ----------
        stopped : why the run ended before its time, None for a complete one.
        """
        return {
            **head_data(self._made),
            "complete": stopped is None,
            "stopped": stopped,
            "verified": self.verified,
            "problems": self.problems,
            "remarks": self._made.remarks,
            "started": self._started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._clock, 3),
            **self.results,
        }
