"""Figures of fluctuations hold the numbers they are drawn from."""

import matplotlib.figure
import numpy as np
import pytest

import oqs
import thermo

CONTACTS = [oqs.Contact(oqs.flat(0.01), name="left"), oqs.Contact(oqs.flat(0.02), name="right")]
MODEL = oqs.davies(oqs.anderson_dot(-0.4, 1.2), CONTACTS)
V = np.linspace(0.0, 3.0, 13)
NOISE = oqs.noise(MODEL, [0.1, 0.1], V[:, None] * [0.5, -0.5])
STATS = oqs.counting_statistics(MODEL, [0.2, 0.35], [0.3, -0.3])


def test_noise_over_bias():
    figure = thermo.plot_noise(V, NOISE, quantity="heat", label="V")
    above, below = figure.axes
    (legend,) = figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["left", "right", "mean", "noise"]
    np.testing.assert_array_equal(above.lines[0].get_ydata(), NOISE.flows.heat[:, 0])
    np.testing.assert_array_equal(above.lines[3].get_ydata(), NOISE.covariance("heat")[:, 1, 1])
    fano = below.lines[0].get_ydata()
    assert np.isnan(fano[0])  # thermal noise without a mean
    np.testing.assert_array_equal(fano[1:], NOISE.fano("heat")[1:, 0])
    assert below.get_xlabel() == "V"
    one = thermo.plot_noise(V, NOISE, reservoirs=[-1])
    assert one.axes[0].lines[0].get_label() == "right"
    for chosen in (["right"], "right"):
        named = thermo.plot_noise(V, NOISE, reservoirs=chosen)
        assert [line.get_label() for line in named.axes[0].lines[:1]] == ["right"]
        assert len(named.axes[0].lines) == 2
    with pytest.raises(KeyError, match=r"`reservoirs` must name a reservoir, but is .top.\. There"):
        thermo.plot_noise(V, NOISE, reservoirs=["left", "top"])


def test_the_generating_function_lies_on_its_mirror_image():
    axis = thermo.plot_generating_function(STATS).axes[0]
    curve, mirrored = axis.lines[2], axis.lines[3]
    s, values = curve.get_data()
    found = np.interp(mirrored.get_xdata()[::-1], s, values)
    size = np.max(np.abs(values))
    np.testing.assert_allclose(found, mirrored.get_ydata()[::-1], rtol=0, atol=1e-9 * size)


def test_waiting_times():
    waiting = STATS.waiting_time((0, "in"), (1, "out"), np.linspace(0, 100, 11))
    axis = thermo.plot_waiting_times(waiting).axes[0]
    np.testing.assert_array_equal(axis.lines[0].get_ydata(), waiting.density)
    (legend,) = axis.figure.legends
    assert f"{waiting.mean:.4g}" in legend.get_texts()[0].get_text()


def test_units_of_fluctuations():
    units = oqs.Units.from_meV(0.5)
    above, below = thermo.plot_noise(V, NOISE, quantity="heat", units=units).axes
    meV = units.energy(1.0)
    natural = NOISE.covariance("heat")[:, 1, 1]
    noise = above.lines[3].get_ydata()
    np.testing.assert_allclose(noise, natural * 1e15 * units.power(1.0) * meV, rtol=1e-12)
    np.testing.assert_allclose(below.lines[0].get_ydata()[1:], NOISE.fano("heat")[1:, 0] * meV)
    assert (above.get_ylabel(), below.get_ylabel()) == (
        "heat flow (fW)\nnoise (fW meV)",
        "noise/|mean| (meV)",
    )
    above, below = thermo.plot_noise(V, NOISE, units=units).axes
    mean = above.lines[0].get_ydata()
    np.testing.assert_allclose(mean, units.particle_flow(NOISE.flows.particle[:, 0]))
    np.testing.assert_array_equal(below.lines[0].get_ydata()[1:], NOISE.fano("particle")[1:, 0])
    curve = thermo.plot_generating_function(STATS, units=units).axes[0].lines[2].get_ydata()
    other = thermo.plot_generating_function(STATS).axes[0].lines[2].get_ydata()
    np.testing.assert_allclose(curve, units.particle_flow(other))
    waiting = STATS.waiting_time((0, "in"), (1, "out"), np.linspace(0, 100, 11))
    axis = thermo.plot_waiting_times(waiting, units=units).axes[0]
    t, density = axis.lines[0].get_data()
    np.testing.assert_allclose(t, units.time(waiting.times))
    np.testing.assert_allclose(density, waiting.density / units.time(1.0))
    assert axis.get_xlabel() == "waiting time (s)"


def test_fluctuations_on_given_axes():
    waiting = STATS.waiting_time((0, "in"), (1, "out"), np.linspace(0, 100, 11))
    figure = matplotlib.figure.Figure()
    axes = figure.subplots(4, 1)
    assert thermo.plot_noise(V, NOISE, ax=axes[:2]) is figure
    assert thermo.plot_generating_function(STATS, ax=axes[2]) is figure
    assert thermo.plot_waiting_times(waiting, ax=axes[3]) is figure
    assert figure.legends == []
    assert all(len(axis.lines) for axis in axes)
    for drawn in (
        thermo.plot_generating_function(STATS, width=3.4),
        thermo.plot_waiting_times(waiting, width=3.4),
    ):
        assert drawn.get_figwidth() == 3.4


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("noise", lambda: thermo.plot_noise(V, STATS)),
        ("along", lambda: thermo.plot_noise(V[1:], NOISE)),
        ("along", lambda: thermo.plot_noise("x", NOISE)),
        ("quantity", lambda: thermo.plot_noise(V, NOISE, quantity="charge")),
        ("reservoirs", lambda: thermo.plot_noise(V, NOISE, reservoirs=[2])),
        ("statistics", lambda: thermo.plot_generating_function(NOISE)),
        ("units", lambda: thermo.plot_noise(V, NOISE, units=1.0)),
        ("width", lambda: thermo.plot_generating_function(STATS, width=0)),
        ("ax", lambda: thermo.plot_noise(V, NOISE, ax=3)),
        ("waiting", lambda: thermo.plot_waiting_times([0.1, 0.2])),
    ],
)
def test_bad_input(argument, call):
    with pytest.raises((TypeError, ValueError, IndexError), match=f"`{argument}` must .*but"):
        call()


def test_fano_factors_far_above_one_are_on_the_picture():
    leads = [oqs.Contact(oqs.flat(0.01))] * 2
    engine = oqs.davies(oqs.QuadraticSystem.from_energies([2.4]), leads)
    voltage = np.linspace(0.0, 0.3, 7)
    noise = oqs.noise(engine, [[1.2, 1.0]] * 7, np.outer(voltage, [-0.5, 0.5]))
    lowest = noise.fano()[:, 0].min()
    assert lowest > 4
    _, top = thermo.plot_noise(voltage, noise, reservoirs=[0]).axes[1].get_ylim()
    assert lowest < top <= 3 * lowest
