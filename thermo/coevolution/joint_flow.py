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
from thermo.evolution.dynamics import reservoir_change, reservoir_jacobian, scale
from thermo.reservoirs.flow_checks import check_exchange
from thermo.reservoirs.reservoir import Reservoirs

_DIFFERENCE = float(np.finfo(np.float64).eps) ** (1 / 3)


@final
class JointFlow:
    """dy/dt of y = (rho_S, ln(T_1/T_1(0)).., mu_1..mu_n), rho_S without its free evolution.

        d rho_S/dt = sum_j D_j(T_j, mu_j)[rho_S],
        dN_j/dt = -tr(D_j[rho_S] N_S),  dE_j/dt = -tr(D_j[rho_S] H_S),

    the latter as dT_j/dt, dmu_j/dt by Eq. (5). At any T, mu the dissipators commute with the free
    evolution, which therefore drops out of everything but the phases of coherences. Of rho_S only
    the matrix elements are kept that the initial state occupies or reaches, in the energy basis:
    the 2^N populations (levels apart, no coherences at the start), or more as complex numbers,
    real and imaginary parts in turn.

    Parameters
    ----------
    model : made by oqs.davies.
    reservoirs : n of them, as many as contacts.
    state : (D, D) density matrix at t = 0 in the energy basis.
    T : (n,) the temperatures T_j(0).

    `start_T` are the T_j(0), `diagonal` says whether populations are all that is kept,
    `evaluations` counts the calls.
    """

    def __init__(
        self, model: Model, reservoirs: Reservoirs, state: sp.csr_array, T: FloatArray
    ) -> None:
        self.model = model
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
        # in a y shifted for a difference quotient mu is not 0 where there is none
        mu = np.where(self.reservoirs.has_potential, y[..., -n:], 0.0)
        return self.start_T * np.exp(y[..., -2 * n : -n]), mu

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
        here = self.generator.at(T, mu)
        change = self.with_precession(here) @ elements
        particle, energy = here.exchange(elements)
        gas = self.reservoirs.unit_jacobian(T, mu)
        outer = reservoir_change(self.reservoirs, gas, T, mu, particle, energy - mu * particle)
        rate = np.concatenate([change.view(np.float64), outer])
        if not np.isfinite(rate).all():
            raise ValueError(
                f"The reservoirs' Jacobians are singular or not finite at T = {T.tolist()}, "
                f"mu = {mu.tolist()}: dT/dt and dmu/dt do not exist there. Start from other T and "
                "mu, or stop before with `t_final`."
            )
        return rate

    def with_precession(self, here: GeneratorAt) -> sp.csc_array:
        """Return sum_j D_j (P, P) on the elements kept, with the precession of detuned states."""
        dissipation = here.matrix()
        return dissipation if self._precession is None else dissipation - self._precession

    def flows(self, y: FloatArray) -> Flows:
        """Return the momentary flows (n,) of the state and reservoirs y (d,)."""
        T, mu = self.reservoir_part(y)
        particle, energy = self.generator.at(T, mu).exchange(self.elements(y))
        momentary = Flows.of(particle, energy, mu, self.reservoirs.names)
        if not self.reservoirs.all_have_potential:
            check_exchange(momentary, self.reservoirs)
        return momentary

    def jacobian(self, y: FloatArray) -> FloatArray:
        """Return d(dy/dt)/dy (d, d); by central differences where the generator has no slopes."""
        matrix = np.empty((len(y), len(y)))
        matrix[:, : self._width] = self._columns_of_state(y)
        slopes = self.generator.slopes(*self.reservoir_part(y))
        if slopes is not None:
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
        changes = [t * (D @ elements) for t, D in zip(T, by_T.dissipators(), strict=True)]
        changes += [one * (D @ elements) for one, D in zip(own, by_mu.dissipators(), strict=True)]
        particle, energy = self.generator.at(T, mu).exchange(elements)
        (P_T, J_T), (P_mu, J_mu) = by_T.exchange(elements), by_mu.exchange(elements)
        dP = np.concatenate([np.diag(T * P_T), np.diag(own * P_mu)])[:, None]
        dY = np.concatenate(
            [np.diag(T * (J_T - mu * P_T)), np.diag(own * (J_mu - mu * P_mu - particle))]
        )[:, None]
        gas = self.reservoirs.unit_jacobian(T, mu)
        heat = energy - mu * particle
        outer = reservoir_jacobian(
            self.reservoirs, T[None], mu[None], gas[None], particle[None], heat[None], (dP, dY)
        )
        inner = np.ascontiguousarray(changes).view(np.float64)
        return np.concatenate([inner.T, outer[0]])

    def _columns_of_state(self, y: FloatArray) -> FloatArray:
        """Return the columns for rho_S, in which dy/dt is linear."""
        T, mu = self.reservoir_part(y)
        here = self.generator.at(T, mu)
        inner = self.with_precession(here).toarray()
        particle, energy = here.exchange_rows()  # (n, P)
        gas = self.reservoirs.unit_jacobian(T, mu)
        # Eq. (5) is linear in the flows: one column of the Jacobian for each matrix element
        lost, heat = particle.T, (energy - mu[:, None] * particle).T
        outer = reservoir_change(self.reservoirs, gas, T, mu, lost, heat).T  # type: ignore[arg-type] # linear
        if self.diagonal:
            return np.concatenate([inner, outer])
        return np.concatenate([_real_columns(inner, 1), _real_columns(outer, 0)])


def _real_columns(matrix: FloatArray | ComplexArray, complex_rows: int) -> FloatArray:
    """Return a complex matrix acting on (Re z_1, Im z_1, ...); its real part, or both in turn."""
    rows, columns = matrix.shape
    columns_in_turn = np.empty((rows, 1 + complex_rows, columns, 2))
    columns_in_turn[:, 0, :, 0], columns_in_turn[:, 0, :, 1] = matrix.real, -matrix.imag
    if complex_rows:
        columns_in_turn[:, 1, :, 0], columns_in_turn[:, 1, :, 1] = matrix.imag, matrix.real
    return columns_in_turn.reshape(rows * (1 + complex_rows), 2 * columns)
