"""What a run looks like: lines, JSON, page. Each says the same and hides nothing."""

import html.parser
import io
import json
import math
import re

import pytest
from rich.console import Console

from thermo.files import write_whole
from validation import Measurement, at_least, check, run_suite, within
from validation.report.files import refuse_unwritable
from validation.report.html import as_html
from validation.report.report import SCHEMA, as_data, as_json, environment
from validation.report.text import TextReport, print_list, progress_line

VERSIONS = {"python": "CPython 3.13", "platform": "test"}


def make(name, family, equation, value, tolerance=1e-12, claim="it holds", reference="mpmath"):
    def body():
        if isinstance(value, BaseException):
            raise value
        return value

    body.__module__ = f"validation.{family}"
    texts = {"equation": equation, "reference": reference, "claim": claim}
    return check(name, tolerance=tolerance, **texts)(body)


CHECKS = (
    make("populations give the flows", "flows", "Eq. (10)", Measurement(4e-14, detail="N = 1..6")),
    make("a wrong sign & <b>more</b>", "flows", "Eq. (10)", Measurement(3e-9, detail="at N = 2")),
    make("no number", "entropy", "Eqs. (15)-(18)", math.nan, claim='quotes " and <tags>'),
    make("broken", "entropy", "Eqs. (31)-(34)", LookupError("mode 3 [missing]")),
    make("coldest cools to 0.6", "figures", "Fig. 1", 0.61512, within(0.6, 0.02)),
    make("the order flips", "figures", "Fig. 2", 2.0, at_least(1.0)),
)
SUITE = run_suite(CHECKS)


def printed(checks, *, width=200, terminal=False, suite=None):
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=terminal, highlight=False, markup=False
    )
    suite = suite or run_suite(checks)
    report = TextReport(console, checks)
    for result in suite.results:
        report.result(result)
    report.summary(suite)
    return stream.getvalue()


def bare(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_pipe_gets_one_whole_line_per_check_without_colours():
    text = printed(CHECKS, width=40)
    assert "\x1b" not in text
    lines = text.splitlines()
    for result in SUITE.results:
        (line,) = [line for line in lines if result.name in line]
        assert line.startswith(result.status)
        assert result.equation in line
        assert str(result.bound) in line
        assert line == line.rstrip()
    assert re.search(
        r"passed   populations give the flows +Eq\. \(10\) +0\.\d\d s +4e-14 <= 1e-12\n", text
    )
    assert re.search(r"coldest cools to 0\.6 +Fig\. 1 +0\.\d\d s +0\.61512 0\.6 \+- 0\.02\n", text)


def test_the_last_line_is_the_verdict():
    last = printed(CHECKS).splitlines()[-1]
    assert re.fullmatch(r"3 checks passed, 2 failed, 1 error in \d+\.\d s", last)
    last = printed(CHECKS[:1]).splitlines()[-1]
    assert re.fullmatch(r"1 check passed, 0 failed, 0 errors in \d+\.\d s", last)


def test_what_went_wrong_stands_below_its_line():
    lines = printed(CHECKS).splitlines()
    below = lines.index(next(line for line in lines if "a wrong sign" in line)) + 1
    assert lines[below].strip() == "measured 3e-09, but must be <= 1e-12"
    assert lines[below + 1].strip() == "at N = 2"
    assert any("LookupError: mode 3 [missing] (in " in line for line in lines)
    assert not any("N = 1..6" in line for line in lines)  # nothing to explain on a passed check


def test_each_family_is_summed_up():
    text = printed(CHECKS)
    for family, numbers in (("flows", "1 1 0"), ("entropy", "0 1 1"), ("figures", "2 0 0")):
        pattern = rf"^{family} +{numbers.replace(' ', ' +')} +\d+\.\d\d s$"
        assert re.search(pattern, text, re.MULTILINE)


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_whole_lines_at_its_width(width):
    long = make("a name that is long enough for two lines of text", "flows", "Eqs. (15)-(18)", 0.0)
    text = bare(printed((*CHECKS, long), width=width, terminal=True))
    assert max(map(len, text.splitlines())) <= width
    assert len(re.findall(rf"^passed   {long.name}$", text, re.MULTILINE)) == (width == 80)
    for result in SUITE.results:
        assert result.name in text


def test_an_interrupted_run_says_so():
    checks = (CHECKS[0], make("slow", "flows", "Eq. (3)", KeyboardInterrupt()), CHECKS[4])
    suite = run_suite(checks)
    last = printed(checks, suite=suite).splitlines()[-1]
    assert last.startswith("interrupted, 1 of 3 finished: 1 check passed, 0 failed")
    assert as_data(suite, VERSIONS)["verdict"] == "interrupted"
    assert "1 of 3 checks finished" in as_html(suite, VERSIONS)


def test_nothing_finished_can_be_reported_too():
    checks = (make("slow", "flows", "Eq. (3)", KeyboardInterrupt()),)
    suite = run_suite(checks)
    assert "interrupted, 0 of 1 finished" in printed(checks, suite=suite)
    assert json.loads(as_json(as_data(suite, VERSIONS)))["checks"] == []
    assert "Interrupted before the end" in as_html(suite, VERSIONS)


def test_progress_is_drawn_on_a_terminal_only_and_does_not_stay():
    def drawn(*terminals):
        streams = [io.StringIO(), io.StringIO()]
        consoles = [
            Console(file=stream, width=100, force_terminal=terminal)
            for stream, terminal in zip(streams, terminals, strict=True)
        ]
        with progress_line(*consoles, total=len(CHECKS)) as on_start:
            run_suite(CHECKS, on_start=on_start)
        return [stream.getvalue() for stream in streams]

    assert drawn(False, False) == ["", ""]
    output, errors = drawn(True, True)
    assert errors == ""
    assert "figures/the order flips" in output
    assert "5/6" in output
    assert output.endswith("\x1b[1A\x1b[2K")  # the line is erased
    output, errors = drawn(False, True)
    assert output == ""
    assert "5/6" in errors


def test_the_list_shows_every_check_and_claim():
    stream = io.StringIO()
    print_list(Console(file=stream, width=40, highlight=False, markup=False), CHECKS)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2 * len(CHECKS)
    for item, (first, second) in zip(
        CHECKS, zip(lines[::2], lines[1::2], strict=True), strict=True
    ):
        assert first.split("  ")[0].strip() == item.path
        assert second == f"    {item.claim}"


def test_json_holds_every_result_and_is_strict():
    def refuse(constant):
        raise AssertionError(constant)

    data = json.loads(as_json(as_data(SUITE, VERSIONS)), parse_constant=refuse)
    assert data["schema"] == SCHEMA
    assert (data["verdict"], data["seed"], data["environment"]) == ("failed", 0, VERSIONS)
    numbers = [data[key] for key in ("selected", "finished", "passed", "failed", "errors")]
    assert numbers == [6, 6, 3, 2, 1]
    for entry, result in zip(data["checks"], SUITE.results, strict=True):
        for field in ("name", "family", "equation", "reference", "claim", "status", "reason"):
            assert entry[field] == str(getattr(result, field))
        assert entry["tolerance"] == result.tolerance
    assert [c["measured"] for c in data["checks"]] == [4e-14, 3e-9, None, None, 0.61512, 2.0]
    assert data["checks"][2]["reason"] == "measured nan, but must be finite and <= 1e-12"
    assert data["checks"][4]["relation"] == "within"
    assert data["checks"][4]["target"] == 0.6


def test_the_environment_names_versions_and_no_machine():
    import platform

    versions = environment()
    assert {"python", "numpy", "scipy", "qutip", "oqs-thermo", "platform"} <= set(versions)
    host = platform.node()
    assert not any("/" in text or (host and host in text) for text in versions.values())


class Page(html.parser.HTMLParser):
    """Collects the text and tags of a page, and whether tags close in order."""

    void = frozenset({"meta", "input", "br"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def test_the_page_is_whole_escaped_and_needs_no_network():
    text = as_html(SUITE, VERSIONS)
    page = Page(text)
    assert page.open == []
    assert not any({"src", "href"} & set(a) - {"href"} for _, a in page.tags)
    assert all(a["href"].startswith("#") for _, a in page.tags if "href" in a)
    assert not re.search(r"https?:|@import|url\(", text)
    assert not any(tag in ("b", "tags", "link", "img") for tag, _ in page.tags)
    words = "".join(page.text)
    for result in SUITE.results:
        assert result.name in words
        assert result.claim in words
    assert words.index("Not every check passed") < words.index("populations give the flows")


def test_the_page_can_be_filtered_by_what_its_rows_carry():
    page = Page(as_html(SUITE, VERSIONS))
    rows = [a for tag, a in page.tags if tag == "tr" and "data-family" in a]
    for row, result in zip(rows, SUITE.results, strict=True):
        for field in ("family", "equation", "status"):
            assert row[f"data-{field}"] == getattr(result, field)
    fields = [a["data-field"] for tag, a in page.tags if tag == "select"]
    assert fields == ["family", "equation", "status"]
    links = [a["href"] for tag, a in page.tags if tag == "a"]
    assert links == [f"#{rows[n]['id']}" for n in (1, 2, 3)]


def test_a_page_of_a_good_run_says_so():
    text = as_html(run_suite(CHECKS[:1]), VERSIONS)
    assert "Every check passed" in text
    assert "1 check passed, 0 failed, 0 errors" in text
    assert "N = 1..6" in text


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \ud800")
    assert path.read_text() == "old"
    write_whole(path, "new \u00b1")
    assert path.read_bytes() == b"new \xc2\xb1"
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    refuse_unwritable("--json", tmp_path / "new.json")
    refuse_unwritable("--json", tmp_path / "file")
    for path in (tmp_path, tmp_path / "none" / "a.json", tmp_path / "file" / "a.json"):
        with pytest.raises(ValueError, match=r"Argument `--json` must name a file"):
            refuse_unwritable("--json", path)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
