"""Reservoirs scale with their capacity, and together are what they are one by one."""

import numpy as np
import pytest
from slow_systems import LinearGas

from thermo.gases import FermiDiracGas, SommerfeldGas, TabulatedGas
from thermo.reservoirs.reservoir import Reservoir, Reservoirs

TABLE = TabulatedGas(np.linspace(0.0, 40.0, 161), np.linspace(0.0, 40.0, 161))
MIXED = [
    Reservoir(FermiDiracGas(1.5), capacity=1.0, name="cold"),
    Reservoir(SommerfeldGas(1.5), capacity=0.5),
    Reservoir(FermiDiracGas(1.5), capacity=3.0),
    Reservoir(TABLE, capacity=2.0, name="band"),
    Reservoir(FermiDiracGas(1.0), capacity=7.0),
]
T, MU = np.array([0.6, 1.0, 0.8, 1.2, 0.3]), np.array([20.8, 16.0, -3.0, 19.0, 20.0])
NAMES = ("number", "energy", "entropy", "jacobian")


@pytest.mark.parametrize("name", NAMES)
def test_capacity_scales(name):
    gas = FermiDiracGas(1.5)
    one, seven = Reservoir(gas), Reservoir(gas, capacity=7)
    assert one.capacity == 1.0
    assert getattr(seven, name)(0.6, 20.8) == pytest.approx(7 * getattr(one, name)(0.6, 20.8))
    assert getattr(one, name)(0.6, 20.8) == pytest.approx(getattr(gas, name)(0.6, 20.8))


@pytest.mark.parametrize(
    "reservoirs", [MIXED, MIXED[2:3] * 5, [*MIXED[:4], Reservoir(LinearGas())]]
)
def test_together_is_one_by_one(reservoirs):
    group = Reservoirs(reservoirs)
    together = group.state(T, MU)
    for name in NAMES:
        alone = [getattr(r, name)(t, m) for r, t, m in zip(reservoirs, T, MU, strict=True)]
        assert getattr(together, name) == pytest.approx(np.array(alone), rel=1e-15)
        assert np.array_equal(getattr(group, name)(T, MU), getattr(together, name))


def test_a_batch_has_a_leading_axis():
    group = Reservoirs(MIXED)
    batch = group.state(np.stack([T, 1.1 * T]), MU)
    assert batch.number.shape == (2, 5)
    assert batch.jacobian.shape == (2, 5, 2, 2)
    for name in NAMES:
        assert getattr(batch, name)[0] == pytest.approx(getattr(group.state(T, MU), name))


def test_a_sequence_with_names_and_parts():
    group = Reservoirs(MIXED)
    assert list(group) == MIXED
    assert len(group) == 5
    assert group[3] is MIXED[3]
    assert group.names == ("cold", "2", "3", "band", "5")
    assert group.parts == (
        (FermiDiracGas(1.5), 4.0),
        (SommerfeldGas(1.5), 0.5),
        (TABLE, 2.0),
        (FermiDiracGas(1.0), 7.0),
    )
    with pytest.raises(ValueError, match="read-only"):
        group.capacities[0] = 2


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Reservoir(1.5), TypeError, "`gas` must be an equation of state .* but is 1.5"),
        (lambda: Reservoir(FermiDiracGas), TypeError, "`gas` must be an equation of state"),
        (lambda: Reservoir(LinearGas(), capacity=-1), ValueError, "`capacity` must be positive"),
        (lambda: Reservoir(LinearGas(), capacity=0), ValueError, "`capacity` must be positive"),
        (lambda: Reservoir(LinearGas(), capacity=np.nan), ValueError, "`capacity` must be finite"),
        (lambda: Reservoir(LinearGas(), capacity="big"), TypeError, "`capacity` must be a real"),
        (lambda: Reservoir(LinearGas(), name=3), TypeError, "`name` must be text, but is 3"),
        (lambda: Reservoirs([]), ValueError, "`reservoirs` must hold at least one"),
        (lambda: Reservoirs([LinearGas()]), TypeError, "`reservoirs` must hold Reservoir objects"),
        (lambda: Reservoirs(MIXED).checked(T[:4], MU), ValueError, r"`T` must have shape \(5,\)"),
        (lambda: Reservoirs(MIXED).checked(T, MU[:1]), ValueError, r"`mu` must have shape \(5,\)"),
        (lambda: Reservoirs(MIXED).checked(-T, MU), ValueError, "`T` must be positive"),
        (lambda: Reservoirs(MIXED).checked(T, MU * np.nan), ValueError, "`mu` must be finite"),
        (lambda: Reservoirs(MIXED).checked(T, MU - 15), ValueError, r"mu/T is 1\. Use FermiDirac"),
    ],
)
def test_bad_arguments_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
