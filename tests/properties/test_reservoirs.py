"""Laws that every set of finite reservoirs obeys: totals are kept, entropy never falls."""

import hypothesis
import hypothesis.strategies as st
import numpy as np

import oqs
import thermo

law = hypothesis.settings(max_examples=25, deadline=None, derandomize=True, database=None)
gases = st.one_of(
    st.floats(0.6, 3.0).map(thermo.SommerfeldGas), st.floats(0.6, 3.0).map(thermo.FermiDiracGas)
)
members = st.tuples(gases, st.floats(0.1, 10.0), st.floats(0.5, 1.5), st.floats(12.0, 25.0))


def unpacked(found):
    reservoirs = [thermo.Reservoir(gas, capacity=capacity) for gas, capacity, _, _ in found]
    return reservoirs, np.array([T for *_, T, _ in found]), np.array([mu for *_, mu in found])


def totals(reservoirs, T, mu):
    N = sum(r.number(t, m) for r, t, m in zip(reservoirs, T, mu, strict=True))
    E = sum(r.energy(t, m) for r, t, m in zip(reservoirs, T, mu, strict=True))
    return np.array([N, E])


@law
@hypothesis.given(found=st.lists(members, min_size=2, max_size=4))
def test_equilibrium_keeps_particles_and_energy_and_gains_entropy(found):
    reservoirs, T, mu = unpacked(found)
    end = thermo.equilibrium(reservoirs, T, mu)
    same = np.full(len(T), end.T), np.full(len(T), end.mu)
    np.testing.assert_allclose(totals(reservoirs, *same), totals(reservoirs, T, mu), rtol=1e-11)
    before = sum(r.entropy(t, m) for r, t, m in zip(reservoirs, T, mu, strict=True))
    after = sum(r.entropy(end.T, end.mu) for r in reservoirs)
    assert after >= before * (1 - 1e-12)


@law
@hypothesis.given(found=st.tuples(members, members), w=st.floats(10.0, 26.0))
def test_an_evolution_keeps_totals_and_never_loses_entropy(found, w):
    reservoirs, T, mu = unpacked(found)
    dots = oqs.QuadraticSystem.from_energies([w, w + 0.5])
    exact = oqs.closed_form(dots, [oqs.Contact(oqs.flat(1e-3))] * 2)
    path = thermo.evolve(exact, reservoirs, T, mu, t_final=1e4, events=False)
    assert max(path.conservation) < 1e-9
    total = path.entropy.sum(axis=1)
    assert np.all(np.diff(total) >= -1e-13 * total[0])
