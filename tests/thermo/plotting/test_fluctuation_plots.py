"""Figures of fluctuations hold the numbers they are drawn from."""

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
    above, below = thermo.plot_noise(V, NOISE, quantity="heat", label="V").axes
    assert [line.get_label() for line in above.lines[:2]] == ["mean, left", "noise, left"]
    np.testing.assert_array_equal(above.lines[0].get_ydata(), NOISE.flows.heat[:, 0])
    np.testing.assert_array_equal(above.lines[3].get_ydata(), NOISE.covariance("heat")[:, 1, 1])
    fano = below.lines[0].get_ydata()
    assert np.isnan(fano[0])  # thermal noise without a mean
    np.testing.assert_array_equal(fano[1:], NOISE.fano("heat")[1:, 0])
    assert below.get_xlabel() == "V"
    one = thermo.plot_noise(V, NOISE, reservoirs=[-1])
    assert one.axes[0].lines[0].get_label() == "mean, right"


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
    assert f"{waiting.mean:.4g}" in axis.get_legend().get_texts()[0].get_text()


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("noise", lambda: thermo.plot_noise(V, STATS)),
        ("along", lambda: thermo.plot_noise(V[1:], NOISE)),
        ("along", lambda: thermo.plot_noise("x", NOISE)),
        ("quantity", lambda: thermo.plot_noise(V, NOISE, quantity="charge")),
        ("reservoirs", lambda: thermo.plot_noise(V, NOISE, reservoirs=[2])),
        ("statistics", lambda: thermo.plot_generating_function(NOISE)),
        ("waiting", lambda: thermo.plot_waiting_times([0.1, 0.2])),
    ],
)
def test_bad_input(argument, call):
    with pytest.raises((TypeError, ValueError, IndexError), match=f"`{argument}` must .*but"):
        call()
