"""The interface of every generator: a system between contacts, independent of T and mu."""

from __future__ import annotations

import abc
import copy
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, index, read_only
from oqs.contact.base import ReservoirContact, thermal_arguments
from oqs.contact.contacts import Contact
from oqs.contact.together import BetweenContacts, fermionic_contacts
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.generator.closed import ClosedGenerator
from oqs.generator.superoperator import in_operator_basis, require_room
from oqs.generator.touched import Touched, touched_part
from oqs.numerics.blocks import Matrix, for_qutip
from oqs.numerics.clusters import IntArray
from oqs.summary import Summary, reservoir_names
from oqs.system.base import System
from oqs.system.spectrum import Spectrum
from oqs.transitions.places import MatrixElements

if TYPE_CHECKING:
    from oqs.generator.davies.davies_model import DaviesModel


@exported
class Model(BetweenContacts):
    """A system with its contacts: the generator of Eq. (2) but for T and mu.

        d rho/dt = -i[H_S, rho] + sum_j D_j[rho] + sum_j FS_j[rho],  FS_j = -i[H_LS,j, .]

    Made by `davies` or another generator; laws, states and audits take any.

    Parameters
    ----------
    system : the open system.
    contacts : one per reservoir, n of them.
    resolution : energies closer than this energy are equal.
    shifted : whether the generator holds the frequency shifts FS_j.
    reason : why this generator, where `oqs.first_order` chose it; else None.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> [isinstance(make(dots, leads), oqs.Model) for make in (oqs.davies, oqs.perlind)]
    [True, True]
    """

    system: System
    contacts: tuple[ReservoirContact, ...]
    resolution: float
    shifted: bool
    reason: str | None
    kind: ClassVar[str]  # what summaries call the model

    @functools.cached_property
    def leads(self) -> tuple[Contact, ...]:
        """The contacts, where all of them exchange particles; TypeError where one does not."""
        return fermionic_contacts(self.contacts)

    @property
    def bosonic(self) -> NDArray[np.bool_]:
        """Whether each contact (n,) exchanges energy alone."""
        return np.array([not contact.fermionic for contact in self.contacts])

    def arguments(
        self, T: ArrayLike, mu: ArrayLike | None, *, batched: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Return T, mu of the reservoirs as arrays (n,), or (..., n) if `batched`, checked.

        mu is 0 for bosonic ones, and may be None where all are.
        """
        return thermal_arguments(self.contacts, T, mu, batched=batched)

    def because(self, reason: str) -> Self:
        """Return the same model, with the reason why it was chosen."""
        chosen = copy.copy(self)
        object.__setattr__(chosen, "reason", reason)
        return chosen

    @property
    @abc.abstractmethod
    def secular(self) -> DaviesModel:
        """The Davies model of the same system and contacts: itself, if it is one."""

    @property
    @abc.abstractmethod
    def coherent_sets(self) -> IntArray:
        """Label (D,) of each eigenstate; populations turn into coherences within one label only."""

    @property
    @abc.abstractmethod
    def detuning(self) -> FloatArray:
        """Part (D,) of each eigenstate's energy that the dissipators do not commute with.

        The rotation by the rest commutes with them and changes phases alone.
        """

    @abc.abstractmethod
    def of_part(self, system: System, contacts: Sequence[ReservoirContact]) -> Model:
        """Return the same generator of a part of the system, its energies resolved as here."""

    @abc.abstractmethod
    def generator_on(self, labels: IntArray) -> ClosedGenerator:
        """Return the dissipators on the elements rho_ab of equal labels (D,), a closed set."""

    @abc.abstractmethod
    def lamb_shift(self, T: ArrayLike, mu: ArrayLike | None = None) -> tuple[qutip.Qobj, ...]:
        """Return H_LS,j of every reservoir; see `oqs.lamb_shift`."""

    @property
    @abc.abstractmethod
    def detailed_balance(self) -> bool:
        """Whether each jump moves the energy that J_j counts of it, and Eq. (3) holds exactly."""

    @property
    def counted_spectrum(self) -> Spectrum:
        """The eigenstates with the energies that J_j counts: those of H_S, if nothing else."""
        return self.system.spectrum

    @property
    def fastest_rate(self) -> float:
        """The largest rate of a contact at a Bohr frequency, units of energy.

        Raises ValueError where a rate depends on T and mu.
        """
        if self.varies:
            raise ValueError(
                "The fastest rate must be known without T and mu, but the rate of some contact "
                "depends on them. Take it from model.at(T, mu)."
            )
        return float(np.max(self.secular.rates))

    @functools.cached_property
    def touched(self) -> Touched:
        """The part of the model that contacts couple to, and the untouched rest."""
        return touched_part(self)

    @functools.cached_property
    def coherent_elements(self) -> ClosedGenerator:
        """Dissipators on the matrix elements that populations may turn into."""
        return self.generator_on(self.coherent_sets)

    @functools.cached_property
    def elements_of_equal_number(self) -> ClosedGenerator:
        """Dissipators on the matrix elements between states of one particle number."""
        return self.generator_on(self.system.spectrum.particles)

    @functools.cached_property
    def all_elements(self) -> ClosedGenerator:
        """Dissipators on all 4^N matrix elements; MemoryError where they would not fit."""
        return self.generator_on(np.zeros(self.system.spectrum.dimension, dtype=np.intp))

    @functools.cached_property
    def prepared(self) -> dict[str, object]:
        """What rooms further up have prepared once for this model, by the name of what it is."""
        return {}

    def precession(self, elements: MatrixElements) -> FloatArray:
        """Return detuning_a - detuning_b (P,) of matrix elements rho_ab."""
        return self.detuning[elements.row_state] - self.detuning[elements.column_state]

    @functools.cached_property
    def free_energies(self) -> FloatArray:
        """Energies (D,) without their detuning: their rotation commutes with the dissipators."""
        return read_only(self.system.spectrum.energies - self.detuning)

    def dissipator(self, j: int, T: ArrayLike, mu: ArrayLike | None = None) -> qutip.Qobj:
        """Return D_j as a superoperator Qobj (4^N, 4^N).

        Parameters
        ----------
        j : index of the reservoir.
        T, mu : (n,) temperatures and chemical potentials, units of energy.

        Raises
        ------
        IndexError
            if there is no such reservoir.
        TypeError, ValueError
            if j is no whole number, or T, mu are refused.
        MemoryError
            before anything is computed, where it would not fit.
        """
        temperature, potential = self.arguments(T, mu)
        mine = np.zeros(self.reservoirs, dtype=np.bool_)
        mine[self._checked_contact(j)] = True
        return self._superoperator(self._in_operator_basis(temperature, potential, mine))

    def liouvillian(self, T: ArrayLike, mu: ArrayLike | None = None) -> qutip.Qobj:
        """Return L = -i[H_S, .] + sum_j (D_j + FS_j), Eq. (2), as a superoperator (4^N, 4^N).

        The frequency shifts FS_j are there if the model was built with lamb_shift=True. Raises
        MemoryError, before anything is computed, where it would not fit.
        """
        temperature, potential = self.arguments(T, mu)
        everything = np.ones(self.reservoirs, dtype=np.bool_)
        dissipation = self._in_operator_basis(temperature, potential, everything)
        hamiltonian = self.system.hamiltonian.to("csr").data_as("csr_matrix")
        if self.shifted:
            for shift in self.lamb_shift(T, mu):
                hamiltonian = hamiltonian + shift.to("csr").data_as("csr_matrix")
        one = sp.eye_array(self.system.spectrum.dimension)
        # rho is stacked by columns: A rho B is (B^T x A) vec(rho)
        rotation = -1j * (sp.kron(one, hamiltonian) - sp.kron(hamiltonian.T, one))
        return self._superoperator(dissipation + rotation)

    @abc.abstractmethod
    def dissipation(self, T: FloatArray, mu: FloatArray, which: NDArray[np.bool_]) -> sp.csc_array:
        """Return the sum of some of the D_j (n,) on all elements, energy basis, stacked by rows."""

    def _in_operator_basis(
        self, T: FloatArray, mu: FloatArray, which: NDArray[np.bool_]
    ) -> sp.csr_matrix:
        """Return the same in the system's operator basis, stacked by columns."""
        spectrum = self.system.spectrum
        require_room(spectrum.particles, self.system.sites, bosonic=bool(self.bosonic.any()))
        return in_operator_basis(self.dissipation(T, mu, which), spectrum)

    def _superoperator(self, matrix: sp.csr_matrix) -> qutip.Qobj:
        dims = [[self.system.dims[0]] * 2] * 2
        return qutip.Qobj(sp.csr_matrix(matrix), dims=dims, superrep="super")

    def _operator(self, matrix: Matrix, *, isherm: bool | None = None) -> qutip.Qobj:
        """Return an operator (D, D) given in the energy basis as a Qobj."""
        rotated = self.system.spectrum.eigenvectors.to_operator_basis(matrix)
        return qutip.Qobj(for_qutip(rotated), dims=self.system.dims, isherm=isherm)

    def _checked_contact(self, j: int) -> int:
        return index("j", j, self.reservoirs, "Contacts count from 0, in the order given.")

    def summary(self) -> Summary:
        """Return the system and a table of its contacts."""
        names = reservoir_names(self.names, self.reservoirs)
        facts = [("", repr(self.system)), ("contacts", ", ".join(names))]
        if self.shifted:
            facts.append(("", "with frequency shifts"))
        if self.reason is not None:
            facts.append(("chosen", self.reason))
        rows = [
            (name, *contact.strength_and_channels(self.system.sites))
            for name, contact in zip(names, self.contacts, strict=True)
        ]
        return Summary(self.kind, facts, ("contact", "rate", "channels"), rows)


def checked_model(model: object) -> Model:
    """Return the model, or raise TypeError if it is none."""
    if not isinstance(model, Model):
        raise TypeError(
            f"Argument `model` must be an oqs.Model, but is {type(model).__name__}. "
            "Make one with oqs.davies(system, contacts)."
        )
    return model
