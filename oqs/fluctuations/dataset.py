"""Means, covariances, Fano factors and uncertainties with named axes, for xarray."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from oqs.arguments import FloatArray
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.flows import Flows
from oqs.fluctuations.quantities import QUANTITIES
from oqs.summary import reservoir_names

_NATURAL = "natural units (hbar = k_B = 1) of one reference energy E_0"
_MORE = "one power of E_0 more for each energy or heat"


def dataset_of(
    flows: Flows,
    covariance: Callable[[str, str], FloatArray],
    each: Mapping[str, Callable[[str], FloatArray]],
    T: FloatArray,
    mu: FloatArray,
) -> xr.Dataset:
    """Return an xarray.Dataset over `quantity` and `reservoir`, after the axes of a batch.

    Variables: mean (.., quantity, reservoir); covariance (.., quantity, reservoir, other_quantity,
    other_reservoir); fano, uncertainty (.., quantity, reservoir); T, mu (.., reservoir). Reservoirs
    go by name, or by index where they have none; the axes of a batch are batch_0, batch_1, ...

    `flows`: means (..., n); `covariance`: quantities a, b -> (..., n, n); `each`: fano and
    uncertainty, quantity -> (..., n); `T`, `mu` (..., n): of the reservoirs.
    """
    batch = tuple(f"batch_{axis}" for axis in range(flows.particle.ndim - 1))
    own, pairs = (*batch, "quantity", "reservoir"), ("other_quantity", "other_reservoir")
    kinds = len(batch)  # the axis of quantities
    rows = [np.stack([covariance(a, b) for b in QUANTITIES], axis=-2) for a in QUANTITIES]
    mean = np.stack([getattr(flows, quantity) for quantity in QUANTITIES], axis=kinds)
    fano, uncertainty = (
        np.stack([each[name](quantity) for quantity in QUANTITIES], axis=kinds)
        for name in ("fano", "uncertainty")
    )
    places = (*batch, "reservoir")
    labels = list(reservoir_names(flows.names, flows.reservoirs))
    return dataset(
        {
            "mean": (own, mean, f"E_0/hbar, {_MORE}", "flow, positive: lost"),
            "covariance": (
                (*own, *pairs),
                np.stack(rows, axis=kinds),
                f"E_0/hbar, {_MORE}",
                "zero-frequency covariance per unit time",
            ),
            "fano": (own, fano, f"1, {_MORE}", "c_2/|c_1|"),
            "uncertainty": (own, uncertainty, "1", "sigma c_2/c_1^2"),
            "T": (places, T, "E_0", "temperature"),
            "mu": (places, mu),
        },
        {
            "quantity": list(QUANTITIES),
            "other_quantity": list(QUANTITIES),
            "reservoir": labels,
            "other_reservoir": labels,
        },
        {"units": _NATURAL},
    )
