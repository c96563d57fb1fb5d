"""What a stationary solver raises instead of returning a state it cannot vouch for."""

from __future__ import annotations

from typing import final


@final
class NonUniqueStationaryState(ValueError):
    """The generator has several stationary states: the contacts leave part of the system alone.

    Attributes
    ----------
    kernel_dimension : dimension of the generator's kernel.
    """

    def __init__(self, kernel_dimension: int, reason: str) -> None:
        super().__init__(
            f"The stationary state is not unique: the kernel of the generator has dimension "
            f"{kernel_dimension}. {reason}"
        )
        self.kernel_dimension = kernel_dimension


@final
class StationaryStateNotFound(RuntimeError):
    """A solver's answer did not pass its own check of residual, trace, Hermiticity, positivity."""
