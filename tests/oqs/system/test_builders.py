"""Systems that people study: against the literal sum of operators, and spectra known by hand."""

import itertools

import numpy as np
import pytest
import reference
from systems import SCALES

import oqs

scales = pytest.mark.parametrize("scale", SCALES)


def literal(levels, tunnelling, *, U, U_inter=0.0, zeeman=0.0, all_pairs=False):
    """Spinful dots, term by term: up is site 2 d, down is 2 d + 1."""
    dots = len(levels)
    c = reference.annihilators(2 * dots)
    n = [x.conj().T @ x for x in c]
    charge = [n[2 * d] + n[2 * d + 1] for d in range(dots)]
    H = np.zeros_like(n[0])
    for d, level in enumerate(levels):
        H += (level + zeeman / 2) * n[2 * d] + (level - zeeman / 2) * n[2 * d + 1]
        H += U * n[2 * d] @ n[2 * d + 1]
    for d, e in itertools.combinations(range(dots), 2):
        if all_pairs or e == d + 1:
            H += U_inter * charge[d] @ charge[e]
        if e == d + 1:
            for spin in (0, 1):
                hop = tunnelling * c[2 * d + spin].conj().T @ c[2 * e + spin]
                H += hop + hop.conj().T
    return H


def literal_spinless(levels, tunnelling, *, U, all_pairs=False):
    dots = len(levels)
    c = reference.annihilators(dots)
    n = [x.conj().T @ x for x in c]
    H = sum(level * x for level, x in zip(levels, n, strict=True))
    for d, e in itertools.combinations(range(dots), 2):
        if all_pairs or e == d + 1:
            H = H + U * n[d] @ n[e]
        if e == d + 1:
            hop = tunnelling * c[d].conj().T @ c[e]
            H = H + hop + hop.conj().T
    return H


def assert_same(system, H, scale):
    np.testing.assert_allclose(system.hamiltonian.full(), H, rtol=0, atol=1e-14 * scale)
    found = np.sort(system.spectrum.energies)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(H), rtol=0, atol=1e-13 * scale)
    for ours, literally in zip(
        system.annihilators, reference.annihilators(system.sites), strict=True
    ):
        np.testing.assert_array_equal(ours.full(), literally)


@scales
def test_anderson_dot(scale):
    level, U, zeeman = -0.4 * scale, 1.2 * scale, 0.3 * scale
    dot = oqs.anderson_dot(level, U, zeeman=zeeman)
    expected = [0, level + zeeman / 2, level - zeeman / 2, 2 * level + U]
    np.testing.assert_allclose(np.sort(dot.spectrum.energies), np.sort(expected), rtol=1e-14)
    assert_same(dot, literal([level], 0.0, U=U, zeeman=zeeman), scale)


@scales
def test_spinful_dots(scale):
    rng = np.random.default_rng(1)
    for dots, all_pairs in ((1, False), (2, False), (3, False), (3, True)):
        levels = scale * rng.normal(size=dots)
        t = scale * complex(*rng.normal(size=2))
        U, between, zeeman = (scale * rng.normal(size=3)).tolist()
        options = {"U": U, "U_inter": between, "zeeman": zeeman, "all_pairs": all_pairs}
        assert_same(
            oqs.spinful_dots(levels, t, **options), literal(levels, t, **options), 10 * scale
        )


@scales
@pytest.mark.parametrize("all_pairs", [False, True])
def test_spinless_dots(all_pairs, scale):
    rng = np.random.default_rng(2)
    for dots in (1, 2, 4):
        levels, U = scale * rng.normal(size=dots), float(scale * rng.normal())
        t = scale * complex(*rng.normal(size=2))
        system = oqs.spinless_dots(levels, t, U=U, all_pairs=all_pairs)
        H = literal_spinless(levels, t, U=U, all_pairs=all_pairs)
        assert_same(system, H, 10 * scale)


@scales
def test_double_and_triple_dots(scale):
    levels, t = scale * np.array([0.1, 0.4, -0.3]), scale * (0.3 - 0.2j)
    U, between = 1.5 * scale, 0.5 * scale
    for build, dots in ((oqs.double_dot, 2), (oqs.triple_dot, 3)):
        spinful = build(levels[:dots], t, U=U, U_inter=between)
        assert_same(spinful, literal(levels[:dots], t, U=U, U_inter=between), 10 * scale)
        spinless = build(levels[:dots], t, U=0, U_inter=between, spin=False)
        assert_same(spinless, literal_spinless(levels[:dots], t, U=between), 10 * scale)


@scales
def test_two_sites_of_the_hubbard_model(scale):
    # two particles: the triplet at V, |2,0> - |0,2> at U, and the pair of singlets that t mixes
    U, V, t, level = (scale * x for x in (3.0, 0.7, 0.4, -0.2))
    energies = oqs.hubbard_chain(2, t, U=U, V=V, level=level).spectrum
    root = np.sqrt(((U - V) / 2) ** 2 + 4 * t**2)
    pair = 2 * level + np.array([V, V, V, U, (U + V) / 2 + root, (U + V) / 2 - root])
    found = energies.energies[energies.particles == 2]
    np.testing.assert_allclose(np.sort(found), np.sort(pair), rtol=0, atol=1e-13 * scale)
    one = energies.energies[energies.particles == 1]
    np.testing.assert_allclose(
        np.sort(one), np.sort([level - t, level - t, level + t, level + t]), atol=1e-14 * scale
    )


@scales
def test_longer_hubbard_chain(scale):
    chain = oqs.hubbard_chain(3, 0.4j * scale, U=2 * scale, V=0.3 * scale, level=0.1 * scale)
    H = literal(np.full(3, 0.1 * scale), 0.4j * scale, U=2 * scale, U_inter=0.3 * scale)
    assert_same(chain, H, 10 * scale)


@scales
def test_coupled_dots_are_diagonal(scale):
    levels, U = scale * np.array([0.2, -0.5, 1.1]), 0.8 * scale
    system = oqs.coupled_dots(levels, U)
    occupations = np.array(list(itertools.product((0, 1), repeat=3)))
    charge = occupations.sum(axis=1)
    expected = occupations @ levels + U * charge * (charge - 1) / 2
    np.testing.assert_allclose(
        system.hamiltonian.full(), np.diag(expected), rtol=0, atol=1e-14 * scale
    )


def test_spin_channels():
    a, b = 0.6, 0.8j
    np.testing.assert_array_equal(oqs.spin_channels([a, b]), [[a, 0, b, 0], [0, a, 0, b]])
    np.testing.assert_array_equal(
        oqs.spin_channels([a, b], up=2.0, down=0.5), [[2 * a, 0, 2 * b, 0], [0, a / 2, 0, b / 2]]
    )
    # a contact through both channels does not tell the directions of spin apart
    turn = np.kron(np.eye(2), [[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    t = oqs.spin_channels([a, b])
    gram = t.conj().T @ t
    np.testing.assert_allclose(turn.T @ gram @ turn, gram, atol=1e-15)


def test_a_polarised_contact_leaves_the_other_spin_alone():
    dot = oqs.anderson_dot(0.1, 0.0)
    polarised = oqs.Contact(oqs.flat(0.1), oqs.spin_channels([1.0], down=0.0))
    with pytest.raises(oqs.NonUniqueStationaryState) as caught:
        oqs.stationary_state(oqs.davies(dot, [polarised]), [1.0], [0.0])
    assert caught.value.kernel_dimension == 2
    both = [polarised, oqs.Contact(oqs.flat(0.2), oqs.spin_channels([1.0], up=0.0))]
    flows = oqs.flow_law(oqs.davies(dot, both))([1.0, 2.0], [0.0, 0.5])
    np.testing.assert_allclose(flows.particle, 0, atol=1e-17)  # each spin has one reservoir
