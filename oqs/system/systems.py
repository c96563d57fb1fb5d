"""The quadratic Hamiltonian of Eq. (8): fermionic sites without interactions."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    complex_array,
    positive_number,
    read_only,
    real_row,
    shortest,
)
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.memory import require_memory
from oqs.numerics.blocks import set_labels
from oqs.numerics.clusters import FINEST, RESOLUTION, IntArray, cluster
from oqs.numerics.far_levels import graded_eigh
from oqs.summary import Summary, counted, few_digits
from oqs.system.base import FermionicSystem, System
from oqs.system.fock import occupation_sum
from oqs.system.spectrum import ModeVectors, Spectrum

_FAR = 1e3  # in units of the other energies
_BEYOND = 1.01  # of the spectrum's width: room for rounding, and for a number of three digits
_H_REMEDY = "Give the Hermitian matrix eps_vw of Eq. (8), or use QuadraticSystem.from_energies."


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, init=False, repr=False)
class QuadraticSystem(FermionicSystem):
    """H_S = sum_vw eps_vw c_v^+ c_w = sum_k w_k a_k^+ a_k, Eq. (8).

    Parameters
    ----------
    h : (N, N) complex Hermitian eps_vw, units of energy.

    Attributes
    ----------
    h : (N, N) complex, read-only.
    energies : (N,) mode energies w_k, ascending, units of energy.
    modes : (N, N) unitary; column k is mode k: a_k = sum_v conj(modes[v, k]) c_v.

    Raises
    ------
    TypeError, ValueError
        if h does not hold finite numbers, is not square, or is not Hermitian to 1e-12 of its
        largest entry.

    Examples
    --------
    >>> oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]).energies.round(3)
    array([0.839, 1.561])
    """

    h: ComplexArray
    energies: FloatArray
    modes: ComplexArray

    def __init__(self, h: ArrayLike) -> None:
        matrix = hermitian_matrix(h)
        energies, modes, _ = graded_eigh(matrix)
        object.__setattr__(self, "h", read_only(matrix))
        object.__setattr__(self, "energies", read_only(energies))
        object.__setattr__(self, "modes", read_only(modes.astype(np.complex128)))

    @classmethod
    def from_energies(cls, energies: ArrayLike) -> QuadraticSystem:
        """Return a system whose sites are its modes, at these energies (N,), in any order."""
        remedy = "Give one energy w_k per mode."
        return cls(np.diag(real_row("energies", energies, remedy, length="N")))

    @functools.cached_property
    def annihilators(self) -> tuple[qutip.Qobj, ...]:
        """c_v of the sites in the Jordan-Wigner space, QuTiP's own fermion operators."""
        return jordan_wigner(len(self.h))

    @functools.cached_property
    def mode_annihilators(self) -> tuple[qutip.Qobj, ...]:
        """a_k of the normal modes: H_S = sum_k w_k a_k^+ a_k."""
        return tuple(
            sum(complex(u.conjugate()) * c for u, c in zip(column, self.annihilators, strict=True))
            for column in self.modes.T
        )

    @functools.cached_property
    def hamiltonian(self) -> qutip.Qobj:
        """H_S = sum_vw eps_vw c_v^+ c_w."""
        return quadratic_form(self.h, self.annihilators)

    @property
    def sites(self) -> int:
        """Number N of sites."""
        return len(self.h)

    @property
    def dimension(self) -> int:
        """Number 2^N of many-body states."""
        return 1 << self.sites

    @property
    def energy_scale(self) -> float:
        """max_k |w_k|."""
        return float(np.max(np.abs(self.energies)))

    @property
    def largest_energy(self) -> float:
        """The larger of the sums of all w_k > 0 and of all |w_k| with w_k < 0."""
        positive = float(np.add.reduce(np.maximum(self.energies, 0.0)))
        return max(positive, positive - float(np.add.reduce(self.energies)))

    def mode_widths(self, resolution: float) -> FloatArray:
        """Return how close (N,) each mode may be to another and count as one level.

        That is `resolution`. At the default, `self.resolution`, a far level does not count for near
        ones: those of energies a thousand times larger than the median, and than the largest among
        the modes that h connects and that are no farther than `oqs.numerics.far_levels` has it.
        """
        if resolution != self.resolution:
            return np.full(self.sites, resolution)
        size = np.abs(self.energies)
        largest_size = np.maximum.reduce(size)
        if largest_size <= _FAR * np.minimum.reduce(size) or (
            largest_size <= _FAR * np.median(size)
        ):
            return np.full(self.sites, resolution)
        label = set_labels(sp.csr_array(self.h))[np.argmax(np.abs(self.modes), axis=0)]
        largest = np.zeros(self.sites)
        np.maximum.at(largest, label, size)
        own = np.minimum(largest[label], graded_eigh(self.h)[2])
        near = size <= _FAR * np.maximum(own, np.median(size))[:, None]
        return np.minimum(RESOLUTION * np.where(near, size, 0.0).sum(axis=1), resolution)

    @property
    def finest_resolution(self) -> float:
        """1e-14 of the largest many-body energy, of the near levels beside a far one."""
        return float(np.min(self.mode_widths(self.resolution))) / round(RESOLUTION / FINEST)

    def levels(self, resolution: float) -> tuple[IntArray, FloatArray]:
        """Return the level (N,) of each mode, and the levels' energies (K,), ascending."""
        if resolution == self.resolution:
            return self._own_levels
        return cluster(self.energies, self.mode_widths(resolution))

    @functools.cached_property
    def _own_levels(self) -> tuple[IntArray, FloatArray]:
        """The levels at the default resolution."""
        label, frequencies = cluster(self.energies, self.mode_widths(self.resolution))
        return read_only(label), read_only(frequencies)

    def joins(self, resolution: float) -> bool:
        """Return whether modes of different energies count as one level."""
        label, frequencies = self.levels(resolution)
        away = np.abs(self.energies - frequencies[label])
        return bool(np.any(away > self.mode_widths(self.resolution)))

    @property
    def _default_widths(self) -> FloatArray:
        """Sum (D,) of the widths of the modes that each eigenstate fills."""
        return np.minimum(occupation_sum(self.mode_widths(self.resolution)), self.resolution)

    @functools.cached_property
    def spectrum(self) -> Spectrum:
        """Occupation states of the normal modes; bit N-1-k of a state's index is mode k."""
        require_memory(
            40 * 2.0**self.sites,
            f"The spectrum of 2^{self.sites} states",
            "Flows need no states: see oqs.flow_law, oqs.gaussian_law.",
        )
        return Spectrum(
            energies=occupation_sum(self.energies),
            particles=np.bitwise_count(np.arange(2**self.sites)).astype(np.intp),
            eigenvectors=ModeVectors(self.modes),
        )

    def summary(self) -> Summary:
        """Return the number of sites and the energies of the modes."""
        return Summary(
            f"Quadratic system of {counted(self.sites, 'site')}", [("w", few_digits(self.energies))]
        )


def checked_resolution(resolution: float | None, system: System) -> float:
    """Return the energy below which energies count as equal; None is `system.resolution`.

    Raises TypeError or ValueError unless it is a number above the rounding of the energies and not
    above the width of the many-body spectrum: no two levels are farther apart.
    """
    if resolution is None:
        return system.resolution
    remedy = "It is an energy; omit it for the default, 1e-12 of the largest many-body energy."
    number = positive_number("resolution", resolution, remedy)
    finest = system.finest_resolution
    if number < finest:
        raise ValueError(
            f"Argument `resolution` must be at least {finest:.6g}, the rounding of this system's "
            f"energies, but is {number!r}. {remedy}"
        )
    if isinstance(system, QuadraticSystem):
        width = float(np.sum(np.abs(system.energies)))
    else:
        width = float(np.ptp(system.spectrum.energies))
    widest = float(f"{_BEYOND * width:.3g}")
    if number > widest > 0:
        raise ValueError(
            f"Argument `resolution` must be at most {widest!r}, the distance of this system's "
            "highest energy from its lowest, where all its levels count as one, but is "
            f"{number!r}. {remedy}"
        )
    return number


def quadratic_form(matrix: ComplexArray, operators: Sequence[qutip.Qobj]) -> qutip.Qobj:
    """Return sum_vw matrix[v, w] c_v^+ c_w as a Hermitian Qobj."""
    with qutip.CoreOptions(auto_tidyup=False):  # it drops entries below an absolute 1e-14
        terms = [
            complex(matrix[v, w]) * operators[v].dag() * operators[w]
            for v, w in zip(*np.nonzero(matrix), strict=True)
        ]
        return sum(terms) if terms else 0 * operators[0].dag() * operators[0]


def jordan_wigner(sites: int) -> tuple[qutip.Qobj, ...]:
    """Return QuTiP's annihilators c_v of N sites."""
    return tuple(qutip.fdestroy(sites, site) for site in range(sites))


def hermitian_matrix(h: ArrayLike) -> ComplexArray:
    """Return h as a square Hermitian (N, N) array, or raise naming `h`."""
    matrix = complex_array("h", h, _H_REMEDY)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise ValueError(
            f"Argument `h` must be a square matrix, but has shape {matrix.shape}. {_H_REMEDY}"
        )
    difference = np.abs(matrix - matrix.conj().T)
    if difference.max() > 1e-12 * np.abs(matrix).max():
        v, w = (int(i) for i in np.unravel_index(np.argmax(difference), matrix.shape))
        raise ValueError(
            f"Argument `h` must be Hermitian, but h[{v}, {w}] = {shortest(matrix[v, w])} and "
            f"h[{w}, {v}] = {shortest(matrix[w, v])}. {_H_REMEDY} Where their difference is "
            "rounding, give (h + h.conj().T) / 2."
        )
    return (matrix + matrix.conj().T) / 2
