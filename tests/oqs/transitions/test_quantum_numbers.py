"""Sectors of equal quantum numbers, found from which states H and the channels join."""

import itertools

import numpy as np
import pytest

import oqs
from oqs.transitions.quantum_numbers import sectors_of_sets


def sectors(system, couplings):
    model = oqs.davies(system, [oqs.Contact(oqs.flat(0.01), c) for c in couplings])
    return model.transitions.sector


def occupations(system, labels):
    """The mean occupations of all sites in each sector of eigenstates, rounded."""
    vectors = system.spectrum.vectors
    found = {}
    for v, c in enumerate(system.annihilators):
        mean = np.diagonal(vectors.conj().T @ (c.dag() * c).full() @ vectors).real
        for label, value in zip(labels, mean, strict=True):
            found.setdefault(int(label), {}).setdefault(v, set()).add(round(float(value), 9))
    return found


@pytest.mark.parametrize("dots", [2, 3])
def test_spin_is_found_where_channels_carry_one(dots):
    system = oqs.spinful_dots(np.full(dots, -2.0), 1.0, U=4.0, U_inter=0.5)
    ends = [oqs.spin_channels(np.eye(dots)[v]) for v in (0, -1)]
    labels = sectors(system, ends)
    assert len(np.unique(labels)) == (dots + 1) ** 2
    number = sum(c.dag() * c for c in system.annihilators[::2]).full()
    vectors = system.spectrum.vectors
    up = np.rint(np.diagonal(vectors.conj().T @ number @ vectors).real)
    for label in np.unique(labels):
        assert len(set(up[labels == label])) == 1
        assert len(set(system.spectrum.particles[labels == label])) == 1


@pytest.mark.parametrize("dots", [2, 3])
def test_spin_is_no_quantum_number_where_one_channel_carries_both(dots):
    system = oqs.spinful_dots(np.full(dots, -2.0), 1.0, U=4.0, U_inter=0.5)
    mixed = np.kron(np.eye(dots)[0], [1.0, 0.5])
    labels = sectors(system, [mixed, oqs.spin_channels(np.eye(dots)[-1])])
    assert len(np.unique(labels)) == 2 * dots + 1
    np.testing.assert_array_equal(
        np.unique(labels, return_inverse=True)[1], system.spectrum.particles
    )


def test_a_site_without_tunnelling_keeps_its_occupation():
    h = np.array([[0.0, 0.3, 0.0], [0.3, 0.1, 0.0], [0.0, 0.0, 0.5]])
    system = oqs.InteractingSystem.from_terms(h, {(1, 2): 1.0})
    labels = sectors(system, [[1, 0, 0], [0, 1, 0]])
    assert len(np.unique(labels)) == 6
    assert all(len(sites[2]) == 1 for sites in occupations(system, labels).values())


def test_channels_that_empty_different_pairs_of_sites():
    # n_0 + n_1 and n_2 + n_3 are kept apart by H, and by each channel only up to their difference
    h = np.zeros((4, 4))
    h[0, 1] = h[1, 0] = h[2, 3] = h[3, 2] = 0.4
    system = oqs.InteractingSystem.from_terms(h, {(0, 2): 1.0})
    apart = sectors(system, [[1, 1, 0, 0], [0, 0, 1, 1]])
    joined = sectors(system, [[1, 1, 0, 0], [0, 1, 1, 0]])
    assert len(np.unique(apart)) == 9
    assert len(np.unique(joined)) == 5


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_have_the_charges_that_made_them(seed):
    """Sets with random integer charges, every channel with a random step: the labels agree."""
    rng = np.random.default_rng(seed)
    count, kinds = 12, int(rng.integers(1, 4))
    charges = rng.integers(0, 3, size=(count, kinds))
    channels = []
    for _ in range(int(rng.integers(1, 4))):
        step = rng.integers(0, 2, size=kinds)
        pairs = [
            (low, up)
            for low, up in itertools.permutations(range(count), 2)
            if np.array_equal(charges[up] - charges[low], step)
        ]
        lower, upper = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        channels.append((lower, upper))
    labels = sectors_of_sets(count, channels)
    for low, up in itertools.combinations(range(count), 2):
        # sets of one label have equal charges: a conserved number cannot be lost. Steps of zero
        # join sets of equal charges, and others may be told apart by the pieces they lie in
        if labels[low] == labels[up]:
            np.testing.assert_array_equal(charges[low], charges[up])
