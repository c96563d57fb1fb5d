"""The jump operators of a generator, as matrix elements that small reservoirs weight one by one.

    L_o = sum_e sqrt(gamma_e n_e) a_e |target_e><source_e|

over the elements e of operator o. Of a Davies generator each Bohr frequency has operators of its
own, S_a(w) and S_a(w)^+; under PERLind one holds all frequencies of a channel and direction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs import DaviesModel, PerlindModel
from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.memory import require_memory
from oqs.numerics.clusters import cluster
from thermo.stochastic.small.jump_table import IntArray
from thermo.stochastic.small.run_plan import RunPlan

_MOST = 256  # eigenstates: four spinful sites


@final
class _Elements(NamedTuple):
    """Elements of one contact: all that tells operators apart is `group` and the direction."""

    lower: IntArray
    upper: IntArray
    group: IntArray
    amplitude: ComplexArray
    frequency: FloatArray
    gamma: FloatArray


@final
@dataclasses.dataclass(frozen=True, eq=False)
class JumpOperators:
    """O jump operators on D energy eigenstates, with E elements; Q quanta that reservoirs lose."""

    operator: IntArray  # (E,) of each element
    target: IntArray  # (E,)
    source: IntArray  # (E,)
    quantum: IntArray  # (E,)
    amplitude: ComplexArray  # (E,)
    # (E,) rate, units of energy; of a bosonic contact at w = 0 the slope J'(0). 1 where it depends
    # on T and mu, see `PairRates`
    gamma: FloatArray
    reservoir: IntArray  # (O,) whose jump an operator is
    moves: IntArray  # (O,) particles that it takes from it
    quantum_reservoir: IntArray  # (Q,) of each quantum
    sign: IntArray  # (Q,) +1 where the reservoir loses it, -1 where it gains it, 0 of w = 0
    frequency: FloatArray  # (Q,) w, units of energy
    bosonic: NDArray[np.bool_]  # (n,) whether each contact is
    label: IntArray  # (D,) of each eigenstate; a wave function stays within one label
    rotation: FloatArray  # (D,) energies that rotate coherences, from the mean of their label
    counted: FloatArray  # (D,) energies that J_j counts
    # the eigenstate of fewest particles, and of these of least energy: where a run begins
    empty: int
    particles: IntArray  # (D,) of each eigenstate

    @property
    def states(self) -> int:
        """Number D of eigenstates."""
        return len(self.label)

    @property
    def operators(self) -> int:
        """Number O of jump operators."""
        return len(self.reservoir)

    @property
    def indefinite(self) -> bool:
        """Whether a wave function may hold several energies: then no jump has one of its own."""
        ends = np.full((2, self.label.max() + 1), np.inf)
        for end, sign in zip(ends, (1, -1), strict=True):
            np.minimum.at(end, self.label, sign * self.counted)
        return bool(np.any(-ends[1] - ends[0] > 1e-11 * np.ptp(self.counted)))


def jump_operators(model: object) -> JumpOperators:
    """Return the jump operators of a generator whose contacts drive coherences.

    Raises TypeError or ValueError if `model` is no Davies or PERLind model, has frequency shifts or
    a window, more than 256 states, is PERLind's of bosonic contacts, or nothing jumps.
    """
    if not isinstance(model, DaviesModel | PerlindModel):
        raise TypeError(
            f"Argument `model` must be a DaviesModel or a PerlindModel, but is "
            f"{type(model).__name__}. Make one with oqs.davies(system, contacts)."
        )
    _refuse(model)
    return _assembled(model, [_of_contact(model, j) for j in range(model.reservoirs)])


def _refuse(model: DaviesModel | PerlindModel) -> None:
    states = model.system.spectrum.dimension
    if states > _MOST:
        raise ValueError(
            f"Argument `model` must have at most {_MOST} states where contacts drive coherences, "
            f"but has {states}: each jump would take products of matrices of that size. Follow a "
            "smaller system, or the mean field with thermo.evolve."
        )
    if model.shifted:
        raise ValueError(
            "Argument `model` must have no frequency shifts, but was built with lamb_shift=True: "
            "they would change with every jump. Omit lamb_shift."
        )
    if isinstance(model, PerlindModel) and model.bosonic.any():
        raise ValueError(
            "Argument `model` must have contacts that exchange particles under PERLind, but some "
            "are bosonic, whose one jump operator gives and takes energy. Make it with oqs.davies."
        )
    if isinstance(model, PerlindModel) and model.window is not None:
        raise ValueError(
            "Argument `model` must keep all eigenstates, but was built with a window. Omit it."
        )


def _of_contact(model: DaviesModel | PerlindModel, j: int) -> _Elements:
    if isinstance(model, PerlindModel):
        e = model.elements[j]
        kept = e.where(e.gamma > 0)
        # equal Bohr frequencies of different states differ by rounding: one quantum each
        kappa, frequencies = cluster(kept.frequency, model.resolution)
        w = frequencies[kappa]
        return _Elements(kept.lower, kept.upper, kept.channel, kept.amplitude, w, kept.gamma)
    own = model.decomposition.elements[j]
    chosen = own.where(model.rates[j, own.kappa] > 0)
    group = chosen.channel * len(model.frequencies) + chosen.kappa
    w, gamma = model.frequencies[chosen.kappa], model.rates[j, chosen.kappa]
    return _Elements(chosen.lower, chosen.upper, group, chosen.amplitude, w, gamma)


def _both_ways(
    model: DaviesModel | PerlindModel, contacts: list[_Elements]
) -> Iterator[NDArray[Any]]:
    """Yield the columns of all contacts' elements, each in both directions.

    Contact, group, sign, target, source, amplitude, frequency, gamma.
    """
    columns: list[list[NDArray[Any]]] = []
    for index, e in enumerate(contacts):
        still = np.zeros(len(e.lower), dtype=np.bool_)
        if not model.contacts[index].fermionic:
            still = e.frequency == 0  # S(0) = S(0)^+, whose elements stand in both orders
        own, one = np.full(len(e.lower), index), np.ones(len(e.lower), dtype=np.int64)
        sign = np.where(still, 0, -one)
        down = [own, e.group, sign, e.lower, e.upper, e.amplitude, e.frequency, e.gamma]
        up = [own, e.group, one, e.upper, e.lower, e.amplitude.conj(), e.frequency, e.gamma]
        columns += [down, [column[~still] for column in up]]
    return map(np.concatenate, zip(*columns, strict=True))


def _assembled(model: DaviesModel | PerlindModel, contacts: list[_Elements]) -> JumpOperators:
    """Put the elements of all contacts together."""
    j, group, sign, target, source, amplitude, w, gamma = _both_ways(model, contacts)
    if not len(j):
        raise ValueError(
            "Argument `model` must have jumps, but no contact drives any transition: all rates are "
            "0. Give a contact a rate or a coupling that is not zero."
        )
    kinds, operator = np.unique(np.stack([j, group, sign]), axis=1, return_inverse=True)
    quanta, quantum = np.unique(np.stack([j, sign, w]), axis=1, return_inverse=True)
    spectrum, label = model.system.spectrum, np.asarray(model.coherent_sets, dtype=np.int64)
    operator, bosonic = operator.ravel(), model.bosonic
    _same_label(operator, label[source], label[target])
    middle = np.bincount(label, model.detuning) / np.bincount(label)
    moves = np.where(bosonic[kinds[0]], 0, kinds[2])
    fields = {
        "operator": operator,
        "target": target.astype(np.int64),
        "source": source.astype(np.int64),
        "quantum": quantum.ravel(),
        "amplitude": amplitude.astype(np.complex128),
        "gamma": gamma,
        "reservoir": kinds[0].astype(np.int64),
        "moves": moves.astype(np.int64),
        "quantum_reservoir": quanta[0].astype(np.int64),
        "sign": quanta[1].astype(np.int64),
        "frequency": quanta[2],
        "bosonic": bosonic,
        "label": label,
        "rotation": model.detuning - middle[label],
        "counted": np.array(model.counted_spectrum.energies),
        "particles": spectrum.particles.astype(np.int64),
    }
    first = int(np.lexsort((spectrum.energies, spectrum.particles))[0])
    return JumpOperators(
        **{name: read_only(values) for name, values in fields.items()}, empty=first
    )


def _same_label(operator: IntArray, source: IntArray, target: IntArray) -> None:
    """Raise ValueError where a jump would lead from states of one label to those of several."""
    leads = np.unique(np.stack([operator, source, target]), axis=1)[:2]
    if len(np.unique(leads, axis=1).T) < leads.shape[1]:
        raise ValueError(
            "Argument `model` must lead a state of one level to one level by each jump, but its "
            "`resolution` counts Bohr frequencies as equal between levels that it tells apart. "
            "Give a resolution away from the differences of the splittings."
        )


_BATCH = 1e8  # bytes of jump operators of the trajectories that are followed at once


@final
@dataclasses.dataclass(frozen=True, eq=False)
class WavePlan:
    """The jump operators, and the run."""

    run: RunPlan  # reservoirs, and what to report
    jumps: JumpOperators  # the operators
    # (D, D) columns that a start is drawn from, and the end for <e^{-R}>; energy basis
    basis: ComplexArray

    @property
    def batch_length(self) -> int:
        """How many trajectories to follow in one go; what they are does not depend on it.

        Raises MemoryError where the jump operators of one would not fit.
        """
        jumps = self.jumps
        bytes_of_one = 16.0 * (jumps.operators + len(self.run.members) + 2) * jumps.states**2
        require_memory(
            bytes_of_one,
            f"The {jumps.operators} jump operators of a wave function on {jumps.states} states",
            "Follow a smaller system.",
        )
        return int(np.clip(_BATCH / bytes_of_one, 1, 512))


def wave_plan(jumps: JumpOperators, run: RunPlan) -> WavePlan:
    """Return the plan of a run that starts in an eigenstate."""
    return WavePlan(run, jumps, np.eye(jumps.states, dtype=np.complex128))
