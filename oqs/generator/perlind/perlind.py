"""The PERLind generator of a system between reservoirs: no secular approximation, yet positive."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, true_or_false
from oqs.contact.base import ReservoirContact
from oqs.contact.contacts import Contact
from oqs.contact.together import checked_contacts, fixed_fermionic
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.generator.davies.davies import davies
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.generator.perlind.channel_elements import ChannelElements
from oqs.generator.perlind.modes import PerlindModes
from oqs.generator.perlind.pair_generator import PairGenerator
from oqs.generator.perlind.window import Window
from oqs.memory import announce, require_memory
from oqs.numerics.clusters import IntArray
from oqs.system.base import System
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem
from oqs.transitions.channel_blocks import ChannelBlocks, one_site_each
from oqs.transitions.places import Places
from oqs.transitions.transitions import SectorBlocks

_VECTORS = 40  # density matrices that an iteration keeps


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PerlindModel(Model):
    """A system with its contacts under the PERLind generator, but for T and mu.

    Made by `perlind`. Reservoir j acts through one jump operator per channel and direction,

        D_j = sum_a { D[L_{ja,-}] + D[L_{ja,+}] },
        L_{ja,-} = sum_w sqrt(gamma_j(w) (1 - n_j(w))) S_a(w),
        L_{ja,+} = sum_w sqrt(gamma_j(w) n_j(w)) S_a(w)^+,

    D[L] rho = L rho L^+ - {L^+ L, rho}/2, with S_a(w) the eigen-operators of the channel.

    Parameters
    ----------
    system : the open system.
    contacts : one per reservoir, n of them.
    shifted : whether the generator holds the frequency shifts FS_j of Eq. (2).
    window : which eigenstates are kept; None keeps all.
    reason : why this generator, where `oqs.first_order` chose it; else None.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> oqs.perlind(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads).kind
    'PERLind model'
    """

    system: System
    contacts: tuple[ReservoirContact, ...]
    shifted: bool = False
    window: Window | None = None
    reason: str | None = None
    kind: ClassVar[str] = "PERLind model"

    @property
    def resolution(self) -> float:  # type: ignore[override]
        """Energies closer than this are equal: `system.resolution`. Nothing is joined by it."""
        return self.system.resolution

    @functools.cached_property
    def secular(self) -> DaviesModel:
        """The Davies model of the same system and contacts."""
        return davies(self.system, self.contacts)

    @classmethod
    def beside(cls, secular: DaviesModel, *, shifted: bool) -> PerlindModel:
        """Return the model of a Davies model's system and contacts, with what that one has made."""
        if isinstance(secular.system, QuadraticSystem) or shifted:
            model = perlind(secular.system, secular.contacts, lamb_shift=shifted)
        else:  # its rates are checked
            model = cls(secular.system, secular.contacts, shifted, None)
            if isinstance(secular.transitions, SectorBlocks):
                vars(model)["all_blocks"] = secular.channel_blocks  # where cached properties are
        if secular.system is model.system:
            vars(model)["secular"] = secular
        return model

    @functools.cached_property
    def coherent_sets(self) -> IntArray:
        """The sector (D,) of each eigenstate: equal quantum numbers that H and contacts respect."""
        transitions = self.secular.transitions
        if isinstance(transitions, SectorBlocks):
            return transitions.sector
        return self.system.spectrum.particles

    @property
    def detuning(self) -> FloatArray:
        """The energies (D,) themselves: the jumps do not commute with their rotation."""
        return self.system.spectrum.energies

    @functools.cached_property
    def all_blocks(self) -> ChannelBlocks:
        """The channels as dense blocks between sectors, also of states outside the window."""
        system = self.system
        assert isinstance(system, InteractingSystem)  # a quadratic one has modes instead
        vectors = _VECTORS if self.window is None else 0
        return ChannelBlocks.of(system, self.leads, amplitudes=self.shifted, vectors=vectors)

    @functools.cached_property
    def blocks(self) -> ChannelBlocks:
        """The channels as dense blocks between sectors of the states that are kept."""
        if self.window is None:
            return self.all_blocks
        return self.all_blocks.restricted(self.window.kept(self.system.spectrum))

    @property
    def by_blocks(self) -> bool:
        """Whether jumps lead from one particle number to the next, at rates known without T, mu."""
        return fixed_fermionic(self.contacts)

    @functools.cached_property
    def coherent(self) -> bool:
        """Whether populations can turn into coherences; without any the model is Davies'."""
        system = self.system
        if not self.by_blocks:
            return True
        if isinstance(system, InteractingSystem) and system.occupation_eigenstates:
            return not one_site_each(self.leads, system.sites)
        if isinstance(system, InteractingSystem):
            return any(len(sector.states) > 1 for sector in self.all_blocks.sectors)
        return True

    @property
    def detailed_balance(self) -> bool:
        """Whether Eq. (3) holds exactly: without coherences, where the model is Davies'."""
        return not self.coherent

    @property
    def fastest_rate(self) -> float:
        """The largest rate of a contact at a Bohr frequency, units of energy."""
        if isinstance(self.system, QuadraticSystem) or not self.coherent or not self.by_blocks:
            return super().fastest_rate
        return self.blocks.fastest

    @functools.cached_property
    def elements(self) -> tuple[ChannelElements, ...]:
        """The matrix elements of each contact's channels between all eigenstates."""
        everything = tuple(
            ChannelElements.of(self.system, contact, j)
            if isinstance(contact, Contact)
            else ChannelElements.of_bosons(self.secular.decomposition, contact, j)
            for j, contact in enumerate(self.contacts)
        )
        if self.window is None:
            return everything
        kept = self.window.kept(self.system.spectrum)
        return tuple(e.where(kept[e.lower] & kept[e.upper]) for e in everything)

    def of_part(self, system: System, contacts: Sequence[ReservoirContact]) -> PerlindModel:
        """Return the PERLind model of a part of the system."""
        return perlind(system, contacts, lamb_shift=self.shifted, window=self.window)

    def generator_on(self, labels: IntArray) -> PairGenerator:
        """Return the dissipators on the elements rho_ab of equal labels (D,), a closed set.

        Raises MemoryError where they would not fit: about 100 bytes for each pair of elements of a
        channel that meet.
        """
        self._require_room(labels)
        contacts = self.leads if self.shifted else ()
        return PairGenerator(self.elements, contacts, self.system.spectrum, Places(labels))

    def dissipation(self, T: FloatArray, mu: FloatArray, which: NDArray[np.bool_]) -> sp.csc_array:
        """Return the sum of some of the D_j (n,) on all elements, energy basis, stacked by rows."""
        whole = self.all_elements
        assert isinstance(whole, PairGenerator)  # as `generator_on` makes
        each = whole.at(T, mu).without_shifts()
        return sp.csc_array(sum(d for d, chosen in zip(each, which, strict=True) if chosen))

    def lamb_shift(self, T: ArrayLike, mu: ArrayLike | None = None) -> tuple[qutip.Qobj, ...]:
        """Return H_LS,j of every reservoir; see `oqs.lamb_shift`."""
        temperature, potential = self.arguments(T, mu)
        labels = self.system.spectrum.particles
        shifted = PairGenerator(self.elements, self.leads, self.system.spectrum, Places(labels)).at(
            temperature, potential
        )
        return tuple(self._operator(shift, isherm=True) for shift in shifted.shifts)

    def check_rates(self) -> None:
        """Raise as `perlind` does, where a rate is refused; what large systems need is kept."""
        if isinstance(self.system, QuadraticSystem):
            PerlindModes.of(self.system, self.leads, shifted=self.shifted)
        elif not self.coherent or not self.by_blocks:
            _ = self.secular

    def _require_room(self, labels: IntArray) -> None:
        """Raise MemoryError where the generator on these matrix elements would not fit."""
        sizes = np.bincount(labels).astype(np.float64)
        pairs = 0.0
        for e in self.elements:
            keys = np.stack([e.channel, labels[e.lower], labels[e.upper]])
            pairs += 2 * float(np.sum(np.unique(keys, axis=1, return_counts=True)[1] ** 2.0))
        require_memory(
            100 * pairs + 48 * float(np.sum(sizes**3)),
            f"A PERLind generator of {self.system.sites} sites on {np.sum(sizes**2):.3g} elements",
            "Flows and stationary states need none: see oqs.flow_law, oqs.stationary_state.",
        )
        announce("The generator on all matrix elements", 1e-6 * pairs)


@exported
def perlind(
    system: System,
    contacts: Sequence[ReservoirContact],
    *,
    lamb_shift: bool = False,
    window: Window | None = None,
) -> PerlindModel:
    """Build the PERLind generator of `system` between `contacts`: positive without a secular cut.

    For levels that lie as close as the rates, where `oqs.davies` is off by large factors. One jump
    operator per channel and direction carries the square roots of the rates at all its Bohr
    frequencies:

        d rho/dt = -i[H_S, rho] + sum_ja { D[L_{ja,-}] + D[L_{ja,+}] } rho,
        L_{ja,-} = sum_w sqrt(gamma_j(w) (1 - n_j(w))) S_a(w),
        L_{ja,+} = sum_w sqrt(gamma_j(w) n_j(w)) S_a(w)^+.

    Coherences between all states of equal quantum numbers are kept and rotate freely. Nothing here
    depends on the reservoirs' T and mu.

    Parameters
    ----------
    system : QuadraticSystem, InteractingSystem or OperatorSystem.
    contacts : one per reservoir. A bosonic one has the single jump operator of each channel
        L_ja = sum_w sqrt(J_j(w) (1 + n_B(w))) S_a(w) over w of both signs, J(-w) (1 + n_B(-w)) =
        J(w) n_B(w). Those, and rates of (w, T, mu), take up to 2000 matrix elements.
    lamb_shift : include the frequency shifts FS_j = -i[H_LS,j, .] of Eq. (2), those of Redfield's
        equation, H_LS,j = sum_a sum_{w,w'} { (e_j(w) + e_j(w'))/2 S_a(w)^+ S_a(w') +
        (f_j(w) + f_j(w'))/2 S_a(w) S_a(w')^+ } with e, f of `oqs.lamb_shift`. Neither the secular
        shift, which is its part w = w', nor that of the universal Lindblad equation, from which it
        differs where e and f vary between w and w'. It does not commute with H_S: the energy that
        FS_j takes counts as part of J_j. Each contact needs its `band`.
    window : leave eigenstates out, `oqs.Window(energy, mu)`; None keeps all. The weight of those
        left out is computed in every solution (`law.weight_dropped`), and refused above
        `window.weight`. Only for an InteractingSystem with coherences.

    Returns
    -------
    PerlindModel : takes the place of a Davies model in every call.

    Raises
    ------
    TypeError, ValueError
        for no contacts, a coupling of the wrong length, a rate that is not finite and >= 0 at a
        Bohr frequency.

    Notes
    -----
    Flows P_j = tr(D_j[rho] N_S), J_j = tr(D_j[rho] H_S) add up to zero. For rates far below all
    splittings it tends to `oqs.davies`, for rates far above some to davies(..., resolution=...).
    Its price is of order (gamma/T)^2: flows at equal T and mu do not vanish, the Gibbs state is
    stationary to that order, and entropy production may be negative by as little. Valid for weak
    coupling, gamma << T.

    References
    ----------
    Kirsanskas, Franckie, Wacker, Phys. Rev. B 97, 035432 (2018), doi:10.1103/PhysRevB.97.035432.
    Nathan, Rudner, Phys. Rev. B 102, 115109 (2020), doi:10.1103/PhysRevB.102.115109. The shift:
    Davidovic, Quantum 4, 326 (2020), doi:10.22331/q-2020-09-21-326.

    Examples
    --------
    Two dots with a tunnelling far below the rates; Davies would give 100 times as much:

    >>> import oqs
    >>> dots = oqs.QuadraticSystem([[0.0, 0.001], [0.001, 0.0]])
    >>> ends = [[1, 0], [0, 1]]
    >>> contacts = [oqs.Contact(oqs.flat(0.02), coupling=end) for end in ends]
    >>> flows = oqs.flow_law(oqs.perlind(dots, contacts))([1.0, 1.0], [0.5, -0.5])
    >>> flows.particle.round(9).tolist()
    [2.4249e-05, -2.4249e-05]
    """
    checked = checked_contacts(contacts)
    if not isinstance(system, System):
        raise TypeError(
            "Argument `system` must be a QuadraticSystem, InteractingSystem or OperatorSystem, but "
            f"is {type(system).__name__}. Make one of your Hamiltonian."
        )
    shifted = true_or_false("lamb_shift", lamb_shift, "Omit it to leave the shifts out.")
    if not fixed_fermionic(checked):
        _refuse_unplain(checked, shifted, window)
        if isinstance(system, QuadraticSystem):  # phonons make it an interacting one
            system = InteractingSystem.from_terms(system.h)
    model = PerlindModel(system, checked, shifted, _checked_window(window, system))
    model.check_rates()
    return model


def _refuse_unplain(
    contacts: tuple[ReservoirContact, ...], lamb_shift: bool, window: object
) -> None:
    """Raise ValueError for what bosonic contacts and rates of T and mu do not go with."""
    index, contact = next((j, c) for j, c in enumerate(contacts) if not fixed_fermionic([c]))
    kind = "has a rate that depends on T and mu" if contact.fermionic else "is bosonic"
    for name, value in (("lamb_shift", lamb_shift), ("window", window is not None)):
        if value:
            raise ValueError(
                f"Argument `{name}` must be omitted here, but is given, and {contact.label(index)} "
                f"{kind}. Take oqs.davies(system, contacts) with it."
            )


def _checked_window(window: object, system: System) -> Window | None:
    if window is None:
        return None
    if not isinstance(window, Window):
        raise TypeError(
            f"Argument `window` must be an oqs.Window, but is {window!r}. "
            "Give oqs.Window(energy, mu=...), or None to keep all states."
        )
    if not isinstance(system, InteractingSystem) or system.occupation_eigenstates:
        raise ValueError(
            f"Argument `window` must be None for this {type(system).__name__}, all of whose states "
            f"are affordable, but is {window!r}. Omit it."
        )
    return window
