"""Exact stationary flows of a quadratic system at any coupling: Landauer's formula.

The yardstick for Davies: matrix Green's functions of the whole, reservoirs included.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import (
    FloatArray,
    of_type,
    positive_number,
    real_array,
    real_row,
    temperatures_and_potentials,
)
from oqs.contact.contacts import Contact
from oqs.contact.together import BetweenContacts
from oqs.exports import exported
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import KINDS, Flows
from oqs.laws.gross import gross_of_modes
from oqs.laws.scatterer import Scatterer, integral
from oqs.modes.pair_flows import occupation_differences, occupation_slopes
from oqs.numerics.occupation import filled_and_empty
from oqs.numerics.quadrature import Sample
from oqs.summary import Summary, counted, few_digits, reservoir_names
from oqs.system.systems import QuadraticSystem


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Landauer(BetweenContacts):
    """Stationary flows from the transmission between reservoirs, exact without interactions.

        P_j = int dw/(2 pi) sum_q T_jq(w) (n_j(w) - n_q(w)),
        J_j the same times w, Y_j times (w - mu_j),
        T_jq = tr[Gamma_j G Gamma_q G^+], G = (w - h - sum_j Sigma_j)^{-1},
        Gamma_j = gamma_j(w) t_j^+ t_j, Sigma_j = (P int de/(2 pi) gamma_j(e)/(w - e)) t_j^+ t_j
                                                  - i Gamma_j / 2.

    Errors of the quadrature are judged by `accuracy` of the largest flow of each kind, or, where
    flows cancel or vanish (by symmetry, between equal reservoirs, at a contact of rate 0), by 1e-13
    of the largest gross rate

        g_j = int dw/(2 pi) sum_q T_jq [n_j (1 - n_q) + n_q (1 - n_j)],

    q = j included: all that contact j gives and takes, nothing cancelled; for weak coupling
    sum_k gamma_j [n_j (1 - nbar) + nbar (1 - n_j)]. Energies count |w|, heat |w - mu_j| each.

    Made by `landauer`.

    Parameters
    ----------
    system, contacts : as given.
    accuracy : as above.
    scatterer : the system with its contacts.

    References
    ----------
    Meir and Wingreen 1992, doi:10.1103/PhysRevLett.68.2512.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> oqs.landauer(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads).transmission([1.0]).shape
    (1, 2, 2)
    """

    system: QuadraticSystem
    contacts: tuple[Contact, ...]
    accuracy: float
    scatterer: Scatterer

    @property
    def frequencies(self) -> FloatArray:
        """Mode energies w_k (N,), ascending: where the transmission is large at weak coupling."""
        return self.system.energies

    def gross(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the contacts' gross rates (n,) at T, mu (n,), those of weak coupling."""
        checked = temperatures_and_potentials(T, mu, len(self.contacts))
        return gross_of_modes(self.system, self.contacts, *checked)

    def transmission(self, frequencies: ArrayLike) -> FloatArray:
        """Return T_jq(w) (K, n, n) at real frequencies (K,): dimensionless, >= 0.

        The diagonal, which drives no flow, is reported as zero.
        """
        w = np.atleast_1d(real_array("frequencies", frequencies, "Give energies, shape (K,)."))
        w = real_row("frequencies", w, "Give energies.", length="K")
        transmitted = self.scatterer.transmission(w, np.zeros_like(w))
        same = np.arange(len(self.contacts))
        transmitted[:, same, same] = 0.0
        return transmitted

    def __call__(self, T: ArrayLike, mu: ArrayLike) -> Flows:
        """Return the flows (n,) at T, mu of shape (n,), to `accuracy` of the largest.

        Raises RuntimeError if the quadrature does not reach the accuracy; TypeError or ValueError
        if T, mu are refused, or a level stands on a band edge.
        """
        n = len(self.contacts)
        T, mu = temperatures_and_potentials(T, mu, n)
        flows = self._integral(lambda o, w: self._exchange(o, w, T, mu), T, mu, 3)
        return Flows(*flows.reshape(3, n)).named(self.names)

    def jacobian(self, T: ArrayLike, mu: ArrayLike) -> FlowJacobian:
        """Return the derivatives (n, n) of the flows at T, mu (n,), to `accuracy` of the largest.

        dP_j/dmu_q = -int dw/(2 pi) T_jq dn_q/dmu_q for q != j, and minus the sum of these for
        q = j; the rest alike. Raises as a call does.
        """
        n = len(self.contacts)
        T, mu = temperatures_and_potentials(T, mu, n)
        table = self._integral(lambda o, w: self._slopes(o, w, T, mu), T, mu, 6).reshape(6, n, n)
        diagonal = np.arange(n)
        table[5, diagonal, diagonal] -= self(T, mu).particle
        return FlowJacobian.of_table(table, self.names)

    def _integral(self, sample: Sample, T: FloatArray, mu: FloatArray, kinds: int) -> FloatArray:
        """Integrate kinds of n or n^2 integrands, each judged by the largest of its kind."""
        n = len(self.contacts)
        size = n if kinds == len(KINDS) else n * n
        return integral(sample, self.scatterer.panels(T, mu), [size] * kinds, self.accuracy)

    def _slopes(
        self, origin: FloatArray, offset: FloatArray, T: FloatArray, mu: FloatArray
    ) -> FloatArray:
        """Return dP, dJ, dY by T and mu per energy, and their sizes (M, 2, 6 n n)."""
        passed = -self.scatterer.transmission(origin, offset) / (2 * np.pi)  # (M, j, q)
        sent = -passed.sum(axis=2, keepdims=True)  # what is reflected too, as in the flows' sizes
        same = np.arange(len(T))
        passed[:, same, same] = 0.0
        passed[:, same, same] = -passed.sum(axis=2)
        above = np.subtract.outer(origin, mu) + offset[:, None]  # (M, n)
        occupied = occupation_slopes(above, T)[:, :, None]  # (2, M, 1, q)
        w = (origin + offset)[:, None, None]
        one = np.ones_like(passed)
        carried = np.stack([one, w * one, above[:, :, None] * one])
        net, gross = (
            np.moveaxis(carried[:, None] * (occupied * through), 2, 0) for through in (passed, sent)
        )
        return np.stack([net, np.abs(gross)], axis=1).reshape(len(origin), 2, -1)

    def _exchange(
        self, origin: FloatArray, offset: FloatArray, T: FloatArray, mu: FloatArray
    ) -> FloatArray:
        """Return P, J, Y per energy and their gross sizes (M, 2, 3 n) at w = origin + offset."""
        transmission = self.scatterer.transmission(origin, offset) / (2 * np.pi)
        above = np.subtract.outer(origin, mu) + offset[:, None]  # w - mu_j, (M, n)
        filled, empty = filled_and_empty(above / T)
        net = np.sum(transmission * occupation_differences(above, T, mu), axis=2)
        gross = filled * np.einsum("mjq,mq->mj", transmission, empty)
        gross += empty * np.einsum("mjq,mq->mj", transmission, filled)
        w = (origin + offset)[:, None]
        carried = np.stack([np.ones_like(above), np.broadcast_to(w, above.shape), above], axis=1)
        exchange = np.stack([net[:, None] * carried, gross[:, None] * np.abs(carried)], axis=1)
        return exchange.reshape(len(origin), 2, -1)

    def summary(self) -> Summary:
        """Return the reservoirs, the mode energies and the accuracy."""
        names = reservoir_names(self.names, len(self.contacts))
        facts = [
            ("", ", ".join(names)),
            ("w", few_digits(self.frequencies)),
            ("accuracy", f"{self.accuracy:g}"),
        ]
        title = f"Flow law by exact transmission, {counted(len(names), 'reservoir')}"
        return Summary(title, facts)


@exported
def landauer(
    system: QuadraticSystem, contacts: Sequence[Contact], *, accuracy: float = 1e-8
) -> Landauer:
    """Return the exact flow law of a quadratic system, at any strength of its contacts.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one per reservoir. A rate that depends on frequency also shifts the levels, by its
        principal-value integral: flat rates without band do not, a Lorentzian has a closed form,
        other rates need the contact's `band`.
    accuracy : of the flows, relative to the largest one of each kind; see `Landauer` for flows that
        vanish.

    Raises
    ------
    TypeError, ValueError
        if the system is not quadratic, contacts are refused, or a band is missing.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> oqs.landauer(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)(T, mu).particle.round(6)
    array([ 0.001266, -0.001266])
    """
    of_type(
        "system",
        system,
        QuadraticSystem,
        "a QuadraticSystem",
        "The transmission is exact without interactions only; interacting: use "
        "oqs.heom_law up to 2 sites, oqs.perlind beyond.",
    )
    scatterer = Scatterer.of(system, contacts)
    enough = positive_number("accuracy", accuracy, "The default is 1e-8.")
    return Landauer(system, scatterer.contacts, enough, scatterer)
