"""Many trajectories of system and small reservoirs: the result of `evolve_stochastic`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, index, read_only, real_array, real_number, whole_number
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import Summarised, Summary, counted, page_of_fields
from thermo.stochastic.jumps.jump_path import JumpPath
from thermo.stochastic.jumps.runs import Runs

Quantity = Literal["T", "mu", "N", "E"]
_QUANTITIES: Final = ("T", "mu", "N", "E")


@exported
@final
class Estimate(NamedTuple):
    """A mean over trajectories.

    Parameters
    ----------
    mean : of the sample. error : its standard error.

    >>> thermo.Estimate(1.01, 0.02).deviation(1.0)
    0.5
    """

    mean: float
    error: float

    def _repr_html_(self) -> str:
        return page_of_fields(self)

    def deviation(self, expected: float) -> float:
        """Return how many standard errors the mean is off."""
        expected = real_number("expected", expected, "Give the value to compare with.")
        return round(abs(self.mean - expected) / self.error, 12) if self.error > 0 else 0.0


def _over_trajectories(
    of: Quantity, moment: Callable[..., FloatArray], meaning: str
) -> functools.cached_property[FloatArray]:
    """Return the property that is a moment of T, mu, N or E over trajectories."""

    def compute(self: StochasticEnsemble) -> FloatArray:
        return read_only(moment(getattr(self, of), axis=0))

    compute.__doc__ = meaning
    return functools.cached_property(compute)


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StochasticEnsemble(Summarised):
    """M trajectories, to k times, of a system and n reservoirs; q pairs of reservoirs.

    Parameters
    ----------
    times : (k,) hbar = 1.
    T, mu, N, E : (M, k, n) of each reservoir's own N and E at those times; units of energy. N and
        E of a reservoir of infinite capacity are NaN.
    state : (M, k) energy eigenstate of the system; of a wave function one drawn by its weights.
    jumps : (M,) number of jumps.
    entropy_production : (M,) sum_j [S_j(t_final) - S_j(0)]; the system, in an eigenstate, has none.
    exchange_entropy : (M,) R of `fluctuation_theorem`.
    lowest_T, time_of_lowest_T : (M, n) along each trajectory, jump by jump.
    passage_time : (M, n) first time below the temperature asked for; infinite if never.
    flips_T, flips_mu : (M, q) how often the order of a pair changed; first_flip_T, first_flip_mu :
        (M, q) when first, infinite if never.
    closed : (M, n) how often the system stood where a reservoir closed one of its jumps, for want
        of a particle or of energy above the ground state.
    trajectories : (M,) their numbers; all of 0, 1, .. unless the run was interrupted.
    names : of the reservoirs. seed : of the run. occupations, preparation : as asked for.
    runs : what computes a trajectory again.

    >>> level = oqs.davies(oqs.QuadraticSystem.from_energies([1.3]), [oqs.Contact(oqs.flat(0.01))])
    >>> box = thermo.Reservoir(thermo.FermiDiracGas(alpha=1.0), capacity=20.0, name="box")
    >>> few = thermo.evolve_stochastic(
    ...     level, [box], T=[0.3], mu=[1.2], trajectories=3, t_final=1e3, seed=1, times=[0.0, 1e3]
    ... )
    >>> few.T.shape, few.N_std.shape
    ((3, 2, 1), (2, 1))
    """

    times: FloatArray
    T: FloatArray
    mu: FloatArray
    N: FloatArray
    E: FloatArray
    state: NDArray[np.int64]
    jumps: NDArray[np.int64]
    entropy_production: FloatArray
    exchange_entropy: FloatArray
    lowest_T: FloatArray
    time_of_lowest_T: FloatArray
    passage_time: FloatArray
    flips_T: NDArray[np.int64]
    flips_mu: NDArray[np.int64]
    first_flip_T: FloatArray
    first_flip_mu: FloatArray
    closed: NDArray[np.int64]
    trajectories: NDArray[np.int64]
    pairs: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    seed: int
    occupations: str
    preparation: str
    runs: Runs

    def summary(self) -> Summary:
        """Return how many, how long, and T at the end."""
        last = [
            [name, f"{mean:.4g} +- {spread:.4g}"]
            for name, mean, spread in zip(
                self.names, self.T_mean[-1].tolist(), self.T_std[-1].tolist(), strict=True
            )
        ]
        count = counted(len(self.trajectories), "trajectory").replace("trajectorys", "trajectories")
        return Summary(
            f"{count} of {counted(len(self.names), 'reservoir')}",
            [
                ("jumps", f"{int(self.jumps.sum())}"),
                *((f"T of {name} at t = {self.times[-1]:.4g}", text) for name, text in last),
            ],
            ["reservoir", f"T at t = {self.times[-1]:.4g}"],
            last,
        )

    T_mean = _over_trajectories("T", np.mean, "Mean temperatures (k, n), units of energy.")
    T_std = _over_trajectories("T", np.std, "Standard deviations of the temperatures (k, n).")
    mu_mean = _over_trajectories("mu", np.mean, "Mean chemical potentials (k, n), in energies.")
    mu_std = _over_trajectories("mu", np.std, "Standard deviations of the mu (k, n).")
    N_mean = _over_trajectories("N", np.mean, "Mean particle numbers (k, n).")
    N_std = _over_trajectories("N", np.std, "Standard deviations of the particle numbers (k, n).")
    E_mean = _over_trajectories("E", np.mean, "Mean energies (k, n).")
    E_std = _over_trajectories("E", np.std, "Standard deviations of the energies (k, n).")

    def quantiles(self, of: Quantity, levels: ArrayLike) -> FloatArray:
        """Return quantiles (l, k, n) over trajectories.

        Parameters
        ----------
        of : "T", "mu", "N" or "E". levels : (l,) between 0 and 1.

        Raises
        ------
        TypeError, ValueError
            for another quantity or level.
        """
        if of not in _QUANTITIES:
            raise ValueError(f"Argument `of` must be one of {list(_QUANTITIES)}, but is {of!r}.")
        remedy = "Give numbers between 0 and 1, such as [0.05, 0.5, 0.95]."
        wanted = real_array("levels", levels, remedy)
        if wanted.ndim != 1 or np.any((wanted < 0) | (wanted > 1)):
            raise ValueError(
                f"Argument `levels` must have shape (l,) within [0, 1], but is {levels!r}. {remedy}"
            )
        return read_only(np.quantile(getattr(self, of), wanted, axis=0))

    def fluctuation_theorem(self) -> Estimate:
        """Return <e^{-R}> with its standard error; 1 with entropic occupations.

            R = sum_j (Delta E_j - mu_j Delta N_j)/T_j - Delta ln p_0(state of the system)

        at the initial T_j, mu_j. Of reservoirs prepared at T_j, mu_j and a system drawn from p_0,
        R is the change of S_tot = sum_j S_j - ln p_0(all), p_0 the law of the start (Esposito,
        Lindenberg, Van den Broeck 2010, doi:10.1088/1367-2630/12/1/013013). Fermi occupations miss
        the theorem by order 1/N.

        Raises
        ------
        ValueError
            if the run began with definite N_j, E_j, from which no path leads back to every state.
        """
        self._require_canonical()
        weight = np.exp(-self.exchange_entropy)
        return Estimate(float(weight.mean()), float(weight.std() / np.sqrt(len(weight))))

    def detailed_fluctuation_theorem(self, bins: int = 15) -> NDArray[np.float64]:
        """Return rows (R, ln[P(R)/P(-R)], its standard error), (b, 3); the second equals the first.

        Parameters
        ----------
        bins : of R > 0 up to its largest; those without trajectories on both sides are left out.

        Raises TypeError, ValueError for other `bins`, and as `fluctuation_theorem`.
        """
        self._require_canonical()
        bins = whole_number("bins", bins, 1, "The default is 15.")
        R = self.exchange_entropy
        edges = np.linspace(0.0, float(np.abs(R).max()) or 1.0, bins + 1)
        ahead, behind = np.histogram(R, edges)[0], np.histogram(-R, edges)[0]
        rows = []
        for b in np.flatnonzero((ahead > 0) & (behind > 0)).tolist():
            inside = (edges[b] < R) & (edges[b + 1] >= R)
            # ln <e^{-R}> of the bin: what the ratio is for R spread within it
            middle = -np.log(np.mean(np.exp(-R[inside]))) if inside.any() else edges[b]
            error = np.sqrt(1 / ahead[b] + 1 / behind[b])
            rows.append([middle, np.log(ahead[b] / behind[b]), error])
        return read_only(np.array(rows).reshape(-1, 3))

    def _require_canonical(self) -> None:
        if self.preparation != "canonical":
            raise ValueError(
                "The theorem needs reservoirs prepared at T_j, mu_j: started with definite N_j and "
                "E_j, reversed trajectories begin where no forward one ends, and <e^{-R}> is not "
                "1. Run with preparation='canonical'."
            )

    def trajectory(self, number: int) -> JumpPath:
        """Return one trajectory whole, every jump of it, computed again from its own seed.

        Raises TypeError, IndexError unless `number` is a place in `trajectories`.
        """
        place = index("number", number, len(self.trajectories), "See ensemble.trajectories.")
        return self.runs.path(int(self.trajectories[place]), int(self.jumps[place]), self.names)

    def to_dataset(self) -> xr.Dataset:
        """Return everything as labelled arrays: trajectory, time, reservoir, pair."""
        at = ("trajectory", "time", "reservoir")
        over = {
            at: _QUANTITIES,
            ("trajectory",): ("jumps", "entropy_production", "exchange_entropy"),
            at[::2]: ("lowest_T", "time_of_lowest_T", "passage_time", "closed"),
            ("trajectory", "pair"): ("flips_T", "flips_mu", "first_flip_T", "first_flip_mu"),
        }
        tables: dict[str, tuple[object, ...]] = {
            name: (axes, getattr(self, name)) for axes, names in over.items() for name in names
        }
        coordinates = {
            "time": ("time", self.times),
            "trajectory": ("trajectory", self.trajectories),
            "reservoir": list(self.names),
            "pair": [" and ".join(pair) for pair in self.pairs],
        }
        about = {name: str(getattr(self, name)) for name in ("seed", "occupations", "preparation")}
        tables["state"] = at[:2], self.state, "", "eigenstate of the system"
        return dataset(tables, coordinates, about)
