"""[output]: what a run writes."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, final

from thermo.scenario.schema.table import Choice, Items, Table, argument_keys
from thermo.scenario.schema.values import boolean, positive, text

FigureFormat = Literal["png", "pdf", "svg"]
_FORMATS: Final[tuple[FigureFormat, ...]] = ("png", "pdf", "svg")


@final
class Outputs(NamedTuple):
    """What is written.

    Parameters
    ----------
    directory : where, unless the command line says; None takes the scenario's name.
    figures : formats of the figures; empty for none.
    netcdf : write trajectory, fluctuations, relaxation and sweep as netCDF.
    si : results in SI as well.
    width : of figures, inches: 3.4 for one column of a journal, 7.0 for two.
    heat, entropy, mark_events : further panels and marks of the figure.
    """

    directory: str | None = None
    figures: tuple[FigureFormat, ...] = ("png",)
    netcdf: bool = True
    si: bool = False
    width: float = 7.0
    heat: bool = False
    entropy: bool = False
    mark_events: bool = False


OUTPUT: Final = Table(
    argument_keys(
        Outputs,
        directory=(text, "It is where results go, unless --out says."),
        figures=(Items(Choice(_FORMATS), least=0, most=3), 'Give ["png"] or [] for none.'),
        netcdf=(boolean, "It says whether to write netCDF files."),
        si=(boolean, "It asks for results in SI too; [units] must be there."),
        width=(positive, "It is that of figures in inches: 3.4 for one column, 7.0 for two."),
        heat=(boolean, "It adds a panel of the heat flows."),
        entropy=(boolean, "It adds a panel of the entropies."),
        mark_events=(boolean, "It marks crossings and extrema."),
    )
)
