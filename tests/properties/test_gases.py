"""Laws that every gas obeys at every T and mu."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import thermo

law = hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
alphas = st.floats(0.5, 3.0)
temperatures = st.floats(-2.0, 2.0).map(lambda x: 10**x)
ratios = st.floats(8.0, 60.0)  # mu/T, where the truncated gas is meant too
KINDS = pytest.mark.parametrize("kind", [thermo.SommerfeldGas, thermo.FermiDiracGas])


@KINDS
@law
@hypothesis.given(alpha=alphas, T=temperatures, x=ratios)
def test_maxwell(kind, alpha, T, x):
    # dS/dmu = dN/dT, as both are second derivatives of one potential; T dS = dE - mu dN
    gas, mu = kind(alpha), x * T
    jacobian, h = gas.jacobian(T, mu), 1e-5 * T
    rising = (gas.entropy(T, mu + h) - gas.entropy(T, mu - h)) / (2 * h)
    warming = (gas.entropy(T + h, mu) - gas.entropy(T - h, mu)) / (2 * h)
    unit = gas.number(T, mu) / T
    np.testing.assert_allclose(rising, jacobian[0, 0], rtol=1e-5, atol=1e-7 * unit)
    heat = jacobian[1, 0] - mu * jacobian[0, 0]
    np.testing.assert_allclose(T * warming, heat, rtol=1e-5, atol=1e-7 * unit * T)


@KINDS
@law
@hypothesis.given(alpha=alphas, T=temperatures, x=ratios)
def test_inversion_leads_back(kind, alpha, T, x):
    gas, mu = kind(alpha), x * T
    found = thermo.invert(gas, np.array([gas.number(T, mu)]), np.array([gas.energy(T, mu)]))
    np.testing.assert_allclose([found[0][0], found[1][0]], [T, mu], rtol=1e-8)
