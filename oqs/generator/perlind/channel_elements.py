"""Matrix elements of the contacts' channels between all eigenstates, not sorted by frequency."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import ComplexArray, FloatArray, read_only
from oqs.contact.contacts import NEGLIGIBLE, Contact
from oqs.generator.eigenoperators import states_of_contact
from oqs.numerics.clusters import IntArray
from oqs.system.base import System
from oqs.system.fock import annihilator
from oqs.system.interacting import InteractingSystem
from oqs.system.systems import QuadraticSystem


@final
@dataclasses.dataclass(frozen=True, eq=False)
class ChannelElements:
    """Elements <lower|S_a|upper> of one contact's channels, M of them.

    Parameters
    ----------
    lower, upper : (M,) states; the upper one holds one particle more.
    channel : (M,) which channel a; different channels add incoherently.
    amplitude : (M,) complex.
    frequency : (M,) E_upper - E_lower, units of energy.
    gamma : (M,) rate of the contact there.
    """

    lower: IntArray
    upper: IntArray
    channel: IntArray
    amplitude: ComplexArray
    frequency: FloatArray
    gamma: FloatArray

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            read_only(getattr(self, field.name))

    def where(self, chosen: NDArray[np.bool_]) -> ChannelElements:
        """Return the elements that are chosen (M,)."""
        return ChannelElements(
            *(getattr(self, field.name)[chosen] for field in dataclasses.fields(self))
        )

    def jumps(self, filled: FloatArray, empty: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """Return the elements (M,) of L_- and L_+ at the occupations n and 1 - n (M,)."""
        down, up = np.sqrt(self.gamma * empty), np.sqrt(self.gamma * filled)
        return down * self.amplitude, up * self.amplitude.conj()

    @classmethod
    def of(cls, system: System, contact: Contact, index: int) -> ChannelElements:
        """Collect the elements of contact `index`; its rates are checked."""
        t = contact.channels(system.sites)
        if isinstance(system, QuadraticSystem):
            lower, upper, amplitude, channel = _of_modes(system, t)
        elif isinstance(system, InteractingSystem):
            lower, upper, amplitude, channel = states_of_contact(system, t)
        else:
            raise TypeError(f"Argument `system` is of the unknown type {type(system).__name__}.")
        energies = system.spectrum.energies
        frequency = energies[upper] - energies[lower]
        gamma = contact.gamma(frequency, index)
        return cls(lower, upper, channel, amplitude, frequency, gamma)


def _of_modes(
    system: QuadraticSystem, t: ComplexArray
) -> tuple[IntArray, IntArray, ComplexArray, IntArray]:
    """Return lower, upper, amplitude and channel: t modes empties mode k."""
    amplitudes = t @ system.modes
    parts = []
    cut = NEGLIGIBLE * np.linalg.norm(t)
    for channel, k in np.argwhere(np.abs(amplitudes) > cut).tolist():
        emptied = annihilator(k, system.sites).tocoo()
        values = amplitudes[channel, k] * emptied.data
        parts.append((emptied.row, emptied.col, values, np.full(emptied.nnz, channel)))
    if not parts:
        none = np.zeros(0, dtype=np.intp)
        return none, none, np.zeros(0, dtype=np.complex128), none
    lower, upper, amplitude, index = (np.concatenate(column) for column in zip(*parts, strict=True))
    return lower.astype(np.intp), upper.astype(np.intp), amplitude, index
