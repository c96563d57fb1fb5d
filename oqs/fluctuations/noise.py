"""Means and zero-frequency noise at many (T, mu): what maps and sweeps need of the statistics."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only
from oqs.deferred import xr
from oqs.exports import exported
from oqs.flows import Flows
from oqs.fluctuations.counting import covariances_at, independent_pairs
from oqs.fluctuations.dataset import dataset_of
from oqs.fluctuations.quantities import (
    checked_quantity,
    covariance_of,
    from_zero,
    reference_energy,
    weights_of,
)
from oqs.fluctuations.rates.batch import LARGEST, Batch, added, batch, nothing
from oqs.fluctuations.statistics import fano_factor, uncertainty_product
from oqs.generator.model import Model, checked_model
from oqs.memory import rest_announced
from oqs.summary import Summarised, Summary, counted, few_digits, reservoir_names


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Noise(Summarised):
    """Flows and their zero-frequency covariances over a batch of (T, mu).

    Parameters
    ----------
    flows : (..., n) means.
    centred_cumulants : (..., 2, n, 2, n) covariances of N_j (0) and E_j - w N_j (1), w the median
        of mu, per unit time.
    gross : (..., 2, n) scale of the rates that cancel in the means.
    T, mu : (..., n) of the reservoirs.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> noise = oqs.noise(model, T, mu)
    >>> noise.covariance("heat").shape
    (2, 2)
    """

    flows: Flows
    centred_cumulants: FloatArray
    gross: FloatArray
    T: FloatArray
    mu: FloatArray

    @property
    def second_cumulants(self) -> FloatArray:
        """Covariances (..., 2, n, 2, n) of particles (0) and energy (1), per unit time."""
        return read_only(from_zero(self.centred_cumulants, reference_energy(self.mu)))

    def covariance(self, quantity: str = "particle", other: str | None = None) -> FloatArray:
        """Return S_jq (..., n, n), as `CountingStatistics.covariance`."""
        return covariance_of(self.centred_cumulants, self.mu, quantity, other)

    def fano(self, quantity: str = "particle") -> FloatArray:
        """Return c_2/|c_1| (..., n) of every reservoir, as `CountingStatistics.fano`."""
        return fano_factor(*self._mean_noise_scale(quantity))

    def uncertainty(self, quantity: str = "particle") -> FloatArray:
        """Return sigma c_2/c_1^2 (..., n), as `CountingStatistics.uncertainty`."""
        sigma = -np.sum(self.flows.heat / self.T, axis=-1)[..., None]
        return uncertainty_product(*self._mean_noise_scale(quantity), sigma)

    def to_dataset(self) -> xr.Dataset:
        """Return means, covariances, Fano factors and uncertainties with named axes and units.

        Over `quantity` (particle, energy, heat) and `reservoir`, after the axes of the batch, which
        are called batch_0, batch_1, ...
        """
        shown = {"fano": self.fano, "uncertainty": self.uncertainty}
        return dataset_of(self.flows, self.covariance, shown, self.T, self.mu)

    def summary(self) -> Summary:
        """Return the numbers of a single (T, mu), of a batch its shape and the range of noise."""
        n = self.flows.reservoirs
        names = reservoir_names(self.flows.names, n)
        noise = np.diagonal(self.covariance("particle"), axis1=-2, axis2=-1)
        facts = [("", ", ".join(names))]
        if self.T.ndim == 1:
            facts += [
                ("particle flow", few_digits(self.flows.particle)),
                ("noise", few_digits(noise)),
                ("Fano factor", few_digits(self.fano())),
            ]
        else:
            facts.append(("shape", str(self.T.shape)))
            if noise.size:
                facts.append(("noise", f"{noise.min():.4g} to {noise.max():.4g}"))
        return Summary(f"Noise of {counted(n, 'reservoir')}", facts)

    def _mean_noise_scale(self, quantity: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        name = checked_quantity("quantity", quantity)
        noise = np.diagonal(self.covariance(name), axis1=-2, axis2=-1)
        weights = np.abs(weights_of(name, self.mu))
        scale = np.einsum("a...j,...aj->...j", weights, self.gross)
        return getattr(self.flows, name), noise, scale


@exported
def noise(model: Model, T: ArrayLike, mu: ArrayLike | None = None) -> Noise:
    """Return means and noise of the stationary flows at T, mu of any shape (..., n).

    The numbers are those of `counting_statistics`. Up to 32 states without coherences are worked
    out all at once: some microseconds a point; others one after the other.

    Parameters
    ----------
    model : made by `davies` or another generator.
    T, mu : (..., n) temperatures and chemical potentials, units of energy; they broadcast.

    Returns
    -------
    Noise : `flows`, `covariance(...)`, `fano(...)`, `uncertainty(...)` over the batch.

    Raises
    ------
    NonUniqueStationaryState, StationaryStateNotFound, TypeError, ValueError
        as `counting_statistics` does.

    Examples
    --------
    >>> dot = oqs.anderson_dot(-0.4, 1.2)
    >>> model = oqs.davies(dot, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))])
    >>> bias = np.linspace(0.0, 4.0, 5)[:, None]
    >>> found = oqs.noise(model, T=[0.05, 0.05], mu=bias * [0.5, -0.5])
    >>> found.fano().shape
    (5, 2)
    >>> print(np.round(found.fano()[1:, 0], 3))
    [0.608 0.556 0.556 0.556]
    """
    checked = checked_model(model)
    n = checked.reservoirs
    temperature, potential = checked.arguments(T, mu, batched=True)
    temperature, potential = np.broadcast_arrays(temperature, potential)
    shape = potential.shape[:-1]
    points = _points(checked, temperature.reshape(-1, n), potential.reshape(-1, n))
    flows = Flows.of(
        points.particle.reshape(*shape, n),
        points.energy.reshape(*shape, n),
        potential,
        checked.names,
    )
    return Noise(
        flows,
        read_only(points.centred_cumulants.reshape(*shape, 2, n, 2, n)),
        read_only(points.gross.reshape(*shape, 2, n)),
        read_only(temperature.copy()),
        read_only(potential.copy()),
    )


def _points(model: Model, T: FloatArray, mu: FloatArray) -> Batch:
    """Return the numbers at T, mu (b, n): all at once, and what that leaves one by one."""
    parts = independent_pairs(model)
    if parts and max(pairs.dimension for pairs in parts) <= LARGEST:
        points = added([batch(pairs, T, mu) for pairs in parts])
    else:
        points = nothing(*T.shape)
    for row in rest_announced("Noise", np.flatnonzero(~points.good).tolist()):
        stats = covariances_at(model, T[row], mu[row])
        points.particle[row], points.energy[row] = stats.flows.particle, stats.flows.energy
        points.centred_cumulants[row], points.gross[row] = stats.centred_cumulants, stats.gross
    return points
