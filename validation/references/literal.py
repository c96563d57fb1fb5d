"""The equations of the open system written out as they stand: slow, readable, dense.

What `oqs` computes from sparse matrix elements in an energy basis is here made of (2^N, 2^N)
matrices and 50-digit decimals, without its code. Equation numbers are those of Vovchenko et al.,
arXiv:2412.15355.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import scipy.linalg

from oqs.arguments import ComplexArray, FloatArray
from validation.systems.settings import Setting

_DIGITS = 50
_SAME = 1e-9  # energies this close, relative to the largest, are one level


def annihilators(sites: int) -> list[ComplexArray]:
    """Return c_v (2^N, 2^N) by the Jordan-Wigner construction Z x ... x Z x sigma x 1 x ... x 1."""
    sign, lower, one = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(2)
    operators = []
    for site in range(sites):
        operator = np.eye(1)
        for other in range(sites):
            operator = np.kron(operator, sign if other < site else lower if other == site else one)
        operators.append(operator.astype(np.complex128))
    return operators


def quadratic_form(matrix: ComplexArray, operators: Sequence[ComplexArray]) -> ComplexArray:
    """Return sum_vw matrix[v, w] c_v^+ c_w, the first form of Eq. (8)."""
    size = len(operators)
    total = np.zeros_like(operators[0])
    for v in range(size):
        for w in range(size):
            total = total + matrix[v, w] * operators[v].conj().T @ operators[w]
    return total


def normal_modes(h: ComplexArray) -> tuple[FloatArray, list[ComplexArray]]:
    """Return w_k and a_k = sum_v conj(U_vk) c_v with U^+ h U = diag(w), for Eq. (8)."""
    energies, modes = scipy.linalg.eigh(h)
    c = annihilators(len(h))
    return energies, [
        np.sum([modes[v, k].conj() * c[v] for v in range(len(h))], axis=0) for k in range(len(h))
    ]


def exchange_terms(gamma: float, n: float, a: ComplexArray, rho: ComplexArray) -> ComplexArray:
    """Return A_{k,j}[rho] of Eq. (9), both its lines, for one jump operator a.

    gamma n (a^+ rho a - {a a^+, rho}/2) + gamma (1 - n) (a rho a^+ - {a^+ a, rho}/2).
    """
    dagger = a.conj().T
    empty, full = a @ dagger, dagger @ a
    absorbed = dagger @ rho @ a - (empty @ rho + rho @ empty) / 2
    emitted = a @ rho @ dagger - (full @ rho + rho @ full) / 2
    return gamma * n * absorbed + gamma * (1 - n) * emitted


def fermi(frequency: float, temperature: float, potential: float) -> float:
    """Return n = 1/(exp[(w - mu)/T] + 1)."""
    x = Decimal(frequency) - Decimal(potential)
    with localcontext() as context:
        context.prec = _DIGITS
        return float(1 / ((x / Decimal(temperature)).exp() + 1))


def eigenoperators(
    hamiltonian: ComplexArray, channel: ComplexArray
) -> list[tuple[float, ComplexArray]]:
    """Return (w, S(w)) with S(w) = sum_{E'-E=w} Pi(E) S Pi(E'), ascending in w."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    elements = vectors.conj().T @ channel @ vectors
    bohr = energies[None, :] - energies[:, None]  # E' - E of <E| S |E'>
    elements[np.abs(elements) <= 1e-12 * np.max(np.abs(elements))] = 0
    groups: list[list[float]] = []
    for w in np.sort(bohr[elements != 0]):
        if groups and w - groups[-1][-1] <= _SAME * np.max(np.abs(energies)):
            groups[-1].append(float(w))
        else:
            groups.append([float(w)])
    operators = []
    for group in groups:
        here = (bohr >= group[0]) & (bohr <= group[-1])
        operators.append((float(np.mean(group)), vectors @ (elements * here) @ vectors.conj().T))
    return operators


def channels(setting: Setting, j: int) -> Iterator[list[tuple[float, float, ComplexArray]]]:
    """Yield [(w, gamma, S(w))] of each channel of contact j, at its Bohr frequencies w."""
    contact, c = setting.contacts[j], annihilators(setting.system.sites)
    for amplitudes in np.eye(len(c)) if contact.coupling is None else contact.coupling:
        channel = np.sum([t * operator for t, operator in zip(amplitudes, c, strict=True)], axis=0)
        yield [
            (w, float(np.asarray(contact.rate(np.array([w])))[0]), operator)
            for w, operator in eigenoperators(setting.hamiltonian, channel)
        ]


def dissipation(setting: Setting, j: int, rho: ComplexArray) -> ComplexArray:
    """Return D_j[rho]: Eq. (9) summed over the channels of contact j and their frequencies."""
    T, mu = float(setting.T[j]), float(setting.mu[j])
    terms = [term for channel in channels(setting, j) for term in channel]
    return np.sum([exchange_terms(gamma, fermi(w, T, mu), s, rho) for w, gamma, s in terms], axis=0)


def perlind_dissipation(setting: Setting, j: int, rho: ComplexArray) -> ComplexArray:
    """Return D_j[rho] of PERLind: one jump per channel and direction, sum_w sqrt(rate) S(w)."""
    T, mu = float(setting.T[j]), float(setting.mu[j])
    total = np.zeros_like(rho)
    for channel in channels(setting, j):
        down, up = np.zeros_like(rho), np.zeros_like(rho)
        for w, gamma, operator in channel:
            n = fermi(w, T, mu)
            down = down + np.sqrt(gamma * (1 - n)) * operator
            up = up + np.sqrt(gamma * n) * operator.conj().T
        for jump in (down, up):
            loss = jump.conj().T @ jump
            total += jump @ rho @ jump.conj().T - (loss @ rho + rho @ loss) / 2
    return total


def evolution(setting: Setting, rho: ComplexArray) -> ComplexArray:
    """Return d rho/dt = -i [H_S, rho] + sum_j D_j[rho], Eq. (2) without frequency shifts."""
    h = setting.hamiltonian
    return -1j * (h @ rho - rho @ h) + np.sum(
        [dissipation(setting, j, rho) for j in range(len(setting.T))], axis=0
    )


def gibbs_state(
    hamiltonian: ComplexArray, number: ComplexArray, T: float, mu: float
) -> ComplexArray:
    """Return exp[(mu N - H)/T]/Z of Eq. (14) through the eigenbasis of the exponent."""
    exponents, vectors = np.linalg.eigh((mu * number - hamiltonian) / T)
    weights = np.exp(exponents - np.max(exponents))
    return (vectors * (weights / np.sum(weights))) @ vectors.conj().T


def logarithm(state: ComplexArray) -> ComplexArray:
    """Return ln rho of a density matrix of full rank."""
    p, vectors = np.linalg.eigh(state)
    return (vectors * np.log(p)) @ vectors.conj().T


def closed_form(
    w: FloatArray, gamma: FloatArray, T: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return P, J, Y (N, n) of each mode by Eq. (10) in 50 digits; gamma is (n, N).

    P = gamma_j (n_j - nbar), J = w P, Y = (w - mu_j) P, nbar = sum_j gamma_j n_j / sum_j gamma_j.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        particle, energy, heat = [], [], []
        for k, frequency in enumerate(_decimals(w)):
            rate = _decimals(gamma[:, k])
            above = [frequency - m for m in _decimals(mu)]
            n = [1 / ((a / t).exp() + 1) for a, t in zip(above, _decimals(T), strict=True)]
            mean = sum((g * f for g, f in zip(rate, n, strict=True)), Decimal(0)) / sum(rate)
            p = [g * (f - mean) for g, f in zip(rate, n, strict=True)]
            particle.append([float(x) for x in p])
            energy.append([float(frequency * x) for x in p])
            heat.append([float(a * x) for a, x in zip(above, p, strict=True)])
    return np.array(particle), np.array(energy), np.array(heat)


def excess_occupations(w: float, gamma: FloatArray, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return n_j - nbar (n,) by Eq. (31), in 50 digits.

    -(1/2) sum_q (gamma_q / sum gamma) sinh(nu_j - nu_q)/(cosh nu_j cosh nu_q), nu = (w - mu)/2T.
    The paper's supplement prints the prefactor -2; -1/2 is right.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        nu, rate = _half_affinities(w, T, mu), _decimals(gamma)
        return np.array(
            [
                float(
                    -sum(g * _kernel(x, y) for g, y in zip(rate, nu, strict=True)) / (2 * sum(rate))
                )
                for x in nu
            ]
        )


def clausius_terms(w: float, gamma: FloatArray, T: FloatArray, mu: FloatArray) -> FloatArray:
    """Return the terms (n, n) of Eq. (34) for one mode, in 50 digits; their sum is its share.

    -(1/2) Gamma_jq (nu_j - nu_q) sinh(nu_j - nu_q)/(cosh nu_j cosh nu_q),
    Gamma_jq = gamma_j gamma_q / sum gamma.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        nu, rate = _half_affinities(w, T, mu), _decimals(gamma)
        pairs = [list(zip(rate, nu, strict=True))] * len(nu)
        return np.array(
            [
                [float(-g * f * (x - y) * _kernel(x, y) / (2 * sum(rate))) for f, y in row]
                for (g, x), row in zip(pairs[0], pairs, strict=True)
            ]
        )


def _half_affinities(w: float, T: FloatArray, mu: FloatArray) -> list[Decimal]:
    return [(Decimal(w) - m) / (2 * t) for t, m in zip(_decimals(T), _decimals(mu), strict=True)]


def _kernel(x: Decimal, y: Decimal) -> Decimal:
    """Return sinh(x - y)/(cosh x cosh y)."""
    difference = x - y
    sinh = (difference.exp() - (-difference).exp()) / 2
    return sinh * 4 / ((x.exp() + (-x).exp()) * (y.exp() + (-y).exp()))


def _decimals(values: Any) -> list[Decimal]:
    return [Decimal(float(value)) for value in values]
