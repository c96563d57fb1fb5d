"""A window of energy: the eigenstates of a large system that are kept."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import positive_number, real_number
from oqs.exports import exported
from oqs.summary import page_of_fields
from oqs.system.spectrum import Spectrum


@exported
@final
@dataclasses.dataclass(frozen=True)
class Window:
    """Keep the eigenstates with E - mu N at most `energy` above the lowest of all.

    Flows change by about the weight of the states left out, and by (rate/energy)^2 of coherences
    with them.

    Parameters
    ----------
    energy : width of the window, units of energy: many T, and more than the bias.
    mu : reference chemical potential, units of energy; that of the middle of the bias, say.
    weight : the largest stationary weight of the states left out that is not refused.

    Raises
    ------
    TypeError, ValueError
        unless `energy` and `weight` are positive numbers, `weight` at most 1, and `mu` is a number.

    Examples
    --------
    >>> chain = oqs.hubbard_chain(3, 0.5, U=4.0)
    >>> ends = [oqs.spin_channels([1, 0, 0]), oqs.spin_channels([0, 0, 1])]
    >>> contacts = [oqs.Contact(oqs.flat(0.1), coupling=end) for end in ends]
    >>> T, mu = [0.2, 0.2], [0.3, -0.3]
    >>> law = oqs.flow_law(oqs.perlind(chain, contacts, window=oqs.Window(3.0)))
    >>> law.model.window
    Window(energy=3.0, mu=0.0, weight=0.001)
    >>> bool(law.weight_dropped(T, mu) < 1e-5)
    True
    """

    energy: float
    mu: float = 0.0
    weight: float = 1e-3

    _repr_html_ = page_of_fields

    def __post_init__(self) -> None:
        positive_number("energy", self.energy, "It is a width in units of energy.")
        real_number("mu", self.mu, "It is a chemical potential in units of energy.")
        remedy = "It is a fraction of the whole, such as 1e-3."
        if positive_number("weight", self.weight, remedy) > 1:
            raise ValueError(
                f"Argument `weight` must be at most 1, but is {self.weight!r}. {remedy}"
            )

    def kept(self, spectrum: Spectrum) -> NDArray[np.bool_]:
        """Return which eigenstates (D,) are kept."""
        above = spectrum.energies - self.mu * spectrum.particles
        return above <= above.min() + self.energy
