"""What a map shows: colours, words, failures, marks, axes."""

import io
import re

import numpy as np
import pytest
import xarray as xr
from matplotlib._pylab_helpers import Gcf
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgba

import oqs
import thermo
from thermo.plotting.style import COLOURS

X, Y = np.linspace(0.0, 2.0, 5), np.linspace(-1.0, 1.0, 4)


def point(x, y):
    if x > 1.9 and y > 0.9:
        raise ValueError("no device")
    return {"power": x * y, "mode": "engine" if y > 0 else "heater"}


@pytest.fixture(scope="module")
def table():
    return thermo.sweep(point, {"x": X, "y": Y}, progress=False)


def mesh(figure):
    (found,) = [c for c in figure.axes[0].collections if isinstance(c, QuadMesh)]
    return found


def saved(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def test_numbers_are_colours(table):
    figure = thermo.plot_map(table, "power", labels={"x": "level", "power": "power out"})
    assert saved(figure)[:4] == figure._repr_png_()[:4] == b"\x89PNG"
    axis, bar = figure.axes
    assert (axis.get_xlabel(), axis.get_ylabel(), bar.get_ylabel()) == ("level", "y", "power out")
    values = np.ma.filled(mesh(figure).get_array(), np.nan).reshape(4, 5)
    np.testing.assert_array_equal(values, table["power"].values.T)
    assert np.isnan(values[3, 4])
    assert to_rgba(axis.get_facecolor()) == to_rgba("0.85")
    assert Gcf.get_all_fig_managers() == []


def test_units_of_what_says_its_own(table):
    units = oqs.Units.from_meV(2.0)
    told = table.assign_coords(x=table["x"].assign_attrs(units="E_0/k_B"))
    told["power"] = told["power"].assign_attrs(units="E_0^2/hbar")
    mark = {"x": 1.0, "y": 0.5}
    figure = thermo.plot_map(told, "power", units=units, marks=[mark], limits=(-1.0, 1.0))
    axis, bar = figure.axes
    assert (axis.get_xlabel(), axis.get_ylabel(), bar.get_ylabel()) == ("x (K)", "y", "power (fW)")
    fW = 1e15 * units.power(1.0)
    assert mesh(figure).get_clim() == pytest.approx((-fW, fW))
    values = np.ma.filled(mesh(figure).get_array(), np.nan).reshape(4, 5)
    np.testing.assert_allclose(values, table["power"].values.T * fW)
    (star,) = axis.get_lines()
    assert star.get_xdata()[0] == pytest.approx(units.temperature(1.0))
    assert axis.get_xlim()[1] > units.temperature(X[-1])


def test_both_signs_are_centred_at_zero(table):
    figure = thermo.plot_map(table, "power")
    low, high = mesh(figure).get_clim()
    assert low == -high == -np.nanmax(np.abs(table["power"].values))
    one_sign = table.assign(power=abs(table["power"]))
    assert mesh(thermo.plot_map(one_sign, "power")).get_cmap().name == "viridis"


def test_lines_of_equal_value_have_numbers(table):
    figure = thermo.plot_map(table, "power", width=3.4)
    assert figure.get_figwidth() == 3.4
    saved(figure)
    assert figure.axes[0].texts


def test_words_have_a_colour_each_and_failures_none(table):
    figure = thermo.plot_map(table, "mode")
    saved(figure)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["engine", "heater"]
    codes = np.ma.filled(mesh(figure).get_array().astype(float), np.nan).reshape(4, 5)
    assert set(codes[:2].ravel()) == {1.0}
    assert set(codes[2].ravel()) == {0.0}
    assert np.isnan(codes[3, 4])


def test_marks(table):
    optimum = thermo.optimise(lambda x, y: -((x - 1) ** 2) - y**2, {"x": (0, 2), "y": (-1, 1)})
    figure = thermo.plot_map(table, "power", marks=[optimum.parameters])
    (line,) = figure.axes[0].get_lines()
    assert line.get_xydata() == pytest.approx(np.array([[1.0, 0.0]]), abs=1e-6)


def test_a_map_of_one_value(table):
    assert saved(thermo.plot_map(table.assign(power=0.0 * table["power"]), "power"))


def words(count):
    return xr.Dataset(
        {"value": (("x", "y"), np.array([str(k) for k in range(20)]).reshape(4, 5))}
    ).map(lambda v: v.where(v.astype(int) < count, "0"))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"table": 1.0}, TypeError, "`table` must be an xarray Dataset, but is float"),
        ({"quantity": "heat"}, ValueError, r"`quantity` must be one of \['error', 'mode', 'power'"),
        ({"marks": [{"x": 1.0}]}, ValueError, "`marks` must hold mappings with 'x' and 'y'"),
        (
            {"table": xr.Dataset({"power": ("x", np.ones(3))})},
            ValueError,
            "variable over two axes of two points or more",
        ),
        (
            {"table": xr.Dataset({"power": (("x", "y"), np.full((2, 2), np.nan))})},
            ValueError,
            "every point of 'power' failed",
        ),
        ({"table": words(20), "quantity": "value"}, ValueError, f"at most {len(COLOURS)} words"),
    ],
)
def test_bad_arguments(table, change, error, message):
    with pytest.raises(error, match=message):
        thermo.plot_map(**({"table": table, "quantity": "power"} | change))


def test_lines_can_be_left_out(table):
    figure = thermo.plot_map(table, "power", lines=False)
    saved(figure)
    assert len(figure.axes[0].collections) == 1


def test_colours_end_at_the_limits(table):
    figure = thermo.plot_map(table, "power", limits=(0.5, 1.0))
    saved(figure)
    assert mesh(figure).get_clim() == (0.5, 1.0)
    assert mesh(figure).colorbar.extend == "both"
    about_zero = mesh(thermo.plot_map(table, "power", limits=(-0.5, 5.0)))
    assert about_zero.get_clim() == (-5.0, 5.0)
    assert about_zero.colorbar.extend == "neither"


@pytest.mark.parametrize(
    ("limits", "error"),
    [(3, TypeError), ((1.0, 1.0), ValueError), ((0, np.nan), ValueError), ("ab", TypeError)],
)
def test_limits_that_are_none_are_refused(table, limits, error):
    with pytest.raises(error, match=r"Argument `limits` must be"):
        thermo.plot_map(table, "power", limits=limits)


@pytest.mark.parametrize("size", [3e-7, 1e-3, 0.2, 50.0, 2e6])
def test_lines_are_named_over_the_power_of_ten_of_the_bar(size):
    def slope(x, y):
        return size * (x + 0.3 * y)

    grid = {"x": np.linspace(0.0, 1.0, 5), "y": np.linspace(0.0, 1.0, 4)}
    figure = thermo.plot_map(thermo.sweep(slope, grid, label="slope", progress=False))
    figure.draw_without_rendering()
    axis, bar = figure.axes
    said = bar.yaxis.get_offset_text().get_text().replace("\N{MINUS SIGN}", "-")
    power = int(re.search(r"10\^\{(-?\d+)\}", said)[1]) if said else 0
    names = [float(text.get_text()) for text in axis.texts]
    levels = next(c for c in axis.collections if hasattr(c, "levels")).levels
    assert names
    for name in names:
        assert np.min(np.abs(levels - name * 10.0**power)) < 1e-9 * size
