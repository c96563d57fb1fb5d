"""The error of the secular approximation: flows of Davies against those of PERLind."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import FloatArray
from oqs.contact.together import fixed_fermionic
from oqs.errors import NonUniqueStationaryState, StationaryStateNotFound
from oqs.flows import KINDS, Flows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import PerlindModel, perlind
from oqs.laws.density_matrix import flow_law
from oqs.laws.gross import relative_deviations
from oqs.stationary.conserved.problem import BlockProblem
from oqs.stationary.method import TOLERANCE, StationaryProblem
from oqs.system.systems import QuadraticSystem
from oqs.validity.secular import worst_mixing
from oqs.validity.verdict import Assumption, Verdict

_QUICK = 5e4  # matrix elements between equal quantum numbers that take a fraction of a second
_DENSE, _FEW_BOSONIC = 2000, 400  # the same of bosonic contacts: one dense matrix, and a quick one
_COUNTS = 0.1  # share of PERLind's flows at equal T and mu in a deviation from which on they count
_TOLD = 1e-2  # precision of flows in a deviation
_SHIFTED = 2**6  # states up to which the shifts of interacting ones take a fraction of a second
_LONG, _FEW = 2**8, 4  # states and channels up to which they take a second


def secular(
    model: DaviesModel,
    rates: FloatArray | None,
    davies: Flows | None,
    T: FloatArray,
    mu: FloatArray,
    gross: Flows,
    *,
    long: bool,
) -> Assumption:
    """Return the row "secular" of an audit: the largest deviation of Davies from PERLind.

    PERLind keeps all coherences that Davies drops, at an error of the order of the line widths over
    T, which other rows measure. Where it does not apply, or takes `long` and that is not wanted,
    the ratio of `worst_mixing` stands for the deviation, which is of the order of its square. Flows
    that PERLind has at equal T and mu are its own error, and are no deviation.
    """
    mixing, lower, upper = worst_mixing(model, rates)
    remedy = (
        "use oqs.perlind, count these levels as one, oqs.davies(..., resolution=...), or use "
        "oqs.landauer or oqs.heom_law"
    )
    if mixing == 0:
        measure = "no contact mixes levels that the model keeps apart"
        return Assumption("secular", 0.0, Verdict.SOUND, measure, remedy)
    pair = f"mixing of energies {lower:.6g} and {upper:.6g} by their rates over their distance"
    wanted = long or quick(model)
    deviations = _deviations(model, davies, T, mu, gross, long) if davies and wanted else None
    if deviations is None:
        return Assumption("secular", mixing, Verdict.of(mixing), pair, remedy)
    listed = ", ".join(f"{kind} {value:.2g}" for kind, value in deviations.items())
    ratio = max(deviations.values())
    measure = f"deviation from oqs.perlind: {listed}; {pair}: {mixing:.2g}"
    return Assumption("secular", ratio, Verdict.of(ratio), measure, remedy)


def quick(model: Model) -> bool:
    """Return whether PERLind of this system takes a fraction of a second."""
    if isinstance(model.system, QuadraticSystem):
        return True
    return _elements(model) <= (_QUICK if fixed_fermionic(model.contacts) else _FEW_BOSONIC)


def _elements(model: Model) -> float:
    """Return the number of matrix elements between states of equal quantum numbers."""
    sizes = np.bincount(model.secular.sector).astype(np.float64)
    return float(np.sum(sizes**2))


def _deviations(
    model: DaviesModel, davies: Flows, T: FloatArray, mu: FloatArray, gross: Flows, long: bool
) -> dict[str, float] | None:
    """Return the deviation of each kind of flow; None where PERLind has no answer."""
    if not fixed_fermionic(model.contacts) and _elements(model) > _DENSE:
        return None
    try:
        law, coherent = _coherent(model, T, mu, _precision(davies, gross), long)
    except (NonUniqueStationaryState, StationaryStateNotFound):
        return None  # then the row says that it is the mixing
    deviations = relative_deviations(davies, coherent, T, gross)
    if Verdict.of(max(deviations.values())) is Verdict.SOUND:
        return deviations
    return _without_the_price(law, davies, coherent, (T, mu), gross, deviations)


def _without_the_price(
    law: _EstimatedLaw,
    davies: Flows,
    coherent: Flows,
    at: tuple[FloatArray, FloatArray],
    gross: Flows,
    deviations: dict[str, float],
) -> dict[str, float]:
    """Return the deviations but for flows that PERLind has at equal T and mu, where these count.

    Those flows break the second law and are PERLind's error, not that of Davies, which has none
    there. Close to equilibrium they are most of what both differ by.
    """
    T, mu = at
    fermionic = ~law.model.bosonic
    middle = float(np.mean(mu[fermionic])) if fermionic.any() else 0.0
    try:
        rest = law(np.full_like(T, np.mean(T)), np.where(fermionic, middle, 0.0))
    except StationaryStateNotFound:
        return deviations  # as they are, which is no less
    response = Flows.of(coherent.particle - rest.particle, coherent.energy - rest.energy, mu)
    beyond = relative_deviations(davies, response, T, gross)
    counts = any(
        np.max(np.abs(getattr(rest, kind)))
        > _COUNTS * np.max(np.abs(getattr(davies, kind) - getattr(coherent, kind)))
        for kind in KINDS
    )
    return beyond if counts else deviations


@final
@dataclasses.dataclass(frozen=True, eq=False)
class _EstimatedLaw:
    """Flows by a density matrix that is iterated, where it is, to a precision only."""

    model: Model
    problem: StationaryProblem
    precision: float

    def __call__(self, T: FloatArray, mu: FloatArray) -> Flows:
        """Return the flows (n,) at T, mu (n,)."""
        if isinstance(self.problem, BlockProblem):
            solution = self.problem.estimated(T, mu, self.precision)
        else:
            solution = self.problem.solve(T, mu)
        return Flows.of(solution.particle, solution.energy, mu)


def _precision(davies: Flows, gross: Flows) -> float:
    """Return the precision of a state that tells deviations to about a thousandth of the flows."""
    parts = [
        float(np.max(np.abs(getattr(davies, kind))) / np.max(getattr(gross, kind)))
        for kind in KINDS
        if np.max(getattr(gross, kind)) > 0
    ]
    return max(TOLERANCE, _TOLD * min(parts, default=0.0))


def _coherent(
    model: DaviesModel, T: FloatArray, mu: FloatArray, precision: float, long: bool
) -> tuple[_EstimatedLaw, Flows]:
    """Return PERLind's law and flows; where shifts are known with these, which part close levels.

    With interactions each of many frequencies has its own: only for small systems.
    """
    plain = not model.shifted and model.resolution == model.system.resolution
    for shifted in (True, False) if _shifts_affordable(model, long) else (False,):
        try:
            if plain:
                coherent = PerlindModel.beside(model, shifted=shifted)
            else:
                coherent = perlind(model.system, model.contacts, lamb_shift=shifted)
            law = _EstimatedLaw(coherent, flow_law(coherent).problem, precision)
            return law, law(T, mu)
        except NonUniqueStationaryState:
            raise
        except ValueError:  # of a contact without the band that its shift needs
            if not shifted:
                raise
    raise AssertionError("one of both returned or raised")


def _shifts_affordable(model: DaviesModel, long: bool) -> bool:
    if not fixed_fermionic(model.contacts):
        return False
    if isinstance(model.system, QuadraticSystem) or model.system.dimension <= _SHIFTED:
        return True
    channels = sum(len(contact.channels(model.system.sites)) for contact in model.leads)
    return long and model.system.dimension <= _LONG and channels <= _FEW
