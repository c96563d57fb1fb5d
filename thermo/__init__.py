"""Finite reservoirs on the slow scale: equations of state, equilibrium, evolution.

Units: hbar = k_B = 1, energies in one reference energy. Flows are positive where a reservoir loses.
Equation numbers are those of Vovchenko et al., arXiv:2412.15355.

Public names stand in `__init__.pyi` and are imported when they are first asked for.
"""

import pathlib as _pathlib
import runpy as _runpy

# by its path: `import oqs` would run whatever `oqs` Python finds first
_namesakes = _pathlib.Path(__file__).parents[1] / "oqs" / "namesakes.py"
_runpy.run_path(str(_namesakes))["refuse_namesakes"]()

from oqs.exports import lazy as _lazy

__getattr__, __dir__, __all__ = _lazy(__name__, __file__)
