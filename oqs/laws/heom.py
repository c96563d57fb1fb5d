"""Flows of a small interacting system at any coupling: hierarchical equations of motion."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import (
    FloatArray,
    of_type,
    positive_number,
    temperatures_and_potentials,
    whole_number,
)
from oqs.contact.base import checked_band
from oqs.contact.contacts import Contact
from oqs.contact.rates import Flat, Lorentzian
from oqs.contact.together import BetweenContacts, checked_contacts, fermionic_contacts
from oqs.errors import StationaryStateNotFound
from oqs.exports import exported
from oqs.flows import KINDS, Deviation, Flows
from oqs.generator.davies.davies import davies
from oqs.generator.davies.davies_model import DaviesModel
from oqs.laws.gross import flow_scales, gross_flows
from oqs.laws.hierarchy import Hierarchy, exponents_of, require_room
from oqs.stationary.uniqueness import require_unique
from oqs.summary import (
    Summary,
    counted,
    reservoir_names,
    shown_by_fields,
)
from oqs.system.base import FermionicSystem
from oqs.system.systems import QuadraticSystem

_BAND = "Give (lowest, highest) energy between which flat rates stand."
_FLOOR = 1e-2  # of the gross rates: smaller flows are differences that a hierarchy leaves open


@exported
@final
@shown_by_fields
class Convergence(NamedTuple):
    """Flows of a hierarchy, and how far they are from those of a smaller one.

    Parameters
    ----------
    flows : at the depth and expansion that were asked for.
    depth : deviation of P, J, Y from those one tier less deep; 0 for a QuadraticSystem, where the
        second tier is exact.
    expansion : from those with one Pade term less.

    Examples
    --------
    >>> dot = oqs.anderson_dot(-0.3, 1.5)
    >>> leads = [oqs.Contact(oqs.lorentzian(0.1, 0.0, 5.0)) for _ in range(2)]
    >>> law = oqs.heom_law(dot, leads, depth=2, expansion=3)
    >>> found = law.convergence([1.0, 1.3], [0.5, -0.5])
    >>> max(found.depth) < 0.1, max(found.expansion) < 1e-3
    (True, True)
    """

    flows: Flows
    depth: Deviation
    expansion: Deviation


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class HeomLaw(BetweenContacts):
    """Stationary flows by QuTiP's hierarchical equations of motion: interactions, any coupling.

        P_j = -d<N_Rj>/dt,  J_j = -d<H_Rj>/dt,  Y_j = J_j - mu_j P_j:

    what the lead itself loses, as in Landauer's formula; sum_j J_j = 0, since the coupling's energy
    rests. Made by `heom_law`, which says what a call raises.

    Parameters
    ----------
    system : as given.
    contacts : with the Lorentzian rates that are used.
    depth, expansion, accuracy : as given.

    Examples
    --------
    >>> dot = oqs.QuadraticSystem([[0.3]])
    >>> leads = [oqs.Contact(oqs.lorentzian(0.2, 0.0, 4.0), name=name) for name in ("l", "r")]
    >>> law = oqs.heom_law(dot, leads, depth=2, expansion=5)
    >>> exact = oqs.landauer(dot, law.contacts)([1.0, 1.0], [0.5, -0.5])
    >>> max(oqs.deviation(law([1.0, 1.0], [0.5, -0.5]), exact)) < 1e-4
    True
    """

    system: FermionicSystem
    contacts: tuple[Contact, ...]
    depth: int
    expansion: int
    accuracy: float

    @property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,), ascending: where particles cross at weak coupling."""
        return self._weak.frequencies

    @functools.cached_property
    def _weak(self) -> DaviesModel:
        return davies(self.system, self.contacts)

    def gross(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the contacts' gross rates (n,) at T, mu (n,), those of weak coupling."""
        return gross_flows(self._weak, *temperatures_and_potentials(T, mu, self.reservoirs))

    def convergence(self, T: ArrayLike, mu: ArrayLike) -> Convergence:
        """Return the flows (n,) at T, mu (n,), and their deviations from smaller hierarchies'.

        Each relative to the largest flow of its kind, of J at least max(T) per particle, and of
        each at least 1e-2 of the largest gross rate.
        """
        temperature, potential = temperatures_and_potentials(T, mu, self.reservoirs)
        at = functools.partial(self._flows, temperature, potential)
        flows = at(self.depth, self.expansion)
        scales = flow_scales(flows, temperature, self.gross(temperature, potential), _FLOOR)

        def change(other: Flows) -> Deviation:
            far = (np.max(np.abs(getattr(flows, k) - getattr(other, k))) / scales[k] for k in KINDS)
            return Deviation(*map(float, far))

        exact = isinstance(self.system, QuadraticSystem)
        less_deep = flows if exact else at(self.depth - 1, self.expansion)
        return Convergence(flows, change(less_deep), change(at(self.depth, self.expansion - 1)))

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (n,) at T, mu of shape (n,).

        Raises StationaryStateNotFound if they change by more than `accuracy` with the last tier or
        the last Pade term; TypeError or ValueError if T, mu are refused.
        """
        convergence = self.convergence(T, mu)
        for name, far in (("depth", convergence.depth), ("expansion", convergence.expansion)):
            if not max(far) <= self.accuracy:
                raise StationaryStateNotFound(
                    f"Argument `{name}` must be large enough for flows to {self.accuracy:g}, but "
                    f"from {getattr(self, name) - 1} to {getattr(self, name)} they change by "
                    f"{max(far):.2g}. Give {name}={getattr(self, name) + 1} or more, or a larger "
                    "`accuracy`."
                )
        return convergence.flows

    def _flows(self, T: FloatArray, mu: FloatArray, depth: int, expansion: int) -> Flows:
        particle, energy = Hierarchy(self.system, self.contacts, T, mu, depth, expansion).flows()
        return Flows.of(particle, energy, mu, self.names)

    def summary(self) -> Summary:
        """Return the reservoirs, their rates, depth, expansion and accuracy."""
        names = reservoir_names(self.names, self.reservoirs)
        facts = [
            ("", ", ".join(names)),
            ("depth", str(self.depth)),
            ("expansion", str(self.expansion)),
            ("accuracy", f"{self.accuracy:g}"),
            ("rates", ", ".join(repr(contact.rate) for contact in self.contacts)),
        ]
        title = (
            f"Flow law by a hierarchy of equations of motion, {counted(len(names), 'reservoir')}"
        )
        return Summary(title, facts)


@exported
def heom_law(
    system: FermionicSystem,
    contacts: Sequence[Contact],
    *,
    depth: int = 3,
    expansion: int = 4,
    accuracy: float = 1e-2,
    band: ArrayLike | None = None,
) -> HeomLaw:
    """Return the flow law by QuTiP's hierarchical equations of motion: beyond weak coupling.

    For one or two sites, spinful too, with any interaction: the independent judge of `davies` and
    `perlind`. Each lead's correlation function is a sum of exponents, one for the pole of its
    Lorentzian rate and one for each term of the Pade expansion of its Fermi function; auxiliary
    operators follow the exponents. Every call solves three hierarchies: the one asked for, one less
    deep, and one with a term less, and compares them.

    Parameters
    ----------
    system : QuadraticSystem or InteractingSystem.
    contacts : one per reservoir, of Lorentzian rates, which are exact, or flat ones, see `band`.
    depth : tiers of auxiliary operators, at least 2: without interactions exact; with them the
        next tier changes flows by about (rate/T)^depth.
    expansion : Pade terms, at least 2: as many more as the leads' width is above T.
    accuracy : by how much the last tier and the last term may change P, J, Y; relative as in
        `HeomLaw.convergence`.
    band : (lowest, highest), of flat rates: they become the Lorentzian of its middle and half its
        width, of the same peak value. `law.contacts` has them.

    Returns
    -------
    HeomLaw : callable (T, mu) -> Flows.

    Raises
    ------
    MemoryError
        before anything is computed, if the hierarchy does not fit, with its size.
    NonUniqueStationaryState
        if no contact touches some part of the system.
    TypeError, ValueError
        if system or contacts are refused, or a rate is neither Lorentzian nor flat.

    Notes
    -----
    A call raises StationaryStateNotFound where depth or expansion are too small. Flows between
    equal reservoirs are those that the depth leaves open, not zero.

    References
    ----------
    Jin, Zheng, Yan 2008, doi:10.1063/1.2938087; QuTiP's: Lambert et al. 2023,
    doi:10.1103/PhysRevResearch.5.013181. Pade: Hu, Xu, Yan 2010, doi:10.1063/1.3484491.

    Examples
    --------
    >>> dots = oqs.double_dot([0.3, 0.3], 0.01, U=0.0, U_inter=1.5, spin=False)
    >>> ends = [[1, 0], [0, 1]]
    >>> leads = [oqs.Contact(oqs.lorentzian(0.05, 0.0, 5.0), coupling=end) for end in ends]
    >>> flows = oqs.heom_law(dots, leads, depth=3, expansion=3)([1.0, 1.0], [0.5, -0.5])
    >>> weak = oqs.flow_law(oqs.perlind(dots, leads, lamb_shift=True))([1.0, 1.0], [0.5, -0.5])
    >>> bool(abs(weak.particle[0] / flows.particle[0] - 1) < 0.05)
    True
    """
    remedy = "Of spins and oscillators make oqs.davies(system, contacts)."
    of_type("system", system, FermionicSystem, "a QuadraticSystem or an InteractingSystem", remedy)
    given = fermionic_contacts(checked_contacts(contacts))
    limits = None if band is None else checked_band(band, _BAND)
    leads = tuple(_lorentzian(contact, j, limits) for j, contact in enumerate(given))
    tiers = whole_number("depth", depth, 2, "The default is 3; 2 is exact without interactions.")
    terms = whole_number("expansion", expansion, 2, "The default is 4.")
    enough = positive_number("accuracy", accuracy, "The default is 1e-2.")
    require_room(system, exponents_of(leads, system.sites, terms), tiers)
    law = HeomLaw(system, leads, tiers, terms, enough)
    require_unique(law._weak)
    return law


def _lorentzian(contact: Contact, j: int, band: tuple[float, float] | None) -> Contact:
    """Return the contact with a Lorentzian rate and no edges, or raise."""
    if contact.band is not None:
        raise ValueError(
            f"Argument `contacts` must hold rates without edges, but {contact.label(j)} has the "
            f"band {contact.band}. Exponents make no sharp edge: leave it out, and give "
            "oqs.heom_law(..., band=...) for flat rates."
        )
    rate = contact.rate
    if isinstance(rate, Flat) and band is not None:
        middle, half = (band[0] + band[1]) / 2, (band[1] - band[0]) / 2
        return Contact(Lorentzian(rate.value, middle, half), contact.coupling, contact.name)
    if isinstance(rate, Flat):
        raise ValueError(
            f"Argument `band` must be given for flat rates, as that of {contact.label(j)}, but is "
            "None. Give (lowest, highest) of the Lorentzian that stands for them."
        )
    if not isinstance(rate, Lorentzian):
        raise ValueError(
            f"Argument `contacts` must hold Lorentzian or flat rates, but {contact.label(j)} has "
            f"{rate!r}. Give oqs.lorentzian(strength, center, width)."
        )
    return contact
