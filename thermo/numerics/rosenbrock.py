"""One linearly implicit step of many independent stiff systems at once: Rodas5P, order 5(4).

Every stage costs one product with an inverted small matrix, no iteration, so that a batch of
systems with steps of their own moves on in whole arrays. The coefficients are those of Steinebach,
BIT Numerical Mathematics 63, 27 (2023), doi:10.1007/s10543-023-00967-x, transformed as in Hairer
and Wanner, Solving Ordinary Differential Equations II (1996), IV.7: no product with df/dy is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray

ORDER: Final = 5
_GAMMA = 0.21193756319429014
# weights of the earlier increments in the state at which a stage takes its slope; the last two
# stages step on from the state before, so that the error estimate is the last increment
_STATE = (
    (),
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    (
        -7.502846399306121,
        2.561846144803919,
        -11.627539656261098,
        -0.18268767659942256,
        0.030198172008377946,
    ),
)
# weights, per step, of the earlier increments that add to that slope
_SLOPE = (
    (),
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (
        24.854864614690072,
        -3.0009227002832186,
        47.4931110020768,
        5.5814197821558125,
        -0.6610691825249471,
    ),
    (
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ),
    (
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ),
)
_CURVE = (
    (
        25.948786856663858,
        -2.5579724845846235,
        10.433815404888879,
        -2.3679251022685204,
        0.524948541321073,
        1.1241088310450404,
        0.4272876194431874,
        -0.17202221070155493,
    ),
    (
        -9.91568850695171,
        -0.9689944594115154,
        3.0438037242978453,
        -24.495224566215796,
        20.176138334709044,
        15.98066361424651,
        -6.789040303419874,
        -6.710236069923372,
    ),
    (
        11.419903575922262,
        2.8879645146136994,
        72.92137995996029,
        80.12511834622643,
        -52.072871366152654,
        -59.78993625266729,
        -0.15582684282751913,
        4.883087185713722,
    ),
)

Rates = Callable[[FloatArray], FloatArray]


@final
class BatchStep(NamedTuple):
    """A step of each system, from s = 0 to 1."""

    start: FloatArray  # (B, d) values
    end: FloatArray  # (B, d) values
    curve: FloatArray  # (3, B, d) coefficients of the values between, order 4
    error: FloatArray  # (B, d) estimated error of `end`

    def rows(self, rows: NDArray[np.intp]) -> BatchStep:
        """Return the steps (k,) of these systems only."""
        return BatchStep(self.start[rows], self.end[rows], self.curve[:, rows], self.error[rows])

    def at(self, s: FloatArray | float) -> FloatArray:
        """Return the values (B, d) at the fractions s (B, 1), or one for all, of the step."""
        first, second, third = self.curve
        rest = 1 - s
        return self.start * rest + s * (self.end + rest * (first + s * (second + s * third)))

    def powers(self) -> FloatArray:
        """Return the coefficients (5, B, d) of 1, s, .. s^4 of the same values."""
        first, second, third = self.curve
        rise = self.end - self.start
        return np.stack([self.start, rise + first, second - first, third - second, -third])


def take_steps(
    rates: Rates, y: FloatArray, first: FloatArray, jacobian: FloatArray, h: FloatArray
) -> BatchStep:
    """Advance y' = f(y) of B systems by their own steps h.

    Parameters
    ----------
    rates : f, (B, d) -> (B, d).
    y : (B, d) start; first : (B, d) f(y); jacobian : (B, d, d) df/dy there.
    h : (B,) steps.
    """
    inverse = np.linalg.inv(np.eye(y.shape[1]) / (_GAMMA * h)[:, None, None] - jacobian)
    per_step = 1 / h[:, None]
    increments = [np.einsum("bij,bj->bi", inverse, first)]
    end = y
    for stage in range(1, len(_SLOPE)):
        end = y + _mixed(_STATE[stage], increments) if stage < len(_STATE) else end + increments[-1]
        right = rates(end) + per_step * _mixed(_SLOPE[stage], increments)
        increments.append(np.einsum("bij,bj->bi", inverse, right))
    curve = np.stack([_mixed(row, increments) for row in _CURVE])
    return BatchStep(y, end + increments[-1], curve, increments[-1])


def _mixed(weights: tuple[float, ...], increments: list[FloatArray]) -> FloatArray:
    total = weights[0] * increments[0]
    for weight, increment in zip(weights[1:], increments[1:], strict=True):
        total = total + weight * increment
    return total
