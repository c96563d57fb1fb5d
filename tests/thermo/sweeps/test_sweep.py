"""Sweeps: labelled results, whose they are, and what is refused."""

import concurrent.futures
import contextlib
import functools
import importlib
import json
import multiprocessing
import sqlite3
import threading

import numpy as np
import pytest
import sweep_functions as functions
import xarray as xr

import thermo

GRID = {"a": [1, 2, 3], "b": [0.5, 1.5]}


def test_labelled_grid():
    data = thermo.sweep(functions.product, GRID)
    assert data["sum"].dims == ("a", "b")
    assert data["pair"].dims == ("a", "b", "pair_0")
    assert float(data["sum"].sel(a=3, b=1.5)) == 4.5
    assert str(data["name"].sel(a=2, b=0.5).values) == "20.5"
    assert set(data["error"].values.ravel()) == {""}


def test_the_same_wherever_it_runs(tmp_path):
    here = thermo.sweep(functions.product, GRID)
    assert here.identical(thermo.sweep(functions.product, GRID, executor=2))
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        assert here.identical(thermo.sweep(functions.product, GRID, executor=threads))
    store = tmp_path / "sweep.db"
    assert here.identical(thermo.sweep(functions.product, GRID, store=store))
    assert here.identical(thermo.sweep(functions.product, GRID, store=store))


def test_results_say_what_made_them(tmp_path):
    function = functools.partial(functions.scaled, factor=2.0)
    data = thermo.sweep(function, {"a": [1]}, label="first try")
    assert data.attrs["function"] == "sweep_functions.scaled"
    assert data.attrs["label"] == "first try"
    assert json.loads(data.attrs["parameters"])["function argument factor"] == "2.0"
    assert data.attrs["version"].count(".") == 2
    assert data.attrs["store_format"].startswith("oqs-thermo sweep")
    data.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")


def test_results_of_two_versions_say_so(tmp_path, monkeypatch):
    store = tmp_path / "sweep.db"
    with monkeypatch.context() as patch:
        # by its name in sys.modules: the package's attribute is the function
        patch.setattr(importlib.import_module("thermo.sweeps.sweep"), "__version__", "0.0.1")
        thermo.sweep(functions.fails_at_two, {"a": [1]}, store=store)
    data = thermo.sweep(functions.fails_at_two, {"a": [1, 3]}, store=store)
    assert data.attrs["version"].startswith("0.0.1, ")


def test_netcdf_keeps_values_and_errors(tmp_path):
    data = thermo.sweep(functions.fails_at_two, {"a": [1, 2, 3]})
    # text of a fixed width: which xarray writes Python objects depends on its version and pandas'
    assert data["error"].dtype.kind == "U"
    data.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "sweep.nc", engine="h5netcdf") as read:
        assert read.identical(data)


def test_a_failing_point_is_recorded_and_can_be_tried_again(tmp_path):
    store = tmp_path / "sweep.db"
    data = thermo.sweep(functions.fails_at_two, {"a": [1, 2, 3]}, store=store)
    np.testing.assert_array_equal(data["value"], [10, np.nan, 30])
    assert data["error"].values.tolist() == ["", "ValueError: two is refused", ""]
    again = thermo.sweep(functions.fails_at_two, {"a": [1, 2, 3]}, store=store, retry=True)
    assert again.identical(data)


def test_names_that_mean_something_to_sqlite_or_numpy_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = thermo.sweep(file_and_more, {"a": [1.0]}, store=":memory:")
    assert (tmp_path / ":memory:").stat().st_size > 0
    assert data.identical(thermo.sweep(file_and_more, {"a": [1.0]}, store=":memory:"))
    assert data["file"].values == [1.0]


def file_and_more(a):
    return {"file": a, "allow_pickle": [a, a], "arr_0": "text"}


PAIRS = {
    "partial": lambda factor: functools.partial(functions.scaled, factor=factor),
    "partial of a partial": lambda factor: functools.partial(
        functools.partial(functions.scaled, factor=factor)
    ),
    "dataclass": functions.Scaling,
    "object": functions.ScalarScaling,
    "method": lambda factor: functions.Scaling(factor).method,
    "closure": functions.closure,
    "default": functions.default,
    "array": lambda factor: functools.partial(functions.scaled, factor=np.full(20, factor)),
    "mapping": lambda factor: functools.partial(dictionary, parameters={"x": [1, (factor,)]}),
    "set": lambda factor: functools.partial(dictionary, parameters={"x": {factor}}),
    "function": lambda factor: functools.partial(dictionary, parameters=functions.closure(factor)),
    "law": lambda factor: functools.partial(dictionary, parameters=oqs_law(factor)),
}


def dictionary(a, parameters):
    return a


def oqs_law(factor):
    import oqs

    dots = oqs.QuadraticSystem.from_energies([1.0, 2.0])
    return oqs.flow_law(oqs.davies(dots, [oqs.Contact(oqs.flat(factor)) for _ in range(2)]))


@pytest.mark.parametrize("label", [None, "mine"])
@pytest.mark.parametrize("make", PAIRS.values(), ids=PAIRS)
def test_another_parameter_is_another_function(make, label, tmp_path):
    store = tmp_path / "sweep.db"
    first = thermo.sweep(make(2.0), {"a": [1, 2]}, store=store, label=label)
    assert first.identical(thermo.sweep(make(2.0), {"a": [1, 2]}, store=store, label=label))
    if make is functions.ScalarScaling and label is not None:
        return  # what is no plain data is what the label stands for
    with pytest.raises(ValueError, match=r"`store` must hold results of .* as it is now, but in"):
        thermo.sweep(make(3.0), {"a": [1, 2]}, store=store, label=label)


def test_the_difference_is_named(tmp_path):
    store = tmp_path / "sweep.db"
    thermo.sweep(functools.partial(functions.scaled, factor=2.0), {"a": [1]}, store=store)
    with pytest.raises(ValueError, match=r"function argument factor is 2\.0, now 3\.0"):
        thermo.sweep(functools.partial(functions.scaled, factor=3.0), {"a": [1]}, store=store)


def compiled(text):
    namespace = {"__name__": "session"}
    exec(text, namespace)
    return namespace["f"]


def test_the_label_tells_versions_of_the_code(tmp_path):
    before, after = (compiled(f"def f(a):\n    return a + {n}") for n in (1, 2))
    store = tmp_path / "sweep.db"
    first = thermo.sweep(before, {"a": [1]}, store=store, label="v1")
    assert first.identical(thermo.sweep(after, {"a": [1]}, store=store, label="v1"))
    with pytest.raises(ValueError, match=r"the label is v1, now v2"):
        thermo.sweep(after, {"a": [1]}, store=store, label="v2")


@pytest.mark.parametrize(
    "function",
    [lambda a: a, functools.partial(lambda a, b: a, b=1), functions.closure(lambda: 1)],
    ids=["lambda", "bound", "in a closure"],
)
def test_a_lambda_that_is_stored_needs_a_label(function, tmp_path):
    store = tmp_path / "sweep.db"
    with pytest.raises(TypeError, match=r"is a lambda\. Define it with def, or give `label`"):
        thermo.sweep(function, {"a": [1]}, store=store)
    assert not store.exists()
    thermo.sweep(function, {"a": [1]}, store=store, label="v1")


def test_another_python_reads_the_store(tmp_path, monkeypatch):
    """Nothing that is compared depends on the interpreter: no bytecode, no version of it."""
    store = tmp_path / "sweep.db"
    function = functools.partial(functions.closure(2.0))
    first = thermo.sweep(function, {"a": [1]}, store=store)
    assert "Python" not in first.attrs["parameters"]
    code = function.func.__code__
    other = code.replace(co_consts=(*code.co_consts, "as of another compiler"))
    function.func.__code__ = other
    assert first.identical(thermo.sweep(function, {"a": [1]}, store=store))


def test_wrapped_and_builtin_functions_have_an_identity(tmp_path):
    holding = functools.partial(functools.partial, dictionary)
    made = (functions.cached, holding(parameters=np.negative), holding(parameters=abs))
    for number, function in enumerate(made):
        store = tmp_path / f"{number}.db"
        first = thermo.sweep(function, {"a": [1]}, store=store)
        assert first.identical(thermo.sweep(function, {"a": [1]}, store=store))
    with pytest.raises(ValueError, match="`store` must hold results of"):
        thermo.sweep(holding(parameters=np.positive), {"a": [1]}, store=tmp_path / "1.db")


def test_a_value_that_cannot_be_compared_needs_a_label(tmp_path):
    function = functools.partial(dictionary, parameters=threading.Lock())
    assert thermo.sweep(function, {"a": [1]})["error"].values == [""]
    store = tmp_path / "sweep.db"
    with pytest.raises(TypeError, match=r"function argument parameters is _thread\.lock.*`label`"):
        thermo.sweep(function, {"a": [1]}, store=store)
    assert not store.exists()
    thermo.sweep(function, {"a": [1]}, store=store, label="with a lock")
    # one that holds itself is described as well
    ring = []
    ring.append(ring)
    thermo.sweep(functools.partial(dictionary, parameters=ring), {"a": [1]})


def test_a_foreign_store_is_refused_and_closed(tmp_path, recwarn):
    store = tmp_path / "sweep.db"
    thermo.sweep(functions.product, GRID, store=store)
    with pytest.raises(ValueError, match=r"`store` must hold results of .*fails_at_two"):
        thermo.sweep(functions.fails_at_two, {"a": [1]}, store=store)
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE facts SET value = 'old' WHERE name = 'format'")
    with pytest.raises(ValueError, match="has the format 'old'"):
        thermo.sweep(functions.product, GRID, store=store)
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = other.read_bytes()
    with pytest.raises(ValueError, match="is a database of something else"):
        thermo.sweep(functions.product, GRID, store=other)
    assert other.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be read as one\n" * 40)
    with pytest.raises(ValueError, match=r"`store` must be a file written by thermo\.sweep"):
        thermo.sweep(functions.product, GRID, store=text)
    with pytest.raises(ValueError, match="in a folder that exists, but there is no"):
        thermo.sweep(functions.product, GRID, store=tmp_path / "none" / "sweep.db")


def test_a_refused_store_is_closed(tmp_path, monkeypatch):
    store = tmp_path / "sweep.db"
    thermo.sweep(functions.product, GRID, store=store)
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: opened.append(connect(*a, **k)) or opened[-1]
    )
    with pytest.raises(ValueError, match="must hold results of"):
        thermo.sweep(functions.fails_at_two, {"a": [1]}, store=store)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((functions.product, {}), "`grid` must be a mapping"),
        ((functions.product, {"a": [[1]]}), "`grid` must hold numbers or names of shape"),
        ((functions.product, {"a": [1, 1]}), "`grid` must hold each value of an axis once"),
        ((1.0, GRID), "`function` must be callable"),
        ((functions.product, {"a": [1]}), "`function` must take the axes of the grid"),
        ((functions.fails_at_two, GRID), "`function` must take the axes of the grid"),
        ((functions.uneven, {"a": [1, 2]}), "`function` must return the same names and shapes"),
        ((functions.takes_the_name_of_an_axis, {"a": [1]}), "`function` must return names other"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        thermo.sweep(*arguments)


def test_retry_is_true_or_false():
    with pytest.raises(TypeError, match="`retry` must be True or False, but is 'failed'"):
        thermo.sweep(functions.product, GRID, retry="failed")


@pytest.mark.parametrize("executor", [0, -1, 2.0, "cluster", True])
def test_bad_executor(executor, tmp_path):
    with pytest.raises((TypeError, ValueError), match="`executor` must be"):
        thermo.sweep(functions.product, GRID, executor=executor, store=tmp_path / "sweep.db")
    assert not (tmp_path / "sweep.db").exists()


@pytest.mark.parametrize(("name", "value"), [("label", ""), ("label", 3), ("store", 3)])
def test_bad_text(name, value):
    with pytest.raises(TypeError, match=f"`{name}` must be"):
        thermo.sweep(functions.product, GRID, **{name: value})


def test_uneven_results_stop_the_sweep_at_once(tmp_path):
    grown = []

    def uneven(a):
        grown.append(a)
        return np.zeros(a)

    with pytest.raises(ValueError, match="the same names and shapes"):
        thermo.sweep(uneven, {"a": [1, 2, 3, 4]})
    assert grown == [1, 2]


@pytest.mark.parametrize("pool", [None, concurrent.futures.ProcessPoolExecutor])
def test_what_other_processes_cannot_import_is_refused(pool):
    with contextlib.ExitStack() as stack:
        executor = 2 if pool is None else stack.enter_context(pool(1))
        for function in (lambda a: a, functions.closure(2.0)):
            with pytest.raises(TypeError, match="`function` must be importable by other processes"):
                thermo.sweep(function, {"a": [1, 2]}, executor=executor)


def test_an_interactive_function_is_refused_where_processes_start_afresh(monkeypatch):
    def interactive(a):
        return a

    main = importlib.import_module("__main__")
    interactive.__module__, interactive.__qualname__ = "__main__", "interactive"
    monkeypatch.setattr(main, "interactive", interactive, raising=False)
    monkeypatch.delattr(main, "__file__", raising=False)  # xdist has none
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda: "spawn")
    with pytest.raises(TypeError, match="defined in an interactive session"):
        thermo.sweep(interactive, {"a": [1]}, executor=1)
