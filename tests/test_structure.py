"""The shape of the project: import order, light imports, whose packages, classes, sizes, pins."""

import abc
import collections
import copy
import enum
import importlib
import inspect
import pathlib
import pickle
import pkgutil
import re
import subprocess
import sys
import tomllib

import pytest

import oqs
import thermo
import validation
from oqs.deferred import Deferred

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = (oqs, thermo, validation)
LINES = 400
MOST_FILES = 14  # in a folder: more are not surveyed at a glance

# Written so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home|Users|tmp|mnt|builds?|var|opt)/[\w.]+")
REGISTRY = re.compile(
    r"\b(?:files\.)?python(?:hosted)[.]|\bpypi[.](?:org|python)|(?:extra-)?index-(?:url)\b"
    r"|https?://[^\s)\"'>]*(?:/simple/|nexus|artifactory|mirror|proxy)",
    re.IGNORECASE,
)
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!]*")


def tracked_files():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are committed")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def module_names():
    return [
        name
        for package in PACKAGES
        for name in (
            package.__name__,
            *(m.name for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")),
        )
    ]


def own_classes():
    # public ones name their package as their module
    public = [getattr(package, name) for package in PACKAGES for name in package.__all__]
    others = [
        value
        for name in module_names()
        for value in vars(importlib.import_module(name)).values()
        if inspect.isclass(value) and value.__module__ == name
    ]
    return [value for value in {*public, *others} if inspect.isclass(value)]


def in_a_new_interpreter(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_imports_go_one_way():
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = in_a_new_interpreter(code)
    assert done.returncode == 0, done.stdout + done.stderr
    # all of them were looked at: a contract that is not read would not be broken either
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = len(settings["tool"]["importlinter"]["contracts"])
    assert contracts >= 3
    assert f"Contracts: {contracts} kept, 0 broken." in done.stdout, done.stdout


def test_the_import_order_would_be_seen_broken(tmp_path):
    for package, text in (("low", "import high"), ("high", "import low")):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(text)
    (tmp_path / "rules.ini").write_text(
        "[importlinter]\nroot_packages =\n  low\n  high\n"
        "[importlinter:contract:one]\nname = one way\ntype = layers\nlayers =\n  high\n  low\n"
    )
    code = (
        "import os, sys; os.chdir(sys.argv[1]); sys.path.insert(0, sys.argv[1])\n"
        "from importlinter.cli import lint_imports\n"
        "sys.exit(lint_imports(config_filename='rules.ini', no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "low is not allowed to import high" in done.stdout


def import_without(package, absent):
    """Import the package where these modules cannot be imported."""
    # a look into sys.modules would not do: qutip itself imports matplotlib where there is one
    block = f"import sys; sys.modules.update(dict.fromkeys({absent}))"
    return in_a_new_interpreter(f"{block}; from {package} import *")


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("oqs", ["matplotlib", "dask", "distributed", "xarray", "rich", "thermo", "validation"]),
        ("thermo", ["dask", "distributed", "validation"]),
    ],
)
def test_a_package_needs_no_more_than_it_says(package, absent):
    done = import_without(package, absent)
    assert done.returncode == 0, done.stderr


def test_a_need_for_more_would_be_seen():
    done = import_without("oqs", ["scipy"])
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
    assert "scipy" in done.stderr


HEAVY = ["matplotlib", "qutip", "xarray", "h5netcdf", "pandas", "scipy.interpolate"]
SOLVERS = ["oqs.stationary", "oqs.generator.davies", "scipy.integrate"]
SOLVERS += ["scipy.optimize", "thermo.stochastic"]


def command_without(absent, *words):
    """Run a command of `python -m thermo` where these modules cannot be imported."""
    block = f"import sys; sys.modules.update(dict.fromkeys({absent}))"
    call = f"from thermo.scenario.commands import main; sys.exit(main({list(words)}))"
    return in_a_new_interpreter(f"{block}; {call}")


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (
            ("--help",),
            [*HEAVY, *SOLVERS, "scipy.linalg", "scipy.sparse", "thermo.scenario.reading"],
        ),
        (("run", "--help"), [*HEAVY, *SOLVERS, "scipy.linalg", "scipy.sparse"]),
        (("check", "figure_1"), [*HEAVY, *SOLVERS]),
        (("check", "coulomb_cooling"), [*HEAVY, *SOLVERS]),
    ],
    ids=["help", "help of run", "check", "check of interactions"],
)
def test_commands_that_compute_nothing_start_without_what_computes(words, absent):
    done = command_without(absent, *words)
    assert done.returncode == 0, done.stderr


def test_a_command_that_computes_would_be_seen():
    done = command_without(HEAVY, "relaxation", "figure_1")
    assert done.returncode == 1
    assert "import of qutip halted" in done.stderr


def test_a_package_alone_imports_none_of_what_it_is_made_of():
    done = in_a_new_interpreter("import oqs, thermo, sys; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert {"numpy", "scipy", *HEAVY} & set(done.stdout.split()) == set()


@pytest.mark.parametrize("package", [oqs, thermo], ids=lambda package: package.__name__)
def test_names_that_a_package_has_and_has_not(package):
    every = {}
    exec(f"from {package.__name__} import *", every)
    assert set(package.__all__) == set(every) - {"__builtins__"}
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'no"):
        _ = package.nonsense
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        exec(f"from {package.__name__} import nonsense")
    assert not hasattr(package, "_private")
    assert not hasattr(package, "no.name")


def test_threads_may_ask_for_names_at_once():
    code = """
import threading, oqs
names = [(oqs, name) for name in oqs.__all__]
ready, errors = threading.Barrier(len(names)), []
def ask(package, name):
    ready.wait()
    try:
        getattr(package, name)
    except Exception as error:
        errors.append((name, error))
threads = [threading.Thread(target=ask, args=pair) for pair in names]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not errors, errors
"""
    done = in_a_new_interpreter(code)
    assert done.returncode == 0, done.stderr


def test_what_stands_for_a_module_can_be_copied_and_pickled():
    stands = Deferred("math")
    for other in (copy.copy(stands), pickle.loads(pickle.dumps(stands))):
        assert other.pi == stands.pi
    with pytest.raises(AttributeError, match="module 'math' has no attribute 'nonsense'"):
        _ = stands.nonsense


def test_a_room_is_there_without_its_import():
    done = in_a_new_interpreter("import oqs; print(oqs.units.Units.__module__)")
    assert done.stdout == "oqs\n"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_the_imported_packages_are_ours(package):
    # liboqs-python is imported as `oqs` too, a chemistry package as `thermo`
    assert pathlib.Path(package.__file__).parent == ROOT / package.__name__
    assert package.__doc__


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_what_a_package_exports_is_there_once_and_described(package):
    names = package.__all__
    assert len(names) == len(set(names))
    assert [name for name in names if not getattr(package, name).__doc__] == []


@pytest.mark.parametrize("package", [oqs, thermo], ids=lambda package: package.__name__)
def test_a_package_shows_its_public_names_only(package):
    shown = [name for name in dir(package) if not name.startswith("__")]
    assert shown == sorted(set(package.__all__) - {"__version__"})


@pytest.mark.parametrize("package", [oqs, thermo], ids=lambda package: package.__name__)
def test_public_names_are_stored_without_their_room(package):
    for name in package.__all__:
        stored = pickle.dumps(getattr(package, name), protocol=0)
        assert stored.startswith(f"c{package.__name__}\n{name}\n".encode())
        assert pickle.loads(stored) is getattr(package, name)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_no_module_is_hidden_behind_a_public_name(package):
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert modules & set(package.__all__) == set()


def test_no_room_is_full():
    rooms = collections.Counter(
        str(path.parent.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package.__name__).rglob("*.py")
        if path.name != "__init__.py"
    )
    assert {room: count for room, count in rooms.items() if count > MOST_FILES} == {}


def is_final(cls):
    # an enumeration with members cannot be extended, @final or not
    return "__final__" in vars(cls) or (issubclass(cls, enum.Enum) and len(cls) > 0)


def is_abstract(cls):
    return inspect.isabstract(cls) or getattr(cls, "_is_protocol", False)


def test_every_class_is_abstract_or_final():
    classes = own_classes()
    assert len(classes) > 30
    neither = [c for c in classes if not is_final(c) and not is_abstract(c)]
    assert neither == []


def test_a_class_that_is_neither_would_be_seen():
    class Concrete:
        pass

    class Base(abc.ABC):
        @abc.abstractmethod
        def law(self): ...

    assert not is_final(Concrete)
    assert not is_abstract(Concrete)
    assert is_abstract(Base)
    assert not is_final(Base)


def test_modules_are_short():
    long = {
        str(path.relative_to(ROOT)): count
        for package in PACKAGES
        for path in (ROOT / package.__name__).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) >= LINES
    }
    assert long == {}


def test_constraints_hold_names_and_versions_only():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_committed_files_name_no_machine_and_no_registry():
    files = tracked_files()
    assert len(files) > 30
    found = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # an image, a data file
        for pattern in (MACHINE_PATH, REGISTRY):
            found += [f"{path.relative_to(ROOT)}: {m[0]}" for m in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "see /{}/main/oqs".format("work"),
        "open('/{}/brief/C.md')".format("tmp"),
        "PATH=/{}/someone".format("home"),
        "https://{}.org/project/x".format("pypi"),
        "https://files.{}.org/x".format("pythonhosted"),
        "--{}-url https://example.com/".format("index"),
        "http://host:8080/{}/x/".format("nexus"),
    ],
)
def test_a_machine_or_a_registry_would_be_seen(text):
    assert MACHINE_PATH.search(text) or REGISTRY.search(text)


@pytest.mark.parametrize(
    "text",
    ["#!/usr/bin/env bash", "doi.org/10.1007/x", "/build/", "N/A", "https://arxiv.org/abs/1"],
)
def test_an_honest_text_is_left_alone(text):
    assert not MACHINE_PATH.search(text)
    assert not REGISTRY.search(text)


@pytest.mark.parametrize(
    "line", ["numpy", "numpy>=2", "-e .", "a @ file:x", "a==1 --hash=sha256:0", "--no-index", ""]
)
def test_a_line_that_is_no_pin_would_be_seen(line):
    assert not PIN.fullmatch(line)
