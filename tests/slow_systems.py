"""Finite reservoirs under a flow law, each with what is known about it."""

import dataclasses

import numpy as np
from scipy.linalg import expm

import oqs
import thermo


@dataclasses.dataclass(frozen=True)
class DotsBetweenReservoirs:
    """Independent modes between reservoirs of equal capacity, rates gamma_j = c_j w^(1/2)."""

    frequencies: tuple
    T: tuple
    mu: tuple
    rates: tuple

    def contacts(self):
        return [oqs.Contact(rate=oqs.power_law(c, 0.5)) for c in self.rates]

    def closed_form(self):
        system = oqs.QuadraticSystem.from_energies(self.frequencies)
        return oqs.closed_form(system, self.contacts())

    def density_matrix(self):
        system = oqs.QuadraticSystem.from_energies(self.frequencies)
        return oqs.flow_law(oqs.davies(system, self.contacts()))

    def reservoirs(self, gas):
        return [thermo.Reservoir(gas) for _ in self.T]


_G = 1e-4
# arXiv:2412.15355, Figs. 1 to 5; energies over T = 1000 K, alpha = 3/2
FIGURES = {
    1: DotsBetweenReservoirs((21.1, 21.5), (0.6, 1.0), (20.8, 16.0), (_G, _G)),
    2: DotsBetweenReservoirs((17.1, 17.5), (0.8, 1.0), (18.8, 18.0), (_G, _G)),
    3: DotsBetweenReservoirs((17.1, 17.5), (0.8, 1.07), (18.8, 18.0), (_G, _G)),
    4: DotsBetweenReservoirs(
        (21.2, 21.5),
        (0.3, 0.2, 0.1, 0.15),
        (21.0, 19.0, 20.2, 20.9),
        (10 * _G, _G, 10 * _G, 0.05 * _G),
    ),
    5: DotsBetweenReservoirs(
        (17.0, 17.5, 18.0, 18.5, 20.5, 21.0),
        (1.0, 0.6, 0.8, 0.7, 0.8),
        (20.5, 18.0, 20.0, 17.0, 21.0),
        (_G, 0.1 * _G, _G, 0.5 * _G, 0.5 * _G),
    ),
}


@dataclasses.dataclass(frozen=True)
class LinearGas:
    """N = mu, E = mu^2/2 + c T, S = c ln T: every derivative that Eq. (5) needs is constant."""

    c: float = 1.0

    def number(self, T, mu):
        return mu + 0 * T

    def energy(self, T, mu):
        return mu**2 / 2 + self.c * T

    def entropy(self, T, mu):
        return self.c * np.log(T) + 0 * mu

    def jacobian(self, T, mu):
        one = np.ones(np.broadcast_shapes(np.shape(T), np.shape(mu)))
        rows = [[0 * one, one], [self.c * one, mu * one]]
        return np.moveaxis(np.array(rows), (0, 1), (-2, -1))

    def check(self, T, mu):
        if np.min(T) <= 0:
            raise ValueError("Argument `T` must be positive.")


@dataclasses.dataclass(frozen=True)
class LinearPair:
    """Two reservoirs of LinearGas under P = g dmu + s dT, q = p dmu + k dT, J = q + mean mu P.

    d = (mu_1 - mu_2, T_1 - T_2) obeys d' = -2 [[g, s], [p/c, k/c]] d, so d(t) is a matrix
    exponential; mu_1 + mu_2 is constant and T_1 + T_2 follows from the energy.
    """

    g: float = 0.5
    s: float = 0.0
    p: float = 0.0
    k: float = 0.1
    T: tuple = (1.0, 2.0)
    mu: tuple = (3.0, 1.0)
    gas: LinearGas = LinearGas(1.0)

    def law(self, T, mu):
        difference = mu[0] - mu[1], T[0] - T[1]
        P = self.g * difference[0] + self.s * difference[1]
        J = self.p * difference[0] + self.k * difference[1] + (mu[0] + mu[1]) / 2 * P
        return oqs.Flows.of([P, -P], [J, -J], mu)

    def reservoirs(self):
        return [thermo.Reservoir(self.gas, name="left"), thermo.Reservoir(self.gas, name="right")]

    def differences(self, t):
        """Return (mu_1 - mu_2, T_1 - T_2) at a time t."""
        c = self.gas.c
        matrix = -2 * np.array([[self.g, self.s], [self.p / c, self.k / c]])
        start = np.array([self.mu[0] - self.mu[1], self.T[0] - self.T[1]])
        return expm(matrix * t) @ start

    def exact(self, t):
        """Return T, mu, each (2,), at a time t."""
        dmu, dT = self.differences(t)
        middle = sum(self.mu) / 2
        mu = np.array([middle + dmu / 2, middle - dmu / 2])
        energy = sum(m**2 / 2 + self.gas.c * T for T, m in zip(self.T, self.mu, strict=True))
        mean = (energy - np.sum(mu**2) / 2) / (2 * self.gas.c)
        return np.array([mean + dT / 2, mean - dT / 2]), mu
