"""Contacts: through which channels, and how strongly, the system touches one reservoir."""

from __future__ import annotations

import dataclasses
import functools
import numbers
from typing import ClassVar, final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from oqs.arguments import ComplexArray, FloatArray, complex_array, read_only
from oqs.contact.base import ReservoirContact, Thermal, ThermalState, check_name, checked_band
from oqs.contact.rate_slopes import rate_slopes
from oqs.contact.rates import Flat, Lorentzian, PowerLaw, Rate, rate_at, rate_frozen, varies
from oqs.exports import exported
from oqs.summary import Summary, counted, few_digits

NEGLIGIBLE = 1e-13
"""Amplitudes below this fraction of their contact's norm are rounding of zeros and are dropped."""

_REMEDY = "Give None (every site its own bath), (N,) for one channel, or (m, N) for m channels."
_BAND = "Give (lowest, highest) energy of the reservoir's states, or None for no edges."


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, init=False, repr=False)
class Contact(ReservoirContact):
    """A set of independent channels S_a = sum_v t_av c_v to one reservoir with rate gamma(w).

    The dissipator of the contact is

        D = sum_a sum_w gamma(w) { n(w) D[S_a(w)^+] + (1 - n(w)) D[S_a(w)] },
        D[L] rho = L rho L^+ - {L^+ L, rho} / 2,

    with S_a(w) the eigen-operators of S_a (Davies 1974, doi:10.1007/BF01608389). With t the
    identity, the default, this is Eq. (9).

    Parameters
    ----------
    rate : callable, array of frequencies -> array of gamma(w) >= 0, units of energy. One of three
        arguments is rate(w, T, mu), which depends on the reservoir's temperature and potential; a
        method slopes(w, T, mu) of it, if any, returns its derivatives by T and by mu.
    coupling : None: every site has its own bath, t = identity. Shape (N,): one collective channel.
        Shape (m, N): m independent channels. Complex, dimensionless; |t|^2 multiplies gamma.
    name : used in messages, tables and plots.
    band : (lowest, highest) energy of the reservoir's states: gamma is 0 outside. None: no edges.
        The frequency shift and the exact transmission integrate over it.

    Raises
    ------
    TypeError, ValueError
        if the rate is not callable, the coupling is not a finite array of one of these shapes, or
        the band's edges do not ascend.

    Examples
    --------
    >>> oqs.Contact(oqs.flat(0.01), coupling=[1, 0], name="left")
    Contact 'left': rate: Flat(value=0.01); 1 channel on 2 sites
    """

    rate: Rate
    coupling: ComplexArray | None = None
    name: str | None = None
    band: tuple[float, float] | None = None
    fermionic: ClassVar[bool] = True

    def __init__(
        self,
        rate: Rate,
        coupling: ArrayLike | None = None,
        name: str | None = None,
        band: tuple[float, float] | None = None,
    ) -> None:
        if not callable(rate):
            raise TypeError(
                f"Argument `rate` must be a callable gamma(w), but is {rate!r}. Give "
                f"oqs.flat({float(rate) if _is_number(rate) else 0.01!r}) for a constant."
            )
        check_name(name)
        object.__setattr__(self, "rate", rate)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "coupling", None if coupling is None else _channels(coupling))
        object.__setattr__(self, "band", None if band is None else checked_band(band, _BAND))

    def channels(self, sites: int) -> ComplexArray:
        """Return t of shape (m, N): row a holds the amplitudes of channel S_a on the N sites.

        Raises
        ------
        ValueError
            if the coupling was given for another number of sites.
        """
        if self.coupling is None:
            return np.eye(sites, dtype=np.complex128)
        if self.coupling.shape[1] != sites:
            given = self.coupling.shape[1]
            spin = " For spinful dots oqs.spin_channels makes it from one amplitude per dot."
            raise ValueError(
                f"Argument `coupling` of {self.label()} must have {sites} entries per channel, one "
                f"per site of the system, but has {given}. {_REMEDY}"
                f"{spin if sites == 2 * given else ''}"
            )
        return self.coupling

    @functools.cached_property
    def varies(self) -> bool:
        """Whether the rate is one of (w, T, mu)."""
        return varies(self.rate)

    def gamma(
        self, frequencies: FloatArray, index: int | None = None, at: ThermalState | None = None
    ) -> FloatArray:
        """Return gamma(w) (K,) at these frequencies, 0 outside the band.

        Raises
        ------
        TypeError, ValueError
            if the rate is not real, finite and >= 0 there, naming the contact (`index`), or if it
            depends on T and mu and none are given.
        """
        if self.band is None:
            return rate_at(self.rate, frequencies, self.label(index), at)
        inside = (frequencies >= self.band[0]) & (frequencies <= self.band[1])
        values = np.zeros(frequencies.shape)
        values[inside] = rate_at(self.rate, frequencies[inside], self.label(index), at)
        return values

    def split(
        self, gamma: FloatArray, frequencies: FloatArray, T: Thermal, mu: Thermal
    ) -> tuple[FloatArray, FloatArray]:
        """Return gamma (1 - n) and gamma n (K,), each to its own relative precision."""
        nu = (frequencies - mu) / T
        return gamma * expit(nu), gamma * expit(-nu)

    def slopes(
        self, gamma: FloatArray, frequencies: FloatArray, T: Thermal, mu: Thermal
    ) -> FloatArray:
        """Return the derivatives (2, 2, K), by T and mu, of gamma (1 - n) and gamma n."""
        x = (frequencies - mu) / T
        by_mu = gamma * expit(x) * expit(-x) / T
        absorbed = np.stack([by_mu * x, by_mu])
        return np.stack([-absorbed, absorbed], axis=1)

    def gamma_slopes(
        self, frequencies: FloatArray, index: int | None, at: ThermalState
    ) -> FloatArray:
        """Return d gamma/dT and d gamma/dmu (2, K), 0 outside the band."""
        inside = np.ones(frequencies.shape, dtype=np.bool_)
        if self.band is not None:
            inside = (frequencies >= self.band[0]) & (frequencies <= self.band[1])
        slopes = np.zeros((2, *frequencies.shape))
        slopes[:, inside] = rate_slopes(
            self.rate, frequencies[inside], self.label(index), at, "rate"
        )
        return slopes

    def at(self, T: float, mu: float) -> Contact:
        """Return this contact with its rate as it is at one T, mu."""
        if not self.varies:
            return self
        return Contact(rate_frozen(self.rate, T, mu), self.coupling, self.name, self.band)

    def why_zero(self, frequency: float) -> str:
        """Say why gamma is 0 at this frequency, where it is."""
        if self.band is not None and frequency < self.band[0]:
            return f"its band begins at {self.band[0]!r}"
        if self.band is not None and frequency > self.band[1]:
            return f"its band ends at {self.band[1]!r}"
        if isinstance(self.rate, Flat | PowerLaw | Lorentzian):
            return self.rate.why_zero(frequency)
        return "its `rate` returns 0 there"

    def strength_and_channels(self, sites: int) -> tuple[str, str]:
        """Return the rate and the number of channels as text."""
        return repr(self.rate), str(len(self.channels(sites)))

    def summary(self) -> Summary:
        """Return name, rate and channels."""
        named = "" if self.name is None else f" {self.name!r}"
        coupling = "every site by itself" if self.coupling is None else _counted(self.coupling)
        facts = [("rate", repr(self.rate)), ("", coupling)]
        if self.band is not None:
            facts.append(("band", few_digits(self.band)))
        return Summary(f"Contact{named}", facts)


def _counted(coupling: ComplexArray) -> str:
    channels, sites = coupling.shape
    return f"{counted(channels, 'channel')} on {counted(sites, 'site')}"


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _channels(coupling: ArrayLike) -> ComplexArray:
    array = complex_array("coupling", coupling, _REMEDY)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"Argument `coupling` must have shape (N,) or (m, N), but has shape {array.shape}. "
            f"{_REMEDY}"
        )
    read_only(array)
    return np.atleast_2d(array)
