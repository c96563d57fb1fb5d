"""Eqs. (2), (9) and (14): the generator of the open system, against its literal form."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import scipy.linalg
import scipy.sparse as sp

import oqs
from oqs.arguments import ComplexArray
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import literal
from validation.systems import random_systems
from validation.systems.settings import Setting, published

# Relative to the largest entry. The literal generator multiplies (2^N, 2^N) matrices a few times,
# 2^N eps = 1.4e-14 each for six modes; an occupation inherits the rounding of w - mu over T, at
# most eps w/T = 215 eps = 5e-14 in Fig. 4. A rate off by 1e-6 stands six decades above.
ROUNDING = 1e-12

_SAMPLES = 6  # of each kind: once every energy scale, with and without degenerate modes


def _random(rng: np.random.Generator, count: int = _SAMPLES) -> Iterator[Setting]:
    """Yield `count` random systems of every kind."""
    return random_systems.mixed(
        rng, independent=count, distinct=count, collective=count, with_interactions=count
    )


def _settings(rng: np.random.Generator) -> Iterator[Setting]:
    return itertools.chain(_random(rng), published())


def _dissipators(setting: Setting) -> list[sp.csc_array]:
    """Return D_j (4^N, 4^N) on row-major matrices in the energy basis: what the solvers use."""
    return setting.model.all_elements.at(setting.T, setting.mu).dissipators()


def _apply(superoperator: sp.csc_array, x: ComplexArray) -> ComplexArray:
    return (superoperator @ x.ravel()).reshape(x.shape)


def _any_matrix(rng: np.random.Generator, setting: Setting) -> ComplexArray:
    """Return a random complex matrix: a superoperator wrong anywhere is wrong on it."""
    size = 2**setting.system.sites
    return rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))


def _few_sites() -> Iterator[Setting]:
    """Yield the figures of two modes: superoperators of six as Qobj fill 270 MB each."""
    return (setting for setting in published() if setting.system.sites <= 3)


@claim("Eq. (2)", "tr D_j[X] = 0 for every X", ROUNDING, over=_settings)
def trace_preserved(setting: Setting) -> float:
    """Every reservoir's dissipator keeps the trace."""
    trace = np.eye(2**setting.system.sites).ravel()
    return largest(np.max(np.abs(trace @ d)) / abs(d).max() for d in _dissipators(setting))


@claim("Eq. (2)", "D_j[X^+] = D_j[X]^+ for every X", ROUNDING, over=_settings)
def Hermiticity_preserved(setting: Setting, rng: np.random.Generator) -> float:
    """Every reservoir's dissipator keeps states Hermitian."""
    x = _any_matrix(rng, setting)
    return largest(
        deviation(_apply(d, x.conj().T), _apply(d, x).conj().T) for d in _dissipators(setting)
    )


@claim(
    "Eq. (2)",
    "Choi matrices of exp(D_j t) and of D_j",
    ROUNDING,
    over=lambda rng: itertools.chain(_random(rng), _few_sites()),
)
def complete_positivity(setting: Setting) -> Iterator[float]:
    """The map of every reservoir is completely positive, at short and at long times.

    The Choi matrix of exp(D t) must be >= 0 at t = 1/|D| and 30/|D|; that of D itself must be so on
    the complement of the maximally entangled vector, which is the condition for all t (Gorini,
    Kossakowski, Sudarshan 1976; Lindblad 1976). Up to three modes: 4^N eigenvalues of (4^N, 4^N).
    """
    for dissipator in _dissipators(setting):
        yield negativity_of_map(dissipator)
        generator = dissipator.toarray() / abs(dissipator).max()
        yield from (_negativity(_choi(scipy.linalg.expm(generator * t))) for t in (1.0, 30.0))


def negativity_of_map(dissipator: sp.csc_array) -> float:
    """Return by how much exp(D t) of D on row-major matrices fails to be a map of states.

    The most negative eigenvalue of D's Choi matrix off the maximally entangled vector, with its
    sign turned, its skew part, and the largest element of D's trace, relative to D's largest.
    """
    generator = dissipator.toarray() / abs(dissipator).max()
    trace = np.eye(math.isqrt(len(generator))).ravel() @ generator
    return largest(_negativity(_off_entangled(_choi(generator))), np.abs(trace))


def _choi(superoperator: ComplexArray) -> ComplexArray:
    """Return sum_ab |a><b| x S[|a><b|] for S on row-major matrices."""
    size = math.isqrt(len(superoperator))
    entries = superoperator.reshape(size, size, size, size)  # row, column of S[.]; a, b of |a><b|
    return entries.transpose(2, 0, 3, 1).reshape(size**2, size**2)


def _off_entangled(choi: ComplexArray) -> ComplexArray:
    """Return the Choi matrix projected off sum_a |a a>."""
    size = math.isqrt(len(choi))
    vector = np.eye(size).ravel() / np.sqrt(size)
    projector = np.eye(size**2) - np.outer(vector, vector)
    return projector @ choi @ projector


def _negativity(matrix: ComplexArray) -> float:
    """Return minus the lowest eigenvalue relative to the largest; the skew part counts too."""
    values = np.linalg.eigvalsh((matrix + matrix.conj().T) / 2)
    return largest(-values[0] / values[-1], deviation(matrix, matrix.conj().T))


@claim(
    "Eq. (2)",
    "-i [H_S, X] + sum_j D_j[X] in dense matrices",
    ROUNDING,
    over=lambda rng: itertools.chain(_random(rng, 3), _few_sites()),
)
def evolution_of_any_matrix(setting: Setting, rng: np.random.Generator) -> float:
    """The Liouvillian is the commutator with H_S and the sum of the reservoirs' dissipators."""
    x = _any_matrix(rng, setting)
    measured = setting.model.liouvillian(setting.T, setting.mu)(setting.qobj(x)).full()
    return deviation(measured, literal.evolution(setting, x))


@claim(
    "Eq. (9)",
    "Eq. (9) with a_k = sum conj(U_vk) c_v, written out",
    ROUNDING,
    name="A_kj of modes with their own baths",
    over=lambda rng: itertools.chain(
        random_systems.independent_baths(rng, 3 * _SAMPLES), _few_sites()
    ),
)
def partial_dissipators(setting: Setting, rng: np.random.Generator) -> Iterator[float]:
    """A_{k,j} is Eq. (9) for every mode and reservoir, degenerate modes included."""
    model, x = setting.model, _any_matrix(rng, setting)
    w, a = literal.normal_modes(setting.quadratic.h)
    gamma = setting.rates(w)
    for kappa, frequency in enumerate(model.frequencies):
        modes = np.flatnonzero(np.abs(w - frequency) <= 1e-9 * np.max(np.abs(w)))
        for j, (t, m) in enumerate(zip(setting.T, setting.mu, strict=True)):
            n = [literal.fermi(w[k], float(t), float(m)) for k in modes]
            terms = [
                literal.exchange_terms(gamma[j, k], f, a[k], x)
                for k, f in zip(modes, n, strict=True)
            ]
            partial = model.partial_dissipator(kappa, j, setting.T, setting.mu)
            yield deviation(partial(setting.qobj(x)).full(), np.sum(terms, axis=0))


@claim(
    "Eq. (9)",
    "S(w) = sum_{E'-E=w} Pi(E) S Pi(E') from projectors of a dense H_S",
    ROUNDING,
    over=_settings,
)
def dissipators_of_any_channels(setting: Setting, rng: np.random.Generator) -> float:
    """D_j keeps the cross terms of collective channels, with and without interactions."""
    x = _any_matrix(rng, setting)
    v = setting.system.spectrum.vectors
    inner = v.conj().T @ x @ v
    return largest(
        deviation(v @ _apply(d, inner) @ v.conj().T, literal.dissipation(setting, j, x))
        for j, d in enumerate(_dissipators(setting))
    )


@claim("Eq. (9)", "Kubo-Martin-Schwinger: n/(1 - n) = exp[-(w - mu)/T]", ROUNDING, over=_settings)
def rates_in_and_out_of_a_reservoir(setting: Setting) -> float:
    """The rates up and down at each frequency obey detailed balance with their reservoir."""
    model = setting.model
    down, up = model.weights(setting.T, setting.mu).reshape(2, *model.rates.shape)
    x = (model.frequencies - setting.mu[:, None]) / setting.T[:, None]
    driven = model.rates > 0
    ratio = np.log(up[driven] / down[driven])
    return deviation(ratio, -x[driven], scale=1 + np.abs(x[driven]))


@claim("Eq. (9)", "D_j[A rho_j] = D_j^+[A] rho_j for every A", ROUNDING, over=_settings)
def detailed_balance_of_the_map(setting: Setting, rng: np.random.Generator) -> Iterator[float]:
    """D_j is symmetric in the scalar product weighted with its local Gibbs state."""
    a = _any_matrix(rng, setting)
    for d, gibbs in zip(_dissipators(setting), _gibbs_states(setting), strict=True):
        adjoint = _apply(d.conj().T, a)
        yield deviation(_apply(d, a @ gibbs), adjoint @ gibbs, scale=np.max(np.abs(adjoint)))


def _gibbs_states(setting: Setting) -> list[ComplexArray]:
    """Return oqs's local Gibbs state of each reservoir in the energy basis."""
    v = setting.system.spectrum.vectors
    return [
        v.conj().T @ oqs.gibbs_state(setting.system, t, m).full() @ v
        for t, m in zip(setting.T.tolist(), setting.mu.tolist(), strict=True)
    ]


@claim(
    "Eq. (14)", "exp[(mu_j N_S - H_S)/T_j]/Z from a dense eigenproblem", ROUNDING, over=_settings
)
def local_Gibbs_state_under_its_own_reservoir(setting: Setting) -> Iterator[float]:
    """rho_j ~ exp[(mu_j N_S - H_S)/T_j] is stationary under D_j alone.

    The exponents of rho_j are up to 250 in Fig. 4 and 6 * 100 in Fig. 5, so it is good to 600 eps.
    """
    v, operators = setting.system.spectrum.vectors, (setting.hamiltonian, setting.number)
    each = zip(_dissipators(setting), _gibbs_states(setting), setting.T, setting.mu, strict=True)
    for d, gibbs, T, mu in each:
        yield np.max(np.abs(_apply(d, gibbs))) / abs(d).max()
        expected = literal.gibbs_state(*operators, float(T), float(mu))
        yield deviation(v @ gibbs @ v.conj().T, expected)
