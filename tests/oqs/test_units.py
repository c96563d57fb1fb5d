"""Units: there and back, and against numbers of the SI."""

import numpy as np
import pytest

import oqs

THERE_AND_BACK = [
    ("kelvin", "temperature", 0.3),
    ("meV", "energy", [1.2, -0.4]),
    ("second", "time", 1e-9),
]


@pytest.mark.parametrize("reference", [oqs.Units.from_temperature(1000), oqs.Units.from_meV(0.1)])
@pytest.mark.parametrize(("into", "out", "value"), THERE_AND_BACK)
def test_there_and_back(reference, into, out, value):
    natural = getattr(reference, into)(value)
    np.testing.assert_allclose(getattr(reference, out)(natural), value, rtol=1e-15)


def test_numbers_of_the_si():
    units = oqs.Units.from_meV(1.0)
    assert units.meV(1.2) == pytest.approx(1.2, rel=1e-15)
    assert units.microeV(250.0) == pytest.approx(0.25, rel=1e-15)
    assert units.kelvin(11.604518121550082) == pytest.approx(1.0, rel=1e-9)  # 1 meV/k_B
    assert units.picoampere(-1e-6) == pytest.approx(0.2434134805787947, rel=1e-12)  # e meV/hbar
    assert units.femtowatt(1e-3) == pytest.approx(243.4134805787947, rel=1e-12)  # meV^2/hbar
    assert units.second(0.6582119569e-12) == pytest.approx(1.0, rel=1e-9)  # hbar/1 meV


def test_no_current_is_zero_without_a_sign():
    units = oqs.Units.from_meV(1.0)
    assert f"{units.picoampere(0.0):g} {units.current([0.0])[0]:g}" == "0 0"
