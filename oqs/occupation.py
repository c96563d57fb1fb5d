"""The Fermi function and its complement, each to full relative precision."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray


def filled_and_empty(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return n = 1/(e^x + 1) and 1 - n = 1/(e^-x + 1) for x = (w - mu)/T, from one exponential."""
    small = np.exp(-np.abs(x))
    large = 1.0 / (1.0 + small)
    small *= large
    positive = x > 0
    return np.where(positive, small, large), np.where(positive, large, small)
