"""`python -m validation`: exit status, options, interruption."""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import types

import pytest
from ended import attentive

import validation.__main__ as command
from validation import check

ROOT = pathlib.Path(__file__).parents[2]

SLEEPERS = """
import sys, time
import validation.__main__ as command
from validation import check

def sleeper(name, seconds):
    @check(name, equation="Eq. (3)", reference="none", tolerance=1.0, claim="it sleeps")
    def body():
        time.sleep(seconds)
        return 0.0
    return body

command.families.load = lambda: (sleeper("short", 0.0), sleeper("long", 600.0))
sys.exit(command.main(["--json", sys.argv[1]]))
"""

MANY = """
import sys
import validation.__main__ as command
from validation import check

texts = {"equation": "Eq. (3)", "reference": "none", "claim": "c" * 5000}
checks = [check(str(n), tolerance=1.0, **texts)(lambda: 0.0) for n in range(200)]
command.families.load = lambda: checks
sys.exit(command.main(["--list"]))
"""


@contextlib.contextmanager
def start(code, *words):
    """Run this code in a new interpreter; it is gone afterwards, whatever happens."""
    with attentive():
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def make(name, value, family="flows", equation="Eq. (10)"):
    def body():
        return value

    body.__module__ = f"validation.{family}"
    return check(name, equation=equation, reference="none", tolerance=1e-12, claim="it holds")(body)


GOOD, BAD = make("good", 0.0), make("bad", 1.0, "entropy", "Eq. (3)")


@pytest.fixture
def suite(monkeypatch):
    """Give the command line these checks instead of the real ones."""

    def use(*checks):
        monkeypatch.setattr(command.families, "load", lambda: checks)

    return use


def test_exit_status_0_only_if_every_check_passed(suite, capsys):
    suite(GOOD)
    assert command.main([]) == 0
    suite(GOOD, BAD)
    assert command.main([]) == 1
    assert command.main(["--only", "flows"]) == 0
    assert command.main(["--only", "Eq. (3)"]) == 1
    suite(GOOD, make("broken", "no number"))
    assert command.main([]) == 1
    suite(make("nan", float("nan")))
    assert command.main([]) == 1
    assert "0 checks passed, 1 failed, 0 errors" in capsys.readouterr().out


def test_reports_are_written(suite, tmp_path, capsys):
    suite(GOOD, BAD)
    files = tmp_path / "a.json", tmp_path / "a.html"
    assert command.main(["--json", str(files[0]), "--html", str(files[1]), "--seed", "7"]) == 1
    data = json.loads(files[0].read_text())
    assert [c["name"] for c in data["checks"]] == ["good", "bad"]
    assert data["seed"] == 7
    assert "Not every check passed" in files[1].read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "a.json"]
    assert "passed   good" in capsys.readouterr().out


def test_list_runs_nothing(suite, capsys):
    suite(GOOD, BAD)
    assert command.main(["--list"]) == 0
    assert command.main(["--list", "--only", "bad"]) == 0
    out = capsys.readouterr().out
    assert out.count("flows/good") == 1
    assert out.count("entropy/bad") == 2
    assert "passed" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "flaws"], "nothing matches 'flaws'. Close: 'flows'"),
        (["--only", ""], "Argument `--only` must match a check, but is empty"),
        (["--json", "none/a.json"], "Argument `--json` must name a file in an existing folder"),
        (["--html", "."], "Argument `--html` must name a file, but"),
        (["--json", "a", "--html", "./a"], "`--json` and `--html` must differ"),
        (["--seed", "-1"], "must be an integer >= 0, but is '-1'"),
        (["--jsn", "a.json"], "unrecognized arguments: --jsn"),
        (["nonsense"], "there is no 'nonsense'. Commands: figures"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(
    words, message, suite, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    suite(GOOD)
    with pytest.raises(SystemExit) as stop:
        command.main(words)
    assert stop.value.code == 2
    streams = capsys.readouterr()
    assert message in streams.err
    assert streams.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_sub_command_gets_the_rest_of_the_line(monkeypatch):
    module = types.ModuleType("drawing")
    module.main = len
    monkeypatch.setitem(sys.modules, "drawing", module)
    monkeypatch.setattr(command, "COMMANDS", {"draw": "drawing"})
    assert command.main(["draw", "--out", "here"]) == 2


def test_an_interrupt_leaves_valid_reports_of_what_finished(tmp_path):
    path = tmp_path / "a.json"
    with start(SLEEPERS, str(path)) as process:
        while "short" not in (line := process.stdout.readline()):
            assert line, process.stderr.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == ""
    assert "interrupted, 1 of 2 finished: 1 check passed" in out
    data = json.loads(path.read_text())
    assert data["verdict"] == "interrupted"
    assert [c["name"] for c in data["checks"]] == ["short"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_reader_that_goes_away_is_no_success():
    with start(MANY) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1
