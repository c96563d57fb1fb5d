"""Table I: signs of the spectral flows of two reservoirs in each window of frequency."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import expit

import oqs
import thermo
from thermo.machines.regimes import TABLE_I, SpectralSigns
from validation.framework.check import Measurement
from validation.framework.claim import claim

_SAMPLES = 60

_Title = Literal["T_1 < T_2", "T_1 > T_2"]


def _mismatches(rng: np.random.Generator, title: _Title) -> Measurement:
    """Count the signs that differ from print, from Eq. (10)'s flows at random parameters."""
    windows = TABLE_I[title]
    wrong, compared = 0, dict.fromkeys(windows, 0)
    for _ in range(_SAMPLES):
        T = np.sort(rng.uniform(0.2, 2.0, 2))
        T = T if title == "T_1 < T_2" else T[::-1].copy()
        mu = np.sort(rng.uniform(5.0, 20.0, 2))[::-1].copy()
        for window in windows:
            low, high = window.ends(T, mu)
            low = max(low, 0.0)
            high = min(high, low + 50 * T.min())
            if not high > low or (low - mu.min()) / T.min() > 500:
                continue  # absent where omega-bar < 0; nothing is occupied that far above mu
            w = rng.uniform(low, high, 3)
            law = oqs.closed_form(
                oqs.QuadraticSystem.from_energies(w), [oqs.Contact(oqs.flat(1.0))] * 2
            )
            signs = SpectralSigns.of_flows(law.spectral(T, mu))
            printed = [
                (signs.particle[:, 0], window.particle_1),
                (signs.energy[:, 0], window.particle_1),
                (signs.heat[:, 0], window.heat_1),
                (signs.particle[:, 1], window.particle_2),
                (signs.energy[:, 1], window.particle_2),
                (signs.heat[:, 1], window.heat_2),
            ]
            wrong += sum(int(np.sum(measured != sign)) for measured, sign in printed)
            compared[window] += 18
    if min(compared.values()) == 0:  # a window that was never looked at proves nothing
        return Measurement(float("inf"), detail="a window of the panel was never sampled")
    return Measurement(float(wrong), detail=f"{sum(compared.values())} signs compared")


@claim("Table I", "the printed signs, mu_1 > mu_2", 0.0, name="Table I, T_1 < T_2")
def first_panel(rng: np.random.Generator) -> Measurement:
    """Spectral flows of particles, energy and heat have the printed signs in every window."""
    return _mismatches(rng, "T_1 < T_2")


@claim("Table I", "the printed signs, mu_1 > mu_2", 0.0, name="Table I, T_1 > T_2")
def second_panel(rng: np.random.Generator) -> Measurement:
    """Spectral flows of particles, energy and heat have the printed signs in every window."""
    return _mismatches(rng, "T_1 > T_2")


@claim("Table I", "the energy at which both occupations agree", 1e-12, name="omega-bar")
def dividing_energy(rng: np.random.Generator) -> float:
    """omega-bar = (T_1 mu_2 - T_2 mu_1)/(T_1 - T_2) divides the windows."""
    T, mu = rng.uniform(0.2, 2.0, (200, 2)), rng.uniform(5.0, 20.0, (200, 2))
    x = (thermo.omega_bar(T, mu)[:, None] - mu) / T
    spread = np.abs(x[:, 0] - x[:, 1]) / np.maximum(np.abs(x).max(axis=1), 1.0)
    near = expit(-np.abs(x)).max(axis=1) > 1e-12  # elsewhere nothing is occupied, or all
    return float(np.max(spread[near]))
