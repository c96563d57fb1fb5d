"""Ready-made qubits and oscillators: operator systems, each a function of a few energies."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import (
    FloatArray,
    index,
    of_type,
    positive_number,
    real_array,
    real_number,
    real_row,
    sequence,
    whole_number,
)
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.system.base import System
from oqs.system.operator import OperatorSystem

Graph = Sequence[tuple[int, int]]

_MOST_LEVELS = 100_000
_GRAPH = "Give pairs of qubits such as [(0, 1), (1, 2)], or None for a chain."


@exported
def on_factor(system: System, k: int, operator: qutip.Qobj) -> qutip.Qobj:
    """Return an operator of factor k of the tensor product, as one of the whole system.

    Parameters
    ----------
    system : such as one made by `exchange_qubits`.
    k : which factor, from 0.
    operator : Qobj of the factor's dimension.

    Raises
    ------
    IndexError, TypeError, ValueError
        if there is no such factor, or the operator does not fit it.

    Examples
    --------
    >>> import qutip
    >>> pair = oqs.exchange_qubits([1.0, 1.2], 0.1)
    >>> oqs.on_factor(pair, 1, qutip.sigmax()).dims
    [[2, 2], [2, 2]]
    """
    of_type("system", system, OperatorSystem, "an OperatorSystem", "Spins are made of these.")
    factors = system.dims[0]
    place = index("k", k, len(factors), f"There are {len(factors)} factors.") % len(factors)
    if not isinstance(operator, qutip.Qobj) or operator.shape != (factors[place],) * 2:
        raise ValueError(
            f"Argument `operator` must be a Qobj of dimension {factors[place]} for factor {place}, "
            f"but is {getattr(operator, 'shape', operator)!r}. Give one such as qutip.sigmax()."
        )
    own = [operator if i == place else qutip.qeye(d) for i, d in enumerate(factors)]
    return qutip.tensor(own)


@exported
def exchange_qubits(
    energies: ArrayLike, coupling: ArrayLike, graph: Graph | None = None
) -> OperatorSystem:
    """Return qubits that exchange excitations.

        H = sum_k w_k sigma_z/2 + sum_(k,l) g_kl (sigma_+^k sigma_-^l + h.c.)

    Parameters
    ----------
    energies : (N,) w_k, units of energy; |0> of a qubit is the upper state, as QuTiP has it.
    coupling : g, one number or one per pair of the graph, units of energy.
    graph : pairs (k, l); None is the open chain.

    Raises
    ------
    TypeError, ValueError, IndexError
        if numbers are refused, or a pair names no two qubits.

    Examples
    --------
    >>> oqs.exchange_qubits([1.0, 1.0], 0.1).hamiltonian.eigenenergies().round(12).tolist()
    [-1.0, -0.1, 0.1, 1.0]
    """
    qubits = _Qubits(energies)
    return qubits.coupled([(x, 0.5) for x in (qutip.sigmax(), qutip.sigmay())], coupling, graph)


@exported
def ising_qubits(
    energies: ArrayLike,
    coupling: ArrayLike,
    graph: Graph | None = None,
    *,
    transverse: ArrayLike = 0.0,
) -> OperatorSystem:
    """Return qubits with Ising couplings.

        H = sum_k (w_k sigma_z + x_k sigma_x)/2 + sum_(k,l) J_kl sigma_z^k sigma_z^l

    Parameters
    ----------
    energies : (N,) w_k. transverse : x_k, one number or (N,). coupling : J, one number or one per
        pair. All in units of energy. graph : pairs (k, l); None is the open chain.

    Raises
    ------
    TypeError, ValueError, IndexError
        as `exchange_qubits`.

    Examples
    --------
    >>> oqs.ising_qubits([0.0, 0.0], 1.0).hamiltonian.eigenenergies().round(12).tolist()
    [-1.0, -1.0, 1.0, 1.0]
    """
    return _Qubits(energies, transverse).coupled([(qutip.sigmaz(), 1.0)], coupling, graph)


@exported
def heisenberg_qubits(
    energies: ArrayLike,
    coupling: ArrayLike,
    graph: Graph | None = None,
    *,
    anisotropy: float = 1.0,
    transverse: ArrayLike = 0.0,
) -> OperatorSystem:
    """Return qubits with Heisenberg (XXZ) couplings.

        H = sum_k (w_k sigma_z + x_k sigma_x)/2
            + sum_(k,l) J_kl (sigma_x sigma_x + sigma_y sigma_y + anisotropy sigma_z sigma_z)

    Parameters
    ----------
    energies : (N,) w_k. transverse : x_k, one number or (N,). coupling : J, one number or one per
        pair. All in units of energy. anisotropy : of the z part, dimensionless.
    graph : pairs (k, l); None is the open chain.

    Raises
    ------
    TypeError, ValueError, IndexError
        as `exchange_qubits`.

    Examples
    --------
    >>> oqs.heisenberg_qubits([0.0, 0.0], 1.0).hamiltonian.eigenenergies().round(12).tolist()
    [-3.0, 1.0, 1.0, 1.0]
    """
    delta = real_number("anisotropy", anisotropy, "Give 1 for the isotropic magnet.")
    paulis = [(qutip.sigmax(), 1.0), (qutip.sigmay(), 1.0), (qutip.sigmaz(), delta)]
    return _Qubits(energies, transverse).coupled(paulis, coupling, graph)


@exported
def transmon(energy: float, anharmonicity: float, levels: int) -> OperatorSystem:
    """Return an oscillator whose levels move closer: H = w a^+ a - (alpha/2) a^+ a^+ a a.

    Parameters
    ----------
    energy : w > 0, units of energy. anharmonicity : alpha, how much closer each level is to the
        next one, units of energy. levels : how many are kept, at least 2.

    Raises
    ------
    TypeError, ValueError
        if numbers are refused.

    Examples
    --------
    >>> oqs.transmon(5.0, 0.3, levels=4).hamiltonian.eigenenergies().round(12).tolist()
    [0.0, 5.0, 9.7, 14.1]
    """
    w = positive_number("energy", energy, "It is the energy of the first excitation.")
    alpha = real_number("anharmonicity", anharmonicity, "Give 0 for a harmonic oscillator.")
    a = qutip.destroy(
        whole_number("levels", levels, 2, "Two levels are a qubit.", most=_MOST_LEVELS)
    )
    H = w * a.dag() * a - 0.5 * alpha * a.dag() * a.dag() * a * a
    return OperatorSystem(H, oscillators=(0,))


@exported
def jaynes_cummings(qubit: float, cavity: float, coupling: float, levels: int) -> OperatorSystem:
    """Return a qubit and a cavity: H = w_q |e><e| + w_c a^+ a + g (|e><g| a + h.c.).

    Factor 0 is the qubit, |0> = |e> its upper state; factor 1 the cavity.

    Parameters
    ----------
    qubit, cavity : w_q and w_c > 0, coupling : g, units of energy.
    levels : of the cavity that are kept, at least 2.

    Raises
    ------
    TypeError, ValueError
        if numbers are refused.

    Examples
    --------
    >>> cavity = oqs.jaynes_cummings(1.0, 1.0, 0.1, levels=3)
    >>> cavity.hamiltonian.eigenenergies()[:3].round(12).tolist()
    [0.0, 0.9, 1.1]
    """
    w_q = real_number("qubit", qubit, "It is the energy of the qubit.")
    w_c = positive_number("cavity", cavity, "It is the energy of a photon.")
    g = real_number("coupling", coupling, "It is half the splitting of the first doublet.")
    size = whole_number("levels", levels, 2, "Keep levels well above T / w_c.", most=_MOST_LEVELS)
    raised = qutip.tensor(qutip.sigmap(), qutip.qeye(size))
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(size))
    swap = raised * a
    H = w_q * raised * raised.dag() + w_c * a.dag() * a + g * (swap + swap.dag())
    return OperatorSystem(H, oscillators=(1,))


@exported
def absorption_refrigerator(cold: float, hot: float, coupling: float) -> OperatorSystem:
    """Return three qubits: cold w_c, hot w_h and the one in the middle, w_c + w_h.

        H = sum_k w_k |e><e|_k + g (|e e g><g g e| + h.c.)

    A hot bath at factor 1 drives heat from a cold bath at factor 0 into one at factor 2: no work.
    Per excitation w_c leaves the cold bath for w_h of the hot one, so COP = w_c/w_h.

    Parameters
    ----------
    cold, hot : w_c, w_h > 0, coupling : g, units of energy.

    Raises
    ------
    TypeError, ValueError
        if numbers are refused.

    References
    ----------
    Linden, Popescu, Skrzypczyk, Phys. Rev. Lett. 105, 130401 (2010),
    doi:10.1103/PhysRevLett.105.130401.

    Examples
    --------
    >>> import qutip
    >>> fridge = oqs.absorption_refrigerator(1.0, 3.0, 0.05)
    >>> baths = [
    ...     oqs.BosonicContact(oqs.flat(0.01), oqs.on_factor(fridge, k, qutip.sigmax()))
    ...     for k in range(3)
    ... ]
    >>> flows = oqs.flow_law(oqs.davies(fridge, baths))(T=[1.0, 6.0, 1.5])
    >>> flows.energy.round(7).tolist()
    [0.0007538, 0.002273, -0.0030268]
    """
    w_c = positive_number("cold", cold, "It is the energy of the qubit at the cold bath.")
    w_h = positive_number("hot", hot, "It is the energy of the qubit at the hot bath.")
    g = real_number("coupling", coupling, "It is an energy, small against both qubits'.")
    up = [_on_qubit(qutip.sigmap(), k, 3) for k in range(3)]
    swap = up[0] * up[1] * up[2].dag()
    H = sum(w * s * s.dag() for w, s in zip((w_c, w_h, w_c + w_h), up, strict=True))
    return OperatorSystem(H + g * (swap + swap.dag()))


@final
class _Qubits:
    """Qubits in fields along z and x."""

    def __init__(self, energies: ArrayLike, transverse: ArrayLike = 0.0) -> None:
        along = real_row("energies", energies, "Give one energy per qubit.", length="N")
        self.count = len(along)
        across = _each("transverse", transverse, self.count, "qubit")
        self.fields = [
            0.5 * w * _on_qubit(qutip.sigmaz(), k, self.count)
            + 0.5 * x * _on_qubit(qutip.sigmax(), k, self.count)
            for k, (w, x) in enumerate(zip(along.tolist(), across.tolist(), strict=True))
        ]

    def coupled(
        self, paulis: list[tuple[qutip.Qobj, float]], coupling: ArrayLike, graph: Graph | None
    ) -> OperatorSystem:
        """Return the system with coupling times factor P^k P^l of each pair and Pauli matrix P."""
        pairs = (
            list(itertools.pairwise(range(self.count)))
            if graph is None
            else sequence("graph", graph, _GRAPH)
        )
        strengths = _each("coupling", coupling, len(pairs), "pair")
        H = sum(self.fields)
        for pair, strength in zip(pairs, strengths.tolist(), strict=True):
            k, m = self._pair(pair)
            for pauli, factor in paulis:
                both = _on_qubit(pauli, k, self.count) * _on_qubit(pauli, m, self.count)
                H = H + strength * factor * both
        return OperatorSystem(H)

    def _pair(self, pair: object) -> tuple[int, int]:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"Argument `graph` must hold pairs, but holds {pair!r}. {_GRAPH}")
        k, m = (index("graph", i, self.count, _GRAPH) % self.count for i in pair)
        if k == m:
            raise ValueError(
                f"Argument `graph` must hold pairs of two qubits, but holds {pair!r}. {_GRAPH}"
            )
        return k, m


def _each(name: str, value: ArrayLike, count: int, what: str) -> FloatArray:
    remedy = f"Give one number, or {count}, one per {what}."
    numbers = real_array(name, value, remedy)
    if numbers.shape not in ((), (count,)):
        raise ValueError(
            f"Argument `{name}` must be a number or have shape ({count},), but has shape "
            f"{numbers.shape}. {remedy}"
        )
    return np.broadcast_to(numbers, (count,))


def _on_qubit(operator: qutip.Qobj, k: int, count: int) -> qutip.Qobj:
    return qutip.tensor([operator if i == k else qutip.qeye(2) for i in range(count)])
