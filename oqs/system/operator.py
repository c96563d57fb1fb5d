"""Open systems of any kind: spins, qubits, truncated oscillators, and tensor products of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import FloatArray, index, sequence
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.numerics.clusters import IntArray
from oqs.summary import Summary, counted
from oqs.system.base import System
from oqs.system.fock import Block, diagonalise, invariant_sets, rotated
from oqs.system.spectrum import Spectrum
from oqs.system.widths import has_far_levels, widths_of_blocks

_ROUNDING = 1e-12


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, init=False, repr=False)
class OperatorSystem(System):
    """Any Hermitian H_S of finite dimension D: spins, qubits, truncated oscillators, molecules.

    Its reservoirs are bosonic, `BosonicContact`. For sites of fermions between leads take
    QuadraticSystem or InteractingSystem.

    Parameters
    ----------
    hamiltonian : Qobj (D, D), Hermitian, units of energy.
    number : Qobj (D, D) of whole eigenvalues >= 0 with [H, N] = 0: a number that every contact
        conserves too, such as that of electrons in a molecule. None is none.

    oscillators : which factors of the tensor product are oscillators cut off at their number of
        levels: `audit` then measures how full the highest is.

    Raises
    ------
    TypeError, ValueError
        if H or N is not a Hermitian Qobj of the same dimensions, N has eigenvalues that are not
        whole, or [H, N] != 0; IndexError if there is no such factor.

    Examples
    --------
    >>> import qutip
    >>> qubit = oqs.OperatorSystem(0.5 * qutip.sigmaz())
    >>> baths = [oqs.BosonicContact(oqs.flat(0.01), qutip.sigmax()) for _ in range(2)]
    >>> flows = oqs.flow_law(oqs.davies(qubit, baths))(T=[1.0, 0.5])
    >>> flows.energy.round(8).tolist()
    [0.00122364, -0.00122364]
    """

    oscillators: tuple[int, ...]
    _given: tuple[qutip.Qobj, qutip.Qobj]

    def __init__(
        self,
        hamiltonian: qutip.Qobj,
        number: qutip.Qobj | None = None,
        oscillators: Sequence[int] = (),
    ) -> None:
        matrix = _hermitian("hamiltonian", hamiltonian)
        if matrix.shape[0] < 2:
            raise ValueError(
                "Argument `hamiltonian` must have two states at least, but has one: nothing can be "
                "exchanged with it. Give a qubit, 0.5 * qutip.sigmaz()."
            )
        if number is not None:
            _check_number(number, hamiltonian, matrix)
        count = len(hamiltonian.dims[0])
        remedy = f"There are {count} factors, counted from 0."
        cut = tuple(
            index("oscillators", k, count, remedy) % count
            for k in sequence("oscillators", oscillators, remedy)
        )
        object.__setattr__(self, "oscillators", cut)
        none = 0 * qutip.qeye(hamiltonian.dims[0])
        object.__setattr__(self, "_given", (hamiltonian, none if number is None else number))

    @property
    def hamiltonian(self) -> qutip.Qobj:
        """Hamiltonian H_S, as given."""
        return self._given[0]

    @property
    def number(self) -> qutip.Qobj:
        """Number N_S, as given, or 0."""
        return self._given[1]

    @property
    def sites(self) -> int:
        """Number N of factors of the tensor product."""
        return len(self.dims[0])

    @property
    def dimension(self) -> int:
        """Number D of states."""
        return int(self.hamiltonian.shape[0])

    @property
    def dims(self) -> list[list[int]]:
        """QuTiP dimensions of operators on this system."""
        return self.hamiltonian.dims

    def summary(self) -> Summary:
        """Return its dimensions."""
        factors = " x ".join(str(d) for d in self.dims[0])
        return Summary(f"System of {counted(self.dimension, 'state')}", [("dimensions", factors)])

    @functools.cached_property
    def energy_scale(self) -> float:
        """Distance of the highest level from the lowest."""
        return float(np.ptp(self.spectrum.energies))

    @functools.cached_property
    def largest_energy(self) -> float:
        """The largest |E|, or `energy_scale` if that is more."""
        return max(self.energy_scale, float(np.max(np.abs(self.spectrum.energies))))

    @functools.cached_property
    def _default_widths(self) -> FloatArray:
        if not has_far_levels(self.spectrum.energies):
            return np.full(self.dimension, self.resolution)
        return np.minimum(widths_of_blocks(self._blocks), self.resolution)

    @functools.cached_property
    def spectrum(self) -> Spectrum:
        """Energy eigenstates, each with its number."""
        return Spectrum.of_blocks(self._blocks, self._basis[1])

    @functools.cached_property
    def _blocks(self) -> tuple[Block, ...]:
        """Eigenstates of each invariant set of basis states."""
        particles, rotation = self._basis
        matrix = sp.csr_array(_csr(self.hamiltonian))
        if rotation is not None:
            matrix = rotated(matrix, rotation)
        return diagonalise(matrix, particles, invariant_sets(matrix, particles))

    @functools.cached_property
    def _basis(self) -> tuple[IntArray, Any]:
        """Number (D,) of each state of some basis, and that basis; None for the given one."""
        number = sp.csr_array(_csr(self.number))
        counts, rotation = number.diagonal().real, None
        off = abs(number - sp.diags_array(counts))
        if off.nnz and off.max() > _ROUNDING:
            counts, rotation = np.linalg.eigh(number.toarray())
        return np.rint(counts).astype(np.intp), rotation


def _csr(operator: qutip.Qobj) -> Any:
    return operator.to("csr").data_as("csr_matrix")


def _hermitian(name: str, operator: object) -> Any:
    """Return the operator's matrix, or raise naming the argument."""
    remedy = "Give an operator such as qutip.sigmaz()."
    if not isinstance(operator, qutip.Qobj) or not operator.isoper:
        raise TypeError(
            f"Argument `{name}` must be an operator Qobj, but is {type(operator).__name__}. "
            f"{remedy}"
        )
    matrix = _csr(operator)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"Argument `{name}` must be square, but has shape {matrix.shape}. {remedy}"
        )
    if not np.all(np.isfinite(matrix.data)):
        raise ValueError(
            f"Argument `{name}` must be finite, but has an element that is not. {remedy}"
        )
    skew = _largest(matrix - matrix.conj().T)
    if skew > _ROUNDING * _largest(matrix):
        raise ValueError(
            f"Argument `{name}` must be Hermitian, but the largest element of its difference from "
            f"its adjoint is {skew:.3g}. With every term add its conjugate."
        )
    return matrix


def _check_number(number: qutip.Qobj, hamiltonian: qutip.Qobj, matrix: Any) -> None:
    counts = _hermitian("number", number)
    if number.dims != hamiltonian.dims:
        raise ValueError(
            f"Argument `number` must have the dimensions of `hamiltonian`, {hamiltonian.dims}, but "
            f"has {number.dims}. Omit it for none."
        )
    violation = _largest(matrix @ counts - counts @ matrix)
    if violation > _ROUNDING * max(_largest(matrix) * _largest(counts), np.finfo(float).tiny):
        raise ValueError(
            "Argument `number` must commute with `hamiltonian`, but the largest element of [H, N] "
            f"is {violation:.3g}. Omit it for none."
        )
    values: FloatArray = np.linalg.eigvalsh(counts.toarray())
    away = np.maximum(np.abs(values - np.rint(values)), -values)
    if np.max(away) > 1e-9:
        raise ValueError(
            "Argument `number` must have whole eigenvalues >= 0, but has "
            f"{float(values[np.argmax(away)])!r}. It counts particles; omit it for none."
        )


def _largest(matrix: Any) -> float:
    return float(abs(matrix).max()) if matrix.nnz else 0.0
