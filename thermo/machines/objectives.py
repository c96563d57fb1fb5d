"""Ready objectives: the parameters of most power, and of the deepest cooling."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oqs.arguments import index
from oqs.exports import exported
from thermo.evolution.trajectory import Trajectory
from thermo.machines.cooling import cooling
from thermo.machines.device import Device
from thermo.machines.optimum import Optimum, optimise


@exported
def maximum_power(
    machine: Callable[..., Device],
    bounds: Mapping[str, tuple[float, float]],
    *,
    seed: int = 0,
    tolerance: float = 1e-8,
    max_evaluations: int = 20_000,
    progress: bool | None = None,
) -> Optimum:
    """Return the parameters at which a device delivers most power.

    Parameters
    ----------
    machine : machine(**parameters) -> Device, as `thermo.device` makes it.
    bounds, seed, tolerance, max_evaluations, progress : as for `optimise`.

    Returns
    -------
    Optimum
        its value is the power; machine(**optimum.parameters).efficiency is the efficiency at
        maximum power.

    Raises
    ------
    TypeError, ValueError, OptimisationFailed
        as `optimise`.

    Examples
    --------
    >>> law = oqs.closed_form(
    ...     oqs.QuadraticSystem.from_energies([3.0]), [oqs.Contact(oqs.flat(0.01))] * 2
    ... )
    >>> def engine(mu):
    ...     return thermo.device(law([1.0, 2.0], [mu, 0.0]), T=[1.0, 2.0], mu=[mu, 0.0])
    >>> best = thermo.maximum_power(engine, {"mu": (0.0, 1.5)})
    >>> print(f"efficiency {engine(**best.parameters).efficiency:.4f}, at most 1 - T_c/T_h = 0.5")
    efficiency 0.2815, at most 1 - T_c/T_h = 0.5
    """

    def power(**parameters: float) -> float:
        device = machine(**parameters)
        if not isinstance(device, Device):
            raise TypeError(
                f"Argument `machine` must return a Device, but returned {type(device).__name__}. "
                "Return thermo.device(flows, T, mu)."
            )
        return device.power

    return optimise(
        power,
        bounds,
        seed=seed,
        tolerance=tolerance,
        max_evaluations=max_evaluations,
        progress=progress,
    )


@exported
def deepest_cooling(
    run: Callable[..., Trajectory],
    bounds: Mapping[str, tuple[float, float]],
    *,
    reservoir: int = 0,
    seed: int = 0,
    tolerance: float = 1e-5,
    max_evaluations: int = 2_000,
    progress: bool | None = None,
) -> Optimum:
    """Return the parameters at which the transient cooling of a reservoir is deepest.

    Parameters
    ----------
    run : run(**parameters) -> Trajectory, as `thermo.evolve` makes it; events=False is enough.
    bounds, seed, tolerance, max_evaluations, progress : as for `optimise`; the depth of a run at
        its default tolerance is known to 1e-9, which locates the parameters to some 1e-5.
    reservoir : its place, counted from 0.

    Returns
    -------
    Optimum
        its value is the depth, lowest T over T(0): 1 where nothing within bounds cools.

    Raises
    ------
    TypeError, ValueError, OptimisationFailed
        as `optimise`.

    Examples
    --------
    >>> rate = oqs.flat(1e-4)
    >>> reservoirs = [thermo.Reservoir(thermo.SommerfeldGas(1.5))] * 2
    >>> def run(w):
    ...     dots = oqs.QuadraticSystem.from_energies([w, 21.5])
    ...     law = oqs.closed_form(dots, [oqs.Contact(rate)] * 2)
    ...     return thermo.evolve(law, reservoirs, T=[0.6, 1.0], mu=[20.8, 16.0], events=False)
    >>> best = thermo.deepest_cooling(run, {"w": (20.9, 21.2)}, tolerance=0.1)
    >>> print(f"{best.value:.3f} of T(0) at w = {best.parameters['w']:.1f}")
    0.602 of T(0) at w = 21.2
    """

    def depth(**parameters: float) -> float:
        coolings = cooling(run(**parameters))
        return coolings[index("reservoir", reservoir, len(coolings), "It is counted from 0.")].depth

    return optimise(
        depth,
        bounds,
        goal="minimum",
        seed=seed,
        tolerance=tolerance,
        max_evaluations=max_evaluations,
        progress=progress,
    )
