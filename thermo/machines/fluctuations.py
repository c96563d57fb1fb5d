"""Fluctuations of a machine: how steady its power is, and what steadiness costs."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.arguments import FloatArray, of_type, read_only
from oqs.deferred import xr
from oqs.exports import exported
from oqs.flows import Flows
from oqs.fluctuations.statistics import CountingStatistics
from oqs.summary import Summarised, Summary
from thermo.machines.device import Device, device

_INDEPENDENT = 1e-10  # of the largest eigenvalue: what tightly coupled currents leave of the others


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DeviceFluctuations(Summarised):
    """Noise of a stationary device; made by `device_fluctuations`.

    Parameters
    ----------
    device : what it does in the mean.
    power_noise : zero-frequency variance of the power -sum_j mu_j P_j, per unit time; units of
        energy cubed.
    heat_noise : (n, n) covariance of the heats Y_j. Read-only.
    counts : means (q,) of independent currents, particles and energies of all reservoirs but one,
        and their covariance (q, q). Read-only.

    Notes
    -----
    Barato and Seifert, Phys. Rev. Lett. 114, 158101 (2015); Pietzonka and Seifert, Phys. Rev. Lett.
    120, 190602 (2018), doi:10.1103/PhysRevLett.120.190602; Dechant, J. Phys. A 52, 035001 (2019),
    doi:10.1088/1751-8121/aaf3ff.

    Examples
    --------
    >>> level = oqs.QuadraticSystem.from_energies([3.0])
    >>> model = oqs.davies(level, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> stats = oqs.counting_statistics(model, T=[1.0, 2.0], mu=[1.0, 0.0])
    >>> engine = thermo.device_fluctuations(stats)
    >>> print(f"{engine.device.mode}: uncertainty {engine.uncertainty:.4f}")
    engine: uncertainty 2.0274
    """

    device: Device
    power_noise: float
    heat_noise: FloatArray
    counts: tuple[FloatArray, FloatArray]

    @property
    def constancy(self) -> float:
        """Return power^2/power_noise, units of energy.

        1/constancy is the time after which the work done exceeds its own spread. 0 without power.
        """
        return self.device.power**2 / self.power_noise if self.device.power else 0.0

    @property
    def uncertainty(self) -> float:
        """Entropy production times power_noise/power^2, at least 2 for jumps between populations.

        For an engine between two temperatures this is the trade-off between power, efficiency and
        constancy, power_noise >= 2 T_c power efficiency/(carnot - efficiency). ValueError where the
        power is below the device's floor.
        """
        if not abs(self.device.power) > self.device.floor:
            raise ValueError(
                f"A device must have a power beyond its floor {self.device.floor:.3g} to have an "
                f"uncertainty of it, but its power is {self.device.power:.3g}. "
                "Read `multidimensional`, or stats.uncertainty of a current."
            )
        return self.device.entropy_production * self.power_noise / self.device.power**2

    @property
    def multidimensional(self) -> float:
        """Return 2 I^T S^-1 I over the entropy production, with all independent currents I.

        At most 1 for jumps between populations: the uncertainty relation of the best combination of
        currents, tighter than that of any single one. 0 where nothing flows.
        """
        means, covariance = self.counts
        scale = np.sqrt(np.diagonal(covariance))
        kept = scale > 0
        unit = scale[kept]
        values, vectors = np.linalg.eigh(covariance[np.ix_(kept, kept)] / np.outer(unit, unit))
        independent = values > _INDEPENDENT * values.max(initial=0.0)
        parts = vectors.T[independent] @ (means[kept] / unit)
        total = float(np.sum(parts**2 / values[independent]))
        production = self.device.entropy_production
        return 2 * total / production if production > 0 else 0.0

    def to_dataset(self) -> xr.Dataset:
        """Return that of the device, with the noise of its power and of its heats.

        `heat_noise` is over (reservoir, other), both of the same names.
        """
        mean = self.device.to_dataset()
        matrix = ("reservoir", "other")
        about = {"long_name": "covariance of heats", "units": "E_0^3/hbar"}
        return mean.assign(
            power_noise=((), self.power_noise, {"units": "E_0^3/hbar"}),
            heat_noise=(matrix, self.heat_noise, about),
            constancy=((), self.constancy, {"units": "E_0/hbar"}),
        ).assign_coords(other=mean["reservoir"].values)

    def summary(self) -> Summary:
        """Return power, its noise and constancy."""
        facts = [
            ("power", f"{self.device.power:.6g}"),
            ("noise", f"{self.power_noise:.6g}"),
            ("constancy", f"{self.constancy:.6g}"),
            ("entropy production", f"{self.device.entropy_production:.6g}"),
        ]
        return Summary("Fluctuations of a device", facts)


@exported
def device_fluctuations(statistics: CountingStatistics) -> DeviceFluctuations:
    """Return how steady a device's power and heats are.

    Parameters
    ----------
    statistics : of oqs.counting_statistics or oqs.levitov, at the T, mu of the device.

    Raises
    ------
    TypeError
        if they are none.
    ValueError
        as `device` for the means.

    Examples
    --------
    >>> level = oqs.QuadraticSystem.from_energies([3.0])
    >>> model = oqs.davies(level, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> stats = oqs.counting_statistics(model, T=[1.0, 2.0], mu=[1.0, 0.0])
    >>> thermo.device_fluctuations(stats).multidimensional <= 1
    True
    """
    of_type(
        "statistics",
        statistics,
        CountingStatistics,
        "counting statistics",
        "Make them with oqs.counting_statistics(model, T, mu).",
    )
    return fluctuations_of(
        statistics.flows,
        statistics.T,
        statistics.mu,
        statistics.second_cumulants,
        statistics.covariance("heat"),
    )


def fluctuations_of(
    flows: Flows, T: FloatArray, mu: FloatArray, second_cumulants: FloatArray, heat: FloatArray
) -> DeviceFluctuations:
    """Return the same of means, covariances (2, n, 2, n) and those of the heats (n, n)."""
    n = flows.reservoirs
    mean = device(flows, T, mu)
    particles = second_cumulants[0, :, 0]
    # particles are conserved: only differences of mu count
    above = mu - mu.min()
    strongest = int(np.argmax(np.diagonal(particles)))
    others = np.delete(np.arange(2 * n), [strongest, n + strongest])
    second = second_cumulants.reshape(2 * n, 2 * n)
    means = np.concatenate([flows.particle, flows.energy])
    return DeviceFluctuations(
        mean,
        float(above @ particles @ above),
        read_only(heat.copy()),
        (read_only(means[others]), read_only(second[np.ix_(others, others)])),
    )
