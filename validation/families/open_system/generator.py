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
from validation.framework.check import check
from validation.framework.deviation import deviation, largest, over
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


@check(
    "trace preserved",
    equation="Eq. (2)",
    reference="tr D_j[X] = 0 for every X",
    tolerance=ROUNDING,
    claim="Every reservoir's dissipator keeps the trace.",
)
@over(_settings)
def trace_preserved(setting: Setting) -> float:
    """Return the largest entry of the adjoint applied to 1, relative to the superoperator's."""
    trace = np.eye(2**setting.system.sites).ravel()
    return largest(
        *(float(np.max(np.abs(trace @ d)) / abs(d).max()) for d in _dissipators(setting))
    )


@check(
    "Hermiticity preserved",
    equation="Eq. (2)",
    reference="D_j[X^+] = D_j[X]^+ for every X",
    tolerance=ROUNDING,
    claim="Every reservoir's dissipator keeps states Hermitian.",
)
@over(_settings)
def hermiticity_preserved(setting: Setting, rng: np.random.Generator) -> float:
    """Return the largest deviation of D_j[X^+] from D_j[X]^+ for random X."""
    x = _any_matrix(rng, setting)
    return largest(
        *(deviation(_apply(d, x.conj().T), _apply(d, x).conj().T) for d in _dissipators(setting))
    )


@check(
    "complete positivity",
    equation="Eq. (2)",
    reference="Choi matrices of exp(D_j t) and of D_j",
    tolerance=ROUNDING,
    claim="The map of every reservoir is completely positive, at short and at long times.",
)
@over(lambda rng: itertools.chain(_random(rng), _few_sites()))
def complete_positivity(setting: Setting) -> float:
    """Return the most negative eigenvalue of the Choi matrices, with its sign turned.

    The Choi matrix of exp(D t) must be >= 0 at t = 1/|D| and 30/|D|; that of D itself must be so on
    the complement of the maximally entangled vector, which is the condition for all t (Gorini,
    Kossakowski, Sudarshan 1976; Lindblad 1976). Up to three modes: 4^N eigenvalues of (4^N, 4^N).
    """
    measured = []
    for dissipator in _dissipators(setting):
        measured.append(negativity_of_map(dissipator))
        generator = dissipator.toarray() / abs(dissipator).max()
        measured += [_negativity(_choi(scipy.linalg.expm(generator * t))) for t in (1.0, 30.0)]
    return largest(*measured)


def negativity_of_map(dissipator: sp.csc_array) -> float:
    """Return by how much exp(D t) of D on row-major matrices fails to be a map of states.

    The most negative eigenvalue of D's Choi matrix off the maximally entangled vector, with its
    sign turned, its skew part, and the largest element of D's trace, relative to D's largest.
    """
    generator = dissipator.toarray() / abs(dissipator).max()
    trace = np.eye(math.isqrt(len(generator))).ravel() @ generator
    return largest(_negativity(_off_entangled(_choi(generator))), float(np.max(np.abs(trace))))


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
    return largest(float(-values[0] / values[-1]), deviation(matrix, matrix.conj().T))


@check(
    "evolution of any matrix",
    equation="Eq. (2)",
    reference="-i [H_S, X] + sum_j D_j[X] in dense matrices",
    tolerance=ROUNDING,
    claim="The Liouvillian is the commutator with H_S and the sum of the reservoirs' dissipators.",
)
@over(lambda rng: itertools.chain(_random(rng, 3), _few_sites()))
def evolution(setting: Setting, rng: np.random.Generator) -> float:
    """Return the largest deviation of the Liouvillian's action on random X from the literal one."""
    x = _any_matrix(rng, setting)
    measured = setting.model.liouvillian(setting.T, setting.mu)(setting.qobj(x)).full()
    return deviation(measured, literal.evolution(setting, x))


@check(
    "A_kj of modes with their own baths",
    equation="Eq. (9)",
    reference="Eq. (9) with a_k = sum conj(U_vk) c_v, written out",
    tolerance=ROUNDING,
    claim="A_{k,j} is Eq. (9) for every mode and reservoir, degenerate modes included.",
)
@over(
    lambda rng: itertools.chain(random_systems.independent_baths(rng, 3 * _SAMPLES), _few_sites())
)
def partial_dissipators(setting: Setting, rng: np.random.Generator) -> float:
    """Return the largest deviation of A_kj[X], at each frequency, from the sum over its modes."""
    model, x = setting.model, _any_matrix(rng, setting)
    w, a = literal.normal_modes(setting.quadratic.h)
    gamma = setting.rates(w)
    measured = []
    for kappa, frequency in enumerate(model.frequencies):
        modes = np.flatnonzero(np.abs(w - frequency) <= 1e-9 * np.max(np.abs(w)))
        for j, (t, m) in enumerate(zip(setting.T, setting.mu, strict=True)):
            n = [literal.fermi(w[k], float(t), float(m)) for k in modes]
            terms = [
                literal.exchange_terms(gamma[j, k], f, a[k], x)
                for k, f in zip(modes, n, strict=True)
            ]
            partial = model.partial_dissipator(kappa, j, setting.T, setting.mu)
            measured.append(deviation(partial(setting.qobj(x)).full(), np.sum(terms, axis=0)))
    return largest(*measured)


@check(
    "dissipators of any channels",
    equation="Eq. (9)",
    reference="S(w) = sum_{E'-E=w} Pi(E) S Pi(E') from projectors of a dense H_S",
    tolerance=ROUNDING,
    claim="D_j keeps the cross terms of collective channels, with and without interactions.",
)
@over(_settings)
def dissipators_of_channels(setting: Setting, rng: np.random.Generator) -> float:
    """Return the largest deviation of D_j[X] from the literal one."""
    x = _any_matrix(rng, setting)
    v = setting.system.spectrum.vectors
    inner = v.conj().T @ x @ v
    return largest(
        *(
            deviation(v @ _apply(d, inner) @ v.conj().T, literal.dissipation(setting, j, x))
            for j, d in enumerate(_dissipators(setting))
        )
    )


@check(
    "rates in and out of a reservoir",
    equation="Eq. (9)",
    reference="Kubo-Martin-Schwinger: n/(1 - n) = exp[-(w - mu)/T]",
    tolerance=ROUNDING,
    claim="The rates up and down at each frequency obey detailed balance with their reservoir.",
)
@over(_settings)
def kms(setting: Setting) -> float:
    """Return the largest |ln(up/down) + x| / (1 + |x|), x = (w - mu)/T, of the solvers' weights."""
    model = setting.model
    down, up = model.weights(setting.T, setting.mu).reshape(2, *model.rates.shape)
    x = (model.frequencies - setting.mu[:, None]) / setting.T[:, None]
    driven = model.rates > 0
    ratio = np.log(up[driven] / down[driven])
    return deviation(ratio, -x[driven], scale=1 + np.abs(x[driven]))


@check(
    "detailed balance of the map",
    equation="Eq. (9)",
    reference="D_j[A rho_j] = D_j^+[A] rho_j for every A",
    tolerance=ROUNDING,
    claim="D_j is symmetric in the scalar product weighted with its local Gibbs state.",
)
@over(_settings)
def detailed_balance(setting: Setting, rng: np.random.Generator) -> float:
    """Return the largest deviation of D_j[A rho_j] from D_j^+[A] rho_j, relative to D_j^+[A]."""
    a = _any_matrix(rng, setting)
    measured = []
    for d, gibbs in zip(_dissipators(setting), _gibbs_states(setting), strict=True):
        adjoint = _apply(d.conj().T, a)
        unit = np.max(np.abs(adjoint))
        measured.append(deviation(_apply(d, a @ gibbs), adjoint @ gibbs, scale=unit))
    return largest(*measured)


def _gibbs_states(setting: Setting) -> list[ComplexArray]:
    """Return oqs's local Gibbs state of each reservoir in the energy basis."""
    v = setting.system.spectrum.vectors
    return [
        v.conj().T @ oqs.gibbs_state(setting.system, t, m).full() @ v
        for t, m in zip(setting.T.tolist(), setting.mu.tolist(), strict=True)
    ]


@check(
    "local Gibbs state under its own reservoir",
    equation="Eq. (14)",
    reference="exp[(mu_j N_S - H_S)/T_j]/Z from a dense eigenproblem",
    tolerance=ROUNDING,
    claim="rho_j ~ exp[(mu_j N_S - H_S)/T_j] is stationary under D_j alone.",
)
@over(_settings)
def local_gibbs_state(setting: Setting) -> float:
    """Return the largest entry of D_j[rho_j] over D_j's largest, and rho_j's own deviation.

    The exponents of rho_j are up to 250 in Fig. 4 and 6 * 100 in Fig. 5, so it is good to 600 eps.
    """
    hamiltonian, number = setting.hamiltonian, setting.number
    v = setting.system.spectrum.vectors
    measured = []
    for j, (d, gibbs) in enumerate(zip(_dissipators(setting), _gibbs_states(setting), strict=True)):
        expected = literal.gibbs_state(
            hamiltonian, number, float(setting.T[j]), float(setting.mu[j])
        )
        measured += [
            float(np.max(np.abs(_apply(d, gibbs))) / abs(d).max()),
            deviation(v @ gibbs @ v.conj().T, expected),
        ]
    return largest(*measured)
