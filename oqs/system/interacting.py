"""Open systems with interactions: any Hamiltonian that conserves the particle number."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.numerics.clusters import IntArray
from oqs.summary import Summary, counted
from oqs.system.base import FermionicSystem
from oqs.system.fock import Block, annihilator, diagonalise, invariant_sets, occupation_sum, rotated
from oqs.system.spectrum import OccupationVectors, Spectrum
from oqs.system.systems import jordan_wigner
from oqs.system.terms import Terms
from oqs.system.widths import default_widths, has_far_levels, widths_of_blocks

_SCOPE = (
    "An InteractingSystem is made of fermionic sites; spins and oscillators are an "
    "oqs.OperatorSystem(H) with an oqs.BosonicContact for each reservoir."
)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class NumberBasis:
    """Sparse operators in a basis of definite particle numbers."""

    hamiltonian: sp.csr_array  # (D, D)
    annihilator: Callable[[int], sp.csr_array]  # v -> c_v (D, D)
    particles: IntArray  # (D,) particle number of each basis state
    # (D, D) whose columns are the basis states; None where they are the given ones
    rotation: ComplexArray | None

    @functools.cached_property
    def real(self) -> bool:
        """Whether H is real in this basis, and with it the eigenvectors."""
        return not np.any(self.hamiltonian.data.imag)


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, init=False, repr=False)
class InteractingSystem(FermionicSystem):
    """Any Hamiltonian with [H_S, N_S] = 0 on sites with annihilators c_v.

    Parameters
    ----------
    hamiltonian : Qobj, Hermitian.
    annihilators : Qobj c_v, one per site, obeying {c_v, c_w^+} = delta_vw and {c_v, c_w} = 0.
        Those of spins and oscillators do not: these are an OperatorSystem. One two-level operator
        does, whatever it was made for: it is taken for a fermion, unless it is qutip.sigmam().

    Raises
    ------
    TypeError, ValueError
        if H is not a Hermitian Qobj, the annihilators do not anticommute, or [H, N] != 0.

    Examples
    --------
    >>> dots = oqs.InteractingSystem.from_terms([[1.0, 0.1], [0.1, 1.2]], U={(0, 1): 2.0})
    >>> dots.spectrum.energies.round(3)
    array([0.   , 0.959, 1.241, 4.2  ])
    """

    terms: Terms | None
    _given: tuple[qutip.Qobj, ...]

    def __init__(self, hamiltonian: qutip.Qobj, annihilators: Sequence[qutip.Qobj]) -> None:
        operators = _operators(annihilators)
        _check_operators(hamiltonian, operators)
        object.__setattr__(self, "terms", None)
        object.__setattr__(self, "_given", (hamiltonian, *operators))
        _check_number_conservation(hamiltonian, self.number)

    @classmethod
    def from_terms(
        cls,
        h: ArrayLike,
        U: Mapping[tuple[int, int], float] | None = None,
        V: Mapping[tuple[int, int, int, int], complex] | None = None,
    ) -> InteractingSystem:
        """Return H of one-body terms h, density-density terms U and two-body terms V.

            H = sum_vw h_vw c_v^+ c_w + sum U_vw n_v n_w + sum V_vwxy c_v^+ c_w^+ c_x c_y

        Parameters
        ----------
        h : (N, N) complex Hermitian, units of energy.
        U : {(v, w): energy of having both v and w occupied}, v != w; each unordered pair once.
        V : {(v, w, x, y): energy}, summed as it stands; with every term give its conjugate,
            V_yxwv = conj(V_vwxy), so that H is Hermitian.

        Raises
        ------
        TypeError, ValueError
            if h is refused as by QuadraticSystem, a pair names no two distinct sites or stands
            twice, or V is not Hermitian.
        """
        system = cls.__new__(cls)
        object.__setattr__(system, "terms", Terms.checked(h, U, V))
        object.__setattr__(system, "_given", ())
        return system

    @functools.cached_property
    def hamiltonian(self) -> qutip.Qobj:
        """H_S in the Jordan-Wigner space, or as given."""
        if self.terms is None:
            return self._given[0]
        return qutip.Qobj(sp.csr_matrix(self.terms.matrix), dims=self.dims)

    @functools.cached_property
    def annihilators(self) -> tuple[qutip.Qobj, ...]:
        """c_v in the Jordan-Wigner space, QuTiP's own fermion operators, or as given."""
        return self._given[1:] if self.terms is None else jordan_wigner(self.terms.sites)

    @property
    def sites(self) -> int:
        """Number N of sites."""
        return len(self.annihilators) if self.terms is None else self.terms.sites

    @property
    def dimension(self) -> int:
        """Number of many-body states, 2^N or that of the given operators."""
        return int(self._given[0].shape[0]) if self.terms is None else 1 << self.sites

    @property
    def energy_scale(self) -> float:
        """`largest_energy`, which bounds every transition energy of interest."""
        return self.largest_energy

    @functools.cached_property
    def largest_energy(self) -> float:
        """Largest |E| of the many-body spectrum, measured from the empty state."""
        spectrum = self.spectrum
        vacuum = spectrum.energies[np.argmin(spectrum.particles)]
        return float(np.max(np.abs(spectrum.energies - vacuum)))

    @functools.cached_property
    def _default_widths(self) -> FloatArray:
        """Widths (D,): beside a far level what rounding leaves.

        That is 4e-14 of the largest energies that enter a state's, and 1e-12 of how far the states
        of its block of H, or the sites, typically lie apart.
        """
        energies = self.spectrum.energies
        if not has_far_levels(energies):
            return np.full(self.dimension, self.resolution)
        if self.terms is not None and self.occupation_eigenstates:
            sites = np.abs(np.diagonal(self.terms.h))
            typical = np.full(len(energies), np.median(sites))
            known = default_widths(typical, occupation_sum(sites) + np.abs(energies))
        else:
            known = widths_of_blocks(self.blocks)
        return np.minimum(known, self.resolution)

    @property
    def occupation_eigenstates(self) -> bool:
        """Whether the sites' occupation states are known to be eigenstates: no tunnelling."""
        return self.terms is not None and self.terms.occupation_eigenstates

    @functools.cached_property
    def number_basis(self) -> NumberBasis:
        """H and c_v as sparse arrays between states of definite particle number."""
        if self.terms is not None:
            states = np.arange(2**self.sites)
            counts = np.bitwise_count(states).astype(np.intp)
            of_site = functools.partial(annihilator, sites=self.sites)
            return NumberBasis(self.terms.matrix, of_site, counts, None)
        operators = [
            sp.csr_array(q.to("csr").data_as("csr_matrix"))
            for q in (self.hamiltonian, *self.annihilators, self.number)
        ]
        number = operators.pop()
        rotation = None
        counts = number.diagonal().real
        if abs(number - sp.diags_array(counts)).max() > 1e-12:
            counts, rotation = np.linalg.eigh(number.toarray())
            operators = [rotated(operator, rotation) for operator in operators]
        hamiltonian, *annihilators = operators
        return NumberBasis(
            hamiltonian, annihilators.__getitem__, np.rint(counts).astype(np.intp), rotation
        )

    @functools.cached_property
    def invariant_sets(self) -> tuple[IntArray, ...]:
        """Sets of basis states that H does not connect, by particle number."""
        return invariant_sets(self.number_basis.hamiltonian, self.number_basis.particles)

    @functools.cached_property
    def set_of(self) -> IntArray:
        """Which invariant set each basis state (D,) belongs to."""
        label = np.empty(len(self.number_basis.particles), dtype=np.intp)
        for index, states in enumerate(self.invariant_sets):
            label[states] = index
        return label

    @functools.cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Eigenstates on each invariant set of basis states."""
        basis = self.number_basis
        return diagonalise(basis.hamiltonian, basis.particles, self.invariant_sets)

    @functools.cached_property
    def spectrum(self) -> Spectrum:
        """Eigenstates of H_S, those of `blocks` one after the other."""
        if self.terms is not None and self.occupation_eigenstates:
            size = 2**self.sites
            return Spectrum(
                energies=self.terms.occupation_energies,
                particles=np.bitwise_count(np.arange(size)).astype(np.intp),
                eigenvectors=OccupationVectors(size),
            )
        return Spectrum.of_blocks(self.blocks, self.number_basis.rotation)

    def summary(self) -> Summary:
        """Return the number of sites and of many-body states."""
        return Summary(
            f"Interacting system of {counted(self.sites, 'site')}", [("states", str(2**self.sites))]
        )


def _operators(annihilators: object) -> tuple[qutip.Qobj, ...]:
    if isinstance(annihilators, qutip.Qobj) or not isinstance(annihilators, Iterable):
        raise TypeError(
            "Argument `annihilators` must be a sequence of Qobj, one per site, but is one "
            f"{type(annihilators).__name__}. Give [qutip.fdestroy(N, v) for v in range(N)]."
        )
    return tuple(annihilators)


def _check_operators(hamiltonian: object, annihilators: tuple[qutip.Qobj, ...]) -> None:
    remedy = "Take c_v from qutip.fdestroy(N, v) and build H from them."
    if not isinstance(hamiltonian, qutip.Qobj) or not hamiltonian.isoper:
        raise TypeError(
            f"Argument `hamiltonian` must be an operator Qobj, but is {type(hamiltonian).__name__}."
            f" {remedy}"
        )
    if not hamiltonian.isherm:
        raise ValueError(
            "Argument `hamiltonian` must be Hermitian, but the largest element of H - H^+ is "
            f"{_largest(hamiltonian - hamiltonian.dag()):.3g}. With every term add its conjugate."
        )
    if not annihilators or not all(
        isinstance(c, qutip.Qobj) and c.dims == hamiltonian.dims for c in annihilators
    ):
        raise ValueError(
            "Argument `annihilators` must hold at least one Qobj, each with the dimensions of "
            f"`hamiltonian`, {hamiltonian.dims}, but holds "
            f"{[getattr(c, 'dims', type(c).__name__) for c in annihilators]}. {remedy}"
        )
    if annihilators[0].dims == [[2], [2]] and _largest(annihilators[0] - qutip.sigmam()) == 0:
        raise ValueError(
            "Argument `annihilators` must be fermionic, but c_0 is qutip.sigmam(), the lowering "
            f"operator of a spin. {_SCOPE} One fermionic site has the operator "
            "qutip.fdestroy(1, 0), or is oqs.QuadraticSystem([[energy]])."
        )
    for v in range(len(annihilators)):
        for w in range(v + 1):
            _check_anticommutation(annihilators, v, w)


def _check_anticommutation(annihilators: tuple[qutip.Qobj, ...], v: int, w: int) -> None:
    """Raise ValueError unless {c_v, c_w^+} = delta_vw and {c_v, c_w} = 0."""
    a, b = annihilators[v], annihilators[w]
    mixed = a * b.dag() + b.dag() * a
    if v == w:
        mixed = mixed - qutip.qeye_like(a)
    for name, expected, rest in (
        (f"{{c_{v}, c_{w}^+}}", f"{int(v == w)}", mixed),
        (f"{{c_{v}, c_{w}}}", "0", a * b + b * a),
    ):
        off = _largest(rest)
        if off <= 1e-12:
            continue
        problem = f"an element of {name} - {expected} is {off:.3g}"
        if v != w and max(_largest(a * b - b * a), _largest(a * b.dag() - b.dag() * a)) <= 1e-12:
            problem = f"c_{v} and c_{w} commute, as those of two spins or two oscillators do"
        raise ValueError(
            "Argument `annihilators` must be fermionic, {c_v, c_w^+} = delta_vw and {c_v, c_w} = "
            f"0, but {problem}. {_SCOPE} For fermions take c_v from qutip.fdestroy(N, v), which "
            "has the signs of the sites before."
        )


def _check_number_conservation(hamiltonian: qutip.Qobj, number: qutip.Qobj) -> None:
    violation = _largest(hamiltonian * number - number * hamiltonian)
    if violation > 1e-12 * max(_largest(hamiltonian), np.finfo(float).tiny):
        raise ValueError(
            "Argument `hamiltonian` must conserve the particle number, [H, N] = 0, but the largest "
            f"element of [H, N] is {violation:.3g}. Remove pairing and source terms."
        )


def _largest(operator: qutip.Qobj) -> float:
    return float(abs(operator.to("csr").data_as("csr_matrix")).max())
