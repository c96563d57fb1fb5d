"""exp(A t) of a generator over any time: what it conserves stays conserved.

Squaring exp(A h) multiplies its eigenvalue 1 by itself, and the rounding of that 1 with it: after
the 40 squarings of a time of 1e12 relaxation times a trace is off by 1e-4. The conserved part is
therefore split off first, exp(A t) = Q + exp(A t) (1 - Q), with Q the projector on the kernel of A
along its range; what is left decays, and its rounding with it.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg

from oqs.arguments import ComplexArray

_HARMLESS = 8  # squarings, after which a trace is off by 1e-14
_ZERO = 1e-13  # singular values below this fraction of the largest: the rounding of zeros


def exponential(generator: ComplexArray, time: float) -> ComplexArray:
    """Return exp(A t) (m, m) for a generator A (m, m) without growing solutions, t >= 0.

    Decay rates below 1e-13 of the largest cannot be told from zero in double precision and count as
    that.
    """
    squarings = max(0, math.frexp(float(np.linalg.norm(generator, 1)) * time)[1])
    if squarings <= _HARMLESS:
        return scipy.linalg.expm(generator * time)
    conserved = _kernel_projector(generator)
    propagator = scipy.linalg.expm(generator * math.ldexp(time, -squarings))
    propagator = propagator - propagator @ conserved
    for _ in range(squarings):
        propagator = propagator @ propagator
    return conserved + propagator


def _kernel_projector(generator: ComplexArray) -> ComplexArray:
    """Return the projector (m, m) on the kernel along the range; 0 if there is no kernel."""
    left, sizes, right = np.linalg.svd(generator)
    zero = sizes <= _ZERO * sizes[0]
    kernel, cokernel = right[zero].conj().T, left[:, zero].conj().T
    return kernel @ np.linalg.solve(cokernel @ kernel, cokernel)
