"""What a stranger installs: one version, bounds that are tested, facts that agree, whole files."""

import pathlib
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import lower_bounds
import pytest
import yaml

import oqs

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("oqs", "thermo", "validation")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))


def test_the_version_has_one_source():
    attribute = PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert attribute == "oqs.version.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", oqs.__version__)
    assert "version" not in PROJECT["project"]
    assert "version" not in CITATION


def test_every_requirement_has_one_lowest_version():
    pins = lower_bounds.pins(PROJECT["project"])
    assert "numpy==2.0" in pins
    names = [pin.partition("==")[0] for pin in pins]
    assert len(names) == len(set(names)), "two bounds for one package"


@pytest.mark.parametrize("requirement", ["numpy", "numpy>2", "numpy>=2,<3", "numpy~=2.0"])
def test_a_requirement_without_a_lowest_version_is_refused(requirement):
    project = {"dependencies": [requirement], "optional-dependencies": {}}
    with pytest.raises(ValueError, match=re.escape(repr(requirement))):
        lower_bounds.pins(project)


def test_python_versions_are_those_that_are_tested():
    prefix = "Programming Language :: Python :: "
    said = [
        each.removeprefix(prefix)
        for each in PROJECT["project"]["classifiers"]
        if re.fullmatch(prefix + r"3\.\d+", each)
    ]
    assert said == WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert PROJECT["project"]["requires-python"] == f">={said[0]}"


def test_the_licence_is_the_one_that_is_stated():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("BSD 3-Clause License")
    assert "the oqs-thermo developers" in text
    assert PROJECT["project"]["license"] == CITATION["license"] == "BSD-3-Clause"


def test_the_citation_names_the_paper():
    (paper,) = CITATION["references"]
    assert paper["identifiers"][0]["value"] == "arXiv:2412.15355"
    names = [author["family-names"] for author in paper["authors"]]
    assert names == ["Vovchenko", "Zyablovsky", "Pukhov", "Andrianov"]
    assert {"cff-version", "message", "title", "authors", "type"} <= CITATION.keys()


def run(*command, folder):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return sdist and wheel, the wheel built from the sdist."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--outdir", folder, folder=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def committed():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    return set(run("git", "ls-files", "-z", folder=ROOT).rstrip("\0").split("\0"))


@pytest.mark.slow
def test_the_sdist_holds_every_committed_file(built):
    with tarfile.open(built[0]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert committed() - held == set()


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_the_licence(built):
    with zipfile.ZipFile(built[1]) as archive:
        held = set(archive.namelist())
    ours = {name for name in committed() if name.partition("/")[0] in PACKAGES}
    rest = held - ours
    assert ours - held == set()
    assert all(".dist-info/" in name for name in rest)
    assert any(name.endswith("/LICENSE") for name in rest)


@pytest.mark.slow
def test_the_built_files_work(built, tmp_path):
    """The wheel in a new environment; from the unpacked sdist a part of its own tests."""
    sdist, wheel = built
    run(sys.executable, "-m", "venv", tmp_path / "new", folder=tmp_path)
    python = tmp_path / "new" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pins = ("--constraint", ROOT / "constraints.txt")
    run(python, "-m", "pip", "install", "-q", *pins, f"{wheel}[test]", folder=tmp_path)
    assert "Clausius" in run(python, "-m", "validation", "--list", folder=tmp_path)
    assert run(python, "-c", "import oqs; print(oqs.__version__)", folder=tmp_path).strip() == (
        oqs.__version__
    )
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (each for each in tmp_path.iterdir() if each.name.startswith("oqs_thermo-"))
    parts = ["tests/oqs/modes/test_closed_form.py", "tests/thermo/reservoirs/test_equilibrium.py"]
    readme = ["tests/test_documents.py", "-k", "README"]
    assert " passed" in run(python, "-m", "pytest", "-p", "no:cacheprovider", *parts, folder=source)
    assert " passed" in run(
        python, "-m", "pytest", "-p", "no:cacheprovider", *readme, folder=source
    )
