"""`python -m thermo run` that is ended from outside: what is finished is kept and gone on with."""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys

import pytest
import xarray as xr
from ended import alive, attentive, start, wait_until

import thermo
from thermo.scenario import actions, example
from thermo.scenario.commands import main
from thermo.scenario.results.folder import result_folder
from thermo.scenario.results.naming import FolderError, former
from thermo.sweeps import executors as sweep_executors

BASE = example("figure_1").read_text(encoding="utf-8").replace("[trajectory]", "")
POINTS = 400  # some seconds of work: a store writes once a second
SWEEP = """
[sweep]
axes = { "reservoirs.1.T" = { start = 0.3, stop = 0.7, num = 400 } }
quantities = ["heat"]
"""
WORDS = ["run", "my.toml", "--out", "out", "--quiet"]
STORE = pathlib.Path(".out.running/sweep.points")

PACKAGE = str(pathlib.Path(thermo.__file__).parent)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends Unix signals")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text(BASE + SWEEP)
    return tmp_path


@pytest.fixture
def computed(monkeypatch):
    """Return the list of points that are computed in this process."""
    found = []
    evaluate = sweep_executors.evaluate
    monkeypatch.setattr(
        sweep_executors, "evaluate", lambda f, point: found.append(point) or evaluate(f, point)
    )
    return found


def kept(store):
    if not store.exists():
        return 0
    with contextlib.closing(sqlite3.connect(store)) as connection, contextlib.suppress(Exception):
        return connection.execute("SELECT COUNT(*) FROM outcomes").fetchone()[0]
    return 0


def ended_with(end, points=20):
    process = start(["-m", "thermo", *WORDS])
    wait_until(lambda: kept(STORE) >= points)
    process.send_signal(end)
    said = process.communicate(timeout=60)[1]
    assert alive(process.pid) == []
    return process.returncode, said


@pytest.mark.parametrize(
    "end",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_asked_to_stop_it_ends_as_ctrl_c_does(end, folder, computed):
    status, said = ended_with(end)
    assert status == 130
    assert said == "finished results are in out\ninterrupted\n"
    stopped = json.loads((folder / "out" / "summary.json").read_text())
    assert not stopped["complete"]
    assert stopped["stopped"].startswith("KeyboardInterrupt")
    assert stopped["flows"]["laws"]
    assert sorted(os.listdir()) == ["my.toml", "out"]
    before = kept(folder / "out" / "sweep.points")
    assert before >= 20
    assert main([*WORDS, "--resume"]) == 0
    assert len(computed) == POINTS - before
    with xr.open_dataset("out/sweep.nc") as table:
        assert table.sizes["reservoirs.1.T"] == POINTS


def test_killed_it_is_gone_on_with(folder, computed, capsys):
    status, said = ended_with(signal.SIGKILL)
    assert (status, said) == (-signal.SIGKILL, "")
    before = kept(STORE)
    assert before >= 20
    assert main(WORDS) == 2
    told = capsys.readouterr().err
    assert "A run into 'out' was killed; the points that it finished are in" in told
    assert "Give --resume to go on with it, or --overwrite to begin anew." in told
    text = (folder / "my.toml").read_text()
    (folder / "my.toml").write_text(text + "# another\n")
    assert main([*WORDS, "--resume"]) == 2
    assert "that was killed is of another scenario" in capsys.readouterr().err
    (folder / "my.toml").write_text(text)
    assert kept(STORE) == before
    assert main([*WORDS, "--resume"]) == 0
    assert len(computed) == POINTS - before
    assert sorted(os.listdir()) == ["my.toml", "out"]
    assert sorted(os.listdir("out")) == ["scenario.toml", "summary.json", "sweep.nc", "sweep.png"]


@pytest.mark.slow
def test_killed_it_can_be_begun_anew(folder, computed):
    ended_with(signal.SIGKILL)
    assert main([*WORDS, "--overwrite"]) == 0
    assert len(computed) == POINTS


@pytest.mark.slow
def test_interrupted_then_killed_the_later_points_count(folder, computed):
    ended_with(signal.SIGTERM, points=1)
    first = kept(folder / "out" / "sweep.points")
    process = start(["-m", "thermo", *WORDS, "--resume"])
    wait_until(lambda: kept(STORE) > first)
    process.kill()
    process.communicate()
    second = kept(STORE)
    assert main([*WORDS, "--resume"]) == 0
    assert len(computed) == POINTS - second


def test_a_run_that_goes_on_is_not_taken_over(folder, capsys):
    process = start(["-m", "thermo", *WORDS])
    wait_until(lambda: kept(STORE) >= 1)
    for more in ([], ["--resume"], ["--overwrite"]):
        assert main([*WORDS, *more]) == 2
        assert "Another run is writing 'out'" in capsys.readouterr().err
    assert process.communicate(timeout=100)[1] == ""
    assert process.returncode == 0


@pytest.mark.slow
def test_ignored_signals_stay_ignored(folder):
    """As after nohup."""
    program = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        f"from thermo.scenario.commands import main; sys.exit(main({WORDS!r}))"
    )
    process = start(["-c", program])
    wait_until(lambda: kept(STORE) >= 5)
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=100)[1] == ""
    assert process.returncode == 0


def test_a_point_that_takes_too_long_is_its_own_error(folder):
    text = BASE + SWEEP.replace("num = 400", "num = 2") + "timeout = 1e-6\n"
    (folder / "my.toml").write_text(text)
    assert main(WORDS) == 1
    swept = json.loads((folder / "out" / "summary.json").read_text())["sweep"]
    assert (swept["points"], swept["failed"]) == (2, 2)
    assert swept["first_error"] == "TimeoutError: took longer than 1e-06 s"
    (folder / "my.toml").write_text(text.replace("1e-6", "60"))
    assert main([*WORDS, "--overwrite"]) == 0


@pytest.mark.slow
def test_points_that_are_damaged_are_told(folder, capsys):
    ended_with(signal.SIGTERM)
    store = folder / "out" / "sweep.points"
    content = bytearray(store.read_bytes())
    content[-3000:] = bytes(3000)
    store.write_bytes(content)
    assert main([*WORDS, "--resume"]) == 2
    told = capsys.readouterr().err
    assert "The points to go on with cannot be read" in told
    assert "Give --overwrite instead of --resume" in told


LIMITED = """
import resource, sys
from thermo.scenario.commands import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("limit", [100, 40_000])
def test_a_full_disk_is_told_and_gone_on_with(limit, folder, computed):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), *WORDS],
        env=os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ResultsUnwritten: The results of 'out' cannot be written (")
    assert "Make room, then give --resume" in last
    assert "Traceback" not in done.stderr
    before = max(kept(STORE), kept(folder / "out" / "sweep.points"))
    assert (before > 0) == (limit > 100)
    assert main([*WORDS, "--resume"]) == 0
    assert len(computed) == POINTS - before


def finished(place, **more):
    with result_folder(place, overwrite=True) as made:
        (made.staging / "scenario.toml").write_text("")
        made.publish({"scenario": {"sha256": "x"}, "complete": True, **more})


def test_killed_while_results_get_their_name(folder):
    """Between any two steps of the naming: the next run finds them under their name."""
    place, staging = folder / "out", folder / ".out.running"
    finished(place, which="old")
    old = staging.with_name(".out.running.replaced")
    for step in range(4):
        finished(folder / "new", which="new")
        (folder / "new").rename(staging)
        if step == 1:  # the former run is out of the way, the new one not yet in its place
            place.rename(old)
        if step == 2:
            (staging / "running.lock").touch()
        if step == 3:  # named, what it replaced not yet removed
            place.rename(old)
            staging.rename(place)
        with (
            pytest.raises(FolderError, match="Give --overwrite"),
            result_folder(place, overwrite=False),
        ):
            pass
        assert former(place)["which"] == "new"
        finished(place, which="old")
        assert sorted(os.listdir()) == ["my.toml", "out"]


class TwoSteps:
    """What `_finish` asks of a run, one of whose two results is written in each step."""

    def __init__(self, folder):
        self.results, self.folder = {}, folder

    def steps(self):
        for name in ("first", "second"):
            (self.folder.staging / name).write_text(name)
            self.results[name] = name
            yield name

    def summary(self, stopped=None):
        return {"scenario": {"sha256": "x"}, "complete": stopped is None, "stopped": stopped}


@contextlib.contextmanager
def interrupted_at(line):
    """Send SIGINT at that line of the package, of those that run in this block; yield whether."""
    reached, seen, before = [], 0, sys.gettrace()

    def local(frame, event, arg):
        nonlocal seen
        seen += event == "line"
        if event == "line" and seen == line:
            reached.append(line)
            signal.raise_signal(signal.SIGINT)
        return local

    def each(frame, event, arg):
        return local if frame.f_code.co_filename.startswith(PACKAGE) else None

    sys.settrace(each)
    try:
        yield reached
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("former_run", [False, True])
def test_ctrl_c_at_any_line_loses_no_result(former_run, tmp_path):
    """Between the steps of a run and until its folder has its name."""
    ends, line, reached = set(), 0, [0]
    while reached:
        line += 1
        place = tmp_path / f"out{line}"
        if former_run:
            finished(place, which="old")
        with (
            attentive(),
            contextlib.suppress(KeyboardInterrupt),
            result_folder(place, overwrite=True) as folder,
        ):
            run = TwoSteps(folder)
            with interrupted_at(line) as reached:
                actions._finish(run, folder)
        summary = former(place)
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [], line
        if not run.results:
            continue
        assert summary is not None, (line, run.results)
        assert summary["files"] == sorted(run.results), line
        assert summary["complete"] or len(run.results) < 2 or summary["stopped"], line
        ends.add((summary["complete"], len(run.results)))
    assert ends == {(False, 1), (False, 2), (True, 2)}


def test_results_whose_name_is_taken_stay_until_they_are_moved(folder):
    finished(folder / "out")
    (folder / "out").rename(folder / ".out.running")
    (folder / "out").mkdir()
    (folder / "out" / "thesis.tex").touch()
    for overwrite in (False, True):
        with (
            pytest.raises(FolderError, match="Move either away"),
            result_folder(folder / "out", overwrite=overwrite),
        ):
            pass
    assert former(folder / ".out.running")["complete"]


def test_an_empty_folder_is_replaced_as_windows_allows(folder, monkeypatch):
    """Windows renames no folder onto one that exists, empty or not."""
    replace = pathlib.Path.replace

    def as_on_windows(self, target):
        if pathlib.Path(target).is_dir():
            raise PermissionError(5, "Access is denied")
        return replace(self, target)

    monkeypatch.setattr(pathlib.Path, "replace", as_on_windows)
    (folder / "out").mkdir()
    finished(folder / "out")
    finished(folder / "out")
    assert former(folder / "out")["complete"]
