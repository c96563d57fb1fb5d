"""Curves of a sweep over one axis."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import oqs
import thermo
from thermo.plotting.style import titled

TWO_AXES = thermo.sweep(lambda x, y: x * y, {"x": [0, 1], "y": [0, 1]}, progress=False)


def point(x):
    if x == 2:
        raise ValueError("no device")
    return {"power": x**2, "heat": np.array([x, -x]), "mode": "engine"}


@pytest.fixture(scope="module")
def table():
    found = thermo.sweep(point, {"x": [0.0, 1.0, 2.0, 3.0]}, progress=False)
    return found.rename(heat_0="reservoir").assign_coords(reservoir=["cold", "hot"])


def test_a_panel_for_each_quantity_and_a_curve_for_each_reservoir(table):
    figure = thermo.plot_curves(table, labels={"x": "bias"})
    power, heat = figure.axes
    assert (heat.get_ylabel(), power.get_ylabel(), heat.get_xlabel()) == ("heat", "power", "bias")
    assert [line.get_label() for line in heat.get_lines()[:2]] == ["cold", "hot"]
    np.testing.assert_array_equal(power.get_lines()[0].get_ydata(), [0, 1, np.nan, 9])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["cold", "hot"]


def test_units_of_what_says_its_own(table):
    units = oqs.Units.from_meV(2.0)
    told = table.assign_coords(x=table["x"].assign_attrs(units="E_0"))
    told["heat"] = told["heat"].assign_attrs(units="E_0^2/hbar")
    heat, power = thermo.plot_curves(told, ["heat", "power"], units=units).axes
    assert (heat.get_ylabel(), power.get_ylabel(), power.get_xlabel()) == (
        "heat (fW)",
        "power",
        "x (meV)",
    )
    V, Y = heat.get_lines()[0].get_data()
    np.testing.assert_allclose(V, [0, 2, 4, 6])
    np.testing.assert_allclose(Y[1], 1e15 * units.power(1.0))
    np.testing.assert_array_equal(power.get_lines()[0].get_ydata(), [0, 1, np.nan, 9])
    with pytest.raises(TypeError, match=r"`units` must be oqs\.Units"):
        thermo.plot_curves(told, units="SI")


def test_natural_units_and_measured_ones(table):
    told = table.assign_coords(x=table["x"].assign_attrs(units="K", long_name="$T$ of left"))
    told["heat"] = told["heat"].assign_attrs(units="E_0^2/hbar")
    heat = thermo.plot_curves(told, "heat").axes[0]
    assert (heat.get_xlabel(), heat.get_ylabel()) == ("$T$ of left (K)", r"heat ($E_0^2/\hbar$)")
    np.testing.assert_array_equal(heat.get_lines()[0].get_xdata(), [0, 1, 2, 3])
    kelvin = thermo.plot_curves(told, "heat", units=oqs.Units.from_meV(2.0)).axes[0]
    assert kelvin.get_xlabel() == "$T$ of left (K)"
    np.testing.assert_array_equal(kelvin.get_lines()[0].get_xdata(), [0, 1, 2, 3])
    named = thermo.plot_curves(told, "heat", labels={"x": "cold"}).axes[0]
    assert named.get_xlabel() == "cold (K)"


@pytest.mark.parametrize("width", [3.4, 7.0])
def test_a_long_title_is_wrapped_within_its_figure(table, width):
    figure = thermo.plot_curves(table, width=width)
    titled(figure, "A machine of many parts that takes $5 of heat from its bath and works, " * 2)
    figure.draw_without_rendering()
    (text,) = figure.texts
    box = text.get_window_extent()
    assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert figure.axes[0].get_window_extent().y1 < box.y0 < box.y1 <= figure.bbox.y1
    assert r"\$5" in text.get_text()


def test_a_curve_upon_another_is_dashed(table):
    equal = table.copy()
    equal["heat"] = equal["heat"] * [1.0, -1.0]
    lines = thermo.plot_curves(equal, "heat").axes[0].get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
    lines = thermo.plot_curves(table, "heat").axes[0].get_lines()
    assert [line.get_linestyle() for line in lines[:2]] == ["-", "-"]


def test_a_long_legend_takes_nothing_from_the_panels():
    heat = thermo.sweep(lambda x: {"heat": np.arange(9) * x}, {"x": [1, 2]}, progress=False)
    narrow, wide = (thermo.plot_curves(heat, "heat", width=width) for width in (3.4, 7.0))
    heights = []
    for figure in (narrow, wide):
        figure.draw_without_rendering()
        heights.append(figure.axes[0].get_window_extent().height / figure.dpi)
    assert heights[0] == pytest.approx(heights[1], abs=0.1)


def test_on_axes_of_ones_own(table):
    axis = Figure().add_subplot()
    thermo.plot_curves(table, "power", ax=axis)
    assert len(axis.get_lines()) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"table": 1.0}, TypeError, "`table` must be an xarray Dataset, but is float"),
        ({"quantities": "mode"}, ValueError, "must name variables of numbers over 'x'"),
        ({"quantities": ["power", "T"]}, ValueError, r"but holds \['T'\]"),
        ({"table": TWO_AXES}, ValueError, "Draw two axes with thermo.plot_map"),
    ],
)
def test_bad_arguments(table, change, error, message):
    with pytest.raises(error, match=message):
        thermo.plot_curves(**({"table": table} | change))
