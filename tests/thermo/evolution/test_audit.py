"""The audit along a trajectory: the worst of each, and the time scale of the reservoirs."""

import functools

import numpy as np
import pytest

import oqs
import thermo
from oqs import Verdict
from thermo.evolution.finite_size import level_density

T, MU = [0.6, 1.0], [20.8, 16.0]


@functools.cache
def model(scale: float = 1.0) -> oqs.DaviesModel:
    system = oqs.QuadraticSystem.from_energies([21.1, 21.5])
    return oqs.davies(system, [oqs.Contact(oqs.power_law(scale * 1e-4, 0.5)) for _ in range(2)])


@functools.cache
def path(gas: thermo.EquationOfState, capacity: float = 1.0) -> thermo.Trajectory:
    reservoirs = [thermo.Reservoir(gas, capacity=capacity) for _ in range(2)]
    return thermo.evolve(oqs.flow_law(model()), reservoirs, T, MU, events=False)


def test_figure_1_is_sound_in_the_secular_and_born_sense_with_its_tau_ratio() -> None:
    audit = path(thermo.SommerfeldGas(1.5)).audit
    for name in ("secular", "Born-Markov", "flat rate", "unique flows", "Sommerfeld gas"):
        assert audit[name].verdict is Verdict.SOUND
    assert 0.05 < audit["time scales"].ratio < 0.3
    assert "t = " in audit["time scales"].measure


def test_it_is_the_worst_of_start_end_and_coldest() -> None:
    run = path(thermo.SommerfeldGas(1.5))
    coldest = int(np.argmin(run.T.min(axis=1)))
    assert 0 < coldest < len(run.t) - 1
    for k in (0, coldest, len(run.t) - 1):
        for here in oqs.audit(model(), run.T[k], run.mu[k], exact=False).assumptions:
            assert run.audit[here.name].ratio >= here.ratio
    at_coldest = oqs.audit(model(), run.T[coldest], run.mu[coldest], exact=False)
    assert run.audit["Born-Markov"].ratio == at_coldest["Born-Markov"].ratio


def test_the_reservoirs_time_scale_is_that_of_linear_response_about_equilibrium() -> None:
    run = path(thermo.FermiDiracGas(1.5))
    start = thermo.Trajectory.at(run, run.t[-1])
    gas = thermo.FermiDiracGas(1.5)
    at_rest = thermo.evolve(
        oqs.flow_law(model()),
        [thermo.Reservoir(gas) for _ in range(2)],
        start.T,
        start.mu,
        t_final=1e-3,
        events=False,
    )
    law, n = oqs.closed_form(model().system, model().contacts), 2
    state, step = np.concatenate([start.T, start.mu]), 1e-5

    def losses(y: np.ndarray) -> np.ndarray:
        flows = law(y[:n], y[n:])
        return np.concatenate([flows.particle, flows.energy])

    response = np.column_stack(
        [(losses(state + e) - losses(state - e)) / (2 * step) for e in step * np.eye(2 * n)]
    )
    jacobian = gas.jacobian(start.T, start.mu)
    content = np.block(  # d(N_1, N_2, E_1, E_2) / d(T_1, T_2, mu_1, mu_2)
        [[np.diag(jacobian[:, row, column]) for column in (0, 1)] for row in (0, 1)]
    )
    fastest = np.max(np.abs(np.linalg.eigvals(np.linalg.solve(content, -response))))
    tau = oqs.relaxation_time(model(), start.T, start.mu)
    assert at_rest.audit["time scales"].ratio == pytest.approx(tau * fastest, rel=1e-5)


def test_larger_reservoirs_are_slower_in_proportion() -> None:
    gas = thermo.SommerfeldGas(1.5)
    ratio = path(gas).audit["time scales"].ratio
    assert path(gas, 100.0).audit["time scales"].ratio == pytest.approx(ratio / 100, rel=1e-3)


def test_an_exact_gas_has_no_row_for_its_truncation() -> None:
    names = [a.name for a in path(thermo.FermiDiracGas(1.5)).audit.assumptions]
    assert "Sommerfeld gas" not in names


def test_a_hot_sommerfeld_gas_is_not_sound() -> None:
    reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5)) for _ in range(2)]
    run = thermo.evolve(
        oqs.flow_law(model()), reservoirs, [3.0, 3.97], [16.0, 16.0], t_final=1.0, events=False
    )
    row = run.audit["Sommerfeld gas"]
    assert row.verdict is Verdict.DOUBTFUL
    assert row.ratio == pytest.approx(np.pi**2 / 6 * (3.97 / 16) ** 2, rel=1e-3)
    assert "FermiDiracGas" in row.remedy


def test_strong_contacts_are_unreliable_along_the_path() -> None:
    reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5)) for _ in range(2)]
    run = thermo.evolve(oqs.flow_law(model(1e4)), reservoirs, T, MU, t_final=1e-2, events=False)
    assert run.audit["Born-Markov"].verdict is Verdict.UNRELIABLE


def test_a_law_without_model_takes_the_model_as_argument(tmp_path) -> None:
    gas = thermo.SommerfeldGas(1.5)
    run = path(gas)
    law = oqs.closed_form(model().system, model().contacts)
    direct = thermo.evolve(law, [thermo.Reservoir(gas) for _ in range(2)], T, MU, events=False)
    with pytest.raises(ValueError, match=r"`model` must be an oqs\.Model .* oqs\.davies"):
        _ = direct.audit
    same = thermo.audit(direct, model())["time scales"].ratio
    assert same == pytest.approx(run.audit["time scales"].ratio, rel=1e-4)

    run.save(tmp_path / "run.nc")
    loaded = thermo.Trajectory.load(tmp_path / "run.nc")
    with pytest.raises(ValueError, match="read from a file"):
        _ = loaded.audit
    assert repr(thermo.audit(loaded, model())) == repr(run.audit)


def test_a_loaded_path_with_a_gas_of_the_users_own_is_refused(tmp_path) -> None:
    class Own:
        pass

    for name in ("number", "energy", "entropy", "jacobian", "check"):
        setattr(Own, name, staticmethod(getattr(thermo.SommerfeldGas(1.5), name)))

    reservoirs = [thermo.Reservoir(Own()) for _ in range(2)]
    run = thermo.evolve(oqs.flow_law(model()), reservoirs, T, MU, t_final=1.0, events=False)
    run.save(tmp_path / "run.nc")
    with pytest.raises(ValueError, match="of one the file has only the description"):
        thermo.audit(thermo.Trajectory.load(tmp_path / "run.nc"), model())


def test_reservoirs_of_one_level_spacing_are_no_continuum() -> None:
    audit = path(thermo.SommerfeldGas(1.5)).audit
    # levels 1/sqrt(21.1) apart under a rate of 1e-4 sqrt(21.1)
    assert audit["continuum"].ratio == pytest.approx(1e4 / 21.1, rel=1e-12)
    assert audit["continuum"].verdict is Verdict.UNRELIABLE
    run = path(thermo.SommerfeldGas(1.5))
    k = int(np.argmin(run.T[:, 0]))
    heat = np.pi**2 / 3 * run.mu[k, 0] ** 0.5 * run.T[k, 0]
    assert audit["fluctuations"].ratio == pytest.approx(heat**-0.5, rel=0.02)
    assert audit["fluctuations"].verdict is Verdict.UNRELIABLE
    assert f"in less than {2 * 21.1**0.5:.3g}" in audit["depletion"].measure


def test_larger_reservoirs_mend_both() -> None:
    small, large = (path(thermo.SommerfeldGas(1.5), c).audit for c in (1.0, 1e4))
    assert large["continuum"].ratio == pytest.approx(small["continuum"].ratio / 1e4)
    assert large["fluctuations"].ratio == pytest.approx(small["fluctuations"].ratio / 1e2, rel=1e-3)
    for name in ("continuum", "fluctuations"):
        assert large[name].verdict is Verdict.SOUND


def test_fixed_reservoirs_have_no_size() -> None:
    gas = thermo.SommerfeldGas(1.5)
    reservoirs = [thermo.Reservoir(gas, capacity=np.inf) for _ in range(2)]
    run = thermo.evolve(oqs.flow_law(model()), reservoirs, T, MU, t_final=1.0, events=False)
    assert "continuum" not in [a.name for a in run.audit.assumptions]


@pytest.mark.parametrize(
    ("gas", "energy", "density"),
    [
        (thermo.FermiDiracGas(2.0), 3.0, 3.0),
        (thermo.SommerfeldGas(1.5), -1.0, 0.0),
        (thermo.BoseGas(3.0), 2.0, 4.0),
        (thermo.TabulatedGas([0.0, 1.0, 2.0], [1.0, 3.0, 1.0]), 0.5, 2.0),
        (thermo.DebyeSolid(T_D=2.0), 1.0, 9 / 8),
        (thermo.DebyeSolid(T_D=2.0), 3.0, 0.0),
        (thermo.CombinedGas([(thermo.FermiDiracGas(2.0), 2.0), (thermo.BoseGas(1.0), 1.0)]), 3, 7),
    ],
    ids=repr,
)
def test_level_density(gas, energy, density) -> None:
    assert level_density(gas, np.array([energy])) == pytest.approx([density])
    if density:  # it is what the number or the energy of the gas integrates
        assert level_density(object(), np.array([energy])) is None
