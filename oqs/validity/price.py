"""The cost of an audit, estimated before it begins: time and memory by its matrix elements."""

from __future__ import annotations

import sys
from typing import Any, final

from oqs.arguments import true_or_false
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.model import Model
from oqs.memory import require_memory, worth_saying
from oqs.system.systems import QuadraticSystem
from oqs.transitions.transitions import ModeTransitions


def audit_price(model: Model) -> tuple[float, float]:
    """Return about how many seconds and bytes an audit of interacting dots takes, measured ones.

    Without interactions modes are looked at, which is quick. With them, every matrix element of
    every contact, E in all, and products of matrices of d states: (E + 0.0015 E d) us and 200 E
    bytes, or, where occupation states are eigenstates, 2 E us and 1100 E bytes.
    """
    if isinstance(model.system, QuadraticSystem):
        return 0.0, 0.0
    transitions = model.secular.transitions
    if isinstance(transitions, ModeTransitions):
        elements = model.reservoirs * transitions.modes * 2.0 ** (transitions.modes - 1)
        return 2e-6 * elements, 1100 * elements
    if isinstance(transitions, StateTransitions):
        elements = float(sum(len(e.lower) for e in transitions.decomposition.elements))
        return (3e-6 + 6e-9 * transitions.dimension) * elements, 400 * elements
    parts = [part.rate.shape for step in transitions.steps for part in step.parts]
    sizes = [float(n) * upper * lower for n, upper, lower in parts]
    seconds = sum(
        (1e-6 + 1.5e-9 * max(upper, lower)) * size
        for size, (_, upper, lower) in zip(sizes, parts, strict=True)
    )
    return seconds, 200 * sum(sizes)


def audit_bar(model: Model, stages: int, progress: bool | None) -> Any:
    """Return a progress bar of so many stages, after saying what the audit will cost.

    None shows it on a terminal where the audit is long. Raises MemoryError where it does not fit.
    """
    seconds, needed = audit_price(model)
    require_memory(
        needed,
        f"An audit of {model.system.sites} interacting sites, of about {seconds:.0f} s,",
        "Audit fewer sites of the same rates and distances between levels.",
    )
    if progress is not None:
        true_or_false("progress", progress, "None shows a bar on a terminal only.")
    if not (worth_saying(seconds) if progress is None else progress):
        return _NoBar()
    from qutip.ui.progressbar import progress_bars

    print(f"oqs.audit: about {seconds:.0f} s and {needed / 1e9:.1f} GB", file=sys.stderr)
    return progress_bars["enhanced"](stages)


@final
class _NoBar:
    """Shows nothing; the import of QuTiP's own takes longer than most audits."""

    def update(self) -> None:
        """Do nothing."""

    def finished(self) -> None:
        """Do nothing."""
