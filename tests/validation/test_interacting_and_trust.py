"""The references of the families beyond quadratic systems are what they say."""

import numpy as np
import pytest

import oqs
from validation.families.open_system import degenerate
from validation.families.open_system.trust import hierarchy_and_davies


def test_rotation_changes_the_basis():
    system = oqs.anderson_dot(-0.4, 1.2)
    rotated = degenerate.rotated_levels(system, np.random.default_rng(1))
    overlap = np.abs(system.spectrum.vectors.conj().T @ rotated.spectrum.vectors)
    assert np.min(np.max(overlap, axis=0)) < 0.99


@pytest.mark.slow
def test_hierarchy_is_converged():
    """Depth 2 is within 1e-4 of depth 3 where the deviation of Davies is 5e-2."""
    shallow, _ = hierarchy_and_davies(0.2, 1.5)
    deep, _ = hierarchy_and_davies(0.2, 1.5, depth=3)
    assert abs(shallow / deep - 1) < 1e-4
