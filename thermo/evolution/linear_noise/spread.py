"""Covariances of N_j, E_j, T_j, mu_j along a path: the linear noise of finite reservoirs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import final

import numpy as np

import oqs
from oqs.arguments import FloatArray, read_only
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import Summarised, Summary, few_digits, table_rows
from thermo.evolution.linear_noise.expansion import DrivingLaw, Linearised, linearised
from thermo.evolution.linear_noise.lyapunov import lyapunov
from thermo.reservoirs.reservoir import Reservoirs

_KINDS = ("N", "E", "T", "mu")


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PathFluctuations(Summarised):
    """Noise of the flows along a path, and the spread of N_j, E_j, T_j, mu_j that it makes.

    To first order in 1/(A V) the deviations x = (N_1 .. N_n, E_1 .. E_n) from the path are
    Gaussian, and their covariance Sigma obeys

        d Sigma/dt = A Sigma + Sigma A^T + D,    Sigma(0) = 0,

    A the derivative of Eq. (4) in x, D the zero-frequency covariance of the flows (van Kampen's
    linear noise approximation). Valid while T_std << T, and where the flows are those of the
    stationary state, as for the path itself.

    Parameters
    ----------
    t : (m,) times of the path.
    noise : (m, 2, n, 2, n) D, of particles (0) and energy (1) of reservoirs, per unit time.
    exchanged : (m, 2, n, 2, n) Sigma, covariances of N_j (0) and E_j (1).
    thermal : (m, 2, n, 2, n) covariances of T_j (0) and mu_j (1), units of energy squared.
    T, mu : (m, n) of the path.
    names : of the reservoirs.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    >>> rate = oqs.power_law(1e-4, 0.5)
    >>> model = oqs.davies(dots, [oqs.Contact(rate, name="cold"), oqs.Contact(rate, name="hot")])
    >>> box = [thermo.Reservoir(thermo.SommerfeldGas(1.5), capacity=100.0)] * 2
    >>> path = thermo.evolve(oqs.flow_law(model), box, T=[0.6, 1.0], mu=[20.8, 16.0])
    >>> fluctuations = path.fluctuations()
    >>> print(np.round(fluctuations.T_std[-1], 3))  # ten times the capacity: sqrt(10) times smaller
    [0.023 0.023]
    """

    t: FloatArray
    noise: FloatArray
    exchanged: FloatArray
    thermal: FloatArray
    T: FloatArray
    mu: FloatArray
    names: tuple[str, ...]

    @property
    def N_std(self) -> FloatArray:
        """Standard deviation (m, n) of the particle numbers."""
        return _deviations(self.exchanged, 0)

    @property
    def E_std(self) -> FloatArray:
        """Standard deviation (m, n) of the energies."""
        return _deviations(self.exchanged, 1)

    @property
    def T_std(self) -> FloatArray:
        """Standard deviation (m, n) of the temperatures; 0 of fixed reservoirs."""
        return _deviations(self.thermal, 0)

    @property
    def mu_std(self) -> FloatArray:
        """Standard deviation (m, n) of the chemical potentials."""
        return _deviations(self.thermal, 1)

    def to_dataset(self) -> xr.Dataset:
        """Return the standard deviations with dimensions `time` and `reservoir`."""
        over, units = ("time", "reservoir"), {"N": "1", "E": "E_0", "T": "E_0/k_B", "mu": "E_0"}
        tables = {
            f"{n}_std": (over, getattr(self, f"{n}_std"), unit, f"standard deviation of {n}")
            for n, unit in units.items()
        }
        return dataset(tables, {"time": self.t, "reservoir": list(self.names)})

    def summary(self) -> Summary:
        """Return the spreads at the end, and a table of them."""
        columns = [getattr(self, f"{kind}_std")[-1] for kind in _KINDS]
        rows = table_rows(self.names, *columns, digits=4)
        facts = [
            ("", ", ".join(self.names)),
            ("T", f"{few_digits(self.T[-1])} +- {few_digits(columns[2], 2)}"),
            ("mu", f"{few_digits(self.mu[-1])} +- {few_digits(columns[3], 2)}"),
        ]
        heads = ("reservoir", *(f"{kind} +-" for kind in _KINDS))
        return Summary(f"Fluctuations at t = {self.t[-1]:.4g}", facts, heads, rows)


def spread(
    model: oqs.Model,
    law: DrivingLaw,
    reservoirs: Reservoirs,
    t: FloatArray,
    state: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
) -> PathFluctuations:
    """Integrate Sigma along a path.

    Parameters
    ----------
    model : whose noise it is.
    law : the flow law that made the path.
    reservoirs : n of them.
    t : (m,) times at which the results are wanted, from 0.
    state : times (k,) -> T, mu (k, n) on the path; mu is 0 of a reservoir without one.
    """

    def at(times: FloatArray) -> Linearised:
        return linearised(model, law, reservoirs, *state(times))

    n, (T, mu) = len(reservoirs), state(t)
    points = at(t)
    sigma = lyapunov(t, lambda times: at(times)[:2], points.noise)
    thermal = points.response @ sigma @ points.response.transpose(0, 2, 1)
    shape = (len(t), 2, n, 2, n)
    return PathFluctuations(
        read_only(t.copy()),
        read_only(points.noise.reshape(shape)),
        read_only(sigma.reshape(shape)),
        read_only(thermal.reshape(shape)),
        read_only(T),
        read_only(reservoirs.shown(mu)),
        reservoirs.names,
    )


def _deviations(covariance: FloatArray, kind: int) -> FloatArray:
    variances = np.diagonal(covariance[:, kind, :, kind], axis1=-2, axis2=-1)
    return read_only(np.sqrt(np.maximum(variances, 0.0)))  # rounding of zeros has either sign
