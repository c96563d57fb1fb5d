"""Events along a trajectory as data: crossings, extrema, omega-bar and the modes' window."""

from __future__ import annotations

import dataclasses
from typing import Literal, final

from oqs.exports import exported
from oqs.summary import page_of_fields

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


@exported
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

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> law = oqs.closed_form(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=1.0)] * 2
    >>> path = thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> for event in path.event_list[:2]:
    ...     print(f"{event.kind} of {event.reservoirs}: {event.value:.4f} at t = {event.time:.3e}")
    omega-bar enters of (0, 1): 21.5000 at t = 4.171e+04
    T minimum of (0,): 0.3690 at t = 8.639e+04
    """

    kind: Kind
    reservoirs: tuple[int, ...]
    time: float
    value: float

    _repr_html_ = page_of_fields

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
