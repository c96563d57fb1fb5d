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
import math
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from oqs.arguments import ComplexArray, FloatArray, positive_number, temperatures_and_potentials
from oqs.clusters import RESOLUTION, IntArray, cluster
from oqs.contacts import Contact, checked_contacts
from oqs.eigenoperators import NEGLIGIBLE
from oqs.errors import NonUniqueStationaryState
from oqs.flows import Flows, PlainFlows
from oqs.graded_basis import graded_basis
from oqs.pair_flows import level_flows, pair_flows, plain_pair_flows
from oqs.principal_value import shift_function
from oqs.systems import QuadraticSystem


@final
@dataclasses.dataclass(frozen=True, eq=False)
class GaussianLaw:
    """Stationary flows P_j = sum_k sum_q w_jq(k) (n_j - n_q), J_j the same times w_k.

    Made by `gaussian_law`. The covariance equation is linear in the occupations, so it is solved
    once for each reservoir full and the others empty; at new T, mu only the occupations change.

    Parameters
    ----------
    frequencies : (K,) energies of the levels, ascending.
    transfer : (K, n, n) w_jq >= 0, rates at which particles go from reservoir q to j through a
        level; units of energy.
    """

    frequencies: FloatArray
    transfer: FloatArray
    batched: ClassVar[bool] = True

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.transfer.shape[-1])

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., n) at T, mu of shape (..., n), units of energy."""
        checked = temperatures_and_potentials(T, mu, self.reservoirs, batched=True)
        return pair_flows(self.frequencies, self.transfer, *checked)

    def resolved(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (..., K, n) through each level."""
        checked = temperatures_and_potentials(T, mu, self.reservoirs, batched=True)
        return level_flows(self.frequencies, self.transfer, *checked)

    def plain_flows(self) -> PlainFlows | None:
        """Return the flows of few levels in plain numbers, as coarse as `PlainFlows` says."""
        return plain_pair_flows(self.frequencies, self.transfer)


def gaussian_law(
    system: QuadraticSystem,
    contacts: Sequence[Contact],
    *,
    lamb_shift: bool = False,
    resolution: float = RESOLUTION,
) -> GaussianLaw:
    """Return the flow law of a quadratic system from its covariance matrix.

    The same Davies generator as `davies`, with collective channels and degenerate modes, without
    its 2^N states: N = 1000 in seconds.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one Contact per reservoir.
    lamb_shift : include the frequency shifts of Eq. (2); contacts need their `band`.
    resolution : mode energies closer than this fraction of the largest count as equal.

    Raises
    ------
    NonUniqueStationaryState
        if a mode, or a combination of degenerate ones, is touched by no contact.
    TypeError, ValueError
        if the system is not quadratic, or contacts are refused.
    """
    if not isinstance(system, QuadraticSystem):
        raise TypeError(
            f"Argument `system` must be a QuadraticSystem, but is {type(system).__name__}. "
            "States of interacting systems are not Gaussian; use oqs.flow_law(oqs.davies(...))."
        )
    found = checked_contacts(contacts)
    fraction = positive_number("resolution", resolution, "The default is 1e-10.")
    return law_of(level_responses(system, found, lamb_shift=lamb_shift, resolution=fraction))


def law_of(levels: Sequence[LevelResponse]) -> GaussianLaw:
    """Return the flow law of these levels."""
    frequencies = np.array([level.frequency for level in levels])
    return GaussianLaw(frequencies, np.array([level.transfer for level in levels]))


@final
@dataclasses.dataclass(frozen=True, eq=False)
class LevelResponse:
    """Covariance matrices of one level's g modes, for each reservoir full and the others empty.

    Parameters
    ----------
    frequency : w. modes : (g,) of the system.
    basis : (g, g) whose columns are the modes that diagonalise sum_j G_j.
    rates, responses : (n, g, g) G_j and X_j between these, of
        K X_j + X_j K^+ = G_j with K = sum_j G_j / 2 + i L.
    residual : of that equation, relative to the largest rate.
    """

    frequency: float
    modes: IntArray
    basis: ComplexArray
    rates: ComplexArray
    responses: ComplexArray
    residual: float

    @property
    def transfer(self) -> FloatArray:
        """w_jq = tr(G_j X_q) (n, n)."""
        transfer: FloatArray = np.einsum("jkl,qlk->jq", self.rates, self.responses).real
        return transfer


def level_responses(
    system: QuadraticSystem, contacts: Sequence[Contact], *, lamb_shift: bool, resolution: float
) -> tuple[LevelResponse, ...]:
    """Return all levels, ascending; arguments and errors as those of `gaussian_law`."""
    label, frequencies = cluster(system.energies, resolution * system.energy_scale)
    amplitudes = [contact.channels(system.sites) @ system.modes for contact in contacts]
    gammas = np.array([contact.gamma(frequencies, j) for j, contact in enumerate(contacts)])
    shifts = np.zeros_like(gammas)
    if lamb_shift:
        shifts = np.array([shift_function(contact)(frequencies) for contact in contacts])
    levels = []
    isolated = []
    for kappa, w in enumerate(frequencies.tolist()):
        modes = np.flatnonzero(label == kappa)
        parts = [_part(a, modes) for a in amplitudes]
        grams = np.array([part.conj().T @ part for part in parts])  # (n, g, g)
        dark = _dark(grams, gammas[:, kappa])
        if dark:
            isolated.append(dark)
            continue
        roots = np.sqrt(gammas[:, kappa])
        rows = [root * part for root, part in zip(roots, parts, strict=True)]
        turning = np.einsum("j,jkl->kl", shifts[:, kappa], grams)
        levels.append(_response(w, modes, rows, turning))
    if isolated:
        raise NonUniqueStationaryState(
            math.prod(math.comb(2 * g, g) for g in isolated),
            "A mode, or a combination of degenerate modes (a dark mode), is touched by no contact: "
            "couple it, or leave it out of the system.",
        )
    return tuple(levels)


def _part(amplitudes: ComplexArray, modes: IntArray) -> ComplexArray:
    """Return the amplitudes (m, g) of these modes, zero where they are rounding of zero."""
    part = amplitudes[:, modes]
    negligible = np.linalg.norm(part) <= NEGLIGIBLE * np.linalg.norm(amplitudes)
    return np.zeros_like(part) if negligible else part


def _dark(grams: ComplexArray, gammas: FloatArray) -> int:
    """Return how many combinations of the modes no contact touches."""
    total = np.einsum("j,jkl->kl", gammas, grams)
    if len(total) == 1:
        return int(total[0, 0].real == 0)
    strength = np.linalg.eigvalsh(total)
    return int(np.sum(strength <= 1e-13 * max(strength[-1], np.finfo(float).tiny)))


def _response(
    w: float, modes: IntArray, rows: list[ComplexArray], turning: ComplexArray
) -> LevelResponse:
    """Solve for each reservoir full; rows (m_j, g) are the amplitudes times sqrt(gamma_j)."""
    basis, turned = graded_basis(np.concatenate(rows))
    ends = np.cumsum([len(part) for part in rows])[:-1]
    rates = np.array([part.conj().T @ part for part in np.split(turned, ends)])  # G_j
    strengths = np.einsum("jkk->k", rates).real
    drift = np.diag(strengths / 2).astype(np.complex128)
    if np.any(turning):
        drift += 1j * (basis.conj().T @ turning @ basis)
        responses = np.array([scipy.linalg.solve_continuous_lyapunov(drift, g) for g in rates])
    else:
        responses = rates / (np.add.outer(strengths, strengths) / 2)
    changing = drift @ responses
    missing = np.abs(changing + changing.conj().swapaxes(1, 2) - rates)
    residual = float(np.max(missing) / np.max(np.abs(rates)))
    return LevelResponse(w, modes, basis, rates, responses, residual)
