"""The hierarchy of equations of motion between Lorentzian leads, and its stationary state."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.contacts import Contact
from oqs.deferred import qutip
from oqs.errors import StationaryStateNotFound
from oqs.memory import require_memory
from oqs.numerics.blocks import set_labels
from oqs.numerics.clusters import IntArray
from oqs.numerics.iteration import gmres
from oqs.system.base import FermionicSystem

_RESIDUAL = 1e-11  # of the largest entry of the generator times the state
_RESTART, _ROUNDS = 60, 10
_BYTES = 1600  # for each matrix element: 2.2 GB of 5489 operators of two spinful sites


def exponents_of(contacts: Sequence[Contact], sites: int, expansion: int) -> int:
    """Return the number of exponents: for each channel of a lead, in and out, pole and Pade."""
    return sum(2 * (expansion + 1) * len(contact.channels(sites)) for contact in contacts)


def require_room(system: FermionicSystem, exponents: int, depth: int) -> None:
    """Raise MemoryError where a hierarchy of that depth would not fit."""
    operators = sum(math.comb(exponents, tier) for tier in range(depth + 1))
    elements = float(operators) * system.dimension**2
    require_memory(
        _BYTES * elements,
        f"A hierarchy of {operators:.3g} auxiliary operators, {elements:.3g} matrix elements in "
        f"all, from {exponents} exponents at depth {depth}",
        "Take a smaller `depth` or `expansion`, or oqs.perlind(system, contacts).",
    )


@final
class Hierarchy:
    """QuTiP's hierarchy at one T, mu, in the energy basis, on the elements that populations reach.

    `system`, `contacts`: contacts of Lorentzian rates; `T`, `mu` (n,): of the reservoirs; `depth`:
    tiers of auxiliary operators; `expansion`: Pade terms of each Fermi function.
    """

    def __init__(
        self,
        system: FermionicSystem,
        contacts: Sequence[Contact],
        T: FloatArray,
        mu: FloatArray,
        depth: int,
        expansion: int,
    ) -> None:
        vectors = system.spectrum.vectors
        operators = [
            sp.csr_array(vectors.conj().T @ (c.full() @ vectors)) for c in system.annihilators
        ]
        baths = []
        for j, (contact, t, m) in enumerate(zip(contacts, T, mu, strict=True)):
            rate: Any = contact.rate
            lead = qutip.LorentzianEnvironment(
                float(t), float(m), rate.strength, rate.width, rate.center
            )
            for row in contact.channels(system.sites):
                channel = sum(a * c for a, c in zip(row, operators, strict=True))
                exponents = lead.approx_by_pade(expansion, tag=j)
                baths.append((exponents, qutip.Qobj(sp.csr_matrix(_without_rounding(channel)))))
        self._size = system.dimension
        self._reservoirs = len(contacts)
        energies = sp.diags_array(system.spectrum.energies, format="csr")
        hamiltonian = qutip.Qobj(sp.csr_matrix(energies))  # QuTiP 5.2 takes no sparse arrays
        solver = qutip.solver.heom.HEOMSolver(hamiltonian, baths, max_depth=depth)
        self._operators = solver.ados
        self._generator = sp.csr_array(solver.rhs(0).to("csr").data.as_scipy())
        self._kept = self._reached()

    def flows(self) -> tuple[FloatArray, FloatArray]:
        """Return P_j and J_j (n,), what reservoir j loses, in the stationary state.

            P_j = Re sum_l i s_l tr(Q_l rho_l),    J_j = -Re sum_l v_l tr(Q_l rho_l)

        over the exponents l of lead j, s = +1 where a particle enters by Q = S, -1 where it leaves
        by Q = S^+, v the complex frequency of exp(-v t). J_j is the energy -d<H_Rj>/dt that leaves
        the lead itself, as in Landauer's formula, and not what S takes up, <i[H_SRj, H_S]>: the
        lead's operator sum_k e_k t_k a_k is correlated with the system as sum_k t_k a_k is, with
        the derivative of exp(-v t) by time in place of itself (Wick).
        """
        state = self._stationary
        particle, energy = np.zeros(self._reservoirs), np.zeros(self._reservoirs)
        square = self._size**2
        for label in self._operators.filter(level=1):
            exponent = self._operators.exps(label)[0]
            enters = exponent.type == exponent.types["+"]
            operator = exponent.Q if enters else exponent.Q.dag()
            begin = self._operators.idx(label) * square
            auxiliary = state[begin : begin + square].reshape(self._size, self._size, order="F")
            moved = complex((operator.data.as_scipy() @ auxiliary).trace())
            particle[exponent.tag] += (1j * moved if enters else -1j * moved).real
            energy[exponent.tag] -= (exponent.vk * moved).real
        return particle, energy

    def _reached(self) -> IntArray:
        """Return the places of the elements linked with the populations."""
        part = set_labels(self._generator)
        # the populations are linked: the state is unique, or the law would have been refused
        return np.flatnonzero(part == part[0])

    @functools.cached_property
    def _stationary(self) -> ComplexArray:
        """The stationary state and its auxiliary operators, stacked; its residual checked."""
        kept = self._kept
        generator = sp.csr_array(self._generator[kept][:, kept])
        first = int(np.searchsorted(kept, self._size**2))  # elements of the state itself
        trace = (kept[:first] % (self._size + 1) == 0).astype(np.float64)
        rate, steady = _second_order(generator, first, trace)
        source = np.zeros(len(kept), dtype=np.complex128)
        source[:first] = rate * trace / trace.sum()

        def apply(x: ComplexArray) -> ComplexArray:
            return generator @ x + source * (trace @ x[:first])

        rest = gmres(apply, source, steady, relative=1e-13, restart=_RESTART, cycles=_ROUNDS)
        rest /= trace @ rest[:first]
        residual = float(np.max(np.abs(generator @ rest)))
        scale = float(np.max(np.abs(generator.data)) * np.max(np.abs(rest)))
        if not residual <= _RESIDUAL * scale:
            raise StationaryStateNotFound(
                f"The hierarchy did not converge: residual {residual / scale:.1e} of its "
                "largest rate. Take a larger `depth`, or weaker contacts."
            )
        state = np.zeros(self._generator.shape[0], dtype=np.complex128)
        state[kept] = rest
        return state


def _without_rounding(matrix: sp.csr_array) -> sp.csr_array:
    """Return the matrix without rounding of zeros, which would link unequal quantum numbers."""
    matrix = sp.csr_array(matrix)
    matrix.data[np.abs(matrix.data) < 1e-13 * np.max(np.abs(matrix.data), initial=0.0)] = 0.0
    matrix.eliminate_zeros()
    return matrix


def _second_order(
    generator: sp.csr_array, first: int, trace: FloatArray
) -> tuple[float, Callable[[ComplexArray], ComplexArray]]:
    """Return the largest rate of second order, and the approximate inverse of the generator by it.

    Auxiliary operators follow the state with their own decay and rotation: eliminated, they leave
    the Redfield generator.
    """
    decay = generator.diagonal()[first:]
    up, down = generator[:first, first:], generator[first:, :first]
    redfield = (generator[:first, :first] - (up / decay) @ down).toarray()
    rate = float(np.max(np.abs((up / decay) @ down)))
    inverse = np.linalg.inv(redfield + rate * np.outer(trace / trace.sum(), trace))

    def steady(r: ComplexArray) -> ComplexArray:
        state = inverse @ (r[:first] - up @ (r[first:] / decay))
        return np.concatenate([state, (r[first:] - down @ state) / decay])

    return rate, steady
