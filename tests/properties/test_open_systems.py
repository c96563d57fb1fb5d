"""Laws that every open system obeys between any reservoirs."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
from systems import METHODS, deviation, random_interacting

import oqs

law = hypothesis.settings(max_examples=25, deadline=None, derandomize=True, database=None)
models = hypothesis.given(
    seed=st.integers(0, 2**20),
    sites=st.integers(1, 3),
    reservoirs=st.integers(2, 4),
    exponent=st.integers(-3, 3),
)


@law
@models
def test_clausius_conservation_and_one_answer(seed, sites, reservoirs, exponent):
    model, T, mu = random_interacting(seed, sites, reservoirs, scale=10.0**exponent)
    flows = [oqs.flow_law(model, method=method)(T, mu) for method in METHODS]
    for found in flows:
        assert deviation(found, flows[-1]) < 1e-9
        assert oqs.clausius_sum(found, T) <= 0
        assert abs(found.particle.sum()) < 1e-10 * np.abs(found.particle).sum()


@law
@models
def test_gibbs_state_between_equal_reservoirs(seed, sites, reservoirs, exponent):
    model, T, mu = random_interacting(seed, sites, reservoirs, scale=10.0**exponent)
    equal = np.full(reservoirs, T[0]), np.full(reservoirs, mu[0])
    rho = oqs.stationary_state(model, *equal)
    assert (rho - oqs.gibbs_state(model.system, T[0], mu[0])).norm() < 1e-10


@law
@models
def test_each_reservoir_leaves_its_own_gibbs_state(seed, sites, reservoirs, exponent):
    model, T, mu = random_interacting(seed, sites, reservoirs, scale=10.0**exponent)
    for j in range(reservoirs):
        gibbs = oqs.gibbs_state(model.system, T[j], mu[j]).full().ravel("F")
        dissipator = model.dissipator(j, T, mu).full()
        assert np.max(np.abs(dissipator @ gibbs)) <= 1e-12 * np.max(np.abs(dissipator) @ abs(gibbs))
