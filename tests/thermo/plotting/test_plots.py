"""What a figure of a trajectory shows: lines, labels, limits, marks; no pyplot, no warnings."""

import dataclasses
import io
import sys

import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import oqs
import thermo
from thermo.evolution.evolve import evolve
from thermo.plotting.style import COLOURS
from thermo.plotting.trajectory import plot_trajectory


def made(energies, T, mu, rates, names=None, gas=None, **options):
    contacts = [oqs.Contact(rate=oqs.power_law(g, 0.5)) for g in rates]
    law = oqs.closed_form(oqs.QuadraticSystem.from_energies(energies), contacts)
    gas = gas or thermo.SommerfeldGas(1.5)
    members = [thermo.Reservoir(gas, name=name) for name in names or [None] * len(T)]
    return evolve(law, members, T, mu, **options)


FIGURE_1 = ([21.1, 21.5], [0.6, 1.0], [20.8, 16.0], [1e-4] * 2)
FIGURE_2 = ([17.1, 17.5], [0.8, 1.0], [18.8, 18.0], [1e-4] * 2)
FIGURE_4 = (
    [21.5, 21.2],
    [0.3, 0.2, 0.1, 0.15],
    [21.0, 19.0, 20.2, 20.9],
    [1e-3, 1e-4, 1e-3, 5e-6],
)


@pytest.fixture(scope="module")
def figure_1():
    return made(*FIGURE_1, names=["cold", "hot"])


@pytest.fixture(scope="module")
def figure_2():
    return made(*FIGURE_2)


def labels(axis):
    """Labels of what is drawn on one panel."""
    return axis.get_legend_handles_labels()[1]


def legend(figure):
    (found,) = figure.legends
    return [text.get_text() for text in found.get_texts()]


def marks(axis, word):
    return [each for each in axis.get_lines() if each.get_gid() == word]


def line(axis, label):
    (found,) = [each for each in axis.get_lines() if each.get_label() == label]
    return found


def saved(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def test_panels_lines_and_labels(figure_1):
    figure = plot_trajectory(figure_1, frequencies=FIGURE_1[0])
    assert isinstance(figure, Figure)
    upper, lower = figure.axes
    assert labels(upper) == ["cold", "hot", "equilibrium"]
    assert labels(lower) == ["cold", "hot", "equilibrium", "modes", r"$\bar\omega$"]
    assert len(upper.get_lines()) == 3
    assert len(lower.get_lines()) == 2 + 1 + 2 + 1
    assert legend(figure) == ["cold", "hot", "equilibrium", "modes", r"$\bar\omega$"]
    assert "E_0" in upper.get_ylabel()
    assert "E_0" in lower.get_ylabel()
    assert "hbar" in lower.get_xlabel()
    assert [line(lower, k).get_linestyle() for k in ("equilibrium", "modes", r"$\bar\omega$")] == [
        "-.",
        "--",
        ":",
    ]
    assert line(upper, "equilibrium").get_ydata()[0] == pytest.approx(float(figure_1.equilibrium.T))
    modes = [each.get_ydata()[0] for each in lower.get_lines() if each.get_linestyle() == "--"]
    assert modes == FIGURE_1[0]


def test_the_curves_are_the_trajectory(figure_1):
    upper, lower = plot_trajectory(figure_1).axes
    for axis, quantity in ((upper, "T"), (lower, "mu")):
        for j, name in enumerate(["cold", "hot"]):
            times, values = line(axis, name).get_data()
            np.testing.assert_array_equal(values, getattr(figure_1.at(times), quantity)[:, j])
            assert times[-1] == figure_1.t[-1]
            # the axis begins before anything has moved
            initial = getattr(figure_1, quantity)[0, j]
            assert values[0] == pytest.approx(initial, abs=0.01 * np.ptp(values))
    assert upper.get_xscale() == "log"
    assert upper.get_xlim() == lower.get_xlim()


def test_a_picture_without_pyplot(figure_1):
    before = set(sys.modules)
    figure = plot_trajectory(figure_1, events=True, heat=True, entropy=True)
    assert saved(figure)[:4] == figure._repr_png_()[:4] == b"\x89PNG"
    assert "matplotlib.pyplot" not in set(sys.modules) - before
    assert Gcf.get_all_fig_managers() == []


def test_nothing_overlaps(figure_1):
    figure = plot_trajectory(figure_1, frequencies=FIGURE_1[0], events=True, heat=True)
    saved(figure)
    boxes = [axis.get_window_extent() for axis in figure.axes]
    legends = [each.get_window_extent() for each in figure.legends]
    everything = boxes + legends
    for i, box in enumerate(everything):
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in everything[i + 1 :])


def test_omega_bar_has_a_gap_at_its_pole_and_does_not_set_the_limits(figure_2):
    lower = plot_trajectory(figure_2, frequencies=FIGURE_2[0]).axes[1]
    times, values = line(lower, r"$\bar\omega$").get_data()
    (pole,) = [e.time for e in figure_2.window_events if e.kind == "omega-bar diverges"]
    gap = np.flatnonzero(np.isnan(values))
    assert gap.size == 1
    assert times[gap[0]] <= pole <= times[gap[0] + 1]
    assert np.nanmax(values) > 100  # it does diverge
    assert np.nanmin(values) < -100
    low, high = lower.get_ylim()
    assert 15 < low < 17
    assert 18.8 < high < 20


def test_events_are_marked(figure_2):
    figure = plot_trajectory(figure_2, events=True)
    upper, lower = figure.axes
    (crossing,) = figure_2.crossings
    (mark,) = marks(upper, "crossing")
    assert mark.get_data() == ([crossing.time], [crossing.value])
    for kind in ("minimum", "maximum"):
        (event,) = [e for e in figure_2.extrema if e.kind == f"T {kind}"]
        (mark,) = marks(upper, kind)
        assert mark.get_data() == ([event.time], [event.value])
        assert (
            mark.get_color() == COLOURS[event.reservoirs[0]]
            or mark.get_mec() == (COLOURS[event.reservoirs[0]])
        )
    assert marks(lower, "crossing") == []
    assert {"crossing", "minimum", "maximum"} <= set(legend(figure))
    assert "crossing" not in legend(plot_trajectory(figure_2))


def test_panels_on_request(figure_2):
    figure = plot_trajectory(figure_2, heat=True, entropy=True)
    heat, entropy = figure.axes[2:]
    times, values = line(heat, "reservoir 2").get_data()
    np.testing.assert_array_equal(values, figure_2.law(*figure_2.at(times)).heat[:, 1])
    times, total = line(entropy, "total").get_data()
    at = figure_2.at(times)
    gases = zip(figure_2.gases, figure_2.capacities, at.T.T, at.mu.T, strict=True)
    expected = sum(size * gas.entropy(T, mu) for gas, size, T, mu in gases)
    np.testing.assert_allclose(total, expected - expected[0], atol=1e-12 * expected[0])
    assert total[0] == 0
    grown = figure_2.entropy[-1].sum() - figure_2.entropy[0].sum()
    assert total[-1] == pytest.approx(grown, rel=0.01)  # the figure begins after t = 0
    assert [bool(axis.get_xlabel()) for axis in figure.axes] == [False, False, False, True]
    assert len(plot_trajectory(figure_2, entropy=True).axes) == 3


def test_four_reservoirs_have_no_omega_bar():
    path = made(*FIGURE_4, events=False)
    upper, lower = plot_trajectory(path, frequencies=FIGURE_4[0]).axes
    assert labels(upper) == [*(f"reservoir {j}" for j in (1, 2, 3, 4)), "equilibrium"]
    assert labels(lower)[-1] == "modes"
    colours = [each.get_color() for each in upper.get_lines()[:4]]
    assert colours == list(COLOURS[:4])


def test_many_reservoirs_have_distinct_colours():
    n = len(COLOURS) + 2
    path = made([20.0, 21.0], np.linspace(0.5, 1, n), [20.0] * n, [1e-4] * n, events=False)
    upper, _ = plot_trajectory(path).axes
    colours = {to_rgb(each.get_color()) for each in upper.get_lines()[:n]}
    assert len(colours) == n


def test_equilibrium_of_a_run_that_ends_before_it(figure_1):
    path = made(*FIGURE_1, t_final=1e5, events=False)
    assert path.equilibrium is None
    upper, _ = plot_trajectory(path).axes
    level = line(upper, "equilibrium").get_ydata()[0]
    assert level == pytest.approx(float(figure_1.equilibrium.T), rel=1e-9)
    assert upper.get_xlim()[1] == 1e5


def test_gases_that_are_only_described_have_no_equilibrium():
    path = made(*FIGURE_1, t_final=1e5, events=False)
    read = dataclasses.replace(path, gases=("a user's gas", "a user's gas"))
    assert "equilibrium" not in labels(plot_trajectory(read).axes[0])


@pytest.mark.parametrize("options", [{}, {"t_final": 1e4}])
def test_a_path_on_which_nothing_happens(options):
    path = made([20.0, 21.0], [0.8, 0.8], [19.0, 19.0], [1e-4] * 2, events=False, **options)
    figure = plot_trajectory(path, frequencies=[20.0, 21.0], heat=True, entropy=True)
    assert saved(figure)
    assert figure.axes[0].get_xscale() == ("log" if options else "linear")


def test_heat_of_a_trajectory_without_its_law(figure_2):
    read = dataclasses.replace(figure_2, law=None)
    times, values = line(plot_trajectory(read, heat=True).axes[2], "reservoir 1").get_data()
    state = figure_2.at(times)
    exact = figure_2.law(state.T, state.mu).heat[:, 0]
    np.testing.assert_allclose(values, exact, rtol=0, atol=1e-6 * np.max(np.abs(exact)))


def test_heat_of_a_fixed_reservoir_without_its_law():
    gas = thermo.FermiDiracGas(1.5)
    law = oqs.closed_form(
        oqs.QuadraticSystem.from_energies([21.1, 21.5]), [oqs.Contact(oqs.flat(1e-3))] * 2
    )
    group = [thermo.Reservoir(gas, 1.0), thermo.Reservoir(gas, np.inf)]
    path = thermo.evolve(law, group, [0.6, 1.0], [20.8, 16.0])
    figure = plot_trajectory(dataclasses.replace(path, law=None), heat=True)
    for j in range(2):
        times, values = line(figure.axes[2], f"reservoir {j + 1}").get_data()
        state = path.at(times)
        exact = law(state.T, state.mu).heat[:, j]
        np.testing.assert_allclose(
            values, exact, rtol=0, atol=(1e-6, 2e-2)[j] * np.abs(exact).max()
        )


def test_marks_are_apart(figure_1):
    figure = plot_trajectory(made(*FIGURE_4), events=True, width=3.4)
    saved(figure)
    for axis in figure.axes:
        spots = np.array(
            [
                each.get_transform().transform(np.array(each.get_data()).T)[0]
                for each in [*marks(axis, "minimum"), *marks(axis, "maximum")]
            ]
        )
        apart = np.hypot(*(spots[:, None] - spots).T) * 72 / figure.dpi
        assert apart[~np.eye(len(spots), dtype=bool)].min() > 4.9  # points, the size of a mark


def test_units_scale_the_axes(figure_1):
    units = oqs.Units.from_temperature(1000)
    natural, si = (
        plot_trajectory(figure_1, heat=True),
        plot_trajectory(figure_1, heat=True, units=units),
    )
    for k, (factor, word) in enumerate(
        [(1000.0, "(K)"), (units.energy(1.0), "(meV)"), (1e15 * units.power(1.0), "(fW)")]
    ):
        (t, values), (second, scaled) = (line(f.axes[k], "cold").get_data() for f in (natural, si))
        np.testing.assert_allclose(scaled, values * factor, rtol=1e-12)
        np.testing.assert_allclose(second, units.time(t), rtol=1e-12)
        assert word in si.axes[k].get_ylabel()
    assert "(s)" in si.axes[-1].get_xlabel()


@pytest.mark.parametrize("width", [3.4, 7.0])
def test_text_has_8_points_at_the_final_width(figure_1, width):
    figure = plot_trajectory(figure_1, width=width)
    saved(figure)
    assert figure.get_figwidth() == width
    texts = [*figure.legends[0].get_texts(), figure.axes[0].yaxis.label]
    texts += figure.axes[-1].get_xticklabels()
    assert {text.get_fontsize() for text in texts} == {8.0}


def test_on_axes_of_ones_own(figure_1):
    figure = Figure(layout="constrained")
    axes = figure.subplots(2, 2)
    assert plot_trajectory(figure_1, ax=axes[:, 0]) is figure
    assert [len(axis.get_lines()) > 0 for axis in axes.ravel()] == [True, False, True, False]
    assert figure.legends == []


def test_bad_arguments(figure_1):
    with pytest.raises(TypeError, match=r"`units` must be oqs\.Units"):
        plot_trajectory(figure_1, units="K")
    with pytest.raises(ValueError, match=r"`width` must be .*3.4 for one column"):
        plot_trajectory(figure_1, width=0.0)
    with pytest.raises(ValueError, match="`ax` must hold 2 axes, one for each panel, but holds 1"):
        plot_trajectory(figure_1, ax=Figure().add_subplot())
    with pytest.raises(TypeError, match="`ax` must hold matplotlib Axes, but holds int"):
        plot_trajectory(figure_1, ax=[1, 2])
    with pytest.raises(TypeError, match="`path` must be a Trajectory, but is list"):
        plot_trajectory([1.0])
    with pytest.raises(ValueError, match="`frequencies` must have shape"):
        plot_trajectory(figure_1, frequencies=21.0)
    with pytest.raises(ValueError, match="`frequencies` must be finite"):
        plot_trajectory(figure_1, frequencies=[np.nan])
    without = made(*FIGURE_1, t_final=1e4, events=False)
    with pytest.raises(ValueError, match="`events` of evolve was False"):
        plot_trajectory(without, events=True)
