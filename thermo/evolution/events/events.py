"""What happens along a trajectory, as data: crossings, extrema, omega-bar and the modes' window."""

from __future__ import annotations

import dataclasses
from typing import Literal, final

Kind = Literal[
    "T crossing",
    "mu crossing",
    "T minimum",
    "T maximum",
    "mu minimum",
    "mu maximum",
    "omega-bar enters",
    "omega-bar leaves",
    "omega-bar diverges",
]


@final
@dataclasses.dataclass(frozen=True)
class Event:
    """One thing that happened along a trajectory.

    Parameters
    ----------
    kind : "T crossing" and "mu crossing" of two reservoirs; "T minimum", "T maximum", "mu minimum",
        "mu maximum" of one; "omega-bar enters" and "omega-bar leaves" the window from the lowest
        to the highest frequency of the law, "omega-bar diverges" (T_i = T_j, mu_i != mu_j) of two,
        omega-bar = (T_i mu_j - T_j mu_i)/(T_i - T_j) being the energy of equal occupations.
    reservoirs : their places, counted from 0: (j,), or (i, j) with i < j.
    time : when (hbar = 1).
    value : the common or extreme T or mu, or omega-bar, in units of energy.
    """

    kind: Kind
    reservoirs: tuple[int, ...]
    time: float
    value: float

    @property
    def is_crossing(self) -> bool:
        """Whether two T or two mu were equal."""
        return self.kind.endswith("crossing")

    @property
    def is_extremum(self) -> bool:
        """Whether a T or a mu turned."""
        return self.kind.endswith(("minimum", "maximum"))

    @property
    def is_window_event(self) -> bool:
        """Whether omega-bar entered or left the window of frequencies, or passed infinity."""
        return self.kind.startswith("omega-bar")
