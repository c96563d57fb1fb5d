"""What the Fermi-Dirac integrals and the gases cost, and how exact they are.

Run as `python benchmarks/fermi_integrals.py`, with OMP_NUM_THREADS=1.
"""

import time
import timeit

import mpmath
import numpy as np

from thermo import FermiDiracGas, Reservoir, Reservoirs, SommerfeldGas, fermi_dirac_integral, invert
from thermo.fermi_integrals import MomentTable


def microseconds(call, number):
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6


def integrals():
    print("building one order's table:")
    for alpha in (0.5, 1.5, 3.0, 20.0):
        begin = time.perf_counter()
        MomentTable(alpha)
        print(f"  s = {alpha - 1:4.1f}  {1e3 * (time.perf_counter() - begin):8.1f} ms")
    print("F_(1/2)(eta), eta from -50 to 10000, and the four other moments with it:")
    rng = np.random.default_rng(0)
    for size, number in ((1, 2000), (2, 2000), (100, 500), (10_000, 20), (1_000_000, 1)):
        eta = rng.uniform(-50, 1e4, size)
        cost = microseconds(lambda eta=eta: fermi_dirac_integral(0.5, eta), number)
        print(f"  {size:8d} values {cost:12.1f} us a call {cost / size:8.3f} us a value")


def errors():
    print("largest relative error against mpmath's polylogarithm, 40 digits:")
    for s in (-0.5, 0.5, 1.5, 2.2):
        worst = 0.0
        for eta in (-50.0, -12.5, -1.5, -0.2, 0.0, 0.9, 2.5):
            with mpmath.workdps(40):
                exact = mpmath.re(-mpmath.polylog(s + 1, -mpmath.exp(eta)))
                worst = max(worst, float(abs(fermi_dirac_integral(s, eta) / exact - 1)))
        print(f"  s = {s:4.1f}  {worst:8.1e}")


def gases():
    T, mu = np.array([0.6, 1.0]), np.array([20.8, 16.0])
    for gas in (SommerfeldGas(1.5), FermiDiracGas(1.5)):
        group = Reservoirs([Reservoir(gas), Reservoir(gas, 2.0)])
        print(f"{gas}, two reservoirs:")
        cost = microseconds(lambda group=group: group.state(T, mu), 2000)
        print(f"  N, E, S and Jacobian  {cost:8.1f} us")
        N, E = gas.number(T, mu), gas.energy(T, mu)
        near = T * 1.001, mu * 1.0001
        for name, guess in (("near", near), ("no", None)):
            cost = microseconds(lambda g=gas, N=N, E=E, x=guess: invert(g, N, E, guess=x), 100)
            print(f"  inverted, {name:4} guess  {cost:8.1f} us")


if __name__ == "__main__":
    integrals()
    errors()
    gases()
