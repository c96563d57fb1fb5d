"""Figures of the response and of engines: what is drawn is what was computed."""

import numpy as np
import pytest
import qutip

import oqs
import thermo

LEADS = [oqs.Contact(oqs.flat(g), name=n) for g, n in ((0.01, "left"), (0.03, "right"))]
MU = np.linspace(-1.0, 1.5, 21)


def engines(T=(1.0, 2.0)):
    def level(w):
        return oqs.davies(oqs.QuadraticSystem([[w]]), LEADS)

    return thermo.device_map(level, [2.0, 3.0], [0.2, 0.5], T)


def test_the_response_has_a_panel_for_each_coefficient():
    model = oqs.davies(oqs.anderson_dot(-0.4, U=1.2), LEADS)
    response = oqs.linear_response(model, 0.1, MU[:, None])
    figure = thermo.plot_response(MU, response, label="mu")
    assert len(figure.axes) == 4
    for axis, name in zip(
        figure.axes, ("conductance", "seebeck", "thermal_conductance", "ZT"), strict=True
    ):
        np.testing.assert_array_equal(axis.lines[0].get_ydata(), getattr(response, name))
    assert figure.axes[-1].get_xlabel() == "mu"


def test_each_pair_of_three_reservoirs_has_a_curve():
    model = oqs.davies(oqs.anderson_dot(-0.4, U=1.2), [*LEADS, oqs.Contact(oqs.flat(0.02))])
    figure = thermo.plot_response(MU, oqs.linear_response(model, 0.1, MU[:, None]))
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "left, right",
        "left, 2",
        "right, 2",
    ]


def test_where_only_heat_flows_there_is_no_panel_of_electrons():
    baths = [oqs.BosonicContact(oqs.ohmic(g), qutip.sigmax()) for g in (0.01, 0.02)]
    model = oqs.davies(oqs.OperatorSystem(0.5 * qutip.sigmaz()), baths)
    T = np.linspace(0.2, 1.0, 9)
    figure = thermo.plot_response(T, oqs.linear_response(model, T[:, None]), label="T")
    assert "heat conductance" in figure.axes[-1].get_ylabel()
    assert all("Seebeck" not in axis.get_ylabel() for axis in figure.axes)


def test_engines_lie_above_the_line():
    table = engines()
    figure = thermo.plot_efficiency_noise(table)
    points = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(np.sort(points[:, 0]), np.sort(table.over_carnot.values.ravel()))
    x, y = figure.axes[0].lines[0].get_data()
    assert np.all(points[:, 1] > np.interp(points[:, 0], x, y) * 0.999)


def test_bad_arguments_are_named():
    model = oqs.davies(oqs.anderson_dot(-0.4, U=1.2), LEADS)
    response = oqs.linear_response(model, 0.1, MU[:, None])
    with pytest.raises(TypeError, match="`response` must be an"):
        thermo.plot_response(MU, model)
    with pytest.raises(ValueError, match="`along` must have shape"):
        thermo.plot_response(MU[1:], response)
    with pytest.raises(TypeError, match="`table` must be a Dataset of"):
        thermo.plot_efficiency_noise(response)
    with pytest.raises(ValueError, match="between two temperatures"):
        thermo.plot_efficiency_noise(engines((1.0, 1.0)))
    table = engines()
    table["over_carnot"] = table.over_carnot * np.nan
    with pytest.raises(ValueError, match="must hold an engine"):
        thermo.plot_efficiency_noise(table)
