"""Results of a scenario as text tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oqs.arguments import FloatArray
from oqs.scenario.computing import Check, FlowsResult, LawFlows, words
from oqs.scenario.reading import OpenSystem
from oqs.state.relaxation import Relaxation
from oqs.units import Units

_MOST_ROWS = 12  # of a relaxation; all of them are in the JSON


def flows_text(found: OpenSystem, result: FlowsResult, units: Units | None) -> str:
    """Return the flows as text; in SI where `units` are given."""
    head = [found.title]
    if found.left:
        head.append(f"not used here, but by `python -m thermo run`: {', '.join(found.left)}")
    blocks = ["\n".join(head)]
    blocks += [_law_text(found, each, units) for each in result.laws]
    if result.audit is not None:
        blocks.append(repr(result.audit))
    return "\n\n".join([*blocks, checks_text(result.checks)])


def _law_text(found: OpenSystem, each: LawFlows, units: Units | None) -> str:
    title = f"{words(each.law)} ({each.solver}): flows out of the reservoirs"
    if each.deviation:
        title += f"; off by {each.deviation:.1e}"
    flows = each.flows
    columns: tuple[FloatArray, ...]
    if units is None:
        heads: tuple[str, ...] = ("reservoir", "T", "mu", "particles", "energy", "heat")
        columns = (found.T, found.mu, flows.particle, flows.energy, flows.heat)
        clausius = f"sum of Y/T = {each.clausius:.6e}"
    else:
        heads = ("reservoir", "T (K)", "mu (meV)", "P (1/s)", "I (A)", "J (W)", "Y (W)")
        columns = (
            units.temperature(found.T),
            units.energy(found.mu),
            units.particle_flow(flows.particle),
            units.current(flows.particle),
            units.power(flows.energy),
            units.power(flows.heat),
        )
        clausius = f"sum of Y/T = {float(units.entropy_rate(each.clausius)):.6e} W/K"
    rows = [
        (name, *(f"{value:.6g}" for value in row[:2]), *(f"{value:.6e}" for value in row[2:]))
        for name, *row in zip(found.names, *columns, strict=True)
    ]
    left_out = [f"carries nothing: {part}" for part in each.untouched]
    return "\n".join([title, table(heads, rows), clausius, *left_out])


def relaxation_text(found: OpenSystem, result: Relaxation, units: Units | None) -> str:
    """Return some rows of a relaxation as text: entropies and particle flows."""
    times = result.times if units is None else units.time(result.times)
    particle = result.flows.particle
    flows = particle if units is None else units.particle_flow(particle)
    step = -(-len(times) // _MOST_ROWS)
    heads = (
        "t" if units is None else "t (s)",
        "entropy",
        "production",
        *(f"P {name}" if units is None else f"P {name} (1/s)" for name in found.names),
    )
    rows = [
        [
            f"{times[k]:.6g}",
            f"{result.entropy[k]:.6f}",
            f"{result.entropy_production[k]:.4e}",
            *(f"{p:.6e}" for p in flows[k]),
        ]
        for k in sorted({*range(0, len(times), step), len(times) - 1})
    ]
    return f"{found.title}: relaxation\n{table(heads, rows)}"


def checks_text(checks: Sequence[Check]) -> str:
    """Return one line per check."""
    rows = [
        ("passed" if c.passed else "FAILED", f"{c.value:.1e}", f"<= {c.tolerance:.0e}", c.name)
        for c in checks
    ]
    width = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join([row[0].ljust(width[0]), row[1].rjust(width[1]), row[2].ljust(width[2]), row[3]])
        for row in rows
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with the first column left, the others right."""
    lines = [list(heads), *(list(row) for row in rows)]
    width = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join([line[0].ljust(width[0]), *map(str.rjust, line[1:], width[1:])]) for line in lines
    )
