"""One linearly implicit step of many independent stiff systems at once: RODAS, order 4(3).

Every stage costs one product with an inverted small matrix, no iteration, so that a batch of
systems with steps of their own moves on in whole arrays. Hairer and Wanner, Solving Ordinary
Differential Equations II (1996), IV.7, method RODAS with the coefficients of its program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np

from oqs.arguments import FloatArray

GAMMA = 0.25
_A = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
)
_C = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (
        8.083246795921522,
        -7.981132988064893,
        -31.52159432874371,
        16.31930543123136,
        -6.058818238834054,
    ),
)
_DENSE = (
    (
        10.12623508344586,
        -7.487995877610167,
        -34.80091861555747,
        -7.992771707568823,
        1.025137723295662,
    ),
    (
        -0.6762803392801253,
        6.087714651680015,
        16.43084320892478,
        24.76722511418386,
        -6.594389125716872,
    ),
)

Rates = Callable[[FloatArray], FloatArray]


@final
class BatchStep(NamedTuple):
    """A step of each system, from s = 0 to 1.

    Parameters
    ----------
    start, end : (B, d) values.
    curve : (2, B, d) coefficients of the values between, order 3.
    error : (B, d) estimated error of `end`.
    """

    start: FloatArray
    end: FloatArray
    curve: FloatArray
    error: FloatArray

    def at(self, s: FloatArray) -> FloatArray:
        """Return the values (B, d) at the fractions s (B, 1) of the step."""
        rest = 1 - s
        return self.start * rest + s * (self.end + rest * (self.curve[0] + s * self.curve[1]))


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
    size = y.shape[1]
    inverse = np.linalg.inv(np.eye(size) / (GAMMA * h)[:, None, None] - jacobian)
    per_step = 1 / h[:, None]
    increments: list[FloatArray] = []
    end = y
    for stage in range(6):
        if stage == 0:
            slope = first
        else:
            # the last stages step on from the solution: their increments add with weight one
            end = end + increments[-1] if stage == 5 else y + _mixed(_A[stage], increments)
            slope = rates(end)
        right = slope + per_step * _mixed(_C[stage], increments) if stage else slope
        increments.append(np.einsum("bij,bj->bi", inverse, right))
    curve = np.stack([_mixed(row, increments) for row in _DENSE])
    return BatchStep(y, end + increments[-1], curve, increments[-1])


def _mixed(weights: tuple[float, ...], increments: list[FloatArray]) -> FloatArray:
    total = weights[0] * increments[0]
    for weight, increment in zip(weights[1:], increments[1:], strict=False):
        total = total + weight * increment
    return total
