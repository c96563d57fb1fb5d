"""Temperatures that may be in another unit than the energies: kelvin beside meV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from oqs.arguments import FloatArray
from oqs.system.base import System
from oqs.system.quadratic_bosons import QuadraticBosons

_FAR: Final = 1e3


def other_units(
    system: System | QuadraticBosons, T: FloatArray, names: Sequence[str]
) -> tuple[str, ...]:
    """Return a sentence for T (n,) above 1000 times every energy of the system; none for others.

    Parameters
    ----------
    names : (n,) what each reservoir is called.
    """
    largest = system.energy_scale
    if not largest > 0 or not np.max(T) > _FAR * largest:
        return ()
    j = int(np.argmax(T))
    return (
        f"T of {names[j]}, {T[j]:.6g}, is more than 1000 times the largest energy of the system, "
        f"{largest:.6g}: are both in one unit (k_B = 1)? oqs.Units brings K and meV into one, in a "
        "scenario keys such as `T_K` and `energies_meV` do.",
    )
