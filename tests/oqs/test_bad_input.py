"""Bad input is one sentence: the argument, what it must be, what came, and what to do about it."""

import re
import traceback

import numpy as np
import pytest
import qutip

import oqs

NAN, INF = float("nan"), float("inf")
H2 = [[1.0, 0.2], [0.2, 1.5]]
FLAT = oqs.flat(0.1)
SYSTEM = oqs.QuadraticSystem(H2)
COULOMB = oqs.InteractingSystem.from_terms(H2, {(0, 1): 0.5})
CONTACTS = [oqs.Contact(FLAT), oqs.Contact(oqs.flat(0.2), [1, 0.5])]
MODEL = oqs.davies(SYSTEM, CONTACTS)
LAW, CLOSED = oqs.flow_law(MODEL), oqs.closed_form(SYSTEM, CONTACTS)
T, MU = [1.0, 2.0], [0.0, 0.1]
STATS = oqs.counting_statistics(MODEL, T, MU)
RHO = oqs.gibbs_state(SYSTEM, 1.0, 0.0)
H, C = SYSTEM.hamiltonian, SYSTEM.annihilators
EMPTY = qutip.tensor(qutip.basis(2, 0), qutip.basis(2, 0))
FULL = qutip.ket2dm(qutip.tensor(qutip.basis(2, 1), qutip.basis(2, 1)))
BOSONS = [
    qutip.tensor(qutip.destroy(2), qutip.qeye(2)),
    qutip.tensor(qutip.qeye(2), qutip.destroy(2)),
]

terms = oqs.InteractingSystem.from_terms


def rate(law):
    """A model whose first contact, named left, has this rate."""
    return oqs.davies(SYSTEM, [oqs.Contact(law, name="left")])


# name -> (argument that the message names, call)
FLOWS = oqs.Flows([0, 0], [0, 0], [0, 0], names=("a", "b"))
QUBITS = oqs.exchange_qubits([1.0, 1.5], 0.1)
CASES = {
    # bosonic contacts, spins and oscillators
    "strength -1": ("strength", lambda: oqs.ohmic(-1.0)),
    "exponent 0": ("exponent", lambda: oqs.ohmic(1.0, exponent=0.0)),
    "cutoff 0": ("cutoff", lambda: oqs.drude_lorentz(1.0, 0.0)),
    "scaled twice": (
        "rate",
        lambda: oqs.temperature_scaled(lambda w, T, mu: w, 1.0, 1.0),
    ),
    "T_0 of 0": ("T_0", lambda: oqs.temperature_scaled(oqs.flat(0.1), 1.0, 0.0)),
    "a rate too large for a number": (
        "T",
        lambda: oqs.BosonicContact(
            oqs.temperature_scaled(oqs.ohmic(0.1), 2.0, 1.0), qutip.sigmax()
        ).at(1e300, 0.0),
    ),
    "center 0": ("center", lambda: oqs.underdamped(1.0, 0.0, 0.1)),
    "a bosonic contact without a spectrum": (
        "spectrum",
        lambda: oqs.BosonicContact(0.01, qutip.sigmax()),
    ),
    "an operator that is not Hermitian": (
        "operator",
        lambda: oqs.BosonicContact(oqs.ohmic(1.0), qutip.sigmap()),
    ),
    "H of spins not Hermitian": ("hamiltonian", lambda: oqs.OperatorSystem(qutip.sigmap())),
    "H of one state": ("hamiltonian", lambda: oqs.OperatorSystem(qutip.qeye(1))),
    "h of oscillators not positive": ("h", lambda: oqs.QuadraticBosons([[-1.0]])),
    "no such factor": ("k", lambda: oqs.on_factor(QUBITS, 2, qutip.sigmax())),
    "exchange NaN": ("coupling", lambda: oqs.exchange_qubits([1.0, 1.5], NAN)),
    "a graph beyond the qubits": (
        "graph",
        lambda: oqs.ising_qubits([1.0, 1.5], 0.1, [(0, 2)]),
    ),
    "anisotropy NaN": (
        "anisotropy",
        lambda: oqs.heisenberg_qubits([1.0, 1.5], 0.1, anisotropy=NAN),
    ),
    "a transmon of one level": ("levels", lambda: oqs.transmon(1.0, 0.1, 1)),
    "a cavity of no photons": ("levels", lambda: oqs.jaynes_cummings(1.0, 1.0, 0.1, 1)),
    "a refrigerator at 0": ("cold", lambda: oqs.absorption_refrigerator(0.0, 3.0, 0.05)),
    "a maser of two levels": ("energies", lambda: oqs.lambda_maser([0.0, 1.0])),
    "a maser upside down": ("energies", lambda: oqs.v_maser([2.0, 1.0, 0.0])),
    # models
    "shifts by a word": ("lamb_shift", lambda: oqs.davies(SYSTEM, CONTACTS, lamb_shift="no")),
    "PERLind's shifts by a word": (
        "lamb_shift",
        lambda: oqs.perlind(SYSTEM, CONTACTS, lamb_shift="no"),
    ),
    "Gaussian shifts by a number": (
        "lamb_shift",
        lambda: oqs.gaussian_law(SYSTEM, CONTACTS, lamb_shift=1),
    ),
    # Levitov, stability diagrams
    "levitov with interactions": (
        "system",
        lambda: oqs.levitov(oqs.anderson_dot(0.0, 1.0), [oqs.Contact(oqs.flat(0.1))], [1], [0]),
    ),
    "gate NaN": (
        "gate",
        lambda: oqs.stability_diagram(lambda gate: MODEL, [NAN], [0.0, 1.0], 1.0),
    ),
    # units and flows
    "reference energy 0": ("reference_energy", lambda: oqs.Units(0.0)),
    "flows no Flows": ("flows", lambda: oqs.deviation([0.1], FLOWS)),
    "exact of another shape": ("exact", lambda: oqs.deviation(FLOWS, oqs.Flows([0], [0], [0]))),
    "exact of others": ("exact", lambda: oqs.deviation(FLOWS, FLOWS.named(("c", "d")))),
    # fluctuations
    "counting no model": ("model", lambda: oqs.counting_statistics(SYSTEM, T, MU)),
    "counting T negative": ("T", lambda: oqs.counting_statistics(MODEL, [-1.0, 1.0], MU)),
    "noise of no model": ("model", lambda: oqs.noise(None, T, MU)),
    "noise at T negative": ("T", lambda: oqs.noise(MODEL, [-1.0, 1.0], MU)),
    "order 0": ("order", lambda: STATS.cumulants(0, 0)),
    "order 1.5": ("order", lambda: STATS.cumulants(0, 1.5)),
    "no such reservoir": ("j", lambda: STATS.fano(2)),
    "reservoir 0.5": ("j", lambda: STATS.uncertainty(0.5)),
    "quantity charge": ("quantity", lambda: STATS.covariance("charge")),
    "other quantity 1": ("other", lambda: STATS.covariance("heat", 1)),
    "one field of two": ("particle", lambda: STATS.generating_function([1.0])),
    "fields complex": ("energy", lambda: STATS.generating_function(energy=[1j, 0.0])),
    "fields too large": ("particle", lambda: STATS.generating_function([2e3, 0.0])),
    "fields of two shapes": (
        "particle",
        lambda: STATS.generating_function(np.ones((3, 2)), np.ones((4, 2))),
    ),
    "frequency negative": ("frequencies", lambda: STATS.noise_spectrum(-1.0)),
    "frequency complex": ("frequencies", lambda: STATS.noise_spectrum([1j])),
    "frequencies a matrix": ("frequencies", lambda: STATS.noise_spectrum([[1.0]])),
    "first a number": ("first", lambda: STATS.waiting_time(0, (1, "out"), [1.0])),
    "then sideways": ("then", lambda: STATS.waiting_time((0, "in"), (1, "on"), [1.0])),
    "first of no reservoir": ("first", lambda: STATS.waiting_time((5, "in"), (1, "out"), [1.0])),
    "waiting times negative": ("times", lambda: STATS.waiting_time((0, "in"), (1, "out"), [-1.0])),
    "currents NaN": ("currents", lambda: STATS.large_deviation(0, "heat", [NAN])),
    "response of no model": ("model", lambda: oqs.linear_response(SYSTEM, 1.0, 0.0)),
    "response at unequal T": ("T", lambda: oqs.linear_response(MODEL, T, 0.0)),
    # systems
    "h not Hermitian": ("h", lambda: oqs.QuadraticSystem([[1, 2], [3, 4]])),
    "h complex on its diagonal": ("h", lambda: oqs.QuadraticSystem([[1j]])),
    "h NaN": ("h", lambda: oqs.QuadraticSystem([[NAN]])),
    "h infinite": ("h", lambda: oqs.QuadraticSystem([[INF]])),
    "h not square": ("h", lambda: oqs.QuadraticSystem([[1, 2]])),
    "h a vector": ("h", lambda: oqs.QuadraticSystem([1.0, 2.0])),
    "h empty": ("h", lambda: oqs.QuadraticSystem(np.zeros((0, 0)))),
    "h ragged": ("h", lambda: oqs.QuadraticSystem([[1, 2], [3]])),
    "h text": ("h", lambda: oqs.QuadraticSystem("abc")),
    "h None": ("h", lambda: oqs.QuadraticSystem(None)),
    "energies NaN": ("energies", lambda: oqs.QuadraticSystem.from_energies([1, NAN])),
    "energies a matrix": ("energies", lambda: oqs.QuadraticSystem.from_energies([[1.0]])),
    "energies complex": ("energies", lambda: oqs.QuadraticSystem.from_energies([1j])),
    "terms h not Hermitian": ("h", lambda: terms([[1, 2], [3, 4]])),
    "U of one site": ("U", lambda: terms(H2, {(0, 0): 1.0})),
    "U beyond the sites": ("U", lambda: terms(H2, {(0, 2): 1.0})),
    "U of a negative site": ("U", lambda: terms(H2, {(-1, 0): 1.0})),
    "U twice": ("U", lambda: terms(H2, {(0, 1): 1.0, (1, 0): 1.0})),
    "U no pair": ("U", lambda: terms(H2, {0: 1.0})),
    "U a matrix": ("U", lambda: terms(H2, np.eye(2))),
    "U NaN": ("U[(0, 1)]", lambda: terms(H2, {(0, 1): NAN})),
    "U complex": ("U[(0, 1)]", lambda: terms(H2, {(0, 1): 1j})),
    "V of two sites": ("V", lambda: terms(H2, None, {(0, 1): 1.0})),
    "V not Hermitian": ("V", lambda: terms(H2, None, {(0, 1, 0, 1): 1j})),
    "V a list": ("V", lambda: terms(H2, None, [1.0])),
    "V NaN": ("V[(0, 1, 1, 0)]", lambda: terms(H2, None, {(0, 1, 1, 0): NAN})),
    "H an array": ("hamiltonian", lambda: oqs.InteractingSystem(H.full(), C)),
    "H a ket": ("hamiltonian", lambda: oqs.InteractingSystem(EMPTY, C)),
    "H not Hermitian": ("hamiltonian", lambda: oqs.InteractingSystem(H + 1j * C[0], C)),
    "H with a source": ("hamiltonian", lambda: oqs.InteractingSystem(H + C[0] + C[0].dag(), C)),
    "H with pairing": (
        "hamiltonian",
        lambda: oqs.InteractingSystem(H + C[0] * C[1] + (C[0] * C[1]).dag(), C),
    ),
    "annihilators None": ("annihilators", lambda: oqs.InteractingSystem(H, None)),
    "annihilators empty": ("annihilators", lambda: oqs.InteractingSystem(H, [])),
    "annihilators one operator": ("annihilators", lambda: oqs.InteractingSystem(H, C[0])),
    "annihilators bosons": ("annihilators", lambda: oqs.InteractingSystem(H, BOSONS)),
    "annihilators twice the same": (
        "annihilators",
        lambda: oqs.InteractingSystem(H, [C[0], C[0]]),
    ),
    "annihilators of another space": (
        "annihilators",
        lambda: oqs.InteractingSystem(H, [qutip.destroy(4)]),
    ),
    # builders
    "levels a matrix": ("levels", lambda: oqs.spinful_dots([[1.0]], 0.0, U=1.0)),
    "levels NaN": ("levels", lambda: oqs.coupled_dots([NAN], 1.0)),
    "level text": ("levels", lambda: oqs.anderson_dot("x", 1.0)),
    "builder U NaN": ("U", lambda: oqs.anderson_dot(1.0, NAN)),
    "three levels of two dots": ("levels", lambda: oqs.double_dot([1, 2, 3], 0.1, U=1.0)),
    "two levels of three dots": ("levels", lambda: oqs.triple_dot([1, 2], 0.1, U=1.0)),
    "U without spin": ("U", lambda: oqs.double_dot([1, 2], 0.1, U=1.0, spin=False)),
    "tunnelling text": ("tunnelling", lambda: oqs.spinless_dots([1, 2], "x")),
    "tunnelling a list": ("tunnelling", lambda: oqs.spinless_dots([1, 2, 3], [1.0, 2.0])),
    "no dots": ("dots", lambda: oqs.hubbard_chain(0, 1.0, U=1.0)),
    "half a dot": ("dots", lambda: oqs.hubbard_chain(1.5, 1.0, U=1.0)),
    "amplitudes text": ("amplitudes", lambda: oqs.spin_channels(["a"])),
    "amplitudes None": ("amplitudes", lambda: oqs.spin_channels(None)),
    "polarisation NaN": ("up", lambda: oqs.spin_channels([1.0], up=NAN)),
    # rates and contacts
    "rate a number": ("rate", lambda: oqs.Contact(0.1)),
    "flat negative": ("value", lambda: oqs.flat(-1.0)),
    "flat NaN": ("value", lambda: oqs.flat(NAN)),
    "flat complex": ("value", lambda: oqs.flat(1j)),
    "flat text": ("value", lambda: oqs.flat("0.1")),
    "power law negative": ("prefactor", lambda: oqs.power_law(-1.0, 0.5)),
    "power law exponent": ("exponent", lambda: oqs.power_law(1.0, NAN)),
    "Lorentzian of no width": ("width", lambda: oqs.lorentzian(1.0, 0.0, 0.0)),
    "Lorentzian center": ("center", lambda: oqs.lorentzian(1.0, "a", 1.0)),
    "Lorentzian negative": ("strength", lambda: oqs.lorentzian(-1.0, 0.0, 1.0)),
    "rate negative": ("rate", lambda: rate(lambda w: -w)),
    "rate NaN": ("rate", lambda: rate(lambda w: NAN * w)),
    "rate infinite": ("rate", lambda: rate(lambda w: w / 0.0)),
    "rate complex": ("rate", lambda: rate(lambda w: 1j * w)),
    "rate None": ("rate", lambda: rate(lambda w: None)),
    "rate of another shape": ("rate", lambda: rate(lambda w: np.ones(7))),
    "rate not of arrays": ("rate", lambda: rate(lambda w: 1.0 if w > 0 else 0.0)),
    "rate without argument": ("rate", lambda: rate(lambda: 1.0)),
    "rate negative in Eq. (10)": (
        "rate",
        lambda: oqs.closed_form(SYSTEM, [oqs.Contact(lambda w: -w)]),
    ),
    "coupling NaN": ("coupling", lambda: oqs.Contact(FLAT, [NAN])),
    "coupling a number": ("coupling", lambda: oqs.Contact(FLAT, 1.0)),
    "coupling of three axes": ("coupling", lambda: oqs.Contact(FLAT, np.ones((1, 1, 1)))),
    "coupling empty": ("coupling", lambda: oqs.Contact(FLAT, [])),
    "coupling too long": ("coupling", lambda: oqs.davies(SYSTEM, [oqs.Contact(FLAT, [1, 2, 3])])),
    "coupling too long for Eq. (10)": (
        "coupling",
        lambda: oqs.closed_form(SYSTEM, [oqs.Contact(FLAT, [1, 2, 3])]),
    ),
    "name a number": ("name", lambda: oqs.Contact(FLAT, name=3)),
    "band upside down": ("band", lambda: oqs.Contact(FLAT, band=(1.0, 0.0))),
    "band of one edge": ("band", lambda: oqs.Contact(FLAT, band=(1.0,))),
    # models and laws
    "no contacts": ("contacts", lambda: oqs.davies(SYSTEM, [])),
    "no contacts in Eq. (10)": ("contacts", lambda: oqs.closed_form(SYSTEM, [])),
    "no contacts, Gaussian": ("contacts", lambda: oqs.gaussian_law(SYSTEM, [])),
    "one contact, no list": ("contacts", lambda: oqs.davies(SYSTEM, CONTACTS[0])),
    "contacts None": ("contacts", lambda: oqs.davies(SYSTEM, None)),
    "contacts are rates": ("contacts", lambda: oqs.davies(SYSTEM, [FLAT])),
    "system a matrix": ("system", lambda: oqs.davies(H2, CONTACTS)),
    "perlind of a matrix": ("system", lambda: oqs.perlind(H2, CONTACTS)),
    "perlind without contacts": ("contacts", lambda: oqs.perlind(SYSTEM, [])),
    "perlind with a negative rate": (
        "rate",
        lambda: oqs.perlind(SYSTEM, [oqs.Contact(lambda w: -np.ones_like(w))]),
    ),
    "system interacting, Eq. (10)": ("system", lambda: oqs.closed_form(COULOMB, CONTACTS)),
    "system interacting, Gaussian": ("system", lambda: oqs.gaussian_law(COULOMB, CONTACTS)),
    "system of spins, HEOM": ("system", lambda: oqs.heom_law(QUBITS, CONTACTS)),
    "depth of HEOM": ("depth", lambda: oqs.heom_law(SYSTEM, CONTACTS, depth=0, band=(-9, 9))),
    "system interacting, Landauer": ("system", lambda: oqs.landauer(COULOMB, CONTACTS)),
    "resolution above the spectrum": (
        "resolution",
        lambda: oqs.davies(SYSTEM, CONTACTS, resolution=1e4),
    ),
    "energy of nothing": ("energy", lambda: oqs.davies(SYSTEM, CONTACTS, energy="heat")),
    "window a number": ("window", lambda: oqs.perlind(SYSTEM, CONTACTS, window=3.0)),
    "window of modes": ("window", lambda: oqs.perlind(SYSTEM, CONTACTS, window=oqs.Window(3.0))),
    "window of no width": ("energy", lambda: oqs.Window(0.0)),
    "window of all weight": ("weight", lambda: oqs.Window(1.0, weight=2.0)),
    "first order of a matrix": ("system", lambda: oqs.first_order(H2, CONTACTS, T, MU)),
    "first order, T of another length": (
        "T",
        lambda: oqs.first_order(SYSTEM, CONTACTS, [1.0], [0.0]),
    ),
    "price of a system": ("model", lambda: oqs.thermodynamic_price(SYSTEM, T, MU)),
    "resolution negative": ("resolution", lambda: oqs.davies(SYSTEM, CONTACTS, resolution=-1)),
    "accuracy zero": ("accuracy", lambda: oqs.landauer(SYSTEM, CONTACTS, accuracy=0)),
    "no band for Landauer": (
        "band",
        lambda: oqs.landauer(SYSTEM, [oqs.Contact(oqs.power_law(0.1, 0.5))]),
    ),
    "no band for the shift": ("band", lambda: oqs.lamb_shift(MODEL, T, MU)),
    "T zero": ("T", lambda: LAW([0.0, 1.0], MU)),
    "T negative": ("T", lambda: LAW([-1.0, 1.0], MU)),
    "T NaN": ("T", lambda: LAW(np.array([NAN, 1.0]), np.array(MU))),
    "T infinite": ("T", lambda: LAW([INF, 1.0], MU)),
    "T too long": ("T", lambda: LAW([1.0, 1.0, 1.0], MU)),
    "T a number": ("T", lambda: LAW(1.0, MU)),
    "T complex": ("T", lambda: LAW([1j, 1.0], MU)),
    "T text": ("T", lambda: LAW("ab", MU)),
    "mu too short": ("mu", lambda: LAW(T, [0.0])),
    "mu NaN": ("mu", lambda: LAW(T, [NAN, 0.0])),
    "mu complex": ("mu", lambda: LAW(T, [0.0, 1j])),
    "T zero, spectral": ("T", lambda: LAW.spectral([0.0, 1.0], MU)),
    "T zero in Eq. (10)": ("T", lambda: CLOSED([0.0, 1.0], MU)),
    "T too long for Eq. (10)": ("T", lambda: CLOSED([1.0, 1.0, 1.0], MU)),
    "T and mu of other batches": ("T", lambda: CLOSED(np.ones((2, 2)), np.zeros((3, 2)))),
    "mu NaN, occupations": ("mu", lambda: CLOSED.occupations(T, [NAN, 0.0])),
    "mu NaN, Eq. (34)": ("mu", lambda: CLOSED.clausius_sum(T, [NAN, 0.0])),
    "T zero, Gaussian": ("T", lambda: oqs.gaussian_law(SYSTEM, CONTACTS)([0.0, 1.0], MU)),
    "T zero, Landauer": ("T", lambda: oqs.landauer(SYSTEM, CONTACTS)([0.0, 1.0], MU)),
    "frequencies NaN": (
        "frequencies",
        lambda: oqs.landauer(SYSTEM, CONTACTS).transmission([NAN]),
    ),
    "law of a system": ("model", lambda: oqs.flow_law(SYSTEM)),
    "method text": ("method", lambda: oqs.flow_law(MODEL, method="direct")),
    "method a class": (
        "method",
        lambda: oqs.stationary_state(MODEL, T, MU, method=oqs.FullLiouvillian),
    ),
    "state at T zero": ("T", lambda: oqs.stationary_state(MODEL, [1.0, 0.0], MU)),
    "state of a system": ("model", lambda: oqs.stationary_state(SYSTEM, T, MU)),
    "liouvillian T too short": ("T", lambda: MODEL.liouvillian([1.0], MU)),
    "dissipator at T zero": ("T", lambda: MODEL.dissipator(0, [0.0, 1.0], MU)),
    "dissipator of no contact": ("j", lambda: MODEL.dissipator(2, T, MU)),
    "dissipator of half a contact": ("j", lambda: MODEL.dissipator(0.5, T, MU)),
    "dissipator of a name": ("j", lambda: MODEL.dissipator("left", T, MU)),
    "eigenoperators of no contact": ("j", lambda: MODEL.eigenoperators(-3)),
    "partial dissipator of no frequency": (
        "kappa",
        lambda: MODEL.partial_dissipator(2, 0, T, MU),
    ),
    "partial dissipator at a frequency": (
        "kappa",
        lambda: MODEL.partial_dissipator(0.93, 0, T, MU),
    ),
    "partial dissipator of no contact": ("j", lambda: MODEL.partial_dissipator(0, 5, T, MU)),
    # states in time and entropies
    "rho0 an array": ("rho", lambda: oqs.relax(MODEL, RHO.full(), T, MU, [0, 1])),
    "rho0 of other dimensions": ("rho", lambda: oqs.relax(MODEL, qutip.fock_dm(4), T, MU, [0])),
    "rho0 of trace 2": ("rho", lambda: oqs.relax(MODEL, 2 * RHO, T, MU, [0, 1])),
    "rho0 not Hermitian": ("rho", lambda: oqs.relax(MODEL, RHO + 0.1 * C[0], T, MU, [0, 1])),
    "rho0 not positive": (
        "rho",
        lambda: oqs.relax(MODEL, 1.5 * RHO - 0.5 * FULL, T, MU, [0, 1]),
    ),
    "rho0 NaN": ("rho", lambda: oqs.relax(MODEL, NAN * RHO, T, MU, [0, 1])),
    "rho0 a bra": ("rho", lambda: oqs.relax(MODEL, EMPTY.dag(), T, MU, [0, 1])),
    "rho0 a long ket": ("rho", lambda: oqs.relax(MODEL, 2 * EMPTY, T, MU, [0, 1])),
    "times descend": ("times", lambda: oqs.relax(MODEL, RHO, T, MU, [1, 0])),
    "times negative": ("times", lambda: oqs.relax(MODEL, RHO, T, MU, [-1, 0])),
    "times NaN": ("times", lambda: oqs.relax(MODEL, RHO, T, MU, [0, NAN])),
    "times a number": ("times", lambda: oqs.relax(MODEL, RHO, T, MU, 1.0)),
    "times empty": ("times", lambda: oqs.relax(MODEL, RHO, T, MU, [])),
    "relax at T zero": ("T", lambda: oqs.relax(MODEL, RHO, [0.0, 1.0], MU, [0, 1])),
    "relax a system": ("model", lambda: oqs.relax(SYSTEM, RHO, T, MU, [0, 1])),
    "relaxation time of a system": ("model", lambda: oqs.relaxation_time(SYSTEM, T, MU)),
    "relaxation time at T zero": ("T", lambda: oqs.relaxation_time(MODEL, [0.0, 1.0], MU)),
    "Clausius T too short": ("T", lambda: oqs.clausius_sum(LAW(T, MU), [1.0])),
    "Clausius T zero": ("T", lambda: oqs.clausius_sum(LAW(T, MU), [0.0, 1.0])),
    "Clausius of a list": ("flows", lambda: oqs.clausius_sum([1.0, -1.0], T)),
    "Gibbs at T zero": ("T", lambda: oqs.gibbs_state(SYSTEM, 0.0, 0.0)),
    "Gibbs at mu NaN": ("mu", lambda: oqs.gibbs_state(SYSTEM, 1.0, NAN)),
    "Gibbs of two temperatures": ("T", lambda: oqs.gibbs_state(SYSTEM, T, 0.0)),
    "Gibbs of a matrix": ("system", lambda: oqs.gibbs_state(H2, 1.0, 0.0)),
    "entropy production of no state": (
        "rho",
        lambda: oqs.entropy_production(MODEL, 2 * RHO, T, MU),
    ),
    "entropy production of a system": (
        "model",
        lambda: oqs.entropy_production(SYSTEM, RHO, T, MU),
    ),
    "entropy production by reservoir of text": (
        "rho",
        lambda: oqs.entropy_production_by_reservoir(MODEL, "x", T, MU),
    ),
    "relative entropy mu too short": (
        "mu",
        lambda: oqs.relative_entropy_to_gibbs(MODEL, RHO, T, [1.0]),
    ),
    "flows of a system": ("model", lambda: oqs.momentary_flows(SYSTEM, RHO, T, MU)),
    "momentary flows T NaN": ("T", lambda: oqs.momentary_flows(MODEL, RHO, [NAN, 1.0], MU)),
    "flows of different lengths": ("energy", lambda: oqs.Flows([1.0, 2.0], [1.0], [1.0, 2.0])),
    "audit at T zero": ("T", lambda: oqs.audit(MODEL, [0.0, 1.0], MU)),
    "audit of a system": ("model", lambda: oqs.audit(SYSTEM, T, MU)),
    "audit tau_eq negative": ("tau_eq", lambda: oqs.audit(MODEL, T, MU, tau_eq=-1.0)),
}


@pytest.mark.parametrize(
    ("argument", "call"), CASES.values(), ids=[name.replace(" ", "_") for name in CASES]
)
def test_one_sentence(argument, call):
    with pytest.raises((TypeError, ValueError, IndexError)) as caught:
        call()
    message = str(caught.value)
    subject, _, rest = message.partition(" must ")
    assert re.fullmatch(r"Arguments? `.*", subject), message
    assert f"`{argument}`" in subject, message
    assert re.search(r"\bbut\b", rest), message  # what came
    assert "\n" not in message
    remedy = rest[rest.index("but") :]
    assert re.search(r"\. [A-Z].*\.$", remedy), message
    # raised by a check, not by the arithmetic under it: numpy and scipy are not in the traceback
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "/oqs/" in files[-1], files
    assert len(message) < 400


def test_a_table_of_every_public_call():
    # what takes arguments and is not in the table is listed here, with the reason
    elsewhere = {
        "Deviation", "ReservoirFlows",  # made by deviation, a part of Flows
            "ClosedForm",  # made by closed_form
        "DaviesModel",  # made by davies
        "Model", "PerlindModel", "ThermodynamicPrice",  # abstract; made
        "DensityMatrixLaw",  # made by flow_law
        "GaussianLaw",  # made by gaussian_law
        "Landauer",  # made by landauer
        "HeomLaw", "Convergence",  # made by heom_law
        "Relaxation",  # made by relax
        "FlowJacobian",  # made by law.jacobian
        "LinearResponse", "Terminals",  # made by linear_response
        "CountingStatistics", "JumpStatistics", "WaitingTimes",  # made by counting_statistics
        "Noise",  # made by noise
        "LevitovStatistics", "StabilityDiagram",  # made by levitov, stability_diagram
        "BosonLaw", "Maser",  # made by closed_form of oscillators, lambda_maser
        "StationaryState",  # made by stationary_state
        "Assumption", "Audit", "Verdict",  # made by audit
        "FlowLaw", "StationaryMethod", "System",  # protocols
        "ConservedBlocks", "GaussianState", "Populations", "ZeroFrequencyBlock",  # no options
        "NonUniqueStationaryState", "StationaryStateNotFound",  # errors
        "Untouched",  # of a law
    }  # fmt: skip
    called = set()
    for _, call in CASES.values():
        names = set(call.__code__.co_names)
        called |= names
        if "terms" in names:
            called.add("InteractingSystem")
    missing = {name for name in oqs.__all__ if name not in called | elsewhere}
    assert not missing
