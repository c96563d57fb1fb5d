"""Means, covariances, Fano factors and uncertainties with named axes, for xarray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oqs.datasets import dataset
from oqs.fluctuations.quantities import QUANTITIES

if TYPE_CHECKING:
    import xarray

    from oqs.fluctuations.statistics import CountingStatistics

_NATURAL = "natural units (hbar = k_B = 1) of one reference energy E_0"


def dataset_of(statistics: CountingStatistics) -> xarray.Dataset:
    """Return an xarray.Dataset over `quantity` and `reservoir`.

    Variables: mean (quantity, reservoir); covariance (quantity, reservoir, other_quantity,
    other_reservoir); fano, uncertainty (quantity, reservoir); T, mu (reservoir). Reservoirs go by
    name, or by index where they have none.
    """
    n = statistics.reservoirs
    names = statistics.names or (None,) * n
    labels = [str(j) if name is None else name for j, name in enumerate(names)]
    mean = np.stack([getattr(statistics.flows, quantity) for quantity in QUANTITIES])
    covariance = np.array(
        [[statistics.covariance(a, b) for b in QUANTITIES] for a in QUANTITIES]
    ).transpose(0, 2, 1, 3)
    fano, uncertainty = (
        [[method(j, quantity) for j in range(n)] for quantity in QUANTITIES]
        for method in (statistics.fano, statistics.uncertainty)
    )
    each, pairs = ("quantity", "reservoir"), ("other_quantity", "other_reservoir")
    powers = "E_0 for particles, one power more for each energy or heat"
    return dataset(
        {
            "mean": (each, mean, {"long_name": "flow, positive: lost", "units": powers}),
            "covariance": (
                (*each, *pairs),
                covariance,
                {"long_name": "zero-frequency covariance per unit time", "units": powers},
            ),
            "fano": (each, fano, {"long_name": "c_2/|c_1|", "units": "1 for particles, else E_0"}),
            "uncertainty": (each, uncertainty, {"long_name": "sigma c_2/c_1^2", "units": "1"}),
            "T": ("reservoir", statistics.T, {"long_name": "temperature", "units": "E_0"}),
            "mu": ("reservoir", statistics.mu, {"long_name": "chemical potential", "units": "E_0"}),
        },
        {
            "quantity": list(QUANTITIES),
            "other_quantity": list(QUANTITIES),
            "reservoir": labels,
            "other_reservoir": labels,
        },
        {"units": _NATURAL},
    )
