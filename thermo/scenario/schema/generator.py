"""[generator]: how the generator of the open system is made and its stationary state solved for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from oqs.contact.base import ReservoirContact
from oqs.generator.davies import DaviesModel, davies
from oqs.stationary import (
    FullLiouvillian,
    GaussianState,
    Populations,
    StationaryMethod,
    ZeroFrequencyBlock,
)
from oqs.system.base import System
from thermo.scenario.schema.table import Choice, Key, Table, Variant, argument_keys
from thermo.scenario.schema.values import boolean, positive

METHODS: Final[dict[str, StationaryMethod | None]] = {
    "auto": None,
    "full_liouvillian": FullLiouvillian(),
    "gaussian_state": GaussianState(),
    "populations": Populations(),
    "zero_frequency_block": ZeroFrequencyBlock(),
}
"""Solvers of the stationary state: a new one is an entry here."""


@final
@dataclasses.dataclass(frozen=True)
class DaviesGenerator:
    """The Davies generator, as `oqs.davies` and `oqs.flow_law` take it.

    Parameters
    ----------
    method : of the stationary state; None takes the cheapest that is exact.
    options : further arguments of `oqs.davies`.
    """

    method: StationaryMethod | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def model(self, system: System, contacts: Sequence[ReservoirContact]) -> DaviesModel:
        """Return the model; raises as `oqs.davies`."""
        return davies(system, contacts, **self.options)


DAVIES: Final = Table(
    {
        "method": Key(Choice(tuple(METHODS)), "It solves for the stationary state.", "auto"),
        **argument_keys(
            davies,
            lamb_shift=(boolean, "It adds the frequency shifts of Eq. (2)."),
            resolution=(positive, "It is an energy: closer levels count as one."),
        ),
    }
)


def _davies(method: str, **options: Any) -> DaviesGenerator:
    return DaviesGenerator(METHODS[method], options)


GENERATOR: Final = Variant("kind", {"davies": (DAVIES, _davies)}, default="davies")
"""By the key `kind`: a new generator is an entry here, with a `model` of its own."""
