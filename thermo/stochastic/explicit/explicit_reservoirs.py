"""A quadratic system and the levels of its reservoirs, without a master equation."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from oqs import Contact, QuadraticSystem
from oqs.arguments import (
    ComplexArray,
    FloatArray,
    ascending_times,
    has_shape,
    of_type,
    read_only,
    real_array,
    real_number,
)
from oqs.contact.together import checked_contacts, contact_names, fermionic_contacts
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.memory import require_memory
from oqs.summary import Summarised, Summary, counted
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.stochastic.explicit.levels import Levels, checked_band, levels_of
from thermo.stochastic.explicit.thermalised import evolve_thermalised
from thermo.stochastic.explicit.unitary import evolve_freely
from thermo.stochastic.small.small_reservoir import states_of
from thermo.stochastic.small.start import small_reservoir


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ExplicitPath(Summarised):
    """What became of explicit reservoirs, at k times; read-only.

    Parameters
    ----------
    times : (k,) hbar = 1.
    T, mu : (k, n) effective: those of a gas of the reservoir's N and E. N, E : (k, n). Units of
        energy.
    modes : (k, N) occupations of the system's modes.
    level_energies, level_occupations : (n, K) the levels followed, and how they are filled last.
    names : of the reservoirs.

    >>> level = oqs.QuadraticSystem.from_energies([1.3])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=100.0, name="box")
    >>> exact = thermo.explicit_reservoirs(level, [oqs.Contact(oqs.flat(0.01))], [box], levels=40)
    >>> exact.evolve(T=[0.3], mu=[1.2], times=[0.0, 1e3])
    1 explicit reservoir at 2 times: T of box: 0.3 to 0.2998
    """

    times: FloatArray
    T: FloatArray
    mu: FloatArray
    N: FloatArray
    E: FloatArray
    modes: FloatArray
    level_energies: FloatArray
    level_occupations: FloatArray
    names: tuple[str, ...]

    def summary(self) -> Summary:
        """Return T of each reservoir, first and last."""
        return Summary(
            f"{counted(len(self.names), 'explicit reservoir')} at {len(self.times)} times",
            [
                (f"T of {name}", f"{first:.4g} to {last:.4g}")
                for name, first, last in zip(
                    self.names, self.T[0].tolist(), self.T[-1].tolist(), strict=True
                )
            ],
        )

    def to_dataset(self) -> xr.Dataset:
        """Return the same as labelled arrays: time, reservoir, mode, level."""
        over = ("time", "reservoir")
        tables: dict[str, tuple[Any, ...]] = {
            **{name: (over, getattr(self, name)) for name in ("T", "mu", "N", "E")},
            "modes": (("time", "mode"), self.modes),
            "level_energies": (("reservoir", "level"), self.level_energies, "E_0"),
            "level_occupations": (("reservoir", "level"), self.level_occupations, "1"),
        }
        axes = {"time": ("time", self.times), "reservoir": list(self.names)}
        return dataset(tables, axes)


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ExplicitReservoirs(Summarised):
    """H = sum_k w_k a_k^+ a_k + sum_jl eps_jl b_jl^+ b_jl + sum_jlk (t_jlk b_jl^+ a_k + h.c.).

    Made by `explicit_reservoirs`.

    Parameters
    ----------
    system : its modes. group : n reservoirs. levels : of each.

    >>> level = oqs.QuadraticSystem.from_energies([1.3])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=100.0)
    >>> thermo.explicit_reservoirs(level, [oqs.Contact(oqs.flat(0.01))], [box], levels=40)
    1 mode and 40 levels of each of 1 reservoir: spacing over rate at the modes: 1
    """

    system: QuadraticSystem
    group: Reservoirs
    levels: tuple[Levels, ...]

    def summary(self) -> Summary:
        """Return the numbers of levels, and whether they make a continuum."""
        ratio = float(self.spacing_over_rate.max())
        return Summary(
            f"{counted(self.system.sites, 'mode')} and {len(self.levels[0].energy)} levels of each "
            f"of {counted(len(self.group), 'reservoir')}",
            [("spacing over rate at the modes", f"{ratio:.3g}")],
        )

    @functools.cached_property
    def spacing_over_rate(self) -> FloatArray:
        """Level spacing over gamma_j(w_k) times the squared amplitude, (n, N): << 1 in a continuum.

        Infinite where a reservoir does not touch a mode.
        """
        ratios = np.full((len(self.group), self.system.sites), np.inf)
        for j, levels in enumerate(self.levels):
            for k, w in enumerate(self.system.energies.tolist()):
                place = int(np.argmin(np.abs(levels.energy - w)))
                rate = 2 * math.pi * abs(levels.coupling[place, k]) ** 2 / levels.spacing[place]
                if rate > 0:
                    ratios[j, k] = levels.spacing[place] / rate
        return read_only(ratios)

    @functools.cached_property
    def hamiltonian(self) -> ComplexArray:
        """One-particle matrix (N + n K, N + n K): modes, then levels, reservoir by reservoir."""
        sites = self.system.sites
        energy = np.concatenate([self.system.energies, *(part.energy for part in self.levels)])
        h = np.diag(energy).astype(np.complex128)
        coupling = np.concatenate([part.coupling for part in self.levels])
        h[sites:, :sites] = coupling
        h[:sites, sites:] = coupling.conj().T
        return read_only(h)

    def evolve(
        self,
        T: ArrayLike,
        mu: ArrayLike,
        times: ArrayLike,
        *,
        thermalisation: float = 0.0,
        modes: ArrayLike | None = None,
    ) -> ExplicitPath:
        """Return the reservoirs at later times: Schroedinger's equation, not a master equation.

        Parameters
        ----------
        T, mu : (n,) at t = 0, where levels are filled by the Fermi function and nothing is
            correlated; units of energy.
        times : (k,) ascending, >= 0.
        thermalisation : kappa >= 0, at which levels relax to the Fermi function of their
            reservoir's own N and E; 0 for none. It widens levels by kappa, which should stay below
            T, and above the level spacing.
        modes : (N,) occupations of the system's modes at t = 0; None for an empty system.

        Raises
        ------
        TypeError, ValueError
            for a bad argument, or a reservoir that comes to where its gas has no T.
        RuntimeError
            if a step with thermalisation fails.

        Notes
        -----
        T_j, mu_j are effective: without thermalisation the levels near a mode are emptied, and no
        Fermi function describes them. Beyond 2 pi/spacing what has left comes back.
        """
        temperature, potential = self.group.checked(T, mu)
        grid = ascending_times(
            times, "Give ascending times >= 0, such as np.linspace(0, 1e6, 200)."
        )
        kappa = real_number("thermalisation", thermalisation, "It is a rate, 0 for none.")
        if kappa < 0:
            raise ValueError(
                f"Argument `thermalisation` must be >= 0, but is {kappa!r}. Give 0 for none."
            )
        filled = [
            expit((potential[j] - part.energy) / temperature[j])
            for j, part in enumerate(self.levels)
        ]
        occupations = np.concatenate([self._modes(modes), *filled])
        members = [
            small_reservoir(member, name, float(temperature[j]), float(potential[j]))
            for j, (member, name) in enumerate(zip(self.group, self.group.names, strict=True))
        ]
        if kappa == 0:
            evolved = evolve_freely(self.hamiltonian, occupations, self._parts, grid)
        else:
            evolved = evolve_thermalised(
                self.hamiltonian, occupations, self._parts, grid, kappa, members
            )
        states = states_of(members, evolved.lost, evolved.released)
        for name, T_of in zip(self.group.names, states["T"].T, strict=True):
            if np.isnan(T_of).any():
                raise ValueError(
                    f"Argument `reservoirs` must have a temperature at all `times`, but {name!r} "
                    f"has none at t = {grid[np.argmax(np.isnan(T_of))]:g}. Give it a larger "
                    "capacity."
                )
        return ExplicitPath(
            times=read_only(grid),
            **{name: read_only(values) for name, values in states.items()},
            modes=read_only(evolved.modes),
            level_energies=read_only(np.stack([part.energy for part in self.levels])),
            level_occupations=read_only(evolved.levels),
            names=self.group.names,
        )

    @property
    def _parts(self) -> list[slice]:
        sites, count = self.system.sites, len(self.levels[0].energy)
        return [slice(sites + j * count, sites + (j + 1) * count) for j in range(len(self.levels))]

    def _modes(self, modes: ArrayLike | None) -> FloatArray:
        if modes is None:
            return np.zeros(self.system.sites)
        remedy = "Give one occupation between 0 and 1 per mode, or None for an empty system."
        filled = real_array("modes", modes, remedy)
        has_shape("modes", filled, (self.system.sites,), remedy)
        if np.any((filled < 0) | (filled > 1)):
            raise ValueError(f"Argument `modes` must lie within [0, 1], but is {modes!r}. {remedy}")
        return filled


@exported
def explicit_reservoirs(
    system: QuadraticSystem,
    contacts: Sequence[Contact],
    reservoirs: Iterable[Reservoir],
    *,
    levels: int,
    band: ArrayLike | None = None,
) -> ExplicitReservoirs:
    """Return a quadratic system together with levels of its finite reservoirs.

    What Eqs. (4), (5) assume of a reservoir becomes visible: a continuum (many levels within a
    rate), thermalisation (`thermalisation` of `evolve`), a mean field.

    Parameters
    ----------
    system : QuadraticSystem.
    contacts : one per reservoir; 2 pi |t|^2/spacing is their rate at each level's energy.
    reservoirs : n of FermiDiracGas or SommerfeldGas, of finite capacity.
    levels : K of each reservoir that are followed, the others stay as they are.
    band : (lowest, highest) energy in which K levels are put, as the density of states has them;
        None for the gas's own levels, A V eps^alpha/alpha = i + s, next to the modes,
        with s = (2j - 1)/2n for reservoir j = 1..n: of equal energies they would exchange through a
        mode however far away it is.

    Raises
    ------
    TypeError, ValueError
        for another system or gas, reservoirs that are not one per contact, fewer than two levels on
        one side of a mode.
    MemoryError
        where the (N + n K)^2 matrix elements would not fit.

    Notes
    -----
    Each level serves one channel, that which moves the mode nearest to it, so coupling=None keeps
    the baths of Eq. (9) independent. Two times 1000 levels: one diagonalisation of some seconds,
    then any number of times.

    >>> dots = oqs.QuadraticSystem.from_energies([1.3])
    >>> contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> boxes = [thermo.Reservoir(thermo.FermiDiracGas(1.0), 1000.0, name) for name in "ab"]
    >>> exact = thermo.explicit_reservoirs(dots, contacts, boxes, levels=300)
    >>> path = exact.evolve(T=[0.3, 0.6], mu=[1.2, 0.9], times=[200.0, 400.0])
    >>> flow = oqs.closed_form(dots, contacts)([0.3, 0.6], [1.2, 0.9]).particle[0]
    >>> print(f"{(path.N[0, 0] - path.N[1, 0]) / 200 / flow:.2f}")
    1.00
    """
    remedy = "Interactions have no correlation matrix; see thermo.evolve_stochastic."
    of_type("system", system, QuadraticSystem, "a QuadraticSystem", remedy)
    leads = fermionic_contacts(checked_contacts(contacts))
    group = Reservoirs(reservoirs)
    if len(group) != len(leads):
        raise ValueError(
            f"Argument `reservoirs` must have one entry per contact, {len(leads)}, but has "
            f"{len(group)}. Give them in the contacts' order."
        )
    if isinstance(levels, bool) or not isinstance(levels, int) or levels < 1:
        raise ValueError(
            f"Argument `levels` must be a whole number >= 1, but is {levels!r}. Give e.g. 1000."
        )
    size = system.sites + len(group) * levels
    require_memory(100.0 * size**2, f"{size} levels and modes", "Give fewer `levels`.")
    named = group.named(_Named(contact_names(leads)))
    edges = checked_band(band)
    return ExplicitReservoirs(
        system,
        named,
        tuple(
            levels_of(system, contact, member, name, levels, edges, (j + 0.5) / len(named))
            for j, (contact, member, name) in enumerate(zip(leads, named, named.names, strict=True))
        ),
    )


@final
class _Named(NamedTuple):
    """What `Reservoirs.named` asks of a law: its names."""

    names: tuple[str | None, ...] | None
