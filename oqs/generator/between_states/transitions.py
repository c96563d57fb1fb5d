"""Transitions between single eigenstates through contacts of any kind.

What the rate equation needs where some contacts are bosonic, or have rates that depend on T and mu:
pairs of states with their squared amplitudes, nothing evaluated. From `lower` to `upper` contact j
goes up at up_j |<lower|S|upper>|^2 and down at down_j times the same, with its own rates up_j(w),
down_j(w) (`ReservoirContact.split`).
"""

from __future__ import annotations

import dataclasses
import functools
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.generator.eigenoperators import Decomposition, Elements
from oqs.numerics.blocks import labels_of_links
from oqs.numerics.clusters import IntArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class StateTransitions:
    """The transitions of each contact between eigenstates."""

    decomposition: Decomposition  # what they are read from
    # of each contact, those of frequencies at which its rate is not 0
    elements: tuple[Elements, ...]

    @classmethod
    def of(cls, decomposition: Decomposition, rates: FloatArray) -> StateTransitions:
        """Keep the elements that rates (n, K) drive."""
        pairs = zip(decomposition.elements, rates, strict=True)
        return cls(decomposition, tuple(e.where(rate[e.kappa] > 0) for e, rate in pairs))

    @property
    def dimension(self) -> int:
        """Number D of eigenstates."""
        return len(self.decomposition.levels)

    @property
    def levels(self) -> IntArray:
        """Level (D,) of each eigenstate."""
        return self.decomposition.levels

    @property
    def driven(self) -> bool:
        """Whether some contact drives some transition."""
        return any(bool(np.any(e.lower != e.upper)) for e in self.elements)

    @functools.cached_property
    def components(self) -> int:
        """Number of sets of eigenstates that no transition connects."""
        lower, upper = (np.concatenate([getattr(e, s) for e in self.elements]) for s in _SIDES)
        return int(labels_of_links(lower, upper, self.dimension).max()) + 1

    @functools.cached_property
    def ambiguous(self) -> bool:
        """Whether one channel links an eigenstate to two states of one level.

        It may then drive coherences between them.
        """
        levels = self.decomposition.levels
        several = np.bincount(levels)[levels] > 1
        return bool(several.any()) and any(_twice(e, levels, several) for e in self.elements)


_SIDES = ("lower", "upper")


def _twice(elements: Elements, levels: IntArray, several: np.ndarray) -> bool:
    for own, other in (_SIDES, _SIDES[::-1]):
        source, target = getattr(elements, own), getattr(elements, other)
        here = several[target]
        keys = np.stack([elements.channel[here], source[here], levels[target[here]]])
        if keys.size and np.unique(keys, axis=1).shape[1] < keys.shape[1]:
            return True
    return False
