"""The version of the distribution oqs-thermo, stated here only: pyproject.toml reads it."""

from __future__ import annotations

import importlib.metadata
import platform

__version__ = "0.1.0"


def versions() -> dict[str, str]:
    """Return the versions of Python, of this distribution and of what its numbers depend on."""
    depended_on = ("numpy", "scipy", "qutip")
    return {
        "python": platform.python_version(),
        "oqs-thermo": __version__,
        **{name: importlib.metadata.version(name) for name in depended_on},
    }
