"""[fluctuations]: noise and cumulants of what the reservoirs lose at their T and mu."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from rich.console import Console

import oqs
from oqs.arguments import FloatArray
from oqs.deferred import xr
from oqs.flows import KINDS
from thermo.progress import ProgressBar
from thermo.scenario.outcome import Check, Outcome
from thermo.scenario.results.data import as_json, save_table, state_data
from thermo.scenario.results.drawing import fluctuation_figures, save_figures
from thermo.scenario.results.text import digits, print_table
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Table, argument_keys, reader_of
from thermo.scenario.schema.values import LONG_ENERGIES, Whole
from thermo.scenario.tasks.laws import make_model, require_states

_BALANCED = 1e-9  # of the largest covariance: what all reservoirs lose together is none


@final
@dataclasses.dataclass(frozen=True, eq=False)
class FluctuationsTask:
    """Noise and cumulants of the stationary flows.

    Parameters
    ----------
    order : how many cumulants of each current.
    frequencies : at which the noise spectrum of the particle currents is wanted; None for none.
    """

    order: int = 4
    frequencies: FloatArray | None = None

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where a frequency is negative, or there is no density matrix."""
        require_states(scenario, place)
        if self.frequencies is not None and np.any(self.frequencies < 0):
            raise place.at("frequencies").error(
                f"must not be negative, but holds {float(self.frequencies.min())!r}",
                "S(-Omega) is the complex conjugate of S(Omega).",
            )

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return covariances, cumulants, Fano factors and uncertainty products.

        Raises ScenarioError or StationaryStateNotFound as `FlowsTask.run`.
        """
        names = scenario.names[: len(scenario.contacts)]
        model = make_model(scenario)
        with (
            ProgressBar("fluctuations", workspace.progress),
            scenario.document.place.at("reservoirs").blamed(),
        ):
            stats = oqs.counting_statistics(model, scenario.contact_T, scenario.contact_mu)
            cumulants = {
                kind: [stats.cumulants(j, self.order, kind) for j in range(len(names))]
                for kind in KINDS
            }
            spectrum = None if self.frequencies is None else self._spectrum(stats)
        if workspace.folder is not None:
            table = _labelled(stats, names, cumulants, self.frequencies, spectrum)
            save_table(table, workspace, "fluctuations.nc", scenario)
            save_figures(scenario, workspace, fluctuation_figures, stats, table)
        checks = _checks(stats)
        data = {
            "reservoirs": state_data(
                names, scenario.contact_T, scenario.contact_mu, workspace.units
            ),
            "cumulants": {kind: as_json(np.array(rows)) for kind, rows in cumulants.items()},
            "covariance": {kind: as_json(stats.covariance(kind)) for kind in KINDS},
            "fano": {kind: as_json(_each(stats.fano, kind, names)) for kind in KINDS},
            "uncertainty": {kind: as_json(_each(stats.uncertainty, kind, names)) for kind in KINDS},
            "entropy_production": stats.entropy_production,
            "frequencies": None if self.frequencies is None else as_json(self.frequencies),
            "spectrum": None if spectrum is None else as_json(spectrum),
        }
        return Outcome(data, checks)

    def _spectrum(self, stats: oqs.JumpStatistics) -> FloatArray:
        """Return S_jj(Omega) (F, n) of the particle currents, which is real."""
        spectrum = stats.noise_spectrum(np.asarray(self.frequencies))
        return np.asarray(np.diagonal(spectrum, axis1=1, axis2=2).real)


def _each(method: Any, kind: str, names: tuple[str, ...]) -> list[float]:
    return [method(j, kind) for j in range(len(names))]


def _checks(stats: oqs.JumpStatistics) -> tuple[Check, ...]:
    """Return whether particles are conserved in the long run: covariances add up to none."""
    S = stats.covariance("particle")
    size = float(np.max(np.abs(S)))
    worst = float(np.max(np.abs(S.sum(axis=0))))
    return (Check("fluctuations: sum of particles", worst / size if size else worst, _BALANCED),)


def _labelled(
    stats: oqs.JumpStatistics,
    names: tuple[str, ...],
    cumulants: Mapping[str, list[FloatArray]],
    frequencies: FloatArray | None,
    spectrum: FloatArray | None,
) -> xr.Dataset:
    """Return the statistics with named axes, cumulants and spectrum included."""
    table = stats.to_dataset()
    table = table.assign_coords(reservoir=list(names), other_reservoir=list(names))
    stacked = np.array([cumulants[kind] for kind in KINDS])
    table = table.assign_coords(order=np.arange(1, stacked.shape[-1] + 1))
    axes = ("quantity", "reservoir", "order")
    table["cumulants"] = (axes, stacked, {"long_name": "cumulants per unit time"})
    if frequencies is not None:
        about = {"long_name": r"frequency $\omega$", "units": "E_0/hbar"}
        table = table.assign_coords(frequency=("frequency", np.asarray(frequencies), about))
        about = {"long_name": "noise of the particle currents", "units": "E_0/hbar"}
        table["spectrum"] = (("frequency", "reservoir"), spectrum, about)
    return table


FLUCTUATIONS: Final = Table(
    argument_keys(
        FluctuationsTask,
        order=(Whole(1, 20), "It is how many cumulants: 2 for mean and noise."),
        frequencies=(LONG_ENERGIES, "Give frequencies >= 0, [0.0, 0.01], in units of energy."),
    )
)

read: Final = reader_of(FLUCTUATIONS, FluctuationsTask)


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print mean, noise, Fano factor and uncertainty of every current."""
    output.print("fluctuations of what the reservoirs lose, per unit time", style="bold")
    # where no particles move, energy and heat are the same
    moved = any(mean for mean, *_ in data["cumulants"]["particle"])
    kinds = KINDS if moved else ("heat",)
    rows = [
        (
            reservoir["name"],
            kind,
            *(f"{c:.6e}" for c in data["cumulants"][kind][j][:2]),
            digits(data["fano"][kind][j]),
            digits(data["uncertainty"][kind][j]),
        )
        for j, reservoir in enumerate(data["reservoirs"])
        for kind in kinds
    ]
    heads = ["reservoir", "quantity", "mean", "noise", "noise/|mean|", "uncertainty"]
    print_table(output, heads, rows)
