"""The frequency shift of each reservoir: H_LS,j in FS_j[rho] = -i[H_LS,j, rho], Eq. (2)."""

from __future__ import annotations

from numpy.typing import ArrayLike

from oqs.deferred import qutip
from oqs.exports import exported
from oqs.generator.model import Model, checked_model


@exported
def lamb_shift(model: Model, T: ArrayLike, mu: ArrayLike | None = None) -> tuple[qutip.Qobj, ...]:
    """Return H_LS,j of every reservoir, Hermitian Qobj (2^N, 2^N), units of energy.

        H_LS,j = sum_a sum_w { e_j(w) S_a(w)^+ S_a(w) + f_j(w) S_a(w) S_a(w)^+ },
        e_j(w) = P int de/(2 pi) gamma_j(e) (1 - n_j(e)) / (w - e),
        f_j(w) = -P int de/(2 pi) gamma_j(e) n_j(e) / (w - e),

    the second-order level shifts by virtual emission and absorption of a particle. Each term
    commutes with H_S. For independent modes e - f does not depend on T and mu: it is the real part
    of the self-energy.

    Of a bosonic contact gamma (1 - n) stands for J (1 + n_B) at e > 0 and J(-e) n_B(-e) at e < 0,
    f_j(w) = e_j(-w), and S_a(0) counts once.

    Parameters
    ----------
    model : made by `davies`.
    T, mu : (n,) temperatures and chemical potentials, units of energy.

    Raises
    ------
    TypeError, ValueError
        if T, mu are refused, or a contact has no band over which the integral converges.

    References
    ----------
    Breuer and Petruccione, The Theory of Open Quantum Systems (2002), Eq. (3.141).

    Examples
    --------
    >>> dots = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
    >>> leads = [oqs.Contact(oqs.lorentzian(0.01, 1.0, 2.0))]
    >>> model = oqs.davies(dots, leads, lamb_shift=True)
    >>> [shift.isherm for shift in oqs.lamb_shift(model, [0.5], [1.2])]
    [True]
    """
    return checked_model(model).lamb_shift(T, mu)
