"""Bosonic reservoirs: spins, oscillators and phonons against exact flows and the second law."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import qutip

import oqs
from oqs.arguments import FloatArray
from oqs.contact.rates import Rate
from oqs.contact.spectra import DrudeLorentz, Spectrum, Underdamped
from validation.framework.check import Measurement
from validation.framework.claim import claim
from validation.framework.deviation import deviation, largest
from validation.references import hierarchy_bosons, literal_bosons
from validation.references.literal_bosons import BosonBath
from validation.systems.random_bosonic import BosonicSetting, dots_with_phonons, spin_systems

_SPINS, _DOTS, _SEED = 300, 100, 20260
_CASES = 24

# Flows are differences of gross rates that cancel; measured against those, double precision leaves
# some 1e-15 times the number of transitions, and 1e-12 two decades beside.
ROUNDING = 1e-12


@functools.cache
def _settings() -> tuple[BosonicSetting, ...]:
    """Return the random systems of this family, both kinds."""
    rng = np.random.default_rng(_SEED)
    return (*spin_systems(rng, _SPINS), *dots_with_phonons(rng, _DOTS))


def _bath(contact: oqs.BosonicContact, T: float) -> BosonBath:
    """Return what the dense reference needs of a contact, its unit operator left out."""
    spectrum, operator = contact.spectrum, contact.operator[0]
    assert isinstance(spectrum, Spectrum)  # as all of this family's are
    assert isinstance(operator, qutip.Qobj)
    S = operator.full()
    traceless = S - np.trace(S) / len(S) * np.eye(len(S))
    return BosonBath(lambda w: float(spectrum(np.array([w]))[0]), spectrum.slope, traceless, T)


def _on_qubits(system: oqs.OperatorSystem, *spectra: Rate) -> list[oqs.BosonicContact]:
    """Return baths that turn one qubit each."""
    return [
        oqs.BosonicContact(spectrum, oqs.on_factor(system, k, qutip.sigmax()))
        for k, spectrum in enumerate(spectra)
    ]


def _refrigerator(coupling: float) -> oqs.DaviesModel:
    system = oqs.absorption_refrigerator(1.0, 3.0, coupling)
    return oqs.davies(system, _on_qubits(system, *[oqs.flat(0.01)] * 3))


# tolerance: the digits of the reference
@claim(
    "Eqs. (2), (3)",
    "qthermo 0.7, ten digits: 7.537957160e-4, 2.273043748e-3, -3.026839464e-3",
    1e-9,
)
def absorption_refrigerator_of_three_qubits() -> Iterator[tuple[str, float]]:
    """Heat of the hot bath drives heat out of the cold one; COP = w_c/w_h."""
    model = _refrigerator(0.05)
    expected = [7.537957160e-4, 2.273043748e-3, -3.026839464e-3]
    for method in (oqs.Populations(), oqs.ZeroFrequencyBlock(), oqs.FullLiouvillian()):
        flows = oqs.flow_law(model, method=method)([1.0, 6.0, 1.5]).energy
        yield f"flows by {method}", deviation(flows, expected)
    # without the coupling's own energy each excitation moves w_c and w_h exactly
    flows = oqs.flow_law(_refrigerator(1e-6))([1.0, 6.0, 1.5]).energy
    yield "COP = w_c/w_h", abs(float(flows[0] / flows[1]) * 3.0 - 1.0)


@claim(
    "Eq. (10) with Bose's occupations",
    "J_1 = w g_1 g_2 (n_1 - n_2)/(g_1(1 + 2 n_1) + g_2(1 + 2 n_2)); w g_1 (n_1 - nbar)",
    ROUNDING,
)
def qubit_and_oscillator_between_two_baths(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Both closed forms, at 24 random frequencies, rates and temperatures."""
    # relative to the flow, or to 1e-3 of the gross rate if that is more
    for case in range(_CASES):
        w, *g = 10 ** rng.uniform([-1, -4, -4], [1, -1, -1])
        T = 10 ** rng.uniform(-0.5, 1.0, size=2) * w
        n = 1 / np.expm1(w / T)
        gross = w * g[0] * (1 + 2 * n[0])
        qubit = oqs.OperatorSystem(w / 2 * qutip.sigmaz())
        baths = [oqs.BosonicContact(oqs.flat(x), qutip.sigmax()) for x in g]
        expected = w * g[0] * g[1] * (n[0] - n[1]) / (g @ (1 + 2 * n))
        flow = oqs.flow_law(oqs.davies(qubit, baths))(T).energy[0]
        yield f"qubit {case}", abs(flow - expected) / max(abs(expected), 1e-3 * gross)
        oscillator = oqs.QuadraticBosons([[w]])
        baths = [oqs.BosonicContact(oqs.flat(x), [1.0]) for x in g]
        expected = w * g[0] * (n[0] - (g @ n) / sum(g))
        flow = oqs.closed_form(oscillator, baths)(T).energy[0]
        yield f"oscillator {case}", abs(flow - expected) / max(abs(expected), 1e-3 * gross)


def _dense_flows(
    system: oqs.System, contacts: Sequence[oqs.BosonicContact], T: Sequence[float]
) -> FloatArray:
    """Return the energy flows out of the baths from the null vector of the written-out matrices."""
    H = system.hamiltonian.full()
    baths = [_bath(c, t) for c, t in zip(contacts, T, strict=True)]
    return literal_bosons.stationary_flows(H, [literal_bosons.dissipator(H, b) for b in baths])[1]


@claim("Eqs. (2), (9)", "dense matrices of the same generator, written out", ROUNDING)
def valve_of_two_qubits() -> Measurement:
    """Flows forward and reversed between Ohmic baths, which differ: the valve rectifies."""
    # infinity where the flows do not differ by 10 %
    pair = oqs.exchange_qubits([1.0, 1.6], 0.1)
    contacts = _on_qubits(pair, oqs.ohmic(0.02), oqs.ohmic(0.005))
    law = oqs.flow_law(oqs.davies(pair, contacts))
    currents, off = [], []
    for T in ([2.0, 0.2], [0.2, 2.0]):
        flows = _dense_flows(pair, contacts, T)
        currents.append(abs(float(flows[0])))
        off.append(deviation(law(T).energy, flows))
    rectification = abs(currents[0] - currents[1]) / max(currents)
    detail = f"|J| = {currents[0]:.4g} forward, {currents[1]:.4g} reversed"
    return Measurement(largest(off) if rectification > 0.1 else np.inf, detail=detail)


@claim(
    "Eqs. (2), (9)",
    "dense matrices of the same generator, written out",
    ROUNDING,
    name="random spin systems, dense",
    over=lambda _: spin_systems(np.random.default_rng(_SEED + 1), _CASES),
)
def dense_spins(setting: BosonicSetting) -> float:
    """Flows of 24 random systems, degenerate ones among them, against the null vector."""
    flows = _dense_flows(setting.system, setting.bosonic, setting.T.tolist())
    law = oqs.flow_law(setting.model)
    gross = law.gross(setting.T).energy
    return deviation(law(setting.T).energy, flows, float(np.max(gross)))


@claim(
    "Eq. (14)",
    "up/down = e^(-w/T), and e^(-(w - mu)/T) of leads beside phonons",
    ROUNDING,
    over=lambda _: _settings(),
)
def KMS_condition_of_bosonic_reservoirs(setting: BosonicSetting) -> float:
    """Rates up and down of every contact at every Bohr frequency of 400 random systems."""
    model = setting.model
    weights = model.weights(setting.T, setting.mu).reshape(2, *model.rates.shape)
    x = (model.frequencies - setting.mu[:, None]) / setting.T[:, None]
    driven = (weights[0] > 0) & (weights[1] > 0)
    ratio = np.log(weights[0][driven] / weights[1][driven])
    return deviation(ratio, x[driven], 1 + np.abs(x[driven]))


@claim("Eq. (14)", "exp[(mu_j N - H)/T_j]", ROUNDING, over=lambda _: _settings())
def Gibbs_states_of_bosonic_reservoirs(setting: BosonicSetting) -> Iterator[float]:
    """The Gibbs state of each reservoir is stationary under its own dissipator, 400 systems."""
    model = setting.model
    vectors = model.system.spectrum.vectors
    for j, dissipator in enumerate(model.all_elements.at(setting.T, setting.mu).dissipators()):
        rho = oqs.gibbs_state(model.system, float(setting.T[j]), float(setting.mu[j])).full()
        change = np.max(np.abs(dissipator @ (vectors.conj().T @ rho @ vectors).ravel()))
        yield change / max(abs(dissipator).max(), 1e-300)


@claim("Eq. (3)", "sum_j Y_j/T_j <= 0", ROUNDING, over=lambda _: _settings())
def Clausius_inequality_with_bosonic_reservoirs(setting: BosonicSetting) -> float:
    """300 random spin systems and 100 dots with phonons in their stationary states."""
    law = oqs.flow_law(setting.model)
    total = float(oqs.clausius_sum(law(setting.T, setting.mu), setting.T))
    gross = float(np.sum(law.gross(setting.T, setting.mu).heat / setting.T))
    return max(total, 0.0) / max(gross, 1e-300)


@claim(
    "Eqs. (15)-(18)",
    "-tr{D_j[rho] (ln rho - ln rho_j)} >= 0",
    ROUNDING,
    name="Spohn's inequality with bosonic reservoirs",
    over=lambda _: _settings(),
)
def spohn(setting: BosonicSetting, rng: np.random.Generator) -> float:
    """Each reservoir alone brings random states of 400 systems closer to its Gibbs state."""
    model = setting.model
    # fermions have no coherences between particle numbers
    states = model.system.spectrum.particles
    size = len(states)
    raw = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    raw = np.where(states[:, None] == states, raw, 0.0)
    vectors = model.system.spectrum.vectors
    rho = vectors @ (raw @ raw.conj().T / np.sum(np.abs(raw) ** 2)) @ vectors.conj().T
    state = qutip.Qobj(rho, dims=model.system.dims)
    made = oqs.entropy_production_by_reservoir(model, state, setting.T, setting.mu)
    fastest = max(float(np.max(model.weights(setting.T, setting.mu))), 1e-300)
    return max(float(np.max(-made)), 0.0) / fastest


@claim("Eq. (3)", "Levy and Kosloff, EPL 107, 20004 (2014): local, w_c/T_c < w_h/T_h", 0.0)
def local_against_global_master_equation() -> Measurement:
    """Two coupled qubits: ours never moves heat from cold to hot, the local one does there."""
    missed = 0
    for w_h, T_c in ((3.0, 0.9), (4.0, 0.8), (2.5, 0.7)):
        w_c, T_h, g, rate = 1.0, 1.0, 0.1, 0.01
        pair = oqs.exchange_qubits([w_h, w_c], g)
        H = pair.hamiltonian.full()
        lowering = [oqs.on_factor(pair, k, qutip.sigmam()).full() for k in range(2)]
        local = [
            literal_bosons.local_dissipator(s, w, rate, t)
            for s, w, t in zip(lowering, (w_h, w_c), (T_h, T_c), strict=True)
        ]
        _, of_local = literal_bosons.stationary_flows(H, local)
        baths = _on_qubits(pair, oqs.flat(rate), oqs.flat(rate))
        ours = oqs.flow_law(oqs.davies(pair, baths))([T_h, T_c]).energy
        missed += int(not of_local[0] < 0) + int(not ours[0] > 0)
    return Measurement(float(missed), detail="6 cases")


# tolerance: 9 levels at T = 0.7 of the lower mode: e^(-9 / 0.7) = 3e-6 times some
@claim(
    "Eq. (10) with Bose's occupations",
    "the exact covariance matrix of two coupled oscillators",
    3e-5,
)
def truncated_oscillators() -> Measurement:
    """The density matrix of truncated oscillators tends to the exact flow as levels grow."""
    pair = oqs.QuadraticBosons([[1.0, 0.2], [0.2, 1.3]])
    baths, T = ((oqs.ohmic(0.02), [1.0, 0.0]), (oqs.ohmic(0.05), [0.0, 1.0])), [0.7, 0.4]
    exact = oqs.closed_form(pair, [oqs.BosonicContact(J, site) for J, site in baths])(T)
    errors = []
    for levels in (3, 5, 7, 9):
        contacts = [oqs.BosonicContact(J, pair.displacement(x, levels)) for J, x in baths]
        flows = oqs.flow_law(oqs.davies(pair.truncated(levels), contacts))(T)
        errors.append(deviation(flows.energy, exact.energy))
    falls = all(b < a / 3 for a, b in itertools.pairwise(errors))
    detail = "errors " + ", ".join(f"{error:.1e}" for error in errors)
    return Measurement(errors[-1] if falls else np.inf, detail=detail)


# tolerance: the square of the coupling is left, 7e-4, and the terms kept, 1e-4
@claim("Eq. (2)", "QuTiP's HEOM: any coupling, any memory of the baths", 2e-3)
def hierarchy_of_equations_of_motion() -> Iterator[tuple[str, float]]:
    """It tends to Davies as the coupling falls, for Drude-Lorentz and underdamped spectra."""
    # a qubit's flow, extrapolated from two couplings to none; infinity where the deviation does
    # not halve with the coupling, to a tenth
    H, sx, T = 0.5 * qutip.sigmaz(), qutip.sigmax(), (2.0, 1.0)
    qubit = oqs.OperatorSystem(H)

    def deviation_at(spectrum: DrudeLorentz | Underdamped) -> float:
        baths = [oqs.BosonicContact(spectrum, sx) for _ in T]
        ours = oqs.flow_law(oqs.davies(qubit, baths))(T).energy
        exact = hierarchy_bosons.stationary_flows(H, sx, [(spectrum, t) for t in T])
        return float(ours[0] / exact[0]) - 1.0

    for name, make in (
        ("Drude-Lorentz", lambda g: oqs.drude_lorentz(g, cutoff=4.0)),
        ("underdamped", lambda g: oqs.underdamped(g, center=3.0, width=1.0)),
    ):
        strong, weak = deviation_at(make(0.005)), deviation_at(make(0.0025))
        halves = abs(weak / strong - 0.5) < 0.1
        label = f"{name}, {strong:+.2%} and {weak:+.2%} at half the coupling"
        yield label, abs(2 * weak - strong) if halves else np.inf
