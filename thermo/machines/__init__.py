"""What a set of reservoirs does as a machine: power, cooling, and the parameters that do it best.

Units: hbar = k_B = 1, energies in one reference energy. Flows are positive where a reservoir loses.
"""

from thermo.machines.cooling import Cooling, cooling
from thermo.machines.device import Device, device
from thermo.machines.fluctuations import DeviceFluctuations, device_fluctuations
from thermo.machines.objectives import deepest_cooling, maximum_power
from thermo.machines.optimum import OptimisationFailed, Optimum, optimise

__all__ = [
    "Cooling",
    "Device",
    "DeviceFluctuations",
    "OptimisationFailed",
    "Optimum",
    "cooling",
    "deepest_cooling",
    "device",
    "device_fluctuations",
    "maximum_power",
    "optimise",
]
