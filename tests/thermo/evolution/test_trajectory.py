"""Trajectories: values between the steps, tables with names and units, files without loss."""

import os
import shutil
import time

import numpy as np
import pytest
import xarray as xr
from ended import wait_until
from slow_systems import FIGURES, LinearPair

import oqs
import thermo
from thermo import progress
from thermo.evolution.evolve import EvolutionFailed, evolve
from thermo.evolution.trajectory import Trajectory
from thermo.numerics.interpolation import PiecewisePolynomial, single_point
from thermo.progress import ProgressBar

GAS = thermo.SommerfeldGas(1.5)


@pytest.fixture(scope="module")
def path():
    system = FIGURES[2]
    reservoirs = [thermo.Reservoir(GAS, name="cold"), thermo.Reservoir(GAS, 2.0, name="hot")]
    return evolve(system.closed_form(), reservoirs, system.T, system.mu)


def same(one, other):
    for name in ("t", "T", "mu", "N", "E", "entropy", "capacities"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("particle", "energy", "heat"):
        np.testing.assert_array_equal(getattr(one.flows, name), getattr(other.flows, name))
    for name in ("outcome", "equilibrium", "event_list", "names", "evaluations"):
        assert getattr(one, name) == getattr(other, name)
    assert dict(one.parameters) == dict(other.parameters)
    times = np.linspace(0, one.t[-1], 301)
    np.testing.assert_array_equal(one.at(times).T, other.at(times).T)
    np.testing.assert_array_equal(one.at(times).mu, other.at(times).mu)


class TestBetweenTheSteps:
    def test_start_is_exact(self, path):
        assert path.t[0] == 0
        assert path.T[0].tolist() == [0.8, 1.0]
        assert path.mu[0].tolist() == [18.8, 18.0]

    def test_at_the_steps_and_shapes(self, path):
        np.testing.assert_array_equal(path.at(path.t).T, path.T)
        np.testing.assert_array_equal(path.at(path.t).mu, path.mu)
        assert path.at(1e4).T.shape == (2,)
        assert path.at([[1e4, 2e4, 3e4]]).mu.shape == (1, 3, 2)

    @pytest.mark.parametrize("t", [-1.0, 1e30, np.nan, [0.0, -1e-9]])
    def test_outside_raises(self, path, t):
        with pytest.raises(ValueError, match=r"`t` must lie in \[0\.0, "):
            path.at(t)

    def test_tables_belong_to_the_states(self, path):
        n = path.capacities * GAS.number(path.T, path.mu)
        np.testing.assert_allclose(path.N, n, rtol=1e-14)
        np.testing.assert_allclose(
            path.entropy, path.capacities * GAS.entropy(path.T, path.mu), rtol=1e-14
        )
        for k in (0, 10, -1):
            flows = FIGURES[2].closed_form()(path.T[k], path.mu[k])
            np.testing.assert_allclose(path.flows.particle[k], flows.particle, rtol=1e-12)
        np.testing.assert_allclose(
            path.heat, path.flows.energy - path.mu * path.flows.particle, rtol=1e-9, atol=1e-16
        )


class TestPiecewisePolynomial:
    def test_a_cubic(self):
        # y = (1 + 2 s + 3 s^2, s^3), s = (t - 1)/2, on (1, 3], and 5, 6 at 1
        piece = PiecewisePolynomial(
            [1, 3], [1, 1], [2, 2], [[[5, 6], *[[0, 0]] * 3], [[1, 0], [2, 0], [3, 0], [0, 1]]]
        )
        np.testing.assert_array_equal(piece.ends, [[5, 6], [6, 1]])
        np.testing.assert_array_equal(piece.at(2.0), [2.75, 0.125])
        np.testing.assert_array_equal(piece.grid(np.array([0.25, 1.0])), [1, 1.5, 3])
        np.testing.assert_array_equal(piece.until(2.0).ends[-1], [2.75, 0.125])
        with pytest.raises(ValueError, match="must lie"):
            piece.until(2.0).at(2.5)

    def test_a_point(self):
        point = single_point(np.array([1.0, 2.0]))
        np.testing.assert_array_equal(point.at([0.0, 0.0]), [[1, 2], [1, 2]])

    def test_mismatched_pieces(self):
        with pytest.raises(ValueError, match="one piece for each of the 2 times"):
            PiecewisePolynomial([0, 1], [0], [1], np.zeros((1, 1, 2)))


class TestDataset:
    def test_names_and_units(self, path):
        table = path.to_dataset()
        assert table["T"].dims == ("time", "reservoir")
        assert list(table["reservoir"].values) == ["cold", "hot"]
        for name in ("T", "mu", "N", "E", "S", "P", "J", "Y", "time"):
            assert table[name].attrs["long_name"]
            assert table[name].attrs["units"]
        np.testing.assert_array_equal(table["T"].sel(reservoir="hot"), path.T[:, 1])
        assert table.attrs["outcome"] == "equilibrated"

    def test_the_users_own_file(self, path, tmp_path):
        path.to_dataset().to_netcdf(tmp_path / "table.nc", engine="h5netcdf")
        with xr.open_dataset(tmp_path / "table.nc", engine="h5netcdf") as table:
            np.testing.assert_array_equal(table["mu"], path.mu)


class TestFiles:
    def test_without_loss(self, path, tmp_path):
        path.save(tmp_path / "path.nc")
        loaded = Trajectory.load(tmp_path / "path.nc")
        same(path, loaded)
        assert loaded.gases == (GAS, GAS)
        assert loaded.crossings == path.crossings
        assert [f.name for f in tmp_path.iterdir()] == ["path.nc"]  # no temporary file stays
        loaded.save(str(tmp_path / "again.nc"))
        same(path, Trajectory.load(str(tmp_path / "again.nc")))

    def test_every_gas_and_no_events(self, tmp_path):
        energies = np.linspace(0, 60, 3001)  # larger than an attribute may be
        table = thermo.TabulatedGas(energies, np.sqrt(energies))
        exact = thermo.FermiDiracGas(1.5)
        system = FIGURES[2]
        mixed = [thermo.Reservoir(table), thermo.Reservoir(exact)]
        path = evolve(system.closed_form(), mixed, system.T, system.mu, t_final=1e3, events=False)
        path.save(tmp_path / "path.nc")
        loaded = Trajectory.load(tmp_path / "path.nc")
        same(path, loaded)
        assert loaded.gases == (table, exact)
        assert loaded.event_list is None
        assert loaded.equilibrium is None

    def test_a_users_gas_is_described(self, tmp_path):
        pair = LinearPair()
        path = evolve(pair.law, pair.reservoirs(), pair.T, pair.mu)
        path.save(tmp_path / "path.nc")
        loaded = Trajectory.load(tmp_path / "path.nc")
        same(path, loaded)
        assert loaded.gases == ("LinearGas(c=1.0)", "LinearGas(c=1.0)")
        assert loaded.parameters["law"].endswith("LinearPair.law")

    def test_a_single_point_and_a_failed_run(self, tmp_path):
        def still(T, mu):
            return oqs.Flows.of([0.0, 0.0], [0.0, 0.0], mu)

        path = evolve(still, FIGURES[2].reservoirs(GAS), [0.8, 1.0], [18.8, 18.0])
        path.save(tmp_path / "point.nc")
        same(path, Trajectory.load(tmp_path / "point.nc"))
        with pytest.raises(EvolutionFailed) as e:
            evolve(
                FIGURES[2].closed_form(),
                FIGURES[2].reservoirs(GAS),
                [0.8, 1.0],
                [18.8, 18.0],
                max_steps=3,
            )
        e.value.trajectory.save(tmp_path / "failed.nc")
        same(e.value.trajectory, Trajectory.load(tmp_path / "failed.nc"))

    def test_an_old_file_is_replaced_only_by_a_whole_one(self, path, tmp_path, monkeypatch):
        file = tmp_path / "path.nc"
        path.save(file)
        before = file.read_bytes()

        def breaks(descriptor):
            raise OSError("disk full")

        monkeypatch.setattr(os, "fsync", breaks)
        with pytest.raises(OSError, match="disk full"):
            path.save(file)
        assert file.read_bytes() == before
        assert [f.name for f in tmp_path.iterdir()] == ["path.nc"]

    @pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
    def test_truncated(self, path, tmp_path, part):
        path.save(tmp_path / "whole.nc")
        content = (tmp_path / "whole.nc").read_bytes()
        (tmp_path / "cut.nc").write_bytes(content[: int(part * len(content))])
        with pytest.raises(ValueError, match=r"cut\.nc` cannot be read as netCDF: it is truncated"):
            Trajectory.load(tmp_path / "cut.nc")

    def test_foreign(self, path, tmp_path):
        path.to_dataset().to_netcdf(tmp_path / "table.nc", engine="h5netcdf")
        with pytest.raises(ValueError, match=r"table\.nc` is no trajectory"):
            Trajectory.load(tmp_path / "table.nc")
        (tmp_path / "notes.txt").write_text("T = 1")
        with pytest.raises(ValueError, match=r"notes\.txt` cannot be read"):
            Trajectory.load(tmp_path / "notes.txt")
        with pytest.raises(FileNotFoundError, match=r"absent\.nc"):
            Trajectory.load(tmp_path / "absent.nc")

    @pytest.mark.parametrize("lost", ["T", "solution_coefficients", "facts", "capacity"])
    def test_a_part_is_missing(self, path, tmp_path, lost):
        path.save(tmp_path / "path.nc")
        with xr.open_dataset(tmp_path / "path.nc", engine="h5netcdf") as table:
            table.load().drop_vars(lost).to_netcdf(tmp_path / "less.nc", engine="h5netcdf")
        with pytest.raises(ValueError, match=f"less.nc` is damaged.*{lost}"):
            Trajectory.load(tmp_path / "less.nc")

    @pytest.mark.parametrize("version", [1, 3])
    def test_of_another_version(self, path, tmp_path, version):
        path.save(tmp_path / "path.nc")
        with xr.open_dataset(tmp_path / "path.nc", engine="h5netcdf") as table:
            other = table.load().assign_attrs(format_version=version)
        other.to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
        with pytest.raises(ValueError, match=f"format version {version}"):
            Trajectory.load(tmp_path / "other.nc")

    def test_no_such_folder(self, path, tmp_path):
        with pytest.raises(OSError, match="absent"):
            path.save(tmp_path / "absent" / "path.nc")
        shutil.rmtree(tmp_path)


class TestProgress:
    def test_only_after_a_second(self, capsys):
        with ProgressBar("evolving", True) as bar:
            bar.update(0.1)
        assert capsys.readouterr().err == ""

    def test_never_where_there_is_no_terminal(self, monkeypatch, capsys):
        monkeypatch.setattr(progress, "_PATIENCE", 0.0)
        for show in (None, False):
            with ProgressBar("evolving", show) as bar:
                time.sleep(0.05)
                bar.update(0.5)
        assert capsys.readouterr().err == ""

    def test_a_long_run_shows_one(self, monkeypatch, capsys):
        monkeypatch.setattr(progress, "_PATIENCE", 0.0)
        with ProgressBar("evolving", True) as bar:
            wait_until(lambda: bar.shown)
            bar.update(0.25)
            bar.update(0.5)
            bar.update(0.4)  # a bar never runs back
        shown = capsys.readouterr().err
        assert "evolving" in shown
        assert "50%" in shown
        assert "40%" not in shown

    def test_work_of_unknown_length_is_named_too(self, monkeypatch, capsys):
        monkeypatch.setattr(progress, "_PATIENCE", 0.0)
        with ProgressBar("relaxation time", True) as bar:
            wait_until(lambda: bar.shown)
        shown = capsys.readouterr().err
        assert "relaxation time" in shown
        assert "%" not in shown
