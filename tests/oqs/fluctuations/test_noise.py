"""Means and noise over batches of (T, mu): the numbers of the single calls."""

import numpy as np
import pytest
import systems

import oqs


def models():
    dot = oqs.anderson_dot(-0.4, 1.2)
    polarised = oqs.spin_channels([1.0], up=1.0, down=0.5)
    contacts = [oqs.Contact(oqs.flat(0.01), name="left"), oqs.Contact(oqs.flat(0.02), polarised)]
    third = oqs.Contact(oqs.power_law(0.03, 0.5), name="third")
    collective = [oqs.Contact(oqs.flat(0.01), [1, 0.5]), oqs.Contact(oqs.flat(0.02), [0.2, 1])]
    six = oqs.spinless_dots(np.linspace(-1, 1, 6), 0.3, U=0.5)
    return {
        "two contacts": oqs.davies(dot, contacts),
        "three contacts": oqs.davies(
            oqs.double_dot([0.1, 0.4], 0.2, U=1.5),
            [contacts[0], oqs.Contact(oqs.flat(0.02)), third],
        ),
        "coherences": oqs.davies(oqs.QuadraticSystem(np.eye(2)), collective),
        "many states": oqs.davies(six, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]),
        "one level": oqs.davies(oqs.QuadraticSystem([[0.3]]), contacts[:1]),
    }


MODELS = models()


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_is_its_points(name):
    model = MODELS[name]
    n, rng = model.reservoirs, np.random.default_rng(3)
    T = 10 ** rng.uniform(-3, 0.5, (5, 1, n))
    mu = rng.uniform(-1.5, 1.5, (4, n))
    mu[0], T[0] = 0.2, 0.3  # equilibrium
    found = oqs.noise(model, T, mu)
    law = oqs.flow_law(model)(T, mu)
    assert found.covariance().shape == (5, 4, n, n)
    for place in np.ndindex(5, 4):
        point = T[place[0], 0], mu[place[1]]
        stats = oqs.counting_statistics(model, *point)
        for quantity in ("particle", "energy", "heat"):
            mean, exact = getattr(found.flows, quantity)[place], getattr(stats.flows, quantity)
            scale = 1e-13 * np.max(stats.gross)
            np.testing.assert_allclose(mean, exact, rtol=1e-11, atol=scale)
            np.testing.assert_allclose(mean, getattr(law, quantity)[place], rtol=1e-11, atol=scale)
            S = stats.covariance(quantity)
            np.testing.assert_allclose(
                found.covariance(quantity)[place], S, rtol=1e-10, atol=1e-300
            )
            for j in range(n):
                for method in ("fano", "uncertainty"):
                    mine = getattr(found, method)(quantity)[place][j]
                    if abs(exact[j]) > 10 * scale or not np.isfinite(mine):
                        single = getattr(stats, method)(j, quantity)
                        np.testing.assert_allclose(mine, single, rtol=1e-7)
        # mixed ones may vanish by symmetry
        size = np.sqrt(stats.covariance()[0, 0] * stats.covariance("heat").diagonal().max())
        exact = stats.covariance("particle", "heat")
        mixed = found.covariance("particle", "heat")[place]
        np.testing.assert_allclose(mixed, exact, rtol=1e-9, atol=1e-13 * size)


def test_an_empty_batch_and_a_single_point():
    model = MODELS["two contacts"]
    assert oqs.noise(model, np.ones((0, 2)), np.ones((0, 2))).fano().shape == (0, 2)
    single = oqs.noise(model, [0.2, 0.3], [0.1, 0.0])
    assert single.covariance("heat").shape == (2, 2)
    assert single.flows.names == ("left", None)


def test_coulomb_diamonds_have_the_fano_factors_of_their_regions():
    """Deep in its regions a dot is empty, carries by one state of two spins, or by four states."""
    dot = oqs.anderson_dot(0.0, 2.0)
    gL, gR = 0.01, 0.03
    model = oqs.davies(dot, [oqs.Contact(oqs.flat(gL)), oqs.Contact(oqs.flat(gR))])
    found = oqs.noise(model, [0.02, 0.02], [[1.0, -1.0], [5.0, -5.0]])
    blockaded = (4 * gL**2 + gR**2) / (2 * gL + gR) ** 2
    free = (gL**2 + gR**2) / (gL + gR) ** 2
    np.testing.assert_allclose(found.fano()[:, 0], [blockaded, free], rtol=1e-12)


@pytest.mark.parametrize("scale", systems.SCALES)
def test_scales(scale):
    model, T, mu = systems.random_interacting(5, 2, 3, scale=scale)
    batch = oqs.noise(model, np.stack([T, 2 * T]), mu)
    single = oqs.counting_statistics(model, 2 * T, mu)
    for quantity in ("particle", "heat"):
        exact = single.covariance(quantity)
        np.testing.assert_allclose(
            batch.covariance(quantity)[1], exact, rtol=0, atol=1e-12 * np.abs(exact).max()
        )


def test_noise_has_named_axes_and_three_lines():
    contacts = [oqs.Contact(oqs.flat(0.01), name="left"), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts)
    bias = np.linspace(0.1, 2.0, 5)[:, None] * [0.5, -0.5]
    found = oqs.noise(model, [0.05, 0.1], bias)
    table = found.to_dataset()
    assert table.covariance.dims[:3] == ("batch_0", "quantity", "reservoir")
    one = oqs.counting_statistics(model, [0.05, 0.1], bias[2])
    for name in ("mean", "covariance", "fano", "uncertainty"):
        exact = one.to_dataset()[name]
        np.testing.assert_allclose(table[name][2], exact, rtol=1e-10, atol=1e-18)
        assert table[name].attrs["units"]
    heat = table.sel(reservoir="left", quantity="heat")
    np.testing.assert_array_equal(heat.fano, found.fano("heat")[:, 0])
    for shown in (found, oqs.noise(model, [0.05, 0.1], bias[2])):
        assert len(repr(shown).splitlines()) <= 3
        assert "left" in shown._repr_html_()


def test_waiting_times_have_a_table_and_three_lines():
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    model = oqs.davies(oqs.anderson_dot(-0.4, 1.2), contacts)
    stats = oqs.counting_statistics(model, [0.05, 0.1], [0.5, -0.5])
    waiting = stats.waiting_time((0, "in"), (1, "out"), np.linspace(0, 100, 7))
    table = waiting.to_dataset()
    np.testing.assert_array_equal(table.density, waiting.density)
    assert table.time.attrs["units"] == "hbar/E_0"
    assert float(table["mean"]) == waiting.mean
    assert len(repr(waiting).splitlines()) <= 3
    assert "density" in waiting._repr_html_()
