"""A user's own system under the checks: `python -m validation my.toml`."""
