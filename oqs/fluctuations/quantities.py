"""What is counted: particles, energy or heat, as weights of the two fields of a reservoir."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, index, read_only, real_array
from oqs.flows import KINDS
from oqs.summary import reservoir_names

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


def reference_energy(mu: FloatArray) -> FloatArray:
    """Return the energy (...) of a particle from which energies are counted: the median of mu.

    Heat is then no small rest of energies far above it.
    """
    return np.median(mu, axis=-1)


def weights_above(quantity: str, mu: FloatArray, reference: FloatArray) -> FloatArray:
    """Return a, b (2, ..., n) of a N_j + b (E_j - reference N_j)."""
    weights = weights_of(quantity, mu)
    weights[0] += weights[1] * reference[..., None]
    return weights


def covariance_of(
    centred: FloatArray, mu: FloatArray, quantity: str, other: str | None
) -> FloatArray:
    """Return S_jq (..., n, n) of two quantities from those (..., 2, n, 2, n) of N and E - w N."""
    first = checked_quantity("quantity", quantity)
    second = first if other is None else checked_quantity("other", other)
    reference = reference_energy(mu)
    left, right = (weights_above(name, mu, reference) for name in (first, second))
    return read_only(np.einsum("a...j,...ajbq,b...q->...jq", left, centred, right))


def from_zero(second: FloatArray, reference: FloatArray) -> FloatArray:
    """Return covariances (..., 2, n, 2, n) of N and E from those of N and E - reference N."""
    turn = np.zeros((*reference.shape, 2, 2))
    turn[..., 0, 0] = turn[..., 1, 1] = 1.0
    turn[..., 1, 0] = reference
    return np.einsum("...ak,...kjlq,...bl->...ajbq", turn, second, turn)


def checked_frequencies(frequencies: ArrayLike) -> FloatArray:
    """Return frequencies >= 0 as (F,), or () for one number, or raise naming the argument."""
    remedy = "Give Omega >= 0: S(-Omega) is the complex conjugate of S(Omega)."
    omega = real_array("frequencies", frequencies, remedy)
    if omega.ndim > 1:
        raise ValueError(
            f"Argument `frequencies` must have shape (F,), but has shape {omega.shape}. {remedy}"
        )
    if np.any(omega < 0):
        raise ValueError(
            f"Argument `frequencies` must not be negative, but holds {float(omega.min())!r}. "
            f"{remedy}"
        )
    return omega


def checked_reservoir(
    argument: str, j: object, names: Sequence[str | None] | None, reservoirs: int
) -> int:
    """Return the index of a reservoir given by name or index.

    Raises KeyError, TypeError or IndexError if no reservoir has this name, or this index.
    """
    given = names or ()
    if isinstance(j, str) and j in given:
        return given.index(j)
    known = ", ".join(reservoir_names(names, reservoirs))
    if isinstance(j, str):
        raise KeyError(
            f"Argument `{argument}` must name a reservoir, but is {j!r}. There are {known}."
        )
    remedy = f"Reservoirs count from 0, as contacts do: there are {known}."
    return index(argument, j, reservoirs, remedy) % reservoirs
