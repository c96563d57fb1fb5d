"""Bounds of an audit's ratios by the contacts alone, for systems too large to be audited."""

from __future__ import annotations

import math

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.contacts import Contact
from oqs.contact.rates import Flat
from oqs.contact.together import fixed_fermionic
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.numerics.clusters import cluster
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem
from oqs.transitions.transitions import SectorBlocks
from oqs.validity.verdict import Assumption, Verdict

_ELEMENTS = 1e5  # looked at in a quarter of a second where occupation states are eigenstates
_PAIRS = 4.5e5  # pairs of states that channels may link, looked at in two thirds of a second
_COHERENT = 5.0  # times as many are looked at for the flows of PERLind, and at equal T, mu
_STATES, _EQUAL = 2**8, 1.5e5  # states, times coherences between equal energies: as long
_FEW_STATES = 2**7  # the same of anything else


def takes_long(model: Model) -> bool:
    """Return whether looking at every transition takes more than a fraction of a second."""
    system = model.system
    if isinstance(system, QuadraticSystem) and fixed_fermionic(model.contacts):
        return False
    if not isinstance(system, InteractingSystem) or not fixed_fermionic(model.contacts):
        return system.dimension > _FEW_STATES
    transitions = model.secular.transitions
    states = system.dimension
    if transitions.ambiguous and (states > _STATES or states * _equal_pairs(model) > _EQUAL):
        return True
    if not isinstance(transitions, SectorBlocks):
        return model.reservoirs * system.sites * system.dimension / 2 > _ELEMENTS
    channels = max(len(contact.channels(system.sites)) for contact in model.leads)
    pairs = channels * transitions.count
    if not isinstance(model, DaviesModel):
        return _COHERENT * pairs > _PAIRS
    return pairs > _PAIRS


def _equal_pairs(model: Model) -> int:
    """Return the number of coherences between states of equal energy and quantum numbers."""
    level = cluster(model.system.spectrum.energies, model.resolution)[0]
    counts = np.unique([level, model.secular.sector], axis=1, return_counts=True)[1]
    return int(np.sum(counts**2 - counts))


def bounds(model: Model, T: FloatArray, *, timed: bool) -> tuple[Assumption, ...]:
    """Return the rows of an audit that need no transition, and which are not measured.

    No line is wider than all that contacts of constant rates do to a state,

        width <= sum_j gamma_j sum_a |t_ja|^2,

    since the parts of S_a at each Bohr frequency do together what S_a^+ S_a does.

    Parameters
    ----------
    timed : whether `tau_eq` is given.
    """
    contacts = model.leads if fixed_fermionic(model.contacts) else ()
    flat = [contact for contact in contacts if isinstance(contact.rate, Flat)]
    joined = model.resolution != model.system.resolution  # splittings may count as width
    all_flat = len(flat) == model.reservoirs and not joined
    unlimited = all_flat and all(contact.band is None for contact in flat)
    rows = [
        _not_measured("secular"),
        _born_markov(flat, model.system.sites, T) if all_flat else _not_measured("Born-Markov"),
        _not_measured("line tails"),
        _holds("flat rate", "all rates are constant") if unlimited else _not_measured("flat rate"),
        _holds("band edges", "no contact has a band")
        if contacts and all(contact.band is None for contact in contacts)
        else _not_measured("band edges"),
        _not_measured("unique flows"),
    ]
    if joined or not isinstance(model, DaviesModel):
        rows.append(_not_measured("thermodynamics"))
    return (*rows, *([_not_measured("time scales")] if timed else []))


def _born_markov(contacts: list[Contact], sites: int, T: FloatArray) -> Assumption:
    width = sum(
        rate.value * float(np.sum(np.abs(contact.channels(sites)) ** 2))
        for contact in contacts
        if isinstance(rate := contact.rate, Flat)
    )
    ratio = width / float(np.min(T))
    return Assumption(
        "Born-Markov",
        ratio,
        min(Verdict.of(ratio), Verdict.DOUBTFUL),
        f"line width of at most {width:.3g} against temperature {np.min(T):.3g}",
        "ask with exact=True for the width itself, or weaken the contacts, or raise T",
    )


def _holds(name: str, measure: str) -> Assumption:
    return Assumption(name, 0.0, Verdict.SOUND, measure, "")


def _not_measured(name: str) -> Assumption:
    measure = "not measured with exact=False, for so large a system"
    return Assumption(name, math.nan, Verdict.DOUBTFUL, measure, "ask with exact=True")
