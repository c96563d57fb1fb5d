"""Marks of events on the curves of a trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from thermo.evolution.events.events import Event

_MARKERS: Final = {"crossing": "o", "minimum": "^", "maximum": "v"}
_SIZE: Final = 5.0  # points
_OFF: Final = {"crossing": 0.0, "minimum": -1.0, "maximum": 1.0}
"""Side of the curve on which an extremum is marked: its triangle points at it."""


def mark_events(
    axis: Axes, events: Sequence[Event], left: float, factors: tuple[float, float], hues: list[str]
) -> None:
    """Mark events on one panel in their reservoirs' colours; those left of the axis are not shown.

    A crossing stands where it is, an extremum off its curve, further where another mark is in the
    way. To be called when the panel has its limits.

    Parameters
    ----------
    left : time at which the axis begins.
    factors : of time and of value, from natural units to those of the axes.
    hues : (n,) colours of the reservoirs.
    """
    taken: list[tuple[float, float]] = []
    for event in sorted(events, key=lambda e: e.time):
        word = event.kind.split()[-1]
        if event.time < left or word not in _MARKERS:
            continue
        place = event.time * factors[0], event.value * factors[1]
        spot = axis.transData.transform(place) * 72 / axis.figure.dpi  # points
        off = _OFF[word] * _SIZE
        while off and any(np.hypot(x - spot[0], y - spot[1] - off) < _SIZE for x, y in taken):
            off += np.copysign(_SIZE, off)
        taken.append((spot[0], spot[1] + off))
        shift = ScaledTranslation(0, off / 72, axis.figure.dpi_scale_trans)
        hue = "black" if word == "crossing" else hues[event.reservoirs[0]]
        axis.plot(
            [place[0]],
            [place[1]],
            ls="",
            marker=_MARKERS[word],
            ms=_SIZE,
            mfc="white" if word == "crossing" else hue,
            mec=hue,
            mew=1.0,
            zorder=3,
            transform=axis.transData + shift,
            gid=word,
        )


def mark_handles(events: Sequence[Event]) -> list[Line2D]:
    """Return what a legend shows of the kinds of these events, without a reservoir's colour."""
    words = {event.kind.split()[-1] for event in events}
    return [
        Line2D(
            [],
            [],
            ls="",
            marker=marker,
            ms=_SIZE,
            mec="0.3",
            mfc="white" if word == "crossing" else "0.3",
            label=word,
        )
        for word, marker in _MARKERS.items()
        if word in words
    ]
