"""The open system at density-matrix level: generators of small systems of fermions, bosons, spins.

Units: hbar = k_B = 1, energies in one reference energy. Flows are positive where a reservoir loses.
Equation numbers are those of Vovchenko et al., arXiv:2412.15355.

Public names stand in `__init__.pyi` and are imported when they are first asked for.
"""

from oqs.exports import lazy as _lazy
from oqs.namesakes import refuse_namesakes as _refuse_namesakes
from oqs.version import __version__ as __version__

_refuse_namesakes()
__getattr__, __dir__, __all__ = _lazy(__name__, __file__)
