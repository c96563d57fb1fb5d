"""What is counted: particles, energy or heat, as weights of the two fields of a reservoir."""

from __future__ import annotations

from typing import Final

import numpy as np

from oqs.arguments import FloatArray
from oqs.flows import KINDS

QUANTITIES: Final = KINDS
"""Particle, energy, heat: in the order in which results have them along an axis."""


def checked_quantity(name: str, quantity: object) -> str:
    """Return the quantity, or raise naming the argument."""
    if not isinstance(quantity, str):
        raise TypeError(
            f"Argument `{name}` must be the name of a quantity, but is {quantity!r}. "
            "Give 'particle', 'energy' or 'heat'."
        )
    if quantity not in QUANTITIES:
        raise ValueError(
            f"Argument `{name}` must be 'particle', 'energy' or 'heat', but is {quantity!r}. "
            "Give one of these."
        )
    return quantity


def weights_of(quantity: str, mu: FloatArray) -> FloatArray:
    """Return a, b (2, n) of a N_j + b E_j, what is counted of each reservoir."""
    one, none = np.ones_like(mu), np.zeros_like(mu)
    return np.stack({"particle": (one, none), "energy": (none, one), "heat": (-mu, one)}[quantity])
