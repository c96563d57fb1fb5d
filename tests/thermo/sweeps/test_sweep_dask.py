"""Sweeps on a real Dask cluster of two processes."""

import contextlib
import functools
import threading

import dask
import distributed
import numpy as np
import pytest
import sweep_functions as functions

import thermo
from thermo.sweeps import executors

ALL = list(range(40))
EXACT = np.arange(40.0) ** 2


@contextlib.contextmanager
def two_workers():
    # two deaths condemn a point: the default of four only takes longer
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    with two_workers() as client:
        yield client


def test_the_same_numbers_as_in_this_process(client, tmp_path):
    grid = {"a": [1, 2, 3], "b": [0.5, 1.5]}
    store = tmp_path / "sweep.db"
    here = thermo.sweep(functions.product, grid)
    assert here.identical(thermo.sweep(functions.product, grid, executor=2))
    assert here.identical(thermo.sweep(functions.product, grid, executor=client, store=store))
    assert here.identical(thermo.sweep(functions.product, grid, store=store))


def test_local_functions_are_sent_with_their_code(client):
    factor = 3
    data = thermo.sweep(lambda a: factor * a, {"a": [1, 2]}, executor=client)
    np.testing.assert_array_equal(data["value"], [3, 6])


def test_what_cannot_be_sent_is_refused(client):
    lock = threading.Lock()

    def locked(a):
        with lock:
            return a

    with pytest.raises(TypeError, match="`function` must be something that `executor` can send"):
        thermo.sweep(locked, {"a": [1]}, executor=client)


def test_a_worker_killed_in_the_middle_costs_nothing(client, tmp_path):
    function = functools.partial(
        functions.kills_its_process, folder=str(tmp_path), victim=9, times=1
    )
    data = thermo.sweep(function, {"a": ALL}, executor=client, store=tmp_path / "sweep.db")
    assert set(data["error"].values) == {""}
    np.testing.assert_array_equal(data["value"], EXACT)


def test_only_the_point_that_kills_every_worker_is_lost(client, tmp_path):
    function = functools.partial(functions.kills_its_process, folder=str(tmp_path), victim=9)
    store = tmp_path / "sweep.db"
    try:
        data = thermo.sweep(function, {"a": ALL}, executor=client, store=store)
    except (
        RuntimeError
    ) as error:  # Dask on a busy machine: a worker killed as it starts is given up
        if "NoWorkers" not in str(error):
            raise
        with two_workers() as another:
            data = thermo.sweep(function, {"a": ALL}, executor=another, store=store)
    lost = data["error"].values != ""
    # others that died with it on the same workers were tried once more, alone
    assert np.flatnonzero(lost).tolist() == [9], data["error"].values[lost]
    assert data["error"].values[9].startswith("KilledWorker: ")
    np.testing.assert_array_equal(data["value"].values[~lost], EXACT[~lost])


def test_a_closed_client_is_refused(client):
    closed = distributed.Client(client.scheduler.address)
    closed.close()
    with pytest.raises(ValueError, match="`executor` must be ready to compute"):
        thermo.sweep(functions.fails_at_two, {"a": [1]}, executor=closed)


def test_a_local_cluster_without_workers_is_not_waited_for(tmp_path, monkeypatch):
    """A worker that dies while it starts is not started again, and nobody says so."""
    monkeypatch.setattr(executors, "_PATIENCE", 0.5)
    monkeypatch.setattr(executors, "_ASKING", 0.1)
    sweep = functools.partial(
        thermo.sweep,
        functools.partial(functions.counted, folder=str(tmp_path)),
        store=tmp_path / "sweep.db",
    )
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        sweep({"a": ALL[:9]}, executor=client)
        # by name: of itself the scheduler retires none that it takes for busy
        client.retire_workers(list(client.scheduler_info()["workers"]))
        with pytest.raises(
            RuntimeError, match=r"NoWorkers: the local .* 31 of 31 points were left"
        ):
            sweep({"a": ALL}, executor=client)
    np.testing.assert_array_equal(sweep({"a": ALL})["value"], EXACT)
