"""Coupled oscillators without interactions: bosonic modes."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, read_only, real_array, whole_number
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.summary import Summarised, Summary, counted, few_digits
from oqs.system.operator import OperatorSystem
from oqs.system.systems import hermitian_matrix, quadratic_form


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, init=False, repr=False)
class QuadraticBosons(Summarised):
    """H_S = sum_vw h_vw b_v^+ b_w = sum_k w_k a_k^+ a_k with bosonic b_v and all w_k > 0.

    Its flows between bosonic reservoirs are exact at any number of modes and any temperature, see
    `closed_form` and `gaussian_law`: nothing is truncated. A contact couples to displacements,
    S = sum_v x_v (b_v + b_v^+), its operator being x (N,), or the matrix sum_a x_av x_aw (N, N)
    of independent channels; the unit matrix gives every oscillator a bath of its own.

    Parameters
    ----------
    h : (N, N) complex Hermitian and positive, units of energy.

    Attributes
    ----------
    energies : (N,) mode energies w_k, ascending. modes : (N, N) unitary; column k is mode k.

    Raises
    ------
    TypeError, ValueError
        if h is not a finite Hermitian matrix, or some w_k is not positive.

    Examples
    --------
    >>> pair = oqs.QuadraticBosons([[1.0, 0.1], [0.1, 1.0]])
    >>> baths = [oqs.BosonicContact(oqs.ohmic(0.01), x) for x in ([1, 0], [0, 1])]
    >>> oqs.closed_form(pair, baths)(T=[2.0, 1.0]).energy.round(9).tolist()
    [0.004791915, -0.004791915]
    """

    h: ComplexArray
    energies: FloatArray
    modes: ComplexArray

    def __init__(self, h: ArrayLike) -> None:
        matrix = hermitian_matrix(h)
        energies, modes = np.linalg.eigh(matrix)
        if not energies[0] > 0:
            raise ValueError(
                f"Argument `h` must have positive mode energies, but the lowest is "
                f"{float(energies[0])!r}: the oscillators would fall without end. Weaken the "
                "couplings, or raise the diagonal."
            )
        object.__setattr__(self, "h", read_only(matrix))
        object.__setattr__(self, "energies", read_only(energies))
        object.__setattr__(self, "modes", read_only(modes.astype(np.complex128)))

    @property
    def sites(self) -> int:
        """Number N of oscillators."""
        return len(self.h)

    @property
    def energy_scale(self) -> float:
        """Largest transition energy of one quantum: the highest mode energy."""
        return float(self.energies[-1])

    def truncated(self, levels: int) -> OperatorSystem:
        """Return the same with so many levels of each oscillator: the density-matrix route.

        A thermal oscillator has the share e^(-levels w/T) of its population above them, which is
        the order of the error; `audit` measures it at the result.

        Raises
        ------
        TypeError, ValueError
            unless `levels` is a whole number >= 2.
        """
        size = whole_number("levels", levels, 2, "Keep levels well above T / w.")
        H = quadratic_form(self.h, self._lowering(size))
        return OperatorSystem(H, oscillators=range(self.sites))

    def displacement(self, x: ArrayLike, levels: int) -> qutip.Qobj:
        """Return S = sum_v x_v (b_v + b_v^+) on the truncated oscillators, x real (N,).

        Raises
        ------
        TypeError, ValueError
            unless x is (N,) real numbers and `levels` a whole number >= 2.
        """
        size = whole_number("levels", levels, 2, "Keep levels well above T / w.")
        remedy = f"Give {self.sites} real numbers, one per oscillator."
        weights = real_array("x", x, remedy)
        if weights.shape != (self.sites,):
            raise ValueError(
                f"Argument `x` must have shape ({self.sites},), but has shape {weights.shape}. "
                f"{remedy}"
            )
        lowering = self._lowering(size)
        return sum(w * (b + b.dag()) for w, b in zip(weights.tolist(), lowering, strict=True))

    def _lowering(self, levels: int) -> tuple[qutip.Qobj, ...]:
        b, one = qutip.destroy(levels), qutip.qeye(levels)
        return tuple(
            qutip.tensor([b if w == v else one for w in range(self.sites)])
            for v in range(self.sites)
        )

    def summary(self) -> Summary:
        """Return the number of oscillators and the mode energies."""
        facts = [("modes at", few_digits(self.energies))]
        return Summary(f"{counted(self.sites, 'oscillator')}", facts)
