"""What an audit says of bosonic contacts: memory, truncation."""

import numpy as np
import pytest
import qutip

import oqs

T = np.array([2.0, 1.0])
MEMORY = {  # spectrum, slowest rate at which its bath forgets
    "ohmic without a cutoff": (oqs.ohmic(1e-3), 1.0),
    "ohmic": (oqs.ohmic(1e-3, cutoff=0.5), 0.5),
    "ohmic, a cutoff above T": (oqs.ohmic(1e-3, cutoff=5.0), 1.0),
    "Drude-Lorentz": (oqs.drude_lorentz(1e-3, cutoff=0.4), 0.4),
    "underdamped": (oqs.underdamped(1e-3, center=2.0, width=0.3), 0.3),
    "lorentzian": (oqs.lorentzian(1e-3, center=1.2, width=0.2), 0.2),
    "of T": (oqs.temperature_scaled(oqs.ohmic(1e-3, cutoff=0.5), 2.0, 1.0), 0.5),
}


@pytest.mark.parametrize("name", MEMORY)
def test_memory_is_the_lowest_of_temperature_and_cutoff(name):
    spectrum, slowest = MEMORY[name]
    model = oqs.davies(
        oqs.OperatorSystem(0.5 * qutip.sigmaz()),
        [
            oqs.BosonicContact(spectrum, qutip.sigmax()),
            oqs.BosonicContact(oqs.flat(2e-3), qutip.sigmax()),
        ],
    )
    row = oqs.audit(model, T)["Born-Markov"]
    at = spectrum(np.ones(1), T[0], 0.0) if name == "of T" else spectrum(np.ones(1))
    width = np.sum(np.array([at[0], 2e-3]) * (1 + 2 / np.expm1(1 / T)))
    assert row.ratio == pytest.approx(width / slowest, rel=1e-12)
    assert ("cutoff" in row.measure) == (slowest < 1.0)


def test_a_band_is_a_memory_too():
    contact = oqs.BosonicContact(oqs.flat(1e-3), qutip.sigmax(), band=(0.8, 1.3))
    model = oqs.davies(oqs.OperatorSystem(0.5 * qutip.sigmaz()), [contact, contact])
    found = oqs.audit(model, T)
    assert "cutoff of a spectrum 0.5" in found["Born-Markov"].measure
    assert found["band edges"].ratio == pytest.approx(found["Born-Markov"].ratio * 0.5 / 0.2)


def test_truncation_bounds_the_error_of_the_flow():
    pair = oqs.QuadraticBosons([[1.0, 0.2], [0.2, 1.3]])
    bath, sites, T = oqs.ohmic(0.02), ([1, 0], [0, 1]), [0.7, 0.4]
    exact = oqs.closed_form(pair, [oqs.BosonicContact(bath, x) for x in sites])(T).energy
    before = np.inf
    for levels in (3, 5, 7):
        contacts = [oqs.BosonicContact(bath, pair.displacement(x, levels)) for x in sites]
        model = oqs.davies(pair.truncated(levels), contacts)
        error = np.max(np.abs(oqs.flow_law(model)(T).energy / exact - 1))
        row = oqs.audit(model, T)["truncation"]
        assert error < row.ratio < 40 * error
        assert row.ratio < 0.2 * before
        assert f"of the highest of {levels} levels" in row.measure
        before = row.ratio


def test_spins_have_no_truncation():
    contact = oqs.BosonicContact(oqs.ohmic(1e-3), qutip.sigmax())
    found = oqs.audit(oqs.davies(oqs.OperatorSystem(0.5 * qutip.sigmaz()), [contact, contact]), T)
    assert "truncation" not in [row.name for row in found.assumptions]
    assert found.verdict is oqs.Verdict.SOUND
