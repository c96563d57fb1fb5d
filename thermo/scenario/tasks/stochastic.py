"""[stochastic]: trajectories of jumps, with reservoirs whose T and mu fluctuate."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Literal, final

import numpy as np
from rich.console import Console

import oqs
import thermo
from thermo.scenario.outcome import Check, Outcome
from thermo.scenario.results.data import as_json, save_table, si_data
from thermo.scenario.results.drawing import save_figures, stochastic_figure
from thermo.scenario.results.naming import TRAJECTORIES
from thermo.scenario.results.text import print_table, with_unit
from thermo.scenario.scenario import Scenario, Workspace
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Table, argument_keys, reader_of
from thermo.scenario.schema.values import DURATION, Whole
from thermo.scenario.tasks.laws import make_model

_ERRORS = 5.0  # standard errors: passed by chance by all but 1 of a million right results


@final
@dataclasses.dataclass(frozen=True)
class StochasticTask:
    """Trajectories as `thermo.evolve_stochastic` takes them.

    Parameters
    ----------
    trajectories : how many. t_final : their end.
    points : number of times, from 0 to the end.
    seed : of the random numbers; None draws one, which the results record.
    occupations, preparation : as there.
    """

    trajectories: int
    t_final: float
    points: int = 51
    seed: int | None = None
    occupations: Literal["entropic", "fermi"] = "entropic"
    preparation: Literal["definite", "canonical"] = "definite"

    def check(self, scenario: Scenario, place: Place) -> None:
        """Raise ScenarioError where a gas is missing, or links would move heat between jumps."""
        _ = scenario.reservoirs
        if scenario.links:
            raise place.error(
                "needs reservoirs that exchange by jumps alone, but there are links",
                "Remove [[links]] or this table; [trajectory] follows both.",
            )

    def run(self, scenario: Scenario, workspace: Workspace) -> Outcome:
        """Return means and deviations, written and drawn as [output] says.

        Raises ScenarioError where `thermo.evolve_stochastic` refuses the model or the reservoirs,
        and at Ctrl-C StochasticInterrupted, when the trajectories that are finished are written.
        With a `seed`, which tells whose they are, --resume goes on with them.
        """
        model = make_model(scenario)
        try:
            ensemble = self._followed(model, scenario, workspace)
        except thermo.StochasticInterrupted as stopped:  # keep what is finished
            save_table(stopped.ensemble.to_dataset(), workspace, TRAJECTORIES, scenario)
            raise
        save_table(ensemble.to_dataset(), workspace, TRAJECTORIES, scenario)
        if workspace.batches is not None:
            workspace.batches.unlink(missing_ok=True)  # all of a whole are in its table
        save_figures(scenario, workspace, stochastic_figure, ensemble)
        checks = _checks(ensemble, model)
        data = {
            "reservoirs": list(ensemble.names),
            "trajectories": len(ensemble.trajectories),
            "jumps": int(ensemble.jumps.sum()),
            "seed": str(ensemble.seed),
            "time": as_json(ensemble.times),
            **{
                f"{name}_{moment}": as_json(getattr(ensemble, f"{name}_{moment}"))
                for name in ("T", "mu", "N", "E")
                for moment in ("mean", "std")
            },
            **si_data(
                workspace.units,
                time=("time", ensemble.times),
                T_mean=("temperature", ensemble.T_mean),
                T_std=("temperature", ensemble.T_std),
                mu_mean=("energy", ensemble.mu_mean),
                mu_std=("energy", ensemble.mu_std),
            ),
            "closed": as_json(ensemble.closed.sum(axis=0)),
        }
        return Outcome(data, checks)

    def _followed(
        self, model: oqs.Model, scenario: Scenario, workspace: Workspace
    ) -> thermo.StochasticEnsemble:
        with scenario.document.place.at("stochastic").blamed():
            return thermo.evolve_stochastic(
                model,
                scenario.reservoirs,
                scenario.contact_T,
                scenario.contact_mu,
                trajectories=self.trajectories,
                t_final=self.t_final,
                seed=self.seed,
                occupations=self.occupations,
                preparation=self.preparation,
                times=np.linspace(0.0, self.t_final, self.points),
                store=None if self.seed is None else workspace.batches,
                progress=workspace.progress,
            )


def _checks(ensemble: thermo.StochasticEnsemble, model: oqs.Model) -> tuple[Check, ...]:
    """Return what trajectories must obey: particles are conserved, and the fluctuation theorem.

    A reservoir of infinite capacity does not count its particles; the theorem is about reservoirs
    prepared at their T, mu, entropic occupations and detailed balance.
    """
    checks = []
    if np.all(np.isfinite(ensemble.N)):
        inside = model.system.spectrum.particles[ensemble.state]
        total = ensemble.N.sum(axis=2) + inside
        off = float(np.max(np.ptp(total, axis=1)))
        checks.append(Check("particles on every trajectory", off / float(total.max()), 1e-9))
    exact = ensemble.occupations == "entropic" and model.detailed_balance
    if exact and ensemble.preparation == "canonical":
        theorem = ensemble.fluctuation_theorem()
        checks.append(Check("fluctuation theorem, errors off", theorem.deviation(1.0), _ERRORS))
    return tuple(checks)


STOCHASTIC: Final = Table(
    argument_keys(
        StochasticTask,
        trajectories=(Whole(1, 10_000_000), "It is how many trajectories are followed, 1000."),
        t_final=(DURATION, "It is when they end."),
        points=(Whole(2, 10_000), "It is the number of times from 0 to the end."),
        seed=(Whole(0, 2**63 - 1), "It is that of the random numbers; omit it to draw one."),
        occupations=(Choice(("entropic", "fermi")), "It is how a jump's occupation is taken."),
        preparation=(Choice(("definite", "canonical")), "It is how the reservoirs begin."),
    )
)

read: Final = reader_of(STOCHASTIC, StochasticTask)


def show(output: Console, data: Mapping[str, Any]) -> None:
    """Print T and mu at the end, mean and deviation."""
    time = "time_s" if "time_s" in data else "time"
    keys = [next(k for k in data if k.startswith(f"{name}_mean")) for name in ("T", "mu")]
    si = [next((k for k in data if k.startswith(f"{name}_mean_")), None) for name in ("T", "mu")]
    keys = [chosen or key for chosen, key in zip(si, keys, strict=True)]
    output.print(
        f"{data['trajectories']} trajectories, {data['jumps']} jumps, seed {data['seed']}; at "
        f"{with_unit(time)} = {data[time][-1]:.6g}",
        style="bold",
    )
    rows = [
        (name, *(_spread(data, key, j) for key in keys))
        for j, name in enumerate(data["reservoirs"])
    ]
    print_table(output, ["reservoir", *(with_unit(key.replace("_mean", "")) for key in keys)], rows)


def _spread(data: Mapping[str, Any], key: str, j: int) -> str:
    mean, spread = (data[k][-1][j] for k in (key, key.replace("_mean", "_std")))
    return f"{mean:.5g} +- {spread:.2g}"
