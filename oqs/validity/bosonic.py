"""What an audit measures where some contacts are bosonic, or rates depend on T and mu."""

from __future__ import annotations

import math

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.contact.bosonic import BosonicContact
from oqs.contact.rates import Lorentzian
from oqs.contact.spectra import DrudeLorentz, Ohmic, Underdamped
from oqs.deferred import qutip
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.linewidths import Linewidths
from oqs.generator.model import Model
from oqs.numerics.occupation import bose
from oqs.stationary.choice import stationary_state
from oqs.system.operator import OperatorSystem
from oqs.validity.verdict import Assumption, Verdict

_POINTS = 400  # of the quadrature over a line: an estimate to a few per cent


def both_ways(contact: ReservoirContact, w: FloatArray, T: float, mu: float) -> FloatArray:
    """Return the rates (K,) of S(w) and S(w)^+ together: gamma, J (1 + 2 n_B), or g_0 at w = 0."""
    return np.add(*contact.split(contact.gamma(w), w, T, mu))


def rates_at(model: DaviesModel, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return the same (n, K) of all contacts at their own frequencies."""
    weights = model.weights(T, mu).reshape(-1, *model.rates.shape)
    return weights[0] + weights[1]


def memory_rate(model: Model, T: FloatArray) -> float:
    """Return the slowest rate at which a reservoir forgets: the lowest T or cutoff, if less."""
    cutoffs = [_cutoff(contact) for contact in model.contacts]
    return min(float(np.min(T)), *cutoffs)


def _cutoff(contact: ReservoirContact) -> float:
    if not isinstance(contact, BosonicContact):
        return math.inf
    spectrum, band = contact.spectrum, contact.band
    edge = math.inf if band is None else band[1] - band[0]
    if isinstance(spectrum, Ohmic):
        return min(edge, math.inf if spectrum.cutoff is None else spectrum.cutoff)
    if isinstance(spectrum, DrudeLorentz):
        return min(edge, spectrum.cutoff)
    return min(edge, spectrum.width) if isinstance(spectrum, Underdamped | Lorentzian) else edge


def boson_tails(
    model: DaviesModel, lines: Linewidths, products: FloatArray, T: FloatArray
) -> float:
    """Return the energy flow between bosonic contacts that lines of no width miss, an estimate.

        C_j = sum_w sum_q G_jq int_0^inf dx/(2 pi) |r(x) x (n_j - n_q)(x) - w (n_j - n_q)(w)|
              / ((x - w)^2 + width^2/4),   r(x) = J_j(x) J_q(x) / (J_j(w) J_q(w)),

    the largest over j; for one oscillator it bounds the deviation of the exact transmission from
    Eq. (10). Far below w it is the flow by virtual excitation, which does not freeze out.

    Parameters
    ----------
    lines : of widths at T. products : (n, n, K) of Linewidths with rates J.
    """
    missing = np.zeros(len(T))
    bosonic = np.flatnonzero(model.bosonic)
    here = np.flatnonzero((lines.frequencies > 0) & (lines.widths > 0))
    for j in bosonic:
        for q in bosonic[bosonic != j]:
            for k in here[products[j, q, here] > 0]:
                missed = _missed(model, int(j), int(q), lines.frequencies[k], lines.widths[k], T)
                missing[j] += products[j, q, k] * missed
    return float(missing.max(initial=0.0))


def _missed(model: DaviesModel, j: int, q: int, w: float, width: float, T: FloatArray) -> float:
    reach = w + 40 * float(np.max(T))
    last = np.arcsinh(2 * reach / width)
    u = last * np.linspace(-1.0, 1.0, 2 * _POINTS)
    x = w + width / 2 * np.sinh(u)
    step = 2 * last / (2 * _POINTS - 1) / (np.pi * width * np.cosh(u))  # dx / (2 pi) / (..)
    x, step = x[x > 0], step[x > 0]
    at = np.append(x, w)
    density = model.contacts[j].gamma(at) * model.contacts[q].gamma(at)
    carried = density / density[-1] * at * (bose(at / T[j])[0] - bose(at / T[q])[0])
    return float(np.sum(step * np.abs(carried[:-1] - carried[-1])))


def truncation(model: Model, T: FloatArray, mu: FloatArray) -> Assumption | None:
    """Return how full the highest level of a truncated oscillator is; None without one.

    The ratio is its population times the number of levels: what a transition beyond would carry.
    """
    system = model.system
    if not isinstance(system, OperatorSystem) or not system.oscillators:
        return None
    rho = stationary_state(model, T, mu)
    worst, measure = 0.0, "no oscillator"
    for k in system.oscillators:
        levels = system.dims[0][k]
        top = qutip.ptrace(qutip.Qobj(rho), k)[levels - 1, levels - 1].real
        if levels * top >= worst:
            worst = float(levels * top)
            measure = f"population {float(top):.2g} of the highest of {levels} levels of factor {k}"
    remedy = "take more levels, or oqs.QuadraticBosons, which needs none"
    return Assumption("truncation", worst, Verdict.of(worst), measure, remedy)
