"""[generator]: how the generator of the open system is made and its stationary state solved for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from oqs.generator.davies.davies import davies
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import perlind
from oqs.generator.perlind.window import Window
from oqs.stationary.block import ZeroFrequencyBlock
from oqs.stationary.conserved_blocks import ConservedBlocks
from oqs.stationary.full import FullLiouvillian
from oqs.stationary.gaussian_state import GaussianState
from oqs.stationary.method import StationaryMethod
from oqs.stationary.populations import Populations
from oqs.system.base import System
from oqs.validity.first_order import first_order
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Key, Table, Variant, argument_keys
from thermo.scenario.schema.values import ENERGY, POSITIVE_ENERGY, boolean, positive

METHODS: Final[dict[str, StationaryMethod | None]] = {
    "auto": None,
    "full_liouvillian": FullLiouvillian(),
    "gaussian_state": GaussianState(),
    "populations": Populations(),
    "zero_frequency_block": ZeroFrequencyBlock(),
}
"""Solvers of a Davies model's stationary state: a new one is an entry here."""

PERLIND_METHODS: Final[dict[str, StationaryMethod | None]] = {
    "auto": None,
    "conserved_blocks": ConservedBlocks(),
    "full_liouvillian": FullLiouvillian(),
    "gaussian_state": GaussianState(),
}
"""Those of a PERLind model."""

_Maker = Callable[..., Model]


@final
@dataclasses.dataclass(frozen=True)
class Generator:
    """A generator, as `oqs.davies`, `oqs.perlind` or `oqs.first_order` and `oqs.flow_law` take it.

    Parameters
    ----------
    kind : "davies", "perlind" or "first_order", the call that makes it.
    method : of the stationary state; None takes the cheapest that is exact.
    options : further arguments of that call.
    """

    kind: str = "davies"
    method: StationaryMethod | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def model(
        self, system: System, contacts: Sequence[ReservoirContact], T: FloatArray, mu: FloatArray
    ) -> Model:
        """Return the model, chosen at T, mu (n,) if it is; raises as the call that makes it."""
        if self.kind == "first_order":
            return first_order(system, contacts, T, mu, **self.options)
        made: Model = _MAKERS[self.kind](system, contacts, **self.options)
        return made


_MAKERS: Final[Mapping[str, _Maker]] = {"davies": davies, "perlind": perlind}


def _window(value: object, place: Place) -> Window:
    """Read the table of a window of states."""
    arguments = _WINDOW(value, place)
    with place.blamed():
        return Window(**arguments)


_WINDOW: Final = Table(
    argument_keys(
        Window,
        energy=(POSITIVE_ENERGY, "It is the width, an energy."),
        mu=(ENERGY, "It is the chemical potential that energies are counted from."),
        weight=(positive, "It is the largest weight that may be left out."),
    )
)

_SHIFT = (boolean, "It adds the frequency shifts of Eq. (2).")
_METHOD = "It solves for the stationary state."

DAVIES: Final = Table(
    {
        "method": Key(Choice(tuple(METHODS)), _METHOD, "auto"),
        **argument_keys(
            davies,
            lamb_shift=_SHIFT,
            resolution=(POSITIVE_ENERGY, "It is an energy: closer levels count as one."),
            energy=(Choice(("hamiltonian", "level")), "It is what the energy flows count."),
        ),
    }
)

PERLIND: Final = Table(
    {
        "method": Key(Choice(tuple(PERLIND_METHODS)), _METHOD, "auto"),
        **argument_keys(
            perlind,
            lamb_shift=_SHIFT,
            window=(_window, "It says which states are kept: { energy = 3.0, mu = 0.0 }."),
        ),
    }
)

FIRST_ORDER: Final = Table(argument_keys(first_order, lamb_shift=_SHIFT))


def _kind(kind: str, methods: Mapping[str, StationaryMethod | None]) -> Callable[..., Generator]:
    def made(method: str = "auto", **options: Any) -> Generator:
        return Generator(kind, methods[method], options)

    return made


GENERATOR: Final = Variant(
    "kind",
    {
        "davies": (DAVIES, _kind("davies", METHODS)),
        "perlind": (PERLIND, _kind("perlind", PERLIND_METHODS)),
        "first_order": (FIRST_ORDER, _kind("first_order", {"auto": None})),
    },
    default="davies",
)
"""By the key `kind`: a new generator is an entry here and in the makers."""
