"""Faults in what a device does and in the transient cooling."""

import dataclasses

from faults.fault import Fault, faults, wrapping

import oqs
import thermo
from validation.families.finite_reservoirs import machines

FAMILIES = ("machines",)


def made(**change):
    """Plant: `thermo.device` returns something else; no optimum is kept from another test."""

    def plant(monkeypatch):
        monkeypatch.setattr(machines, "series", machines.series.__wrapped__)
        wrapping(
            thermo,
            "device",
            lambda d: dataclasses.replace(d, **{k: f(d) for k, f in change.items()}),
        )(monkeypatch)

    return plant


def of_device(name, change):
    """Plant: a property of a device goes through `change`."""

    def plant(monkeypatch):
        original = getattr(thermo.Device, name).fget
        monkeypatch.setattr(thermo.Device, name, property(lambda d: change(original(d))))

    return plant


def cooled(**change):
    return wrapping(
        thermo,
        "cooling",
        lambda found: tuple(
            dataclasses.replace(c, **{k: f(getattr(c, k)) for k, f in change.items()})
            for c in found
        ),
    )


def off_maximum(change):
    """Plant: the optimiser ends beside the maximum."""

    def plant(monkeypatch):
        monkeypatch.setattr(machines, "series", machines.series.__wrapped__)
        wrapping(
            thermo,
            "maximum_power",
            lambda best: dataclasses.replace(
                best,
                parameters=best.parameters | {"lift": change * best.parameters["lift"]},
            ),
        )(monkeypatch)

    return plant


def coloured(monkeypatch):
    """The contacts of the level depend on frequency."""
    monkeypatch.setattr(machines, "series", machines.series.__wrapped__)
    monkeypatch.setattr(oqs, "flat", lambda size: oqs.power_law(size, 1.0))


def leaking(monkeypatch):
    """The middle reservoir also reaches the lower frequency."""
    original = oqs.davies

    def wrong(system, contacts):
        cold, middle, hot = contacts
        leak = oqs.Contact(lambda w: 1e-4 * cold.rate(w) + middle.rate(w), middle.coupling)
        return original(system, [cold, leak, hot])

    monkeypatch.setattr(oqs, "davies", wrong)


FAULTS = [
    *faults(made(power=lambda d: d.power * (1 + 1e-9)), "power off by 1e-9", "power is heat"),
    *faults(
        of_device("carnot", lambda bound: 0.5 * bound),
        "half of the bound",
        "no device beats Carnot",
    ),
    *faults(
        made(entropy_production=lambda d: d.entropy_production * (1 + 1e-9)),
        "entropy production off by 1e-9",
        "efficiency and entropy",
    ),
    *faults(
        of_device("efficiency", lambda eta: eta * (1 + 1e-9)),
        "efficiency off by 1e-9",
        "efficiency and entropy",
        "tight coupling",
    ),
    *faults(of_device("cop", lambda cop: cop * (1 + 1e-9)), "cop off by 1e-9", "tight coupling"),
    *faults(
        of_device("carnot", lambda bound: bound * (1 + 1e-4)),
        "bound off by 1e-4",
        "Carnot at stopping",
        "absorption refrigerator",
    ),
    *faults(
        off_maximum(1.01),
        "beside the maximum by 1 %",
        "maximum power, first order",
        "maximum power, second order",
    ),
    Fault("maximum power, third order", "rates that grow with frequency", coloured),
    Fault("absorption refrigerator", "a leak of 1e-4 past the filter", leaking),
    *faults(
        cooled(time=lambda t: t * (1 + 1e-6)),
        "time off by 1e-6",
        "depth, time and duration of cooling",
    ),
    *faults(
        cooled(lowest=lambda T: T * (1 + 1e-6)),
        "lowest T off by 1e-6",
        "depth, time and duration of cooling",
    ),
    *faults(
        cooled(duration=lambda t: t * 1.01),
        "duration off by 1 %",
        "depth, time and duration of cooling",
    ),
    *faults(
        cooled(entropy_cost=lambda s: s * (1 + 1e-7)),
        "entropy off by 1e-7",
        "entropy cost of cooling",
    ),
]
