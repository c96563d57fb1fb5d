"""Names of contacts and reservoirs: the same ones, in the same order, on every result."""

import numpy as np
import pytest
import qutip

import oqs
import thermo

GAS = thermo.FermiDiracGas(1.5)
DOTS = oqs.QuadraticSystem.from_energies([21.1, 21.5])
START = [0.6, 1.0], [20.8, 16.0]


def contacts(*names):
    return [oqs.Contact(oqs.flat(1e-3), name=name, band=(-1e3, 1e3)) for name in names]


def reservoirs(*names):
    return [thermo.Reservoir(GAS, name=name) for name in names]


LAWS = {
    "closed_form": oqs.closed_form,
    "gaussian_law": oqs.gaussian_law,
    "flow_law": lambda system, found: oqs.flow_law(oqs.davies(system, found)),
}
by_law = pytest.mark.parametrize("make", LAWS.values(), ids=LAWS)


def runs(law, model, group):
    """Yield every evolution that takes reservoirs."""
    yield lambda: thermo.evolve(law, group, *START, t_final=1.0)
    yield lambda: thermo.evolve_ensemble(law, group, [START[0]], [START[1]], t_final=1.0)
    rho = qutip.tensor(qutip.fock_dm(2, 0), qutip.fock_dm(2, 0))
    yield lambda: thermo.coevolve(model, group, rho, *START, t_final=1.0)


@by_law
@pytest.mark.parametrize("names", [("hot", "cold"), ("left", "right"), (None, "cold")])
def test_another_order_is_refused(make, names):
    law, model = make(DOTS, contacts("cold", "hot")), oqs.davies(DOTS, contacts("cold", "hot"))
    for run in runs(law, model, reservoirs(*names)):
        with pytest.raises(ValueError, match=r"`reservoirs` must follow the contacts .* 'cold'"):
            run()


@pytest.mark.parametrize(
    ("make", "of_contacts", "of_reservoirs", "expected"),
    [
        (oqs.closed_form, ("cold", "hot"), ("cold", "hot"), ("cold", "hot")),
        (oqs.closed_form, ("cold", "hot"), (None, None), ("cold", "hot")),
        (oqs.closed_form, (None, None), ("cold", "hot"), ("cold", "hot")),
        (oqs.closed_form, ("cold", None), (None, "hot"), ("cold", "hot")),
        (oqs.closed_form, ("cold", None), (None, None), ("cold", "2")),
        (oqs.closed_form, (None, None), (None, None), ("1", "2")),
        (oqs.gaussian_law, ("cold", None), (None, "hot"), ("cold", "hot")),
        (LAWS["flow_law"], ("cold", None), (None, "hot"), ("cold", "hot")),
    ],
)
def test_unnamed_reservoirs_take_their_contacts_names(
    make, of_contacts, of_reservoirs, expected, tmp_path
):
    law, model = make(DOTS, contacts(*of_contacts)), oqs.davies(DOTS, contacts(*of_contacts))
    path, many, joint = (run() for run in runs(law, model, reservoirs(*of_reservoirs)))
    assert path.names == path.flows.names == expected
    assert many.names == expected
    assert joint.names == joint.flows.names == expected
    assert list(path.to_dataset()["reservoir"].values) == list(expected)
    assert list(many.to_dataset()["reservoir"].values) == list(expected)
    assert tuple(told.name for told in thermo.cooling(path)) == expected
    path.save(tmp_path / "path.nc")
    again = thermo.Trajectory.load(tmp_path / "path.nc")
    assert again.names == again.flows.names == expected
    legend = [t.get_text() for t in thermo.plot_trajectory(path).legends[0].get_texts()]
    for name in expected:
        assert (f"reservoir {name}" if name.isdecimal() else name) in legend


@pytest.mark.parametrize("kind", [*LAWS, "landauer"])
def test_flows_carry_the_contacts_names(kind):
    make = LAWS.get(kind, oqs.landauer)
    law = make(DOTS, contacts("cold", None))
    assert law.names == ("cold", None)
    assert law(*START).names == ("cold", None)
    assert make(DOTS, contacts(None, None))(*START).names is None


def test_momentary_and_resolved_flows_carry_them_too():
    model = oqs.davies(DOTS, contacts("cold", "hot"))
    rho = oqs.stationary_state(model, *START)
    assert oqs.momentary_flows(model, rho, *START).names == ("cold", "hot")
    for make in LAWS.values():
        assert make(DOTS, contacts("cold", "hot")).spectral(*START).names == ("cold", "hot")


def test_two_of_one_name():
    with pytest.raises(ValueError, match=r"`contacts` must have different names, .* 'lead'"):
        oqs.closed_form(DOTS, contacts("lead", "lead"))
    with pytest.raises(ValueError, match="`contacts` must have different names"):
        oqs.davies(DOTS, contacts("lead", None, "lead"))
    with pytest.raises(ValueError, match=r"`reservoirs` must have different names, .* 'box'"):
        thermo.equilibrium(reservoirs("box", "box"), *START)
    # a number that stands for no name counts
    with pytest.raises(ValueError, match=r"`reservoirs` must have different names, .* '2'"):
        thermo.Reservoirs(reservoirs("2", None))


def test_a_user_s_law_may_know_them():
    class Law:
        names = ("cold", "hot")

        def __call__(self, T, mu):
            return oqs.Flows.of(np.zeros(2), np.zeros(2), mu)

    path = thermo.evolve(Law(), reservoirs(None, None), *START)
    assert path.names == ("cold", "hot")
    with pytest.raises(ValueError, match="`reservoirs` must follow"):
        thermo.evolve(Law(), reservoirs("hot", "cold"), *START)


def test_flows_with_names_share_their_arrays():
    flows = oqs.Flows.of([1.0, -1.0], [2.0, -2.0], [0.5, 0.5])
    named = flows.named(("a", "b"))
    assert (flows.names, named.names) == (None, ("a", "b"))
    assert named.particle is flows.particle
    assert flows.named(None) is flows
