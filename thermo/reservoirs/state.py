"""T and mu of a set of reservoirs: what Eq. (5) moves and Eq. (6) ends in."""

from __future__ import annotations

from typing import NamedTuple, final

from oqs.arguments import FloatArray


@final
class State(NamedTuple):
    """Temperatures and chemical potentials at one or several times."""

    T: FloatArray  # (..., n) in units of energy (k_B = 1); leading axes as the times asked for
    mu: FloatArray  # (..., n) in units of energy (k_B = 1); leading axes as the times asked for
