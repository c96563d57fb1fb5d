"""Violations of detailed balance by a generator: flows at equilibrium, Gibbs states."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.special import softmax

from oqs.arguments import FloatArray, read_only
from oqs.datasets import dataset
from oqs.deferred import xr
from oqs.errors import NonUniqueStationaryState
from oqs.exports import exported
from oqs.flows import KINDS, Flows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model, checked_model
from oqs.laws.density_matrix import flow_law
from oqs.numerics.blocks import eigenvalues
from oqs.state.entropy import clausius_sum
from oqs.stationary.choice import checked_method
from oqs.summary import Summarised, Summary, reservoir_names

_LARGEST = 2**8  # states up to which the Gibbs states are compared


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ThermodynamicPrice(Summarised):
    """How far a generator is from thermodynamics at one T, mu; for Davies all is rounding.

    Made by `thermodynamic_price`. Of order (gamma/T)^2 for PERLind, of the splittings over T for
    levels that a resolution joins.

    Parameters
    ----------
    equilibrium : the largest flow where all T and mu are equal, the means of those given, over the
        flow that was asked for; the largest such ratio of P, J and Y. Infinite where no flow is.
    clausius : sum_j Y_j/T_j, which Eq. (3) wants <= 0.
    energy : what J_j counts in it: "H_S" or "level".
    gibbs : (n,) trace distance between the stationary state of each contact alone and its Gibbs
        state exp[(mu_j N_S - H_S)/T_j]/Z; NaN where one contact leaves the state open, or where
        there are more than 256 states.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> price = oqs.thermodynamic_price(oqs.perlind(dots, leads), [0.5, 1.0], [1.2, 0.8])
    >>> price.equilibrium < 1e-3
    True
    """

    equilibrium: float
    clausius: float
    energy: str
    gibbs: FloatArray

    @property
    def ratio(self) -> float:
        """The largest of `equilibrium` and `gibbs`: what must be small compared with one."""
        known = self.gibbs[~np.isnan(self.gibbs)]
        return float(max(self.equilibrium, np.max(known, initial=0.0)))

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset: `gibbs` over `reservoir`, `equilibrium`, `clausius`."""
        energy = f"sum of Y/T, energy of {self.energy}"
        tables = {
            "equilibrium": ((), self.equilibrium, "1"),
            "clausius": ((), self.clausius, "E_0/hbar", energy),
            "gibbs": ("reservoir", self.gibbs, "1", "distance of Gibbs states"),
        }
        return dataset(tables, {"reservoir": list(reservoir_names(None, len(self.gibbs)))})

    def summary(self) -> Summary:
        """Return all of it in a line."""
        facts = [
            ("flows at equal T, mu over these", f"{self.equilibrium:.2g}"),
            (f"sum of Y/T, energy of {self.energy}", f"{self.clausius:.3g}"),
            ("distance of Gibbs states", ", ".join(f"{d:.2g}" for d in self.gibbs)),
        ]
        return Summary("Thermodynamic price", facts)


@exported
def thermodynamic_price(
    model: Model, T: ArrayLike, mu: ArrayLike | None = None
) -> ThermodynamicPrice:
    """Measure what a generator without exact detailed balance costs at T, mu.

    A Davies model pays nothing. PERLind, and levels that `davies(..., resolution=...)` joins, pay
    for their coherences: flows between equal reservoirs, a stationary state of one contact that is
    not its Gibbs state, an entropy production that may be negative by as little.

    Parameters
    ----------
    model : made by `davies`, `perlind` or `first_order`.
    T, mu : (n,) temperatures and chemical potentials, units of energy.

    Raises
    ------
    NonUniqueStationaryState, StationaryStateNotFound, TypeError, ValueError
        as `flow_law` and its calls do.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[0.0, 0.1], [0.1, 0.0]])
    >>> ends = [[1, 0], [0, 1]]
    >>> contacts = [oqs.Contact(oqs.flat(0.1), coupling=end) for end in ends]
    >>> price = oqs.thermodynamic_price(oqs.perlind(dots, contacts), [1.0, 1.0], [0.5, 0.0])
    >>> price.equilibrium < (0.1 / 1.0) ** 2
    True
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    return measured_price(model, flow_law(model)(temperature, potential), temperature, potential)


def measured_price(
    model: Model,
    flows: Flows,
    temperature: FloatArray,
    potential: FloatArray,
    states: int = _LARGEST,
) -> ThermodynamicPrice:
    """Return the price where the flows (n,) at T, mu are known; Gibbs states of so many states."""
    law = flow_law(model)
    n = model.reservoirs
    even = np.full(n, temperature.mean()), np.full(n, potential.mean())
    return ThermodynamicPrice(
        equilibrium=_largest_ratio(law(*even), flows),
        clausius=float(clausius_sum(flows, temperature)),
        energy="level" if isinstance(model, DaviesModel) and model.energy_of == "level" else "H_S",
        gibbs=read_only(
            np.array([_distance(model, j, temperature[j], potential[j]) for j in range(n)])
            if model.system.dimension <= states
            else np.full(n, np.nan)
        ),
    )


def _largest_ratio(flows: Flows, asked: Flows) -> float:
    """Return the largest over P, J, Y of the largest flow over the largest one asked for."""
    ratio = 0.0
    for kind in KINDS:
        at_rest, wanted = (float(np.max(np.abs(getattr(f, kind)))) for f in (flows, asked))
        if at_rest > 0:
            ratio = max(ratio, at_rest / wanted if wanted > 0 else np.inf)
    return ratio


def _distance(model: Model, j: int, T: float, mu: float) -> float:
    """Return tr|rho - rho_j|/2 of the stationary state under contact j alone; NaN as above."""
    alone = model.of_part(model.system, [model.contacts[j]])
    try:
        problem = checked_method(alone, None).prepare(alone)
    except NonUniqueStationaryState:  # other contacts hold what this one does not touch
        return float("nan")
    rho = problem.matrix(problem.solve(np.array([T]), np.array([mu])))
    spectrum = model.system.spectrum
    weights = softmax((mu * spectrum.particles - spectrum.energies) / T)
    difference = sp.csr_array(rho - sp.diags_array(weights))
    return float(
        np.abs(eigenvalues(sp.csr_array((difference + difference.conj().T) / 2))).sum() / 2
    )
