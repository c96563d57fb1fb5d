"""Direct links between reservoirs, beside the open system: heat leaks, electron-phonon cooling."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, positive, positive_number, real_array, real_number
from oqs.flows import Flows, PlainFlows, listed
from oqs.generator.model import Model

Link = Callable[[FloatArray, FloatArray], ArrayLike]
"""(T_a, T_b) -> energy per unit time from a to b, for arrays (...) of temperatures."""


@final
@dataclasses.dataclass(frozen=True)
class HeatLink:
    """A link that carries K (T_a^s - T_b^s) of energy per unit time from reservoir a to b.

    s = 1 is a linear conductance, s = 4 black-body radiation in three dimensions, s = 5 the cooling
    of electrons by phonons, Sigma V (T_e^5 - T_ph^5), in a clean metal.

    Parameters
    ----------
    strength : K >= 0; energy per unit time (hbar = 1) over T^s. For electrons and phonons Sigma V.
    exponent : s > 0.

    Raises
    ------
    TypeError, ValueError
        if one is no such number.

    Notes
    -----
    Source: F. Giazotto et al., Rev. Mod. Phys. 78, 217 (2006), doi:10.1103/RevModPhys.78.217.

    Examples
    --------
    >>> import thermo
    >>> thermo.HeatLink(2.0, exponent=5)(1.0, 0.5)
    1.9375
    """

    strength: float
    exponent: float = 1.0

    def __post_init__(self) -> None:
        remedy = "It is the heat per unit time at T_a^s - T_b^s = 1."
        strength = real_number("strength", self.strength, remedy)
        if not strength >= 0:
            raise ValueError(
                f"Argument `strength` must be >= 0, but is {strength!r}: heat would flow from cold "
                f"to hot. {remedy}"
            )
        object.__setattr__(self, "strength", strength)
        power = positive_number("exponent", self.exponent, "1 is a linear conductance.")
        object.__setattr__(self, "exponent", power)

    def __call__(self, T_a: FloatArray, T_b: FloatArray) -> FloatArray:
        """Return the energy per unit time (...) from a to b at T_a, T_b (...)."""
        if self.exponent == 1:
            return self.strength * (T_a - T_b)
        return self.strength * (T_a**self.exponent - T_b**self.exponent)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class LinkedLaw:
    """A flow law with direct links between reservoirs; made by `with_links`.

    Parameters
    ----------
    law : of the first reservoirs, or None.
    contacts : how many these are.
    reservoirs : names (n,) of all.
    links : pairs (a, b) of places and the link between them.

    It offers what flow laws offer (`oqs.FlowLaw`), as far as `law` does.
    """

    law: Callable[[ArrayLike, ArrayLike], Flows] | None
    contacts: int
    reservoirs: tuple[str, ...]
    links: tuple[tuple[tuple[int, int], Link], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names (n,) of the reservoirs."""
        return self.reservoirs

    @property
    def batched(self) -> bool:
        """Whether T and mu may have shape (..., n)."""
        return self.law is None or bool(getattr(self.law, "batched", False))

    @property
    def model(self) -> Model | None:
        """The model of the open system, if the law has one."""
        return getattr(self.law, "model", None)

    @property
    def frequencies(self) -> FloatArray | None:
        """The Bohr frequencies of the law, if it knows them."""
        return getattr(self.law, "frequencies", None)

    @property
    def fastest_rate(self) -> float | None:
        """The largest rate of the law's contacts, if it knows it."""
        return getattr(self.law, "fastest_rate", None)

    def __call__(self, T: ArrayLike, mu: ArrayLike | None = None) -> Flows:
        """Return the flows (..., n) at T, mu (..., n); mu may be left out where there is no law.

        Raises ValueError where a link carries heat from cold to hot, or what is no number.
        """
        temperature = real_array("T", T, f"Give shape (..., {len(self.names)}).")
        positive("T", temperature, "Temperatures are absolute.")
        if temperature.ndim == 0 or temperature.shape[-1] != len(self.names):
            raise ValueError(
                f"Argument `T` must have shape (..., {len(self.names)}), one entry for each of "
                f"{', '.join(self.names)}, but has shape {temperature.shape}. Give them in this "
                "order."
            )
        particle, energy, heat = np.zeros((3, *temperature.shape))
        if self.law is not None:
            own = slice(0, self.contacts)
            potential = None if mu is None else np.asarray(mu, dtype=np.float64)[..., own]
            flows = self.law(temperature[..., own], potential)  # type: ignore[arg-type]
            particle[..., own], energy[..., own] = flows.particle, flows.energy
            heat[..., own] = flows.heat
        for pair, link in self.links:
            carried = self._carried(pair, link, temperature)
            for place, sign in zip(pair, (1.0, -1.0), strict=True):
                energy[..., place] += sign * carried
                heat[..., place] += sign * carried
        return Flows(particle, energy, heat, names=self.names)

    @property
    def gross(self) -> Callable[[FloatArray, FloatArray], Flows] | None:
        """T, mu (n,) -> gross rates (n,), if the law knows its own; a link adds what it carries."""
        own: Callable[[FloatArray, FloatArray], Flows] | None = getattr(self.law, "gross", None)
        return None if own is None else functools.partial(self._gross, own)

    def heat_of_links(self, T: ArrayLike) -> FloatArray:
        """Return the energy per unit time (..., L) that each link carries from its a to its b."""
        temperature = np.asarray(T, dtype=np.float64)
        return np.stack([self._carried(*each, temperature) for each in self.links], axis=-1)

    def plain_flows(self) -> PlainFlows | None:
        """Return the flows as a function of plain numbers, or None where that is no quicker."""
        if self.law is None or not hasattr(self.law, "plain_flows"):
            return listed(self)
        inner: PlainFlows | None = self.law.plain_flows()
        if inner is None:
            return None
        count, others = self.contacts, [0.0] * (len(self.names) - self.contacts)

        def flows(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
            particle, energy = inner(T[:count], mu[:count])
            energy = energy + others
            for (a, b), link in self.links:
                carried = float(link(T[a], T[b]))  # type: ignore[arg-type]
                energy[a] += carried
                energy[b] -= carried
            return particle + others, energy

        return flows

    def _gross(
        self, own: Callable[[FloatArray, FloatArray], Flows], T: FloatArray, mu: FloatArray
    ) -> Flows:
        flows = own(T[: self.contacts], mu[: self.contacts])
        rest = (0, len(self.names) - self.contacts)
        links = np.zeros(len(self.names))
        for pair, carried in zip(self.links, self.heat_of_links(T), strict=True):
            links[list(pair[0])] += abs(carried)
        energy, heat = (np.pad(part, rest) + links for part in (flows.energy, flows.heat))
        return Flows(np.pad(flows.particle, rest), energy, heat)

    def _carried(self, pair: tuple[int, int], link: Link, T: FloatArray) -> FloatArray:
        """Return what a link carries from a to b at T (..., n), checked."""
        hot, cold = T[..., pair[0]], T[..., pair[1]]
        carried = np.asarray(link(hot, cold), dtype=np.float64)
        if carried.shape != hot.shape:
            raise ValueError(
                f"{self._called(pair)} must return an array of the shape {hot.shape} of its two "
                f"temperatures, but returned shape {carried.shape}. Write it for arrays."
            )
        # of nan as well
        right = np.where(hot == cold, carried == 0, carried * (hot - cold) >= 0)
        if not right.all():
            k = np.unravel_index(int(np.argmin(right)), right.shape)
            raise ValueError(
                f"{self._called(pair)} must carry heat from hot to cold, but carries "
                f"{float(carried[k])!r} from T = {float(hot[k])!r} to T = {float(cold[k])!r}. "
                "Mend its sign, and let it vanish at equal T."
            )
        return carried

    def _called(self, pair: tuple[int, int]) -> str:
        return f"The link of {self.names[pair[0]]!r} to {self.names[pair[1]]!r}"
