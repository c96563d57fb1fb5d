"""Open systems solved exactly by other means than `oqs`: beyond weak coupling.

One level by digamma functions; quadratic dots by the unitary evolution of long but finite leads; a
Lorentzian reservoir as one more site.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma

import oqs
from oqs.arguments import ComplexArray, FloatArray
from oqs.contact.rates import Lorentzian, Rate


def one_level(level: float, rates: ArrayLike, T: ArrayLike, mu: ArrayLike) -> FloatArray:
    """Return P_j (n,) of one level between reservoirs with flat rates G_j, at any coupling.

        P_j = sum_q (G_j G_q / G) (a_j - a_q), G = sum_j G_j,
        a_j = 1/2 - Im psi(1/2 + (G/2 + i (level - mu_j)) / (2 pi T_j)) / pi,

    a_j the mean of n_j over the Lorentzian of the level: the sum over Matsubara frequencies.
    """
    gamma, temperature = np.asarray(rates, dtype=np.float64), np.asarray(T, dtype=np.float64)
    matsubara = 2 * np.pi * temperature
    argument = 0.5 + (gamma.sum() / 2 + 1j * (level - np.asarray(mu))) / matsubara
    mean = 0.5 - digamma(argument).imag / np.pi
    return gamma * (gamma @ (mean[:, None] - mean).T) / gamma.sum()


def semicircle(strength: float, half_width: float) -> Rate:
    """Return gamma(w) = strength sqrt(1 - (w/half_width)^2): the end of a tight-binding chain.

    A chain with hopping half_width/2 whose end couples with t has strength 4 t^2 / half_width.
    """

    def rate(w: FloatArray) -> FloatArray:
        return strength * np.sqrt(np.maximum(1 - (w / half_width) ** 2, 0.0))

    return rate


def finite_leads(
    h: ArrayLike,
    couplings: ArrayLike,
    strengths: ArrayLike,
    half_width: float,
    T: ArrayLike,
    mu: ArrayLike,
    *,
    length: int = 300,
) -> FloatArray:
    """Return P_j (n,) of dots at the ends of chains of `length` sites, by unitary evolution.

    The chains start in their own Gibbs states, the dots empty, and what leaves chain j is read
    while the fronts are still on their way back from the far ends. Contacts are those of
    `semicircle(strength_j, half_width)` with amplitudes couplings[j].

    Parameters
    ----------
    h : (N, N); couplings : (n, N); strengths : (n,).
    length : sites of a chain; the current is settled to 1e-7 for 300 where gamma is half_width/3.
    """
    dots, t = np.asarray(h, dtype=np.complex128), np.asarray(couplings, dtype=np.complex128)
    n, sites = t.shape
    size = sites + n * length
    whole = np.zeros((size, size), dtype=np.complex128)
    whole[:sites, :sites] = dots
    correlations = np.zeros_like(whole)  # <c_b^+ c_a>
    chain = np.diag(np.full(length - 1, half_width / 2), 1)
    chain = chain + chain.T
    ends = sites + length * np.arange(n)
    energies, modes = np.linalg.eigh(chain)
    for j, (T_j, mu_j) in enumerate(zip(np.asarray(T), np.asarray(mu), strict=True)):
        part = slice(ends[j], ends[j] + length)
        whole[part, part] = chain
        occupied = 1 / (np.exp((energies - mu_j) / T_j) + 1)
        correlations[part, part] = (modes * occupied) @ modes.T
        amplitude = np.sqrt(np.asarray(strengths)[j] * half_width / 4) * t[j]
        whole[ends[j], :sites] = amplitude  # a_j^+ sum_v t_v c_v
        whole[:sites, ends[j]] = amplitude.conj()
    w, u = np.linalg.eigh(whole)
    time = 1.7 * length / half_width  # fronts move half_width sites per unit time
    propagator = (u * np.exp(-1j * w * time)) @ u.conj().T
    now = propagator @ correlations @ propagator.conj().T
    # dN_j/dt = 2 Im sum_v <a_j^+ c_v> amplitude_v, and P_j is its negative
    return np.array([-2 * np.imag(whole[end, :sites] @ now[:sites, end]) for end in ends])


def with_filter_sites(
    h: ArrayLike, coupling: ArrayLike, contact: oqs.Contact
) -> tuple[ComplexArray, oqs.Contact]:
    """Return h with the filter of a Lorentzian contact as a site of its own, and its contact.

    A site at `center`, coupled by sqrt(strength width / 2) and emptied at the flat rate 2 width,
    has the self-energy strength width / (2 (w - center + i width)): that of the Lorentzian rate.
    """
    rate = contact.rate
    if not isinstance(rate, Lorentzian):
        raise TypeError(f"Argument `contact` must have a Lorentzian rate, but has {rate!r}.")
    dots, t = np.asarray(h, dtype=np.complex128), np.asarray(coupling, dtype=np.complex128)
    sites = len(dots)
    larger = np.zeros((sites + 1, sites + 1), dtype=np.complex128)
    larger[:sites, :sites] = dots
    larger[sites, sites] = rate.center
    larger[sites, :sites] = np.sqrt(rate.strength * rate.width / 2) * t
    larger[:sites, sites] = larger[sites, :sites].conj()
    return larger, oqs.Contact(oqs.flat(2 * rate.width), np.eye(sites + 1)[sites])
