"""Checks of the tolerances and the step limit of an integration."""

from __future__ import annotations

from oqs.arguments import positive_number, whole_number

_LEAST_RTOL = 1e-11
_ROOM = 1e3  # tolerance / rtol: the totals, and with them the equilibrium, drift by some rtol


def check_controls(
    rtol: float, tolerance: float, max_steps: int, *, why_least: str, default_steps: int
) -> None:
    """Raise ValueError unless the controls of an integration to equilibrium are usable.

    Parameters
    ----------
    rtol : of the integration. tolerance : of the equilibrium. max_steps : limit.
    why_least : sentence that says what fails below the least rtol.
    default_steps : named in the remedy.
    """
    if not positive_number("rtol", rtol, "The default is 1e-10.") >= _LEAST_RTOL:
        raise ValueError(
            f"Argument `rtol` must be at least {_LEAST_RTOL:g}, but is {rtol!r}. {why_least}"
        )
    ratio = positive_number("tolerance", tolerance, "The default is 1e-6.") / rtol
    if not ratio > _ROOM * (1 - 1e-9):  # 1e-6 is 1000 times 1e-9 only up to rounding
        raise ValueError(
            f"Argument `tolerance` must be at least {_ROOM:g} rtol = {_ROOM * rtol!r}, but is "
            f"{tolerance!r}. The equilibrium is known no better than N and E are conserved."
        )
    whole_number("max_steps", max_steps, 1, f"The default is {default_steps}.")
