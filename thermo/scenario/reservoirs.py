"""[[reservoirs]] in full: the gas and the size of each."""

from __future__ import annotations

import math
from typing import Any, Final

from oqs.scenario.place import Place
from oqs.scenario.reading import RESERVOIR, OpenSystem
from oqs.scenario.schema import REQUIRED, Key, Table, Variant, named
from oqs.scenario.values import long_numbers, positive
from thermo.gases import FermiDiracGas, SommerfeldGas, TabulatedGas
from thermo.reservoirs.reservoir import Reservoir, Reservoirs

_ALPHA: Final = Table({"alpha": Key(positive, "It is D/d, 1.5 in three dimensions.", REQUIRED)})
_TABULATED: Final = Table(
    {
        "energies": Key(long_numbers, "Give ascending energies.", REQUIRED),
        "density_of_states": Key(long_numbers, "Give one value >= 0 per energy.", REQUIRED),
    }
)

GASES: Final = Variant(
    {
        "sommerfeld": (_ALPHA, SommerfeldGas),
        "fermi_dirac": (_ALPHA, FermiDiracGas),
        "tabulated": (_TABULATED, TabulatedGas),
    }
)


def _size(value: object, place: Place) -> float:
    """Return a number > 0, or infinity for a reservoir whose T and mu stay."""
    return math.inf if value == math.inf else positive(value, place)


FINITE_RESERVOIR: Final = Table(
    {
        **RESERVOIR.keys,
        "gas": Key(GASES, 'Give a gas, {law = "fermi_dirac", alpha = 1.5}.', REQUIRED),
        "capacity": Key(_size, "It is A_j V_j, the size of the reservoir, or inf.", 1.0),
    }
)


def read_reservoirs(value: object, place: Place, found: OpenSystem) -> tuple[Reservoir, ...]:
    """Return the reservoirs behind the contacts; each gas must hold at its T and mu."""
    reservoirs: list[Reservoir] = []
    for j, ((table, at), name) in enumerate(zip(named(value, place), found.names, strict=True)):
        keys: dict[str, Any] = FINITE_RESERVOIR(table, at)
        with at.blamed():
            reservoir = Reservoir(keys["gas"], keys["capacity"], name)
            Reservoirs([reservoir]).checked(found.T[j : j + 1], found.mu[j : j + 1])
        reservoirs.append(reservoir)
    return tuple(reservoirs)
