"""Occupations: the Fermi function and its complement, Bose's, to full relative precision."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray

SAFE = 700.0  # e^x is a number, and 1 + e^x as well


def filled_and_empty(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return n = 1/(e^x + 1) and 1 - n = 1/(e^-x + 1) for x = (w - mu)/T, from one exponential."""
    if x.size and np.maximum.reduce(x, axis=None) < SAFE:
        return of_exponential(np.exp(x))
    small = np.exp(-np.abs(x))
    large = 1.0 / (1.0 + small)
    small *= large
    positive = x > 0
    return np.where(positive, small, large), np.where(positive, large, small)


def of_exponential(exponential: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return n and 1 - n for e^x, of x below SAFE; the second takes its place."""
    filled = 1.0 + exponential
    np.divide(1.0, filled, out=filled)
    exponential *= filled
    return filled, exponential


def bose(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return n = 1/(e^x - 1) and 1 + n = 1/(1 - e^-x) for x = w/T > 0, each to its precision."""
    with np.errstate(over="ignore"):  # e^x beyond the largest double: n is 0
        return 1.0 / np.expm1(x), -1.0 / np.expm1(-x)
