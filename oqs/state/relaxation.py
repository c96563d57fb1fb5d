"""The fast scale: rho_S(t) at fixed temperatures and chemical potentials of the reservoirs."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from typing import final

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import ArrayLike

from oqs.arguments import (
    ComplexArray,
    FloatArray,
    ascending_times,
    read_only,
    true_or_false,
)
from oqs.contact.principal_value import shift_function
from oqs.datasets import dataset
from oqs.deferred import qutip, xr
from oqs.exports import exported
from oqs.flows import KINDS, Flows
from oqs.generator.davies.davies_model import DaviesModel
from oqs.generator.model import Model, checked_model
from oqs.generator.perlind.modes import PerlindModes
from oqs.generator.perlind.perlind import PerlindModel
from oqs.memory import announce, require_memory
from oqs.modes.levels import Level, find_levels
from oqs.numerics.blocks import alone_and_linked, for_qutip, real_if_it_is, square
from oqs.numerics.exponential import exponential
from oqs.state.coupled_elements import FEW
from oqs.state.entropy import eigenvalue_rates, entropy_of, entropy_rates
from oqs.state.occupied import Occupied, occupied
from oqs.state.slowest_decay import slowest_decay, slowest_of
from oqs.state.states import energy_basis
from oqs.stationary.uniqueness import require_unique
from oqs.summary import Summarised, Summary, few_digits, reservoir_names
from oqs.system.systems import QuadraticSystem

_DENSE = 1024  # larger coupled sets of matrix elements go through expm_multiply
_AT_ONCE = 1_000_000  # matrix elements of all times that are diagonalised together
_LONG = 3e10  # floating-point operations from which on a progress bar is shown


@exported
@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Relaxation(Summarised):
    """A relaxation rho_S(t) with its flows and entropies.

    Parameters
    ----------
    times : (m,) ascending, units of 1 / energy.
    states : m density matrices in the basis of the system's operators.
    flows : Flows (m, n), P_j = tr(D_j[rho] N_S) and so on, at each time.
    entropy : (m,) S_S = -tr rho ln rho.
    entropy_production : (m,) dS_S/dt + sum_j (mu_j P_j - J_j)/T_j >= 0, Eq. (3).

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> start = oqs.stationary_state(model, [1.0, 1.0], [0.8, 0.8])
    >>> oqs.relax(model, start, T, mu, times=[0.0, 50.0, 100.0]).entropy.shape
    (3,)
    """

    times: FloatArray
    states: tuple[qutip.Qobj, ...]
    flows: Flows
    entropy: FloatArray
    entropy_production: FloatArray

    def summary(self) -> Summary:
        """Return the times and the entropy at both ends."""
        return Summary(
            f"Relaxation at {len(self.times)} times",
            [
                ("t", f"{self.times[0]:.4g} to {self.times[-1]:.4g}"),
                ("entropy", f"{self.entropy[0]:.6g} -> {self.entropy[-1]:.6g}"),
                ("particle flows at the end", few_digits(self.flows.particle[-1])),
            ],
        )

    def to_dataset(self) -> xr.Dataset:
        """Return an xarray Dataset over `time`: flows P, J, Y, entropy S, its production, rho."""
        states = np.array([state.full() for state in self.states])
        flows, square, out = ("time", "reservoir"), ("time", "row", "column"), self.flows
        production = "entropy production, Eq. (3)"
        tables = {
            **{n: (flows, getattr(out, kind)) for n, kind in zip("PJY", KINDS, strict=True)},
            "S": ("time", self.entropy, "1", "entropy of the system"),
            "production": ("time", self.entropy_production, "E_0/hbar", production),
            "rho_real": (square, states.real, "", "density matrix, real part"),
            "rho_imaginary": (square, states.imag, "", "density matrix, imaginary part"),
        }
        names = list(reservoir_names(out.names, out.reservoirs))
        return dataset(tables, {"time": ("time", self.times), "reservoir": names})


@exported
def relax(
    model: Model,
    rho0: qutip.Qobj,
    T: ArrayLike,
    mu: ArrayLike | None,
    times: ArrayLike,
    *,
    progress: bool | None = None,
) -> Relaxation:
    """Return rho_S(t) = exp(L t) rho_S(0), its flows and entropies, at the given times.

    The dissipators commute with the free evolution, so the phases exp(-i (E_a - E_b) t) are applied
    exactly and only the slow exp(sum_j D_j t) is computed, on those coupled sets of matrix elements
    that rho0 occupies: by dense matrix exponentials, hence for any ratio of rates and times.

    Parameters
    ----------
    model : made by `davies`.
    rho0 : Qobj, density matrix or ket at t = 0.
    T, mu : (n,) temperatures and chemical potentials, units of energy; mu None where all reservoirs
        are bosonic.
    times : (m,) ascending, >= 0, units of 1 / energy (hbar = 1).
    progress : show a bar; None shows one on a terminal when the run is long.

    Raises
    ------
    TypeError, ValueError
        if rho0 is no state of the system, T, mu are refused, or times do not ascend from >= 0.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> start = oqs.stationary_state(model, [1.0, 1.0], [0.8, 0.8])
    >>> relaxation = oqs.relax(model, start, T, mu, times=[0.0, 50.0, 100.0])
    >>> bool((relaxation.entropy_production >= 0).all())
    True
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    state = energy_basis(model, rho0)
    remedy = "Give ascending times >= 0, such as np.linspace(0, 10 * tau, 50)."
    t = ascending_times(times, remedy, distinct=False)
    here = occupied(model, state, temperature, potential)
    values = _propagate(sp.csc_array(here.generator), here.values(state), t, progress)
    particle, energy = ((values @ rows.T).real for rows in (here.particle, here.energy))
    p, filling = _eigenvalues(here, values, state.shape[0])
    fastest = float(np.max(-here.generator.diagonal().real))
    return Relaxation(
        times=read_only(t),
        states=_with_free_evolution(model, here, values, t),
        flows=Flows.of(particle, energy, potential, model.names),
        entropy=read_only(entropy_of(p)),
        entropy_production=read_only(
            entropy_rates(p, filling, fastest)
            + np.sum((potential * particle - energy) / temperature, axis=1)
        ),
    )


def _eigenvalues(
    here: Occupied, values: ComplexArray, dimension: int
) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues (m, D) of states of elements (m, P), and how fast each is filled."""
    blocks = here.blocks(np.any(values != 0, axis=0), dimension)
    step = max(1, _AT_ONCE // values.shape[1])
    p, filling = np.empty((2, len(values), dimension))
    for first in range(0, len(values), step):
        some = slice(first, first + step)
        x = values[some]
        states = np.pad(x, ((0, 0), (0, 1)))  # 0 where there is no element
        changes = np.pad((here.generator @ x.T).T, ((0, 0), (0, 1)))
        begin = 0
        for places in blocks:
            own = slice(begin, begin := begin + places[..., 0].size)
            found = eigenvalue_rates(states[:, places], changes[:, places])
            p[some, own], filling[some, own] = (part.reshape(len(x), -1) for part in found)
    return p, filling


@exported
def relaxation_time(model: Model, T: ArrayLike, mu: ArrayLike | None = None) -> float:
    """Return 1 / gap of the generator: the slowest decay time of a state of the system.

    The gap is the smallest non-zero -Re(eigenvalue) on states without coherence between different
    particle numbers, which is all that fermions exchanging particles with reservoirs can be in; of
    an OperatorSystem without a number on all states.
    Without interactions it is twice the smallest real part of the eigenvalues of

        sum_j G_j / 2 + i (L + w_k - w),  G_j = gamma_j(w) (t_j modes)^+ (t_j modes),

    on the modes k of each level w, with L their frequency shift if the model has it: the decay of
    <a_k^+ a_l>. For independent modes it is min_k sum_j gamma_j(w_k). A quadratic PERLind model has
    one such matrix of all modes, with the rates of its jump operators.

    Of interacting systems a Davies generator couples few coherences: those between states of
    generic energies decay alone, and are not solved for. Six equal spinful sites take 1.4 s and
    0.2 GB, seven 17 s and 1.6 GB, ten interacting levels 0.2 s. What takes long is said on a
    terminal, with its time.

    Parameters
    ----------
    model : made by `davies`.
    T, mu : (n,) temperatures and chemical potentials, units of energy.

    Returns
    -------
    float : units of 1 / energy (hbar = 1).

    Raises
    ------
    NonUniqueStationaryState
        if part of the system never relaxes.
    TypeError, ValueError
        if T, mu are refused.
    StationaryStateNotFound
        if the slowest decay is below 1e-12 of the fastest, where rounding hides it.
    MemoryError
        before anything is computed, where what an interacting system needs does not fit.

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(dots, leads)
    >>> T, mu = [0.5, 1.0], [1.2, 0.8]
    >>> round(oqs.relaxation_time(model, T, mu), 2)
    33.33
    """
    temperature, potential = checked_model(model).arguments(T, mu)
    require_unique(model)
    if isinstance(model, DaviesModel) and isinstance(model.system, QuadraticSystem):
        levels = find_levels(model.system, model.leads, model.resolution)
        return 1 / min(_decay(model, model.system, level) for level in levels)
    if isinstance(model, PerlindModel) and isinstance(model.system, QuadraticSystem):
        modes = PerlindModes.of(model.system, model.leads, shifted=model.shifted)
        drift = modes.drift(modes.rates(temperature, potential))
        return 1 / (2 * float(np.min(np.linalg.eigvals(drift).real)))
    if isinstance(model, DaviesModel) and model.system.spectrum.dimension > FEW:
        return 1 / slowest_decay(model, temperature, potential)
    return 1 / _of_all_elements(model, temperature, potential)


def _of_all_elements(model: Model, T: FloatArray, mu: FloatArray) -> float:
    """Return the slowest decay of a generator that couples all elements of equal particle number.

    Setting it up takes 10 us and 1300 bytes for each, which is said, or refused.
    """
    count = float(np.sum(np.bincount(model.system.spectrum.particles).astype(np.float64) ** 2))
    seconds = 1e-5 * count
    require_memory(
        1300 * count,
        f"The generator on {count:.0f} matrix elements, some {seconds:.0f} s of work,",
        "The relaxation of fewer sites with the same rates tells the time as well.",
    )
    announce("oqs.relaxation_time: setting up the generator", seconds)
    elements = model.elements_of_equal_number
    detuning = sp.diags_array(1j * model.precession(elements))
    generator = sp.csr_array(elements.at(T, mu).matrix() - detuning)
    return slowest_of(generator, elements)


def _decay(model: DaviesModel, system: QuadraticSystem, level: Level) -> float:
    """Return the slowest decay rate of <a_k^+ a_l> between the modes of one level."""
    splitting = system.energies[level.modes] - level.frequency
    drift = np.einsum("j,jkl->kl", level.gammas / 2, level.grams) + 1j * np.diag(splitting)
    if model.shifted:
        drift += 1j * level.shift([shift_function(contact) for contact in model.leads])
    return 2 * float(np.min(np.linalg.eigvals(drift).real))


def _propagate(
    generator: sp.csc_array, state: ComplexArray, times: FloatArray, progress: bool | None
) -> ComplexArray:
    """Return exp(generator t) state (m, P)."""
    from qutip.ui.progressbar import progress_bars

    states = np.zeros((len(times), len(state)), dtype=np.complex128)
    alone, sets = alone_and_linked(generator)
    states[:, alone] = state[alone] * np.exp(np.multiply.outer(times, generator.diagonal()[alone]))
    occupied = [members for members in sets if np.any(state[members])]
    steps = np.diff(times, prepend=0.0)
    work = len(np.unique(steps)) * sum(20.0 * len(s) ** 3 for s in occupied)
    if progress is not None:
        true_or_false("progress", progress, "None shows a bar on a terminal only.")
    show = work > _LONG and sys.stderr.isatty() if progress is None else progress
    bar = progress_bars["enhanced" if show else ""](len(occupied) * len(times))
    for members in occupied:
        inside = generator[:, members][members, :]
        for index, piece in enumerate(_trajectory(inside, state[members], steps)):
            states[index, members] = piece
            bar.update()
    bar.finished()
    return states


def _trajectory(
    inside: sp.csc_array, start: ComplexArray, steps: FloatArray
) -> Iterator[ComplexArray]:
    """Yield exp(inside t) start after each step; a step that recurs is exponentiated once."""
    if inside.shape[0] > _DENSE:
        yield from _carried(real_if_it_is(sp.csr_array(inside)), start, steps)
        return
    current, dense = start, inside.toarray()
    cache: dict[float, ComplexArray] = {}
    recurring = {s for s, c in zip(*np.unique(steps, return_counts=True), strict=True) if c > 1}
    for step in steps:
        if step == 0:
            yield current
            continue
        if step in cache:
            current = cache[step] @ current
        else:
            propagator = exponential(dense, float(step))
            if step in recurring:
                cache[step] = propagator
            current = propagator @ current
        yield current


def _carried(
    inside: sp.csr_array, start: ComplexArray, steps: FloatArray
) -> Iterator[ComplexArray]:
    """Yield the same by products with a sparse generator, a real one in real numbers."""
    state: FloatArray | ComplexArray = start
    if np.isrealobj(inside.data):
        state = start.view(np.float64).reshape(-1, 2) if np.any(start.imag) else start.real
    for step in steps:
        if step:
            state = scipy.sparse.linalg.expm_multiply(inside * step, state)
        yield state @ np.array([1, 1j]) if state.ndim == 2 else state.astype(np.complex128)


def _with_free_evolution(
    model: Model, here: Occupied, values: ComplexArray, times: FloatArray
) -> tuple[qutip.Qobj, ...]:
    from qutip.core.dimensions import Dimensions

    free, vectors = model.free_energies, model.system.spectrum.eigenvectors
    phases = np.exp(-1j * np.multiply.outer(times, free[here.row_state] - free[here.column_state]))
    dims, evolved = Dimensions(model.system.dims), []
    for x in values * phases:
        rho = vectors.to_operator_basis(square(x, here.row_state, here.column_state, len(free)))
        hermitian = for_qutip((rho + rho.conj().T) / 2)
        evolved.append(qutip.Qobj(hermitian, dims=dims, isherm=True, copy=False))
    return tuple(evolved)
