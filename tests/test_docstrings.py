"""Every `>>>` example in a docstring runs and prints what it says; public names have one.

In the docstring of a public name `np`, `oqs`, `thermo`, `validation` are imported, in others their
own module.
"""

import doctest
import importlib
import inspect
import pkgutil

import matplotlib
import matplotlib.pyplot
import numpy as np
import pytest

import oqs
import thermo
import validation

PACKAGES = (oqs, thermo, validation)
PUBLIC = {"np": np, **{package.__name__: package for package in PACKAGES}}
FINDER = doctest.DocTestFinder(exclude_empty=True)


def of_public_names():
    """Yield the examples of public names; of a class those of its methods too."""
    for package in PACKAGES:
        for name in package.__all__:
            # module=False: a public class names the package as its module, not its own file
            yield from FINDER.find(
                getattr(package, name), f"{package.__name__}.{name}", module=False, globs=PUBLIC
            )


def of_modules():
    """Yield the examples of everything else, module by module."""
    public = {getattr(package, name) for package in PACKAGES for name in package.__all__}
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for test in FINDER.find(module, found.name):
                if getattr(module, test.name.removeprefix(f"{found.name}."), None) not in public:
                    yield test


EXAMPLES = [test for test in (*of_public_names(), *of_modules()) if test.examples]


def failures(test):
    """Return what an example prints otherwise than it says."""
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    runner.run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_prints_what_it_says(example):
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    try:
        assert failures(example) == ""
    finally:
        matplotlib.pyplot.close("all")
        matplotlib.use(before)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_name_has_an_example(package):
    names = package.__all__
    assert [n for n in names if ">>> " not in inspect.getdoc(getattr(package, n))] == []


def test_an_example_that_lies_would_be_seen():
    text = ">>> thermo.omega_bar([1.0, 2.0], [1.0, 0.0])\narray(3.)\n"
    lie = doctest.DocTestParser().get_doctest(text, dict(PUBLIC), "lie", None, None)
    assert "array(2.)" in failures(lie)
