"""The random checks of `validation` on few samples: the same code, quickly."""

import functools
import itertools

from validation import families
from validation.families.open_system import bosonic, counting, interacting, trust
from validation.systems import random_systems

KINDS = ("independent_baths", "distinct_levels", "collective_baths", "interacting")
COUNT = 6  # every energy scale, with and without degenerate modes


def few_samples(monkeypatch):
    """Draw at most 6 systems of each kind, and take the first figure only.

    Where a family keeps its samples for several checks, none are kept from another test.
    """
    for kind in KINDS:
        original = getattr(random_systems, kind)
        monkeypatch.setattr(
            random_systems,
            kind,
            lambda rng, count, original=original: original(rng, min(count, COUNT)),
        )
    for family in families.FAMILIES:
        module = families.module_name(family)
        monkeypatch.setattr(f"{module}.published", first_figure, raising=False)
    for family, size, count, samples in (
        (interacting, "_SYSTEMS", 12, "_samples"),
        (trust, "_DOUBLE_DOTS", 16, "_audits"),
        (bosonic, "_SPINS", 12, "_settings"),
        (counting, "_SYSTEMS", 18, "_samples"),
    ):
        monkeypatch.setattr(family, size, count)
        kept = getattr(family, samples)
        monkeypatch.setattr(family, samples, functools.cache(kept.__wrapped__))
    monkeypatch.setattr(bosonic, "_DOTS", 6)


def first_figure():
    from validation.systems.settings import published

    return itertools.islice(published(), 1)
