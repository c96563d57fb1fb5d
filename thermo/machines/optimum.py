"""The best parameters of a device, by SciPy: a global search, then a local one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, final

import numpy as np
import scipy

from oqs.arguments import FloatArray, one_of, positive_number, real_number, whole_number
from oqs.datasets import dataset
from oqs.exports import exported
from oqs.summary import Summarised, Summary
from thermo.progress import ProgressBar

if TYPE_CHECKING:
    import xarray

_PEOPLE = 15  # of the population, for each parameter
_SPREAD = 1e-4  # relative, of the population's values: then all are in one basin
_SIMPLEX = 0.02  # of the widths of the bounds: where the local search begins
_AT_BOUND = 1e-6  # of the width: nearer than that is at the bound


@exported
@final
class OptimisationFailed(RuntimeError):
    """No optimum was found: the objective failed somewhere, or SciPy did not converge.

    Attributes
    ----------
    parameters : where the objective failed, or the best point so far.

    Examples
    --------
    >>> try:
    ...     thermo.optimise(lambda x: 1 / (x > 0.5), {"x": (0, 1)})
    ... except thermo.OptimisationFailed as error:
    ...     print(error.parameters["x"] <= 0.5)
    True
    """

    def __init__(self, reason: str, parameters: Mapping[str, float]) -> None:
        super().__init__(reason)
        self.parameters = parameters


@exported
@final
@dataclasses.dataclass(frozen=True, repr=False)
class Optimum(Summarised):
    """The best parameters; made by `optimise`.

    Parameters
    ----------
    parameters : by name; read-only.
    value : the objective there.
    evaluations : how often the objective was asked.
    at_bounds : names of the parameters that ended at a bound, so that the optimum may lie beyond.

    Examples
    --------
    >>> best = thermo.optimise(lambda x: x * (3 - x), {"x": (0, 1)})
    >>> round(best.value, 6), best.at_bounds
    (2.0, ('x',))
    """

    parameters: Mapping[str, float]
    value: float
    evaluations: int
    at_bounds: tuple[str, ...]

    def summary(self) -> Summary:
        """Return the value, the parameters, those at a bound, and the price."""
        rows = [(name, f"{value:.8g}") for name, value in self.parameters.items()]
        facts = [("", f"{self.value:.8g}"), *rows]
        if self.at_bounds:
            facts.append(("at a bound", ", ".join(self.at_bounds)))
        facts.append(("evaluations", str(self.evaluations)))
        return Summary("Optimum", facts, ("parameter", "value"), rows)

    def to_dataset(self) -> xarray.Dataset:
        """Return an xarray Dataset of the value and, over `parameter`, where it is reached."""
        names = list(self.parameters)
        tables = {
            "value": ((), self.value, "", "the objective"),
            "best": ("parameter", [self.parameters[n] for n in names]),
            "at_bound": ("parameter", [n in self.at_bounds for n in names]),
            "evaluations": ((), self.evaluations, "", "calls of the objective"),
        }
        return dataset(tables, {"parameter": names})


@exported
def optimise(
    objective: Callable[..., float],
    bounds: Mapping[str, tuple[float, float]],
    *,
    goal: Literal["maximum", "minimum"] = "maximum",
    seed: int = 0,
    tolerance: float = 1e-8,
    max_evaluations: int = 20_000,
    progress: bool | None = None,
) -> Optimum:
    """Return the parameters within bounds at which objective(**parameters) is best.

    Differential evolution finds the basin, Nelder-Mead its bottom. Neither needs derivatives, so
    the objective may have kinks, as a depth of cooling has; it should be continuous.

    Parameters
    ----------
    objective : takes the parameters by name, returns a finite number.
    bounds : {name: (lowest, highest)}.
    goal : "maximum" or "minimum".
    seed : of the global search; the same one gives the same optimum, bit for bit.
    tolerance : size of the last simplex over the widths of the bounds. Below 1e-8 a smooth optimum
        of a double-precision number cannot be located.
    max_evaluations : the most calls of the objective.
    progress : whether a search of more than a second shows a bar, how far the candidates have come
        together; None does so on a terminal.

    Raises
    ------
    TypeError, ValueError
        before anything is computed, if an argument is wrong.
    OptimisationFailed
        if the objective raises or is not finite, with the parameters; or with SciPy's message.

    Examples
    --------
    >>> best = thermo.optimise(lambda x, y: -((x - 1) ** 2) - abs(y), {"x": (-3, 3), "y": (-1, 2)})
    >>> {name: round(value, 6) + 0.0 for name, value in best.parameters.items()}
    {'x': 1.0, 'y': 0.0}
    """
    low, width = _box(bounds)
    sign = _checked(objective, goal, seed, max_evaluations)
    size = positive_number("tolerance", tolerance, "The default is 1e-8.")
    problem = _Problem(objective, tuple(bounds), low, width, sign)
    unit = [(0.0, 1.0)] * len(low)
    people = _PEOPLE * len(low)
    with ProgressBar("optimising", progress) as bar:
        basin = scipy.optimize.differential_evolution(
            problem,
            unit,
            popsize=_PEOPLE,
            tol=_SPREAD,
            maxiter=max(max_evaluations // people - 1, 0),
            polish=False,
            seed=seed,
            callback=_decades_shown(bar),
        )
        problem.converged(basin)
        best = scipy.optimize.minimize(
            problem,
            basin.x,
            method="Nelder-Mead",
            bounds=unit,
            options={
                "initial_simplex": _simplex(basin.x),
                "xatol": size,
                "fatol": math.inf,  # values agree to rounding long before the parameters do
                "maxfev": max(max_evaluations - problem.evaluations, 1),
            },
        )
    problem.converged(best)
    near = np.minimum(best.x, 1 - best.x) <= _AT_BOUND
    at_bounds = tuple(name for name, there in zip(bounds, near, strict=True) if there)
    return Optimum(
        problem.parameters(best.x), sign * float(best.fun), problem.evaluations, at_bounds
    )


def _decades_shown(bar: ProgressBar) -> Callable[..., None]:
    """Return what shows how many of the decades to convergence 1 are gone since the first round."""
    first: list[float] = []

    def callback(_: FloatArray, convergence: float) -> None:
        if 0 < convergence < 1:
            first.append(convergence)
            bar.update(1 - math.log(convergence) / math.log(first[0]))

    return callback


@final
class _Problem:
    """The objective over the unit cube, to be minimised; counts its evaluations."""

    def __init__(
        self,
        objective: Callable[..., float],
        names: tuple[str, ...],
        low: FloatArray,
        width: FloatArray,
        sign: float,
    ) -> None:
        self._objective, self._names, self._sign = objective, names, sign
        self._low, self._width = low, width
        self.evaluations = 0

    def parameters(self, x: FloatArray) -> Mapping[str, float]:
        values = (self._low + self._width * x).tolist()
        return MappingProxyType(dict(zip(self._names, values, strict=True)))

    def __call__(self, x: FloatArray) -> float:
        self.evaluations += 1
        parameters = self.parameters(x)
        try:
            remedy = "Narrow the bounds to where the device exists."
            return self._sign * real_number("objective", self._objective(**parameters), remedy)
        except Exception as error:  # whatever a user's function raises: say where
            raise OptimisationFailed(
                f"The objective failed at {dict(parameters)}: {type(error).__name__}: {error}",
                parameters,
            ) from error

    def converged(self, result: scipy.optimize.OptimizeResult) -> None:
        """Raise with SciPy's message unless the search succeeded."""
        if not result.success:
            raise OptimisationFailed(
                f"The optimum was not found in {self.evaluations} evaluations: {result.message} "
                "Give more `max_evaluations` or narrower bounds.",
                self.parameters(result.x),
            )


def _simplex(x: FloatArray) -> FloatArray:
    """Return n + 1 points about x, each step taken towards the middle of the cube."""
    steps = np.diag(np.where(x < 0.5, _SIMPLEX, -_SIMPLEX))
    return np.vstack([x, x + steps])


def _box(bounds: Mapping[str, tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    """Return the lower bounds and the widths, (d,)."""
    if not isinstance(bounds, Mapping) or not bounds:
        raise TypeError(
            f"Argument `bounds` must be a mapping of names to (lowest, highest), but is "
            f"{bounds!r}. Give e.g. {{'w': (20.0, 22.0)}}."
        )
    low, high = np.empty(len(bounds)), np.empty(len(bounds))
    for k, (name, pair) in enumerate(bounds.items()):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"Argument `bounds` must give (lowest, highest) for {name!r}, but gives {pair!r}. "
                "Give two numbers."
            )
        low[k], high[k] = (real_number(f"bounds[{name!r}]", v, "Give two numbers.") for v in pair)
        if not low[k] < high[k]:
            raise ValueError(
                f"Argument `bounds` must give lowest < highest for {name!r}, but gives {pair!r}. "
                "Leave fixed parameters to the objective."
            )
    return low, high - low


def _checked(objective: object, goal: object, seed: object, most: object) -> float:
    """Return the sign by which the goal is a minimum, after all other checks."""
    if not callable(objective):
        raise TypeError(
            f"Argument `objective` must be callable as objective(**parameters), but is "
            f"{objective!r}. Give a function of the names in `bounds`."
        )
    one_of("goal", goal, ("maximum", "minimum"), "Choose one.")
    whole_number("seed", seed, 0, "Leave it out for the default.", most=2**32 - 1)
    whole_number("max_evaluations", most, 1, "Leave it out for the default.")
    return -1.0 if goal == "maximum" else 1.0
