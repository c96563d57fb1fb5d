"""The Davies generator of a system between reservoirs, Eqs. (2) and (9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from oqs.arguments import of_type, one_of, true_or_false
from oqs.contact.base import ReservoirContact
from oqs.exports import exported
from oqs.generator.davies.davies_model import DaviesModel
from oqs.system.base import System


@exported
def davies(
    system: System,
    contacts: Sequence[ReservoirContact],
    *,
    lamb_shift: bool = False,
    resolution: float | None = None,
    energy: Literal["hamiltonian", "level"] = "hamiltonian",
) -> DaviesModel:
    """Build the Davies generator of `system` between `contacts`: Eq. (9) and its generalisation.

    Each channel of each contact is decomposed by Bohr frequency; the rates are evaluated at the
    frequencies that occur. Nothing here depends on the reservoirs' T and mu.

    Parameters
    ----------
    system : QuadraticSystem, InteractingSystem or OperatorSystem.
    contacts : one Contact or BosonicContact per reservoir; an OperatorSystem takes bosonic ones.
        A quadratic system between both kinds is no quadratic problem: the model's system is then
        the InteractingSystem of the same h.
    lamb_shift : include the frequency shifts FS_j of Eq. (2). They commute with H_S and leave the
        state of a system without degenerate levels as it is; each contact needs its `band`.
    resolution : energy; levels and Bohr frequencies closer than it count as equal. None takes
        `system.resolution`, 1e-12 of the largest many-body energy, or less beside a far level.
    energy : what J_j counts: "hamiltonian", tr(D_j[rho] H_S), or "level", tr(D_j[rho] H_0) with H_0
        the mean energy of the states that `resolution` counts as one level. Detailed balance holds
        at that mean, so with H_0 the flows obey Eq. (3) exactly, with H_S only up to the splittings
        (Potts, Kalaee, Wacker 2021, arXiv:2108.07528); J_j of H_S is the more accurate. Where
        `resolution` also counts unequal distances of levels as one Bohr frequency, as it may with
        interactions, neither is exact: `model.detailed_balance` tells.

    Raises
    ------
    TypeError, ValueError
        for no contacts, a coupling of the wrong length, a rate that is not finite and >= 0 at a
        Bohr frequency, a resolution below the rounding of the energies or above the whole spectrum,
        another word for `energy`.

    Notes
    -----
    Valid for weak coupling, gamma << T, and for splittings of different Bohr frequencies far above
    the rates (Davies 1974, doi:10.1007/BF01608389); levels split by less than the rates come out
    wrong by large factors.

    Examples
    --------
    >>> leads = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), name="hot")]
    >>> model = oqs.davies(oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]]), leads)
    >>> model.liouvillian([0.5, 1.0], [1.2, 0.8]).shape
    (16, 16)
    """
    of_type(
        "system",
        system,
        System,
        "a QuadraticSystem, InteractingSystem or OperatorSystem",
        "Make one with oqs.QuadraticSystem(h), or of a Qobj with oqs.InteractingSystem(H, "
        "annihilators) or oqs.OperatorSystem(H); QuadraticBosons go to oqs.closed_form, "
        "oqs.gaussian_law, or system.truncated(levels).",
    )
    one_of("energy", energy, ("hamiltonian", "level"), "Omit it to count the energy of H_S.")
    shifted = true_or_false("lamb_shift", lamb_shift, "Omit it to leave the shifts out.")
    return DaviesModel.of(system, contacts, shifted, resolution, energy)
