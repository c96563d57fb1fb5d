"""The jumps of each reservoir apart from the rest of the generator."""

import numpy as np
import pytest

import oqs
from oqs.generator.jumps import jump_parts


def models():
    rng = np.random.default_rng(1)
    h = np.diag([1.0, 1.0]) + 0.0
    collective = [
        oqs.Contact(oqs.flat(0.02), coupling=[1.0, 0.6], name="left", band=(-5.0, 5.0)),
        oqs.Contact(oqs.power_law(0.03, 0.5), coupling=[0.3, -0.8], name="right", band=(0.0, 6.0)),
    ]
    yield "collective", oqs.davies(oqs.QuadraticSystem(h), collective, lamb_shift=True)
    split = np.array([[1.0, 0.01], [0.01, 0.98]])
    yield "clustered", oqs.davies(oqs.QuadraticSystem(split), collective, resolution=0.5)
    a = rng.normal(size=(3, 3))
    interacting = oqs.InteractingSystem.from_terms(a + a.T, U={(0, 1): 1.3, (1, 2): 0.4})
    own = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02), coupling=[1.0, 0.0, 0.0])]
    yield "interacting", oqs.davies(interacting, own)


@pytest.mark.parametrize(("name", "model"), list(models()))
def test_means_of_the_jumps_are_the_flows_and_without_fields_all_is_the_generator(name, model):
    T, mu = np.array([0.4, 0.9]), np.array([0.7, 0.1])
    generator = model.coherent_elements
    parts = jump_parts(model, model.coherent_elements, T, mu)
    assert abs(parts.tilted(np.zeros(2), np.zeros(2)) - parts.whole).max() == 0
    trace = np.zeros(parts.size)
    trace[parts.populations] = 1.0
    scale = abs(parts.whole).max()
    np.testing.assert_allclose(trace @ parts.whole.toarray(), 0, atol=1e-15 * scale)

    state = oqs.stationary_state(model, T, mu, method=oqs.ZeroFrequencyBlock())
    vectors = model.system.spectrum.vectors
    rho = (vectors.conj().T @ state.full() @ vectors)[generator.row_state, generator.column_state]
    assert np.abs(parts.whole @ rho).max() < 1e-15
    flows = oqs.flow_law(model, method=oqs.ZeroFrequencyBlock())(T, mu)
    for j, jumps in enumerate(parts.jumps):
        for moved, flow in ((jumps.particle, flows.particle), (jumps.energy, flows.energy)):
            mean = trace @ (jumps.matrix(moved, parts.size) @ rho)
            np.testing.assert_allclose(mean, flow[j], rtol=1e-12, atol=1e-16)


def test_every_jump_of_a_davies_generator_moves_one_particle_and_its_frequency():
    model = dict(models())["interacting"]
    T, mu = np.array([0.4, 0.9]), np.array([0.7, 0.1])
    for jumps in jump_parts(model, model.coherent_elements, T, mu).jumps:
        np.testing.assert_array_equal(np.abs(jumps.particle), 1.0)
        distance = np.abs(jumps.energy * jumps.particle - model.frequencies[:, None]).min(axis=0)
        assert distance.max() < 1e-14
