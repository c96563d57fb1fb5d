"""Eq. (8): H_S = sum_vw eps_vw c_v^+ c_w = sum_k w_k a_k^+ a_k."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import literal
from validation.systems import random_systems
from validation.systems.settings import Setting, published

# Every measure here is relative to the largest entry. Products of (2^N, 2^N) matrices and sums of
# N^2 terms round at up to 2^N eps = 64 * 2.2e-16 = 1.4e-14 for the six modes of Fig. 5; the
# diagonaliser adds a modest multiple of N eps.
ROUNDING = 1e-13

_EQUATION = "Eq. (8)"
_SAMPLES = 40


def _settings(rng: np.random.Generator) -> Iterator[Setting]:
    """Yield random systems, half of them with degenerate modes, and those of the five figures."""
    return itertools.chain(random_systems.independent_baths(rng, _SAMPLES), published())


@claim(
    _EQUATION,
    "definition of the normal modes",
    ROUNDING,
    name="modes diagonalise the one-body Hamiltonian",
    over=_settings,
)
def modes_diagonalise(setting: Setting) -> float:
    """The modes U are unitary and U^+ eps U = diag(w_k)."""
    system = setting.quadratic
    u, w = system.modes, system.energies
    return largest(
        deviation(u.conj().T @ u, np.eye(system.sites)),
        deviation(u.conj().T @ system.h @ u, np.diag(w)),
    )


@claim(_EQUATION, "fermion algebra", ROUNDING, over=_settings)
def modes_anticommute(setting: Setting) -> Iterator[float]:
    """{a_k, a_l^+} = delta_kl and {a_k, a_l} = 0 on the whole Fock space."""
    a = [operator.full() for operator in setting.quadratic.mode_annihilators]
    one = np.eye(len(a[0]))
    for x, y in itertools.product(a, repeat=2):
        yield deviation(x @ y.conj().T + y.conj().T @ x, one if x is y else 0 * one, scale=1)
        yield deviation(x @ y + y @ x, 0 * one, scale=1)


@claim(_EQUATION, "sum eps_vw c_v^+ c_w from Jordan-Wigner matrices", ROUNDING, over=_settings)
def Hamiltonian_from_sites_and_from_modes(setting: Setting) -> float:
    """H_S, sum eps_vw c_v^+ c_w and sum w_k a_k^+ a_k are one operator."""
    system = setting.quadratic
    expected = literal.quadratic_form(system.h, literal.annihilators(system.sites))
    w = np.diag(system.energies).astype(np.complex128)
    by_modes = literal.quadratic_form(w, [a.full() for a in system.mode_annihilators])
    return largest(deviation(setting.hamiltonian, expected), deviation(by_modes, expected))


@claim(
    _EQUATION,
    "H_S and N_S from Jordan-Wigner matrices",
    ROUNDING,
    name="many-body spectrum",
    over=_settings,
)
def many_body_spectrum(setting: Setting) -> float:
    """The energy eigenbasis diagonalises H_S and N_S; energies are sums of the w_k."""
    c = literal.annihilators(setting.system.sites)
    hamiltonian = literal.quadratic_form(setting.quadratic.h, c)
    number = literal.quadratic_form(np.eye(len(c), dtype=np.complex128), c)
    spectrum = setting.system.spectrum
    v, energies = spectrum.vectors, spectrum.energies
    w, _ = literal.normal_modes(setting.quadratic.h)
    sums = [sum(s) for m in range(len(w) + 1) for s in itertools.combinations(w, m)]
    return largest(
        deviation(hamiltonian @ v, v * energies),
        deviation(number @ v, v * spectrum.particles),
        deviation(np.sort(energies), np.sort(sums)),
    )
