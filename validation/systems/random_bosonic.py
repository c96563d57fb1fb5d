"""Random systems with bosonic reservoirs: spins, truncated oscillators, dots with phonons."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import final

import numpy as np
import qutip

import oqs
from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.contact.spectra import Spectrum
from validation.systems.random_systems import SCALES


@final
@dataclasses.dataclass(frozen=True, eq=False)
class BosonicSetting:
    """A system between reservoirs of any kind."""

    name: str
    system: oqs.System
    contacts: tuple[ReservoirContact, ...]
    T: FloatArray
    mu: FloatArray

    @property
    def bosonic(self) -> tuple[oqs.BosonicContact, ...]:
        """Its bosonic contacts."""
        return tuple(c for c in self.contacts if isinstance(c, oqs.BosonicContact))

    @property
    def model(self) -> oqs.DaviesModel:
        """Its Davies model."""
        return oqs.davies(self.system, self.contacts)


def spin_systems(rng: np.random.Generator, count: int) -> Iterator[BosonicSetting]:
    """Yield random Hermitian H of 2 to 6 states, in turn generic, coupled qubits, equal qubits.

    Between 2 or 3 Ohmic baths that feel random operators, at three energy scales, T from 0.2 to 5.
    """
    for index, draw in enumerate(rng.spawn(count)):
        scale, kind = SCALES[index % len(SCALES)], (index // len(SCALES)) % 3
        baths = int(draw.integers(2, 4))
        if kind == 0:
            system = oqs.OperatorSystem(scale * _hermitian(draw, [int(draw.integers(2, 7))]))
        else:
            fields = draw.uniform(0.5, 1.5, 2) if kind == 1 else np.ones(2)
            exchange = draw.uniform(0.05, 0.4) if kind == 1 else 0.0
            system = oqs.exchange_qubits(scale * fields, scale * exchange)
        contacts = tuple(
            oqs.BosonicContact(_spectrum(draw, scale), _hermitian(draw, system.dims[0]))
            for _ in range(baths)
        )
        T = 10 ** draw.uniform(-0.7, 0.7, size=baths) * scale
        yield BosonicSetting(f"spins {index}", system, contacts, T, np.zeros(baths))


def dots_with_phonons(rng: np.random.Generator, count: int) -> Iterator[BosonicSetting]:
    """Yield 2 or 3 sites between two leads and phonons that shake levels and hoppings."""
    for index, draw in enumerate(rng.spawn(count)):
        scale, sites = SCALES[index % len(SCALES)], int(draw.integers(2, 4))
        h = _hermitian(draw, [sites]).full()
        pairs = [(v, w) for v in range(sites) for w in range(v)]
        U = {pair: float(draw.uniform(-0.5, 2.0)) * scale for pair in pairs}
        system = oqs.InteractingSystem.from_terms(h * scale, U)
        leads = [
            oqs.Contact(
                oqs.flat(float(10 ** draw.uniform(-4, -1)) * scale), draw.normal(size=sites)
            )
            for _ in range(2)
        ]
        shaken = _hermitian(draw, [sites]).full()
        phonons = oqs.BosonicContact(_spectrum(draw, scale), shaken)
        T = 10 ** draw.uniform(-0.7, 0.7, size=3) * scale
        mu = np.append(draw.uniform(-0.5, 1.5, size=2) * scale, 0.0)
        yield BosonicSetting(f"dots {index}", system, (*leads, phonons), T, mu)


def _spectrum(draw: np.random.Generator, scale: float) -> Spectrum:
    strength = float(10 ** draw.uniform(-4, -1))
    kind = int(draw.integers(3))
    if kind == 0:
        return oqs.ohmic(strength, cutoff=float(draw.uniform(3, 30)) * scale)
    if kind == 1:
        return oqs.drude_lorentz(strength, float(draw.uniform(1, 10)) * scale)
    return oqs.underdamped(strength, float(draw.uniform(0.5, 3)) * scale, 0.5 * scale)


def _hermitian(draw: np.random.Generator, dims: list[int]) -> qutip.Qobj:
    size = int(np.prod(dims))
    matrix = draw.normal(size=(size, size)) + 1j * draw.normal(size=(size, size))
    return qutip.Qobj((matrix + matrix.conj().T) / 2, dims=[dims, dims])
