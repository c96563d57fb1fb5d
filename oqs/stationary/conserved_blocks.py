"""The stationary state of a generator that keeps all coherences within quantum numbers."""

from __future__ import annotations

import dataclasses
from typing import final

import numpy as np

from oqs.exports import exported
from oqs.generator.model import Model
from oqs.generator.perlind.perlind import PerlindModel
from oqs.memory import announce, require_memory
from oqs.numerics.blocks import labels_of_links
from oqs.stationary.conserved.layout import Layout
from oqs.stationary.conserved.problem import BlockProblem
from oqs.stationary.method import StationaryMethod, StationaryProblem
from oqs.stationary.pair_problem import pair_problem
from oqs.stationary.uniqueness import require_unique
from oqs.system.systems import QuadraticSystem

_FEW = 120  # matrix elements up to which a matrix of products is quicker than blocks


@exported
@final
@dataclasses.dataclass(frozen=True)
class ConservedBlocks(StationaryMethod):
    """Solve for the blocks of rho between states of equal quantum numbers, for `oqs.perlind`.

    The quantum numbers are those that H and all contacts respect: the particle number, the spin
    where channels carry one, ... All coherences within them are kept. Up to 400 matrix elements are
    solved as one matrix; more are iterated (GMRES) with products of blocks and the secular part of
    the generator as preconditioner. So few as of two spinful sites are solved for many T, mu at
    once, and so are bosonic contacts and rates that depend on T and mu. The residual is checked
    against the largest gross rate, so populations and flows hold to 1e-13 of that in absolute
    terms.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), [1, 0]), oqs.Contact(oqs.flat(0.02), [0, 1])]
    >>> model = oqs.perlind(oqs.spinless_dots([0.0, 0.2], 0.1, U=1.0), leads)
    >>> oqs.flow_law(model).method
    ConservedBlocks()
    """

    def prepare(self, model: Model) -> StationaryProblem:
        """Build the blocks.

        Raises
        ------
        ValueError
            if the model is no PERLind model of an interacting system.
        MemoryError
            where the iteration would not fit, with the number of elements.
        NonUniqueStationaryState
            if the contacts leave part of the system alone.
        """
        if not isinstance(model, PerlindModel) or isinstance(model.system, QuadraticSystem):
            raise ValueError(
                "ConservedBlocks() must have the PERLind model of an InteractingSystem, but has "
                f"the {model.kind} of a {type(model.system).__name__}. Omit `method`."
            )
        sizes = np.bincount(model.coherent_sets).astype(np.float64)
        elements = int(np.sum(sizes**2))
        few = elements <= _FEW and model.window is None and not model.shifted
        if few or not model.by_blocks:
            return pair_problem(model, self, model.coherent_sets)
        _require_memory(model)
        require_unique(model)
        if model.window is not None:
            _require_connected(model)
        return BlockProblem(model, self, Layout(model.blocks))


def _require_memory(model: PerlindModel) -> None:
    """Raise MemoryError where the iteration would not fit; say what a long one costs.

    It keeps some 40 vectors of all elements, jumps up and down, and a rate matrix between
    neighbouring particle numbers.
    """
    blocks = model.blocks
    sizes = np.array([len(sector.states) for sector in blocks.sectors], dtype=np.float64)
    particles = np.array([sector.particles for sector in blocks.sectors])
    shells = np.bincount(particles - particles.min(), sizes)
    roots = sum(float(block.root.size) for block in blocks.channels)
    elements = float(np.sum(sizes**2))
    entry = 8 if blocks.real else 16
    needed = entry * (40 * elements + 3 * roots)
    needed += 8 * float(2 * np.sum(shells[1:] * shells[:-1]) + 2 * np.sum(shells**2))
    require_memory(
        needed,
        f"The stationary state of {elements:.3g} matrix elements by iteration",
        "Keep fewer states, oqs.perlind(..., window=oqs.Window(energy, mu)).",
    )
    products = sum(4.0 * block.root.size * sum(block.root.shape) for block in blocks.channels)
    announce("A stationary state of PERLind", 30 * (products + 4 * float(np.sum(sizes**3))) / 2e10)


def _require_connected(model: PerlindModel) -> None:
    """Raise ValueError where the window keeps one state alone, or several sets of states."""
    blocks = model.blocks
    links = [np.zeros((0, 2), dtype=np.intp)]
    for block in blocks.channels:
        lower, upper = np.nonzero(block.root)
        ends = blocks.sectors[block.lower].states[lower], blocks.sectors[block.upper].states[upper]
        links.append(np.stack(ends, axis=1))
    pairs = np.concatenate(links)
    label = labels_of_links(pairs[:, 0], pairs[:, 1], blocks.dimension)
    kept = np.concatenate([sector.states for sector in blocks.sectors])
    if len(kept) == 1:
        raise ValueError(
            "Argument `window` must keep states that contacts connect, but "
            f"{model.window!r} keeps one state alone. Give a larger `energy`."
        )
    sets = len(np.unique(label[kept]))
    if sets > 1:
        raise ValueError(
            f"Argument `window` must keep states that contacts connect, but {model.window!r} keeps "
            f"{sets} sets of states with no transition between them. Give a larger `energy`."
        )
