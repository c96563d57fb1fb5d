"""The jumps of a block generator, weighted with what they move out of their reservoir.

With e = a gained + b w what a jump M moves from eigenstate to eigenstate, the rule of counting
replaces M rho M^+ by (M e^{x e/2}) rho (M e^{x e/2})^+, element by element.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from oqs.arguments import FloatArray
from oqs.stationary.conserved.block_generator import BlockGenerator, Jump
from oqs.stationary.conserved.storage import Block

Kind = tuple[int, bool]
"""A reservoir, and whether the system gains."""


def moved(generator: BlockGenerator, jump: Jump, a: float, b: float) -> FloatArray:
    """Return a N + b E (d', d) that a jump moves into the system."""
    w = generator.blocks.frequency(jump.channel)
    return a * jump.gained + b * jump.gained * (w.T if jump.gained > 0 else w)


def derivative(
    generator: BlockGenerator, j: int, weights: FloatArray, order: int, x: Block
) -> Block:
    """Return the derivative, so many times, of the counted jumps of reservoir j, applied to x (P,).

    `weights`: a, b of what is counted; `order`: m of d^m/dx^m at 0.
    """
    layout = generator.layout
    result = np.zeros_like(x)
    source, target = layout.split(x), layout.split(result)
    for jump in _of_reservoir(generator, j):
        e = moved(generator, jump, float(weights[0]), float(weights[1]))
        powers = [jump.matrix * e**i for i in range(order + 1)]
        block = source[jump.source]
        for i, left in enumerate(powers):
            share = math.comb(order, i) / 2**order
            target[jump.target] += share * (left @ block @ powers[order - i].conj().T)
    return result


def counts(generator: BlockGenerator, x: Block) -> FloatArray:
    """Return what reservoirs lose in x (P,): the traces (2, n) of the first derivatives on it."""
    lost = np.zeros((2, generator.blocks.reservoirs))
    for jump, flux, frequency in generator.fluxes(x):
        lost[0, jump.channel.contact] += jump.gained * flux.sum()
        lost[1, jump.channel.contact] += jump.gained * np.vdot(flux, frequency)
    return lost


def tilted(generator: BlockGenerator, chi: FloatArray, xi: FloatArray) -> BlockGenerator:
    """Return the generator with fields (n,) on particles and energy."""

    def weighted(jump: Jump) -> Jump:
        j = jump.channel.contact
        e = moved(generator, jump, float(chi[j]), float(xi[j]))
        return jump._replace(matrix=jump.matrix * np.exp(e / 2))

    return generator.with_jumps([weighted(jump) for jump in generator.jumps])


def apart(generator: BlockGenerator, kinds: list[Kind]) -> tuple[list[Jump], list[Jump]]:
    """Return the jumps of these kinds, and the others."""
    chosen: list[Jump] = []
    others: list[Jump] = []
    for jump in generator.jumps:
        kind = jump.channel.contact, jump.gained > 0
        (chosen if kind in kinds else others).append(jump)
    return chosen, others


def jumped(generator: BlockGenerator, jumps: list[Jump], x: Block) -> Block:
    """Return sum M x M^+ of these jumps (P,)."""
    result = np.zeros_like(x)
    source, target = generator.layout.split(x), generator.layout.split(result)
    for jump in jumps:
        target[jump.target] += jump.matrix @ source[jump.source] @ jump.matrix.conj().T
    return result


def _of_reservoir(generator: BlockGenerator, j: int) -> Iterator[Jump]:
    return (jump for jump in generator.jumps if jump.channel.contact == j)
