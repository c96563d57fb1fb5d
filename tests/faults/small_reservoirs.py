"""Faults in the jumps of small reservoirs and in explicit levels."""

import dataclasses
import importlib

import numpy as np
from faults.fault import Fault, faults, wrapping

import thermo
from thermo.stochastic.jumps import runs
from thermo.stochastic.small.pair_rates import PairRates
from thermo.stochastic.small.small_reservoir import ScaledReservoir

FAMILIES = ("small_reservoirs",)
MASTER = importlib.import_module("thermo.stochastic.master_equation")
WAVES = importlib.import_module("thermo.stochastic.wave_functions.effective")
LEVELS = importlib.import_module("thermo.stochastic.explicit.levels")


def one_particle_off(monkeypatch):
    """The occupation of a jump is that of the reservoir with one particle less."""
    chains, rates = MASTER.chain, MASTER._rates
    fewer = {}

    def chain(table, members, names):
        found = chains(table, members, names)
        shifted = found.reservoirs.entropy.copy()
        for j, member in enumerate(members):
            entropy = member.at(found.lost[:, j] + 1, found.released[:, j] + table.frequency[0])
            there = ~np.isnan(entropy.entropy)
            shifted[there, j] = entropy.entropy[there]
        fewer[id(found)] = found.reservoirs._replace(entropy=shifted)
        return found

    def wrong(table, gammas, states, occupations):
        shifted = states._replace(reservoirs=fewer[id(states)])
        return rates(table, gammas, shifted, occupations)

    monkeypatch.setattr(MASTER, "chain", chain)
    monkeypatch.setattr(MASTER, "_rates", wrong)


def fermi_occupations(monkeypatch):
    """The Fermi function of the momentary T, mu instead of the entropies."""
    for name in ("master_equation", "evolve_stochastic"):
        original = getattr(thermo, name)
        monkeypatch.setattr(
            thermo,
            name,
            lambda *args, original=original, **options: original(
                *args, **{**options, "occupations": "fermi"}
            ),
        )


def fermi_jumps(monkeypatch):
    """The same for the jumps alone."""
    original = thermo.evolve_stochastic
    monkeypatch.setattr(
        thermo,
        "evolve_stochastic",
        lambda *args, **options: original(*args, **{**options, "occupations": "fermi"}),
    )


def momentary_rate(monkeypatch):
    """A rate of T and mu is that of the state before the jump."""
    monkeypatch.setattr(
        PairRates, "between", lambda self, j, w, here, there, entropic: self.at(j, w, *here)
    )


def mean_energy(monkeypatch):
    """A jump takes the mean energy of all jumps, not its own."""

    def averaged(table):
        return dataclasses.replace(
            table, frequency=np.full_like(table.frequency, table.frequency.mean())
        )

    wrapping(MASTER, "jump_table", averaged)(monkeypatch)


def energy_off(monkeypatch):
    """A jump takes 5 % too much energy."""
    wrapping(
        MASTER,
        "jump_table",
        lambda table: dataclasses.replace(table, frequency=1.05 * table.frequency),
    )(monkeypatch)


def seed_twice(monkeypatch):
    """Two trajectories share a child seed."""
    original = runs.keys
    monkeypatch.setattr(
        runs, "keys", lambda seed, begin, count: original(seed, begin, count)[np.arange(count) // 2]
    )


def fluctuations_kept(monkeypatch):
    """The same fluctuations at any capacity: all reservoirs are of one size."""
    original = ScaledReservoir.of.__func__
    monkeypatch.setattr(
        ScaledReservoir,
        "of",
        classmethod(lambda cls, gas, capacity, T, mu: original(cls, gas, 20.0, T, mu)),
    )


def exchange_wrong(monkeypatch):
    """Heat counted over 1.5 times the temperature."""
    stochastic = importlib.import_module("thermo.stochastic.evolve_stochastic")
    original = stochastic._entropies

    def wrong(jumps, column):
        run = dataclasses.replace(jumps.plan.run, T=1.5 * jumps.plan.run.T)
        plan = dataclasses.replace(jumps.plan, run=run)
        return original(dataclasses.replace(jumps, plan=plan), column)

    monkeypatch.setattr(stochastic, "_entropies", wrong)


def scaled_coupling(factor):
    def plant(monkeypatch):
        wrapping(LEVELS, "_coupling", lambda t: factor * t)(monkeypatch)

    return plant


def shared_levels(monkeypatch):
    """Both reservoirs have levels of the same energies."""
    explicit = importlib.import_module("thermo.stochastic.explicit.explicit_reservoirs")
    original = explicit.levels_of
    monkeypatch.setattr(explicit, "levels_of", lambda *args: original(*args[:-1], 0.5))


def eternal_waves(monkeypatch):
    """The waiting changes a wave function half as much as its jumps ask."""
    original = WAVES.series
    monkeypatch.setattr(WAVES, "series", lambda A, phi: original(A.real / 2 + 1j * A.imag, phi))


def no_drift(monkeypatch):
    """The energy of the waiting is charged to nobody."""
    walk = importlib.import_module("thermo.stochastic.wave_functions.wave_walk").WaveWalk
    original = walk._jump

    def jump(self, rows):
        waited = self._energy(self.phi[rows]) / WAVES.norm(self.phi[rows])
        self.held[rows] = waited
        self.drift[rows] = 0.0
        original(self, rows)

    monkeypatch.setattr(walk, "_jump", jump)


FAULTS = [
    Fault(
        "fluctuation theorem of the master equation",
        "the rate before the jump",
        momentary_rate,
    ),
    Fault("wave functions against their generator", "half the decay", eternal_waves),
    Fault("total energy of wave functions", "energy of the waiting lost", no_drift),
    *faults(
        one_particle_off,
        "occupations off by one particle",
        "stationary law of small reservoirs",
        "fluctuation theorem of the master equation",
        "jumps against their master equation",
    ),
    *faults(
        fermi_occupations,
        "Fermi occupations",
        "stationary law of small reservoirs",
        "fluctuation theorem of the master equation",
    ),
    Fault("Fig. 1 with reservoirs of 60 particles", "Fermi occupations of the jumps", fermi_jumps),
    Fault("fluctuation theorem of the jumps", "heat over 1.5 T", exchange_wrong),
    *faults(
        mean_energy,
        "energy of a jump by its mean",
        "Fig. 1 with reservoirs of 600 particles",
    ),
    Fault("every trajectory has its own random numbers", "a seed used twice", seed_twice),
    Fault("small reservoirs approach the mean field", "energy of a jump 5 % off", energy_off),
    Fault("fluctuations of small reservoirs", "one size for all", fluctuations_kept),
    Fault("first particles out of explicit levels", "coupling 1.5 % off", scaled_coupling(1.015)),
    Fault("explicit levels that thermalise", "coupling 10 % off", scaled_coupling(1.1)),
    Fault("explicit levels that do not thermalise", "levels of the same energies", shared_levels),
]
