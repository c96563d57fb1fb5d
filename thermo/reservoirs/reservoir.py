"""A reservoir of finite size, and many of them evaluated together."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, positive_number, read_only, temperatures_and_potentials
from oqs.exports import exported
from oqs.summary import Summarised, Summary, counted, page_of_fields
from thermo.gases.base import EquationOfState, GasState, state_function
from thermo.gases.combined import CombinedGas
from thermo.gases.thermal import Conserved, conserved, no_potential


@exported
@final
@dataclasses.dataclass(frozen=True)
class Reservoir:
    """A gas in a finite box: N = A V n(T, mu), and so E, S, with n the gas's own law.

    With a gas that conserves energy alone (BoseGas, DebyeSolid, any `ThermalGas`) it is a heat
    reservoir: it has a temperature and no chemical potential, and exchanges no particles.

    Parameters
    ----------
    gas : its equation of state per unit capacity, ours or the user's.
    capacity : A_j V_j > 0; A is the prefactor of the density of states, V the volume. math.inf is a
        reservoir without end: its T and mu stay, whatever flows.
    name : how plots and tables call it; without one it takes that of its contact, or its number.

    Raises
    ------
    TypeError
        if `gas` lacks a method of EquationOfState, or `name` is no text.
    ValueError
        if `capacity` is not a number > 0.

    Examples
    --------
    >>> hot = thermo.Reservoir(thermo.SommerfeldGas(alpha=1.5), capacity=2.0, name="hot")
    >>> print(f"{hot.number(1.0, 16.0):.4f}")
    85.7446
    >>> thermo.Reservoir(hot.gas, capacity=np.inf).conserves  # a bath: T and mu stay
    ()
    """

    gas: EquationOfState
    capacity: float = 1.0
    name: str | None = None

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        if not isinstance(self.gas, EquationOfState) or isinstance(self.gas, type):
            raise TypeError(
                "Argument `gas` must be an equation of state with number, energy, entropy, "
                f"jacobian and check, but is {self.gas!r}. Give e.g. FermiDiracGas(alpha=1.5)."
            )
        if conserved(self.gas) not in (("N", "E"), ("E",)):
            raise ValueError(
                "Argument `gas` must conserve ('N', 'E') or ('E',), but its `conserves` is "
                f"{conserved(self.gas)!r}. Leave it out for a gas of fermions."
            )
        if self.name is not None and not isinstance(self.name, str):
            raise TypeError(f"Argument `name` must be text, but is {self.name!r}. Or leave it out.")
        if not (isinstance(self.capacity, float) and self.capacity == math.inf):
            remedy = "It is A_j V_j, the size of the reservoir; math.inf where T and mu stay."
            object.__setattr__(self, "capacity", positive_number("capacity", self.capacity, remedy))

    @property
    def conserves(self) -> Conserved:
        """What it keeps track of: N and E, or E alone; nothing if it is fixed.

        N and E change with its T and mu, E alone with its T.

        Of a fixed one, T and mu stay, and N, E and S have no size.
        """
        return () if math.isinf(self.capacity) else conserved(self.gas)

    def number(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return N(T, mu), (...); T and mu broadcast together, in units of energy."""
        return self.capacity * self.gas.number(T, mu)

    def energy(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return E(T, mu), (...), in units of energy."""
        return self.capacity * self.gas.energy(T, mu)

    def entropy(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return S(T, mu), (...), k_B = 1."""
        return self.capacity * self.gas.entropy(T, mu)

    def jacobian(self, T: ArrayLike, mu: ArrayLike) -> FloatArray:
        """Return [[dN/dT, dN/dmu], [dE/dT, dE/dmu]], (..., 2, 2)."""
        return self.capacity * self.gas.jacobian(T, mu)


@exported
@final
class Reservoirs(Sequence[Reservoir], Summarised):
    """A sequence of n reservoirs, evaluated together: one call for all that share a gas.

    Parameters
    ----------
    reservoirs : n >= 1 of them.

    Every method takes T and mu of shape (..., n), one entry per reservoir on the last axis, in
    units of energy, and does not check their shape: `checked` does, once. Where a reservoir has no
    chemical potential, mu is 0 here and NaN in what users see (`shown`).

    Examples
    --------
    >>> gas = thermo.SommerfeldGas(alpha=1.5)
    >>> box = [thermo.Reservoir(gas, capacity=1.0), thermo.Reservoir(gas, capacity=3.0)]
    >>> group = thermo.Reservoirs(box)
    >>> group.names, group.capacities
    (('1', '2'), array([1., 3.]))
    >>> group.number(np.array([0.6, 1.0]), np.array([20.8, 16.0])).round(4)
    array([ 63.3067, 128.6169])
    """

    def __init__(self, reservoirs: Iterable[Reservoir]) -> None:
        if not isinstance(reservoirs, Iterable):
            raise TypeError(
                f"Argument `reservoirs` must be a sequence of Reservoir, but is {reservoirs!r}. "
                "Give e.g. [Reservoir(gas, capacity=1.0), Reservoir(gas, capacity=2.0)]."
            )
        self._members = tuple(reservoirs)
        for member in self._members:
            if not isinstance(member, Reservoir):
                raise TypeError(
                    f"Argument `reservoirs` must hold Reservoir objects, but holds {member!r}. "
                    "Give e.g. [Reservoir(gas, capacity=1.0), Reservoir(gas, capacity=2.0)]."
                )
        if not self._members:
            raise ValueError(
                "Argument `reservoirs` must hold at least one, but is empty. Give [Reservoir(gas)]."
            )
        _check_names(self.names)
        self.capacities = read_only(np.array([member.capacity for member in self._members]))
        self.fixed = read_only(np.array([not member.conserves for member in self._members]))
        self.has_potential = read_only(
            np.array(["N" in conserved(member.gas) for member in self._members])
        )
        self.all_have_potential = bool(self.has_potential.all())
        self.per_capacity = read_only(1 / self.capacities)  # 0 where T and mu stay
        self._groups = _by_gas([member.gas for member in self._members])
        self._states = [(state_function(gas), members) for gas, members in self._groups]
        self._sizes = np.where(self.fixed, 0.0, self.capacities)
        self._columns = self._sizes[:, None, None]

    def summary(self) -> Summary:
        """Return gas and capacity of each."""
        rows = [
            (name, repr(member.gas), f"{member.capacity:g}")
            for name, member in zip(self.names, self._members, strict=True)
        ]
        facts = [(name, f"{gas}, capacity {capacity}") for name, gas, capacity in rows]
        heads = ("reservoir", "gas", "capacity")
        return Summary(counted(len(rows), "reservoir"), facts, heads, rows)

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Reservoir]:
        return iter(self._members)

    def __getitem__(self, index: int) -> Reservoir:  # type: ignore[override]
        return self._members[index]

    @property
    def names(self) -> tuple[str, ...]:
        """The reservoirs' names; the number counted from 1 where one has none."""
        return tuple(member.name or f"{j}" for j, member in enumerate(self._members, start=1))

    @property
    def parts(self) -> tuple[tuple[EquationOfState, float], ...]:
        """Each distinct gas with the sum of its reservoirs' capacities, the fixed ones left out."""
        sums = ((gas, float(self._sizes[at].sum())) for gas, at in self._groups)
        return tuple((gas, size) for gas, size in sums if size > 0)

    @functools.cached_property
    def total(self) -> CombinedGas:
        """All finite reservoirs at one T and mu."""
        return CombinedGas(self.parts)

    def named(self, law: object) -> Reservoirs:
        """Return the same, those without a name called as the contacts of a law that knows theirs.

        Raises ValueError where there are more or fewer than the law has, one has another name than
        its contact, or is of another kind: no chemical potential and a fermionic contact, or one
        and a bosonic contact.
        """
        names = getattr(law, "names", None)
        self._check_number(law, names)
        if names is None:
            self._check_kinds(law)
            return self
        for j, (member, name) in enumerate(zip(self._members, names, strict=True)):
            if None not in (member.name, name) and member.name != name:
                raise ValueError(
                    f"Argument `reservoirs` must follow the contacts of the law, but reservoir "
                    f"{j + 1} is called {member.name!r} and its contact {name!r}. Give them in the "
                    "order and with the names of the contacts, or without names."
                )
        members = tuple(
            member if member.name or not name else dataclasses.replace(member, name=name)
            for member, name in zip(self._members, names, strict=True)
        )
        renamed = object.__new__(Reservoirs)
        renamed.__dict__.update(self.__dict__, _members=members)  # names are all that changes
        _check_names(renamed.names)
        renamed._check_kinds(law)
        return renamed

    def _check_number(self, law: object, names: Sequence[str | None] | None) -> None:
        count = getattr(law, "reservoirs", len(self)) if names is None else len(names)
        if isinstance(count, int) and count != len(self):
            known = [name for name in names or () if name is not None]
            called = f" ({', '.join(known)})" if known else ""
            links = ", or mend the names in its links: an unknown one adds a reservoir"
            raise ValueError(
                f"Argument `reservoirs` must hold one for each of the {count} of the law{called}, "
                f"but holds {len(self)}. Give as many{links if hasattr(law, 'links') else ''}."
            )

    def _check_kinds(self, law: object) -> None:
        # further reservoirs of a law with links touch no contact, and may be of any kind
        for j, is_bosonic in enumerate(_bosonic_contacts(law)[: len(self)]):
            if is_bosonic == self.has_potential[j]:
                kind, gases = (
                    ("bosonic", "BoseGas or DebyeSolid")
                    if is_bosonic
                    else ("fermionic", "FermiDiracGas or SommerfeldGas")
                )
                raise ValueError(
                    "Argument `reservoirs` must hold a gas of its kind for each contact, but "
                    f"contact {self.names[j]!r} is {kind} and its gas {self[j].gas!r}. "
                    f"Give e.g. {gases}."
                )

    def checked(self, T: ArrayLike, mu: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
        """Return T, mu as (n,) arrays after checking shape, sign and each gas's validity."""
        temperature, potential = temperatures_and_potentials(T, self.potentials(mu), len(self))
        self.check(temperature, potential)
        return temperature, potential

    def potentials(self, mu: ArrayLike | None) -> ArrayLike:
        """Return mu (..., n) with 0 where a reservoir has none, or as it is where all have one.

        Raises ValueError where a reservoir without chemical potential is given one, or it is left
        out and one has it.
        """
        if mu is None and self.has_potential.any():
            name = self.names[int(np.argmax(self.has_potential))]
            raise ValueError(
                "Argument `mu` must be given where a reservoir has a chemical potential, as "
                f"{name!r} has, but is left out. Give shape ({len(self)},)."
            )
        if self.all_have_potential or mu is None:
            return np.zeros(len(self)) if mu is None else mu
        filled = np.array(mu, dtype=np.float64)
        if filled.ndim and filled.shape[-1] == len(self):  # else refused by whoever checks shapes
            for j in np.flatnonzero(~self.has_potential).tolist():
                no_potential(self[j].gas, filled[..., j])
                filled[..., j] = 0.0
        return filled

    def shown(self, mu: FloatArray) -> FloatArray:
        """Return mu (..., n) with NaN where a reservoir has none, as users see it."""
        return mu if self.all_have_potential else np.where(self.has_potential, mu, np.nan)

    def check(self, T: FloatArray, mu: FloatArray) -> None:
        """Raise ValueError where a state (..., n) lies outside its gas's validity."""
        for gas, members in self._groups:
            gas.check(T[..., members], mu[..., members])

    def number(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return N_j, (..., n)."""
        return self.state(T, mu).number

    def energy(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return E_j, (..., n), in units of energy."""
        return self.state(T, mu).energy

    def entropy(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return S_j, (..., n)."""
        return self.state(T, mu).entropy

    def jacobian(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return [[dN/dT, dN/dmu], [dE/dT, dE/dmu]] of each, (..., n, 2, 2)."""
        return self._columns * self.unit_jacobian(T, mu)

    def unit_jacobian(self, T: FloatArray, mu: FloatArray) -> FloatArray:
        """Return the same per unit capacity, which a fixed reservoir has as well."""
        if len(self._groups) == 1:
            return self._groups[0][0].jacobian(T, mu)
        jacobian = np.empty((*np.broadcast_shapes(T.shape, mu.shape), 2, 2))
        for gas, members in self._groups:
            jacobian[..., members, :, :] = gas.jacobian(T[..., members], mu[..., members])
        return jacobian

    def state(self, T: FloatArray, mu: FloatArray) -> GasState:
        """Return N_j, E_j, S_j, (..., n), and the Jacobians, (..., n, 2, 2), together.

        All are 0 of a fixed reservoir, where they have no size.
        """
        if len(self._states) == 1:
            number, energy, entropy, jacobian = self._states[0][0](T, mu)
        else:
            shape = np.broadcast_shapes(T.shape, mu.shape)
            number, energy, entropy = np.empty(shape), np.empty(shape), np.empty(shape)
            jacobian = np.empty((*shape, 2, 2))
            for state, members in self._states:
                part = state(T[..., members], mu[..., members])
                number[..., members] = part.number
                energy[..., members] = part.energy
                entropy[..., members] = part.entropy
                jacobian[..., members, :, :] = part.jacobian
        c = self._sizes
        return GasState(c * number, c * energy, c * entropy, self._columns * jacobian)


def _bosonic_contacts(law: object) -> Sequence[bool]:
    """Return which contacts of a law or model are bosonic; none where it does not know."""
    own = getattr(law, "law", law)  # without its links
    bosonic = getattr(getattr(own, "model", own), "bosonic", None)
    if bosonic is not None:
        return [bool(each) for each in bosonic]
    return [not contact.fermionic for contact in getattr(own, "contacts", ())]


def _check_names(names: tuple[str, ...]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(
            f"Argument `reservoirs` must have different names, but two are called {twice!r}. "
            "Name each, or none: then they take their contacts' names, or numbers."
        )


def _by_gas(
    gases: Sequence[EquationOfState],
) -> list[tuple[EquationOfState, slice | NDArray[np.intp]]]:
    """Return each distinct gas with the places it stands at; a slice (no copy) if everywhere."""
    distinct: list[tuple[EquationOfState, list[int]]] = []
    for j, gas in enumerate(gases):
        for other, members in distinct:
            if gas is other or (type(gas) is type(other) and gas == other):
                members.append(j)
                break
        else:
            distinct.append((gas, [j]))
    if len(distinct) == 1:
        return [(distinct[0][0], slice(None))]
    return [(gas, np.array(members, dtype=np.intp)) for gas, members in distinct]
