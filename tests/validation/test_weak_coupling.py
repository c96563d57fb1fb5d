"""The figure of weak coupling shows what it says."""

import numpy as np
import pytest

from validation.pictures import weak_coupling


@pytest.fixture(scope="module")
def data():
    return weak_coupling.compute(3)


def test_deviations_grow_with_the_rate(data):
    for values in data.by_strength.values():
        assert np.all(np.diff(values) > 0)


def test_levels_counted_as_one_where_they_are_close(data):
    apart, together = data.by_splitting["kept apart"], data.by_splitting["counted as one level"]
    assert together[0] < 1e-3 < 1 < apart[0]
    assert apart[-1] < 0.1 < together[-1]


def test_drawing(data):
    figure = weak_coupling.draw(data)
    left, right = figure.axes
    assert "gamma/T" in left.get_xlabel()
    assert len(left.get_legend().get_texts()) == 3
    assert len(right.get_legend().get_texts()) == 2
