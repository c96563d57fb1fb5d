"""Derivatives of the reservoirs' flows with respect to their temperatures and potentials."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Protocol, final, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from oqs.arguments import FloatArray, read_only
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.exports import exported
from oqs.summary import Summarised, Summary, counted, few_digits, reservoir_names

DERIVATIVES: Final = (
    "particle_T",
    "particle_mu",
    "energy_T",
    "energy_mu",
    "heat_T",
    "heat_mu",
)


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FlowJacobian(Summarised):
    """Derivatives of the flows: [..., j, q] is d flow_j / d T_q or d flow_j / d mu_q.

    Made by `law.jacobian(T, mu)`. The differential conductance of two reservoirs, the Jacobian of
    Eq. (5), and at equal T and mu linear response, are read off it.

    Parameters
    ----------
    particle_T, particle_mu : (..., n, n) of P_j, dimensionless.
    energy_T, energy_mu : (..., n, n) of J_j, units of energy.
    heat_T, heat_mu : (..., n, n) of Y_j = J_j - mu_j P_j, units of energy.
    names : (n,) of the reservoirs, None of one without a name; None where the law has no names.

    Arrays are read-only; leading axes run over a batch of (T, mu).

    Examples
    --------
    >>> import oqs
    >>> dot = oqs.QuadraticSystem.from_energies([0.3])
    >>> law = oqs.closed_form(dot, [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.03))])
    >>> law.jacobian([0.2, 0.2], [0.0, 0.0]).particle_mu.round(5)
    array([[ 0.00559, -0.00559],
           [-0.00559,  0.00559]])
    """

    particle_T: FloatArray
    particle_mu: FloatArray
    energy_T: FloatArray
    energy_mu: FloatArray
    heat_T: FloatArray
    heat_mu: FloatArray
    names: tuple[str | None, ...] | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        shape = np.shape(self.particle_T)
        for name in DERIVATIVES:
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != shape or len(shape) < 2 or shape[-1] != shape[-2]:
                raise ValueError(
                    f"Argument `{name}` must have shape (..., n, n) like `particle_T`, but has "
                    f"shape {array.shape} where `particle_T` has {shape}. Give one entry per flow "
                    "and reservoir in each."
                )
            object.__setattr__(self, name, read_only(array))

    def summary(self) -> Summary:
        """Return the derivatives of the particle flows, of a batch its shape."""
        count = self.particle_T.shape[-1]
        names = reservoir_names(self.names, count)
        title = f"Derivatives of the flows out of {counted(count, 'reservoir')}"
        if self.particle_T.ndim > 2:
            return Summary(title, [("", ", ".join(names)), ("shape", str(self.particle_T.shape))])
        facts = [
            ("", ", ".join(names)),
            ("dP/dT", few_digits(self.particle_T)),
            ("dP/dmu", few_digits(self.particle_mu)),
        ]
        rows = [
            (f"{kind} of {name}, by {by}", *(f"{value:.6g}" for value in row))
            for kind in ("particle", "energy", "heat")
            for by in ("T", "mu")
            for name, row in zip(names, getattr(self, f"{kind}_{by}"), strict=True)
        ]
        return Summary(title, facts, ("derivative", *(f"of {name}" for name in names)), rows)

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset over `reservoir` (whose flow) and `of` (whose T or mu)."""
        batch = [f"batch_{axis}" for axis in range(self.particle_T.ndim - 2)]
        over = (*batch, "reservoir", "of")
        names = list(reservoir_names(self.names, self.particle_T.shape[-1]))
        tables = {
            name: (over, getattr(self, name), "1/hbar" if "particle" in name else "E_0/hbar")
            for name in DERIVATIVES
        }
        return dataset(tables, {"reservoir": names, "of": names})

    @classmethod
    def of(
        cls,
        particle: FloatArray,
        energy: FloatArray,
        flow: FloatArray,
        mu: FloatArray,
        *,
        reference: ArrayLike = 0.0,
        names: tuple[str | None, ...] | None = None,
    ) -> FlowJacobian:
        """Complete derivatives of particle and energy flows by Y_j = J_j - mu_j P_j.

        Parameters
        ----------
        particle, energy : (2, ..., n, n) derivatives with respect to T and mu; energies are counted
            from `reference` for each particle: near mu, few digits cancel in the heat.
        flow, mu : (..., n) P_j and mu_j.
        reference : (...) energy of a particle that counts as zero.
        """
        zero = np.asarray(reference, dtype=np.float64)[..., None]
        heat = energy - (mu - zero)[..., None] * particle
        diagonal = np.arange(mu.shape[-1])
        heat[1, ..., diagonal, diagonal] -= np.moveaxis(flow, -1, 0)
        whole = energy + zero[..., None] * particle
        return cls.of_table(np.concatenate([particle, whole, heat]), names)

    @classmethod
    def of_table(
        cls, table: FloatArray, names: tuple[str | None, ...] | None = None
    ) -> FlowJacobian:
        """Return the Jacobian of a table (6, ..., n, n), in the order of the fields, as it is."""
        jacobian = object.__new__(cls)  # the laws' own tables need no checks
        jacobian.__dict__.update(zip(DERIVATIVES, read_only(table), strict=True), names=names)
        return jacobian

    @classmethod
    def joined(cls, parts: Sequence[FlowJacobian]) -> FlowJacobian:
        """Return the Jacobian (B, n, n) of batches (n, n) or (b, n, n) one after the other."""
        rows = [part.shaped((-1,), None) for part in parts]
        if len(rows) == 1:
            return rows[0]
        return cls.of_table(
            np.array([np.concatenate([getattr(row, d) for row in rows]) for d in DERIVATIVES])
        )

    def shaped(self, shape: tuple[int, ...], names: tuple[str | None, ...] | None) -> FlowJacobian:
        """Return the same derivatives with leading axes `shape`, of reservoirs with these names."""
        square = (*shape, self.reservoirs, self.reservoirs)
        reshaped = object.__new__(FlowJacobian)
        reshaped.__dict__.update({d: getattr(self, d).reshape(square) for d in DERIVATIVES})
        reshaped.__dict__.update(names=names)
        return reshaped

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""
        return int(self.particle_T.shape[-1])


@runtime_checkable
class DifferentiableLaw(Protocol):
    """A flow law of so many reservoirs that knows its derivatives."""

    @property
    def reservoirs(self) -> int:
        """Number n of reservoirs."""

    def jacobian(self, T: ArrayLike, mu: ArrayLike, /) -> FlowJacobian:
        """Return the derivatives of the flows at T, mu of shape (n,)."""
