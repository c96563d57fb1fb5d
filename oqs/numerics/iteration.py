"""Large linear equations by iteration: restarted GMRES with a preconditioner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

Vector = NDArray[Any]
Map = Callable[[Vector], Vector]


def gmres(
    apply: Map,
    right: Vector,
    nearly: Map,
    *,
    start: Vector | None = None,
    relative: float,
    restart: int,
    cycles: int,
) -> Vector:
    """Return what is found for A x = right (P,) in so many cycles; `nearly` is about A^-1.

    Its exit status tells little: the caller judges the residual.
    """
    operator, inverse = (
        scipy.sparse.linalg.LinearOperator((len(right),) * 2, matvec=f, dtype=right.dtype)
        for f in (apply, nearly)
    )
    x, _ = scipy.sparse.linalg.gmres(
        operator, right, x0=start, M=inverse, rtol=relative, restart=restart, maxiter=cycles
    )
    return np.asarray(x)
