"""The import names of oqs-thermo are those of other distributions too: they are told apart."""

import importlib.metadata
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


def imported(name, first):
    """Import a package of ours in a new interpreter that looks into the folder `first` first."""
    code = f"import sys; sys.path[:0] = {[str(first), str(ROOT)]}; import {name}"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def installed(folder, distribution):
    facts = folder / f"{distribution.replace('-', '_')}-0.9.0.dist-info" / "METADATA"
    facts.parent.mkdir()
    facts.write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 0.9.0\n")


@pytest.mark.parametrize("name", ["oqs", "thermo", "validation"])
@pytest.mark.parametrize(("distribution", "same"), [("thermo", "thermo"), ("liboqs-python", "oqs")])
def test_an_environment_that_holds_both_is_refused(tmp_path, name, distribution, same):
    installed(tmp_path, distribution)
    done = imported(name, tmp_path)
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("ImportError: The environment must hold one package called")
    assert f"`{same}`" in sentence
    assert f"{distribution} 0.9.0" in sentence
    assert "environment of its own: python -m venv" in sentence


def test_another_oqs_is_named_and_not_run(tmp_path):
    other = tmp_path / "oqs" / "__init__.py"
    other.parent.mkdir()
    other.write_text("print('run')")
    done = imported("thermo", tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("ImportError: `oqs` must be that of oqs-thermo, in ")
    assert str(other) in sentence


@pytest.mark.parametrize("distribution", ["thermo", "liboqs-python"])
def test_the_tests_run_without_the_others(distribution):
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version(distribution)
