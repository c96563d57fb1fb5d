"""Files with other bytes than were written, and full disks: told, never read as results."""

import functools
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import sweep_functions as functions
import xarray as xr
from slow_systems import FIGURES

import thermo

POINTS = [1.0, 1.5, 2.0, 3.0, 1e-7]


def flipped(content, rng):
    """Return the bytes with one bit, one byte, or a stretch of them changed."""
    found = bytearray(content)
    place = int(rng.integers(len(found)))
    kind = rng.integers(3)
    if kind == 0:
        found[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        found[place] = (found[place] + int(rng.integers(1, 256))) % 256
    else:
        length = int(rng.integers(2, 600))
        found[place : place + length] = rng.bytes(len(found[place : place + length]))
    return bytes(found)


def damages(content, count):
    rng = np.random.default_rng(5)
    return (flipped(content, rng) for _ in range(count))


CALLS = []


def counted(a):
    CALLS.append(a)
    return {"square": a**2, "text": f"a{a}", "array": np.full(400, a)}


def test_a_damaged_store_is_told_or_as_it_was(tmp_path, capfd):
    store = tmp_path / "sweep.db"
    sweep = functools.partial(thermo.sweep, counted, {"a": POINTS}, store=store, label="mine")
    right = sweep()
    calls = len(CALLS)
    told, as_it_was = [], 0
    for content in damages(store.read_bytes(), 300):
        store.write_bytes(content)
        try:
            data = sweep()
        except ValueError as error:
            told.append(str(error))
        else:
            assert data.identical(right)
            as_it_was += 1
        for journal in tmp_path.glob("sweep.db-*"):
            journal.unlink()
    assert len(CALLS) == calls  # no result was missed without a word
    assert len(told) > 100
    assert as_it_was > 30  # what nobody reads was hit
    for text in told:
        assert text.startswith("Argument `store` must ")
        assert repr(str(store)) in text
        assert text.endswith(("another name.", "and compute anew."))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_store(part, tmp_path):
    store = tmp_path / "sweep.db"
    function = functools.partial(functions.wide, size=500)
    grid = {"a": range(20)}
    right = thermo.sweep(function, grid, store=store)
    content = store.read_bytes()
    store.write_bytes(content[: int(part * len(content))])
    if part == 0:
        assert thermo.sweep(function, grid, store=store).identical(right)
        return
    with pytest.raises(ValueError, match=r"`store` must .*sweep\.db"):
        thermo.sweep(function, grid, store=store)


FULL_DISK = """
import functools, resource, signal, sys
import thermo, sweep_functions
function = functools.partial(sweep_functions.wide, size=1000)
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    data = thermo.sweep(function, {"a": range(20)}, store=sys.argv[1], executor=eval(sys.argv[3]))
except RuntimeError as error:
    print(type(error).__name__, error)
else:
    print("complete", int((data["value"].values[:, 0] == range(20)).sum()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to a file's size")
@pytest.mark.parametrize(("limit", "executor"), [(1, "None"), (30_000, "2"), (90_000, "None")])
def test_a_full_disk_costs_nothing_that_was_finished(limit, executor, tmp_path):
    store = str(tmp_path / "sweep.db")

    def run(limit):
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK, store, str(limit), executor],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.stderr == ""
        return done.stdout

    said = run(limit)
    assert said.startswith(f"StoreError The store {store!r} cannot be used now (")
    assert "room made on the disk" in said
    assert run(0) == "complete 20\n"


def netcdf_files():
    """Return what is saved, as (save, load, what is the same)."""
    system = FIGURES[2]
    path = thermo.evolve(
        system.closed_form(), system.reservoirs(thermo.SommerfeldGas(1.5)), system.T, system.mu
    )
    many = thermo.evolve_ensemble(
        system.closed_form(),
        system.reservoirs(thermo.SommerfeldGas(1.5)),
        [system.T] * 3,
        [system.mu] * 3,
        times=[1e3, 1e4],
    )
    swept = thermo.sweep(functions.product, {"a": [1, 2], "b": [0.5, 1.5]}, label="ü")
    return {
        "trajectory": (path.save, thermo.Trajectory.load, thermo.Trajectory.to_dataset, path),
        **{
            name: (functools.partial(thermo.save_dataset, table), thermo.load_dataset, None, table)
            for name, table in (("ensemble", many.to_dataset()), ("sweep", swept))
        },
    }


@pytest.fixture(scope="module")
def saved():
    return netcdf_files()


@pytest.mark.parametrize(("what", "count"), [("trajectory", 300), ("ensemble", 60), ("sweep", 60)])
def test_a_damaged_netcdf_file_is_told_or_as_it_was(what, count, saved, tmp_path, capfd):
    save, load, table_of, original = saved[what]
    file = tmp_path / "results.nc"
    save(file)
    told = []
    for content in damages(file.read_bytes(), count):
        file.write_bytes(content)
        try:
            found = load(file)
        except ValueError as error:
            told.append(str(error))
        else:
            same(found, original, table_of)
    for text in told:
        assert text.startswith(f"File `{file}` ")
    assert len(told) > 0.95 * count
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("what", ["trajectory", "ensemble", "sweep"])
def test_numbers_changed_by_another_program_are_told(what, saved, tmp_path):
    """Through HDF5, which makes checksums of its own anew."""
    save, load, table_of, original = saved[what]
    file = tmp_path / "results.nc"
    save(file)
    same(load(file), original, table_of)
    with h5py.File(file, "a") as opened:  # adds what nobody asks for: the seal is gone
        opened.attrs["more"] = 1
        del opened.attrs["more"]
    same(load(file), original, table_of)
    name = {"sweep": "sum", "ensemble": "lowest_T", "trajectory": "T"}[what]
    with h5py.File(file, "a") as opened:
        assert opened[name].fletcher32
        opened[name][0, 0] *= 1 + 1e-15
    with pytest.raises(ValueError, match=f"results.nc` is damaged.*`variable {name}`"):
        load(file)


def same(found, original, table_of):
    if table_of is None:
        assert found.identical(original)
    else:
        assert table_of(found).identical(table_of(original))
        np.testing.assert_array_equal(found.solution.coefficients, original.solution.coefficients)


def test_saved_again_it_is_the_same(saved, tmp_path):
    for what in ("ensemble", "sweep"):
        save, load, _, original = saved[what]
        save(tmp_path / "one.nc")
        thermo.save_dataset(load(tmp_path / "one.nc"), tmp_path / "two.nc")
        assert load(tmp_path / "two.nc").identical(original)
        with xr.open_dataset(tmp_path / "two.nc") as plain:  # any program reads it
            assert plain.equals(original)


def test_a_file_without_checksums(saved, tmp_path):
    saved["sweep"][-1].to_netcdf(tmp_path / "plain.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"plain\.nc` holds no checksums.*xarray\.open_dataset"):
        thermo.load_dataset(tmp_path / "plain.nc")
    with pytest.raises(FileNotFoundError, match=r"none\.nc"):
        thermo.load_dataset(tmp_path / "none.nc")


NO_ROOM = """
import resource, sys
import numpy as np, xarray as xr
import thermo
table = xr.Dataset({"x": ("i", np.arange(20000.0))})
thermo.save_dataset(table * 0, sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    thermo.save_dataset(table, sys.argv[1])
except OSError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
print(float(thermo.load_dataset(sys.argv[1])["x"].sum()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to a file's size")
@pytest.mark.parametrize("limit", [1, 50_000, 165_000])
def test_no_room_for_a_netcdf_file(limit, tmp_path):
    words = [sys.executable, "-c", NO_ROOM, str(tmp_path / "table.nc"), str(limit)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith(f"File `{tmp_path}/table.nc` could not be written (")
    assert "Make room" in first
    assert second == "0.0"
    assert os.listdir(tmp_path) == ["table.nc"]
