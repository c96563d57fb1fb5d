"""Tasks: spin chains between two Ohmic baths.

qthermo stands beside in the same run where it is installed (`pip install qthermo`); nothing else
needs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable

import numpy as np
import qutip
from timing import Task, Timing, best

import oqs

T = [1.0, 2.0]
SLOPES = 0.01, 0.03
_PEER = 4  # qubits up to which QuTiP's tensor takes seconds
_QTHERMO = 6  # and qthermo's jump operators


def chain(sites: int) -> tuple[oqs.OperatorSystem, list[qutip.Qobj]]:
    """Return a Heisenberg chain in generic fields and sigma_x of its two ends."""
    rng = np.random.default_rng(sites)
    system = oqs.heisenberg_qubits(
        rng.uniform(1.0, 3.0, sites), 0.4, anisotropy=0.7, transverse=rng.uniform(0.2, 0.6, sites)
    )
    return system, [oqs.on_factor(system, k, qutip.sigmax()) for k in (0, sites - 1)]


def model(sites: int) -> oqs.DaviesModel:
    """Return its Davies model."""
    system, ends = chain(sites)
    baths = [oqs.BosonicContact(oqs.ohmic(s), x) for s, x in zip(SLOPES, ends, strict=True)]
    return oqs.davies(system, baths)


def whole(sites: int) -> Timing:
    """Build and solve, beside QuTiP's Bloch-Redfield tensor, secular, and its steady state."""
    system, ends = chain(sites)
    H = system.hamiltonian
    baths = [oqs.BosonicContact(oqs.ohmic(s), x) for s, x in zip(SLOPES, ends, strict=True)]

    def ours() -> oqs.Flows:
        return oqs.flow_law(oqs.davies(oqs.OperatorSystem(H), baths))(T)

    if sites > _PEER:
        return Timing(best(ours))
    couplings = [
        [x, thermal(slope, temperature)]
        for x, slope, temperature in zip(ends, SLOPES, T, strict=True)
    ]

    def peer() -> qutip.Qobj:
        tensor = qutip.bloch_redfield_tensor(H, couplings, sec_cutoff=1e-9, fock_basis=True)
        return qutip.steadystate(tensor)

    found = oqs.stationary_state(model(sites), T)
    if not np.allclose(found.full(), peer().full(), rtol=0, atol=1e-8):
        raise AssertionError("the stationary states differ")
    return Timing(best(ours), best(peer))


def thermal(slope: float, temperature: float) -> Callable[[float], float]:
    """Return w -> J (1 + n) at w > 0, J n at w < 0, T J'(0) at 0; QuTiP passes what w is called."""

    def spectrum(w: float) -> float:
        if w == 0:
            return slope * temperature
        return slope * w / -math.expm1(-w / temperature)

    return spectrum


def with_qthermo(sites: int) -> Timing:
    """Build and solve, beside qthermo's Davies baths and heat currents, where it is installed."""
    system, ends = chain(sites)
    H = system.hamiltonian
    baths = [oqs.BosonicContact(oqs.ohmic(s), x) for s, x in zip(SLOPES, ends, strict=True)]

    def ours() -> oqs.Flows:
        return oqs.flow_law(oqs.davies(oqs.OperatorSystem(H), baths))(T)

    if importlib.util.find_spec("qthermo") is None or sites > _QTHERMO:
        return Timing(best(ours))
    qthermo = importlib.import_module("qthermo")
    matrix, operators = H.full(), [x.full() for x in ends]

    def peer() -> list[float]:
        made = [
            qthermo.davies_bath(matrix, x, t, spectrum=qthermo.ohmic_spectrum(slope), name=f"{k}")
            for k, (x, t, slope) in enumerate(zip(operators, T, SLOPES, strict=True))
        ]
        currents: dict[str, float] = qthermo.analyze(matrix, made).currents
        return list(currents.values())

    found = ours().energy
    if not np.allclose(found, peer(), rtol=1e-8, atol=1e-8 * np.abs(found).max()):
        raise AssertionError("the heat currents differ")
    return Timing(best(ours), best(peer))


def again(sites: int) -> Timing:
    """Flows at new T, beside building and solving."""
    law = oqs.flow_law(model(sites))
    return Timing(best(lambda: law(T)), best(lambda: oqs.flow_law(model(sites))(T)))


TASKS = {
    "spins": Task(
        "spin chain, build and solve", (2, 4, 6, 8, 10), whole, "qutip.bloch_redfield_tensor", 3
    ),
    "spins beside qthermo": Task(
        "spin chain, build and solve", (2, 4, 6), with_qthermo, "qthermo.analyze", 2
    ),
    "spins again": Task("spin chain, new T", (2, 4, 6, 8, 10), again, "build and solve", 3),
}
