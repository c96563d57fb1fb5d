"""Media without conserved particles: photons, phonons, any heat capacity; mu = 0."""

from __future__ import annotations

import abc
from typing import ClassVar, Literal, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, float_array
from oqs.exports import exported
from oqs.summary import shown_by_fields
from thermo.gases.base import GasState, within_doubles

Conserved = tuple[Literal["N", "E"], ...]


@exported
@final
@shown_by_fields
class HeatState(NamedTuple):
    """The functions of T of a `ThermalGas`, per unit capacity.

    Parameters
    ----------
    energy : (...) E, in units of energy.
    entropy : (...) S, k_B = 1.
    heat_capacity : (...) C = dE/dT = T dS/dT > 0, k_B = 1.

    Examples
    --------
    >>> import numpy as np
    >>> import thermo
    >>> thermo.BoseGas(1).heat_state(np.array(2.0)).heat_capacity.round(6)  # pi^2/3 T
    np.float64(6.579736)
    """

    energy: FloatArray
    entropy: FloatArray
    heat_capacity: FloatArray


@exported
class ThermalGas(abc.ABC):
    """An equation of state of temperature alone: excitations that come and go, so that mu = 0.

    It is an `EquationOfState` whose number of particles is not conserved, counts as 0 and exchanges
    nothing. Derive from it, and give E, S and C of a T > 0 in `heat_state`, with T dS = dE.

    Every method takes mu for the sake of that protocol: 0 or NaN (it has no meaning), or a
    ValueError says so.

    Examples
    --------
    >>> import numpy as np
    >>> import thermo
    >>> class Spins(thermo.ThermalGas):  # two levels, 1 apart
    ...     def heat_state(self, T):
    ...         upper = 1 / (1 + np.exp(1 / T))
    ...         entropy = -upper * np.log(upper) - (1 - upper) * np.log(1 - upper)
    ...         return thermo.HeatState(upper, entropy, upper * (1 - upper) / T**2)
    >>> round(float(Spins().energy(1.0)), 4)
    0.2689
    """

    conserves: ClassVar[Conserved] = ("E",)

    @abc.abstractmethod
    def heat_state(self, T: FloatArray) -> HeatState:
        """Return E, S and C at temperatures T (...), finite and > 0."""

    def check(self, T: ArrayLike, mu: ArrayLike = 0.0) -> None:
        """Raise ValueError unless T > 0 and finite, mu is 0 or NaN, and nothing overflows."""
        self.state(T, mu)

    def state(self, T: ArrayLike, mu: ArrayLike = 0.0) -> GasState:
        """Return N = 0, E, S and the Jacobian [[0, 0], [C, 0]] together."""
        potential = no_potential(self, mu)
        return within_doubles(self._evaluate, self, T, np.zeros_like(potential))

    def number(self, T: ArrayLike, mu: ArrayLike = 0.0) -> FloatArray:
        """Return 0 (...): no particles are conserved."""
        return self.state(T, mu).number

    def energy(self, T: ArrayLike, mu: ArrayLike = 0.0) -> FloatArray:
        """Return E, (...), in units of energy."""
        return self.state(T, mu).energy

    def entropy(self, T: ArrayLike, mu: ArrayLike = 0.0) -> FloatArray:
        """Return S, (...), k_B = 1."""
        return self.state(T, mu).entropy

    def jacobian(self, T: ArrayLike, mu: ArrayLike = 0.0) -> FloatArray:
        """Return [[0, 0], [C, 0]], (..., 2, 2)."""
        return self.state(T, mu).jacobian

    def _evaluate(self, T: FloatArray, mu: FloatArray, x: FloatArray) -> GasState:
        heat = self.heat_state(np.broadcast_to(T, x.shape))
        jacobian = np.zeros((*x.shape, 2, 2))
        jacobian[..., 1, 0] = heat.heat_capacity
        return GasState(np.zeros(x.shape), heat.energy, heat.entropy, jacobian)


def conserved(gas: object) -> Conserved:
    """Return what a gas conserves: N and E, or what its attribute `conserves` says, E alone."""
    return getattr(gas, "conserves", ("N", "E"))


def no_potential(gas: object, mu: ArrayLike) -> FloatArray:
    """Return mu as an array; raise ValueError unless every entry is 0 or NaN."""
    potential = float_array("mu", mu, "Give 0.")
    wrong = (potential != 0) & ~np.isnan(potential)
    if wrong.any():
        raise ValueError(
            f"Argument `mu` must be 0 or nan for {gas!r}, whose particles are not conserved, but "
            f"holds {float(potential[wrong][0])!r}. Give 0, or a gas of fermions for this contact."
        )
    return potential
