"""Closed form of the stationary flows of independent modes, Eqs. (10) and (31)-(34)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import final, overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.base import ReservoirContact
from oqs.contact.together import checked_contacts, contact_names, fermionic_contacts
from oqs.exports import exported
from oqs.modes.boson_law import boson_law
from oqs.modes.boson_modes import BosonLaw
from oqs.modes.levels import Level, find_levels, untouched_modes
from oqs.modes.pair_flows import PairLaw, exponent_differences, occupation_differences
from oqs.modes.untouched import Untouched
from oqs.summary import Summary, counted, few_digits, reservoir_names
from oqs.system.quadratic_bosons import QuadraticBosons
from oqs.system.systems import QuadraticSystem


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ClosedForm(PairLaw):
    """Stationary flows of Eq. (10): each mode fills to nbar = sum_j gamma_j n_j / sum_j gamma_j.

        P_j = sum_k gamma_j(w_k) (n_j(w_k) - nbar(w_k)),
        J_j the same times w_k, Y_j times (w_k - mu_j).

    Made by `closed_form`. The difference n_j - nbar is summed from differences n_j - n_q, which are
    evaluated without cancellation, Eq. (31): flows between nearly equal reservoirs keep their
    relative precision, those between equal ones are exactly zero, and the flows add up to zero.

    Parameters
    ----------
    frequencies : (K,) energies w_k of the modes that contacts touch, ascending, units of energy.
    rates : (n, K) gamma_j(w_k) times the squared amplitude of mode k in the channels of contact j.
    untouched : the other modes, which carry nothing and are left out, each with the reason.
    names : (n,) of the contacts, or None.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> law = oqs.closed_form(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> law.frequencies.round(3)
    array([0.839, 1.561])
    """

    frequencies: FloatArray
    rates: FloatArray
    untouched: tuple[Untouched, ...]
    names: tuple[str | None, ...] | None = None

    @property
    def fastest_rate(self) -> float:
        """The largest rate of a contact at a mode, units of energy."""
        return float(np.max(self.rates))

    @functools.cached_property
    def transfer(self) -> FloatArray:  # type: ignore[override]  # where it is asked for
        """gamma_j gamma_q / sum gamma of each mode, (..., K, n, n)."""
        gamma = np.moveaxis(self.rates, -2, -1)  # (..., K, n)
        pairs: FloatArray = gamma[..., :, None] * gamma[..., None, :]
        return read_only(pairs / gamma.sum(axis=-1)[..., None, None])

    def occupations(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return the stationary occupation nbar (..., K) of each mode."""
        temperature, potential = self._checked(T, mu)
        x = (self.frequencies[..., None] - potential[..., None, :]) / temperature[..., None, :]
        gamma = np.moveaxis(self.rates, -2, -1)
        return np.sum(gamma * expit(-x), axis=-1) / gamma.sum(axis=-1)

    def clausius_sum(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return sum_j Y_j / T_j (...,) by Eq. (34): a sum of terms none of which is positive.

        -(1/2) sum_k sum_jq Gamma_kjq (nu_j - nu_q) sinh(nu_j - nu_q) / (cosh nu_j cosh nu_q),
        Gamma_kjq = gamma_j gamma_q / sum gamma, nu_j = (w_k - mu_j) / (2 T_j).
        """
        temperature, potential = (a[..., None, :] for a in self._checked(T, mu))
        above = self.frequencies[:, None] - potential  # (..., N, n)
        affinity = exponent_differences(above, temperature, potential)
        difference = occupation_differences(above, temperature, potential)
        terms = self.transfer * affinity * difference
        return -0.5 * np.sum(terms, axis=(-3, -2, -1))

    def summary(self) -> Summary:
        """Return the reservoirs and a table of modes and rates."""
        names = reservoir_names(self.names, self.reservoirs)
        rows = [
            (f"{w:.6g}", *(f"{rate:.6g}" for rate in rates))
            for w, rates in zip(self.frequencies, self.rates.T, strict=True)
        ]
        facts = [("", ", ".join(names)), ("w", few_digits(self.frequencies))]
        if self.untouched:
            facts.append(("untouched", str(len(self.untouched))))
        title = f"Flow law by the closed form, Eq. (10), {counted(self.reservoirs, 'reservoir')}"
        return Summary(title, facts, ("w", *(f"gamma {name}" for name in names)), rows)


@overload
def closed_form(system: QuadraticSystem, contacts: Sequence[ReservoirContact]) -> ClosedForm: ...


@overload
def closed_form(system: QuadraticBosons, contacts: Sequence[ReservoirContact]) -> BosonLaw: ...


@exported
def closed_form(
    system: QuadraticSystem | QuadraticBosons, contacts: Sequence[ReservoirContact]
) -> ClosedForm | BosonLaw:
    """Return the flow law of Eq. (10) for a quadratic system.

    It holds where every contact acts mode by mode: always for modes of distinct energies, and for
    degenerate modes if one choice of them makes every contact diagonal (as when every site has its
    own bath). Contacts that act collectively on degenerate modes keep coherences between them.
    Modes, and combinations of degenerate modes, that no contact touches carry nothing and are left
    out: `law.untouched` names them. An amplitude below 1e-13 of its contact's norm touches nothing.

    Parameters
    ----------
    system : QuadraticSystem, or QuadraticBosons: then Eq. (10) with Bose's occupations.
    contacts : one Contact per reservoir; for QuadraticBosons one BosonicContact,
        whose spectrum may depend on T.

    Raises
    ------
    NonUniqueStationaryState
        if no contact touches any mode.
    TypeError, ValueError
        if the system is not quadratic, or contacts are collective on degenerate modes, or are
        refused as by `davies`.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.closed_form(dots, leads)(T, mu).particle.round(6)
    array([ 0.001276, -0.001276])
    """
    if isinstance(system, QuadraticBosons):
        return boson_law(system, contacts, apart=True)
    if not isinstance(system, QuadraticSystem):
        raise TypeError(
            f"Argument `system` must be a QuadraticSystem, but is {type(system).__name__}. "
            "Eq. (10) holds without interactions; use oqs.flow_law(oqs.davies(system, contacts))."
        )
    checked = fermionic_contacts(checked_contacts(contacts))
    levels = find_levels(system, checked, system.resolution)
    untouched = untouched_modes(levels, checked, system.resolution)
    touched = [level for level in levels if level.touched]
    return ClosedForm(
        read_only(np.concatenate([np.full(len(v.strengths), v.frequency) for v in touched])),
        read_only(np.hstack([_mode_rates(level) for level in touched])),
        untouched,
        contact_names(checked),
    )


def _mode_rates(level: Level) -> FloatArray:
    """Return the rates (n, b) of the modes of one level that suit every contact."""
    modes = level.bright if level.bright.shape[1] == 1 else level.bright @ _common_modes(level)
    strengths = np.array([np.sum(np.abs(a @ modes) ** 2, axis=0) for a in level.amplitudes])
    strengths[strengths <= level.negligible[:, None] ** 2] = 0.0
    return level.gammas[:, None] * strengths


def _common_modes(level: Level) -> ComplexArray:
    """Return the combinations (b, b) of bright modes on which every contact acts one by one.

    The contacts' dissipators hold the matrices G_j (b, b). One choice of the modes makes all of
    them diagonal exactly if they commute; it diagonalises a generic combination of them.
    """
    rates = level.rates
    norms = np.array([np.linalg.norm(rate) or 1.0 for rate in rates])
    generic = np.sqrt(np.arange(2.0, len(rates) + 2.0))  # no accidental degeneracy of the sum
    basis: ComplexArray = np.linalg.eigh(np.einsum("j,jkl->kl", generic / norms, rates))[1]
    rotated = basis.conj().T @ rates @ basis
    for rate, norm in zip(rotated, norms, strict=True):
        if np.max(np.abs(rate - np.diag(np.diag(rate)))) > 1e-10 * norm:
            raise ValueError(
                f"Argument `contacts` must act mode by mode for Eq. (10), but they act "
                f"collectively on the {len(level.modes)} degenerate modes at energy "
                f"{level.frequency:.10g}. Use oqs.gaussian_law(system, contacts) or "
                "oqs.flow_law(oqs.davies(system, contacts)), which keep their coherences."
            )
    return basis
