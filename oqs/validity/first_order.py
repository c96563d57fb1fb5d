"""Which generator of first order in the rates fits: Davies, or PERLind where levels are close."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from oqs.contact.base import ReservoirContact
from oqs.exports import exported
from oqs.generator.davies.davies import davies
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import perlind
from oqs.system.base import System
from oqs.validity.secular import worst_mixing
from oqs.validity.verdict import LARGEST_SOUND


@exported
def first_order(
    system: System,
    contacts: Sequence[ReservoirContact],
    T: ArrayLike,
    mu: ArrayLike | None = None,
    *,
    lamb_shift: bool = False,
) -> Model:
    """Return the generator that fits: Davies where all levels are resolved, else PERLind.

    Two levels are resolved where the rates by which contacts mix them are at most 0.1 of their
    distance (the audit's row "secular"; levels closer than `system.resolution` are one). Davies
    then obeys Eq. (3) exactly; where some are not, it is off by up to (rate/distance)^2, and
    PERLind is not, at a price of order (rate/T)^2 (`oqs.thermodynamic_price`).

    Parameters
    ----------
    system : QuadraticSystem, InteractingSystem or OperatorSystem.
    contacts : one per reservoir.
    T, mu : (n,) temperatures and chemical potentials, units of energy: where rates that depend on
        them are taken.
    lamb_shift : as in `davies` and `perlind`.

    Returns
    -------
    Model : a DaviesModel or PerlindModel; its `reason` says why, and stands in its summary.

    Raises
    ------
    TypeError, ValueError
        as `davies` and `perlind` do, and if T, mu are refused.

    Examples
    --------
    >>> ends = [[1, 0], [0, 1]]
    >>> contacts = [oqs.Contact(oqs.flat(0.02), coupling=end) for end in ends]
    >>> for tunnelling in (0.5, 0.005):
    ...     dots = oqs.QuadraticSystem([[0.0, tunnelling], [tunnelling, 0.0]])
    ...     print(oqs.first_order(dots, contacts, [1.0, 1.0], [0.5, -0.5]).reason)
    Davies: the rates that mix levels are at most 0.014 of their distance
    PERLind: rates mix the levels at -0.005 and 0.005 by 1.4 of their distance
    """
    secular = davies(system, contacts, lamb_shift=lamb_shift)
    temperature, potential = secular.arguments(T, mu)
    ratio, lower, upper = worst_mixing(secular.at(temperature, potential))
    if ratio <= LARGEST_SOUND:
        reason = f"the rates that mix levels are at most {ratio:.2g} of their distance"
        if ratio == 0:
            reason = "no contact mixes levels of different energies"
        return secular.because(f"Davies: {reason}")
    mixed = f"rates mix the levels at {lower:.6g} and {upper:.6g} by {ratio:.2g} of their distance"
    return perlind(system, contacts, lamb_shift=lamb_shift).because(f"PERLind: {mixed}")
