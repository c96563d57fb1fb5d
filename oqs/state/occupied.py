"""The generator on the coupled sets of matrix elements that a state occupies."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.numerics.blocks import Matrix, labels_of_links, set_labels
from oqs.numerics.clusters import IntArray
from oqs.state.coupled_elements import FEW, CoupledElements
from oqs.state.dissipation import occupied_elements


@final
class Occupied(NamedTuple):
    """A generator at one T, mu on P matrix elements rho_ab of the energy basis.

    Parameters
    ----------
    row_state, column_state : (P,) the states a and b.
    generator : (P, P), without the free evolution that commutes with the dissipators.
    particle, energy : rows (n, P) whose products with the elements are tr(N_S D_j[rho]) and
        tr(H_S D_j[rho]).
    """

    row_state: IntArray
    column_state: IntArray
    generator: sp.csr_array
    particle: FloatArray | ComplexArray
    energy: FloatArray | ComplexArray

    def values(self, state: Matrix) -> ComplexArray:
        """Return the elements (P,) of rho (D, D)."""
        elements = np.asarray(state[self.row_state, self.column_state], dtype=np.complex128)
        return elements.ravel()

    def blocks(self, filled: NDArray[np.bool_], dimension: int) -> list[IntArray]:
        """Return where the elements (d, d) of each set of states stand, P for none.

        Sets are those of states that `filled` (P,) elements link; the blocks of the s sets of one
        size d come together, (s, d, d).
        """
        here = np.flatnonzero(filled)
        row, column = self.row_state[here], self.column_state[here]
        label = labels_of_links(row, column, dimension)
        size = np.bincount(label)
        rank, number = np.empty(dimension, dtype=np.intp), np.empty(len(size), dtype=np.intp)
        rank[np.argsort(label, kind="stable")] = np.arange(dimension) - np.repeat(
            np.cumsum(size) - size, size
        )
        blocks = []
        for d in np.unique(size).tolist():
            sets, own = np.flatnonzero(size == d), np.flatnonzero(size[label[row]] == d)
            number[sets] = np.arange(len(sets))
            places = np.full((len(sets), d, d), len(filled))
            places[number[label[row[own]]], rank[row[own]], rank[column[own]]] = here[own]
            blocks.append(places)
        return blocks


def occupied(model: Model, state: Matrix, T: FloatArray, mu: FloatArray) -> Occupied:
    """Return the generator at T, mu (n,) on the elements that a state (D, D) fills in time."""
    few = model.system.spectrum.dimension <= FEW
    if few or not isinstance(model, DaviesModel):
        elements = occupied_elements(model, state)
        at = elements.at(T, mu)
        generator = at.matrix() - sp.diags_array(1j * model.precession(elements))
        return Occupied(
            elements.row_state, elements.column_state, sp.csr_array(generator), *at.exchange_rows()
        )
    row, column = state.nonzero()
    number = model.system.spectrum.particles
    labels = next(
        each
        for each in (model.coherent_sets, number, np.zeros_like(number))
        if np.array_equal(each[row], each[column])
    )
    coupled = CoupledElements.of(model, T, mu, labels, also=(row, column))
    rows = coupled.exchange_rows(model, T, mu)
    label = set_labels(coupled.generator)
    filled = np.asarray(state[coupled.row_state, coupled.column_state]).ravel() != 0
    keep = np.flatnonzero(np.isin(label, label[filled]))
    return Occupied(
        coupled.row_state[keep],
        coupled.column_state[keep],
        sp.csr_array(coupled.generator[keep, :][:, keep]),
        *(each[:, keep] for each in rows),
    )
