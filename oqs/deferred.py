"""QuTiP and xarray where they are used: many a call needs neither.

`from oqs.deferred import qutip` is `import qutip`, put off until something of it is asked for. That
takes 0.9 s, half of it pyplot, and `import xarray` 0.4 s.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final, final

from oqs.exports import IMPORTING

if TYPE_CHECKING:
    import qutip
    import xarray as xr

__all__ = ["Deferred", "qutip", "xr"]


@final
class Deferred:
    """Stands for a module and imports it when something of it is asked for."""

    def __init__(self, module: str) -> None:
        self._module: Final = module

    def __getattr__(self, name: str) -> Any:
        if name == "_module":  # not there yet: a copy is being made
            raise AttributeError(name)
        with IMPORTING:
            value = getattr(importlib.import_module(self._module), name)
        setattr(self, name, value)  # the next time it is there
        return value


if not TYPE_CHECKING:
    qutip = Deferred("qutip")
    xr = Deferred("xarray")
