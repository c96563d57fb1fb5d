"""What QmeQ 1.1 gives for two of its own examples, recorded: ten orbitals, a double orbital.

Kirsanskas, Pedersen, Karlstrom, Leijnse, Wacker, Comput. Phys. Commun. 221, 317 (2017),
doi:10.1016/j.cpc.2017.07.024. Its lead of tunnelling amplitude t has the rate 2 pi t^2.
"""

from __future__ import annotations

from typing import Final

import numpy as np

import oqs
from validation.systems.settings import Setting

TEN_ORBITALS: Final = (
    (19.0, "Pauli", 1.374e-2, 1e-5),
    (25.0, "Pauli", 5.29e-3, 1e-5),
    (19.0, "Pauli, reduced", 1.347e-2, 1e-5),
    (25.0, "Pauli, reduced", 1.52e-3, 1e-5),
    (19.0, "Lindblad, reduced", 2.93e-4, 1e-6),
    (25.0, "Lindblad, reduced", 2.478e-5, 1e-8),
)
"""(energy of the fourth orbital, kerntype, current out of the first lead, unit of its last digit).

Reduced: the states of energy above 150 are removed, not all 1024 kept.
"""

WHOLE: Final = {19.0: 3.417078288e-4, 25.0: 4.724774269e-5}
"""Current by PERLind with all 1024 states, by the energy of the fourth orbital.

By another program: numpy, blocks by spin, GMRES to a residual of 1e-13; ten digits were recorded.
"""

_PAIRS = (
    (0, 2, 3, 1),
    (0, 3, 2, 1),
    (0, 7, 8, 1),
    (0, 8, 7, 1),
    (1, 2, 3, 0),
    (1, 3, 2, 0),
    (1, 7, 8, 0),
    (1, 8, 7, 0),
    (2, 5, 6, 3),
    (2, 6, 5, 3),
    (3, 5, 6, 2),
    (3, 6, 5, 2),
    (5, 7, 8, 6),
    (5, 8, 7, 6),
    (6, 7, 8, 5),
    (6, 8, 7, 5),
)


def current_of_ten_orbitals(level: float, kind: str) -> float:
    """Return the current out of the first lead, by the generator that QmeQ's kerntype names."""
    # at rates far below all splittings PERLind, which has the window, is Pauli's equation
    weaker = 1e-6 if kind == "Pauli, reduced" else 1.0
    setting = ten_orbitals(level, weaker * 0.1)
    model: oqs.Model = setting.model
    if kind != "Pauli":
        # QmeQ leaves the states above 150 out, and does not look at what they carry
        window = oqs.Window(150.0, weight=1.0)
        model = oqs.perlind(setting.system, setting.contacts, window=window)
    return float(oqs.flow_law(model)(setting.T, setting.mu).particle[0]) / weaker


DOUBLE_ORBITAL: Final = -5.1155025067625e-21
"""Flow out of the first lead of `double_orbital`, by a rate equation in 400 digits.

QmeQ's Pauli, in double precision, has -2e-189.
"""


def double_orbital() -> Setting:
    """Return the spinful double orbital of QmeQ's tests: U = 1e5, T = 450, mu = -+5, rate 1.

    Each spin has two leads, which reach both orbitals through one channel.
    """
    U, gate = 1e5, 6500.0
    levels = np.array([-U / 8, U / 8, 15 * U / 8, 17 * U / 8]) - gate
    between = dict.fromkeys([(0, 2), (0, 3), (1, 2), (1, 3)], U / 8)
    system = oqs.InteractingSystem.from_terms(np.diag(levels), {(0, 1): U, (2, 3): U} | between)
    rows = [[1, 0, 1, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 1, 0, 1]]
    contacts = tuple(oqs.Contact(oqs.flat(1.0), row) for row in rows)
    mu = np.array([-5.0, 5.0, -5.0, 5.0])
    return Setting("double orbital", system, contacts, np.full(4, 450.0), mu)


def ten_orbitals(level: float, rate: float = 0.1) -> Setting:
    """Return five orbitals of two spins between four leads at T = 1."""
    h = [
        [60, 0, 0.2, 0.1, 0],
        [0, 40, 0.1, -0.05, 0],
        [0.2, 0.1, 38, 0, 0.2],
        [0.1, -0.05, 0, level, 0.1],
        [0, 0, 0.2, 0.1, 20],
    ]
    rows = np.zeros((4, 10))
    rows[0, :2], rows[1, 4], rows[2, 5:7], rows[3, 9] = 1, -1, 1, -1
    system = oqs.InteractingSystem.from_terms(np.kron(np.eye(2), h), V=dict.fromkeys(_PAIRS, -0.2))
    contacts = tuple(oqs.Contact(oqs.flat(rate), row) for row in rows)
    mu = np.array([50.0, 10.0, 50.0, 10.0])
    return Setting(f"ten orbitals, {level:g}", system, contacts, np.ones(4), mu)
