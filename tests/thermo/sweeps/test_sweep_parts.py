"""A sweep in parts: each in a process of its own, then one table; what is missing is named."""

import os
import subprocess
import sys

import numpy as np
import pytest
import sweep_functions as functions

import thermo

GRID = {"a": [1, 2, 3], "b": [0.5, 1.5]}
PROGRAM = """
import sys, sweep_functions as f, thermo
i, n = map(int, sys.argv[2:])
thermo.sweep(f.product, {"a": [1, 2, 3], "b": [0.5, 1.5]}, store=sys.argv[1], part=(i, n))
"""


@pytest.fixture
def parts(tmp_path):
    """The stores of a sweep in three parts."""
    files = [tmp_path / f"part-{i}.db" for i in range(3)]
    for i, file in enumerate(files):
        thermo.sweep(functions.product, GRID, store=file, part=(i, 3))
    return files


def test_processes_make_one_table(tmp_path):
    files = [tmp_path / f"{i}.db" for i in range(2)]
    program = tmp_path / "program.py"
    # thermo first: tests/ has a folder of that name
    folder = os.path.dirname(functions.__file__)
    program.write_text(f"import sys, thermo; sys.path.append({folder!r})")
    with program.open("a") as text:
        text.write(PROGRAM)
    running = [
        subprocess.Popen([sys.executable, program, file, str(i), "2"])
        for i, file in enumerate(files)
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    whole = thermo.sweep(functions.product, GRID)
    assert thermo.merge(reversed(files)).identical(whole)


def test_a_part_says_what_it_left_to_others(tmp_path):
    table = thermo.sweep(functions.product, GRID, part=(1, 3))
    done = table["error"].values == ""
    assert done.sum() == 2
    assert done.ravel()[[1, 4]].all()
    assert set(table["error"].values[~done]) == {"not computed: it is not in part 1/3"}
    assert np.isnan(table["sum"].values[~done]).all()


def test_a_failed_point_is_merged_with_its_error(tmp_path):
    files = [tmp_path / f"{i}.db" for i in range(2)]
    for i, file in enumerate(files):
        thermo.sweep(functions.fails_at_two, {"a": [0, 1, 2]}, store=file, part=(i, 2))
    table = thermo.merge(files)
    whole = thermo.sweep(functions.fails_at_two, {"a": [0, 1, 2]})
    assert str(table["error"].values[2]) != ""
    assert table.identical(whole)


def test_more_parts_than_points_can_be_asked_for_up_to_one_each():
    assert (thermo.sweep(functions.product, GRID, part=(5, 6))["error"] == "").sum() == 1


@pytest.mark.parametrize(
    ("part", "kind", "text"),
    [
        ((3, 3), ValueError, r"must be \(i, n\), 0 <= i < n, but is \(3, 3\)"),
        ((-1, 3), ValueError, "0 <= i < n"),
        ((0, 0), ValueError, "0 <= i < n"),
        ((0.0, 3), TypeError, "must be two whole numbers"),
        ("0/3", TypeError, "must be two whole numbers"),
        ((0, 7), ValueError, "at most 6 parts"),
    ],
)
def test_a_part_that_is_none(part, kind, text):
    with pytest.raises(kind, match=f"Argument `part` .*{text}"):
        thermo.sweep(functions.product, GRID, part=part)


def test_missing_parts_are_named(parts):
    with pytest.raises(ValueError, match="but lacks part 1/3"):
        thermo.merge([parts[0], parts[2]])
    with pytest.raises(ValueError, match="is no file"):
        thermo.merge([*parts[:2], parts[2].with_name("elsewhere.db")])


def test_a_doubled_part_is_named(parts, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_bytes(parts[1].read_bytes())
    with pytest.raises(ValueError, match=r"1/3 is there twice, in .*part-1.db' and .*copy.db'"):
        thermo.merge([*parts, copy])


def test_an_unfinished_part_is_named(parts, tmp_path):
    unfinished = tmp_path / "unfinished.db"
    with pytest.raises(KeyboardInterrupt):
        thermo.sweep(Interrupting(after=1), GRID, label="1", store=unfinished, part=(0, 3))
    others = [tmp_path / f"other-{i}.db" for i in (1, 2)]
    for i, file in zip((1, 2), others, strict=True):
        thermo.sweep(Interrupting(after=1000), GRID, label="1", store=file, part=(i, 3))
    with pytest.raises(ValueError, match=r"unfinished.db' holds 1 of the 2 points of part 0/3"):
        thermo.merge([unfinished, *others])


class Interrupting:
    """A function that is interrupted, as by Ctrl-C, after so many points."""

    def __init__(self, after):
        self._left = after

    def __call__(self, a, b):
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return a + b

    def __reduce__(self):
        return Interrupting, (1,)


def test_a_store_is_of_one_part(parts):
    with pytest.raises(ValueError, match=r"part 0/3 of the axes a \(3\), b \(2\), now part 1/3"):
        thermo.sweep(functions.product, GRID, store=parts[0], part=(1, 3))
    with pytest.raises(ValueError, match="now the whole of a grid"):
        thermo.sweep(functions.product, GRID, store=parts[0])
    again = thermo.sweep(functions.product, GRID, store=parts[0], part=(0, 3))
    assert (again["error"] == "").sum() == 2


def test_parts_of_different_sweeps(parts, tmp_path):
    other = tmp_path / "other.db"
    thermo.sweep(functions.product, {**GRID, "b": [0.5, 9.0]}, store=other, part=(2, 3))
    with pytest.raises(ValueError, match="differ in their grid"):
        thermo.merge([*parts[:2], other])
    whole = tmp_path / "whole.db"
    thermo.sweep(functions.product, GRID, store=whole)
    with pytest.raises(ValueError, match=r"whole\.db' is of a whole grid"):
        thermo.merge([whole])
    with pytest.raises(TypeError, match="must be several files, but is '"):
        thermo.merge(str(other))
    with pytest.raises(ValueError, match="but is empty"):
        thermo.merge([])
