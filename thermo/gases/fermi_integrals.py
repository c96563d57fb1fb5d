"""Complete Fermi-Dirac integrals of real order, and the moments an ideal Fermi gas needs."""

from __future__ import annotations

import functools
import math
from typing import Final, NamedTuple, final

import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import ArrayLike
from scipy.special import roots_legendre, zeta

from oqs.arguments import FloatArray, read_only, real_array, real_number
from oqs.exports import exported

LARGEST_EXPONENT: Final = 100.0
SMALLEST_EXPONENT: Final = 1e-3

_SAMPLES = 16  # of a unit interval; also terms of the series
PARTS: Final = 8  # pieces of a unit interval, a power of 2: places are exact
_TERMS = 8  # coefficients of each piece
LEFT: Final = -40.0  # below, e^x < eps: the moments are those of the classical gas
_BLOCK = 8192  # states evaluated at once: 320 bytes of coefficients each
_ROWS = 512  # of a quadrature at once
_PANEL = 4.0  # width of a quadrature panel in t; the poles of f are at distance pi
_NODES = 20  # Gauss nodes a panel: error 3.4^(-40), and 3^(-40) on [1, 4] from t^(alpha-1)


@final
class Moments(NamedTuple):
    """Moments of the Fermi function f = 1/(1 + e^(t-x)) over t^(alpha-1), each of x's shape.

    With `stretch` r they are  number n = int t^(alpha-1) f dt = r^alpha * number,
    int t^alpha f dt = r^(alpha+1) * energy, the entropy (1 + 1/alpha) int t^alpha f dt - x n
    = r^(alpha-1) * entropy, and the derivatives in x, dn/dx = r^(alpha-1) * number_slope and
    d(entropy)/dx = r^(alpha-2) * entropy_slope. r = 1 up to a large x and proportional to x
    beyond: a gas multiplies r with T before it takes powers, so that neither overflows alone.
    """

    number: FloatArray
    energy: FloatArray
    entropy: FloatArray
    number_slope: FloatArray
    entropy_slope: FloatArray
    stretch: FloatArray


@exported
def fermi_dirac_integral(s: float, eta: ArrayLike) -> FloatArray:
    """Return F_s(eta) = 1/Gamma(s+1) int_0^inf t^s / (1 + e^(t-eta)) dt.

    Parameters
    ----------
    s : real order, -1 < s; between -0.999 and 99.
    eta : (...) real numbers.

    Returns
    -------
    (...) F_s, to 1e-13 relative; 0 where e^eta underflows.

    Raises
    ------
    TypeError, ValueError
        if `s` is outside its range or an eta is not finite.

    Notes
    -----
    One polynomial of degree 7 for each eighth of eta, see `MomentTable`; the first call of an order
    builds its table (about 0.1 s).

    Examples
    --------
    >>> thermo.fermi_dirac_integral(0.5, [-40.0, 0.0, 40.0])
    array([4.24835426e-18, 7.65147025e-01, 1.90453390e+02])
    >>> print(f"{thermo.fermi_dirac_integral(0.0, 0.0):.12f} {np.log(2):.12f}")
    0.693147180560 0.693147180560
    """
    order = real_number("s", s, "It is the order of the Fermi-Dirac integral.")
    # the bounds are those of alpha = s + 1, told in terms of s
    if not SMALLEST_EXPONENT <= order + 1 <= LARGEST_EXPONENT:
        raise ValueError(
            f"Argument `s` must be between {SMALLEST_EXPONENT - 1:g} and "
            f"{LARGEST_EXPONENT - 1:g}, but is {order!r}. The integral diverges at s <= -1."
        )
    x = real_array("eta", eta, "Give real numbers, mu/T.")
    moments = moment_table(order + 1)(x)
    return moments.number / math.gamma(order + 1) * moments.stretch ** (order + 1)


@functools.lru_cache(maxsize=128)
def moment_table(alpha: float) -> MomentTable:
    """Return the table of one exponent, built at first use and kept."""
    return MomentTable(alpha)


@final
class MomentTable:
    """Piecewise polynomials for the moments at one alpha: 2 states cost little more than 1.

    Three ranges of x, one evaluation:

    * x from -40 to X: one polynomial of degree 15 a unit interval, fitted in Chebyshev nodes to a
      quadrature in which nothing cancels; below 0 for the moments divided by e^x. The nearest
      poles, x = +-i pi, make it converge like 12.6^(-degree). Entropy and its slope are kept there
      as (1 + 1/alpha) int t^alpha f and alpha n, from which -x n and -x dn/dx > 0 complete them.
    * x < -40: the value at -40 times e^(x+40).
    * x > X: the Sommerfeld series, asymptotic in x^(-2). Past X = max(48, 4 (alpha+1)) its first
      16 terms leave 1e-17; X grows by -log(alpha) below 1, where e^(-x)/alpha is left out. For
      entropy and slopes it is the series of the difference, term by term, not the difference of
      series: relative accuracy does not decay with x.

    Each of these polynomials is evaluated as eight of degree 7, which lose nothing: on an eighth of
    the interval they converge like 100^(-degree).

    Parameters
    ----------
    alpha : exponent, between 1e-3 and 100.

    `coefficients` (terms, 5, pieces) are those of each piece, the last eight the series', which
    begins at the x called `degenerate`.
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        classical = -math.log(min(alpha, 1.0))  # of the states near t = 0, left out of the series
        self.degenerate = float(math.ceil(max(48.0 + classical, 4 * (alpha + 1))))
        rows = np.arange(LEFT, self.degenerate)
        x = rows[:, None] + (chebyshev.chebpts1(_SAMPLES) + 1) / 2  # (rows, samples)
        sampled = _quadrature(alpha, x.ravel(), self.degenerate + 60).reshape(*x.shape, 5)
        parts = (np.arange(PARTS)[:, None] + (chebyshev.chebpts1(_TERMS) + 1) / 2) / PARTS
        middle = _values(_fit(sampled), 2 * parts - 1)
        tail = _values(_sommerfeld(alpha, self.degenerate)[None], 1 - parts)
        pieces = _fit(np.concatenate([middle, tail]).reshape(-1, _TERMS, 5))
        self.coefficients = read_only(np.ascontiguousarray(pieces.transpose(1, 2, 0)))

    def __call__(self, x: FloatArray) -> Moments:
        """Return the moments at finite x = mu/T of any shape."""
        flat = x.reshape(-1)
        if flat.size <= _BLOCK:
            values, stretch = self._evaluate(flat)
        else:
            blocks = [
                self._evaluate(flat[begin : begin + _BLOCK])
                for begin in range(0, flat.size, _BLOCK)
            ]
            values = np.concatenate([block[0] for block in blocks], axis=1)
            stretch = np.concatenate([block[1] for block in blocks])
        number, energy, entropy, number_slope, entropy_slope = values.reshape(5, *x.shape)
        return Moments(
            number, energy, entropy, number_slope, entropy_slope, stretch.reshape(x.shape)
        )

    def _evaluate(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the five columns (5, m) and the stretch (m,) at x, (m,)."""
        place = PARTS * (np.minimum(np.maximum(x, LEFT), self.degenerate) - LEFT)
        stretch = np.maximum(x / self.degenerate, 1.0)
        if x.max(initial=0.0) > self.degenerate:
            place += PARTS * (1 - 1 / (stretch * stretch))
        row = np.minimum(place.astype(np.intp), self.coefficients.shape[2] - 1)
        power = 2 * (place - row) - 1
        # neighbouring terms in pairs, (c_0 + c_1 u) + (c_2 + c_3 u) u^2 ..: three rounds for eight
        terms = self.coefficients.take(row, axis=2)
        while len(terms) > 1:
            odd = terms[1::2] * power
            odd += terms[::2]
            terms, power = odd, power * power
        values: FloatArray = terms[0]
        if x.min(initial=0.0) < 0:
            below = np.minimum(x, 0.0)
            values[2::2] -= below * values[0::3]  # s - x n, s' - x n'
            values *= np.exp(below)
        return values, stretch


def _fit(sampled: FloatArray) -> FloatArray:
    """Return coefficients of u^k, |u| <= 1, along axis 1 from values at the Chebyshev nodes.

    Through the Chebyshev coefficients, which decay, and in this order: the product of the two
    matrices has entries of 1e5, and rounding them would cost 4 digits.
    """
    terms = sampled.shape[1]
    basis = chebyshev.chebvander(chebyshev.chebpts1(terms), terms - 1)
    powers = np.zeros((terms, terms))
    for k in range(terms):
        powers[: k + 1, k] = chebyshev.cheb2poly(np.eye(terms)[k])[: k + 1]
    return powers @ np.linalg.solve(basis, sampled)


def _values(coefficients: FloatArray, u: FloatArray) -> FloatArray:
    """Return polynomials (rows, terms, 5) at u (...), (rows, ..., 5)."""
    powers = np.vander(u.ravel(), coefficients.shape[1], increasing=True)
    return (powers @ coefficients).reshape(len(coefficients), *u.shape, coefficients.shape[2])


def _sommerfeld(alpha: float, start: float) -> FloatArray:
    """Return the coefficients (terms, 5) in (start/x)^(2k) of the series beyond `start`.

    With w_k = 2 eta(2k), eta the Dirichlet function, and P(m) = (alpha-1)(alpha-2)...(alpha-m),
    n = x^alpha [1/alpha + sum_k w_k P(2k-1) x^(-2k)], int t^alpha f the same with alpha + 1, and
    their combination into the entropy is x^(alpha-1) sum_k 2k w_k P(2k-2) x^(2-2k), k >= 1.
    """

    def product(m: int) -> float:
        return math.prod(alpha - i for i in range(1, m + 1))

    def weight(k: int) -> float:
        return 2 * float(zeta(2 * k)) * (1 - 2.0 ** (1 - 2 * k))

    table = np.empty((_SAMPLES, 5))
    for k in range(_SAMPLES):
        number = weight(k) * product(2 * k - 1) if k else 1 / alpha
        energy = weight(k) * alpha * product(2 * k - 2) if k else 1 / (alpha + 1)
        entropy = 2 * (k + 1) * weight(k + 1) * product(2 * k)
        slopes = (alpha - 2 * k) * number, (alpha - 1 - 2 * k) * entropy
        exponents = alpha, alpha + 1, alpha - 1, alpha - 1, alpha - 2
        for column, term in enumerate((number, energy, entropy, *slopes)):
            table[k, column] = term * start ** (exponents[column] - 2 * k)
    return table


def _quadrature(alpha: float, x: FloatArray, last: float) -> FloatArray:
    """Return the five tabulated columns at x, (m, 5), by quadrature over t in [0, last]."""
    t, flat, weight = _nodes(alpha, last)
    energy_weight = _nodes(alpha + 1, last)[2]
    table = np.empty((x.size, 5))
    for begin in range(0, x.size, _ROWS):
        rows = slice(begin, begin + _ROWS)
        below = np.minimum(x[rows, None], 0.0)
        y = t - x[rows, None]
        occupied = 1 / (np.exp(below) + np.exp(y + below))  # f e^(-below)
        both = occupied / (1 + np.exp(-y))  # f (1-f) e^(-below)
        number, energy, slope = occupied @ weight, occupied @ energy_weight, both @ weight
        distance = np.abs(y)
        mixing = np.log1p(np.exp(-distance)) + distance / (1 + np.exp(distance))
        entropy = np.where(x[rows] < 0, (1 + 1 / alpha) * energy, mixing @ weight)
        entropy_slope = np.where(x[rows] < 0, alpha * number, (y * both) @ weight)
        table[rows] = np.stack([number, energy, entropy, slope, entropy_slope], axis=1)
    large = x > _PANEL
    table[large, 4] = _entropy_slope(alpha - 1, x[large], t, weight, flat)
    return table


def _nodes(alpha: float, last: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return nodes t on [0, last], weights for dt and weights for t^(alpha-1) dt.

    Gauss-Legendre panels [0, 1], [1, 4], [4, 8], ...: narrow where t^(alpha-1) is not smooth. On
    the first its weights are product weights: the interpolant at the nodes is integrated exactly,
    int_0^1 t^(alpha-1) P_k(2t-1) dt = (alpha-1)...(alpha-k) / (alpha (alpha+1)...(alpha+k)).
    (Gauss-Jacobi nodes lose digits as alpha -> 0.)
    """
    unit = roots_legendre(_NODES)[0]
    polynomials = legendre.legvander(unit, _NODES - 1).T
    moments = np.zeros((_NODES, 2))  # of P_k, weighted with 1 on [-1, 1] and t^(alpha-1) on [0, 1]
    moments[0] = 2, 1 / alpha
    for k in range(1, _NODES):
        moments[k, 1] = moments[k - 1, 1] * (alpha - k) / (alpha + k)
    # solved for, since tabulated Gauss weights are off by 3e-14 at the outer nodes
    unit_weight, first_weight = np.linalg.solve(polynomials, moments).T
    edges = np.concatenate([[0.0, 1.0], np.arange(_PANEL, last + _PANEL, _PANEL)])
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half * (unit + 1)).ravel()
    flat = (half * unit_weight).ravel()
    weight = flat * t ** (alpha - 1)
    weight[:_NODES] = first_weight
    return t, flat, weight


def _entropy_slope(
    power: float, x: FloatArray, t: FloatArray, weight: FloatArray, flat: FloatArray
) -> FloatArray:
    """Return int t^power y f(1-f) dt, y = t - x, for x > 4: an odd function of y times a power.

    With t^power = x^power + (t^power - x^power) the first part is known, log(1 + e^(-x))
    + x/(1 + e^x), and the second integrand has one sign: nothing cancels, at power = 0 either.
    On the first panel, where e^(-x) is small, the product weights serve instead.
    """
    first, far = slice(_NODES), slice(_NODES, None)
    y = t - x[:, None]
    odd = y / (2 + 2 * np.cosh(y))
    known = np.log1p(np.exp(-x)) + x / (1 + np.exp(x)) - odd[:, first] @ flat[first]
    growth = np.expm1(power * (np.log(t[far]) - np.log(x)[:, None]))
    rest = (odd[:, far] * growth) @ flat[far]
    return x**power * (known + rest) + odd[:, first] @ weight[first]
