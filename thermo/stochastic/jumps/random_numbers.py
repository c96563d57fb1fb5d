"""Random numbers of a trajectory: functions of its keys and a counter, the same in every engine.

u_c = mix(mix(key_1 + (c + 1) g) ^ key_2) / 2^64, with mix the finaliser of SplitMix64 (Steele, Lea,
Flood, OOPSLA 2014, doi:10.1145/2660193.2660195) and g the golden ratio times 2^64. Two keys, since
with one the sequences of many long trajectories would overlap.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from oqs.arguments import FloatArray

KeyArray = NDArray[np.uint64]

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
PREPARING: Final = 64  # numbers set aside for the preparation; jumps draw those that follow
UNIT: Final = 2.0**-53


def keys(seed: int, begin: int, count: int) -> KeyArray:
    """Return the keys (count, 2) of trajectories begin, begin + 1, ...: a child seed for each."""
    children = (
        np.random.SeedSequence(seed, spawn_key=(index,)) for index in range(begin, begin + count)
    )
    return np.array([child.generate_state(2, np.uint64) for child in children], dtype=np.uint64)


def uniforms(key: KeyArray, counter: NDArray[np.int64]) -> FloatArray:
    """Return numbers in [0, 1), (...), of keys (..., 2) and counters (...)."""
    start = key[..., 0] + (counter.astype(np.uint64) + np.uint64(1)) * GOLDEN
    bits = mixed(mixed(start) ^ key[..., 1])
    return (bits >> np.uint64(11)).astype(np.float64) * UNIT


def mixed(z: KeyArray) -> KeyArray:
    """Return the finaliser of SplitMix64 of numbers (...)."""
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))
