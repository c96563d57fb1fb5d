"""A flow law with direct links between reservoirs: Eq. (4) with what they carry."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

import oqs
from oqs.arguments import FloatArray, float_array, positive, real_array
from oqs.exports import exported
from oqs.flow_jacobian import DERIVATIVES, FlowJacobian
from oqs.flows import Flows, ScalarFlows, listed
from oqs.summary import Summarised, Summary
from thermo.reservoirs.links import HeatFlow, Link, OhmicLink


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LinkedLaw(Summarised):
    """A flow law with direct links between reservoirs; made by `with_links`.

    Parameters
    ----------
    law : of the first reservoirs, or None.
    contacts : how many these are.
    reservoirs : names (n,) of all.
    links : pairs (a, b) of places and the link between them.

    It offers what flow laws offer (`oqs.FlowLaw`), as far as `law` does.

    Examples
    --------
    >>> import thermo
    >>> law = thermo.with_links(None, {("hot", "cold"): 1e-3})
    >>> law.heat_of_links([3.0, 1.0]).tolist()
    [0.002]
    """

    law: Any
    contacts: int
    reservoirs: tuple[str, ...]
    links: tuple[tuple[tuple[int, int], Link], ...]

    def summary(self) -> Summary:
        """Return the law of the open system and every link."""
        rows = [
            (f"{self.reservoirs[a]} - {self.reservoirs[b]}", repr(link))
            for (a, b), link in self.links
        ]
        law = "no open system" if self.law is None else repr(self.law)
        return Summary("Flow law with links", [*rows, ("", law)], ("between", "link"), rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names (n,) of the reservoirs."""
        return self.reservoirs

    @property
    def batched(self) -> bool:
        """Whether T and mu may have shape (..., n)."""
        return self.law is None or bool(getattr(self.law, "batched", False))

    @property
    def alone(self) -> LinkedLaw:
        """The links by themselves, between all n reservoirs."""
        return dataclasses.replace(self, law=None, contacts=0)

    def around(self, law: Any, contacts: int) -> LinkedLaw:
        """Return the same links beside the law of the first reservoirs, so many of them."""
        return dataclasses.replace(self, law=law, contacts=contacts)

    @property
    def model(self) -> oqs.Model | None:
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
        """Return the flows (..., n) at T, mu (..., n); mu may be left out where only heat flows.

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
        potential = None if mu is None else self._potential(mu, temperature)
        particle, energy, heat = np.zeros((3, *temperature.shape))
        if self.law is not None:
            own = slice(0, self.contacts)
            flows = self.law(
                temperature[..., own], None if potential is None else potential[..., own]
            )
            particle[..., own], energy[..., own] = flows.particle, flows.energy
            heat[..., own] = flows.heat
        for (a, b), link in self.links:
            lost, carried, warmth, other = self._carried(link, (a, b), temperature, potential)
            particle[..., a] += lost
            particle[..., b] -= lost
            energy[..., a] += carried
            energy[..., b] -= carried
            heat[..., a] += warmth
            heat[..., b] += other
        return Flows(particle, energy, heat, names=self.names)

    def _potential(self, mu: ArrayLike, T: FloatArray) -> FloatArray:
        """Return mu (..., n) as an array; what has no chemical potential may hold NaN."""
        remedy = f"Give one entry for each of {', '.join(self.names)}."
        potential = float_array("mu", mu, remedy)
        if potential.shape[-1:] != T.shape[-1:]:
            raise ValueError(
                f"Argument `mu` must have shape (..., {len(self.names)}), but has shape "
                f"{potential.shape}. {remedy}"
            )
        return potential

    def heat_of_links(self, T: ArrayLike, mu: ArrayLike | None = None) -> FloatArray:
        """Return the heat per unit time (..., L) that the a of each link loses through it."""
        temperature = float_array("T", T, "Give temperatures in units of energy (k_B = 1).")
        if temperature.shape[-1:] != (len(self.names),):
            raise ValueError(
                f"Argument `T` must have shape (..., {len(self.names)}), but has shape "
                f"{temperature.shape}. Give one entry for each of {', '.join(self.names)}."
            )
        potential = None if mu is None else self._potential(mu, temperature)
        heats = [self._carried(link, at, temperature, potential)[2] for at, link in self.links]
        return np.stack(heats, axis=-1)

    def heat_flow(self, link: HeatFlow, pair: tuple[int, int], T: FloatArray) -> FloatArray:
        """Return the heat from a to b at T (..., n); ValueError where it is from cold to hot."""
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

    def completed_gross(self, own: Flows, T: FloatArray, mu: FloatArray) -> Flows:
        """Return gross rates (n,) from those of the law's contacts, with the terms of the links."""
        rates = np.pad([own.particle, own.energy, own.heat], ((0, 0), (0, len(T) - self.contacts)))
        for (a, b), link in self.links:
            if isinstance(link, OhmicLink):
                particle = link.conductance * max(abs(mu[a]), abs(mu[b]))
                thermal = link.conductance * math.pi**2 / 6 * max(T[a], T[b]) ** 2
                both = thermal + particle * max(abs(mu[a]), abs(mu[b]))
                terms = particle, both, both
            else:
                carried = float(np.abs(self.heat_flow(link, (a, b), T)))
                terms = 0.0, carried, carried
            rates[:, [a, b]] += np.array(terms)[:, None]
        return Flows(*rates)

    @property
    def gross(self) -> Callable[[FloatArray, FloatArray], Flows]:
        """T, mu (n,) -> gross rates (n,), links included; AttributeError if the law has none."""
        own = self.law.gross

        def gross(T: FloatArray, mu: FloatArray) -> Flows:
            return self.completed_gross(own(T[: self.contacts], mu[: self.contacts]), T, mu)

        return gross

    @property
    def jacobian(self) -> Callable[[ArrayLike, ArrayLike], FlowJacobian]:
        """(T, mu) -> derivatives of the flows, if the law and every link (`slopes`) know theirs.

        Raises AttributeError where they do not.
        """
        if not all(hasattr(link, "slopes") for _, link in self.links) or not (
            self.law is None or hasattr(self.law, "jacobian")
        ):
            raise AttributeError("the law or a link does not know its derivatives")
        return self._jacobian

    def scalar_flows(self) -> ScalarFlows | None:
        """Return the flows as a function of scalars, or None where that does not pay."""
        inner: ScalarFlows | None = _nothing
        if self.law is not None:
            if not hasattr(self.law, "scalar_flows"):
                return listed(self)
            inner = self.law.scalar_flows()
        if inner is None:
            return None
        count, others = self.contacts, [0.0] * (len(self.names) - self.contacts)
        links: list[tuple[tuple[int, int], Any]] = list(self.links)

        def flows(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
            particle, energy = inner(T[:count], mu[:count])
            particle, energy = particle + others, energy + others
            for (a, b), link in links:
                if isinstance(link, OhmicLink):
                    exchange: Any = link.carried(T[a], mu[a], T[b], mu[b])  # type: ignore[arg-type]
                    lost, carried = exchange[:2]
                    particle[a] += lost
                    particle[b] -= lost
                else:
                    carried = float(link(T[a], T[b]))
                energy[a] += carried
                energy[b] -= carried
            return particle, energy

        return flows

    def _carried(
        self, link: Link, pair: tuple[int, int], T: FloatArray, mu: FloatArray | None
    ) -> tuple[FloatArray | float, FloatArray, FloatArray, FloatArray]:
        """Return P and J (...) from a to b, and the heats Y_a, Y_b (...) that a and b lose."""
        if not isinstance(link, OhmicLink):
            heat = self.heat_flow(link, pair, T)
            return 0.0, heat, heat, -heat
        if mu is None:
            raise ValueError(
                f"Argument `mu` must be given, for {self._called(pair)[4:]} carries particles, but "
                f"is left out. Give shape (..., {len(self.names)})."
            )
        a, b = pair
        if not np.isfinite(mu[..., [a, b]]).all():
            raise ValueError(
                f"Argument `mu` must be finite at the ends of {self._called(pair)[4:]}, but "
                f"is {mu[..., [a, b]].tolist()}. Give numbers."
            )
        return link.carried(T[..., a], mu[..., a], T[..., b], mu[..., b])

    def _jacobian(self, T: ArrayLike, mu: ArrayLike) -> FlowJacobian:
        temperature, potential = np.asarray(T, dtype=np.float64), np.asarray(mu, dtype=np.float64)
        table = np.zeros((6, *temperature.shape, len(self.names)))
        if self.law is not None:
            own = slice(0, self.contacts)
            inner = self.law.jacobian(temperature[..., own], potential[..., own])
            for part, name in zip(table, DERIVATIVES, strict=True):
                part[..., own, own] = getattr(inner, name)
        derivatives = dict(zip(DERIVATIVES, table, strict=True))
        links: list[tuple[tuple[int, int], Any]] = list(self.links)
        for (a, b), link in links:
            wire = isinstance(link, OhmicLink)
            state = (
                (potential[..., a], temperature[..., b], potential[..., b])
                if wire
                else (temperature[..., b],)
            )
            for name, rows in link.slopes(temperature[..., a], *state).items():
                for row, slopes in zip((a, b), rows, strict=True):
                    for column, slope in zip((a, b), slopes, strict=True):
                        derivatives[name][..., row, column] += slope
        return FlowJacobian.of_table(table, self.names)

    def _called(self, pair: tuple[int, int]) -> str:
        return f"The link of {self.names[pair[0]]!r} to {self.names[pair[1]]!r}"


def _nothing(T: list[float], mu: list[float]) -> tuple[list[float], list[float]]:
    """Return the flows of no contacts."""
    return [], []
