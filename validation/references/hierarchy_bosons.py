"""Flows of bosonic reservoirs by QuTiP's hierarchy of equations of motion, at any coupling.

The first-level auxiliary states of a bath say what leaves it: d<H_S>/dt by bath j is
-i tr(H_S [S_j, sum of its first-level states]). QuTiP's J is half of ours: Fermi's rule gives
2 J (1 + n) there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import qutip
from qutip.core.environment import DrudeLorentzEnvironment, UnderDampedEnvironment
from qutip.solver.heom import HEOMSolver

from oqs.arguments import FloatArray
from oqs.contact.spectra import DrudeLorentz, Underdamped

_TERMS = 6  # of a correlation function beside its poles: flows to 1e-4, measured
_DEPTH = 2  # of the hierarchy, enough for rates of a hundredth of the temperatures


def stationary_flows(
    H: qutip.Qobj, operator: qutip.Qobj, baths: Sequence[tuple[DrudeLorentz | Underdamped, float]]
) -> FloatArray:
    """Return the energy (n,) that each bath loses, baths (spectrum, T) that feel one operator."""
    made = [_exponents(spectrum, T) for spectrum, T in baths]
    solver = HEOMSolver(H, [(each, operator) for each in made], max_depth=_DEPTH)
    _, states = solver.steady_state()
    ends = np.cumsum([0, *(len(each.exponents) for each in made)])
    flows = []
    for first, last in itertools.pairwise(ends.tolist()):
        own = [label for label in states.filter(level=1) if first <= label.index(1) < last]
        change = sum(-1j * qutip.commutator(operator, states.extract(label)) for label in own)
        flows.append(float((H * change).tr().real))
    return np.array(flows)


def _exponents(spectrum: DrudeLorentz | Underdamped, T: float) -> Any:
    """Return the correlation function as a sum of exponentials."""
    if isinstance(spectrum, DrudeLorentz):
        reorganisation = spectrum.strength * spectrum.cutoff / 4
        bath = DrudeLorentzEnvironment(T, reorganisation, spectrum.cutoff)
        return bath.approximate("pade", Nk=_TERMS)
    coupling = math.sqrt(spectrum.strength * spectrum.center**3 / 2)
    mode = UnderDampedEnvironment(T, coupling, spectrum.width, spectrum.center)
    return mode.approximate("matsubara", Nk=_TERMS)
