"""Flows of particles, energy and heat out of the reservoirs, and the law that gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final, Protocol, final, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only

PlainFlows = Callable[[list[float], list[float]], tuple[list[float], list[float]]]
"""T, mu of n reservoirs -> P_j, J_j, all in plain numbers.

For first, coarse solutions: good to rounding of the largest terms, which may cancel, and unchecked
where checks would take longer than the work. It raises ArithmeticError where numbers end, and what
the law raises that it stands for.
"""

KINDS: Final = ("particle", "energy", "heat")


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Flows:
    """Flows P_j, J_j, Y_j = J_j - mu_j P_j of each reservoir; positive where the reservoir loses.

    Parameters
    ----------
    particle : (..., n) P_j, particles per unit time (hbar = 1: units of energy).
    energy : (..., n) J_j, energy per unit time (units of energy squared).
    heat : (..., n) Y_j, as `energy`.
    names : (n,) of the reservoirs, None of one without a name; None where the law knows none.

    Arrays are read-only. The last axis runs over the reservoirs; leading axes, where a law gives
    them, over a batch of (T, mu) or over Bohr frequencies.
    """

    particle: FloatArray
    energy: FloatArray
    heat: FloatArray
    names: tuple[str | None, ...] | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        shape = np.shape(self.particle)
        for name in KINDS:
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != shape or not shape:
                raise ValueError(
                    f"Argument `{name}` must have shape (..., n) like `particle`, "
                    f"but has shape {array.shape} where `particle` has {shape}. "
                    "Give one entry per reservoir in each."
                )
            object.__setattr__(self, name, read_only(array))

    @classmethod
    def of(
        cls,
        particle: ArrayLike,
        energy: ArrayLike,
        mu: ArrayLike,
        names: tuple[str | None, ...] | None = None,
    ) -> Flows:
        """Complete particle and energy flows (..., n) by Y_j = J_j - mu_j P_j."""
        p, j = np.asarray(particle, dtype=np.float64), np.asarray(energy, dtype=np.float64)
        return cls(p, j, j - np.asarray(mu, dtype=np.float64) * p, names=names)

    def named(self, names: tuple[str | None, ...] | None) -> Flows:
        """Return the same flows of reservoirs with these names (n,)."""
        if names is None:
            return self
        found = object.__new__(Flows)  # the arrays are checked and read-only: no copies
        found.__dict__.update(self.__dict__, names=names)
        return found

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.particle.shape[-1])


@runtime_checkable
class FlowLaw(Protocol):
    """Anything that gives the stationary flows at the reservoirs' temperatures and potentials.

    A law made by `oqs` also has `frequencies`, the ascending Bohr frequencies at which particles
    cross, `fastest_rate`, the largest rate of its contacts (what takes 1e25 times as long to change
    a reservoir is no evolution any more), and `resolved(T, mu)`, the flows at each frequency;
    `gross(T, mu)`, if there, gives the contacts' gross rates, of which 1e-13 in a flow is rounding;
    `batched = True` says that it takes T and mu of shape (..., n) at once. `names` are those of its
    contacts, (n,) with None of one without, or None: reservoirs must have the same ones, or none.
    Beside that, `plain_flows()` may give its flows as a `PlainFlows`, or None where many states at
    once are no quicker than one after the other. A plain function serves as well.
    """

    def __call__(self, T: ArrayLike, mu: ArrayLike, /) -> Flows:
        """Return the flows; T and mu have shape (n,)."""
        ...


class _Currents(Protocol):
    """What has flows P_j, J_j (n,): Flows, or a solution that holds more."""

    @property
    def particle(self) -> FloatArray: ...

    @property
    def energy(self) -> FloatArray: ...


def listed(law: Callable[[FloatArray, FloatArray], _Currents]) -> PlainFlows:
    """Return a law of arrays (n,) as one of lists."""

    def flows(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
        found = law(np.array(T), np.array(mu))
        return found.particle.tolist(), found.energy.tolist()

    return flows
