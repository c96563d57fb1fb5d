"""The interface of contacts: a strength at a Bohr frequency, and the rates down and up of it."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Self, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array, real_array, temperatures_and_potentials
from oqs.summary import Summarised

Thermal = float | FloatArray
"""T or mu of one reservoir, or (b,) of them."""


@final
class ThermalState(NamedTuple):
    """Temperature and chemical potential of one reservoir, units of energy."""

    T: float
    mu: float


class ReservoirContact(Summarised):
    """A contact to one reservoir: `Contact` exchanges particles, `BosonicContact` energy alone."""

    name: str | None
    band: tuple[float, float] | None
    fermionic: ClassVar[bool]  # whether a jump moves a particle; otherwise it moves energy alone

    @property
    @abc.abstractmethod
    def varies(self) -> bool:
        """Whether the rate itself depends on the reservoir's T and mu."""

    @abc.abstractmethod
    def gamma(
        self, frequencies: FloatArray, index: int | None = None, at: ThermalState | None = None
    ) -> FloatArray:
        """Return the strength (K,) at these frequencies, of a rate that varies at T, mu `at`.

        Raises TypeError or ValueError if it is not real, finite and >= 0 there, naming the contact
        (`index`), or if the rate varies and no T, mu are given.
        """

    @abc.abstractmethod
    def split(
        self, gamma: FloatArray, frequencies: FloatArray, T: Thermal, mu: Thermal
    ) -> tuple[FloatArray, FloatArray]:
        """Return the rates (K,) of S(w), which lowers the system's energy by w, and of S(w)^+.

        Or (K, b) of gamma (K, 1) or (K, b) and frequencies (K, 1) at T, mu (b,).
        """

    @abc.abstractmethod
    def slopes(
        self, gamma: FloatArray, frequencies: FloatArray, T: Thermal, mu: Thermal
    ) -> FloatArray:
        """Return the derivatives (2, 2, K), by T and mu, of the rates of S(w) and of S(w)^+.

        Or (2, 2, K, b), as `split`.
        """

    @abc.abstractmethod
    def gamma_slopes(
        self, frequencies: FloatArray, index: int | None, at: ThermalState
    ) -> FloatArray:
        """Return the derivatives (2, K), by T and mu, of a rate that varies; see `gamma`.

        By the rate's own `slopes(w, T, mu)`, else by differences of the rate.

        Raises
        ------
        ValueError
            if they are not known to 1e-6 of rate/T, as at a kink, and as `gamma` does.
        """

    @abc.abstractmethod
    def at(self, T: float, mu: float) -> Self:
        """Return this contact with its rate as it is at one T, mu."""

    @abc.abstractmethod
    def strength_and_channels(self, sites: int) -> tuple[str, str]:
        """Return for a table how strong it is, and through how many channels."""

    def label(self, index: int | None = None) -> str:
        """Return how messages call this contact."""
        if self.name is not None:
            return f"contact {self.name!r}"
        return "a contact" if index is None else f"contact {index}"


def checked_band(band: object, remedy: str, least: float = -np.inf) -> tuple[float, float]:
    """Return both edges of a band, or raise TypeError or ValueError unless they ascend."""
    edges = real_array("band", band, remedy)  # type: ignore[arg-type]
    if edges.shape != (2,) or not least <= edges[0] < edges[1]:
        need = "two ascending energies"
        if least == 0:
            need = "two energies that ascend from >= 0"
        raise ValueError(f"Argument `band` must be {need}, but is {band!r}. {remedy}")
    return float(edges[0]), float(edges[1])


def check_name(name: object) -> None:
    """Raise TypeError unless the name of a contact is text or None."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"Argument `name` must be text, but is {name!r}. Omit it for none.")


def thermal_arguments(
    contacts: Sequence[ReservoirContact],
    T: ArrayLike,
    mu: ArrayLike | None,
    *,
    batched: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Return T and mu (n,), or (..., n) if `batched`, of these contacts' reservoirs.

    A bosonic reservoir has no chemical potential: its mu is 0 or NaN, and 0 in what is returned.
    mu is None where all are bosonic.

    Raises TypeError or ValueError as `temperatures_and_potentials`, and for another mu of a bosonic
    reservoir.
    """
    if False not in [contact.fermionic for contact in contacts]:
        return temperatures_and_potentials(T, _given(mu), len(contacts), batched=batched)
    bosonic = np.array([not contact.fermionic for contact in contacts])
    if mu is None and bosonic.all():
        zeros: ArrayLike = np.zeros(len(contacts))
        return temperatures_and_potentials(T, zeros, len(contacts), batched=batched)
    potential = float_array("mu", _given(mu), "Give one chemical potential per contact.")
    if potential.shape[-1:] == bosonic.shape:
        wrong = bosonic & (potential != 0) & ~np.isnan(potential)
        if wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            j = where[-1]
            raise ValueError(
                f"Argument `mu` must be 0 or NaN for the bosonic {contacts[j].label(j)}, which has "
                f"no chemical potential, but is {float(potential[where])!r}. Give 0 there."
            )
        potential = np.where(bosonic, 0.0, potential)
    return temperatures_and_potentials(T, potential, len(contacts), batched=batched)


def _given(mu: ArrayLike | None) -> ArrayLike:
    if mu is None:
        raise TypeError(
            "Argument `mu` must be given, as some reservoirs exchange particles, but is None. Give "
            "one chemical potential per contact, 0 for a bosonic one."
        )
    return mu
