"""The interface of open systems, and of those made of fermionic sites."""

from __future__ import annotations

import abc
import functools

import numpy as np

from oqs.arguments import FloatArray
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.numerics.clusters import FINEST, RESOLUTION
from oqs.summary import Summarised
from oqs.system.spectrum import Spectrum


@exported
class System(Summarised):
    """A system of finite dimension D with a Hamiltonian H_S.

    Examples
    --------
    >>> isinstance(oqs.anderson_dot(-0.5, 1.0), oqs.System)
    True
    """

    @property
    @abc.abstractmethod
    def hamiltonian(self) -> qutip.Qobj:
        """Hamiltonian H_S."""

    @property
    @abc.abstractmethod
    def number(self) -> qutip.Qobj:
        """Particle number N_S, which H_S conserves."""

    @property
    @abc.abstractmethod
    def sites(self) -> int:
        """Number N of sites, or of factors of the tensor product that the states live in."""

    @property
    @abc.abstractmethod
    def dimension(self) -> int:
        """Number D of many-body states."""

    @property
    @abc.abstractmethod
    def dims(self) -> list[list[int]]:
        """QuTiP dimensions of operators on this system."""

    @property
    @abc.abstractmethod
    def energy_scale(self) -> float:
        """Largest transition energy the Hamiltonian can have."""

    @property
    @abc.abstractmethod
    def largest_energy(self) -> float:
        """Largest |E| of the many-body spectrum, of fermions measured from the empty state."""

    @property
    @abc.abstractmethod
    def spectrum(self) -> Spectrum:
        """Many-body energy eigenbasis, each state with a definite particle number."""

    @functools.cached_property
    def resolution(self) -> float:
        """Default resolution of energies, 1e-12 of `largest_energy`: closer ones count as equal.

        Beside a far level less counts for the near ones, see `widths`.

        The same number for a quadratic Hamiltonian whether it is given as a QuadraticSystem or as
        an InteractingSystem, in whatever basis of the sites.
        """
        return RESOLUTION * self.largest_energy

    @property
    def finest_resolution(self) -> float:
        """1e-14 of the largest many-body energy, of the near levels beside a far one."""
        return float(np.min(self._default_widths)) / round(RESOLUTION / FINEST)

    def widths(self, resolution: float) -> FloatArray:
        """Return how close (D,) each eigenstate may be to others and count as equal in energy.

        That is `resolution`; at the default, `self.resolution`, it is less beside a far level.
        """
        if resolution != self.resolution:
            return np.full(self.dimension, resolution)
        return self._default_widths

    @property
    @abc.abstractmethod
    def _default_widths(self) -> FloatArray:
        """What `widths` are at the default resolution."""


class FermionicSystem(System):
    """N fermionic sites with annihilators c_v and a Hamiltonian H_S with [H_S, N_S] = 0."""

    @property
    @abc.abstractmethod
    def annihilators(self) -> tuple[qutip.Qobj, ...]:
        """Annihilators c_v of the N sites."""

    @functools.cached_property
    def number(self) -> qutip.Qobj:
        """Particle number N_S = sum_v c_v^+ c_v."""
        return sum(c.dag() * c for c in self.annihilators)

    @property
    def dims(self) -> list[list[int]]:
        """QuTiP dimensions of operators on this system."""
        return self.annihilators[0].dims
