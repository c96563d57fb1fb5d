"""An open system between reservoirs of given T and mu; the initial ones of the five figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import final

import numpy as np
import qutip

import oqs
from oqs.arguments import ComplexArray, FloatArray
from validation.systems.cases import CASES


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """An open system between reservoirs of given temperatures and chemical potentials."""

    name: str  # what messages call it
    system: oqs.System  # any System
    contacts: tuple[oqs.Contact, ...]  # n of them
    T: FloatArray  # (n,) units of energy
    mu: FloatArray  # (n,) units of energy

    @property
    def quadratic(self) -> oqs.QuadraticSystem:
        """The system, where it must be quadratic; TypeError if it is not."""
        if not isinstance(self.system, oqs.QuadraticSystem):
            raise TypeError(f"{self.name} must be quadratic, but is {self.system!r}.")
        return self.system

    @property
    def model(self) -> oqs.DaviesModel:
        """Its Davies model."""
        return oqs.davies(self.system, self.contacts)

    @property
    def levels(self) -> FloatArray:
        """Mode energies w_k (N,), ascending, degenerate ones repeated, by a separate call."""
        return np.linalg.eigvalsh(self.quadratic.h).astype(np.float64)

    @property
    def hamiltonian(self) -> ComplexArray:
        """H_S (2^N, 2^N)."""
        return self.system.hamiltonian.full()

    @property
    def number(self) -> ComplexArray:
        """N_S (2^N, 2^N)."""
        return self.system.number.full()

    def qobj(self, matrix: ComplexArray) -> qutip.Qobj:
        """Return a matrix (2^N, 2^N) as an operator on the system."""
        return qutip.Qobj(matrix, dims=self.system.dims)

    def rates(self, frequencies: FloatArray) -> FloatArray:
        """Return gamma_j(w_k) (n, N), straight from the contacts' laws."""
        return np.array([np.asarray(contact.rate(frequencies)) for contact in self.contacts])


def published() -> Iterator[Setting]:
    """Yield the initial states of the paper's five figures."""
    for case in CASES:
        yield Setting(case.name, case.system(), case.contacts(), case.T, case.mu)
