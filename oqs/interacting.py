"""Open systems with interactions: any Hamiltonian that conserves the particle number."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import qutip
from numpy.typing import ArrayLike

from oqs.arguments import complex_array, real_number
from oqs.fock import Spectrum, diagonalise_sectors
from oqs.systems import System, hermitian_matrix, jordan_wigner, quadratic_form


@final
@dataclasses.dataclass(frozen=True, eq=False, init=False)
class InteractingSystem(System):
    """Any Hamiltonian with [H_S, N_S] = 0 on sites with annihilators c_v.

    Parameters
    ----------
    hamiltonian : Qobj, Hermitian.
    annihilators : Qobj c_v, one per site, obeying {c_v, c_w^+} = delta_vw and {c_v, c_w} = 0.

    Raises
    ------
    TypeError, ValueError
        if H is not a Hermitian Qobj, the annihilators do not anticommute, or [H, N] != 0.
    """

    _hamiltonian: qutip.Qobj
    _annihilators: tuple[qutip.Qobj, ...]

    def __init__(self, hamiltonian: qutip.Qobj, annihilators: Sequence[qutip.Qobj]) -> None:
        found = tuple(annihilators)
        _check_operators(hamiltonian, found)
        object.__setattr__(self, "_hamiltonian", hamiltonian)
        object.__setattr__(self, "_annihilators", found)
        _check_number_conservation(hamiltonian, self.number)

    @classmethod
    def from_terms(
        cls,
        h: ArrayLike,
        U: Mapping[tuple[int, int], float] | None = None,
        V: Mapping[tuple[int, int, int, int], complex] | None = None,
    ) -> InteractingSystem:
        """Return H of one-body terms h, density-density terms U and two-body terms V.

            H = sum_vw h_vw c_v^+ c_w + sum U_vw n_v n_w + sum V_vwxy c_v^+ c_w^+ c_x c_y

        Parameters
        ----------
        h : (N, N) complex Hermitian, units of energy.
        U : {(v, w): energy of having both v and w occupied}, v != w; each unordered pair once.
        V : {(v, w, x, y): energy}, summed as it stands; with every term give its conjugate,
            V_yxwv = conj(V_vwxy), so that H is Hermitian.

        Raises
        ------
        TypeError, ValueError
            if h is refused as by QuadraticSystem, a pair names no two distinct sites or stands
            twice, or V is not Hermitian.
        """
        matrix = hermitian_matrix(h)
        c = jordan_wigner(len(matrix))
        hamiltonian = quadratic_form(matrix, c)
        for (v, w), energy in _checked_pairs(U or {}, len(matrix)).items():
            hamiltonian += energy * (c[v].dag() * c[v]) * (c[w].dag() * c[w])
        for (v, w, x, y), amplitude in _checked_quadruples(V or {}, len(matrix)).items():
            hamiltonian += complex(amplitude) * c[v].dag() * c[w].dag() * c[x] * c[y]
        return cls(hamiltonian, c)

    @property
    def hamiltonian(self) -> qutip.Qobj:
        """H_S as given."""
        return self._hamiltonian

    @property
    def annihilators(self) -> tuple[qutip.Qobj, ...]:
        """c_v as given."""
        return self._annihilators

    @functools.cached_property
    def energy_scale(self) -> float:
        """Largest |E| of the many-body spectrum, measured from the empty state."""
        spectrum = self.spectrum
        vacuum = spectrum.energies[np.argmin(spectrum.particles)]
        return float(np.max(np.abs(spectrum.energies - vacuum)))

    @functools.cached_property
    def spectrum(self) -> Spectrum:
        """Eigenstates of H_S found sector by sector of N_S."""
        return diagonalise_sectors(self._hamiltonian.full(), self.number.full())


def _checked_pairs(
    U: Mapping[tuple[int, int], float], sites: int
) -> Mapping[tuple[int, int], float]:
    remedy = "Give {(v, w): energy} with each unordered pair of distinct sites once."
    if not isinstance(U, Mapping):
        raise TypeError(f"Argument `U` must be a mapping, but is {U!r}. {remedy}")
    seen: set[frozenset[int]] = set()
    for pair, energy in U.items():
        valid = isinstance(pair, tuple) and len(pair) == 2 and len(set(pair)) == 2
        if not valid or not all(
            isinstance(site, (int, np.integer)) and 0 <= site < sites for site in pair
        ):
            raise ValueError(
                f"Argument `U` must name pairs of distinct sites 0..{sites - 1}, "
                f"but has the key {pair!r}. {remedy}"
            )
        if frozenset(pair) in seen:
            raise ValueError(
                f"Argument `U` must hold each unordered pair once, but {pair!r} stands twice. "
                f"{remedy}"
            )
        seen.add(frozenset(pair))
        real_number(f"U[{pair!r}]", energy, remedy)
    return U


def _checked_quadruples(
    V: Mapping[tuple[int, int, int, int], complex], sites: int
) -> Mapping[tuple[int, int, int, int], complex]:
    remedy = "Give {(v, w, x, y): energy} and {(y, x, w, v): its conjugate}."
    if not isinstance(V, Mapping):
        raise TypeError(f"Argument `V` must be a mapping, but is {V!r}. {remedy}")
    for key, amplitude in V.items():
        if not (isinstance(key, tuple) and len(key) == 4) or not all(
            isinstance(site, (int, np.integer)) and 0 <= site < sites for site in key
        ):
            raise ValueError(
                f"Argument `V` must name four sites 0..{sites - 1} in each key, but has the key "
                f"{key!r}. {remedy}"
            )
        value = complex_array(f"V[{key!r}]", amplitude, remedy)
        mirror = complex(V.get(key[::-1], 0.0))
        if value.shape or abs(mirror.conjugate() - value) > 1e-12 * abs(value):
            raise ValueError(
                f"Argument `V` must be Hermitian, but V[{key!r}] = {amplitude!r} and "
                f"V[{key[::-1]!r}] = {mirror!r}. {remedy}"
            )
    return V


def _check_operators(hamiltonian: object, annihilators: tuple[qutip.Qobj, ...]) -> None:
    remedy = "Take c_v from qutip.fdestroy(N, v) and build H from them."
    if not isinstance(hamiltonian, qutip.Qobj) or not hamiltonian.isoper:
        raise TypeError(
            f"Argument `hamiltonian` must be an operator Qobj, but is {type(hamiltonian).__name__}."
            f" {remedy}"
        )
    if not hamiltonian.isherm:
        raise ValueError(
            f"Argument `hamiltonian` must be Hermitian, but H - H^+ is not zero. {remedy}"
        )
    if not annihilators or not all(
        isinstance(c, qutip.Qobj) and c.dims == hamiltonian.dims for c in annihilators
    ):
        raise ValueError(
            "Argument `annihilators` must hold at least one Qobj, each with the dimensions of "
            f"`hamiltonian`, {hamiltonian.dims}. {remedy}"
        )
    for v, c_v in enumerate(annihilators):
        for w, c_w in enumerate(annihilators[: v + 1]):
            mixed = c_v * c_w.dag() + c_w.dag() * c_v
            if v == w:
                mixed = mixed - qutip.qeye_like(hamiltonian)
            same = c_v * c_w + c_w * c_v
            if max(_largest(mixed), _largest(same)) > 1e-12:
                raise ValueError(
                    f"Argument `annihilators` must anticommute, {{c_v, c_w^+}} = delta_vw, but "
                    f"c_{v} and c_{w} do not. {remedy}"
                )


def _check_number_conservation(hamiltonian: qutip.Qobj, number: qutip.Qobj) -> None:
    violation = _largest(hamiltonian * number - number * hamiltonian)
    if violation > 1e-12 * max(_largest(hamiltonian), np.finfo(float).tiny):
        raise ValueError(
            "Argument `hamiltonian` must conserve the particle number, [H, N] = 0, but the largest "
            f"element of [H, N] is {violation:.3g}. Remove pairing and source terms."
        )


def _largest(operator: qutip.Qobj) -> float:
    return float(abs(operator.to("csr").data_as("csr_matrix")).max())
