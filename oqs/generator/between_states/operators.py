"""Eigen-operators S(w) of the Hermitian operators through which bosonic contacts act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.base import ReservoirContact
from oqs.contact.bosonic import BosonicContact, Operator
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.deferred import qutip
from oqs.generator.eigenoperators import Decomposition, Elements, levels_of, states_of_contact
from oqs.numerics.clusters import IntArray, cluster
from oqs.system.base import FermionicSystem, System
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import quadratic_form

_Found = tuple[IntArray, IntArray, ComplexArray, IntArray]


def decompose_contacts(
    system: System,
    contacts: Sequence[ReservoirContact],
    resolution: float,
    sector: IntArray | None = None,
) -> Decomposition:
    """Decompose contacts of both kinds in the many-body eigenstates, by Bohr frequency.

    No structure is used but the quantum numbers `sector` (D,), or the particle number.

    Frequencies of the two kinds are kept apart: those of bosonic contacts are > 0, the energy that
    S(w) takes from the system, or exactly 0 between states of one level.

    Raises TypeError or ValueError if an operator does not fit the system, or changes its particle
    number.
    """
    spectrum = system.spectrum
    widths = system.widths(resolution)
    labels = spectrum.particles if sector is None else sector
    levels, energy = levels_of(spectrum.energies, labels, widths)
    channels = [
        _of_contact(system, contact, j, levels, energy) for j, contact in enumerate(contacts)
    ]
    bohr = [energy[levels[upper]] - energy[levels[lower]] for lower, upper, *_ in channels]
    known = [np.minimum(widths[upper] + widths[lower], resolution) for lower, upper, *_ in channels]
    fermionic = np.array([contact.fermionic for contact in contacts])
    sets = []
    for kind in (True, False):
        which = np.flatnonzero(fermionic == kind)
        values = np.concatenate([np.zeros(0), *(bohr[j] for j in which)])
        width = np.concatenate([np.zeros(0), *(known[j] for j in which)])
        kappa, frequencies = cluster(values, width)
        ends = np.cumsum([len(bohr[j]) for j in which])[:-1]
        sets.append((frequencies, dict(zip(which.tolist(), np.split(kappa, ends), strict=False))))
    (first, of_fermions), (second, of_bosons) = sets
    order = np.argsort(np.concatenate([first, second]), kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    kappas = of_fermions | {j: kappa + len(first) for j, kappa in of_bosons.items()}
    elements = tuple(
        Elements(lower, upper, amplitude, place[kappas[j]], channel)
        for j, (lower, upper, amplitude, channel) in enumerate(channels)
    )
    frequencies = np.concatenate([first, second])[order]
    return Decomposition(read_only(frequencies), elements, read_only(levels))


def operator_matrices(
    contact: BosonicContact, system: System, index: int
) -> tuple[sp.csr_array, ...]:
    """Return the operators of a contact as matrices (D, D), checked to fit the system.

    Raises TypeError, ValueError as `decompose_contacts`.
    """
    return tuple(_matrix(operator, contact, system, index) for operator in contact.operator)


def _of_contact(
    system: System, contact: ReservoirContact, index: int, levels: IntArray, energy: FloatArray
) -> _Found:
    if isinstance(contact, BosonicContact):
        matrices = operator_matrices(contact, system, index)
        parts = [_between_states(system, m, levels, energy) for m in matrices]
        channel = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
        lower, upper, amplitude = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lower, upper, amplitude, channel.astype(np.intp)
    if not isinstance(contact, Contact) or not isinstance(system, InteractingSystem):
        raise TypeError(
            f"Argument `contacts` must hold BosonicContact objects for an OperatorSystem, but "
            f"{contact.label(index)} is a Contact, which exchanges fermions. Use a "
            "QuadraticSystem or InteractingSystem, or oqs.BosonicContact(spectrum, operator)."
        )
    return states_of_contact(system, contact.channels(system.sites))


def _between_states(
    system: System, matrix: sp.csr_array, levels: IntArray, energy: FloatArray
) -> tuple[IntArray, IntArray, ComplexArray]:
    """Return lower, upper and <lower|S|upper>; between states of one level both orders.

    The multiple of the unit operator in S does nothing to a state and is left out.
    """
    size = matrix.shape[0]
    shift = matrix.diagonal().sum() / size
    elements = sp.coo_array(system.spectrum.eigenvectors.to_energy_basis(matrix))
    diagonal = np.zeros(size, dtype=np.complex128)
    own = elements.row == elements.col
    diagonal[elements.row[own]] = elements.data[own]
    row = np.concatenate([elements.row[~own], np.arange(size)])
    column = np.concatenate([elements.col[~own], np.arange(size)])
    amplitude = np.concatenate([elements.data[~own], diagonal - shift])
    strength = np.abs(amplitude)
    kept = (strength > NEGLIGIBLE * np.linalg.norm(strength)) & (
        energy[levels[row]] <= energy[levels[column]]
    )
    return row[kept].astype(np.intp), column[kept].astype(np.intp), amplitude[kept]


def _matrix(
    operator: Operator, contact: BosonicContact, system: System, index: int
) -> sp.csr_array:
    owner = contact.label(index)
    if isinstance(operator, qutip.Qobj):
        if operator.dims != system.dims:
            raise ValueError(
                f"Argument `operator` of {owner} must have the dimensions of the system, "
                f"{system.dims}, but has {operator.dims}. Build it with qutip.tensor, one factor "
                "for each of the system's."
            )
        matrix = _csr(operator)
    else:
        matrix = _of_sites(operator, system, owner)
    number = _csr(system.number)
    change = matrix @ number - number @ matrix
    violation = float(abs(change).max()) if change.nnz else 0.0
    if violation > 1e-12 * float(abs(matrix).max() if matrix.nnz else 0.0):
        raise ValueError(
            f"Argument `operator` of {owner} must conserve the particle number, [S, N] = 0, but "
            f"the largest element of [S, N] is {violation:.3g}. Particles are exchanged by "
            "oqs.Contact; phonons couple to occupations or hoppings."
        )
    return matrix


def _of_sites(matrix: ComplexArray, system: System, owner: str) -> sp.csr_array:
    if not isinstance(system, FermionicSystem):
        raise TypeError(
            f"Argument `operator` of {owner} must be a Qobj for this system, but is an array of "
            f"shape {matrix.shape}: only sites of fermions have weights. Give a Qobj of "
            f"dimensions {system.dims}."
        )
    if len(matrix) != system.sites:
        raise ValueError(
            f"Argument `operator` of {owner} must have {system.sites} entries, one per site of the "
            f"system, but has {len(matrix)}. Give (N,) weights or an (N, N) matrix."
        )
    whole = np.diag(matrix) if matrix.ndim == 1 else matrix
    return _csr(quadratic_form(whole, system.annihilators))


def _csr(operator: qutip.Qobj) -> sp.csr_array:
    matrix: Any = operator.to("csr").data_as("csr_matrix")
    return sp.csr_array(matrix)
