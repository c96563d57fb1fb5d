"""When to trust a Davies generator: each assumption, its measured ratio, a verdict, a remedy."""

from __future__ import annotations

import dataclasses
import enum
import textwrap
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, positive_number, temperatures_and_potentials
from oqs.davies import DaviesModel
from oqs.errors import NonUniqueStationaryState
from oqs.flows import Flows
from oqs.landauer import landauer
from oqs.laws import flow_law
from oqs.relaxation import relaxation_time
from oqs.stationary.uniqueness import kernel_dimension
from oqs.systems import QuadraticSystem

LARGEST_SOUND = 0.1
LARGEST_DOUBTFUL = 0.5
"""Small ratios leave corrections of their own order; near one the expansion has no meaning."""


@final
class Verdict(enum.IntEnum):
    """How far an assumption holds."""

    SOUND = 0
    DOUBTFUL = 1
    UNRELIABLE = 2

    @classmethod
    def of(cls, ratio: float) -> Verdict:
        """Judge a ratio that must be small; NaN is unreliable."""
        if ratio <= LARGEST_SOUND:
            return cls.SOUND
        return cls.DOUBTFUL if ratio <= LARGEST_DOUBTFUL else cls.UNRELIABLE


@final
@dataclasses.dataclass(frozen=True)
class Assumption:
    """One assumption of the weak-coupling limit.

    Parameters
    ----------
    name : the field's name of it.
    ratio : measured; must be small compared with one.
    verdict : what it means for the results.
    measure : what was compared with what, with numbers.
    remedy : what to do if it fails.
    """

    name: str
    ratio: float
    verdict: Verdict
    measure: str
    remedy: str


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """The assumptions behind a model at one T, mu; its text is a table.

    Parameters
    ----------
    assumptions : in the order of the table.
    exact : Landauer flows of a quadratic system, None where there are none.
    error : largest deviation of the Davies particle and energy flows from them, relative to the
        largest flow of each kind; None without exact flows.
    """

    assumptions: tuple[Assumption, ...]
    exact: Flows | None = None
    error: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all assumptions."""
        return max(a.verdict for a in self.assumptions)

    def __getitem__(self, name: str) -> Assumption:
        """Return the assumption of this name; KeyError naming those there are."""
        for assumption in self.assumptions:
            if assumption.name == name:
                return assumption
        raise KeyError(f"no assumption {name!r}; there are {[a.name for a in self.assumptions]}")

    def with_assumptions(self, *more: Assumption) -> Audit:
        """Return the audit with further assumptions added."""
        return dataclasses.replace(self, assumptions=(*self.assumptions, *more))

    def __repr__(self) -> str:
        lines = [f"{'assumption':<18} {'ratio':>9}  {'verdict':<10}  measure; remedy"]
        for a in self.assumptions:
            text = a.measure if a.verdict is Verdict.SOUND else f"{a.measure}; {a.remedy}"
            first, *rest = textwrap.wrap(text, 58)
            lines.append(f"{a.name:<18} {a.ratio:9.3g}  {a.verdict.name.lower():<10}  {first}")
            lines += [" " * 42 + line for line in rest]
        return "\n".join([*lines, f"in all: {self.verdict.name.lower()}"])


def audit(
    model: DaviesModel,
    T: ArrayLike,
    mu: ArrayLike,
    *,
    tau_eq: float | None = None,
    exact: bool = True,
) -> Audit:
    """Measure each assumption behind the Davies generator at T, mu.

    secular: rates that mix two transitions over the distance of their Bohr frequencies.
    Born-Markov: line widths over the lowest temperature.
    flat rate: relative change of a rate over the width of its line.
    band edges: line widths over the distance of Bohr frequencies to the edges of a band.
    unique state: dimension of the generator's kernel beyond one.
    time scales: relaxation time tau_S over the reservoirs' time tau_eq, where that is given.
    exact flows: deviation from `landauer`, for a quadratic system whose self-energy is known.

    Parameters
    ----------
    model : made by `davies`.
    T, mu : (n,) temperatures and chemical potentials, units of energy.
    tau_eq : shortest time in which the reservoirs' T, mu change, units of 1 / energy.
    exact : compare with `landauer` where it applies (0.1 to some seconds).

    Raises
    ------
    TypeError, ValueError
        if T, mu or tau_eq are refused.
    """
    temperature, potential = temperatures_and_potentials(T, mu, model.reservoirs)
    widths = _line_widths(model)
    assumptions = [
        _secular(model),
        _born_markov(widths, temperature),
        _flat_rate(model, widths),
        _band_edges(model, widths),
        _unique(model),
    ]
    if tau_eq is not None:
        slow = positive_number("tau_eq", tau_eq, "Give a time in units of 1 / energy.")
        assumptions.append(_time_scales(model, temperature, potential, slow))
    found = Audit(tuple(assumptions))
    return _with_exact_flows(found, model, temperature, potential) if exact else found


def _line_widths(model: DaviesModel) -> FloatArray:
    """Return the largest total rate (K,) at which a filled state empties at each Bohr frequency."""
    dimension = model.system.spectrum.dimension
    widths = np.zeros(len(model.frequencies))
    for rates, e in zip(model.rates, model.decomposition.elements, strict=True):
        keys, inverse = np.unique(e.kappa * dimension + e.upper, return_inverse=True)
        strength = np.bincount(inverse, np.abs(e.amplitude) ** 2, len(keys))
        largest = np.zeros(len(widths))
        np.maximum.at(largest, keys // dimension, strength)
        widths += rates * largest
    return widths


def _secular(model: DaviesModel) -> Assumption:
    ratio, pair, rate = 0.0, (np.nan, np.nan), 0.0
    for mixing, energies in _mixing_rates(model):
        gaps = np.abs(np.subtract.outer(energies, energies))
        resolved = gaps > 1e-10 * model.system.energy_scale
        ratios = np.where(resolved, mixing / np.where(resolved, gaps, 1.0), 0.0)
        if ratios.size and np.max(ratios) > ratio:
            k, m = np.unravel_index(np.argmax(ratios), ratios.shape)
            ratio, rate = float(ratios[k, m]), float(mixing[k, m])
            pair = (float(energies[k]), float(energies[m]))
    measure = (
        "no contact mixes transitions of different frequency"
        if ratio == 0
        else f"mixing rate {rate:.3g} between energies {pair[0]:.6g} and {pair[1]:.6g}"
    )
    return Assumption(
        "secular",
        ratio,
        Verdict.of(ratio),
        measure,
        "take flows from oqs.landauer (no interactions) or HEOM, or treat the levels as degenerate",
    )


def _mixing_rates(model: DaviesModel) -> list[tuple[FloatArray, FloatArray]]:
    """Return |cross rates| between pairs of levels that the secular approximation drops.

    Quadratic: sqrt(gamma_k gamma_l) |(t modes)^+ (t modes)|_kl between modes. In general: off-
    diagonal elements of S~^+ S~ and S~ S~^+, S~ with elements sqrt(gamma) <a|S|b>, between states.
    """
    system = model.system
    if isinstance(system, QuadraticSystem):
        total = np.zeros((system.sites, system.sites))
        for contact in model.contacts:
            a: ComplexArray = contact.channels(system.sites) @ system.modes
            touched = np.linalg.norm(a, axis=0) > 0
            root = np.zeros(system.sites)
            root[touched] = np.sqrt(contact.gamma(system.energies[touched]))
            total += np.abs(root[:, None] * (a.conj().T @ a) * root)
        return [(total, system.energies)]
    spectrum = system.spectrum
    products = np.zeros((spectrum.dimension, spectrum.dimension))
    for j, e in enumerate(model.decomposition.elements):
        for channel in np.unique(e.channel):
            here = e.channel == channel
            values = e.amplitude[here] * np.sqrt(model.rates[j, e.kappa[here]])
            s = sp.csr_array((values, (e.lower[here], e.upper[here])), shape=products.shape)
            products += abs(s.conj().T @ s).toarray() + abs(s @ s.conj().T).toarray()
    return [
        (products[np.ix_(sector, sector)], spectrum.energies[sector])
        for sector in (np.flatnonzero(spectrum.particles == n) for n in set(spectrum.particles))
    ]


def _born_markov(widths: FloatArray, T: FloatArray) -> Assumption:
    ratio = float(np.max(widths) / np.min(T))
    return Assumption(
        "Born-Markov",
        ratio,
        Verdict.of(ratio),
        f"line width {np.max(widths):.3g} against temperature {np.min(T):.3g}",
        "weaken the contacts, raise T, or use oqs.landauer or HEOM",
    )


def _flat_rate(model: DaviesModel, widths: FloatArray) -> Assumption:
    ratio = 0.0
    for contact, rates in zip(model.contacts, model.rates, strict=True):
        here = (rates > 0) & (widths > 0)
        w, width = model.frequencies[here], widths[here]
        change = np.abs(contact.gamma(w + width / 2) - contact.gamma(w - width / 2))
        ratio = max(ratio, float(np.max(change / contact.gamma(w), initial=0.0)))
    return Assumption(
        "flat rate",
        ratio,
        Verdict.of(ratio),
        "relative change of a rate over the width of its line",
        "the reservoir remembers: include the filter in the system, or use oqs.landauer or HEOM",
    )


def _band_edges(model: DaviesModel, widths: FloatArray) -> Assumption:
    ratio, measure = 0.0, "no contact has a band"
    for j, (contact, rates) in enumerate(zip(model.contacts, model.rates, strict=True)):
        if contact.band is None:
            continue
        here = rates > 0
        distance = np.min(
            np.abs(np.subtract.outer(model.frequencies[here], contact.band)), axis=1, initial=np.inf
        )
        with np.errstate(divide="ignore"):
            nearest = float(np.max(widths[here] / distance, initial=0.0))
        if nearest >= ratio:
            ratio = nearest
            measure = f"line width over distance to the band edge of {contact.label(j)}"
    return Assumption(
        "band edges",
        ratio,
        Verdict.of(ratio),
        measure,
        "move the levels from the edge, or use oqs.landauer",
    )


def _unique(model: DaviesModel) -> Assumption:
    dimension = kernel_dimension(model)
    return Assumption(
        "unique state",
        float(dimension - 1),
        Verdict.SOUND if dimension == 1 else Verdict.UNRELIABLE,
        f"the generator's kernel has dimension {dimension}",
        "couple the isolated or dark mode, or leave it out",
    )


def _time_scales(model: DaviesModel, T: FloatArray, mu: FloatArray, tau_eq: float) -> Assumption:
    try:
        tau = relaxation_time(model, T, mu)
    except NonUniqueStationaryState:
        tau = np.inf
    return Assumption(
        "time scales",
        tau / tau_eq,
        Verdict.of(tau / tau_eq),
        f"relaxation time {tau:.3g} against the reservoirs' {tau_eq:.3g}",
        "enlarge the reservoirs, or use thermo.coevolve",
    )


def _with_exact_flows(found: Audit, model: DaviesModel, T: FloatArray, mu: FloatArray) -> Audit:
    if not isinstance(model.system, QuadraticSystem) or found["unique state"].ratio > 0:
        return found
    try:
        exact = landauer(model.system, model.contacts)(T, mu)
    except ValueError:  # a contact without the band that its self-energy needs
        return found
    davies = flow_law(model)(T, mu)
    error = max(
        float(np.max(np.abs(ours - theirs)) / (np.max(np.abs(theirs)) or 1.0))
        for ours, theirs in ((davies.particle, exact.particle), (davies.energy, exact.energy))
    )
    row = Assumption(
        "exact flows",
        error,
        Verdict.of(error),
        "deviation from oqs.landauer, relative to the largest flow",
        "use oqs.landauer for this system",
    )
    return dataclasses.replace(
        found, assumptions=(*found.assumptions, row), exact=exact, error=error
    )
