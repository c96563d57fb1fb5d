"""Three-level masers and the transitions that their baths drive."""

from __future__ import annotations

from typing import NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import real_array
from oqs.deferred import qutip
from oqs.exports import exported
from oqs.summary import shown_by_fields
from oqs.system.operator import OperatorSystem


@exported
@final
@shown_by_fields
class Maser(NamedTuple):
    """A three-level maser and the transitions that its baths drive.

    Parameters
    ----------
    system : levels |0>, |1>, |2> of ascending energy.
    hot, cold, load : Hermitian |a><b| + |b><a| of the transition each bath drives.

    Examples
    --------
    >>> maser = oqs.lambda_maser([0.0, 0.5, 1.5])
    >>> maser.system.spectrum.energies
    array([0. , 0.5, 1.5])
    """

    system: OperatorSystem
    hot: qutip.Qobj
    cold: qutip.Qobj
    load: qutip.Qobj


@exported
def lambda_maser(energies: ArrayLike) -> Maser:
    """Return a maser of Lambda type: hot on 0-2, cold on 1-2, load on the two lower states 0-1.

    Inverted, and driving the load, where (E_2 - E_1)/T_cold > (E_2 - E_0)/T_hot. A load at very
    high T takes work; the efficiency is (E_1 - E_0)/(E_2 - E_0).

    Parameters
    ----------
    energies : (3,) ascending, units of energy.

    Raises
    ------
    TypeError, ValueError
        unless these are three ascending numbers.

    References
    ----------
    Scovil, Schulz-DuBois, Phys. Rev. Lett. 2, 262 (1959), doi:10.1103/PhysRevLett.2.262.

    Examples
    --------
    >>> maser = oqs.lambda_maser([0.0, 1.0, 3.0])
    >>> rates = (maser.hot, 1.0), (maser.cold, 1.0), (maser.load, 1.0)
    >>> baths = [oqs.BosonicContact(oqs.ohmic(0.01 * g), operator) for operator, g in rates]
    >>> flows = oqs.flow_law(oqs.davies(maser.system, baths))(T=[5.0, 0.5, 1000.0])
    >>> (flows.energy / flows.energy[0]).round(9).tolist()  # hot gives, load gets a third
    [1.0, -0.666666667, -0.333333333]
    """
    return Maser(_three_levels(energies), _between(0, 2), _between(1, 2), _between(0, 1))


@exported
def v_maser(energies: ArrayLike) -> Maser:
    """Return a maser of V type: hot on 0-2, cold on 0-1, load on the two upper states 1-2.

    Inverted, and driving the load, where (E_1 - E_0)/T_cold > (E_2 - E_0)/T_hot; the efficiency is
    (E_2 - E_1)/(E_2 - E_0).

    Parameters
    ----------
    energies : (3,) ascending, units of energy.

    Raises
    ------
    TypeError, ValueError
        unless these are three ascending numbers.

    Examples
    --------
    >>> maser = oqs.v_maser([0.0, 2.0, 3.0])
    >>> maser.system.energy_scale
    3.0
    """
    return Maser(_three_levels(energies), _between(0, 2), _between(0, 1), _between(1, 2))


def _three_levels(energies: ArrayLike) -> OperatorSystem:
    remedy = "Give three ascending energies."
    levels = real_array("energies", energies, remedy)
    if levels.shape != (3,) or not np.all(np.diff(levels) > 0):
        raise ValueError(
            f"Argument `energies` must be three ascending numbers, but is {levels.tolist()!r}. "
            f"{remedy}"
        )
    return OperatorSystem(qutip.qdiags(levels.tolist(), 0))


def _between(a: int, b: int) -> qutip.Qobj:
    jump = qutip.projection(3, a, b)
    return jump + jump.dag()
