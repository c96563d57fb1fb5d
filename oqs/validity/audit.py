"""When to trust a Davies generator: each assumption, its measured ratio, a verdict, a remedy."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, positive_number, true_or_false
from oqs.contact.together import fixed_fermionic
from oqs.errors import NonUniqueStationaryState
from oqs.exports import exported
from oqs.flows import KINDS, Flows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.linewidths import Linewidths, tail_flows
from oqs.generator.model import Model, checked_model
from oqs.laws.density_matrix import flow_law
from oqs.laws.gross import ROUNDING, flow_scales, gross_flows, relative_deviations, share
from oqs.laws.landauer import landauer
from oqs.modes.untouched import named
from oqs.state.relaxation import relaxation_time
from oqs.stationary.uniqueness import kernel
from oqs.summary import reservoir_names
from oqs.system.systems import QuadraticSystem
from oqs.validity.bosonic import boson_tails, both_ways, memory_rate, rates_at, truncation
from oqs.validity.bounds import bounds, takes_long
from oqs.validity.one_unit import other_units
from oqs.validity.price import audit_bar
from oqs.validity.secular_error import quick, secular
from oqs.validity.thermodynamic_price import measured_price
from oqs.validity.verdict import Assumption, Audit, Verdict

_TAU = "Give a time in units of 1 / energy."
_FEW = 2**6  # states whose distance from Gibbs states takes a fraction of a second


@exported
def audit(
    model: Model,
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    tau_eq: float | None = None,
    exact: bool = True,
    progress: bool | None = None,
) -> Audit:
    """Measure each assumption behind the Davies generator at T, mu.

    secular: deviation of P, J, Y from those of `perlind`, which keeps the coherences that Davies
    drops, where contacts mix levels that the model keeps apart. Without that comparison (contacts
    that PERLind does not take; with exact=False, systems of more than about 8 interacting sites)
    the rates that mix two levels over their distance, the error being about the square.
    Born-Markov: line widths over the lowest temperature, or the lowest cutoff of a bosonic
    reservoir if that is less; where the model's resolution counts split
    frequencies as one, their spread is part of the width.
    line tails: flow through the width and tails of the lines over the flow that the model gives.
    flat rate: relative change of a rate over the width of its line.
    band edges: line widths over the distance of Bohr frequencies to the edges of a band.
    unique flows: dimension beyond one of the generator's kernel, of what contacts touch: what they
    do not touch has any state, but carries nothing.
    thermodynamics: of PERLind and of levels counted as one, `thermodynamic_price`: flows at equal
    T, mu over those asked for, distance of one contact's state from its Gibbs state; the Clausius
    sum and the energy it counts.
    truncation: population of the highest level of an oscillator times the number of its levels.
    time scales: relaxation time tau_S over the reservoirs' time tau_eq, where that is given.
    exact flows: deviation of P, J, Y from `landauer`, for a quadratic system whose self-energy is
    known.

    With exact=False a large system (more than ten sites with tunnelling and interactions, seven or
    eight by PERLind, between contacts of many channels or with degenerate levels; 128 states of
    spins) is answered from its contacts alone, in no time: line widths are bounded from
    above where all rates are constant, and rows that need its transitions say "not measured", NaN,
    doubtful.

    Deviations of P, J, Y are relative to the largest flow of their kind, of J at least max(T) per
    particle, and of each at least 1e-13 of the largest gross rate of its kind, all that a contact
    gives and takes before it cancels: what vanishes is not measured by its rounding.

    Parameters
    ----------
    model : made by `davies`.
    T, mu : (n,) temperatures and chemical potentials, units of energy.
    tau_eq : shortest time in which the reservoirs' T, mu change, units of 1 / energy.
    exact : compare with `landauer` where it applies, and with `perlind` however long it takes;
        False answers within a second whatever the system.
    progress : say what it will cost and show a bar; None does on a terminal where it takes long, as
        with interactions and tunnelling between more than ten sites.

    Raises
    ------
    TypeError, ValueError
        if T, mu or tau_eq are refused.
    MemoryError
        before anything is computed, if it does not fit, with time and memory.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(1e-3), name="cold"), oqs.Contact(oqs.flat(2e-3), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> audit = oqs.audit(model, T=[0.5, 1.0], mu=[1.2, 0.8])
    >>> audit.verdict, audit.error < 0.1
    (<Verdict.SOUND: 0>, True)
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    slow = None if tau_eq is None else positive_number("tau_eq", tau_eq, _TAU)
    true_or_false("exact", exact, "Omit it to have exact flows where they are affordable.")
    if not exact and takes_long(model):
        names = reservoir_names(model.names, model.reservoirs)
        remarks = other_units(model.system, temperature, names)
        return Audit(bounds(model, temperature, timed=slow is not None), remarks=remarks)
    return measured(model, temperature, potential, slow, exact=exact, progress=progress)


def measured(
    model: Model,
    temperature: FloatArray,
    potential: FloatArray,
    slow: float | None,
    *,
    exact: bool,
    progress: bool | None,
) -> Audit:
    """Return all rows at T, mu (n,) as `audit` does, however large the system; slow is tau_eq."""
    bar = audit_bar(model, 6, progress)
    if isinstance(model, DaviesModel):
        model = model.at(temperature, potential)
    lines_of = model.secular
    rates = None if fixed_fermionic(model.contacts) else rates_at(lines_of, temperature, potential)
    lines = Linewidths.of(lines_of, rates)
    bar.update()
    unique = _unique(model)
    davies = _flows(model, temperature, potential)
    bar.update()
    gross = gross_flows(model, temperature, potential)
    if isinstance(model, DaviesModel):
        own = [secular(model, rates, davies, temperature, potential, gross, long=exact)]
    else:
        own = []
    bar.update()
    assumptions = [
        *own,
        _born_markov(model, lines.widths, temperature),
        _line_tails(lines_of, lines, davies, temperature, potential, gross),
        _flat_rate(model, lines, temperature, potential),
        _band_edges(model, lines),
        unique,
    ]
    if davies is not None and (cut := truncation(model, temperature, potential)) is not None:
        assumptions.append(cut)
    bar.update()
    if not model.detailed_balance and davies is not None and (exact or quick(model)):
        assumptions.append(_price(model, davies, temperature, potential, long=exact))
    bar.update()
    if slow is not None:
        assumptions.append(_time_scales(model, temperature, potential, slow))
    bar.update()
    bar.finished()
    names = reservoir_names(model.names, model.reservoirs)
    remarks = other_units(model.system, temperature, names)
    report = Audit(tuple(assumptions), remarks=remarks)
    if davies is None or not exact:
        return report
    return _with_exact_flows(report, model, davies, temperature, potential, gross)


def _line_tails(
    model: DaviesModel,
    lines: Linewidths,
    davies: Flows | None,
    T: FloatArray,
    mu: FloatArray,
    gross: Flows,
) -> Assumption:
    if model.bosonic.any():
        # only pairs of contacts of one kind: nothing passes between a phonon and a lead directly
        own = Linewidths.of(model).products * np.outer(~model.bosonic, ~model.bosonic)[..., None]
        tails = tail_flows(dataclasses.replace(lines, products=own), T, mu)
        bosonic = boson_tails(model, lines, Linewidths.of(model).products, T)
        tails = (tails[0], max(tails[1], bosonic), max(tails[2], bosonic))
    else:
        tails = tail_flows(lines, T, mu)
    ratio = np.inf
    if davies is not None:
        scales = flow_scales(davies, T, gross)
        ratio = max(share(tail, scales[kind]) for kind, tail in zip(KINDS, tails, strict=True))
    return Assumption(
        "line tails",
        ratio,
        Verdict.of(ratio),
        "flow through the width and tails of the lines over the largest flow",
        "the flow through the levels is suppressed: use oqs.landauer or oqs.heom_law",
    )


def _price(model: Model, flows: Flows, T: FloatArray, mu: FloatArray, *, long: bool) -> Assumption:
    price = measured_price(model, flows, T, mu, *(() if long else (_FEW,)))
    known = price.gibbs[~np.isnan(price.gibbs)]
    distance = f"{np.max(known):.2g} from Gibbs states; " if len(known) else ""
    return Assumption(
        "thermodynamics",
        price.ratio,
        Verdict.of(price.ratio),
        f"flows at equal T, mu {price.equilibrium:.2g} of these; {distance}"
        f"sum of Y/T {price.clausius:.2g}, energy of {price.energy}",
        "weaken the contacts, or use oqs.davies, oqs.landauer or oqs.heom_law",
    )


def _born_markov(model: Model, widths: FloatArray, T: FloatArray) -> Assumption:
    slowest = memory_rate(model, T)
    ratio = float(np.max(widths) / slowest)
    return Assumption(
        "Born-Markov",
        ratio,
        Verdict.of(ratio),
        f"line width {np.max(widths):.3g} against "
        f"{'temperature' if slowest == np.min(T) else 'the cutoff of a spectrum'} {slowest:.3g}",
        "weaken the contacts, raise T, or use oqs.landauer or oqs.heom_law",
    )


def _flat_rate(model: Model, lines: Linewidths, T: FloatArray, mu: FloatArray) -> Assumption:
    ratio = 0.0
    for j, (contact, rates) in enumerate(zip(model.contacts, lines.rates, strict=True)):
        here = (rates > 0) & (lines.widths > 0)
        if contact.fermionic:
            rate = contact.gamma
        else:
            here &= lines.frequencies > lines.widths / 2
            rate = functools.partial(both_ways, contact, T=float(T[j]), mu=float(mu[j]))
        w, width = lines.frequencies[here], lines.widths[here]
        change = np.abs(rate(w + width / 2) - rate(w - width / 2))
        ratio = max(ratio, float(np.max(change / rate(w), initial=0.0)))
    return Assumption(
        "flat rate",
        ratio,
        Verdict.of(ratio),
        "relative change of a rate over the width of its line",
        "the reservoir remembers: include the filter in the system, or use oqs.landauer or "
        "oqs.heom_law",
    )


def _band_edges(model: Model, lines: Linewidths) -> Assumption:
    ratio, measure = 0.0, "no contact has a band"
    for j, (contact, rates) in enumerate(zip(model.contacts, lines.rates, strict=True)):
        if contact.band is None:
            continue
        here = rates > 0
        distance = np.min(
            np.abs(np.subtract.outer(lines.frequencies[here], contact.band)), axis=1, initial=np.inf
        )
        with np.errstate(divide="ignore"):
            nearest = float(np.max(lines.widths[here] / distance, initial=0.0))
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


def _flows(model: Model, T: FloatArray, mu: FloatArray) -> Flows | None:
    """Return the flows; None where they depend on the initial state or nothing is touched."""
    try:
        return flow_law(model)(T, mu)
    except NonUniqueStationaryState:
        return None


def _unique(model: Model) -> Assumption:
    part = model.touched
    rest = kernel(model) if part.model is None else kernel(part.model)
    measure = f"the generator's kernel has dimension {rest}"
    if part.untouched:
        measure = f"{measure} without what no contact touches, {named(part.untouched)}"
    return Assumption(
        "unique flows",
        float(rest.dimension - 1),
        Verdict.SOUND if rest.dimension == 1 else Verdict.UNRELIABLE,
        measure,
        "couple what every contact conserves, or describe one of its values at a time",
    )


def _time_scales(model: Model, T: FloatArray, mu: FloatArray, tau_eq: float) -> Assumption:
    part = model.touched.model  # the dark part has no relaxation time
    try:
        tau = np.inf if part is None else relaxation_time(part, T, mu)
    except NonUniqueStationaryState:
        tau = np.inf
    return Assumption(
        "time scales",
        tau / tau_eq,
        Verdict.of(tau / tau_eq),
        f"relaxation time {tau:.3g} against the reservoirs' {tau_eq:.3g}",
        "enlarge the reservoirs, or use thermo.coevolve",
    )


def _with_exact_flows(
    report: Audit, model: Model, davies: Flows, T: FloatArray, mu: FloatArray, gross: Flows
) -> Audit:
    if not isinstance(model.system, QuadraticSystem):
        return report
    try:
        exact = landauer(model.system, model.leads)(T, mu)
    except ValueError:  # a contact without the band that its self-energy needs
        return report
    errors = relative_deviations(davies, exact, T, gross)
    error = max(errors.values())
    own = np.maximum(np.abs(exact.heat), ROUNDING * np.max(gross.heat) + np.finfo(float).tiny)
    worst = float(np.max(np.abs(davies.heat - exact.heat) / own))
    row = Assumption(
        "exact flows",
        error,
        Verdict.of(error),
        "deviation from oqs.landauer: "
        + ", ".join(f"{kind} {value:.2g}" for kind, value in errors.items())
        + f"; of one reservoir's own heat {worst:.2g}",
        "use oqs.landauer for this system",
    )
    return dataclasses.replace(
        report, assumptions=(*report.assumptions, row), exact=exact, error=error
    )
