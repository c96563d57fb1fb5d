"""Derivatives of flows where rates depend on T and mu, against differences of the flows."""

import numpy as np
import pytest
import qutip
from systems import SCALES

import oqs
from oqs.contact.rate_slopes import differences

WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


def warming(scale):
    """Return a rate that grows with T and has a step at mu."""
    return lambda w, T, mu: (
        0.01 * scale * (1 + 0.3 * np.tanh((w - mu) / scale)) * (T / scale) ** 1.5
    )


def leads(scale, *couplings):
    scaled = oqs.temperature_scaled(oqs.flat(0.02 * scale), 2, scale)
    rates = [warming(scale), scaled, oqs.flat(0.015 * scale)]
    rows = couplings or (None,) * 3
    return [oqs.Contact(r, c) for r, c in zip(rates, rows, strict=True)]


def chain(scale):
    h = scale * np.array([[0.3, 0.2, 0], [0.2, 0.5, 0.1], [0, 0.1, -0.2]])
    return oqs.QuadraticSystem(h)


def dot_with_phonons(scale):
    phonons = oqs.BosonicContact(lambda w, T, mu: 0.02 * w * T / (scale + T), [1.0, 0.4])
    dots = oqs.spinless_dots(scale * np.array([0.1, 0.4]), 0.1 * scale, U=0.7 * scale)
    return oqs.flow_law(oqs.davies(dots, [*leads(scale)[:2], phonons]))


def qubit(scale):
    """The operator has a part at zero frequency, whose rate is T J'(0)."""
    operator = qutip.sigmax() + 0.5 * qutip.sigmaz()
    baths = [
        oqs.BosonicContact(lambda w, T, mu: 0.1 * w * (T / scale) * np.exp(-w / (scale + T)), s)
        for s in (operator, qutip.sigmax(), qutip.sigmay())
    ]
    H = scale * (0.5 * qutip.sigmaz() + 0.2 * qutip.sigmax())
    return oqs.flow_law(oqs.davies(oqs.OperatorSystem(H), baths))


def oscillators(scale, h=((1.0, 0.2), (0.2, 1.5))):
    spectra = [
        lambda w, T, mu: 0.1 * w * T / (scale + T),
        oqs.temperature_scaled(oqs.ohmic(0.05), 1, scale),
        oqs.ohmic(0.1),
    ]
    rows = [[1.0, 0.2], [0.3, 1.0], [0.7, -0.5]]
    contacts = [oqs.BosonicContact(*pair) for pair in zip(spectra, rows, strict=True)]
    return oqs.gaussian_law(oqs.QuadraticBosons(scale * np.array(h)), contacts)


def degenerate(scale, **options):
    """Contacts that act on both equal levels at once drive coherences between them."""
    rows = [1.0, 0.2, 0.1], [0.3, 1.0, 0.0], [0.5, -0.5, 1.0]
    contacts = [
        oqs.Contact(c.rate, c.coupling, band=(-5 * scale, 5 * scale)) for c in leads(scale, *rows)
    ]
    system = oqs.QuadraticSystem(scale * np.diag([0.3, 0.3, 1.0]))
    return oqs.flow_law(oqs.davies(system, contacts, **options))


LAWS = {
    "populations": lambda s: oqs.flow_law(oqs.davies(chain(s), leads(s))),
    "full": lambda s: oqs.flow_law(oqs.davies(chain(s), leads(s)), method=oqs.FullLiouvillian()),
    "coherences": degenerate,
    "shifts": lambda s: degenerate(s, lamb_shift=True),
    "perlind": lambda s: oqs.flow_law(oqs.perlind(chain(s), leads(s))),
    "phonons": dot_with_phonons,
    "qubit": qubit,
    "oscillators": oscillators,
    "degenerate oscillators": lambda s: oscillators(s, np.eye(2)),
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", LAWS)
def test_derivatives_are_those_of_the_flows(name, scale):
    law = LAWS[name](scale)
    T, mu = scale * np.array([0.5, 0.8, 0.3]), scale * np.array([0.1, -0.2, 0.4])
    bosonic = law.model.bosonic if hasattr(law, "model") else np.ones(3, dtype=bool)
    mu[bosonic] = 0.0
    found = law.jacobian(T, mu)
    for kind in ("particle", "energy", "heat"):
        for by, at in (("T", 0), ("mu", 1)):
            table = getattr(found, f"{kind}_{by}")
            for q in range(3):
                if by == "mu" and bosonic[q]:
                    continue
                step = 1e-3 * scale * np.eye(3)[q]

                def flow(k, kind=kind, at=at, step=step):
                    state = [T, mu]
                    state[at] = state[at] + k * step
                    return getattr(law(*state), kind)

                pairs = enumerate(WEIGHTS, start=1)
                expected = sum(c * (flow(k) - flow(-k)) for k, c in pairs) / (1e-3 * scale)
                size = np.abs(getattr(found, f"{kind}_T")).max()
                np.testing.assert_allclose(table[:, q], expected, rtol=0, atol=1e-9 * size)


def test_a_rate_that_knows_its_derivatives_is_asked_for_them():
    class Known:
        def __call__(self, w, T, mu):
            return 0.01 * w * np.exp(-1 / T) + 0 * mu

        def slopes(self, w, T, mu):
            return 0.01 * w * np.exp(-1 / T) / T**2, 0.0

    known = Known()
    laws = [
        oqs.flow_law(oqs.davies(oqs.QuadraticSystem([[1.0]]), [oqs.Contact(rate), other]))
        for other in [oqs.Contact(oqs.flat(0.02))]
        for rate in (known, known.__call__)
    ]
    one, two = (law.jacobian([0.3, 0.5], [0.8, 0.9]) for law in laws)
    for name in ("particle_T", "particle_mu", "energy_T", "heat_mu"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-10)
    known.slopes = lambda w, T, mu: (np.nan * w, 0 * w)
    with pytest.raises(ValueError, match=r"its slopes\(w, T, mu\), finite .* but returned"):
        laws[0].jacobian([0.3, 0.5], [0.8, 0.9])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda T, mu: T**3 * mu, lambda T, mu: (3 * T**2 * mu, T**3)),
        (lambda T, mu: np.exp(-30 / T), lambda T, mu: (30 / T**2 * np.exp(-30 / T), 0)),
        (
            lambda T, mu: np.tanh(mu / T),
            lambda T, mu: np.array([-mu / T, 1]) / T / np.cosh(mu / T) ** 2,
        ),
        (lambda T, mu: 2.0, lambda T, mu: (0, 0)),
    ],
)
def test_differences(function, slope, scale):
    for T, mu in ((1.0, 0.5), (0.1, 20.0), (0.6, 0.0)):
        found = differences(
            lambda t, m: np.array([scale * function(t / scale, m / scale)]),
            scale * T,
            scale * mu,
            "it",
        )[:, 0]
        size = max(abs(function(T, mu)) / T, 1e-300)
        np.testing.assert_allclose(found, slope(T, mu), rtol=1e-10, atol=1e-10 * size)


@pytest.mark.parametrize(
    "rate",
    [
        lambda w, T, mu: 0.01 * (1 + np.abs(T - 0.5)) + 0 * w,
        lambda w, T, mu: 0.01 * (1 + 1e-3 * (1e6 * np.sin(1e9 * T) % 1)) + 0 * w,
    ],
    ids=["kink", "noise"],
)
def test_what_has_no_derivative_is_refused(rate):
    contacts = [oqs.Contact(rate, name="hot"), oqs.Contact(oqs.flat(0.01))]
    law = oqs.flow_law(oqs.davies(oqs.QuadraticSystem([[1.0]]), contacts))
    with pytest.raises(ValueError, match=r"`rate` of contact 'hot' by T .* `slopes\(w, T, mu\)`"):
        law.jacobian([0.5, 0.7], [0.8, 0.9])
