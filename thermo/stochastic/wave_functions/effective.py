"""One step without a jump: the effective Hamiltonian acts on many wave functions, as a series.

    d phi/dt = A phi,  A = -i H - K/2,  K = sum_j K_j,  K_j = sum_{o of j} L_o^+ L_o,

and <phi|phi> is the probability that no jump has come. A step h with |A| h <= 1/2 takes twelve
terms of e^{A s}, whose remainder is 2e-14; between its ends phi is the polynomial itself, so that
the moment of a jump is a root of a polynomial.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from oqs.arguments import ComplexArray, FloatArray

TERMS: Final = 13
REACH: Final = 0.5  # |A| times a step
_ROUNDS: Final = 60
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


def series(A: ComplexArray, phi: ComplexArray) -> ComplexArray:
    """Return the coefficients A^l phi/l! (m, D, TERMS) of s^l, for A (m, D, D), phi (m, D)."""
    terms = np.empty((*phi.shape, TERMS), dtype=np.complex128)
    term = phi
    terms[..., 0] = term
    for order in range(1, TERMS):
        term = (A @ term[..., None])[..., 0] / order
        terms[..., order] = term
    return terms


def at(terms: ComplexArray, s: FloatArray) -> ComplexArray:
    """Return phi (m, D) at the times s (m,) of the step."""
    value = terms[..., TERMS - 1]
    for order in range(TERMS - 2, -1, -1):
        value = value * s[:, None] + terms[..., order]
    return value


def norm(phi: ComplexArray) -> FloatArray:
    """Return <phi|phi> (m,)."""
    return np.sum(phi.real**2 + phi.imag**2, axis=1)


def moment(terms: ComplexArray, end: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return when <phi|phi>, which falls, is `wanted` (m,): between 0 and `end` (m,).

    Newton's steps on the polynomial, kept between bounds that close in.
    """
    gram = np.swapaxes(terms, 1, 2).conj() @ terms  # (m, TERMS, TERMS)
    p = np.zeros((len(end), 2 * TERMS - 1))
    for row in range(TERMS):
        p[:, row : row + TERMS] += gram[:, row].real
    low, high = np.zeros(len(end)), end.copy()
    s, converged = end / 2, np.zeros(len(end), dtype=np.bool_)
    for _ in range(_ROUNDS):
        value, slope = p[:, -1], np.zeros(len(end))
        for order in range(p.shape[1] - 2, -1, -1):
            slope = slope * s + value
            value = value * s + p[:, order]
        above = value > wanted
        low, high = np.where(above, s, low), np.where(above, high, s)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = s - (value - wanted) / slope
        inside = (newton >= low) & (newton <= high)
        following = np.where(inside, newton, (low + high) / 2)
        # one that is there stays as it is, whatever is computed with it
        following = np.where(converged, s, following)
        converged |= np.abs(following - s) <= 1e-15 * end
        s = following
        if converged.all():
            break
    return s


def energy_drift(
    terms: ComplexArray, end: FloatArray, K: ComplexArray, energies: FloatArray
) -> FloatArray:
    """Return what the system's energy has gained through each reservoir (m, n) without a jump.

    That nothing jumped changes <H> at the rate -<K_j H + H K_j>/2 + <K_j><H> for each reservoir.
    Together with <H> after a jump minus <H> before it, the mean is tr(D_j[rho] H).

    Parameters
    ----------
    terms : (m, D, TERMS) the step. end : (m,) its length. K : (m, n, D, D). energies : (D,).
    """
    total = np.zeros(K.shape[:2])
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        phi = at(terms, end * (1 + node) / 2)
        lost = (K @ phi[:, None, :, None])[..., 0]  # (m, n, D)
        held = phi.conj() * energies
        weights = 1 / norm(phi)
        leaving = np.sum(phi.conj()[:, None, :] * lost, axis=2).real * weights[:, None]
        together = np.sum(held[:, None, :] * lost, axis=2).real * weights[:, None]
        mean = np.sum(held * phi, axis=1).real * weights
        total += weight * (leaving * mean[:, None] - together)
    return total * end[:, None] / 2
