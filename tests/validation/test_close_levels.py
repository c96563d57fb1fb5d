"""The figure of close levels shows what it says."""

import numpy as np
import pytest

from validation.pictures import close_levels


@pytest.fixture(scope="module")
def data():
    return close_levels.compute(7)


def test_no_secular_generator_holds_everywhere_and_perlind_does(data):
    series = data.deviation["two dots in series"]
    assert series["Davies"][0].min() > 1e5
    assert np.nanmax(series["counted as one"]) > 0.3
    for generators in data.deviation.values():
        assert generators["PERLind"].max() < 0.05
        assert np.all(generators["Davies"][-1] < 0.05)


def test_drawing(data):
    figure = close_levels.draw(data)
    assert [axes.get_title() for axes in figure.axes] == list(data.deviation)
    assert "gamma" in figure.axes[2].get_xlabel()
    (legend,) = figure.legends
    names = {text.get_text() for text in legend.get_texts()}
    assert names == {*next(iter(data.deviation.values())), "P", "J", "Y"}
