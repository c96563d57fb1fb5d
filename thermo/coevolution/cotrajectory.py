"""The joint evolution of the open system and its reservoirs as data."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only, real_number
from oqs.datasets import dataset
from oqs.deferred import qutip, xr
from oqs.exports import exported
from oqs.flows import KINDS, Flows
from oqs.summary import Summarised, Summary, counted, few_digits, table_rows
from thermo.coevolution.joint_entropy import entropy_productions, system_entropies
from thermo.coevolution.joint_flow import JointFlow
from thermo.evolution.trajectory import Conservation, Outcome
from thermo.gases import GasState
from thermo.numerics.interpolation import PiecewisePolynomial
from thermo.reservoirs.state import State

_NODES = 5  # of the quadrature along a step


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class CoTrajectory(Summarised):
    """rho_S(t) and n reservoirs from t = 0 to where the run ended, at the solver's own m steps.

    Made by `coevolve`. Arrays are read-only.

    Parameters
    ----------
    t : (m,) times, t[0] = 0, ascending (hbar = 1).
    T, mu : (m, n) in units of energy (k_B = 1); mu is NaN of a reservoir without one (bosons).
    N, E : (m, n) particle numbers, and energies in units of energy, of the reservoirs; of a fixed
        one what it has gained since t = 0.
    entropy : (m, n) S_j of the reservoirs, of a fixed one what it has gained.
    flows : particle, energy, heat (m, n) of the momentary state, positive where a reservoir loses.
    system_number, system_energy, system_entropy : (m,) tr(N_S rho), tr(H_S rho), -tr rho ln rho.
    entropy_production : (m,) dS_S/dt + sum_j (mu_j P_j - J_j)/T_j >= 0, Eq. (3): how fast the
        entropy of system and reservoirs grows. Infinite while an empty state is being filled.
    outcome : why it ended, as of `Trajectory`.
    equilibrium : the common (T_eq, mu_eq) of system and reservoirs; None for a run to `t_final`.
    names : of the reservoirs.
    evaluations : how often the right-hand side was asked for.

    Examples
    --------
    >>> import qutip
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.flat(1e-4)
    >>> model = oqs.davies(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=100.0)] * 2
    >>> empty = qutip.basis([2, 2], [0, 0])
    >>> path = thermo.coevolve(model, reservoirs, empty, [0.6, 1.0], [20.8, 16.0], t_final=1e5)
    >>> total = path.system_number + path.N.sum(axis=1)
    >>> bool(np.ptp(total) < 1e-9 * total[0]), bool(path.entropy_production[1:].min() >= 0)
    (True, True)
    """

    t: FloatArray
    T: FloatArray
    mu: FloatArray
    N: FloatArray
    E: FloatArray
    entropy: FloatArray
    flows: Flows
    system_number: FloatArray
    system_energy: FloatArray
    system_entropy: FloatArray
    entropy_production: FloatArray
    outcome: Outcome
    equilibrium: State | None
    names: tuple[str, ...]
    evaluations: int
    _joint: JointFlow = dataclasses.field(repr=False)
    _solution: PiecewisePolynomial = dataclasses.field(repr=False)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if isinstance(getattr(self, field.name), np.ndarray):
                read_only(getattr(self, field.name))

    @property
    def total_entropy(self) -> FloatArray:
        """S_S + sum_j S_j (m,), which never falls by more than the solver's tolerance."""
        return self.system_entropy + self.entropy.sum(axis=1)

    @property
    def conservation(self) -> Conservation:
        """Largest relative departure of N_S + sum_j N_j and E_S + sum_j E_j from their start."""
        return Conservation(_drift(self.system_number, self.N), _drift(self.system_energy, self.E))

    def at(self, t: ArrayLike) -> State:
        """Return T, mu (..., n) at any times t (...) from 0 to the end; ValueError outside."""
        T, mu = self._joint.reservoir_part(self._solution.at(t))
        return State(T, self._joint.reservoirs.shown(mu))

    def state(self, t: float) -> qutip.Qobj:
        """Return rho_S at a time t from 0 to the end, in the basis of the system's operators.

        The free evolution of coherences between different energies is in it. Raises TypeError or
        ValueError for a t that is no number or lies outside.
        """
        time = real_number("t", t, "Give one time from 0 to the end of the run.")
        model = self._joint.model
        system, vectors = model.system, model.system.spectrum.vectors
        y = self._solution.at(time)
        # what is left of the free evolution: that of the levels' mean energies
        phase = vectors * np.exp(-1j * model.free_energies * time)
        rho = phase @ self._joint.matrix(self._joint.elements(y)) @ phase.conj().T
        return qutip.Qobj((rho + rho.conj().T) / 2, dims=system.dims, isherm=True)

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset over `time`: T, mu, N, E, S and flows by reservoir, the system.

        P, J, Y are the flows out of the reservoirs; N_S, E_S, S_S those of the system.
        """
        each = {
            **{name: getattr(self, name) for name in ("T", "mu", "N", "E")},
            "S": self.entropy,
            **{n: getattr(self.flows, kind) for n, kind in zip("PJY", KINDS, strict=True)},
        }
        production = "entropy production, Eq. (3)"
        tables = {
            **{name: (("time", "reservoir"), values) for name, values in each.items()},
            "N_S": ("time", self.system_number, "1", "particles in the system"),
            "E_S": ("time", self.system_energy, "E_0", "energy of the system"),
            "S_S": ("time", self.system_entropy, "1", "entropy of the system"),
            "production": ("time", self.entropy_production, "E_0/hbar", production),
        }
        axes = {"time": ("time", self.t), "reservoir": list(self.names)}
        return dataset(tables, axes, {"outcome": self.outcome})

    def summary(self) -> Summary:
        """Return who evolved, how it ended, and a table of start and end."""
        heads = ("reservoir", "T(0)", "T(end)", "mu(0)", "mu(end)")
        columns = (self.T[0], self.T[-1], self.mu[0], self.mu[-1])
        rows = table_rows(self.names, *columns)
        facts = [
            ("", ", ".join(self.names)),
            ("", f"{self.outcome} at t = {self.t[-1]:.4g}, {len(self.t)} times"),
            ("T", f"{few_digits(self.T[0])} -> {few_digits(self.T[-1])}"),
            ("mu", f"{few_digits(self.mu[0])} -> {few_digits(self.mu[-1])}"),
        ]
        title = f"Trajectory of a system and {counted(len(self.names), 'reservoir')}"
        return Summary(title, facts, heads, rows)


def tabulate(
    joint: JointFlow, solution: PiecewisePolynomial, outcome: Outcome, goal: State | None
) -> CoTrajectory:
    """Return the trajectory of a solution y(t)."""
    y = solution.ends
    T, mu = joint.reservoir_part(y)
    gas = joint.reservoirs.state(T, mu)
    number, energy = joint.system_totals(y)
    if joint.reservoirs.fixed.any():
        gas = _with_gains(joint, solution, gas)
    return CoTrajectory(
        t=solution.t,
        T=T,
        mu=joint.reservoirs.shown(mu),
        N=gas.number,
        E=gas.energy,
        entropy=gas.entropy,
        flows=Flows.stacked([joint.flows(row) for row in y], joint.reservoirs.names),
        system_number=number,
        system_energy=energy,
        system_entropy=system_entropies(joint, y),
        entropy_production=entropy_productions(joint, y),
        outcome=outcome,
        equilibrium=goal,
        names=joint.reservoirs.names,
        evaluations=joint.evaluations,
        _joint=joint,
        _solution=solution,
    )


def _with_gains(joint: JointFlow, solution: PiecewisePolynomial, gas: GasState) -> GasState:
    """Return N, E, S (m, n) with what fixed reservoirs have gained, by quadrature of each step."""
    fixed = joint.reservoirs.fixed
    nodes, weights = leggauss(_NODES)
    times = solution.grid(np.append((nodes + 1) / 2, 1.0))[1:].reshape(-1, _NODES + 1)[:, :-1]
    gains = np.zeros((3, len(solution.t), len(fixed)))
    for k, step in enumerate(times, start=1):
        for t, weight in zip(step, weights * (solution.t[k] - solution.t[k - 1]) / 2, strict=True):
            y = solution.at(t)
            flows, (T, _) = joint.flows(y), joint.reservoir_part(y)
            gains[:, k] -= weight * np.stack([flows.particle, flows.energy, flows.heat / T])
    gains = np.cumsum(gains, axis=1)
    number, energy, entropy = (
        np.where(fixed, gained, own) for gained, own in zip(gains, gas[:3], strict=True)
    )
    return GasState(number, energy, entropy, gas.jacobian)


def _drift(system: FloatArray, reservoirs: FloatArray) -> float:
    total = system + reservoirs.sum(axis=1)
    scale = abs(system[0]) + np.abs(reservoirs[0]).sum() or 1.0  # without particles
    return float(np.max(np.abs(total - total[0])) / scale)
