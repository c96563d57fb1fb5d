"""What a scenario asks of the open system: [generator], [flows], [relaxation]."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, final

from oqs.scenario.place import Place
from oqs.scenario.schema import Choice, Items, Key, Table
from oqs.scenario.values import Whole, boolean, positive
from oqs.stationary import (
    FullLiouvillian,
    GaussianState,
    Populations,
    StationaryMethod,
    ZeroFrequencyBlock,
)
from oqs.system.base import System
from oqs.system.systems import QuadraticSystem

LawName = Literal["density_matrix", "closed_form", "gaussian", "landauer"]

LAWS: Final[tuple[LawName, ...]] = ("density_matrix", "closed_form", "gaussian", "landauer")

METHODS: Final[dict[str, StationaryMethod | None]] = {
    "auto": None,
    "full_liouvillian": FullLiouvillian(),
    "gaussian_state": GaussianState(),
    "populations": Populations(),
    "zero_frequency_block": ZeroFrequencyBlock(),
}


@final
@dataclasses.dataclass(frozen=True)
class Generator:
    """How the Davies generator is made and solved, as `oqs.davies` and `oqs.flow_law` take it.

    Parameters
    ----------
    method : of the stationary state; None takes the cheapest that is exact.
    lamb_shift : include the frequency shifts of Eq. (2).
    resolution : energies closer than it count as equal; None: the default of `davies`.
    """

    method: StationaryMethod | None = None
    lamb_shift: bool = False
    resolution: float | None = None


@final
@dataclasses.dataclass(frozen=True)
class FlowsTask:
    """The stationary flows at the reservoirs' T and mu.

    Parameters
    ----------
    laws : by which laws; the first is the result, the others are compared with it.
    accuracy : of "landauer".
    audit : measure the assumptions behind the generator.
    """

    laws: tuple[LawName, ...] = ("density_matrix",)
    accuracy: float = 1e-8
    audit: bool = True


@final
@dataclasses.dataclass(frozen=True)
class RelaxationTask:
    """rho_S(t) at fixed T and mu of the reservoirs.

    Parameters
    ----------
    initial : "empty", "full", or occupations (N,) of the sites, 0 or 1.
    t_final : end; None takes ten relaxation times.
    points : number of times, from 0 to the end.
    """

    initial: Literal["empty", "full"] | tuple[int, ...] = "empty"
    t_final: float | None = None
    points: int = 51


def read_initial(value: object, place: Place) -> str | tuple[int, ...]:
    """Return "empty", "full", or the occupations of the sites."""
    if isinstance(value, list):
        return Items(Whole(0, 1))(value, place)
    return Choice(("empty", "full"))(value, place)


GENERATOR: Final = Table(
    {
        "method": Key(Choice(tuple(METHODS)), "It solves for the stationary state.", "auto"),
        "lamb_shift": Key(boolean, "It adds the frequency shifts of Eq. (2).", False),
        "resolution": Key(positive, "It is an energy: closer levels count as one."),
    }
)

FLOWS: Final = Table(
    {
        "laws": Key(Items(Choice(LAWS), most=4), 'Give ["density_matrix", "closed_form"].'),
        "accuracy": Key(positive, "It is relative to the largest flow, 1e-8.", 1e-8),
        "audit": Key(boolean, "It measures the assumptions behind the generator.", True),
    }
)

RELAXATION: Final = Table(
    {
        "initial": Key(read_initial, 'Give "empty", "full" or occupations [1, 0].', "empty"),
        "t_final": Key(positive, "It is the end, in units of 1/energy."),
        "points": Key(Whole(2, 10_000), "It is the number of times from 0 to the end.", 51),
    }
)


def require_law(law: LawName, system: System, place: Place) -> None:
    """Raise ScenarioError where a flow law does not hold for the system."""
    if law != "density_matrix" and not isinstance(system, QuadraticSystem):
        raise place.error(
            f"must be density_matrix for a system with interactions, but is {law}",
            "The other laws hold without interactions only.",
        )


def read_generator(value: object, place: Place) -> Generator:
    """Return the meaning of [generator]."""
    keys = GENERATOR(value, place)
    return Generator(METHODS[keys["method"]], keys["lamb_shift"], keys["resolution"])


def read_flows(value: object, place: Place) -> FlowsTask:
    """Return the meaning of [flows]."""
    keys = FLOWS(value, place)
    laws = keys["laws"] or FlowsTask.laws
    if len(set(laws)) < len(laws):
        raise place.at("laws").error("must name each law once", "Leave out what stands twice.")
    return FlowsTask(laws, keys["accuracy"], keys["audit"])


def read_relaxation(value: object, place: Place) -> RelaxationTask:
    """Return the meaning of [relaxation]."""
    return RelaxationTask(**RELAXATION(value, place))
