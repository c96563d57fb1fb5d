"""Linear response around a common temperature and chemical potential: Onsager's coefficients."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, index, read_only, real_array
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.flow_jacobian import DifferentiableLaw
from oqs.generator.model import Model
from oqs.laws.density_matrix import DensityMatrixLaw, flow_law
from oqs.laws.gross import gross_flows
from oqs.response.terminals import Terminals, in_units_of_temperature, two_terminals
from oqs.stationary.gaussian_state import GaussianState
from oqs.summary import Summarised, Summary, few_digits, reservoir_names

_AXES = ("particle", "heat")
_UNITS = {
    "conductance": "1/hbar",
    "seebeck": "1",
    "peltier": "E_0",
    "thermal_conductance": "E_0/hbar",
    "ZT": "1",
}
_UNKNOWN = 256 * float(np.finfo(np.float64).eps)  # of gross rates: rounding of populations


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LinearResponse(Summarised):
    """First-order flows of particles and heat around equilibrium at T, mu.

        (P_j, Y_j) = sum_q onsager[..., j, q] (d mu_q/T, d T_q/T^2),

    with the affinities d(mu/T) and d(-1/T) at mu fixed. Made by `linear_response`.

    Parameters
    ----------
    T, mu : the common temperature and chemical potential, units of energy; (...) over a batch.
    onsager : (..., 2, 2, n, n) [a, b, j, q]: particle (0) or heat (1) that j loses, by the affinity
        of particles or heat of q; units energy, energy^2 (mixed) and energy^3. Columns add up to
        zero over j. Without magnetic phases L[a, b, j, q] = L[b, a, q, j]; with them that of -phi.
        Equilibrium covariances per unit time are twice as large (fluctuation-dissipation).
    names : (n,) of the reservoirs, or None.

    The coefficients of two reservoirs are numbers. With more, [j, q] is that of the pair while all
    others float: they carry neither particles nor heat, and take the T and mu at which that is so.
    The diagonal is NaN then, and a coefficient is NaN where nothing flows. Over a batch they are
    (...) or (..., n, n).

    Examples
    --------
    >>> import oqs
    >>> dots = oqs.QuadraticSystem.from_energies([0.2, 0.5])
    >>> leads = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.01))]
    >>> response = oqs.linear_response(oqs.davies(dots, leads), T=0.1, mu=0.0)
    >>> round(response.seebeck, 3), round(response.ZT, 3)
    (2.179, 9.417)
    """

    T: float | FloatArray
    mu: float | FloatArray
    onsager: FloatArray
    names: tuple[str | None, ...] | None = None

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.onsager.shape[-1])

    @property
    def conductance(self) -> float | FloatArray:
        """G = L_NN/T, dimensionless: dP_0/d(mu_0 - mu_1) at equal T."""
        return self._by_pair("conductance")

    @property
    def seebeck(self) -> float | FloatArray:
        """S = L_NQ/(T L_NN), dimensionless: -(d mu/d T) at which no particles flow.

        Positive where the heat is carried above mu. In volts per kelvin times k_B/e.
        """
        return self._by_pair("seebeck")

    @property
    def peltier(self) -> float | FloatArray:
        """Pi = L_QN/L_NN, units of energy: heat per particle at equal T; T S without a field."""
        return self._by_pair("peltier")

    @property
    def thermal_conductance(self) -> float | FloatArray:
        """Kappa = (L_QQ - L_QN L_NQ/L_NN)/T^2, units of energy: heat by T where no particles flow.

        Zero where it is not known from zero beside L_QQ, as through a single level.
        """
        return self._by_pair("thermal_conductance")

    @property
    def ZT(self) -> float | FloatArray:
        """Z T = G S Pi/kappa, dimensionless: infinite where kappa vanishes (tight coupling).

        Without a field G S^2 T/kappa.
        The best efficiency is (sqrt(1 + ZT) - 1)/(sqrt(1 + ZT) + 1) of Carnot's.
        """
        return self._by_pair("ZT")

    @property
    def asymmetry(self) -> float | FloatArray:
        """Largest |L - L^T| over the largest |L|, heat in units of T.

        Rounding for Davies without magnetic phases; with them it is real, and for generators that
        hold detailed balance approximately it is part of their price.
        """
        scaled = in_units_of_temperature(self.onsager, np.asarray(self.T))
        transposed = scaled.swapaxes(-4, -3).swapaxes(-2, -1)
        axes = (-4, -3, -2, -1)
        largest, off = (np.max(np.abs(x), axis=axes) for x in (scaled, scaled - transposed))
        relative = np.divide(off, largest, out=np.zeros_like(off), where=largest > 0)
        return relative if np.ndim(self.T) else float(relative)

    def pair(self, j: int, q: int) -> Terminals:
        """Return the coefficients of the reservoirs j and q, all others floating.

        Raises
        ------
        IndexError, TypeError
            if there is no such reservoir.
        ValueError
            if both are the same.
        """
        remedy = f"Reservoirs count from 0; there are {self.reservoirs}."
        first, second = (
            index(name, value, self.reservoirs, remedy) % self.reservoirs
            for name, value in (("j", j), ("q", q))
        )
        if first == second:
            raise ValueError(
                f"Argument `q` must be another reservoir than `j`, but both are {first}. {remedy}"
            )
        return two_terminals(self.onsager, first, second, np.asarray(self.T))

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray.Dataset of the coefficients.

        Variables: onsager (flow, affinity, reservoir, driven); conductance, seebeck, peltier,
        thermal_conductance and ZT, by (reservoir, driven) where there are more than two; T and mu.
        The axes of a batch come first, and are called batch_0, batch_1, ...
        """
        n = self.reservoirs
        labels = list(reservoir_names(self.names, n))
        batch = tuple(f"batch_{axis}" for axis in range(np.ndim(self.T)))
        pairs = (*batch, "reservoir", "driven") if n > 2 else batch
        tables: dict[str, tuple[Any, ...]] = {
            name: (pairs, getattr(self, name), units) for name, units in _UNITS.items() if n > 1
        }
        over = (*batch, "flow", "affinity", "reservoir", "driven")
        tables["onsager"] = over, self.onsager, "E_0/hbar, one power of E_0 more for each heat"
        axes = {"flow": list(_AXES), "affinity": list(_AXES), "reservoir": labels, "driven": labels}
        if not batch:
            return dataset(tables, axes, {"T": self.T, "mu": self.mu})
        return dataset(tables | {n: (batch, getattr(self, n), "E_0") for n in ("T", "mu")}, axes)

    def summary(self) -> Summary:
        """Return the two-terminal coefficients, of several reservoirs those of each pair."""
        n, names = self.reservoirs, reservoir_names(self.names, self.reservoirs)
        title, facts = f"Linear response of {n} reservoirs", [("", ", ".join(names))]
        if np.ndim(self.T):
            return Summary(title, [*facts, ("shape", str(np.shape(self.T)))])
        rows = []
        for j in range(n):
            for q in range(j + 1, n):
                terminals = self.pair(j, q)
                values = (
                    terminals.conductance,
                    terminals.seebeck,
                    terminals.thermal_conductance,
                    terminals.ZT,
                )
                rows.append((f"{names[j]}, {names[q]}", *map(few_digits, values)))
        heads = ("reservoirs", "G", "S", "kappa", "ZT")
        facts += [("T", f"{self.T:g}"), ("mu", f"{self.mu:g}")]
        if n == 2:
            facts += list(zip(heads[1:], rows[0][1:], strict=True))
        return Summary(title, facts, heads, rows)

    def _by_pair(self, name: str) -> float | FloatArray:
        n = self.reservoirs
        if n == 2:
            return getattr(self.pair(0, 1), name)
        table = np.full((*np.shape(self.T), n, n), math.nan)
        for j in range(n):
            for q in range(n):
                if j != q:
                    table[..., j, q] = getattr(self.pair(j, q), name)
        return read_only(table)


@exported
def linear_response(
    model: Model | DifferentiableLaw, T: ArrayLike, mu: ArrayLike = 0.0
) -> LinearResponse:
    """Return the linear response around the equilibrium of all reservoirs at T, mu.

    First-order perturbation of the equilibrium state, d rho = -R (dL/dA) rho with R the inverse of
    the generator beside it. It is `law.jacobian` at equal T and mu:
    L = (T dP/dmu, T^2 dP/dT; T dY/dmu, T^2 dY/dT).

    Parameters
    ----------
    model : made by `davies` or another generator, or a flow law with derivatives, such as
        `oqs.landauer`, which is exact at any coupling.
    T, mu : the common temperature > 0 and chemical potential, units of energy; numbers, or (n,)
        that are all equal. A bosonic reservoir has T alone. Over a batch (..., 1) or (..., n),
        which broadcast: T[:, None] with `mu` a number.

    Returns
    -------
    LinearResponse : `onsager`, `conductance`, `seebeck`, `peltier`, `thermal_conductance`, `ZT`.

    Raises
    ------
    NonUniqueStationaryState, StationaryStateNotFound
        as the law does.
    TypeError, ValueError
        if `model` has no derivatives; if T or mu are unequal, or refused.

    Notes
    -----
    Valid where the generator is. A generator whose Gibbs state is stationary to a price only has
    flows at equilibrium; the response is the derivative of its flows all the same, and
    `asymmetry` says how far Onsager's symmetry holds.

    References
    ----------
    Onsager 1931, doi:10.1103/PhysRev.37.405; Benenti et al. 2017,
    doi:10.1016/j.physrep.2017.05.008.

    Examples
    --------
    >>> import oqs
    >>> dot = oqs.anderson_dot(-0.4, U=1.2)
    >>> model = oqs.davies(dot, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))])
    >>> response = oqs.linear_response(model, T=0.2, mu=0.05)
    >>> round(response.seebeck, 9), round(response.ZT, 9)
    (-1.084886273, 0.208936275)
    >>> oqs.linear_response(model, T=[[0.1], [0.2], [0.3]], mu=0.05).ZT.round(3)
    array([2.346, 0.209, 0.032])
    """
    law = _differentiable(model)
    n = law.reservoirs
    temperature, potential = np.broadcast_arrays(_common("T", T, n), _common("mu", mu, n))
    own = getattr(law, "model", None)
    without = own.bosonic if isinstance(own, Model) else np.zeros(n, dtype=np.bool_)
    shape = temperature.shape
    warm = np.repeat(temperature.reshape(-1, 1), n, axis=1)
    at = np.where(without, 0.0, np.repeat(potential.reshape(-1, 1), n, axis=1))
    jacobian = law.jacobian(warm, at) if shape else law.jacobian(warm[0], at[0])
    by_mu = temperature.reshape(*shape, 1, 1)
    by_T = by_mu**2
    tables = (
        ((by_mu, jacobian.particle_mu), (by_T, jacobian.particle_T)),
        ((by_mu, jacobian.heat_mu), (by_T, jacobian.heat_T)),
    )
    rows = [
        np.stack([by * table.reshape(*shape, n, n) for by, table in row], axis=-3) for row in tables
    ]
    onsager = np.stack(rows, axis=-4)
    if isinstance(own, Model) and isinstance(law, DensityMatrixLaw):
        _without_rounding(onsager.reshape(-1, 2, 2, n, n), law, warm, at)
    onsager = read_only(onsager)
    if not shape:
        return LinearResponse(float(temperature), float(potential), onsager, jacobian.names)
    batch = read_only(temperature.copy()), read_only(potential.copy())
    return LinearResponse(*batch, onsager, jacobian.names)


def _without_rounding(
    onsager: FloatArray, law: DensityMatrixLaw, T: FloatArray, mu: FloatArray
) -> None:
    """Set to zero, in place, a response (B, 2, 2, n, n) that is nothing but rounding.

    Populations know flows to the rounding of gross rates: where a symmetry forbids all response,
    what is left of it would have any Seebeck coefficient. A covariance matrix knows each level's.
    """
    model = law.model
    if isinstance(law.method, GaussianState) or model.varies or model.bosonic.any():
        return
    particle = np.max(np.abs(onsager[:, 0, 0]), axis=(1, 2))
    strongest = max(float(np.sum(np.abs(c.channels(model.system.sites)) ** 2)) for c in model.leads)
    for row in np.flatnonzero(particle <= _UNKNOWN * strongest * model.fastest_rate):
        gross = gross_flows(model, T[row], mu[row])
        if particle[row] <= _UNKNOWN * np.max(gross.particle):
            onsager[row] = 0.0


def _differentiable(model: object) -> DifferentiableLaw:
    """Return the law of a model, or the law itself, if it knows its derivatives."""
    law = flow_law(model) if isinstance(model, Model) else model
    if not isinstance(law, DifferentiableLaw):
        raise TypeError(
            f"Argument `model` must be a model or a flow law with derivatives, but is "
            f"{type(model).__name__}, which has no `jacobian`. Give oqs.davies(...), or a law such "
            "as oqs.closed_form, oqs.gaussian_law, oqs.landauer."
        )
    return law


def _common(name: str, given: ArrayLike, n: int) -> FloatArray:
    """Return the one value (...) of numbers, or of equal entries (..., 1) or (..., n)."""
    remedy = "Response is taken around equilibrium: give one number for all reservoirs"
    values = real_array(name, given, f"{remedy}.")
    if values.ndim == 0:
        return values
    if values.shape[-1] not in (1, n):
        raise ValueError(
            f"Argument `{name}` must be a number or have shape ({n},), over a batch (..., 1), but "
            f"has shape {values.shape}. {remedy}."
        )
    value = values[..., 0]
    unequal = values[np.any(values != value[..., None], axis=-1)]
    if len(unequal):
        raise ValueError(
            f"Argument `{name}` must be the same for all reservoirs, but holds "
            f"{few_digits(unequal[0])}. {remedy}, or take law.jacobian(T, mu) where they differ."
        )
    return value
