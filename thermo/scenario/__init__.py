"""Scenarios: TOML files that say what to compute.

docs/scenarios.md describes every key. From the bottom up: `schema` reads the parts of a file,
`scenario` is what they make, `results` and `tasks` compute and write, `reading` reads a whole file,
`running` computes one, `actions` are what `python -m thermo` does, `commands` its words.

Public names stand in `__init__.pyi` and are imported when they are first asked for.
"""

from oqs.exports import lazy as _lazy

__getattr__, __dir__, __all__ = _lazy(__name__, __file__)
