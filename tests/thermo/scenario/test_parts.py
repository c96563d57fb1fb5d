"""A scenario's sweep in parts, as the tasks of a job array, and their table."""

import pathlib

import pytest

import thermo
from thermo.scenario.commands import main
from thermo.scenario.reading import example

SLURM = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the scenario of the harvester, whose sweep has five points."""
    monkeypatch.chdir(tmp_path)
    for name in SLURM:
        monkeypatch.delenv(name, raising=False)
    pathlib.Path("my.toml").write_text(example("harvester").read_text(encoding="utf-8"))
    return tmp_path


def run(*words):
    return main(["run", "my.toml", "--quiet", *words])


def test_parts_make_the_table_of_the_whole(here, monkeypatch):
    assert run("--out", "whole") == 0
    assert run("--out", "out", "--part", "0/3") == 0
    for task in (2, 3):  # a job array that counts from 1
        for name, value in zip(SLURM, (task, 1, 3), strict=True):
            monkeypatch.setenv(name, str(value))
        assert run("--out", "out") == 0
    folders = [f"out-part-{i}-of-3" for i in range(3)]
    assert sorted(path.name for path in here.iterdir() if path.is_dir()) == [*folders, "whole"]
    assert run("--out", "merged", "--merge", *folders) == 0
    tables = [thermo.load_dataset(f"{name}/sweep.nc") for name in ("whole", "merged")]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--part", "3/3"], "0 <= i < n, but is 3/3"),
        (["--part", "one"], "must be i/n"),
        (["--part", "0/9"], "`--part` must be one of at most 5 parts"),
        (["--merge", "nowhere"], "'nowhere' holds no sweep.part"),
    ],
)
def test_wrong_words(here, capsys, words, text):
    assert run("--out", "out", *words) == 2
    assert text in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["my.toml"]


def test_a_task_that_is_no_number_is_named(here, capsys, monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "first")
    assert run("--out", "out") == 2
    assert "SLURM_ARRAY_TASK_ID must be a whole number" in capsys.readouterr().err


def test_a_missing_part_is_named_before_anything_is_computed(here, capsys):
    assert run("--out", "out", "--part", "0/2") == 0
    assert run("--out", "merged", "--merge", "out-part-0-of-2") == 2
    said = capsys.readouterr().err
    assert "`--merge` must hold all 2 parts, but lacks part 1/2. Run" in said
    assert not (here / "merged").exists()


def test_parts_of_another_sweep(here, capsys):
    assert run("--out", "out", "--part", "0/1") == 0
    text = pathlib.Path("my.toml").read_text()
    pathlib.Path("my.toml").write_text(text.replace("num = 5", "num = 4"))
    assert run("--out", "merged", "--merge", "out-part-0-of-1") == 2
    assert "other axes or quantities" in capsys.readouterr().err


def test_no_sweep_has_no_parts(here, capsys):
    assert main(["run", "figure_1", "--part", "0/2"]) == 2
    assert "key `sweep` must be there for a part" in capsys.readouterr().err
