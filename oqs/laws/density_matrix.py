"""The flow law of a density matrix: stationary flows straight from the generator, Eqs. (2), (3)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, final

from numpy.typing import ArrayLike

from oqs.arguments import FloatArray
from oqs.exports import exported
from oqs.flow_jacobian import FlowJacobian
from oqs.flows import Flows, ScalarFlows, computed_flows
from oqs.generator.model import Model, checked_model
from oqs.laws.gross import gross_flows
from oqs.modes.pair_flows import flat_batch
from oqs.modes.untouched import Untouched, nothing_touched
from oqs.stationary.choice import checked_method
from oqs.stationary.method import StationaryMethod, StationaryProblem
from oqs.summary import Summarised, Summary


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DensityMatrixLaw(Summarised):
    """Stationary flows P_j = tr(D_j[rho] N_S), J_j = tr(D_j[rho] H_S), Y_j = J_j - mu_j P_j.

    Made by `flow_law`. What does not depend on T and mu is prepared once.

    Parameters
    ----------
    model : the model whose flows these are.
    problem : what is solved, without the untouched parts.
    method : the solver.
    untouched : modes and sites that no contact touches, each with the reason. They carry nothing.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> law = oqs.flow_law(model)
    >>> law(T, mu).particle.round(6)
    array([ 0.001276, -0.001276])
    """

    model: Model
    problem: StationaryProblem
    method: StationaryMethod
    untouched: tuple[Untouched, ...]
    batched: ClassVar[bool] = True

    @property
    def fastest_rate(self) -> float | None:
        """The largest rate of a contact at a Bohr frequency, units of energy.

        None where a rate depends on T and mu.
        """
        return None if self.model.varies else self.model.fastest_rate

    @property
    def names(self) -> tuple[str | None, ...] | None:
        """Of the contacts (n,), or None."""
        return self.model.names

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return self.model.reservoirs

    @property
    def frequencies(self) -> FloatArray:
        """Bohr frequencies (K,) at which particles cross, ascending, units of energy."""
        return self.problem.frequencies

    def gross(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the contacts' gross rates (n,) at T, mu (n,): see `oqs.laws.gross.gross_flows`."""
        return gross_flows(self.model, *self.model.arguments(T, mu))

    def __call__(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the stationary flows (..., n) at T, mu of shape (..., n).

        mu of a bosonic reservoir is 0 or NaN; where all are bosonic it may be left out.

        Raises as `stationary_state` does.
        """
        temperature, potential = self.model.arguments(T, mu, batched=True)
        if temperature.ndim == potential.ndim == 1:
            solution = self.problem.solve(temperature, potential)
            return self._completed(solution.particle, solution.energy, potential)
        shape, *flat = flat_batch(temperature, potential)
        particle, energy = self.problem.solve_batch(*flat)
        return self._completed(particle.reshape(shape), energy.reshape(shape), potential)

    def jacobian(self, T: ArrayLike, mu: ArrayLike | None = None) -> FlowJacobian:
        """Return the derivatives (..., n, n) of the flows at T, mu of shape (..., n).

        First-order perturbation of the stationary state, L d rho = -(dL) rho, one solve for each T
        and mu; to rounding of the derivatives of the contacts' gross rates. A rate of (w, T, mu)
        is differentiated too, by its own `slopes(w, T, mu)` or else by differences of the rate.
        Raises as `stationary_state` does, and ValueError where these are not known, as at a kink.
        """
        temperature, potential = self.model.arguments(T, mu, batched=True)
        if temperature.ndim == potential.ndim == 1:
            return self.problem.jacobian(temperature, potential).shaped((), self.names)
        shape, *flat = flat_batch(temperature, potential)
        return self.problem.jacobian_batch(*flat).shaped(shape[:-1], self.names)

    def spectral(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the flows (K, n) through each Bohr frequency.

        Their sum over K is the flow, up to the rounding of the rates that cancel in it.
        """
        temperature, potential = self.model.arguments(T, mu)
        return self._completed(*self.problem.spectral(temperature, potential), potential)

    def _completed(self, particle: FloatArray, energy: FloatArray, mu: FloatArray) -> Flows:
        return computed_flows(particle, energy, energy - mu * particle, self.names)

    def weight_dropped(self, T: ArrayLike, mu: ArrayLike | None = None) -> float:
        """Return the stationary weight of states outside the model's window; 0 without one.

        From the rate equation of the states left out, fed by those that are kept.
        """
        return self.problem.weight_dropped(*self.model.arguments(T, mu))

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows of up to 64 states in scalars, of up to 8 without their checks."""
        return self.problem.scalar_flows()

    def summary(self) -> Summary:
        """Return the model, the solver and what is left out."""
        facts = [*self.model.summary().facts, ("solver", repr(self.method))]
        facts += [("untouched", str(part)) for part in self.untouched]
        return Summary("Flow law by the density matrix", facts)


@exported
def flow_law(model: Model, *, method: StationaryMethod | None = None) -> DensityMatrixLaw:
    """Return the flow law (T, mu) -> Flows of a model, through its density matrix.

    A mode that no contact touches (a dark combination of degenerate ones, too), or a set of sites
    that none touches and no term of H links to the others, carries nothing: `law.untouched` names
    it, and the flows are those of the rest, although no `stationary_state` is unique. Where the
    rest has several stationary states, the flows depend on the initial one, and are refused.

    Parameters
    ----------
    model : made by `davies`.
    method : FullLiouvillian(), ZeroFrequencyBlock(), GaussianState() or Populations(); None takes
        the cheapest that is exact for the model. `law.method` says which.

    Raises
    ------
    NonUniqueStationaryState
        if the flows depend on the initial state, or no contact touches anything.
    TypeError, ValueError
        if the method is no solver or does not apply to the model.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> law = oqs.flow_law(model)
    >>> law.method, law(T, mu).particle.round(6)
    (Populations(), array([ 0.001276, -0.001276]))
    """
    part = checked_model(model).touched
    if part.model is None:
        raise nothing_touched(part.untouched, part.kernel)
    solver = checked_method(part.model, method)
    return DensityMatrixLaw(model, solver.prepare(part.model), solver, part.untouched)
