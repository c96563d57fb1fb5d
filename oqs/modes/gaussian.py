"""Stationary flows of a quadratic system from its covariance matrix: hundreds of sites.

A quadratic Davies generator keeps Gaussian states Gaussian, and C_kl = <a_l^+ a_k> obeys a linear
equation on each set of degenerate modes:

    dC/dt = -i[L, C] - {G, C}/2 + sum_j G_j n_j(w),   G = sum_j G_j,
    G_j = gamma_j(w) a_j^+ a_j  with a_j = t_j modes restricted to them (m_j, g),

L the frequency shift sum_j shift_j(w) a_j^+ a_j where it is asked for (Prosen 2008,
doi:10.1088/1367-2630/10/4/043026, treats such equations).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple, final, overload

import numpy as np
import scipy.linalg

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    of_type,
    read_only,
    true_or_false,
)
from oqs.contact.base import ReservoirContact
from oqs.contact.contacts import Contact
from oqs.contact.principal_value import shift_function
from oqs.contact.together import checked_contacts, contact_names, fermionic_contacts
from oqs.exports import exported
from oqs.modes.boson_law import boson_law
from oqs.modes.boson_modes import BosonLaw
from oqs.modes.levels import Level, find_levels, untouched_modes
from oqs.modes.pair_flows import PairLaw
from oqs.modes.untouched import Untouched
from oqs.numerics.clusters import IntArray
from oqs.summary import Summary, counted, few_digits, reservoir_names
from oqs.system.quadratic_bosons import QuadraticBosons
from oqs.system.systems import QuadraticSystem, checked_resolution


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class GaussianLaw(PairLaw):
    """Stationary flows P_j = sum_k sum_q w_jq(k) (n_j - n_q), J_j the same times w_k.

    Made by `gaussian_law`. The covariance equation is linear in the occupations, so it is solved
    once for each reservoir full and the others empty; at new T, mu only the occupations change.

    Parameters
    ----------
    frequencies : (K,) energies of the levels that contacts touch, ascending.
    transfer : (K, n, n) w_jq >= 0, rates at which particles go from reservoir q to j through a
        level; units of energy.
    untouched : dark modes, which carry nothing and are left out, each with the reason.
    names : (n,) of the contacts, or None.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.gaussian_law(dots, leads)(T, mu).particle.round(6)
    array([ 0.001276, -0.001276])
    """

    frequencies: FloatArray
    transfer: FloatArray
    untouched: tuple[Untouched, ...]
    names: tuple[str | None, ...] | None = None

    @property
    def fastest_rate(self) -> float:
        """The largest rate at which particles go between two reservoirs, units of energy."""
        return float(np.max(self.transfer))

    def summary(self) -> Summary:
        """Return the reservoirs and the frequencies."""
        facts = [
            ("", ", ".join(reservoir_names(self.names, self.reservoirs))),
            ("w", few_digits(self.frequencies)),
        ]
        if self.untouched:
            facts.append(("untouched", str(len(self.untouched))))
        title = f"Flow law by the covariance matrix, {counted(self.reservoirs, 'reservoir')}"
        return Summary(title, facts)


@overload
def gaussian_law(
    system: QuadraticSystem,
    contacts: Sequence[ReservoirContact],
    *,
    lamb_shift: bool = False,
    resolution: float | None = None,
) -> GaussianLaw: ...


@overload
def gaussian_law(system: QuadraticBosons, contacts: Sequence[ReservoirContact]) -> BosonLaw: ...


@exported
def gaussian_law(
    system: QuadraticSystem | QuadraticBosons,
    contacts: Sequence[ReservoirContact],
    *,
    lamb_shift: bool = False,
    resolution: float | None = None,
) -> GaussianLaw | BosonLaw:
    """Return the flow law of a quadratic system from its covariance matrix.

    The same Davies generator as `davies`, with collective channels and degenerate modes, without
    its 2^N states: N = 1000 in seconds. Modes, and combinations of degenerate modes, that no
    contact touches carry nothing and are left out: `law.untouched` names them. An amplitude below
    1e-13 of its contact's norm touches nothing.

    Parameters
    ----------
    system : QuadraticSystem, or QuadraticBosons, which takes no other arguments.
    contacts : one Contact per reservoir; for QuadraticBosons one BosonicContact,
        whose spectrum may depend on T.
    lamb_shift : include the frequency shifts of Eq. (2); contacts need their `band`.
    resolution : energy; modes closer than it count as one level, their distance as zero. None
        takes `system.resolution`, 1e-12 of the largest many-body energy.

    Raises
    ------
    NonUniqueStationaryState
        if no contact touches any mode.
    TypeError, ValueError
        if the system is not quadratic, or contacts are refused.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.gaussian_law(dots, leads)(T, mu).particle.round(6)
    array([ 0.001276, -0.001276])
    """
    if isinstance(system, QuadraticBosons):
        if lamb_shift or resolution is not None:
            raise ValueError(
                "Arguments `lamb_shift` and `resolution` must be left out for QuadraticBosons, "
                "whose modes are resolved to 1e-12 and keep their energies. Omit them."
            )
        return boson_law(system, contacts, apart=False)
    of_type(
        "system",
        system,
        QuadraticSystem,
        "a QuadraticSystem",
        "States of interacting systems are not Gaussian; use oqs.flow_law(oqs.davies(...)).",
    )
    checked = fermionic_contacts(checked_contacts(contacts))
    width = checked_resolution(resolution, system)
    shifted = true_or_false("lamb_shift", lamb_shift, "Omit it to leave the shifts out.")
    levels, untouched = level_responses(system, checked, lamb_shift=shifted, resolution=width)
    return law_of(levels, untouched, contact_names(checked))


def law_of(
    levels: Sequence[LevelResponse],
    untouched: tuple[Untouched, ...],
    names: tuple[str | None, ...] | None,
) -> GaussianLaw:
    """Return the flow law of these levels."""
    return GaussianLaw(
        read_only(np.array([level.frequency for level in levels])),
        read_only(np.array([level.transfer for level in levels])),
        untouched,
        names,
    )


@final
class LevelResponse(NamedTuple):
    """Covariance matrices of one level's g modes, for each reservoir full and the others empty."""

    frequency: float  # w
    modes: IntArray  # (g,) of the system
    basis: ComplexArray  # (g, b) whose columns are the combinations that contacts touch
    shift: ComplexArray | None  # L (b, b) between these, None without
    rates: ComplexArray  # G_j (n, b, b)
    responses: ComplexArray  # X_j (n, b, b), of K X_j + X_j K^+ = G_j, K = sum_j G_j / 2 + i L

    @property
    def residual(self) -> float:
        """What the responses leave of their equation, relative to the largest rate."""
        changing = _relaxing(self.rates, self.shift) @ self.responses
        missing = np.abs(changing + changing.conj().swapaxes(1, 2) - self.rates)
        return float(np.max(missing) / np.max(np.abs(self.rates)))

    @property
    def transfer(self) -> FloatArray:
        """w_jq = tr(G_j X_q) (n, n)."""
        return np.einsum("jkl,qlk->jq", self.rates, self.responses).real


def level_responses(
    system: QuadraticSystem, contacts: tuple[Contact, ...], *, lamb_shift: bool, resolution: float
) -> tuple[tuple[LevelResponse, ...], tuple[Untouched, ...]]:
    """Return the levels that contacts touch, ascending, and the modes that none does.

    Arguments and errors as those of `gaussian_law`.
    """
    levels = find_levels(system, contacts, resolution)
    pairs: list[tuple[Level, ComplexArray | None]] = [(level, None) for level in levels]
    if lamb_shift:
        shifts = [shift_function(contact) for contact in contacts]
        drifts = [level.shift(shifts) for level in levels]
        pairs = [(level.mixed_by(d), d) for level, d in zip(levels, drifts, strict=True)]
    untouched = untouched_modes([level for level, _ in pairs], contacts, system.resolution)
    return tuple(_response(*pair) for pair in pairs if pair[0].touched), untouched


def _response(level: Level, drift: ComplexArray | None) -> LevelResponse:
    """Solve for each reservoir full; without shifts, the bright combinations diagonalise G."""
    rates, strengths = level.rates, level.strengths  # G_j
    shift = None
    if drift is not None and np.any(drift):
        shift = level.bright.conj().T @ drift @ level.bright
        relaxing = _relaxing(rates, shift)
        responses = np.array([scipy.linalg.solve_continuous_lyapunov(relaxing, g) for g in rates])
    else:
        sums = rates.sum() if len(strengths) == 1 else np.add.outer(strengths, strengths) / 2
        responses = rates / sums
    return LevelResponse(level.frequency, level.modes, level.bright, shift, rates, responses)


def _relaxing(rates: ComplexArray, shift: ComplexArray | None) -> ComplexArray:
    """Return K (b, b) of G_j (n, b, b) and the frequency shift L."""
    half: ComplexArray = rates.sum(axis=0) / 2
    return half if shift is None else half + 1j * shift
