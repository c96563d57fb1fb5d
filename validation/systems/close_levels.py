"""Quadratic dots whose splittings run through the rates, with the lowest level in the bias window.

Energies in units of the temperature of the first reservoir.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

import oqs
from oqs.arguments import ComplexArray
from validation.systems.settings import Setting

RATE = 0.02
_LOWEST = 0.3
_T, _MU = (1.0, 1.4), (0.5, -0.5)

_Dots = tuple[ComplexArray, list[list[float]]]  # h, and the amplitudes of each contact


def _serial(splitting: float) -> _Dots:
    """Return two dots in a row between contacts."""
    tunnelling = splitting / 2
    return _hermitian([[0, tunnelling], [tunnelling, 0]]), [[1, 0], [0, 1]]


def _parallel(splitting: float) -> _Dots:
    """Return two dots that both contacts touch, at unlike amplitudes."""
    return _hermitian([[0, 0], [0, splitting]]), [[1, 0.7], [0.6, 1]]


def _triple(splitting: float) -> _Dots:
    """Return three dots in a row between contacts; the outer levels are 1.4 splittings apart."""
    t = splitting / 2
    return _hermitian([[0, t, 0], [t, 0, t], [0, t, 0]]), [[1, 0, 0], [0, 0, 1]]


def _ring(splitting: float) -> _Dots:
    """Return three dots in a ring with a flux of 1/(2 pi), contacts on two of them."""
    t = splitting / 2 * np.exp(1j / 3)
    h = [[0, t, np.conj(t)], [np.conj(t), 0, t], [t, np.conj(t), 0]]
    return _hermitian(h), [[1, 0, 0], [0, 1, 0]]


def _hermitian(h: object) -> ComplexArray:
    """Return h (N, N), moved so that its lowest level stands at 0.3."""
    matrix = np.asarray(h, dtype=np.complex128)
    return matrix + (_LOWEST - np.linalg.eigvalsh(matrix)[0]) * np.eye(len(matrix))


SYSTEMS: Mapping[str, Callable[[float], _Dots]] = {
    "two dots in series": _serial,
    "two dots in parallel": _parallel,
    "three dots": _triple,
    "ring with flux": _ring,
}


def setting(name: str, ratio: float, rate: float = RATE) -> Setting:
    """Return one of the systems at a splitting of `ratio` times the rate."""
    h, amplitudes = SYSTEMS[name](ratio * rate)
    contacts = tuple(oqs.Contact(oqs.flat(rate), t) for t in amplitudes)
    system = oqs.QuadraticSystem(h)
    return Setting(f"{name}, {ratio:.3g}", system, contacts, np.array(_T), np.array(_MU))
