"""One trajectory whole: every jump of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray, read_only
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import Summarised, Summary
from thermo.stochastic.small.small_reservoir import SmallReservoir, states_of


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class JumpPath(Summarised):
    """The start and each of J jumps of one trajectory; read-only.

    Parameters
    ----------
    t : (J + 1,) 0 and the times of the jumps (hbar = 1).
    T, mu, N, E : (J + 1, n) from t on; units of energy.
    state : (J + 1,) energy eigenstate of the system from t on; of a wave function that of the
        largest weight.
    reservoir : (J,) which reservoir each jump was with.
    names : of the reservoirs.

    >>> level = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.01))])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0, name="box")
    >>> few = thermo.evolve_stochastic(
    ...     level, [box], T=[0.3], mu=[1.2], trajectories=3, t_final=1e3, seed=1
    ... )
    >>> path = few.trajectory(0)
    >>> bool(len(path.t) == few.jumps[0] + 1)
    True
    """

    t: FloatArray
    T: FloatArray
    mu: FloatArray
    N: FloatArray
    E: FloatArray
    state: NDArray[np.int64]
    reservoir: NDArray[np.int64]
    names: tuple[str, ...]

    def summary(self) -> Summary:
        """Return the number of jumps and the range of each T."""
        lows, highs = self.T.min(axis=0).tolist(), self.T.max(axis=0).tolist()
        return Summary(
            f"A trajectory of {len(self.reservoir)} jumps",
            [
                (f"T of {name}", f"{low:.4g} to {high:.4g}")
                for name, low, high in zip(self.names, lows, highs, strict=True)
            ],
        )

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset over `time`: T, mu, N, E by reservoir, state, jumped with.

        `jumped_with` is the index of the reservoir that the jump at that time was with, -1 at 0.
        """
        over = ("time", "reservoir")
        tables: dict[str, tuple[Any, ...]] = {
            **{name: (over, getattr(self, name)) for name in ("T", "mu", "N", "E")},
            "state": ("time", self.state, "", "energy eigenstate of the system"),
            "jumped_with": ("time", np.concatenate([[-1], self.reservoir])),
        }
        return dataset(tables, {"time": ("time", self.t), "reservoir": list(self.names)})


def followed_path(
    members: Sequence[SmallReservoir],
    times: FloatArray,
    lost: FloatArray,
    released: FloatArray,
    state: NDArray[np.int64],
    reservoir: NDArray[np.int64],
    names: tuple[str, ...],
) -> JumpPath:
    """Return a trajectory of J jumps by their times (J,), reservoirs (J,) and losses (J + 1, n)."""
    states = states_of(members, lost, released)
    return JumpPath(
        t=read_only(np.concatenate([[0.0], times])),
        **{name: read_only(values) for name, values in states.items()},
        state=read_only(state),
        reservoir=read_only(reservoir),
        names=names,
    )
