"""What all figures share: sizes of a journal's columns, 8 pt text, colours, one legend, scales."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from oqs.arguments import FloatArray, positive_number
from oqs.deferred import xr
from oqs.units import Units

ONE_COLUMN: Final = 3.4
"""Width of a figure in one column of a journal, inches."""

TWO_COLUMNS: Final = 7.0
"""Width of a figure across two columns, inches."""

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by every kind of colour vision: Okabe and Ito, Color Universal Design (2008)."""

_NATURAL: Final = {
    "E_0": "$E_0$",
    "E_0/k_B": "$E_0/k_B$",
    "hbar/E_0": r"$\hbar/E_0$",
    "E_0/hbar": r"$E_0/\hbar$",
    "E_0^2/hbar": r"$E_0^2/\hbar$",
}
_MEASURED: Final = {"K": "K", "meV": "meV", "ueV": "µeV"}

_LARGEST: Final = 1e4  # ZT beyond which a panel is cut: infinite through a single level
_WIDEST: Final = 100.0  # inches
_ROWS: Final = 2  # of a legend, for which figures have room
_ROW: Final = 0.17  # inches

_STYLE: Final[dict[Any, Any]] = {
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "figure.titlesize": 8.0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.formatter.use_mathtext": True,
    "axes.formatter.limits": (-3, 4),
    "pdf.fonttype": 42,  # text stays text in a vector file
    "svg.fonttype": "none",
}


@final
class PaperFigure(Figure):
    """A matplotlib Figure that notebooks show by itself, whether pyplot is in use or not."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=160)
        return picture.getvalue()


@contextlib.contextmanager
def paper_style() -> Iterator[None]:
    """Draw in 8 pt at the figure's final size, with thin axes."""
    with mpl.rc_context(_STYLE):
        yield


def checked_width(width: object) -> float:
    """Return the width of a figure in inches; raise TypeError, ValueError unless a number > 0."""
    remedy = f"Give inches: {ONE_COLUMN} for one column of a journal, {TWO_COLUMNS} for two."
    inches = positive_number("width", width, remedy)
    if inches > _WIDEST:
        raise ValueError(f"Argument `width` must be at most {_WIDEST}, but is {inches!r}. {remedy}")
    return inches


def checked_labels(labels: object) -> dict[str, str]:
    """Return what axes are called instead of their names; raise TypeError unless a mapping."""
    if labels is not None and not isinstance(labels, Mapping):
        raise TypeError(
            f"Argument `labels` must be a mapping of names to texts, but is {labels!r}. "
            "Give e.g. {'V': 'bias'}."
        )
    return dict(labels or {})


def panels(
    count: int,
    width: float,
    height: float,
    ax: Axes | Iterable[Axes] | None,
    *,
    shared: bool = True,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with so many panels below each other, or those given.

    Parameters
    ----------
    count : of panels. width, height : of a new figure and of each of its panels, inches.
    ax : axes to draw on instead, as many as panels; one alone for one panel.
    shared : whether the panels of a new figure have one horizontal axis.

    Raises
    ------
    TypeError, ValueError
        if `ax` holds something else, or another number of axes.
    """
    if ax is None:
        figure = PaperFigure(figsize=(width, height * count), layout="constrained")
        first = figure.add_subplot(count, 1, 1)
        axis = first if shared else None
        rest = [figure.add_subplot(count, 1, 2 + i, sharex=axis) for i in range(count - 1)]
        return figure, [first, *rest]
    given: list[object] = [ax] if isinstance(ax, Axes) else list(np.ravel(np.array(ax, object)))
    axes = [each for each in given if isinstance(each, Axes)]
    if len(axes) < len(given):
        wrong = next(each for each in given if not isinstance(each, Axes))
        raise TypeError(
            f"Argument `ax` must hold matplotlib Axes, but holds {type(wrong).__name__}. "
            "Give figure.subplots(n), or None for a new figure."
        )
    if len(axes) != count:
        raise ValueError(
            f"Argument `ax` must hold {count} axes, one for each panel, but holds {len(axes)}. "
            f"Give figure.subplots({count})."
        )
    own = axes[0].figure
    return PaperFigure() if own is None else own.figure, axes  # that of a subfigure is the whole


@contextlib.contextmanager
def drawing(
    count: int,
    width: object,
    height: float,
    ax: Axes | Iterable[Axes] | None,
    *,
    shared: bool = True,
    legend: bool = True,
    extra: Sequence[Any] = (),
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Draw in the paper's style on `panels`; labels are aligned at the end, a new figure's too.

    Parameters
    ----------
    legend : whether a new figure has one, with the `extra` handles.
    """
    with paper_style():
        figure, axes = panels(count, checked_width(width), height, ax, shared=shared)
        yield figure, axes
        figure.align_ylabels(axes)
        if legend and ax is None:
            legend_below(figure, axes, extra)


def legend_below(figure: Figure, axes: Sequence[Axes], extra: Sequence[Any] = ()) -> None:
    """Put one legend of all panels below the figure: each label once, in the order of drawing."""
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    for handle in extra:
        handles.setdefault(handle.get_label(), handle)
    if handles:
        columns = max(1, int(figure.get_figwidth() / 1.15))
        more = -(-len(handles) // columns) - _ROWS
        if more > 0:  # panels keep their height
            figure.set_figheight(figure.get_figheight() + more * _ROW)
        figure.legend(
            handles.values(),
            handles.keys(),
            loc="outside lower center",
            ncols=min(columns, len(handles)),
            handlelength=1.8,
            columnspacing=1.2,
        )


def merit_axis(axis: Axes, values: FloatArray) -> None:
    """Show ZT, which grows without bound where heat is tied to particles, over its decades."""
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive):
        axis.set_yscale("log")
        axis.set_ylim(max(positive.min() / 1.3, 1e-4), min(positive.max() * 1.3, _LARGEST))


def titled(figure: Figure, title: str) -> None:
    """Put a title above a figure, in as many lines as its width asks for."""
    # a dollar sign would begin a formula
    figure.suptitle(title.replace("$", r"\$"), fontsize=8, wrap=True)


def colours(count: int) -> list[str]:
    """Return a colour for each of so many reservoirs."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 0.95, count))]


def reservoir_label(name: str) -> str:
    """Return what a legend calls a reservoir."""
    return f"reservoir {name}" if name.isdecimal() else name


@final
class Scales(NamedTuple):
    """Factors from natural units to those of the axes, and the axes' labels."""

    time: float = 1.0
    temperature: float = 1.0
    energy: float = 1.0
    heat: float = 1.0
    rate: float = 1.0  # of particles per unit time
    time_label: str = r"time $t\,E_0/\hbar$"
    temperature_label: str = r"temperature $k_BT_j/E_0$"
    mu_label: str = r"chemical potential $\mu_j/E_0$"
    heat_label: str = r"heat flow out $Y_j\,\hbar/E_0^2$"


def scales(units: Units | None) -> Scales:
    """Return the scales of K, meV, s and fW, or those of natural units; TypeError for others."""
    if units is None:
        return Scales()
    if not isinstance(units, Units):
        raise TypeError(
            f"Argument `units` must be oqs.Units, or None for natural ones, but is {units!r}. "
            "Give e.g. oqs.Units.from_meV(1.0)."
        )
    return Scales(
        time=float(units.time(1.0)),
        temperature=float(units.temperature(1.0)),
        energy=float(units.energy(1.0)),
        heat=float(units.femtowatt(1.0)),
        rate=float(units.particle_flow(1.0)),
        time_label=r"time $t$ (s)",
        temperature_label=r"temperature $T_j$ (K)",
        mu_label=r"chemical potential $\mu_j$ (meV)",
        heat_label=r"heat flow out $Y_j$ (fW)",
    )


def in_si(said: str, units: Units | None) -> tuple[float, str]:
    """Return factor and name of the unit of the axes for numbers that say theirs.

    Parameters
    ----------
    said : the attribute `units` of a table's variable, in E_0, hbar and k_B. Numbers in K, meV or
        ueV stay as they are, and so do those in another unit, or none, whose axis has none.
    units : None for natural units.
    """
    if said in _MEASURED:
        return 1.0, _MEASURED[said]
    if units is None:
        return 1.0, _NATURAL.get(said, "")
    scale = scales(units)
    known = {
        "E_0": (scale.energy, "meV"),
        "E_0/k_B": (scale.temperature, "K"),
        "hbar/E_0": (scale.time, "s"),
        "E_0/hbar": (scale.rate, "1/s"),
        "E_0^2/hbar": (scale.heat, "fW"),
    }
    return known.get(said, (1.0, ""))


def axis_name(table: xr.Dataset, across: str) -> str:
    """Return what a table calls one of its axes: its attribute `long_name`, or the axis's name."""
    return str(table[across].attrs.get("long_name", across))


def labelled(text: str, unit: str) -> str:
    """Return an axis's label with its unit, if there is one."""
    return f"{text} ({unit})" if unit else text
