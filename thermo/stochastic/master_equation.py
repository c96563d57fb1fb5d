"""The master equation of a system and small reservoirs: the exact reference of the jumps."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from typing import Literal, cast, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.sparse.linalg import expm_multiply

from oqs.arguments import FloatArray, one_of, positive_number, read_only, real_number
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.generator.model import checked_model
from oqs.memory import announce
from oqs.summary import Summarised, Summary, counted
from thermo.reservoirs.reservoir import Reservoir, Reservoirs
from thermo.stochastic.chain import Chain, chain
from thermo.stochastic.small.jump_table import IntArray, JumpTable, jump_table
from thermo.stochastic.small.pair_rates import PairRates
from thermo.stochastic.small.small_reservoir import SmallReservoir, occupation
from thermo.stochastic.small.start import small_reservoir

Occupations = Literal["entropic", "fermi"]
_ROUNDING = 1e-9  # of probabilities and of their sum
_JUMPS = 1e8  # at most; a product with W for about each time that the fastest rate takes
_SECONDS = 5e-5, 1.2e-8  # of a product, and for each of its entries

_UNITS = {"T": "E_0/k_B", "mu": "E_0", "E": "E_0"}


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ReservoirMoments(Summarised):
    """Means and standard deviations (n,) of the reservoirs at one time; read-only.

    Parameters
    ----------
    T_mean, T_std, mu_mean, mu_std, E_mean, E_std : units of energy.
    N_mean, N_std : particles.
    closed : (n,) probability that the reservoir closes a jump which the system would allow.
    names : of the reservoirs.
    N and E are NaN for a reservoir of infinite capacity.

    >>> level = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.01))])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0, name="box")
    >>> thermo.master_equation(level, [box], T=[0.3], mu=[1.2]).at(1e3)
    Moments of 1 reservoir: box: T = 0.2977 +- 0.002851, mu = 1.18 +- 0.02465
    """

    T_mean: FloatArray
    T_std: FloatArray
    mu_mean: FloatArray
    mu_std: FloatArray
    N_mean: FloatArray
    N_std: FloatArray
    E_mean: FloatArray
    E_std: FloatArray
    closed: FloatArray
    names: tuple[str, ...]

    def summary(self) -> Summary:
        """Return T and mu of each reservoir."""
        columns = (self.T_mean, self.T_std, self.mu_mean, self.mu_std)
        rows = [
            [f"{a:.4g} +- {b:.4g}", f"{c:.4g} +- {d:.4g}"]
            for a, b, c, d in zip(*(column.tolist() for column in columns), strict=True)
        ]
        return Summary(
            f"Moments of {counted(len(self.names), 'reservoir')}",
            [(n, f"T = {T}, mu = {mu}") for n, (T, mu) in zip(self.names, rows, strict=True)],
            ["reservoir", "T", "mu"],
            [[name, *row] for name, row in zip(self.names, rows, strict=True)],
        )

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset of all of them over `reservoir`."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "names"]
        units = {name: _UNITS.get(name.partition("_")[0], "1") for name in names}
        tables = {n: ("reservoir", getattr(self, n), units[n]) for n in names}
        return dataset(tables, {"reservoir": list(self.names)})


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class MasterEquation(Summarised):
    """dp/dt = W p on the states (eigenstate of the system, particles and energy of each reservoir).

    A jump in at reservoir j leads from (a, N, E) to (b, N - 1, E - w) at the rate gamma n, the jump
    back at gamma (1 - n), with n = 1/(1 + e^{S_j(N, E) - S_j(N - 1, E - w)}). So W_fi/W_if =
    e^{S_f - S_i}, S = sum_j S_j, and the stationary law is e^S.

    Made by `master_equation`.

    Parameters
    ----------
    chain : the states within reach. W : (S, S) sparse, column i holds the rates out of state i.
    T, mu : (n,) of the start. names : of the reservoirs.
    members : the reservoirs.

    >>> level = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.01))])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0, name="box")
    >>> chain = thermo.master_equation(level, [box], T=[0.3], mu=[1.2])
    >>> chain
    Master equation of 2 states: 1 reservoir, box
    >>> abs(chain.fluctuation_theorem(1e3) - 1) < 1e-10
    True
    """

    chain: Chain
    W: sp.csc_array
    T: FloatArray
    mu: FloatArray
    names: tuple[str, ...]
    members: tuple[SmallReservoir, ...]

    def summary(self) -> Summary:
        """Return the number of states and the reservoirs."""
        count = counted(len(self.names), "reservoir")
        return Summary(
            f"Master equation of {counted(self.states, 'state')}",
            [("", f"{count}, {', '.join(self.names)}")],
        )

    @property
    def states(self) -> int:
        """Number S of states."""
        return len(self.chain.state)

    @functools.cached_property
    def entropy(self) -> FloatArray:
        """Total entropy S_f of the reservoirs in each state minus that of the start, (S,)."""
        total = np.sum(self.chain.reservoirs.entropy, axis=1)
        return read_only(total - total[0])

    def distribution(self, t: float) -> FloatArray:
        """Return the probabilities (S,) at time t >= 0 (hbar = 1); the start is definite.

        Raises
        ------
        TypeError, ValueError
            if t is not a number >= 0, or is above 1e8 times that of the fastest rate.
        RuntimeError
            if the probabilities do not sum to 1, or one is negative, by more than 1e-9.
        """
        time = self._time(t)
        start = np.zeros(self.states)
        start[0] = 1.0
        return self._evolved(start, time)

    @functools.cached_property
    def stationary_distribution(self) -> FloatArray:
        """The law e^S, normalised, (S,): stationary for entropic occupations."""
        weight = np.exp(self.entropy - self.entropy.max())
        return read_only(weight / weight.sum())

    def at(self, t: float) -> ReservoirMoments:
        """Return means and deviations at time t; errors as `distribution`."""
        return self.moments(self.distribution(t))

    def moments(self, distribution: FloatArray) -> ReservoirMoments:
        """Return means and deviations under probabilities (S,)."""
        small = self.chain.reservoirs
        number = np.array([member.number for member in self.members]) - self.chain.lost
        energy = np.array([member.energy for member in self.members]) - self.chain.released
        moments: dict[str, FloatArray] = {}
        for name, values in (("T", small.T), ("mu", small.mu), ("N", number), ("E", energy)):
            middle = distribution @ values
            spread = np.sqrt(distribution @ (values - middle) ** 2)
            moments |= {f"{name}_mean": read_only(middle), f"{name}_std": read_only(spread)}
        closed = read_only(distribution @ self.chain.closed)
        return ReservoirMoments(names=self.names, closed=closed, **moments)

    def fluctuation_theorem(self, t: float) -> float:
        """Return <e^{-Delta S_tot}> after a time t, S_tot = sum_j S_j - ln p of the whole state.

        It is 1 for rates of detailed balance, entropic ones, whatever the start, as long as every
        state has p > 0: here p_0 ~ e^{S - sum_j (E_j - mu_j N_j)/T_j}, reservoirs prepared at
        T_j, mu_j. By time reversal it is sum_f p_t(f) h_f(t), where h_f(0) = 1, dh/dt = M h and
        M_fi = W_fi e^{S_i - S_f}: nothing overflows. Started in one definite state, e^{-Delta S}
        averages to the probability that the reversed paths return there, which is below 1.

        Errors as `distribution`.
        """
        time = self._time(t)
        p = self._evolved(self.prepared_distribution, time)
        W = self.W.tocoo()
        f, i = W.coords
        rates = W.data * np.exp(self.entropy[i] - self.entropy[f])
        reversed_W = sp.csr_array((rates, (f, i)), shape=W.shape)  # also where no jump is open
        h = expm_multiply(reversed_W * time, np.ones(self.states))
        return float(p @ h)

    @functools.cached_property
    def prepared_distribution(self) -> FloatArray:
        """Reservoirs prepared at T_j, mu_j, p ~ e^{S - sum_j (E_j - mu_j N_j)/T_j}, (S,)."""
        taken = (self.chain.released - self.mu * self.chain.lost) / self.T
        weight = self.entropy + np.sum(taken, axis=1)
        law = np.exp(weight - weight.max())
        return read_only(law / law.sum())

    def _time(self, t: object) -> float:
        """Return t, checked; what takes long is said."""
        time = real_number("t", t, "Give a time >= 0.")
        if time == 0:
            return 0.0
        positive_number("t", time, "Give a time >= 0.")
        fastest = float(np.max(np.abs(self.W.diagonal())))
        if time * fastest > _JUMPS:
            raise ValueError(
                f"Argument `t` must be at most {_JUMPS / fastest:.3g}, 1e8 times that of "
                f"the fastest rate, but is {time:g}. `stationary_distribution` is the law of late "
                "times."
            )
        each, entry = _SECONDS
        announce("Master equation", time * fastest * (each + entry * self.W.nnz))
        return time

    def _evolved(self, start: FloatArray, time: float) -> FloatArray:
        p: FloatArray = expm_multiply(self.W * time, start)
        if not (abs(p.sum() - 1) <= _ROUNDING and p.min() >= -_ROUNDING):
            raise RuntimeError(
                f"The probabilities at t = {time:g} sum to {p.sum():.12g}, the least is "
                f"{p.min():.3g}: they are not known to {_ROUNDING:g}. Take shorter times."
            )
        return read_only(p)


@exported
def master_equation(
    model: object,
    reservoirs: Iterable[Reservoir],
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    occupations: Occupations = "entropic",
) -> MasterEquation:
    """Return the master equation of a system and its finite reservoirs, jump by jump.

    Parameters
    ----------
    model : of oqs.davies, without driven coherences; contacts of either kind.
    reservoirs : n of them, of media without particle number at bosonic contacts. Small: all states
        within reach are listed, 400,000 at most. That is one or two frequencies; for more follow
        the jumps, `evolve_stochastic`.
    T, mu : (n,) at t = 0, where the system is empty; units of energy. mu may be left out where all
        reservoirs are bosonic.
    occupations : "entropic", n = 1/(1 + e^{Delta S}) of the two reservoir states that a jump links;
        or "fermi", the Fermi function of the momentary T, mu, which misses detailed balance by
        1/N.

    Returns
    -------
    MasterEquation

    Raises
    ------
    TypeError, ValueError
        if an argument is wrong, a reservoir holds less than one particle, a gas has no T at a state
        within reach, or contacts drive coherences.
    MemoryError
        if there are too many states.

    Notes
    -----
    A reservoir that would have no particle left, or no energy above its ground state, closes that
    jump. A rate(w, T, mu) of a jump and its way back is the mean of those at the T, mu of the two
    reservoir states that it links, so that detailed balance holds as for any other; with "fermi"
    it is that of the momentary state. Entropies are those of the equation of state at N, E
    (microcanonical, N continuous). A time t takes about gamma t products with W.
    Source: local detailed balance with finite baths, e.g. Moreira, Samuelsson, Potts, PRL 131,
    220405 (2023), arXiv:2307.06679.

    >>> import oqs, thermo
    >>> level = oqs.QuadraticSystem.from_energies([1.3])
    >>> contacts = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0)
    >>> chain = thermo.master_equation(
    ...     oqs.davies(level, contacts), [box, box], T=[0.3, 0.6], mu=[1.2, 0.9]
    ... )
    >>> later = chain.at(3e4)
    >>> print(f"{later.T_mean[0]:.4f} +- {later.T_std[0]:.4f}")
    0.2868 +- 0.0173
    """
    table, members, group, start = prepare(model, reservoirs, T, mu)
    checked_occupations(occupations)
    states = chain(table, members, group.names)
    return MasterEquation(
        states,
        _rates(table, PairRates(checked_model(model).contacts), states, occupations),
        *start,
        group.names,
        tuple(members),
    )


def prepare(
    model: object, reservoirs: Iterable[Reservoir], T: ArrayLike, mu: ArrayLike | None
) -> tuple[JumpTable, list[SmallReservoir], Reservoirs, tuple[FloatArray, FloatArray]]:
    """Return what jumps need of the arguments, all checked: see `master_equation`."""
    table = jump_table(model)
    return table, *start_reservoirs(model, table.moves, reservoirs, T, mu)


def start_reservoirs(
    model: object,
    moves: IntArray,
    reservoirs: Iterable[Reservoir],
    T: ArrayLike,
    mu: ArrayLike | None,
) -> tuple[list[SmallReservoir], Reservoirs, tuple[FloatArray, FloatArray]]:
    """Return reservoirs at T, mu, whose jumps move so many particles (n,); checked."""
    group = Reservoirs(reservoirs).named(model)
    temperature, potential = group.checked(T, mu)
    potential = np.where(moves > 0, potential, 0.0)  # bosons have none
    members = [
        small_reservoir(member, name, float(temperature[j]), float(potential[j]), int(moves[j]))
        for j, (member, name) in enumerate(zip(group, group.names, strict=True))
    ]
    return members, group, (read_only(temperature), read_only(potential))


def checked_occupations(occupations: object) -> Occupations:
    """Return the kind of occupations, or raise ValueError."""
    remedy = "Entropic ones obey detailed balance."
    return cast(Occupations, one_of("occupations", occupations, ("entropic", "fermi"), remedy))


def _rates(
    table: JumpTable, rates: PairRates, states: Chain, occupations: Occupations
) -> sp.csc_array:
    """Return W (S, S)."""
    i, f, line = states.source, states.target, states.line
    j, w = table.reservoir[line], table.frequency[line]
    small = states.reservoirs
    if occupations == "entropic":
        drop = small.entropy[i, j] - small.entropy[f, j]
        back = -drop
    else:
        drop = (w - small.mu[i, j]) / small.T[i, j]
        back = (small.mu[f, j] - w) / small.T[f, j]
    bosonic = table.moves[j] == 0
    with np.errstate(over="ignore"):  # e^x overflows where a jump is negligible
        filled, unfilled = occupation(drop, bosonic), occupation(back, bosonic)
    up, down = table.rate[line] * filled, table.rate[line] * unfilled
    for q in rates.varying:
        mine, entropic = j == q, occupations == "entropic"
        lower, upper = ((small.T[a[mine], q], small.mu[a[mine], q]) for a in (i, f))
        up[mine] *= rates.between(q, w[mine], lower, upper, entropic=entropic)
        down[mine] *= rates.between(q, w[mine], upper, lower, entropic=entropic)
    size = len(states.state)
    data = np.concatenate([up, down])
    rows, columns = np.concatenate([f, i]), np.concatenate([i, f])
    leaving = np.bincount(columns, data, minlength=size).astype(np.float64)  # int of no jumps
    gains = sp.coo_array((data, (rows, columns)), shape=(size, size))
    return sp.csc_array(gains - sp.diags_array(leaving))
