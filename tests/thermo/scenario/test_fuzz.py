"""Thousands of damaged scenarios: each is read, or refused in one sentence that names the file."""

import collections
import copy
import dataclasses
import datetime
import math
import random

import pytest

from oqs.errors import StationaryStateNotFound
from thermo.scenario import FlowsTask, ScenarioError, example, examples
from thermo.scenario.reading import scenario
from thermo.scenario.running import Run
from thermo.scenario.schema.document import Document, load, parse

TEXTS = [example(name).read_text(encoding="utf-8") for name in examples()]
TABLES = [dict(load(example(name)).tables) for name in examples()]
JUNK = (
    *(None, True, False, 0, -1, 1, 2, 10**6, 10**400, -0.0, 0.5, 1e-300, 1e300, -1e300),
    *(math.nan, math.inf, -math.inf, "", "x", "1", "nan", "1e999j", "a.b", "\n", "é" * 500),
    *([], [[]], [1, "a"], [1, [2]], [[1, 2], [3]], {}, {"law": "flat"}, {"law": []}),
    *([{}], {"sites": [0, 0]}, [1.0] * 600, datetime.date(2026, 1, 1), datetime.time(1)),
)
WORDS = ("T", "mu", "name", "law", "energies", "h", "U", "spin", "sweep", "units", "nonsense", "")
BYTES = '[]{}=",.#\n\\ \t0159-+eEjnaif\x00\x7f£'


def refused(make, damaged):
    """Return the error of a damaged scenario, None if it is read; other errors fail the test."""
    try:
        scenario(make(damaged))
    except ScenarioError as error:
        found = error
    else:
        return None
    text = str(found)
    assert found.file == "damaged.toml"
    for line in text.split("\n"):
        assert line.startswith("damaged.toml: ")
        assert line.isprintable()
        assert len(line) < 700
    return text


def of_text(text):
    return parse(text, "damaged.toml")


def of_tables(tables):
    return Document("damaged.toml", "", tables)


def damaged_text(rng):
    text = rng.choice(TEXTS)
    for _ in range(rng.choice((1, 1, 2, 8))):
        i = rng.randrange(len(text))
        j = min(len(text), i + rng.choice((1, 1, 3, 20, 200)))
        middle = rng.choice(
            (
                "",
                rng.choice(BYTES),
                rng.choice(BYTES) * 3,
                text[i:j] * 2,
                str(rng.choice(JUNK)),
                text[i:j][::-1],
                rng.choice(TEXTS)[i:j],
            )
        )
        text = text[:i] + middle + text[j:]
    return text


def places(value, found):
    """Collect every (table or array, key or index) below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in items:
        found.append((value, key))
        if isinstance(below, dict | list):
            places(below, found)
    return found


def damaged_tables(rng):
    tables = copy.deepcopy(rng.choice(TABLES))
    for _ in range(rng.choice((1, 1, 2, 4))):
        owner, key = rng.choice(places(tables, [(tables, "title")]))
        act = rng.randrange(5)
        if act == 0:
            owner[key] = copy.deepcopy(rng.choice(JUNK))
        elif act == 1 and isinstance(owner, dict):
            owner[rng.choice(WORDS)] = owner.pop(key, None)
        elif act == 2 and isinstance(owner, dict):
            owner.pop(key, None)
        elif act == 3 and isinstance(owner, list):
            owner.append(copy.deepcopy(owner[key]))
        else:
            other, at = rng.choice(places(tables, [(tables, "title")]))
            owner[key] = copy.deepcopy(other.get(at) if isinstance(other, dict) else other[at])
    return tables


@pytest.mark.parametrize("seed", range(4))
def test_damaged_text_is_read_or_refused(seed):
    rng = random.Random(seed)
    found = [refused(of_text, damaged_text(rng)) for _ in range(2000)]
    assert 1000 < sum(text is not None for text in found) < 2000


@pytest.mark.parametrize("seed", range(4))
def test_damaged_tables_are_read_or_refused(seed):
    rng = random.Random(100 + seed)
    found = [refused(of_tables, damaged_tables(rng)) for _ in range(2000)]
    named = [text for text in found if text is not None and ": key `" in text]
    assert 1000 < len(named) < 2000


def test_what_is_read_runs_or_is_refused():
    rng = random.Random(7)
    outcomes = collections.Counter()
    while outcomes.total() < 150:
        try:
            found = scenario(of_tables(damaged_tables(rng)))
        except ScenarioError:
            continue
        if found.system.sites > 4:
            continue
        try:
            found = dataclasses.replace(found, asked={"flows": FlowsTask(audit=False)})
            list(Run(found, None, si=False, progress=False).steps())
            outcomes["run"] += 1
        except (ScenarioError, StationaryStateNotFound) as error:
            outcomes[type(error).__name__] += 1
    assert outcomes["run"] > 100


def test_what_is_damaged_is_the_shipped_scenarios():
    assert len(TEXTS) >= 10
    assert all(refused(of_tables, t) is None for t in TABLES)
