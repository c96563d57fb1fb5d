"""The hierarchy of equations of motion: exact without interactions, weak coupling, refusals."""

import numpy as np
import pytest
import qutip
from qutip.solver.heom import HEOMSolver, LorentzianPadeBath

import oqs

T, MU = np.array([0.7, 1.0]), np.array([0.5, -0.5])
ENDS = ([1, 0], [0, 1])


def lorentzian_leads(rate, couplings, centers=(0.2, -0.1)):
    return [
        oqs.Contact(oqs.lorentzian(rate * (1 + j), center, 4.0 + j), t)
        for j, (t, center) in enumerate(zip(couplings, centers, strict=True))
    ]


@pytest.mark.parametrize("scale", [1.0, 1e-3, 20.0])
@pytest.mark.parametrize(
    ("h", "couplings"),
    [
        ([[0.3]], ([1], [1])),
        ([[0.3, 0.1j], [-0.1j, 0.5]], ([1, 0.3j], [0.2, 1])),
        ([[0.3, 0.0], [0.0, 0.3]], ([1, 1], [1, -0.5])),  # degenerate
    ],
    ids=["one level", "two dots", "degenerate"],
)
def test_it_is_landauer_without_interactions(h, couplings, scale):
    system = oqs.QuadraticSystem(scale * np.array(h))
    leads = [
        oqs.Contact(oqs.lorentzian(scale * 0.3 * (1 + j), scale * c, scale * (4 + j)), t)
        for j, (t, c) in enumerate(zip(couplings, (0.2, -0.1), strict=True))
    ]
    exact = oqs.landauer(system, leads)(scale * T, scale * MU)
    flows = oqs.heom_law(system, leads, depth=2, expansion=7)(scale * T, scale * MU)
    assert max(oqs.deviation(flows, exact)[::2]) < 2e-6  # particles and heat
    unit = scale * np.max(np.abs(exact.particle))  # energies have no zero of their own
    assert np.max(np.abs(flows.energy - exact.energy)) < 1e-6 * unit


def test_it_is_qutips_own_steady_state():
    dots = oqs.spinless_dots([0.3, 0.1], 0.2, U=1.5)
    c = [qutip.fdestroy(2, k) for k in (0, 1)]
    baths = [
        LorentzianPadeBath(a, gamma=0.3, w=4.0, mu=m, T=t, Nk=2, tag=j)
        for j, (a, m, t) in enumerate(zip(c, MU, T, strict=True))
    ]
    _, auxiliary = HEOMSolver(dots.hamiltonian, baths, max_depth=2).steady_state()
    expected = np.zeros(2)
    for label in auxiliary.filter(level=1):
        exponent = auxiliary.exps(label)[0]
        enters = exponent.type == exponent.types["+"]
        operator = exponent.Q if enters else exponent.Q.dag()
        moved = (operator * auxiliary.extract(label)).tr()
        expected[exponent.tag] += (1j * moved if enters else -1j * moved).real
    leads = [oqs.Contact(oqs.lorentzian(0.3, m, 4.0), t) for m, t in zip(MU, ENDS, strict=True)]
    law = oqs.heom_law(dots, leads, depth=2, expansion=2, accuracy=1.0)
    assert np.allclose(law(T, MU).particle, expected, rtol=1e-9)


def test_flows_add_up_to_zero_and_weak_coupling_is_davies():
    dot = oqs.anderson_dot(-0.3, 1.5)
    errors = []
    for rate in (0.02, 0.01):
        leads = lorentzian_leads(rate, (np.eye(2), np.eye(2)))
        flows = oqs.heom_law(dot, leads, depth=2, expansion=3, accuracy=0.1)(T, MU)
        for kind in (flows.particle, flows.energy):
            assert abs(kind.sum()) < 1e-12 * np.max(np.abs(kind))
        davies = oqs.flow_law(oqs.davies(dot, leads))(T, MU)
        errors.append(np.array(oqs.deviation(davies, flows)))
    assert max(errors[0][::2]) < 0.03  # J all but vanishes here
    assert np.allclose(errors[1] / errors[0], 0.5, atol=0.05)


def test_equal_reservoirs_carry_what_the_depth_leaves_open():
    dots = oqs.spinless_dots([0.3, 0.1], 0.05, U=1.5)
    leads = lorentzian_leads(0.1, ([1, 0], [0.3, 1]))
    rest = [
        oqs.heom_law(dots, leads, depth=d, expansion=3, accuracy=0.1)(
            [1.0, 1.0], [0.2, 0.2]
        ).particle[0]
        for d in (2, 3)
    ]
    assert abs(rest[1]) < 0.05 * abs(rest[0]) < 1e-6


def test_convergence_is_measured():
    dots = oqs.spinless_dots([0.3, 0.1], 0.05, U=1.5)
    law = oqs.heom_law(dots, lorentzian_leads(0.05, ENDS), depth=3, expansion=3)
    found = law.convergence(T, MU)
    deeper = oqs.heom_law(dots, law.contacts, depth=4, expansion=3)(T, MU)
    changed = oqs.deviation(found.flows, deeper)
    assert max(changed) < 0.3 * max(found.depth) < 3e-3
    assert 0 < max(found.expansion) < 1e-3
    assert np.array_equal(law(T, MU).heat, found.flows.heat)
    assert "depth: 3; expansion: 3" in repr(law)
    assert law.frequencies.size == 4
    assert law.reservoirs == 2


def test_flat_rates_stand_in_a_band():
    law = oqs.heom_law(
        oqs.QuadraticSystem([[0.3]]), [oqs.Contact(oqs.flat(0.1), name="lead")], band=(-3.0, 5.0)
    )
    assert law.contacts[0].rate == oqs.lorentzian(0.1, 1.0, 4.0)
    assert law.names == ("lead",)


DOTS = oqs.spinless_dots([0.3, 0.1], 0.05, U=1.5)
LEADS = lorentzian_leads(0.1, ENDS)
REFUSED = {
    "spins": (
        lambda: oqs.heom_law(oqs.OperatorSystem(qutip.sigmaz()), LEADS),
        r"`system` must be a QuadraticSystem or an InteractingSystem, but is OperatorSystem",
    ),
    "flat": (
        lambda: oqs.heom_law(DOTS, [oqs.Contact(oqs.flat(0.1), [1, 0])]),
        r"`band` must be given for flat rates, as that of contact 0",
    ),
    "edges": (
        lambda: oqs.heom_law(DOTS, [oqs.Contact(oqs.flat(0.1), [1, 0], band=(0, 1))]),
        r"must hold rates without edges, but contact 0 has the band \(0.0, 1.0\)",
    ),
    "power law": (
        lambda: oqs.heom_law(DOTS, [oqs.Contact(oqs.power_law(0.1, 0.5), [1, 0])]),
        r"must hold Lorentzian or flat rates, but contact 0 has PowerLaw",
    ),
    "band": (
        lambda: oqs.heom_law(DOTS, LEADS, band=(2.0, 1.0)),
        r"`band` must be two ascending energies, but is \(2.0, 1.0\)",
    ),
    "depth": (lambda: oqs.heom_law(DOTS, LEADS, depth=1), r"`depth` must be at least 2, but is 1"),
    "expansion": (
        lambda: oqs.heom_law(DOTS, LEADS, expansion=1),
        r"`expansion` must be at least 2, but is 1",
    ),
    "untouched": (
        lambda: oqs.heom_law(oqs.coupled_dots([0.3, 0.1], 1.0), LEADS[:1]),
        r"not unique: .* conserved by H and by every contact",
    ),
    "size": (
        lambda: oqs.heom_law(DOTS, LEADS, depth=9, expansion=30),
        r"of [0-9.e+]+ auxiliary operators, .* from 124 exponents at depth 9 needs about",
    ),
    "too shallow": (
        lambda: oqs.heom_law(DOTS, lorentzian_leads(1.0, ENDS), depth=2)(T, MU),
        r"`depth` must be large enough for flows to 0.01, but from 1 to 2 they change by",
    ),
    "too few terms": (
        lambda: oqs.heom_law(
            oqs.QuadraticSystem([[0.3]]), lorentzian_leads(0.1, ([1], [1])), depth=2, expansion=2
        )(0.05 * T, MU),
        r"`expansion` must be large enough for flows to 0.01, but from 1 to 2 they change by",
    ),
}


@pytest.mark.parametrize(("call", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refusals(call, sentence):
    with pytest.raises((TypeError, ValueError, MemoryError, RuntimeError), match=sentence):
        call()
