"""The version of the distribution oqs-thermo, stated here only: pyproject.toml reads it."""

__version__ = "0.1.0"
