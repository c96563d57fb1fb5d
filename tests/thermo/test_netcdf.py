"""Ctrl-C in the middle of netCDF: it comes after, once, and leaves no file half written."""

import os
import signal
import sys

import numpy as np
import pytest
import xarray as xr

import thermo

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends Unix signals")
TABLE = xr.Dataset({"x": ("t", np.arange(3.0))})


def interrupted(monkeypatch, method):
    """Let a method of Dataset be interrupted before it works; return what it has done."""
    done, original = [], getattr(xr.Dataset, method)

    def call(*arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)
        answer = original(*arguments, **options)
        done.append(method)
        return answer

    monkeypatch.setattr(xr.Dataset, method, call)
    return done


@pytest.fixture(autouse=True)
def attentive():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_while_it_is_written(monkeypatch, tmp_path):
    done = interrupted(monkeypatch, "dump_to_store")
    with pytest.raises(KeyboardInterrupt):
        thermo.save_dataset(TABLE, tmp_path / "x.nc")
    assert done == ["dump_to_store"]
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_while_it_is_read(monkeypatch, tmp_path):
    thermo.save_dataset(TABLE, tmp_path / "x.nc")
    done = interrupted(monkeypatch, "load")
    with pytest.raises(KeyboardInterrupt):
        thermo.load_dataset(tmp_path / "x.nc")
    assert done == ["load"]
    monkeypatch.undo()
    assert thermo.load_dataset(tmp_path / "x.nc").equals(TABLE)
