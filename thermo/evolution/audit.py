"""Whether the open system could be trusted, and was fast enough, all along a trajectory."""

from __future__ import annotations

import dataclasses

import numpy as np

import oqs
from oqs.arguments import FloatArray
from oqs.generator.davies import DaviesModel
from oqs.validity.verdict import Assumption, Audit, Verdict
from thermo.evolution.dynamics import ReservoirDynamics
from thermo.evolution.trajectory import Trajectory
from thermo.gases import SommerfeldGas
from thermo.reservoirs.reservoir import Reservoir, Reservoirs

_DIFFERENCE = float(np.finfo(np.float64).eps) ** (1 / 3)


def audit(path: Trajectory, model: DaviesModel | None = None) -> Audit:
    """Return the worst of each assumption of `oqs.audit` along a trajectory, with two more.

    Looked at are the start, the end, and where a T_j or mu_j, or the lowest T, is largest or
    smallest; `measure` says at which time it was worst. Exact flows are not computed.

    time scales: tau_S of the open system over tau_eq, the shortest time scale of the reservoirs,
    1 / max |eigenvalue| of Eq. (5) linearised in (ln T_j, mu_j) there.
    Sommerfeld gas: (pi^2/6)(T/mu)^2, the size of the correction of Eqs. (20), (21) that this gas
    keeps; those that it drops are powers of it.

    Parameters
    ----------
    path : made by `evolve`.
    model : made by `oqs.davies`, with as many contacts as the path has reservoirs; None takes that
        of the law the path was made with.

    Raises
    ------
    TypeError, ValueError
        if there is no model: the law was no `oqs.flow_law`, or the path was read from a file.
    """
    if model is None:
        model = getattr(path.law, "model", None)
    if not isinstance(model, DaviesModel):
        raise ValueError(
            "Argument `model` must be a DaviesModel where the trajectory has none (its law was not "
            f"made by oqs.flow_law, or it was read from a file), but is {model!r}. "
            "Give oqs.davies(system, contacts)."
        )
    reservoirs = _reservoirs(path)
    dynamics = ReservoirDynamics(oqs.flow_law(model), reservoirs, path.T[0])
    found = [_at(float(path.t[k]), model, dynamics, path.T[k], path.mu[k]) for k in _places(path)]
    return Audit(tuple(max(same, key=_rank) for same in zip(*found, strict=True)))


def _at(
    t: float, model: DaviesModel, dynamics: ReservoirDynamics, T: FloatArray, mu: FloatArray
) -> tuple[Assumption, ...]:
    audit = oqs.audit(model, T, mu, tau_eq=_time_scale(dynamics, T, mu), exact=False)
    return tuple(
        dataclasses.replace(a, measure=f"{a.measure} (t = {t:.3g})") if a.ratio else a
        for a in (*audit.assumptions, *_sommerfeld(dynamics.reservoirs, T, mu))
    )


def _rank(assumption: Assumption) -> tuple[int, float]:
    return assumption.verdict, assumption.ratio


def _places(path: Trajectory) -> list[int]:
    """Return the rows of start, end, and the extremes of T_j, mu_j and the lowest T."""
    columns = np.concatenate([path.T, path.mu, path.T.min(axis=1)[:, None]], axis=1)
    rows = [0, len(path.t) - 1, *columns.argmin(axis=0), *columns.argmax(axis=0)]
    return sorted({int(k) for k in rows})


def _reservoirs(path: Trajectory) -> Reservoirs:
    members = []
    for gas, capacity, name in zip(path.gases, path.capacities, path.names, strict=True):
        if isinstance(gas, str):
            raise ValueError(
                f"Argument `path` must know its gases, but of one the file has only the "
                f"description {gas!r}. Audit the trajectory that evolve returned, before saving."
            )
        members.append(Reservoir(gas, capacity=float(capacity), name=name))
    return Reservoirs(members)


def _time_scale(dynamics: ReservoirDynamics, T: FloatArray, mu: FloatArray) -> float:
    """Return 1 / max |eigenvalue| of d(dy/dt)/dy, by central differences; independent of units."""
    y = dynamics.pack(T, mu)
    n = len(T)
    # occupations vary with ln T over 1 and with mu over T
    shifts = _DIFFERENCE * np.diag(np.concatenate([np.ones(n), T]))
    jacobian = (dynamics(y + shifts) - dynamics(y - shifts)).T / (2 * shifts.sum(axis=1))
    fastest = float(np.max(np.abs(np.linalg.eigvals(jacobian))))
    return 1 / fastest if fastest > 0 else float(np.finfo(np.float64).max)  # nothing flows


def _sommerfeld(reservoirs: Reservoirs, T: FloatArray, mu: FloatArray) -> tuple[Assumption, ...]:
    ratios = [
        float(np.pi**2 / 6 * (t / m) ** 2)
        for member, t, m in zip(reservoirs, T, mu, strict=True)
        if isinstance(member.gas, SommerfeldGas)
    ]
    if not ratios:
        return ()
    ratio = max(ratios)
    found = Assumption(
        "Sommerfeld gas",
        ratio,
        Verdict.of(ratio),
        f"(pi^2/6)(T/mu)^2, the first correction to the degenerate gas; mu/T "
        f"{float(np.pi / np.sqrt(6 * ratio)):.3g}",
        "use thermo.FermiDiracGas",
    )
    return (found,)
