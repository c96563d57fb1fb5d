"""Long public calls, which a test interrupts: `python interrupted_calls.py NAME MARK`.

The file MARK says that the call goes on, which then begins again and again.
"""

import functools
import pathlib
import sys

import numpy as np
import qutip
import sweep_functions

import oqs
import thermo

ENDS = [oqs.Contact(oqs.flat(0.01), row) for row in ([1, 0], [0, 1])]
DOTS = oqs.QuadraticSystem([[1.2, 0.03], [0.03, 1.25]])
DAVIES = functools.partial(oqs.davies, DOTS, ENDS)
BOXES = [thermo.Reservoir(thermo.FermiDiracGas(1.0), 20.0, name) for name in ("cold", "hot")]
T, MU = [0.3, 0.6], [1.2, 0.9]
AT = {"T": T, "mu": MU}


def contacts(sites, rate=0.01):
    return [oqs.Contact(oqs.flat(rate), oqs.spin_channels(row)) for row in np.eye(sites)[[0, -1]]]


def spinful(make, sites, **options):
    return make(oqs.hubbard_chain(sites, 1.0, U=4.0, V=0.5, level=-2.0), contacts(sites), **options)


ENDS_OF_ONE = [oqs.Contact(oqs.flat(0.01)), oqs.Contact(oqs.flat(0.02))]
LORENTZIAN = [oqs.Contact(oqs.lorentzian(0.1, m, 5.0), np.eye(2)) for m in (0.5, -0.5)]
STARTS = np.column_stack([np.linspace(0.25, 0.35, 200), np.full(200, 0.6)])


def level(w):
    return oqs.davies(oqs.QuadraticSystem([[w]]), ENDS_OF_ONE)


def read_and_write(folder):
    path = thermo.evolve(oqs.closed_form(DOTS, ENDS), BOXES, T, MU)
    path.save(folder / "path.nc")
    thermo.Trajectory.load(folder / "path.nc")


CALLS = {
    "davies, flows": lambda _: oqs.flow_law(spinful(oqs.davies, 5))(T, MU),
    "stationary_state": lambda _: oqs.stationary_state(spinful(oqs.davies, 5), T, MU),
    "perlind, flows": lambda _: oqs.flow_law(spinful(oqs.perlind, 5))(T, MU),
    "first_order": lambda _: oqs.first_order(
        oqs.hubbard_chain(4, 1.0, U=4.0), contacts(4), T, MU
    ),
    "audit": lambda _: oqs.audit(spinful(oqs.davies, 5), T, MU),
    "audit with a bar": lambda _: oqs.audit(spinful(oqs.davies, 5), T, MU, progress=True),
    "thermodynamic_price": lambda _: oqs.thermodynamic_price(spinful(oqs.perlind, 3), T, MU),
    "heom_law": lambda _: oqs.heom_law(
        oqs.anderson_dot(-0.3, 1.5), LORENTZIAN, depth=3, expansion=3, accuracy=1.0
    )([1.0, 1.3], [0.5, -0.5]),
    "landauer": lambda _: oqs.landauer(DOTS, ENDS, accuracy=1e-12)(T, MU),
    "gaussian_law": lambda _: oqs.gaussian_law(
        oqs.QuadraticSystem(np.add.outer(np.arange(500.0), np.arange(500.0)) % 7), ENDS_OF_ONE
    )(T, MU),
    "counting_statistics": lambda _: oqs.counting_statistics(
        spinful(oqs.davies, 4), T, MU
    ).covariance("particle"),
    "relaxation_time": lambda _: oqs.relaxation_time(spinful(oqs.davies, 4), T, MU),
    "stability_diagram": lambda _: oqs.stability_diagram(
        lambda gate: oqs.davies(oqs.anderson_dot(-gate, U=1.2), ENDS_OF_ONE),
        np.linspace(-1, 2, 60), np.linspace(-2, 2, 61), T=0.05,
    ),
    "evolve": lambda _: thermo.evolve(oqs.flow_law(DAVIES()), BOXES, T, MU),
    "coevolve": lambda _: thermo.coevolve(
        DAVIES(), BOXES, qutip.basis([2, 2], [0, 0]), T, MU, t_final=3e3
    ),
    "evolve_ensemble": lambda _: thermo.evolve_ensemble(
        oqs.closed_form(DOTS, ENDS), BOXES, STARTS, MU
    ),
    "evolve_ensemble in processes": lambda _: thermo.evolve_ensemble(
        oqs.closed_form(DOTS, ENDS), BOXES, np.tile(STARTS, (10, 1)), MU, workers=2
    ),
    "sweep": lambda folder: thermo.sweep(
        functools.partial(sweep_functions.wide, size=100), {"a": range(3000)},
        store=folder / "sweep.db",
    ),
    "sweep in processes": lambda folder: thermo.sweep(
        functools.partial(sweep_functions.wide, size=100), {"a": range(3000)},
        store=folder / "sweep.db", executor=2,
    ),
    "optimise": lambda _: thermo.optimise(
        lambda w: oqs.flow_law(level(w))(T, MU).energy[0],
        {"w": (0.1, 3.0)},
    ),
    "device_map": lambda _: thermo.device_map(
        level, np.linspace(1, 3, 40), np.linspace(0.1, 0.9, 40), T=[1.0, 2.0], name="w",
    ),
    "evolve_stochastic": lambda _: thermo.evolve_stochastic(
        DAVIES(), BOXES, **AT, trajectories=20_000, t_final=3e4, seed=1, times=[3e4]
    ),
    "evolve_stochastic in processes": lambda _: thermo.evolve_stochastic(
        DAVIES(), BOXES, **AT, trajectories=20_000, t_final=3e4, seed=1, times=[3e4], executor=2
    ),
    "wave functions": lambda _: thermo.evolve_stochastic(
        oqs.perlind(DOTS, ENDS), BOXES, **AT, trajectories=500, t_final=3e3, seed=1, times=[3e3]
    ),
    "master_equation": lambda _: thermo.master_equation(
        level(1.3), BOXES, **AT
    ).at(1e3),
    "explicit_reservoirs": lambda _: thermo.explicit_reservoirs(
        DOTS, ENDS, BOXES, levels=300
    ).evolve(**AT, times=np.linspace(0, 1e3, 50)),
    "save and load": read_and_write,
}  # fmt: skip

if __name__ == "__main__":
    call, mark = CALLS[sys.argv[1]], pathlib.Path(sys.argv[2])
    mark.touch()
    while True:
        call(mark.parent)
        for store in mark.parent.glob("sweep.db*"):
            store.unlink()
