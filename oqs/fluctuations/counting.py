"""Counting statistics of a model at given T and mu: which route computes them."""

from __future__ import annotations

import weakref

from numpy.typing import ArrayLike

from oqs.arguments import temperatures_and_potentials
from oqs.fluctuations.jump_statistics import JumpStatistics
from oqs.fluctuations.rates.pairs import Pairs
from oqs.fluctuations.rates.populations import PopulationStatistics
from oqs.generator.davies import DaviesModel, checked_model
from oqs.stationary.populations import coherences_reached
from oqs.stationary.uniqueness import require_unique

_prepared: weakref.WeakKeyDictionary[DaviesModel, Pairs] = weakref.WeakKeyDictionary()


def counting_statistics(model: DaviesModel, T: ArrayLike, mu: ArrayLike) -> JumpStatistics:
    """Return the statistics of what each reservoir loses in the stationary state."""
    checked = checked_model(model)
    temperature, potential = temperatures_and_potentials(T, mu, checked.reservoirs)
    pairs = _prepared.get(checked)
    if pairs is None:
        require_unique(checked)
        if coherences_reached(checked):
            raise AssertionError
        pairs = Pairs.of(checked.transitions, checked.reservoirs)
        _prepared[checked] = pairs
    return PopulationStatistics(pairs.at(temperature, potential), temperature, potential, checked.names)
