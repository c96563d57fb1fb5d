"""A system with its contacts in the Davies limit: all of Eq. (9) but T and mu."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import ClassVar, Literal, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, index, read_only
from oqs.contact.base import ReservoirContact
from oqs.contact.together import checked_contacts, fermionic_contacts, fixed_fermionic
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.generator.assembly import build_generator
from oqs.generator.between_states.operators import decompose_contacts
from oqs.generator.between_states.transitions import StateTransitions
from oqs.generator.davies.operator_matrices import EigenOperatorMatrices
from oqs.generator.davies.site_dissipator import SiteDissipator
from oqs.generator.eigenoperators import Decomposition, decompose_modes
from oqs.generator.generator import Generator
from oqs.generator.model import Model
from oqs.generator.weighted import WeightedGenerator
from oqs.generator.weights import ContactRates, rates_of, shifts
from oqs.memory import announce, require_memory
from oqs.numerics.clusters import IntArray
from oqs.system.base import FermionicSystem, System
from oqs.system.interacting import InteractingSystem
from oqs.system.spectrum import Spectrum
from oqs.system.systems import QuadraticSystem, checked_resolution
from oqs.transitions.channel_blocks import ChannelBlocks
from oqs.transitions.find_transitions import find_transitions
from oqs.transitions.level_coherences import LevelCoherences
from oqs.transitions.transitions import SectorBlocks, Transitions

_BYTES, _SECONDS = 120.0, 4e-7  # for each transition, while Bohr frequencies are found


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DaviesModel(Model):
    """A system with its contacts: everything about the generator that does not depend on T, mu.

    Made by `davies`. Reservoir j acts through

        D_j = sum_kappa A_{kappa,j},
        A_{kappa,j} = gamma_j(w) sum_a { n_j(w) D[S_a(w)^+] + (1 - n_j(w)) D[S_a(w)] }, w = w_kappa,

    which is Eq. (9) when every mode has its own bath; D[L] rho = L rho L^+ - {L^+ L, rho}/2. For a
    bosonic contact 1 - n_j is 1 + n_B, see `BosonicContact`.

    Parameters
    ----------
    system : the open system.
    contacts : one per reservoir, n of them.
    resolution : energies closer than this energy are equal.
    transitions : between energy eigenstates, with their rates.
    shifted : whether the generator holds the frequency shifts -i[H_LS,j, .] of Eq. (2).
    energy_of : what J_j counts, tr(D_j[rho] H_S) or the energies of the levels, see `davies`.
    reason : why this generator, where `oqs.first_order` chose it; else None.

    >>> dots = oqs.QuadraticSystem.from_energies([0.8, 1.6])
    >>> oqs.davies(dots, [oqs.Contact(oqs.flat(0.01), name="cold")]).names
    ('cold',)
    """

    system: System
    contacts: tuple[ReservoirContact, ...]
    resolution: float
    transitions: Transitions | StateTransitions
    shifted: bool = False
    energy_of: Literal["hamiltonian", "level"] = "hamiltonian"
    reason: str | None = None
    kind: ClassVar[str] = "Davies model"

    @classmethod
    def of(
        cls,
        system: System,
        contacts: Sequence[ReservoirContact],
        shifted: bool,
        resolution: float | None,
        energy_of: Literal["hamiltonian", "level"],
    ) -> DaviesModel:
        """Find the transitions of a system between contacts; arguments as those of `davies`."""
        checked = checked_contacts(contacts)
        if isinstance(system, FermionicSystem) and fixed_fermionic(checked):
            own = fermionic_contacts(checked)
            transitions, width = find_transitions(system, own, resolution)
            return cls(system, checked, width, transitions, shifted, energy_of)
        if isinstance(system, QuadraticSystem):  # phonons make it an interacting one
            system = InteractingSystem.from_terms(system.h)
        width = checked_resolution(resolution, system)
        decomposition = decompose_contacts(system, checked, width)
        between = StateTransitions.of(decomposition, rates_of(checked, decomposition))
        return cls(system, checked, width, between, shifted, energy_of)

    @property
    def secular(self) -> DaviesModel:
        """The model itself."""
        return self

    @property
    def coherent_sets(self) -> IntArray:
        """The level (D,) of each eigenstate."""
        return self.decomposition.levels

    @functools.cached_property
    def decomposition(self) -> Decomposition:
        """Bohr frequencies, elements of the eigen-operators, levels: what coherences need."""
        transitions = self.transitions
        if isinstance(transitions, StateTransitions):
            return transitions.decomposition
        if isinstance(transitions, SectorBlocks):
            count = transitions.count
            require_memory(
                _BYTES * count,
                f"The Bohr frequencies of {count:.2g} transitions",
                "Flows and stationary states need none, see oqs.flow_law, oqs.stationary_state; "
                "else take fewer sites.",
            )
            announce("Finding the Bohr frequencies", _SECONDS * count)
        if not isinstance(self.system, QuadraticSystem):
            return decompose_contacts(self.system, self.leads, self.resolution, self.sector)
        channels = [contact.channels(self.system.sites) for contact in self.leads]
        return decompose_modes(self.system, channels, self.resolution)

    @functools.cached_property
    def fastest_rate(self) -> float:
        """The largest rate of a contact at a Bohr frequency, units of energy."""
        if self.varies or not isinstance(self.transitions, SectorBlocks):
            return super().fastest_rate
        # of many states without finding out which frequencies are equal
        fastest = 0.0
        for step in self.transitions.steps:
            for part in step.parts:
                frequency = step.frequency_of(part.rows, part.columns)
                for j, rate in zip(part.contacts.tolist(), part.rate, strict=True):
                    gamma = self.leads[j].gamma(frequency[rate > 0], j)
                    fastest = max(fastest, float(np.max(gamma, initial=0.0)))
        return fastest

    @property
    def sector(self) -> IntArray:
        """Label (D,) of each eigenstate's quantum numbers: the particle number, if no more."""
        blocks = self.transitions
        return blocks.sector if isinstance(blocks, SectorBlocks) else self.system.spectrum.particles

    @functools.cached_property
    def level_coherences(self) -> LevelCoherences | None:
        """Degenerate levels of an interacting system; None where modes or sites are eigenstates."""
        system, transitions = self.system, self.transitions
        if not isinstance(system, InteractingSystem) or not isinstance(transitions, SectorBlocks):
            return None
        return LevelCoherences.of(system, self.leads, transitions, self.resolution)

    @functools.cached_property
    def channel_blocks(self) -> ChannelBlocks:
        """The channels as dense blocks between sectors, where `transitions` are SectorBlocks."""
        system = self.system
        assert isinstance(system, InteractingSystem)
        return ChannelBlocks.of(system, self.leads)

    @functools.cached_property
    def rates(self) -> FloatArray:
        """gamma_j(w_kappa) (n, K); 0 where contact j has no eigen-operator.

        Of a bosonic contact J_j, and at w = 0 J_j'(0). Of one whose rate depends on T and mu 1.
        """
        return read_only(rates_of(self.contacts, self.decomposition))

    @functools.cached_property
    def contact_rates(self) -> ContactRates:
        """The same with what weights them at T and mu."""
        return ContactRates(self.contacts, self.decomposition, self.rates)

    @property
    def detailed_balance(self) -> bool:
        """Whether each jump moves the energy J_j counts of it, and Eq. (3) holds exactly.

        Levels' energies are not moved exactly where Bohr frequencies that count as one belong to
        unequal distances of levels.
        """
        system = self.system
        if isinstance(system, QuadraticSystem) and not system.joins(self.resolution):
            return True  # no need to look at 2^N states
        if not np.any(self.detuning):
            return True
        if self.energy_of == "hamiltonian":
            return False
        levels, width = self.free_energies, self.system.resolution
        return all(
            bool(
                np.all(
                    np.abs(levels[e.upper] - levels[e.lower] - self.frequencies[e.kappa]) <= width
                )
            )
            for e in self.decomposition.elements
        )

    @functools.cached_property
    def counted_spectrum(self) -> Spectrum:
        """The eigenstates with the energies that J_j counts."""
        spectrum = self.system.spectrum
        if self.energy_of == "hamiltonian":
            return spectrum
        return dataclasses.replace(spectrum, energies=self.free_energies)

    @property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies w_kappa (K,), ascending, units of energy."""
        return self.decomposition.frequencies

    def weights(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return gamma_j (1 - n_j) and then gamma_j n_j, each (n, K), flattened; units of energy.

        Each occupation is evaluated on its own: 1 - n keeps its relative precision where n ~ 1.
        With frequency shifts, `shift_weights` follow: (4 n K,) instead of (2 n K,) in all.
        """
        down, up = self.contact_rates.split(T, mu)
        parts = [down, up, *(self.shift_weights(T, mu) if self.shifted else ())]
        return np.concatenate(parts).ravel()

    def weight_slopes(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return d weights / d T_j and d mu_j, (2, .., n, K): each contact's own T and mu."""
        return self.contact_rates.slopes(T, mu, shifted=self.shifted)

    def shift_weights(self, T: FloatArray, mu: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the coefficients e_j(w), f_j(w) of `lamb_shift`, each (n, K); 0 if no operator."""
        return shifts(self.contacts, self.decomposition, T, mu)

    def at(self, T: FloatArray, mu: FloatArray) -> DaviesModel:
        """Return the model with the rates of its contacts as they are at one T, mu (n,)."""
        if not self.varies:
            return self
        frozen = zip(self.contacts, T.tolist(), mu.tolist(), strict=True)
        return dataclasses.replace(self, contacts=tuple(c.at(t, m) for c, t, m in frozen))

    @functools.cached_property
    def detuning(self) -> FloatArray:
        """Energy (D,) of each state minus the mean of its level; 0 for true degeneracy.

        Not zero only where `davies(..., resolution=...)` counts split energies as equal. Splittings
        below the default resolution are rounding of a diagonaliser, not energies.
        """
        spectrum, labels = self.system.spectrum, self.decomposition.levels
        mean = np.bincount(labels, spectrum.energies) / np.bincount(labels)
        away = spectrum.energies - mean[labels]
        rounding = self.system.widths(self.system.resolution)
        split = np.bincount(labels, np.abs(away) > rounding)[labels] > 0
        return read_only(np.where(split, away, 0.0))

    def eigenoperators(self, j: int) -> tuple[tuple[qutip.Qobj, ...], ...]:
        """Return, for each Bohr frequency, the S_a(w_kappa) of contact j as Qobj.

        They lower the particle number: [N, S] = -S and [H, S(w)] = -w S(w). The S(w) of a single
        channel sum to S; several channels of a quadratic system are mixed among each other within
        one frequency, which leaves the dissipator as it is. Raises IndexError if there is no
        contact j, TypeError if j is no whole number, MemoryError where they do not fit: with
        interactions there are as many as transitions.
        """
        contact = self._checked_contact(j)
        matrices = self._operator_matrices[contact]
        matrices.require_room(self.contacts[contact].label(contact))
        return tuple(
            tuple(qutip.Qobj(s, dims=self.system.dims) for s in matrices.at(kappa))
            for kappa in range(len(self.frequencies))
        )

    def partial_dissipator(
        self, kappa: int, j: int, T: ArrayLike, mu: ArrayLike | None = None
    ) -> qutip.Qobj:
        """Return A_{kappa,j} of Eq. (9) as a superoperator Qobj (4^N, 4^N).

        Parameters
        ----------
        kappa : index into `frequencies`.
        j : index of the reservoir.
        T, mu : (n,) temperatures and chemical potentials, units of energy.

        Raises
        ------
        IndexError
            if there is no such frequency or reservoir.
        TypeError, ValueError
            if an index is no whole number, or T, mu are refused.
        MemoryError
            before it is computed, where it would not fit.
        """
        temperature, potential = self.arguments(T, mu)
        which = np.zeros(self.rates.shape, dtype=np.bool_)
        frequency = index("kappa", kappa, len(self.frequencies), "See model.frequencies.")
        which[self._checked_contact(j), frequency] = True
        return self._superoperator(self._in_operator_basis(temperature, potential, which))

    def lamb_shift(self, T: ArrayLike, mu: ArrayLike | None = None) -> tuple[qutip.Qobj, ...]:
        """Return H_LS,j of every reservoir; see `oqs.lamb_shift`."""
        temperature, potential = self.arguments(T, mu)
        emission, absorption = self.shift_weights(temperature, potential)
        return tuple(
            self._operator(elements.weighted(e, f, self.system.spectrum.dimension), isherm=True)
            for elements, e, f in zip(
                self.decomposition.elements, emission, absorption, strict=True
            )
        )

    @functools.cached_property
    def full_generator(self) -> Generator:
        """Dissipator terms on all 4^N matrix elements, in the energy basis.

        They take about 2 us and 200 bytes each. Raises MemoryError where they would not fit.
        """
        elements = float(self.system.spectrum.dimension) ** 2
        require_memory(
            200 * elements,
            f"A generator on all matrix elements of {self.system.sites} sites",
            "Flows and stationary states need none: see oqs.flow_law, oqs.stationary_state.",
        )
        announce("The generator on all matrix elements", 2e-6 * elements)
        return self._generator(np.zeros(self.system.spectrum.dimension, dtype=np.intp))

    @functools.cached_property
    def zero_frequency_generator(self) -> Generator:
        """Dissipator terms on the matrix elements between states of one level."""
        return self._generator(self.decomposition.levels)

    def of_part(self, system: System, contacts: Sequence[ReservoirContact]) -> DaviesModel:
        """Return the Davies model of a part of the system, its energies resolved as here."""
        chosen = None if self.resolution == self.system.resolution else self.resolution
        return DaviesModel.of(system, contacts, self.shifted, chosen, self.energy_of)

    def generator_on(self, labels: IntArray) -> WeightedGenerator:
        """Return the dissipator terms on the elements rho_ab of equal labels (D,)."""
        if not labels.any():
            return WeightedGenerator(self, self.full_generator)
        if labels is self.decomposition.levels:
            return WeightedGenerator(self, self.zero_frequency_generator)
        return WeightedGenerator(self, self._generator(labels))

    def dissipation(self, T: FloatArray, mu: FloatArray, which: NDArray[np.bool_]) -> sp.csc_array:
        """Return the sum of some of the D_j (n,), or of the A_kappa,j (n, K), on all elements.

        In the energy basis, stacked by rows.
        """
        down, up = self._chosen_weights(T, mu, which)
        # frequency shifts are no dissipation
        shifts = [np.zeros((2, *down.shape))] if self.shifted else []
        return self.full_generator.matrix(np.concatenate([[down, up], *shifts]).ravel())

    def _in_operator_basis(
        self, T: FloatArray, mu: FloatArray, which: NDArray[np.bool_]
    ) -> sp.csr_matrix:
        """Return the same in the system's operator basis, stacked by columns.

        A quadratic system is spared the rotation from its eigenstates, whose rounding fills zeros.
        """
        if not isinstance(self.system, QuadraticSystem):
            return super()._in_operator_basis(T, mu, which)
        return self._on_sites.matrix(*self._chosen_weights(T, mu, which))

    def _chosen_weights(
        self, T: FloatArray, mu: FloatArray, which: NDArray[np.bool_]
    ) -> tuple[FloatArray, FloatArray]:
        """Return gamma (1 - n) and gamma n, each (n, K), of some contacts; 0 of the others."""
        down, up = self.contact_rates.split(T, mu)
        chosen = which.reshape(len(down), -1)
        return down * chosen, up * chosen

    @functools.cached_property
    def _on_sites(self) -> SiteDissipator:
        system = self.system
        assert isinstance(system, QuadraticSystem)
        channels = [contact.channels(system.sites) for contact in self.leads]
        return SiteDissipator.of(system, channels, self.resolution)

    def _generator(self, labels: IntArray) -> Generator:
        elements, count = self.decomposition.elements, len(self.frequencies)
        return build_generator(elements, labels, self.counted_spectrum, count, shifted=self.shifted)

    @functools.cached_property
    def _operator_matrices(self) -> tuple[EigenOperatorMatrices, ...]:
        """Of each contact (n,)."""
        return tuple(
            EigenOperatorMatrices(elements, self.system.spectrum)
            for elements in self.decomposition.elements
        )
