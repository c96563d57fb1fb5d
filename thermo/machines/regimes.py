"""Regimes of two reservoirs: omega-bar, the signs of Table I, and a name for each of them."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final, Literal, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oqs.arguments import FloatArray, float_array, read_only, real_row, temperatures_and_potentials
from oqs.exports import exported
from oqs.flows import Flows

SignArray = NDArray[np.int8]


@exported
@final
class Regime(enum.StrEnum):
    """What two reservoirs do to each other through one frequency, by the signs of their flows.

    Of two reservoirs at different temperatures, the engine uses heat that falls from hot to cold
    to lift particles to the higher mu; the other three spend the fall of particles to the lower mu
    (names as for any thermal machine that absorbs work: Buffoni et al. 2019,
    doi:10.1103/PhysRevLett.122.070603):

    ENGINE : the hot one loses heat, the cold one gains it, particles rise in mu.
    REFRIGERATOR : the cold one loses heat, the hot one gains it.
    ACCELERATOR : the hot one loses heat and the cold one gains it, as without work, but more.
    HEATER : no reservoir loses heat, at least one gains it. Also at equal temperatures.

    Where a difference vanishes:

    CONDUCTOR : equal mu. The hot one loses heat, the cold one gains as much.
    TRANSPORTER : equal temperatures. One loses heat, the other gains more.
    BALANCED : equal occupations (at omega-bar, or reservoirs in equilibrium): nothing flows.

    Examples
    --------
    >>> thermo.Regime.ENGINE == "engine"
    True
    >>> thermo.regimes([1.0, 2.0], [1.0, 0.0], [0.5, 1.5, 2.5])
    array([<Regime.HEATER: 'heater'>, <Regime.REFRIGERATOR: 'refrigerator'>,
           <Regime.ENGINE: 'engine'>], dtype=object)
    """

    ENGINE = "engine"
    REFRIGERATOR = "refrigerator"
    ACCELERATOR = "accelerator"
    HEATER = "heater"
    CONDUCTOR = "conductor"
    TRANSPORTER = "transporter"
    BALANCED = "balanced"


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SpectralSigns:
    """Signs of the spectral flows out of two reservoirs at each frequency; 1 where it loses."""

    particle: SignArray  # (..., K, 2) of p_j, j_j, y_j; -1, 0 or 1, read-only
    energy: SignArray  # (..., K, 2) of p_j, j_j, y_j; -1, 0 or 1, read-only
    heat: SignArray  # (..., K, 2) of p_j, j_j, y_j; -1, 0 or 1, read-only

    @classmethod
    def of_flows(cls, spectral: Flows) -> SpectralSigns:
        """Take the signs of spectral flows (..., K, 2) as law.spectral(T, mu) of two reservoirs.

        Raises ValueError for another number of reservoirs: between three, a flow is no pair's.
        """
        if spectral.particle.ndim < 2 or spectral.reservoirs != 2:
            raise ValueError(
                f"Argument `spectral` must have shape (..., K, 2), but has shape "
                f"{spectral.particle.shape}. Give law.spectral(T, mu) of a law with two "
                "reservoirs, or use spectral_signs(T, mu, frequencies, pair)."
            )
        return cls(_sign(spectral.particle), _sign(spectral.energy), _sign(spectral.heat))


@exported
def omega_bar(T: ArrayLike, mu: ArrayLike, pair: tuple[int, int] = (0, 1)) -> FloatArray:
    """Return the energy at which two reservoirs' occupations agree.

        omega-bar = (T_1 mu_2 - T_2 mu_1)/(T_1 - T_2)

    Parameters
    ----------
    T, mu : (..., n) temperatures > 0 and chemical potentials, in units of energy (k_B = 1).
    pair : places of reservoirs 1 and 2, counted from 0. Their order does not matter.

    Returns
    -------
    (...) in units of energy. Infinite at equal temperatures and unequal mu (omega-bar passes from
    one end of the axis to the other there, so its sign means nothing); NaN for two reservoirs in
    equilibrium, whose occupations agree everywhere. It may be negative.

    Raises
    ------
    TypeError, ValueError
        if T, mu are refused, or the pair does not name two of the reservoirs.

    Notes
    -----
    Source: arXiv:2412.15355, Table I.

    Examples
    --------
    >>> print(f"{thermo.omega_bar([0.6, 1.0], [20.8, 16.0]):.2f}")
    28.00
    >>> thermo.omega_bar([[1.0, 1.0], [1.0, 1.0]], [[20.8, 16.0], [16.0, 16.0]])
    array([inf, nan])
    """
    (t_1, t_2), (mu_1, mu_2) = _of_pair(T, mu, pair)
    warmer, higher = t_1 - t_2, mu_1 - mu_2
    # at equal T: infinite, not an overflowing division; the form below is exact at equal mu
    energies = np.where(higher == 0, np.nan, np.inf)
    here = warmer != 0
    energies[here] = mu_1[here] - t_1[here] * (higher[here] / warmer[here])
    return read_only(energies)


@exported
def spectral_signs(
    T: ArrayLike, mu: ArrayLike, frequencies: ArrayLike, pair: tuple[int, int] = (0, 1)
) -> SpectralSigns:
    """Return the signs of what two reservoirs exchange at each frequency, from their occupations.

        p_1 = -p_2 ~ n_1(w) - n_2(w),  j = w p,  y_j = (w - mu_j) p_j:

    the integrand of Eq. (10) for two reservoirs, and for more the part of it between these two,
    gamma_1 gamma_2 / (sum gamma) (n_1 - n_2), Eq. (31), whatever the rates are.

    Parameters
    ----------
    T, mu : (..., n) in units of energy; (m, n) along a trajectory.
    frequencies : (K,) in units of energy.
    pair : places of reservoirs 1 and 2, counted from 0.

    Returns
    -------
    SpectralSigns (..., K, 2). n_1 > n_2 is decided by (w - mu_1)/T_1 < (w - mu_2)/T_2, which is
    true where both occupations underflow.

    Raises
    ------
    TypeError, ValueError
        as `omega_bar`, and if frequencies is no (K,) array of finite numbers.

    Examples
    --------
    >>> signs = thermo.spectral_signs([0.6, 1.0], [20.8, 16.0], [21.1, 28.5])
    >>> signs.particle  # below omega-bar = 28 the cold one loses
    array([[ 1, -1],
           [-1,  1]], dtype=int8)
    """
    t, potential = (np.stack(part, axis=-1) for part in _of_pair(T, mu, pair))
    w = _frequencies(frequencies)
    above = w[:, None] - potential[..., None, :]  # (..., K, 2)
    x = above / t[..., None, :]
    fuller = _sign(x[..., 1] - x[..., 0])
    particle = np.stack([fuller, -fuller], axis=-1)
    return SpectralSigns(
        read_only(particle),
        read_only(particle * _sign(w)[:, None]),
        read_only(particle * _sign(above)),
    )


@exported
def regimes(
    T: ArrayLike, mu: ArrayLike, frequencies: ArrayLike, pair: tuple[int, int] = (0, 1)
) -> NDArray[np.object_]:
    """Return the Regime (..., K) of two reservoirs at each frequency.

    Along a trajectory: regimes(path.T, path.mu, law.frequencies) is (m, K), the regime of each mode
    at each time. Arguments and errors as `spectral_signs`.

    Examples
    --------
    >>> thermo.omega_bar([1.0, 2.0], [1.0, 0.0])
    array(2.)
    >>> [str(regime) for regime in thermo.regimes([1.0, 2.0], [1.0, 0.0], [-0.5, 0.5, 1.5, 2.5])]
    ['accelerator', 'heater', 'refrigerator', 'engine']
    """
    (t_1, t_2), (mu_1, mu_2) = _of_pair(T, mu, pair)
    signs = spectral_signs(T, mu, frequencies, pair)
    warmer, higher = _sign(t_1 - t_2)[..., None], _sign(mu_1 - mu_2)[..., None]
    downhill = signs.particle[..., 0] * higher  # 1: particles fall to the lower mu
    from_hot = np.where(warmer >= 0, signs.heat[..., 0], signs.heat[..., 1])
    from_cold = np.where(warmer >= 0, signs.heat[..., 1], signs.heat[..., 0])
    table = np.empty(downhill.shape, dtype=object)
    table[...] = Regime.HEATER
    table[(from_hot > 0) & (downhill < 0)] = Regime.ENGINE
    table[(from_cold > 0) & (downhill > 0)] = Regime.REFRIGERATOR
    table[(from_hot > 0) & (downhill > 0)] = Regime.ACCELERATOR
    table[(from_hot > 0) & (downhill == 0)] = Regime.CONDUCTOR
    isothermal = np.broadcast_to(warmer == 0, table.shape)
    table[isothermal & ((from_hot > 0) | (from_cold > 0))] = Regime.TRANSPORTER
    table[signs.particle[..., 0] == 0] = Regime.BALANCED
    return table


Bound = Literal["zero", "mu_1", "mu_2", "omega_bar", "infinity"]


@final
@dataclasses.dataclass(frozen=True)
class Window:
    """One column of Table I: a window of frequency with the signs of the spectral flows in it.

    Parameters
    ----------
    lower, upper : its ends. A window whose ends are not in ascending order is absent.
    particle_1, heat_1, particle_2, heat_2 : signs of p_1 and j_1, y_1, p_2 and j_2, y_2; 1 where
        that reservoir loses.
    regime : the name of these signs.
    """

    lower: Bound
    upper: Bound
    particle_1: int
    heat_1: int
    particle_2: int
    heat_2: int
    regime: Regime

    def ends(self, T: ArrayLike, mu: ArrayLike) -> tuple[float, float]:
        """Return the lower and upper end in units of energy, for T, mu of shape (2,)."""
        temperature, potential = temperatures_and_potentials(T, mu, 2)
        values: dict[Bound, float] = {
            "zero": 0.0,
            "mu_1": float(potential[0]),
            "mu_2": float(potential[1]),
            "omega_bar": float(omega_bar(temperature, potential)),
            "infinity": np.inf,
        }
        return values[self.lower], values[self.upper]


TABLE_I: Final[dict[Literal["T_1 < T_2", "T_1 > T_2"], tuple[Window, ...]]] = {
    "T_1 < T_2": (
        Window("zero", "mu_2", 1, -1, -1, 1, Regime.ACCELERATOR),
        Window("mu_2", "mu_1", 1, -1, -1, -1, Regime.HEATER),
        Window("mu_1", "omega_bar", 1, 1, -1, -1, Regime.REFRIGERATOR),
        Window("omega_bar", "infinity", -1, -1, 1, 1, Regime.ENGINE),
    ),
    "T_1 > T_2": (
        Window("zero", "omega_bar", -1, 1, 1, -1, Regime.ENGINE),
        Window("omega_bar", "mu_2", 1, -1, -1, 1, Regime.REFRIGERATOR),
        Window("mu_2", "mu_1", 1, -1, -1, -1, Regime.HEATER),
        Window("mu_1", "infinity", 1, 1, -1, -1, Regime.ACCELERATOR),
    ),
}
"""Table I of arXiv:2412.15355, for mu_1 > mu_2 > 0 and frequencies > 0, as printed.

Where omega-bar < 0 the second panel's first window is absent and the next begins at zero.
"""


def _of_pair(
    T: ArrayLike, mu: ArrayLike, pair: tuple[int, int]
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Return ((T_1, T_2), (mu_1, mu_2)), each (...), after all checks."""
    shape = float_array("T", T, "Give one temperature per reservoir.").shape
    size = shape[-1] if shape else 0
    temperature, potential = temperatures_and_potentials(T, mu, size, batched=True)
    temperature, potential = np.broadcast_arrays(temperature, potential)
    try:
        first, second = (range(size)[j] for j in pair)
    except (TypeError, ValueError, IndexError):
        first = second = 0
    if first == second:
        raise ValueError(
            f"Argument `pair` must name two different of the {size} reservoirs, counted from 0, "
            f"but is {pair!r}. Give e.g. (0, 1)."
        )
    return (
        (temperature[..., first], temperature[..., second]),
        (potential[..., first], potential[..., second]),
    )


def _frequencies(value: ArrayLike) -> FloatArray:
    remedy = "Give the frequencies of interest, such as law.frequencies."
    return real_row("frequencies", value, remedy, length="K", empty=True)


def _sign(values: FloatArray) -> SignArray:
    return np.sign(values).astype(np.int8)
