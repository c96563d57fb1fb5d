"""The audit along a trajectory: the generator's assumptions, and quasi-stationarity."""

from __future__ import annotations

import dataclasses

import numpy as np

import oqs
from oqs.arguments import FloatArray
from oqs.memory import rest_announced
from oqs.validity.audit import measured
from oqs.validity.verdict import Assumption, Audit, Verdict
from thermo.evolution.dynamics import Law, ReservoirDynamics
from thermo.evolution.finite_size import finite_size
from thermo.gases import SommerfeldGas
from thermo.reservoirs.reservoir import Reservoirs

_DIFFERENCE = float(np.finfo(np.float64).eps) ** (1 / 3)


def worst_along(
    model: oqs.Model,
    law: Law | None,
    reservoirs: Reservoirs,
    t: FloatArray,
    T: FloatArray,
    mu: FloatArray,
) -> Audit:
    """Return the worst of each assumption at times t (m,) with T, mu (m, n); see `thermo.audit`.

    The reservoirs evolve by `law`; None makes one of the model.
    """
    mu = np.where(reservoirs.has_potential, mu, 0.0)
    dynamics = ReservoirDynamics(law or oqs.flow_law(model), reservoirs, T[0])
    audits = [
        _at(float(t[k]), model, dynamics, T[k], mu[k])
        for k in rest_announced("An audit along a trajectory", _places(T, mu))
    ]
    worst = tuple(max(same, key=_rank) for same in zip(*audits, strict=True))
    return Audit((*worst, *finite_size(model, reservoirs, t, T, mu)))


def _at(
    t: float, model: oqs.Model, dynamics: ReservoirDynamics, T: FloatArray, mu: FloatArray
) -> tuple[Assumption, ...]:
    own = slice(0, model.reservoirs)  # the others are in contact through links alone
    slow = _time_scale(dynamics, T, mu)
    audit = measured(model, T[own], mu[own], slow, exact=False, progress=None)
    return tuple(
        dataclasses.replace(a, measure=f"{a.measure} (t = {t:.3g})") if a.ratio else a
        for a in (*audit.assumptions, *_sommerfeld(dynamics.reservoirs, T, mu))
    )


def _rank(assumption: Assumption) -> tuple[int, float]:
    return assumption.verdict, assumption.ratio


def _places(T: FloatArray, mu: FloatArray) -> list[int]:
    """Return the rows of start, end, and the extremes of T_j, mu_j and the lowest T."""
    columns = np.concatenate([T, mu, T.min(axis=1)[:, None]], axis=1)
    rows = [0, len(T) - 1, *columns.argmin(axis=0), *columns.argmax(axis=0)]
    return sorted({int(k) for k in rows})


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
    assumption = Assumption(
        "Sommerfeld gas",
        ratio,
        Verdict.of(ratio),
        f"(pi^2/6)(T/mu)^2, the first correction to the degenerate gas; mu/T "
        f"{float(np.pi / np.sqrt(6 * ratio)):.3g}",
        "use thermo.FermiDiracGas",
    )
    return (assumption,)
