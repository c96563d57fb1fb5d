"""Counting of many states by particle number, and of many coherences without a matrix."""

import numpy as np
import pytest
import qutip

import oqs
from oqs.fluctuations import coherent, counting, waiting
from oqs.fluctuations.blocks.statistics import BlockStatistics
from oqs.fluctuations.coherent import CoherentStatistics
from oqs.fluctuations.rates import populations
from oqs.fluctuations.rates.pinned import PinnedRates
from oqs.fluctuations.rates.sectors import SectorRates
from oqs.generator.jumps import reached_elements

T, MU = np.array([0.2, 0.35, 0.5]), np.array([0.3, -0.3, 0.0])


def chain(sites, make, phase=0.0, phonons=False):
    upper = np.diag(0.03 * np.exp(1j * phase * np.arange(sites - 1)), 1)
    if phase:
        upper[0, -1] = 0.02  # a ring, through which there is a flux
    h = np.diag(np.linspace(-0.5, 0.5, sites)) + upper + upper.conj().T
    system = oqs.InteractingSystem.from_terms(h, U={(k, k + 1): 0.7 for k in range(sites - 1)})
    first, last = np.eye(sites)[[0, -1]]
    contacts = [oqs.Contact(oqs.flat(0.01), first), oqs.Contact(oqs.flat(0.02), last)]
    if phonons:
        contacts.append(oqs.BosonicContact(oqs.ohmic(0.03), np.diag(np.arange(sites) % 2)))
    else:
        contacts.append(oqs.Contact(oqs.flat(1e-4), first))
    return make(system, contacts)


def numbers(stats):
    """Everything that is computed, name by name."""
    fields = np.array([[0.3, -0.2, 0.0], [0.5, 1.0, -0.1]]), np.array([[0.1, 0.2, 0.0]])
    between = stats.waiting_time((0, "in"), (1, "out"), [30.0, 0.0, 5.0])
    tilted = stats._tilted(fields[0][1], fields[1][0])
    return {
        "particle": stats.flows.particle,
        "energy": stats.flows.energy,
        "covariance": stats.second_cumulants,
        "cumulants": stats.cumulants(0, 4, "heat"),
        "generating function": stats.generating_function(*fields),
        "slopes": np.concatenate(tilted[1:]),
        "spectrum": stats.noise_spectrum([1e-4, 0.3], "heat", "particle"),
        "rate function": stats.large_deviation(0, "particle", [2 * stats.flows.particle[0]]),
        "waiting": between.density,
        "mean": np.array([between.mean, between.probability]),
    }


def agree(found, exact, tolerance):
    for name, value in exact.items():
        scale = np.max(np.abs(value))
        np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance * scale, err_msg=name)


@pytest.mark.parametrize("phonons", [False, True])
def test_sectors_give_what_one_matrix_gives(monkeypatch, phonons):
    model = chain(4, oqs.davies, phonons=phonons)
    whole = oqs.counting_statistics(model, T, MU)
    monkeypatch.setattr(populations, "MANY", 2)
    folded = oqs.counting_statistics(model, T, MU)
    assert type(whole.solver) is PinnedRates
    assert type(folded.solver) is SectorRates
    agree(numbers(folded), numbers(whole), 1e-11)


def test_sectors_keep_the_digits_of_rare_jumps(monkeypatch):
    """A blockaded dot far below the gap: noise of e^-400 of the rates has twelve digits."""
    model = oqs.davies(oqs.anderson_dot(4.0, U=3.0), [oqs.Contact(oqs.flat(g)) for g in (1, 3)])
    at = [0.01, 0.02], [0.0, 0.1]
    exact = oqs.counting_statistics(model, *at)
    monkeypatch.setattr(populations, "MANY", 2)
    found = oqs.counting_statistics(model, *at)
    assert type(found.solver) is SectorRates
    assert 0 < found.covariance()[0, 0] < 1e-70
    np.testing.assert_allclose(found.second_cumulants, exact.second_cumulants, rtol=1e-12)
    np.testing.assert_allclose(found.flows.particle, exact.flows.particle, rtol=1e-12)


@pytest.mark.parametrize("phase", [0.0, 0.4])
def test_blocks_give_what_a_matrix_of_the_elements_gives(monkeypatch, phase):
    whole = oqs.counting_statistics(chain(3, oqs.perlind, phase), T, MU)
    monkeypatch.setattr(counting, "DENSE", 3)
    blocks = oqs.counting_statistics(chain(3, oqs.perlind, phase), T, MU)
    assert type(whole) is CoherentStatistics
    assert type(blocks) is BlockStatistics
    assert not blocks.theorem_holds
    agree(numbers(blocks), numbers(whole), 1e-9)


def test_blocks_of_a_quadratic_system_have_the_flows_of_its_law(monkeypatch):
    monkeypatch.setattr(counting, "DENSE", 3)
    dots = oqs.QuadraticSystem([[0.0, 0.012], [0.012, 0.0]])
    wires = [oqs.Contact(oqs.flat(0.02), [1, 0]), oqs.Contact(oqs.flat(0.02), [0, 1])]
    model = oqs.perlind(dots, wires)
    stats = oqs.counting_statistics(model, [1.0, 1.0], [2.5, -2.5])
    assert type(stats) is BlockStatistics
    np.testing.assert_array_equal(
        stats.flows.particle, oqs.flow_law(model)([1.0, 1.0], [2.5, -2.5]).particle
    )
    assert (
        abs(
            stats.uncertainty(0) - oqs.levitov(dots, wires, T=[1, 1], mu=[2.5, -2.5]).uncertainty(0)
        )
        < 2e-4
    )


def test_a_generating_function_is_followed_from_small_fields(monkeypatch):
    """Newton's method alone would end at another eigenvalue, or at none."""
    whole = oqs.counting_statistics(chain(2, oqs.perlind), T[:3], MU[:3])
    monkeypatch.setattr(counting, "DENSE", 3)
    blocks = oqs.counting_statistics(chain(2, oqs.perlind), T[:3], MU[:3])
    for x in (-9.0, 4.0, 12.0):
        there, exact = (s.generating_function([x, 0.0, -x / 2]) for s in (blocks, whole))
        assert abs(there / exact - 1) < 1e-9


def test_a_large_block_is_iterated_like_its_state(monkeypatch):
    contacts = [
        oqs.Contact(oqs.flat(0.01), [1.0, 0.3, 0.2]),
        oqs.Contact(oqs.flat(0.02), np.eye(3)),
    ]
    model = oqs.davies(oqs.QuadraticSystem(0.1 * np.eye(3)), contacts)
    exact = oqs.counting_statistics(model, T[:2], MU[:2])
    assert type(exact) is CoherentStatistics
    monkeypatch.setattr(coherent, "ITERATED", 2)
    found = oqs.counting_statistics(model, T[:2], MU[:2])
    close = {"rtol": 0, "atol": 1e-11 * np.abs(exact.second_cumulants).max()}
    np.testing.assert_allclose(found.second_cumulants, exact.second_cumulants, **close)
    np.testing.assert_allclose(found.cumulants(0, 4), exact.cumulants(0, 4), rtol=1e-9)


def test_phonons_within_one_level_are_counted_by_populations():
    """S(0) links two states of one level in both orders: jumps that move no energy."""
    one = qutip.qeye(2)
    qubits = oqs.OperatorSystem(
        0.5 * (qutip.tensor(qutip.sigmaz(), one) + qutip.tensor(one, qutip.sigmaz()))
    )
    x = qutip.tensor(qutip.sigmax(), one), qutip.tensor(one, qutip.sigmax())
    operators = [x[0], x[1], x[0] * x[1] + x[0]]
    strengths = [0.01, 0.02, 0.03]
    contacts = [
        oqs.BosonicContact(oqs.ohmic(g), s) for g, s in zip(strengths, operators, strict=True)
    ]
    model = oqs.davies(qubits, contacts)
    warm = np.array([0.5, 1.0, 2.0])
    stats = oqs.counting_statistics(model, warm)
    assert type(stats) is populations.PopulationStatistics
    problem = oqs.ZeroFrequencyBlock().prepare(model)
    exact = counting._Coherent(model, problem, reached_elements(model)).at(warm, np.zeros(3))
    close = {"rtol": 0, "atol": 1e-13 * np.abs(exact.second_cumulants).max()}
    np.testing.assert_allclose(stats.second_cumulants, exact.second_cumulants, **close)
    np.testing.assert_allclose(stats.flows.energy, exact.flows.energy, rtol=1e-12)
    fields = np.array([0.3, -0.1, 0.2])
    there, here = (s.generating_function(energy=fields) for s in (stats, exact))
    assert abs(there / here - 1) < 1e-11


def test_states_whose_rates_underflow_are_left_out(monkeypatch):
    """e^-2000 of the rates: the second electron never comes, in sectors as in one matrix."""
    contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))]
    model = oqs.davies(oqs.anderson_dot(0.5, U=100.0), contacts)
    found = []
    for many in (300, 2):
        monkeypatch.setattr(populations, "MANY", many)
        stats = oqs.counting_statistics(model, [0.05, 0.05], [1.5, -1.5])
        assert stats.rates.dimension == 3
        mean = stats.flows.particle[0]
        found.append(stats.large_deviation(0, "particle", [0.5 * mean, 2 * mean]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_generating_functions_in_the_cold(monkeypatch):
    """Vectors of a chain at a thousandth of its gaps reach far below the smallest double."""
    ends = np.eye(7)[[0, -1]]
    system = oqs.spinless_dots(np.linspace(-0.5, 0.5, 7), 0.05, U=0.7)
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.01), t) for t in ends])
    found = []
    for many in (300, 2):
        monkeypatch.setattr(populations, "MANY", many)
        stats = oqs.counting_statistics(model, [1e-3, 1e-3], [0.3, -0.3])
        found.append(stats.generating_function([[0.1, 0.0], [0.5, 0.0]]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
    mean = stats.flows.particle[0]
    assert 0.1 * mean < found[0][0] < 0.1 * np.exp(0.1) * mean  # convex, and rare one-way jumps


@pytest.mark.parametrize("rate", [1e-8, 1e-2])
def test_blocks_at_any_rate(monkeypatch, rate):
    """Time in units of the rates: what they are does not matter where they are far below."""
    monkeypatch.setattr(counting, "DENSE", 3)
    dots = oqs.spinless_dots([0.0, 0.3], 0.1, U=0.7)
    wires = [oqs.Contact(oqs.flat(g * rate), t) for g, t in ((1, [1, 0]), (2, [0, 1]))]
    near, far = oqs.perlind(dots, wires), oqs.davies(dots, wires)
    T, mu = [0.2, 0.3], [0.3, -0.3]
    blocks, jumps = (oqs.counting_statistics(model, T, mu) for model in (near, far))
    assert type(blocks) is BlockStatistics
    there, exact = (s.generating_function([0.3, 0.0]) / rate for s in (blocks, jumps))
    assert abs(there / exact - 1) < max(10 * rate, 1e-9)
    assert abs(blocks.fano(0) / jumps.fano(0) - 1) < max(10 * rate, 1e-9)


@pytest.mark.parametrize("make", [oqs.davies, oqs.perlind])
@pytest.mark.parametrize("times", [[6.0, 0.0, 2.0, 2.0], [0.0, 4.0, 8.0, 12.0]])
def test_states_carried_from_time_to_time_are_those_of_the_exponential(monkeypatch, make, times):
    stats = oqs.counting_statistics(chain(4, make), T, MU)
    kinds = (0, "in"), (1, "out")
    exact = stats.waiting_time(*kinds, times)
    monkeypatch.setattr(waiting, "_DENSE", 0)
    monkeypatch.setattr(waiting.scipy.linalg, "expm", None)
    found = stats.waiting_time(*kinds, times)
    np.testing.assert_allclose(
        found.density, exact.density, rtol=0, atol=1e-12 * np.max(exact.density)
    )


@pytest.mark.parametrize("kinds", [((0, "in"), (1, "out")), ((1, "out"), (1, "out"))])
@pytest.mark.parametrize("times", [[3.0, 0.0, 50.0], [0.0, 400.0, 800.0, 1200.0]])
def test_waiting_times_by_sectors_are_those_of_one_matrix(monkeypatch, kinds, times):
    whole = oqs.counting_statistics(chain(6, oqs.davies), T, MU).waiting_time(*kinds, times)
    monkeypatch.setattr(populations, "MANY", 2)
    monkeypatch.setattr(waiting, "_DENSE", 10)
    found = oqs.counting_statistics(chain(6, oqs.davies), T, MU).waiting_time(*kinds, times)
    assert abs(found.probability / whole.probability - 1) < 1e-12
    assert abs(found.mean / whole.mean - 1) < 1e-12
    scale = 1e-12 * np.max(whole.density)
    np.testing.assert_allclose(found.density, whole.density, rtol=0, atol=scale)


def test_long_rows_of_fields_say_what_they_take(monkeypatch, capsys):
    """Each field of many states takes a factorisation or two: known after the first."""
    monkeypatch.setattr(populations, "MANY", 2)
    stats = oqs.counting_statistics(chain(4, oqs.davies), T, MU)
    monkeypatch.setattr("oqs.memory.worth_saying", lambda seconds: seconds > 0)
    stats.generating_function(np.linspace(0, 0.1, 3)[:, None] * np.eye(len(T))[0])
    stats.large_deviation(0, "particle", 2 * stats.flows.particle[0])
    stats.noise_spectrum([0.0, 0.01, 0.02])
    oqs.noise(chain(6, oqs.davies), [[*T], [*T]], MU)
    dot = oqs.davies(oqs.anderson_dot(-0.4, 1.2), [oqs.Contact(oqs.flat(0.01))] * 2)
    oqs.stability_diagram(lambda _gate: dot, [0.0, 0.1], [0.1], 0.1)
    said = capsys.readouterr().err
    assert all(f"{call}: about " in said for call in CALLS)


CALLS = "Generating function", "Rate function", "Noise spectrum", "Noise", "Stability diagram"


def test_a_rate_function_asks_for_no_field_twice(monkeypatch):
    stats = oqs.counting_statistics(chain(4, oqs.davies), T, MU)
    asked = []
    own = type(stats)._tilted
    monkeypatch.setattr(
        type(stats), "_tilted", lambda s, *x: asked.append(np.concatenate(x)) or own(s, *x)
    )
    mean = stats.flows.particle[0]
    stats.large_deviation(0, "particle", [0.5 * mean, 2 * mean, mean])
    assert len(np.unique(asked, axis=0)) == len(asked)


def test_jumps_that_drive_coherences_and_do_not_fit_are_refused(monkeypatch):
    dots = oqs.spinful_dots([0.0] * 4, 1.0, U=4.0, U_inter=0.5)
    ends = [oqs.Contact(oqs.flat(0.01), oqs.spin_channels(row)) for row in np.eye(4)[[0, -1]]]
    model = oqs.davies(dots, ends)
    assert model.transitions.ambiguous
    monkeypatch.setattr("oqs.memory.physical_memory", lambda: 1e6)
    with pytest.raises(MemoryError, match=r"some of which drive coherences.*fewer sites"):
        oqs.noise(model, T[:2], MU[:2])
