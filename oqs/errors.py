"""Errors of the stationary solvers: a state whose checks fail is not returned."""

from __future__ import annotations

import dataclasses
from typing import final

from oqs.exports import exported


@final
@dataclasses.dataclass(frozen=True)
class Kernel:
    """Dimension of a generator's kernel, on states of a definite particle number."""

    dimension: int  # 1 where the stationary state is unique
    exact: bool = True  # whether it is the dimension; otherwise it is at least as large

    def __str__(self) -> str:
        return f"{self.dimension}" if self.exact else f"at least {self.dimension}"


@exported
@final
class NonUniqueStationaryState(ValueError):
    """The generator has several stationary states: the contacts leave part of the system alone.

    Attributes
    ----------
    kernel_dimension : dimension of the generator's kernel.
    exact : whether it is; a large kernel is not counted to the end, and is at least as large.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem.from_energies([1.0, 2.0])
    >>> left_alone = oqs.davies(dots, [oqs.Contact(oqs.flat(0.01), coupling=[1, 0])])
    >>> try:
    ...     oqs.stationary_state(left_alone, [1.0], [0.0])
    ... except oqs.NonUniqueStationaryState:
    ...     print("several stationary states")
    several stationary states
    """

    def __init__(self, kernel: Kernel, reason: str) -> None:
        super().__init__(
            f"The stationary state is not unique: the kernel of the generator has dimension "
            f"{kernel}. {reason}"
        )
        self.kernel_dimension = kernel.dimension
        self.exact = kernel.exact
        self._made_of = (kernel, reason)

    def __reduce__(self) -> tuple[type[NonUniqueStationaryState], tuple[Kernel, str]]:
        return type(self), self._made_of  # pickles: from another process it arrives complete


@exported
@final
class StationaryStateNotFound(RuntimeError):
    """A solver's answer did not pass its own check of residual, trace, Hermiticity, positivity.

    Examples
    --------
    >>> issubclass(oqs.StationaryStateNotFound, RuntimeError)
    True
    """
