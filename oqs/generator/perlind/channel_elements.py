"""Matrix elements of the contacts' channels between all eigenstates, not sorted by frequency."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.base import ReservoirContact, Thermal, ThermalState
from oqs.contact.contacts import Contact
from oqs.generator.eigenoperators import Decomposition, occupations_emptied, states_of_contact
from oqs.numerics.clusters import IntArray
from oqs.numerics.occupation import bose, filled_and_empty
from oqs.system.base import System
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem

_ARRAYS = ("lower", "upper", "channel", "amplitude", "frequency", "gamma")


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ChannelElements:
    """Elements <lower|S_a|upper> of one contact's channels, M of them."""

    # lower, upper: (M,) states; the upper one holds one particle more. Of a bosonic contact all
    # elements of its Hermitian S, each from `upper` to `lower`, which may lie higher.
    lower: IntArray
    upper: IntArray
    channel: IntArray  # (M,) which channel a; different channels add incoherently
    amplitude: ComplexArray  # (M,) complex
    frequency: FloatArray  # (M,) E_upper - E_lower, units of energy
    # (M,) rate of the contact there; where it depends on T and mu, one that is no more than an
    # example
    gamma: FloatArray
    # contact, index: whose they are
    contact: ReservoirContact
    index: int

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            read_only(getattr(self, name))

    @property
    def directions(self) -> tuple[tuple[IntArray, IntArray], ...]:
        """Source and target (M,) of each jump operator: down and up, or S(w) of all w at once."""
        down = (self.upper, self.lower)
        return (down, (self.lower, self.upper)) if self.contact.fermionic else (down,)

    def where(self, chosen: NDArray[np.bool_]) -> ChannelElements:
        """Return the elements that are chosen (M,)."""
        kept = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        return ChannelElements(**kept, contact=self.contact, index=self.index)

    def jumps(self, T: Thermal, mu: Thermal) -> tuple[ComplexArray, ...]:
        """Return the elements (M,) of each jump operator at T, mu; (M, b) of T, mu (b,).

        L_- and L_+; of a bosonic contact the one operator
        sum_w sqrt(J(w) (1 + n_B(w))) S(w), J(-w) (1 + n_B(-w)) = J(w) n_B(w).
        """
        amplitude = self.amplitude if np.ndim(T) == 0 else self.amplitude[:, None]
        down, up = (np.sqrt(rate) for rate in self._rates(T, mu))
        if self.contact.fermionic:
            return down * amplitude, up * amplitude.conj()
        return (self._one_way(down, up, np.hypot(down, up)) * amplitude,)

    def jump_slopes(self, T: float, mu: float) -> tuple[tuple[ComplexArray, ...], ...]:
        """Return the derivatives (M,) of `jumps`, by T and by mu: d sqrt(r) = sqrt(r) d ln(r)/2."""
        jumps = self.jumps(T, mu)
        if not self.contact.varies:
            return self._thermal_slopes(jumps, T, mu)
        w, at = np.abs(self.frequency), ThermalState(float(T), float(mu))
        w = self.frequency if self.contact.fermionic else w
        gamma = self.contact.gamma(w, self.index, at)
        change = self.contact.gamma_slopes(w, self.index, at) / np.where(gamma > 0, 2 * gamma, 1.0)
        change[:, gamma == 0] = 0.0  # a rate >= 0 that is smooth has its least value there
        return tuple(
            tuple(d + jump * own for d, jump in zip(fixed, jumps, strict=True))
            for fixed, own in zip(self._thermal_slopes(jumps, T, mu), change, strict=True)
        )

    def _thermal_slopes(
        self, jumps: tuple[ComplexArray, ...], T: float, mu: float
    ) -> tuple[tuple[ComplexArray, ...], ...]:
        """Return the derivatives of `jumps` at constant gamma."""
        still = self.frequency == 0
        if self.contact.fermionic:
            x = (self.frequency - mu) / T
            filled, empty = filled_and_empty(x)
            changes = [(filled * dx / 2, -empty * dx / 2) for dx in (-x / T, -1 / T)]
            return tuple(
                tuple(jump * d for jump, d in zip(jumps, change, strict=True)) for change in changes
            )
        x = np.where(still, 1.0, np.abs(self.frequency)) / T
        absorbed, emitted = bose(x)
        of_T = self._one_way(absorbed * x, emitted * x, np.ones(len(x))) / (2 * T)
        return (jumps[0] * of_T,), (np.zeros(len(x), dtype=np.complex128),)

    def _rates(self, T: Thermal, mu: Thermal) -> tuple[FloatArray, FloatArray]:
        """Return the rates of S(|w|) and of its adjoint (M,), or (M, b)."""
        w = self.frequency if self.contact.fermionic else np.abs(self.frequency)
        gamma = self.gamma
        if self.contact.varies:
            gamma = self.contact.gamma(w, self.index, ThermalState(float(T), float(mu)))
        if np.ndim(T) > 0:
            gamma, w = gamma[:, None], w[:, None]
        return self.contact.split(gamma, w, T, mu)

    def _one_way(self, down: FloatArray, up: FloatArray, still: FloatArray) -> FloatArray:
        w = self.frequency if down.ndim == 1 else self.frequency[:, None]
        return np.where(w > 0, down, np.where(w < 0, up, still))

    @classmethod
    def of(cls, system: System, contact: Contact, index: int) -> ChannelElements:
        """Collect the elements of contact `index`; its rates are checked."""
        t = contact.channels(system.sites)
        if isinstance(system, QuadraticSystem):
            lower, upper, amplitude, channel = occupations_emptied(system.sites, t @ system.modes)
        elif isinstance(system, InteractingSystem):
            lower, upper, amplitude, channel = states_of_contact(system, t)
        else:
            raise TypeError(
                "Argument `system` must be a QuadraticSystem, InteractingSystem or OperatorSystem, "
                f"but is {type(system).__name__}. Make one of your Hamiltonian."
            )
        energies = system.spectrum.energies
        frequency = energies[upper] - energies[lower]
        gamma = _example(contact, frequency, index)
        return cls(lower, upper, channel, amplitude, frequency, gamma, contact, index)

    @classmethod
    def of_bosons(
        cls, decomposition: Decomposition, contact: ReservoirContact, index: int
    ) -> ChannelElements:
        """Collect the elements of a bosonic contact from its eigen-operators S(w), w >= 0."""
        e = decomposition.elements[index]
        w = decomposition.frequencies[e.kappa]
        back = w > 0  # between states of one level both orders are there
        lower, upper = (
            np.concatenate([e.lower, e.upper[back]]),
            np.concatenate([e.upper, e.lower[back]]),
        )
        return cls(
            lower,
            upper,
            np.concatenate([e.channel, e.channel[back]]),
            np.concatenate([e.amplitude, e.amplitude[back].conj()]),
            np.concatenate([w, -w[back]]),
            _example(contact, np.concatenate([w, w[back]]), index),
            contact,
            index,
        )


def _example(contact: ReservoirContact, frequency: FloatArray, index: int) -> FloatArray:
    """Return gamma (M,), checked; ones where it depends on T and mu."""
    if contact.varies:
        return np.ones(frequency.shape)
    return contact.gamma(frequency, index)
