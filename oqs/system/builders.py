"""Ready-made fermionic systems: dots and chains, each a function of a few energies.

Spinful systems order their sites dot by dot, spin up before spin down: sites 2 d and 2 d + 1 are
the spins of dot d. `spin_channels` makes the matching coupling of a contact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    complex_array,
    has_shape,
    real_number,
    real_row,
    true_or_false,
    whole_number,
)
from oqs.exports import exported
from oqs.system.interacting import InteractingSystem

_LONGEST = 1000  # dots of a chain
_ENERGY = "Give an energy as a real number."


@exported
def anderson_dot(level: float, U: float, *, zeeman: float = 0.0) -> InteractingSystem:
    """Return one spinful level: H = sum_s (level + s zeeman/2) n_s + U n_up n_down, s = +-1.

    Sites: 0 spin up, 1 spin down (Anderson 1961, doi:10.1103/PhysRev.124.41).

    Examples
    --------
    >>> oqs.anderson_dot(level=-0.5, U=1.0).spectrum.energies
    array([ 0. , -0.5, -0.5,  0. ])
    """
    return spinful_dots([level], 0.0, U=U, zeeman=zeeman)


@exported
def coupled_dots(levels: ArrayLike, U: float) -> InteractingSystem:
    """Return spinless dots that feel each other's charge but do not exchange particles.

        H = sum_d level_d n_d + U sum_{d<e} n_d n_e.

    Two of them are the energy harvester of Sanchez and Buttiker 2011,
    doi:10.1103/PhysRevB.83.085428.

    Parameters
    ----------
    levels : (N,) energies.
    U : energy of each occupied pair.

    Examples
    --------
    >>> oqs.coupled_dots([0.3, 0.4], 1.0).spectrum.energies.round(3)
    array([0. , 0.4, 0.3, 1.7])
    """
    return spinless_dots(levels, 0.0, U=U, all_pairs=True)


@exported
def spinless_dots(
    levels: ArrayLike, tunnelling: complex, *, U: float = 0.0, all_pairs: bool = False
) -> InteractingSystem:
    """Return a row of spinless dots: double dot, triple dot, chain.

        H = sum_d level_d n_d + sum_d (tunnelling c_d^+ c_{d+1} + h.c.) + U sum n_d n_e,

    the last sum over neighbours d, e = d + 1, or over all pairs.

    Parameters
    ----------
    levels : (N,) energies of the dots in a row.
    tunnelling : amplitude between neighbours, complex.
    U : inter-dot Coulomb energy.

    Examples
    --------
    >>> oqs.spinless_dots([0.0, 0.2], 0.1, U=1.0).sites
    2
    """
    energies = _levels(levels)
    pairs = _pairs(len(energies), all_pairs)
    repulsion = real_number("U", U, _ENERGY)
    return InteractingSystem.from_terms(
        _row(energies, tunnelling), {pair: repulsion for pair in pairs if repulsion}
    )


@exported
def spinful_dots(
    levels: ArrayLike,
    tunnelling: complex,
    *,
    U: float,
    U_inter: float = 0.0,
    zeeman: float = 0.0,
    all_pairs: bool = False,
) -> InteractingSystem:
    """Return a row of spinful dots: Anderson dot, double dot, triple dot, extended Hubbard chain.

        H = sum_ds (level_d + s zeeman/2) n_ds + sum_ds (tunnelling c_ds^+ c_{d+1,s} + h.c.)
            + U sum_d n_d,up n_d,down + U_inter sum_{d,e} n_d n_e,   n_d = n_d,up + n_d,down,

    the last sum over neighbours, or over all pairs. Site 2 d is spin up, 2 d + 1 spin down.

    Parameters
    ----------
    levels : (dots,) energies in a row.
    tunnelling : spin-conserving amplitude between neighbours, complex.
    U, U_inter : Coulomb energy within a dot and between dots.
    zeeman : splitting of spin up and down.

    Examples
    --------
    >>> oqs.spinful_dots([0.0, 0.2], 0.1, U=1.0).sites
    4
    """
    energies = _levels(levels)
    dots = len(energies)
    splitting = real_number("zeeman", zeeman, _ENERGY) / 2
    within, between = real_number("U", U, _ENERGY), real_number("U_inter", U_inter, _ENERGY)
    h = np.kron(_row(energies, tunnelling), np.eye(2))
    h += np.kron(np.eye(dots), np.diag([splitting, -splitting]))
    repulsion = {(2 * d, 2 * d + 1): within for d in range(dots) if within}
    repulsion |= {
        (2 * d + s, 2 * e + r): between
        for d, e in _pairs(dots, all_pairs)
        for s in (0, 1)
        for r in (0, 1)
        if between
    }
    return InteractingSystem.from_terms(h, repulsion)


@exported
def double_dot(
    levels: ArrayLike, tunnelling: complex, *, U: float, U_inter: float = 0.0, spin: bool = True
) -> InteractingSystem:
    """Return two dots with intra-dot U (spinful only) and inter-dot U_inter; see `spinful_dots`.

    Examples
    --------
    >>> oqs.double_dot([0.0, 0.2], 0.1, U=1.0).sites
    4
    """
    return _dots(2, levels, tunnelling, U, U_inter, spin)


@exported
def triple_dot(
    levels: ArrayLike, tunnelling: complex, *, U: float, U_inter: float = 0.0, spin: bool = True
) -> InteractingSystem:
    """Return three dots in a row with U and nearest-neighbour U_inter; see `spinful_dots`.

    Examples
    --------
    >>> oqs.triple_dot([0.0, 0.2, 0.0], 0.1, U=1.0).sites
    6
    """
    return _dots(3, levels, tunnelling, U, U_inter, spin)


@exported
def hubbard_chain(
    dots: int, tunnelling: complex, *, U: float, V: float = 0.0, level: float = 0.0
) -> InteractingSystem:
    """Return the extended Hubbard chain: on-site U, nearest-neighbour V; see `spinful_dots`.

    Examples
    --------
    >>> oqs.hubbard_chain(2, 0.1, U=1.0).sites
    4
    """
    dots = whole_number("dots", dots, 1, "Give the length of the chain.", most=_LONGEST)
    energy = real_number("level", level, "It is the energy of every dot.")
    return spinful_dots(np.full(dots, energy), tunnelling, U=U, U_inter=V)


@exported
def spin_channels(amplitudes: ArrayLike, *, up: float = 1.0, down: float = 1.0) -> ComplexArray:
    """Return the coupling (2, 2 dots) of a contact to spinful dots: one channel per spin.

    Parameters
    ----------
    amplitudes : (dots,) amplitude of each dot.
    up, down : what they are multiplied by for each spin; up=1, down=0 is fully polarised.

    Examples
    --------
    >>> oqs.spin_channels([1.0, 0.0])
    array([[1.+0.j, 0.+0.j, 0.+0.j, 0.+0.j],
           [0.+0.j, 1.+0.j, 0.+0.j, 0.+0.j]])
    """
    remedy = "Give one amplitude per dot, shape (dots,)."
    row = complex_array("amplitudes", amplitudes, remedy)
    has_shape("amplitudes", row, (row.size,), remedy)
    up, down = (
        real_number(name, x, "It multiplies the amplitudes.")
        for name, x in (("up", up), ("down", down))
    )
    return np.stack([np.kron(row, [up, 0.0]), np.kron(row, [0.0, down])])


def _dots(
    count: int, levels: ArrayLike, tunnelling: complex, U: float, U_inter: float, spin: bool
) -> InteractingSystem:
    energies = _levels(levels)
    if len(energies) != count:
        raise ValueError(
            f"Argument `levels` must hold {count} energies, but holds {len(energies)}. "
            "Use spinless_dots or spinful_dots for another number of dots."
        )
    if true_or_false("spin", spin, "Each dot has two levels with it, one without."):
        return spinful_dots(energies, tunnelling, U=U, U_inter=U_inter)
    if real_number("U", U, _ENERGY) != 0:
        raise ValueError(
            f"Argument `U` must be 0 without spin, but is {U!r}: one spinless level holds one "
            "particle. Give U_inter for the energy between dots."
        )
    return spinless_dots(energies, tunnelling, U=U_inter)


def _levels(levels: ArrayLike) -> FloatArray:
    return real_row("levels", levels, "Give one energy per dot.", length="dots")


def _row(energies: FloatArray, tunnelling: complex) -> ComplexArray:
    remedy = "Give one complex number, the same between all neighbours."
    amplitude = complex_array("tunnelling", tunnelling, remedy)
    has_shape("tunnelling", amplitude, (), remedy)
    hopping = np.full(len(energies) - 1, amplitude)
    return (
        np.diag(energies).astype(np.complex128) + np.diag(hopping, 1) + np.diag(hopping.conj(), -1)
    )


def _pairs(dots: int, all_pairs: bool) -> list[tuple[int, int]]:
    true_or_false("all_pairs", all_pairs, "False leaves U_inter to neighbours.")
    return [(d, e) for d in range(dots) for e in range(d + 1, dots) if all_pairs or e == d + 1]
