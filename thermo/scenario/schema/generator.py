"""[generator]: how the generator of the open system is made and its stationary state solved for."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

import oqs
from oqs.arguments import FloatArray
from oqs.contact.base import ReservoirContact
from thermo.scenario.schema.place import Place
from thermo.scenario.schema.table import Choice, Key, Table, Variant, argument_keys
from thermo.scenario.schema.values import ENERGY, POSITIVE_ENERGY, boolean, positive

METHODS: Final[Mapping[str, str | None]] = {
    "auto": None,
    "full_liouvillian": "FullLiouvillian",
    "gaussian_state": "GaussianState",
    "populations": "Populations",
    "zero_frequency_block": "ZeroFrequencyBlock",
}
"""Solvers of a Davies model's stationary state, classes of `oqs`: a new one is an entry here."""

PERLIND_METHODS: Final[Mapping[str, str | None]] = {
    "auto": None,
    "conserved_blocks": "ConservedBlocks",
    "full_liouvillian": "FullLiouvillian",
    "gaussian_state": "GaussianState",
}
"""Those of a PERLind model."""

_AUTO: Final[Mapping[str, str | None]] = {"auto": None}


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
    method: oqs.StationaryMethod | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def model(
        self,
        system: oqs.System,
        contacts: Sequence[ReservoirContact],
        T: FloatArray,
        mu: FloatArray,
    ) -> oqs.Model:
        """Return the model, chosen at T, mu (n,) if it is; raises as the call that makes it."""
        if self.kind == "first_order":
            return oqs.first_order(system, contacts, T, mu, **self.options)
        make: Callable[..., oqs.Model] = oqs.davies if self.kind == "davies" else oqs.perlind
        return make(system, contacts, **self.options)


def read_generator(value: object, place: Place) -> Generator:
    """Return the meaning of [generator]."""
    return generators()(value, place)


@functools.cache  # the calls whose arguments are its keys take a while to import
def generators() -> Variant:
    """Return the reader by the key `kind`: a new generator is an entry here and in `model`."""
    shift = (boolean, "It adds the frequency shifts of Eq. (2).")
    closer = (POSITIVE_ENERGY, "It is an energy: closer levels count as one.")
    counts = (Choice(("hamiltonian", "level")), "It is what the energy flows count.")
    window = (_window, "It says which states are kept: { energy = 3.0, mu = 0.0 }.")
    davies = argument_keys(oqs.davies, lamb_shift=shift, resolution=closer, energy=counts)
    perlind = argument_keys(oqs.perlind, lamb_shift=shift, window=window)
    first_order = argument_keys(oqs.first_order, lamb_shift=shift)
    return Variant(
        "kind",
        {
            "davies": _kind("davies", METHODS, davies),
            "perlind": _kind("perlind", PERLIND_METHODS, perlind),
            "first_order": (Table(first_order), functools.partial(_made, "first_order", _AUTO)),
        },
        default="davies",
    )


def _kind(
    kind: str, methods: Mapping[str, str | None], arguments: Mapping[str, Key]
) -> tuple[Table, Callable[..., Generator]]:
    method = Key(Choice(tuple(methods)), "It solves for the stationary state.", "auto")
    return Table({"method": method, **arguments}), functools.partial(_made, kind, methods)


def _made(
    kind: str, methods: Mapping[str, str | None], method: str = "auto", **options: Any
) -> Generator:
    solver = methods[method]
    return Generator(kind, None if solver is None else getattr(oqs, solver)(), options)


def _window(value: object, place: Place) -> oqs.Window:
    """Read the table of a window of states."""
    keys = argument_keys(
        oqs.Window,
        energy=(POSITIVE_ENERGY, "It is the width, an energy."),
        mu=(ENERGY, "It is the chemical potential that energies are counted from."),
        weight=(positive, "It is the largest weight that may be left out."),
    )
    arguments = Table(keys)(value, place)
    with place.blamed():
        return oqs.Window(**arguments)
