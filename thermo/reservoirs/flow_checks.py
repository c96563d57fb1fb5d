"""Checks of a flow law and of the gases before Eq. (5) is integrated."""

from __future__ import annotations

import numpy as np

from oqs.arguments import FloatArray
from oqs.flows import Flows
from thermo.reservoirs.reservoir import Reservoirs

_MAXWELL = 1e-6  # relative; a Jacobian by differences passes, a wrong one does not


def checked_flows(flows: object, shape: tuple[int, ...]) -> Flows:
    """Return what a law returned for T, mu of a shape (n,) or (b, n), if it is Flows of it."""
    if not isinstance(flows, Flows):
        raise TypeError(
            f"Argument `law` must return oqs.Flows, but returned {type(flows).__name__}. "
            "Complete particle and energy flows with oqs.Flows.of(particle, energy, mu)."
        )
    if flows.particle.shape == shape:
        return flows
    if len(shape) > 1:
        raise ValueError(
            f"Argument `law` must return Flows of shape {shape} for T and mu of that shape (it "
            f"says `batched`, or many states are evolved at once), but returned "
            f"{flows.particle.shape}. Take reservoir j as T[..., j], as oqs.closed_form(...) does."
        )
    raise ValueError(
        f"Argument `law` must return one flow for each of the {shape[0]} reservoirs, but "
        f"returned shape {flows.particle.shape}. Give as many reservoirs as the law joins."
    )


def check_finite(flows: Flows, T: FloatArray, mu: FloatArray) -> None:
    """Raise ValueError naming the first state at which a flow is not finite."""
    finite = np.isfinite(flows.particle) & np.isfinite(flows.heat)
    if not finite.all():
        n = T.shape[-1]
        row = int(np.argmin(finite.reshape(-1, n).all(axis=1)))
        state, potential, particle, heat = (
            values.reshape(-1, n)[row].tolist() for values in (T, mu, flows.particle, flows.heat)
        )
        raise ValueError(
            f"Argument `law` must return finite flows, but at T = {state}, mu = {potential} it "
            f"returned particle = {particle}, heat = {heat}. Mend the law there."
        )


def check_exchange(flows: Flows, reservoirs: Reservoirs) -> None:
    """Raise ValueError where particles leave a reservoir that has none to exchange."""
    lost = flows.particle[..., ~reservoirs.has_potential]
    if lost.any():
        j = int(np.flatnonzero(~reservoirs.has_potential)[np.argwhere(lost)[0][-1]])
        raise ValueError(
            "Argument `reservoirs` must hold a gas of fermions where particles are exchanged, but "
            f"{reservoirs.names[j]!r} is {reservoirs[j].gas!r} and would lose "
            f"{float(lost[lost != 0][0])!r} of them per unit time. Give e.g. FermiDiracGas there, "
            "or a bosonic contact."
        )


def check_gases(reservoirs: Reservoirs, gas: FloatArray, T: FloatArray, mu: FloatArray) -> None:
    """Raise ValueError unless dE/dmu = mu dN/dmu + T dN/dT, without which Eq. (5) keeps no totals.

    Parameters
    ----------
    gas : (..., n, 2, 2) their Jacobians at T, mu (..., n).
    """
    terms = np.stack([gas[..., 1, 1], -mu * gas[..., 0, 1], -T * gas[..., 0, 0]])
    wrong = np.abs(terms.sum(axis=0)) > _MAXWELL * np.abs(terms).sum(axis=0)
    if wrong.any():
        place = tuple(int(k[0]) for k in np.nonzero(wrong))
        raise ValueError(
            f"Argument `reservoirs` must hold gases that obey dE/dmu = mu dN/dmu + T dN/dT, "
            f"but {reservoirs[place[-1]].gas!r} does not at T = {float(T[place])!r}, "
            f"mu = {float(mu[place])!r}. Mend its jacobian."
        )
