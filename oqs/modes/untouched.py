"""Parts of a system that no contact touches: they carry nothing, and flow laws leave them out."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import final

from oqs.errors import Kernel, NonUniqueStationaryState
from oqs.exports import exported
from oqs.summary import page_of_fields

_NAMED = 3  # parts that a message names one by one


@exported
@final
@dataclasses.dataclass(frozen=True)
class Untouched:
    """A mode, or a set of sites, that exchanges nothing with any reservoir.

    Its state is what it was in the beginning, so the stationary state of the whole is not unique;
    the flows are, where the rest of the system does not interact with it.

    Parameters
    ----------
    energy : of the mode, units of energy; None for a set of sites.
    sites : of the set; empty for a mode.
    reason : why, contact by contact.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([1.0, 2.0])
    >>> law = oqs.closed_form(dots, [oqs.Contact(oqs.flat(0.01), coupling=[1, 0])] * 2)
    >>> law.untouched[0].energy
    2.0
    """

    energy: float | None
    sites: tuple[int, ...]
    reason: str

    _repr_html_ = page_of_fields

    def __str__(self) -> str:
        part = f"sites {self.sites}" if self.energy is None else f"the mode at {self.energy:.10g}"
        return f"{part} ({self.reason})"


def named(parts: Sequence[Untouched]) -> str:
    """Return the parts as a message names them: the first few, and how many more there are."""
    count = Counter(map(str, parts))
    first = list(count.items())[:_NAMED]
    shown = [part.replace("the mode", f"{n} modes", 1) if n > 1 else part for part, n in first]
    more = len(parts) - sum(n for _, n in first)
    return "; ".join([*shown, f"and {more} more"] if more else shown)


def nothing_touched(parts: Sequence[Untouched], kernel: Kernel) -> NonUniqueStationaryState:
    """Return the error of a flow law whose contacts touch no part of the system."""
    return NonUniqueStationaryState(
        kernel,
        f"No contact touches any part of the system: {named(parts)}. Give at least one contact an "
        "amplitude and a rate > 0 on some level.",
    )
