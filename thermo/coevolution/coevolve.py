"""The open system and its finite reservoirs evolving together, without the quasi-stationary step.

Beyond the paper, whose Eq. (4) takes the flows of the state that would be stationary at the
momentary T, mu. Here it is the state the system has got to, by Eqs. (2), (9) at T_j(t), mu_j(t).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from oqs.arguments import FloatArray, positive_number
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.generator.model import Model
from oqs.state.states import energy_basis
from oqs.system.spectrum import Spectrum
from thermo.coevolution.cotrajectory import CoTrajectory, tabulate
from thermo.coevolution.joint_flow import JointFlow
from thermo.coevolution.joint_run import JointStoppingMonitor, integrate_jointly
from thermo.evolution.stopping import check_controls
from thermo.gases import CombinedGas, invert
from thermo.gases.base import GasState, JointGas, states
from thermo.numerics.interpolation import single_point
from thermo.progress import ProgressBar
from thermo.reservoirs.equilibrium import common_state
from thermo.reservoirs.linked_law import LinkedLaw
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.reservoirs.single_unknown import common_temperature
from thermo.reservoirs.state import State


@exported
@final
class CoevolutionFailed(RuntimeError):
    """The joint evolution could not be continued.

    Attributes
    ----------
    trajectory : CoTrajectory up to the last good state, outcome "failed".

    Examples
    --------
    >>> import qutip
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.flat(1e-4)
    >>> model = oqs.davies(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=100.0)] * 2
    >>> empty = qutip.basis([2, 2], [0, 0])
    >>> try:
    ...     thermo.coevolve(model, reservoirs, empty, [0.6, 1.0], [20.8, 16.0], max_steps=3)
    ... except thermo.CoevolutionFailed as error:
    ...     print(error.trajectory.outcome)
    failed
    """

    def __init__(self, reason: str, trajectory: CoTrajectory) -> None:
        super().__init__(reason)
        self.trajectory = trajectory


@exported
def coevolve(
    model: Model | LinkedLaw,
    reservoirs: Iterable[Reservoir],
    rho0: qutip.Qobj,
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    t_final: float | None = None,
    rtol: float = 1e-10,
    tolerance: float = 1e-6,
    max_steps: int = 100_000,
    progress: bool | None = None,
) -> CoTrajectory:
    """Return how rho_S and the T_j, mu_j of finite reservoirs change together.

        d rho_S/dt = -i[H_S, rho_S] + sum_j D_j(T_j, mu_j)[rho_S],
        dN_j/dt = -P_j = -tr(D_j[rho_S] N_S),  dE_j/dt = -J_j = -tr(D_j[rho_S] H_S).

    N_S + sum_j N_j and E_S + sum_j E_j are conserved. As the capacities A V grow, T_j and mu_j at
    a given t/(A V) tend to those of `evolve`, the deviation falling as 1/(A V).

    Parameters
    ----------
    model : made by oqs.davies; or `with_links(oqs.flow_law(model), {...})`, of whose law the model
        counts here: then what flows directly between reservoirs is in P_j and J_j.
    reservoirs : n of them, one per contact, and those that links alone join.
    rho0 : Qobj, density matrix or ket at t = 0.
    T, mu : (n,) at t = 0, in units of energy (k_B = 1); mu as for `evolve`.
    t_final : when to stop (hbar = 1); None goes on until system and reservoirs are in equilibrium.
    rtol : tolerance of a step, 1e-11 or more; relative even for populations of 1e-20 as long as
        there are no coherences, with them for matrix elements down to 1e-4.
    tolerance : equilibrium is reached when every |T_j/T_eq - 1|, |mu_j - mu_eq|/max(|mu_eq|, T_eq)
        and matrix element of rho_S - rho_eq is below; at least 1000 rtol. Whether a run is over is
        decided as for `evolve` (`thermo.evolution.stopping`).
    max_steps : the most steps of the solver.
    progress : whether a run of more than a second shows a bar; None does so on a terminal.

    Raises
    ------
    TypeError, ValueError
        before integrating, if an argument is wrong, rho0 is no state of the system, or a gas
        refuses the start.
    CoevolutionFailed
        if a gas is left behind or the solver gives up; with the trajectory so far.

    Notes
    -----
    LSODA in ln T_j, mu_j and those matrix elements of rho_S that it can occupy, its free evolution
    taken out exactly. The Jacobian is analytic, but for links whose derivatives are not known: then
    the columns of T and mu are central differences.

    Valid as the model's generator is, with T and mu that change slowly on the scale of the
    reservoirs' memory, 1/T.

    Examples
    --------
    >>> import qutip
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.flat(1e-4)
    >>> model = oqs.davies(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=100.0)] * 2
    >>> empty = qutip.basis([2, 2], [0, 0])
    >>> path = thermo.coevolve(model, reservoirs, empty, [0.6, 1.0], [20.8, 16.0], t_final=1e5)
    >>> path.outcome, path.T[-1].round(4)
    ('t_final', array([0.5985, 1.0111]))
    >>> print(f"{path.system_number[-1]:.4f} particles in the dots")
    0.3102 particles in the dots
    """
    group = Reservoirs(reservoirs)
    temperature, potential = group.checked(T, mu)
    links = model if isinstance(model, LinkedLaw) else None
    own = _checked_model(model, len(group))
    group = group.named(model)
    rho = energy_basis(own, rho0)
    remedy = "It is a time after t = 0 (hbar = 1); None goes on to equilibrium."
    end = math.inf if t_final is None else positive_number("t_final", t_final, remedy)
    check_controls(
        rtol,
        tolerance,
        max_steps,
        why_least="Below, rounding governs the steps.",
        default_steps=100000,
    )
    joint = JointFlow(own, group, rho, temperature, links)
    y = joint.pack(rho, temperature, potential)
    goal = _goal(joint, y) if t_final is None else None
    with ProgressBar("evolving system and reservoirs", progress) as bar:
        monitor = JointStoppingMonitor(joint, goal, tolerance, end, bar)
        verdict = monitor.begin(y)
        if verdict is not None:
            return tabulate(joint, single_point(y), verdict, goal)
        run = integrate_jointly(joint, y, end, rtol, max_steps, monitor)
    path = tabulate(joint, run.solution, run.outcome, goal)
    if run.outcome == "failed":
        raise CoevolutionFailed(run.reason, path) from run.cause
    return path


def _goal(joint: JointFlow, y: FloatArray) -> State | None:
    """Return T_eq, mu_eq of Eq. (6) with the system counted among the reservoirs.

    Those of the fixed reservoirs, if there are any; None where they differ.
    """
    group = joint.reservoirs
    T, mu = joint.reservoir_part(y)
    if group.fixed.any():
        common = common_state(group, T, mu)
        return None if np.isnan(common.T) else common
    gas = group.state(T, mu)
    system_number, system_energy = (float(total[0]) for total in joint.system_totals(y[None]))
    system = SystemGas(joint.model.system.spectrum)
    own = group.has_potential
    total = system_energy + math.fsum(gas.energy)
    try:
        if not own.any():
            return _common_heat(system, group, np.array(total), T)
        weights = group.capacities[own] / group.capacities[own].sum()
        state = invert(
            CombinedGas((*group.parts, (system, 1.0))),
            system_number + math.fsum(gas.number),
            total,
            guess=(float(weights @ T[own]), float(weights @ mu[own])),
        )
    except ValueError as error:
        raise ValueError(
            "Arguments `T`, `mu` and `rho0` must lead to an equilibrium within the validity of "
            f"every gas, but do not: {error} Give `t_final` to stop before."
        ) from error
    return State(*state)


def _common_heat(system: SystemGas, group: Reservoirs, E: FloatArray, T: FloatArray) -> State:
    """Return T_eq of system and reservoirs that exchange energy alone; mu_eq is NaN."""
    if system.spectrum.particles.any():
        raise ValueError(
            "no reservoir exchanges particles with a system that holds some, which it then keeps."
        )
    parts = CombinedGas((*group.parts, (system, 1.0)))
    temperature = common_temperature(parts, E, T.min(), T.max())
    return State(temperature, np.full_like(temperature, np.nan))


def _checked_model(given: object, reservoirs: int) -> Model:
    """Return the model, of the law where links are given; raise if it is none or does not fit."""
    model = given.model if isinstance(given, LinkedLaw) else given
    if not isinstance(model, Model):
        kind = "links without a model" if isinstance(given, LinkedLaw) else type(given).__name__
        raise TypeError(
            f"Argument `model` must be an oqs.Model, but is {kind}. Make one with oqs.davies("
            "system, contacts), with links thermo.with_links(oqs.flow_law(model), {...}); another "
            "flow law goes to thermo.evolve."
        )
    wanted, what = model.reservoirs, "contacts of `model`"
    if isinstance(given, LinkedLaw):
        wanted, what = len(given.names), "reservoirs of links and contacts"
    if wanted != reservoirs:
        raise ValueError(
            f"Argument `reservoirs` must have one entry for each of the {wanted} {what}, but has "
            f"{reservoirs}. Give as many."
        )
    return model


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SystemGas(JointGas):
    """N, E, S of a few interacting levels in the Gibbs state exp[(mu N_S - H_S)/T]/Z, Eq. (14).

    A `thermo.EquationOfState`. What a system holds counts in the equilibrium it reaches with
    reservoirs that are hardly larger: `coevolve` keeps the totals of both together.
    """

    spectrum: Spectrum  # D energies and particle numbers, `system.spectrum`

    def state(self, T: ArrayLike, mu: ArrayLike) -> GasState:
        """Return N, E, S and the Jacobian together: means and fluctuations of the Gibbs state.

        With A = H_S - mu N_S: dX/dT = cov(X, A)/T^2 and dX/dmu = cov(X, N_S)/T.
        """
        temperature, potential, _ = states(T, mu)
        temperature, potential = temperature[..., None], potential[..., None]
        particles, energies = self.spectrum.particles, self.spectrum.energies
        above = energies - potential * particles  # (..., D)
        logarithm = -above / temperature
        logarithm = logarithm - logsumexp(logarithm, axis=-1, keepdims=True)
        p = np.exp(logarithm)
        number, energy = p @ particles, p @ energies
        spread = [particles - number[..., None], energies - energy[..., None]]
        shift = above - np.sum(p * above, axis=-1, keepdims=True)
        rows = [
            [
                np.sum(p * x * shift, axis=-1) / temperature[..., 0] ** 2,
                np.sum(p * x * spread[0], axis=-1) / temperature[..., 0],
            ]
            for x in spread
        ]
        jacobian = np.moveaxis(np.array(rows), (0, 1), (-2, -1))
        return GasState(number, energy, -np.sum(p * logarithm, axis=-1), jacobian)

    def check(self, T: ArrayLike, mu: ArrayLike) -> None:
        """Raise ValueError unless T > 0 and both are finite: every such state is valid."""
        states(T, mu)
