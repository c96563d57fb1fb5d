"""Test systems, each with its exact answer.

A system of independent modes has the flows of Eq. (10). Here they are computed with 40 digits by
mpmath, from the diagonalisation of h on, so that nothing but the input is shared with oqs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import mpmath
import numpy as np
from numpy.typing import NDArray

import oqs

Array = NDArray[np.float64]

SCALES = (1e-3, 1.0, 1e3)
COUPLINGS = ("every site", "one site each", "collective", "channels")
METHODS = (oqs.FullLiouvillian(), oqs.ZeroFrequencyBlock(), oqs.Populations())


@dataclasses.dataclass(frozen=True)
class Exact:
    """Exact stationary answer: flows (n,), occupations of the modes (N,) in ascending energy."""

    particle: Array
    energy: Array
    heat: Array
    occupations: Array


@dataclasses.dataclass(frozen=True)
class Case:
    """A quadratic system between reservoirs and its exact answer."""

    system: oqs.QuadraticSystem
    contacts: list[oqs.Contact]
    T: Array
    mu: Array
    exact: Exact

    @property
    def model(self) -> oqs.DaviesModel:
        return oqs.davies(self.system, self.contacts)


def fermi(w, T, mu):
    """1 / (e^x + 1) in mpmath's precision."""
    return 1 / (mpmath.exp((w - mpmath.mpf(float(mu))) / mpmath.mpf(float(T))) + 1)


def independent_modes(
    h: NDArray[np.complex128], contacts: Sequence[oqs.Contact], T: Array, mu: Array
) -> Exact:
    """Eq. (10) with 40 digits: gamma_kj = gamma_j(w_k) sum_a |sum_v t_av U_vk|^2.

    Valid for non-degenerate h, and for degenerate h with every site its own bath.
    """
    with mpmath.workdps(40):
        energies, modes = mpmath.eighe(mpmath.matrix(np.asarray(h).tolist()))
        sites, reservoirs = len(h), len(contacts)
        particle, energy, heat = ([mpmath.mpf(0)] * reservoirs for _ in range(3))
        occupations = []
        for k in range(sites):
            w = energies[k]
            gamma = [
                mpmath.mpf(float(np.asarray(c.rate(np.array([float(w)])))[0]))
                * _strength(c.coupling, modes, k, sites)
                for c in contacts
            ]
            n = [fermi(w, t, m) for t, m in zip(T, mu, strict=True)]
            mean = mpmath.fdot(gamma, n) / mpmath.fsum(gamma)
            occupations.append(float(mean))
            for j in range(reservoirs):
                flow = gamma[j] * (n[j] - mean)
                particle[j] += flow
                energy[j] += flow * w
                heat[j] += flow * (w - mpmath.mpf(float(mu[j])))
        return Exact(
            *(np.array([float(x) for x in a]) for a in (particle, energy, heat)),
            np.array(occupations),
        )


def _strength(coupling, modes, k, sites):
    if coupling is None:
        return mpmath.mpf(1)
    return mpmath.fsum(
        abs(mpmath.fsum(mpmath.mpmathify(complex(row[v])) * modes[v, k] for v in range(sites))) ** 2
        for row in coupling
    )


def hermitian(rng: np.random.Generator, sites: int) -> NDArray[np.complex128]:
    """Random complex Hermitian matrix with entries of order one."""
    a = rng.normal(size=(sites, sites)) + 1j * rng.normal(size=(sites, sites))
    return (a + a.conj().T) / 2


def random_contacts(
    rng: np.random.Generator, sites: int, reservoirs: int, scale: float, coupling: str
) -> list[oqs.Contact]:
    """Contacts of three different laws of frequency, coupled in one of the ways of COUPLINGS."""
    found = []
    for j in range(reservoirs):
        strength = scale * 10 ** rng.uniform(-3, -1)
        rate = (
            oqs.flat(strength),
            oqs.lorentzian(strength, scale * rng.normal(), 2 * scale),
            lambda w, a=strength: a * (1 + 0.5 * np.tanh(w / scale)),
        )[j % 3]
        shape = {"collective": (sites,), "channels": (2, sites)}.get(coupling)
        t = None
        if coupling == "one site each":
            t = np.zeros(sites)
            t[j % sites] = rng.uniform(0.3, 2.0)
        elif shape is not None:
            t = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        found.append(oqs.Contact(rate, t, name=f"r{j}"))
    return found


def random_case(
    seed: int, sites: int, reservoirs: int, *, scale: float = 1.0, coupling: str = "every site"
) -> Case:
    """Random complex h between random reservoirs, all energies of order `scale`."""
    rng = np.random.default_rng([seed, sites, reservoirs, COUPLINGS.index(coupling)])
    h = scale * hermitian(rng, sites)
    contacts = random_contacts(rng, sites, reservoirs, scale, coupling)
    T = scale * rng.uniform(0.2, 2.0, reservoirs)
    mu = scale * rng.uniform(-1.5, 1.5, reservoirs)
    return Case(oqs.QuadraticSystem(h), contacts, T, mu, independent_modes(h, contacts, T, mu))


def random_interacting(
    seed: int, sites: int, reservoirs: int, *, scale: float = 1.0, coupling: str = "collective"
) -> tuple[oqs.DaviesModel, Array, Array]:
    """Random h with random Coulomb terms between all pairs: a model, T and mu."""
    rng = np.random.default_rng([seed, sites, reservoirs, 99])
    pairs = {(v, w): scale * rng.uniform(-1, 2) for v in range(sites) for w in range(v)}
    system = oqs.InteractingSystem.from_terms(scale * hermitian(rng, sites), pairs)
    model = oqs.davies(system, random_contacts(rng, sites, reservoirs, scale, coupling))
    return (
        model,
        scale * rng.uniform(0.2, 2.0, reservoirs),
        scale * rng.uniform(-1.5, 1.5, reservoirs),
    )


def random_state(rng: np.random.Generator, dimension: int) -> NDArray[np.complex128]:
    """Random density matrix of full rank, coherent between all particle numbers."""
    a = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def deviation(found: oqs.Flows, exact: oqs.Flows | Exact) -> float:
    """Largest deviation of P, J and Y, each relative to its own largest value."""
    return max(
        float(np.max(np.abs(getattr(found, kind) - getattr(exact, kind))))
        / float(np.max(np.abs(getattr(exact, kind))))
        for kind in ("particle", "energy", "heat")
    )


def tunnelling(seed, sites, scale):
    """Random interacting dots with tunnelling between three reservoirs."""
    rng = np.random.default_rng([seed, sites])
    pairs = {(v, w): scale * rng.uniform(0.2, 2) for v in range(sites) for w in range(v)}
    system = oqs.InteractingSystem.from_terms(scale * hermitian(rng, sites), pairs)
    model = oqs.davies(system, random_contacts(rng, sites, 3, scale, "channels"))
    return model, scale * rng.uniform(0.2, 2, 3), scale * rng.normal(size=3)
