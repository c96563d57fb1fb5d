"""Faults for the families system, generator, flows, entropy and clausius."""

import dataclasses

import numpy as np
import qutip
from faults.fault import Fault, faults, wrapping

import oqs
from validation.references import literal

FAMILIES = ("system", "generator", "flows", "entropy", "clausius")

OFF = 1 + 1e-6


def contacts_changed(change):
    """Models and closed forms are built with changed contacts; the checks know the true ones."""

    def plant(monkeypatch):
        for name in ("davies", "closed_form"):
            original = getattr(oqs, name)
            monkeypatch.setattr(
                oqs,
                name,
                lambda system, contacts, original=original: original(
                    system, change(system, contacts)
                ),
            )

    return plant


def rate_off(contact):
    return oqs.Contact(
        rate=lambda w: contact.rate(w) * OFF, coupling=contact.coupling, name=contact.name
    )


def rates_off(system, contacts):
    return [rate_off(contact) for contact in contacts]


def first_rate_off(system, contacts):
    return [rate_off(contacts[0]), *contacts[1:]]


def without_cross_terms(system, contacts):
    """Every mode becomes a channel of its own, where a channel held several."""
    if not isinstance(system, oqs.QuadraticSystem):
        return contacts
    modes = system.modes
    return [
        oqs.Contact(
            rate=contact.rate,
            coupling=np.concatenate(
                [row @ modes * np.eye(len(row)) for row in contact.channels(system.sites)]
            )
            @ modes.conj().T,
        )
        for contact in contacts
    ]


def temperatures_off(monkeypatch):
    """Stationary states and flows at T (1 + 1e-6)."""
    state, law = oqs.stationary_state, oqs.flow_law
    monkeypatch.setattr(
        oqs, "stationary_state", lambda model, T, mu, **more: state(model, T * OFF, mu, **more)
    )

    def warmer(model, **more):
        exact = law(model, **more)
        return lambda T, mu: exact(T * OFF, mu)

    monkeypatch.setattr(oqs, "flow_law", warmer)


def up_and_down_swapped(weights):
    return np.roll(weights, len(weights) // 2)


def up_off(weights):
    half = len(weights) // 2
    return np.concatenate([weights[:half], weights[half:] * OFF])


def negative_rate(weights):
    half = len(weights) // 2
    return np.concatenate([weights[:half], -1e-6 * weights[:half]])


def flows_changed(change):
    """Every law made by oqs.flow_law returns changed flows."""

    def through(law):
        class Law:
            def __call__(self, T, mu):
                return change(law(T, mu))

            def spectral(self, T, mu):
                return change(law.spectral(T, mu))

        return Law()

    return wrapping(oqs, "flow_law", through)


def reversed_signs(flows):
    return oqs.Flows(-flows.particle, -flows.energy, -flows.heat)


def heat_without_potential(flows):
    return oqs.Flows(flows.particle, flows.energy, flows.energy)


def one_off(flows):
    factor = np.where(np.arange(flows.reservoirs) == 0, OFF, 1.0)
    return oqs.Flows(flows.particle * factor, flows.energy * factor, flows.heat * factor)


def mixed(rho):
    """Mix 1e-6 of chaos into a state."""
    return rho * (1 - 1e-6) + qutip.qeye_like(rho) * (1e-6 / rho.shape[0])


def one_mode_energy_off(monkeypatch):
    original = oqs.QuadraticSystem.__init__

    def init(self, h):
        original(self, h)
        energies = self.energies.copy()
        energies[-1] *= OFF
        object.__setattr__(self, "energies", energies)

    monkeypatch.setattr(oqs.QuadraticSystem, "__init__", init)


def mode_mixing(monkeypatch):
    """The modes lose their conjugation: U for conj(U)."""
    monkeypatch.setattr(
        oqs.QuadraticSystem,
        "mode_annihilators",
        property(
            lambda self: tuple(
                sum(complex(u) * c for u, c in zip(column, self.annihilators, strict=True))
                for column in self.modes.T
            )
        ),
    )


def without_jordan_wigner_string(monkeypatch):
    lower = qutip.destroy(2)

    def bare(sites):
        return tuple(
            qutip.tensor([lower if s == site else qutip.qeye(2) for s in range(sites)])
            for site in range(sites)
        )

    monkeypatch.setattr("oqs.system.systems.jordan_wigner", bare)


def product_terms(before_factor, after_factor):
    """The terms -{L^+ L, rho}/2 of every generator, each side times a factor."""

    def plant(monkeypatch):
        original = oqs.generator.assembly._assemble

        def faulty(*parts, **options):
            made = original(*parts, **options)
            return dataclasses.replace(
                made, before=made.before * before_factor, after=made.after * after_factor
            )

        def faulty_on_sites(one, other):
            jump, before, after = terms(one, other)
            return jump, before * before_factor, after * after_factor

        terms = oqs.generator.davies.site_dissipator.terms
        monkeypatch.setattr("oqs.generator.assembly._assemble", faulty)
        monkeypatch.setattr("oqs.generator.davies.site_dissipator.terms", faulty_on_sites)

    return plant


def partial_off(monkeypatch):
    for name in ("partial_dissipator", "_in_operator_basis"):
        original = getattr(oqs.DaviesModel, name)
        monkeypatch.setattr(
            oqs.DaviesModel,
            name,
            lambda self, *arguments, original=original: original(self, *arguments) * OFF,
        )


def potential_reversed(monkeypatch):
    """exp[(-mu N - H)/T] for exp[(mu N - H)/T]."""
    original = oqs.state.entropy.log_gibbs
    monkeypatch.setattr(
        "oqs.state.entropy.log_gibbs", lambda system, T, mu: original(system, T, -mu)
    )


def printed_entropy(monkeypatch):
    """S = tr rho ln rho, as the paper's main text prints it, without the minus."""
    original = oqs.state.entropy.entropy_rates
    # relaxation first: imported after entropy is patched, it would keep what is planted
    for module in ("oqs.state.relaxation", "oqs.state.entropy"):
        monkeypatch.setattr(f"{module}.entropy_rates", lambda *args: -original(*args))


def printed_prefactor(monkeypatch):
    """-2 for -1/2 in Eq. (31), as the paper's supplement prints it."""
    wrapping(literal, "excess_occupations", lambda excess: 4 * excess)(monkeypatch)


def times_off(value):
    return value * OFF


def negative(value):
    return -value


def production_off(path):
    production = path.entropy_production * OFF
    return dataclasses.replace(path, entropy_production=production)


FAULTS: list[Fault] = [
    # Eq. (8)
    *faults(
        one_mode_energy_off,
        "a mode energy off by 1e-6",
        "modes diagonalise the one-body Hamiltonian",
        "Hamiltonian from sites and from modes",
        "many-body spectrum",
    ),
    *faults(mode_mixing, "U for conj(U)", "Hamiltonian from sites and from modes"),
    *faults(without_jordan_wigner_string, "no Jordan-Wigner string", "modes anticommute"),
    # Eqs. (2), (9), (14)
    *faults(product_terms(OFF, OFF), "anticommutator off by 1e-6", "trace preserved"),
    *faults(product_terms(OFF, 1.0), "one half of the anticommutator", "Hermiticity preserved"),
    *faults(
        wrapping(oqs.DaviesModel, "weights", negative_rate),
        "a rate of -1e-6",
        "complete positivity",
    ),
    *faults(
        partial_off,
        "A_kj off by 1e-6",
        "evolution of any matrix",
        "A_kj of modes with their own baths",
    ),
    *faults(
        contacts_changed(rates_off),
        "rates off by 1e-6",
        "evolution of any matrix",
        "A_kj of modes with their own baths",
        "dissipators of any channels",
        "flows, full Liouvillian",
        "flows, zero-frequency block",
        "flows, populations",
        "momentary flows of random states",
        "entropy production of random states",
        "each reservoir's production",
        "excess occupation as hyperbolic sines",
        "Clausius sum as a sum over pairs",
    ),
    *faults(contacts_changed(first_rate_off), "one rate off by 1e-6", "stationary occupations"),
    *faults(
        contacts_changed(without_cross_terms),
        "cross terms dropped",
        "evolution of any matrix",
        "dissipators of any channels",
    ),
    *faults(
        wrapping(oqs.DaviesModel, "weights", up_off),
        "rates up off by 1e-6",
        "rates in and out of a reservoir",
        "detailed balance of the map",
        "local Gibbs state under its own reservoir",
    ),
    *faults(
        temperatures_off,
        "temperatures off by 1e-6",
        "stationary occupations",
        "flows, populations",
        "flows, zero-frequency block",
        "flows, full Liouvillian",
    ),
    *faults(
        potential_reversed,
        "sign of mu",
        "local Gibbs state under its own reservoir",
        "detailed balance of the map",
        "relative entropy to the local Gibbs state",
        "each reservoir's production",
    ),
    # Eq. (10)
    *faults(
        contacts_changed(rates_off),
        "rates off by 1e-6",
        "closed form in 50 digits",
        "flows of cold reservoirs, digit for digit",
    ),
    *faults(
        wrapping(oqs, "stationary_state", mixed), "1e-6 of chaos mixed in", "stationary occupations"
    ),
    *faults(
        flows_changed(one_off),
        "one reservoir's flow off by 1e-6",
        "conservation of particles and energy",
        "equal chemical potentials",
    ),
    *faults(
        flows_changed(heat_without_potential),
        "Y = J",
        "conservation of particles and energy",
        "Clausius inequality",
    ),
    # Eqs. (3), (7), (31)-(34)
    *faults(
        flows_changed(reversed_signs),
        "signs of the flows",
        "Clausius inequality",
        "equal chemical potentials",
        "excess occupation as hyperbolic sines",
        "Clausius sum as a sum over pairs",
    ),
    *faults(
        wrapping(oqs, "clausius_sum", negative),
        "sign of the Clausius sum",
        "Clausius inequality",
        "the paper's example of heat leaving the coldest",
        "no pair of reservoirs adds to the Clausius sum",
    ),
    *faults(
        wrapping(oqs, "clausius_sum", times_off),
        "Clausius sum off by 1e-6",
        "the paper's example of heat leaving the coldest",
        "Clausius sum as a sum over pairs",
    ),
    *faults(printed_prefactor, "-2 for -1/2", "excess occupation as hyperbolic sines"),
    # Eqs. (3), (15)-(18), any state
    *faults(
        wrapping(oqs, "momentary_flows", heat_without_potential),
        "Y = J",
        "momentary flows of random states",
    ),
    *faults(
        printed_entropy,
        "S = tr rho ln rho",
        "entropy production of random states",
        "entropy along relaxations",
        "each reservoir's production",
        "no reservoir destroys entropy",
    ),
    *faults(wrapping(oqs, "relax", production_off), "off by 1e-6", "entropy along relaxations"),
    *faults(
        wrapping(oqs, "relative_entropy_to_gibbs", times_off),
        "off by 1e-6",
        "relative entropy to the local Gibbs state",
    ),
    *faults(
        wrapping(oqs.DaviesModel, "weights", up_and_down_swapped),
        "n and 1 - n swapped",
        "rates in and out of a reservoir",
        "Clausius inequality",
        "no reservoir destroys entropy",
        "each map approaches its Gibbs state",
    ),
]
