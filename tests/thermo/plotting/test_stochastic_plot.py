"""The figure of fluctuating reservoirs: bands around means over the mean field, histograms."""

import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf

import oqs
import thermo

MODEL = oqs.davies(
    oqs.QuadraticSystem.from_energies([1.3]),
    [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))],
)
BOXES = [thermo.Reservoir(thermo.FermiDiracGas(1.0), 20.0, name) for name in ("cold", "hot")]
START = ([0.3, 0.6], [1.2, 0.9])


def ensemble(**options):
    return thermo.evolve_stochastic(
        MODEL, BOXES, *START, **{"trajectories": 50, "t_final": 2e3, "seed": 1, **options}
    )


def path(t_final=2e3):
    return thermo.evolve(oqs.flow_law(MODEL), BOXES, *START, t_final=t_final)


def test_means_bands_mean_field_and_histograms():
    found = ensemble()
    figure = thermo.plot_stochastic(found, path())
    warm, potentials, bars = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "cold",
        "mean field",
        "hot",
    ]
    np.testing.assert_allclose(warm.lines[0].get_ydata(), found.T_mean[:, 0])
    np.testing.assert_allclose(potentials.lines[2].get_ydata(), found.mu_mean[:, 1])
    corners = warm.collections[0].get_paths()[0].vertices[:, 1]
    assert corners.max() == pytest.approx((found.T_mean + found.T_std)[:, 0].max())
    assert sum(patch.get_height() for patch in bars.patches) == 100
    assert not Gcf.figs
    assert len(thermo.plot_stochastic(found).axes[0].lines) == 2
    assert figure._repr_png_()[:4] == b"\x89PNG"


def test_linear_noise_is_the_spread_of_large_reservoirs():
    """Of Fig. 1 at A V = 100: both to 4 %, the statistical error of 1000 trajectories is 2 %."""
    pair = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    model = oqs.davies(pair, [oqs.Contact(oqs.power_law(1e-4, 0.5))] * 2)
    boxes = [thermo.Reservoir(thermo.FermiDiracGas(1.5), 100.0)] * 2
    start, end = ([0.6, 1.0], [20.8, 16.0]), 8.6e6
    found = thermo.evolve_stochastic(
        model, boxes, *start, trajectories=1000, t_final=end, seed=2, times=[end / 4, end]
    )
    slow = thermo.evolve(oqs.flow_law(model), boxes, *start, t_final=end)
    noise = slow.fluctuations(model)
    for kind in ("T", "mu", "N", "E"):
        linear = getattr(noise, f"{kind}_std")[-1]
        np.testing.assert_allclose(getattr(found, f"{kind}_std")[-1], linear, rtol=0.08)
    axes = thermo.plot_stochastic(found, slow, noise).axes
    dotted = [line for line in axes[0].lines if line.get_linestyle() == ":"]
    assert len(dotted) == 4
    np.testing.assert_allclose(
        dotted[0].get_ydata()[-1], slow.T[-1, 0] + noise.T_std[-1, 0], rtol=1e-9
    )


def test_the_histogram_says_its_time():
    last = ensemble().times[-1]
    assert last == 2000
    label = thermo.plot_stochastic(ensemble()).axes[2].get_xlabel()
    assert label.endswith(r", at $t\,E_0/\hbar = 2000$")
    units = oqs.Units.from_meV(1.0)
    label = thermo.plot_stochastic(ensemble(), units=units).axes[2].get_xlabel()
    assert label.endswith(r"(K), at $t = 1.316 \times 10^{-9}$ s")


def test_bad_input():
    with pytest.raises(TypeError, match="`noise` must be the fluctuations of `path`"):
        thermo.plot_stochastic(ensemble(), None, path().fluctuations(MODEL))
    with pytest.raises(TypeError, match="`ensemble` must be a StochasticEnsemble, but is int"):
        thermo.plot_stochastic(3)
    with pytest.raises(ValueError, match="two times or more"):
        thermo.plot_stochastic(ensemble(times=[2e3]))
    with pytest.raises(TypeError, match="`path` must be a Trajectory, but is str"):
        thermo.plot_stochastic(ensemble(), "mean")
    with pytest.raises(ValueError, match="up to t = 2000, but follows 2 up to 100"):
        thermo.plot_stochastic(ensemble(), path(100.0))
