"""The right-hand side of the open system and its reservoirs evolving together."""

from __future__ import annotations

from typing import final

import numpy as np
import scipy.sparse as sp

from oqs.arguments import ComplexArray, FloatArray
from oqs.flows import Flows
from oqs.generator.closed import GeneratorAt
from oqs.generator.model import Model
from oqs.state.dissipation import occupied_elements
from thermo.evolution.dynamics import no_rates, reservoir_change, reservoir_jacobian, scale
from thermo.reservoirs.flow_checks import check_exchange
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.reservoirs.reservoir import Reservoirs

_DIFFERENCE = float(np.finfo(np.float64).eps) ** (1 / 3)


@final
class JointFlow:
    """dy/dt of y = (rho_S, ln(T_1/T_1(0)).., mu_1..mu_n), rho_S without its free evolution.

        d rho_S/dt = sum_j D_j(T_j, mu_j)[rho_S],
        dN_j/dt = -tr(D_j[rho_S] N_S),  dE_j/dt = -tr(D_j[rho_S] H_S),

    the latter as dT_j/dt, dmu_j/dt by Eq. (5), and less what j loses through links. At any T, mu
    the dissipators commute with the free evolution, which therefore drops out of everything but the
    phases of coherences. To d rho_S/dt is added -g (tr rho_S - 1) rho_S, which is zero, with g the
    fastest decay: a step h leaves rounding of eps g h in the trace, which nothing else takes back,
    and which would limit h to rtol/(eps g) however slow the reservoirs are. Of rho_S only the
    matrix elements are kept that the initial state occupies or reaches, in the energy basis: the
    2^N populations (levels apart, no coherences at the start), or more as complex numbers, real and
    imaginary parts in turn.

    Parameters
    ----------
    model : made by oqs.davies.
    reservoirs : n of them: those of the contacts, and further ones that links alone join.
    state : (D, D) density matrix at t = 0 in the energy basis.
    T : (n,) the temperatures T_j(0).
    links : between reservoirs, or None.

    `start_T` are the T_j(0), `diagonal` says whether populations are all that is kept,
    `evaluations` counts the calls.
    """

    def __init__(
        self,
        model: Model,
        reservoirs: Reservoirs,
        state: sp.csr_array,
        T: FloatArray,
        links: LinkedLaw | None = None,
    ) -> None:
        self.model = model
        self.links = None if links is None else links.alone
        self.reservoirs = reservoirs
        kept = occupied_elements(model, state)
        self.generator = kept
        self.diagonal = kept.size == len(kept.diagonal)  # populations only: real numbers
        self.evaluations = 0
        self.start_T = T
        precession = model.precession(kept)
        self._precession = sp.diags_array(1j * precession) if precession.any() else None
        self._width = kept.size * (1 if self.diagonal else 2)

    def pack(self, state: sp.csr_array, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return y of a state (D, D) in the energy basis and T, mu (n,)."""
        return np.concatenate([self.pack_state(state), np.log(T / self.start_T), mu])

    def pack_state(self, state: sp.csr_array) -> FloatArray:
        """Return the part of y that holds a state (D, D) in the energy basis."""
        elements = self.generator.values(state)
        return elements.real if self.diagonal else np.ascontiguousarray(elements).view(np.float64)

    def reservoir_part(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T, mu (..., n) of y (..., d)."""
        n = len(self.reservoirs)
        mu = y[..., -n:].copy()
        if not self.reservoirs.all_have_potential:
            # a y shifted for a difference quotient is not 0 there
            mu[..., ~self.reservoirs.has_potential] = 0.0
        return self.start_T * np.exp(y[..., -2 * n : -n]), mu

    def generator_at(self, T: FloatArray, mu: FloatArray) -> GeneratorAt:
        """Return the dissipators on the elements kept, at T, mu (n,) of all reservoirs."""
        contacts = slice(0, self.model.reservoirs)
        return self.generator.at(T[contacts], mu[contacts])

    def fastest_rate(self, y: FloatArray) -> float:
        """Return the largest rate of a contact at a Bohr frequency, at the T, mu of y (d,)."""
        own = slice(0, self.model.reservoirs)
        T, mu = self.reservoir_part(y)
        return self.model.secular.at(T[own], mu[own]).fastest_rate

    def elements(self, y: FloatArray) -> FloatArray | ComplexArray:
        """Return the matrix elements (..., P) that y (..., d) holds."""
        flat = np.ascontiguousarray(y[..., : self._width])
        return flat if self.diagonal else flat.view(np.complex128)

    def matrix(self, elements: FloatArray | ComplexArray) -> sp.csr_array:
        """Return the density matrix or its change (D, D), energy basis, of its elements (P,)."""
        return self.generator.square(elements, self.model.system.spectrum.dimension)

    def system_totals(self, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tr(N_S rho) and tr(H_S rho) (m,) of y (m, d)."""
        spectrum = self.model.counted_spectrum
        at = self.generator.diagonal
        populations = self.elements(y)[:, at].real
        states = self.generator.row_state[at]
        return populations @ spectrum.particles[states], populations @ spectrum.energies[states]

    def scale(self, y: FloatArray) -> FloatArray:
        """Return what counts as a change of 100 % in y (d,): 1, and for mu max(|mu|, T)."""
        return np.concatenate([np.ones(self._width), scale(*self.reservoir_part(y))])

    def __call__(self, y: FloatArray) -> FloatArray:
        """Return dy/dt (d,)."""
        self.evaluations += 1
        T, mu = self.reservoir_part(y)
        elements = self.elements(y)
        here = self.generator_at(T, mu)
        matrix = self.with_precession(here)
        change = matrix @ elements
        change -= _fastest(matrix) * (elements[self.generator.diagonal].sum() - 1.0) * elements
        particle, energy = self._with_links(*here.exchange(elements), T, mu)
        gas = self.reservoirs.unit_jacobian(T, mu)
        outer = reservoir_change(self.reservoirs, gas, T, mu, particle, energy - mu * particle)
        rate = np.concatenate([change.view(np.float64), outer])
        if not np.isfinite(rate).all():
            raise no_rates(T, mu)
        return rate

    def with_precession(self, here: GeneratorAt) -> sp.csc_array:
        """Return sum_j D_j (P, P) on the elements kept, with the precession of detuned states."""
        dissipation = here.matrix()
        return dissipation if self._precession is None else dissipation - self._precession

    def flows(self, y: FloatArray) -> Flows:
        """Return the momentary flows (n,) of the state and reservoirs y (d,)."""
        T, mu = self.reservoir_part(y)
        lost = self.generator_at(T, mu).exchange(self.elements(y))
        particle, energy = self._with_links(*lost, T, mu)
        momentary = Flows.of(particle, energy, mu, self.reservoirs.names)
        if not self.reservoirs.all_have_potential:
            check_exchange(momentary, self.reservoirs)
        return momentary

    def jacobian(self, y: FloatArray) -> FloatArray:
        """Return d(dy/dt)/dy (d, d); by central differences where links have no slopes."""
        matrix = np.empty((len(y), len(y)))
        matrix[:, : self._width] = self._columns_of_state(y)
        if self.links is None or hasattr(self.links, "jacobian"):
            own = slice(0, self.model.reservoirs)
            slopes = self.generator.slopes(*(part[own] for part in self.reservoir_part(y)))
            matrix[:, self._width :] = self._columns_of_reservoirs(y, *slopes)
            return matrix
        scale = self.scale(y)
        for k in range(self._width, len(y)):
            shift = np.zeros_like(y)
            shift[k] = _DIFFERENCE * scale[k]
            matrix[:, k] = (self(y + shift) - self(y - shift)) / (2 * shift[k])
        return matrix

    def _columns_of_reservoirs(
        self, y: FloatArray, by_T: GeneratorAt, by_mu: GeneratorAt
    ) -> FloatArray:
        """Return the columns for ln T_1.., mu_1.., of which D_j knows its own only."""
        T, mu = self.reservoir_part(y)
        elements, own = self.elements(y), self.reservoirs.has_potential
        n, contacts = len(T), self.model.reservoirs
        changes = np.zeros((2, n, len(elements)), dtype=elements.dtype)
        changes[0, :contacts] = [D @ elements for D in by_T.dissipators()]
        changes[1, :contacts] = [D @ elements for D in by_mu.dissipators()]
        units = np.stack([T, own.astype(np.float64)])[..., None]  # by ln T; a shifted mu may not be
        lost = self.generator_at(T, mu).exchange(elements)
        dP, dY = np.zeros((2, 2, n, n))
        at = np.arange(contacts)
        for column, slope in enumerate((by_T, by_mu)):
            dP[column, at, at], energies = slope.exchange(elements)
            dY[column, at, at] = energies - mu[at] * dP[column, at, at]
        dY[1, at, at] -= lost[0]
        if self.links is not None:
            through = self.links.jacobian(T, mu)
            dP += np.stack([through.particle_T.T, through.particle_mu.T])
            dY += np.stack([through.heat_T.T, through.heat_mu.T])
        particle, energy = self._with_links(*lost, T, mu)
        slopes = (units * dP).reshape(2 * n, 1, n), (units * dY).reshape(2 * n, 1, n)
        gas = self.reservoirs.unit_jacobian(T, mu)
        heat = energy - mu * particle
        outer = reservoir_jacobian(
            self.reservoirs, T[None], mu[None], gas[None], particle[None], heat[None], slopes
        )
        inner = (units * changes).reshape(2 * n, -1).view(np.float64)
        return np.concatenate([inner.T, outer[0]])

    def _with_links(
        self, particle: FloatArray, energy: FloatArray, T: FloatArray, mu: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return what all reservoirs lose (n,), of what those at contacts lose to the system."""
        if self.links is None:
            return particle, energy
        through = self.links(T, mu)
        others = (0, len(T) - len(particle))
        return (
            np.pad(particle, others) + through.particle,
            np.pad(energy, others) + through.energy,
        )

    def _columns_of_state(self, y: FloatArray) -> FloatArray:
        """Return the columns for rho_S, in which dy/dt is linear."""
        T, mu = self.reservoir_part(y)
        here = self.generator_at(T, mu)
        matrix, elements, diagonal = (
            self.with_precession(here),
            self.elements(y),
            self.generator.diagonal,
        )
        inner, restoring = matrix.toarray(), _fastest(matrix)
        inner[:, diagonal] -= restoring * elements[:, None]
        inner[np.diag_indices_from(inner)] -= restoring * (elements[diagonal].sum() - 1.0)
        others = ((0, len(T) - self.model.reservoirs), (0, 0))  # links do not ask the state
        particle, energy = (np.pad(rows, others) for rows in here.exchange_rows())  # (n, P)
        gas = self.reservoirs.unit_jacobian(T, mu)
        # Eq. (5) is linear in the flows: one column of the Jacobian for each matrix element
        lost, heat = particle.T, (energy - mu[:, None] * particle).T
        outer = reservoir_change(self.reservoirs, gas, T, mu, lost, heat).T  # type: ignore[arg-type] # linear
        if self.diagonal:
            return np.concatenate([inner, outer])
        return np.concatenate([_real_columns(inner, 1), _real_columns(outer, 0)])


def _fastest(matrix: sp.csc_array) -> float:
    """Return the fastest rate at which an element decays by itself."""
    return float(-matrix.diagonal().real.min())


def _real_columns(matrix: FloatArray | ComplexArray, complex_rows: int) -> FloatArray:
    """Return a complex matrix acting on (Re z_1, Im z_1, ...); its real part, or both in turn."""
    rows, columns = matrix.shape
    columns_in_turn = np.empty((rows, 1 + complex_rows, columns, 2))
    columns_in_turn[:, 0, :, 0], columns_in_turn[:, 0, :, 1] = matrix.real, -matrix.imag
    if complex_rows:
        columns_in_turn[:, 1, :, 0], columns_in_turn[:, 1, :, 1] = matrix.imag, matrix.real
    return columns_in_turn.reshape(rows * (1 + complex_rows), 2 * columns)
