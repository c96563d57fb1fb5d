"""The HTML report in Chromium: its own script filters the table and opens figures.

The page is driven by a script appended to it, which acts as a reader does and notes what it sees.
"""

import html
import json
import re
import subprocess

import pytest
from browser import BROWSER, QUIET

from validation import families
from validation.framework.bounds import at_most
from validation.framework.check import CheckResult, Status
from validation.framework.suite import run_suite
from validation.pictures.figures import FIGURES
from validation.report.html import as_html, picture_of, pictures
from validation.report.report import environment

DRIVER = """
<pre id="seen"></pre>
<script>
const seen = {};
const shown = () => [...document.querySelectorAll('.checks tbody tr')]
  .filter(row => row.getClientRects().length).map(row => row.dataset.equation);
const set = (field, value) => {
  const select = document.querySelector(`select[data-field="${field}"]`);
  select.value = value;
  select.dispatchEvent(new Event('input', {bubbles: true}));
};
seen.all = shown();
set('equation', 'Fig. 3');
seen.filtered = shown();
seen.sentence = document.getElementById('shown').textContent;
set('equation', '');
set('family', 'table_one');
seen.family = shown();
set('family', '');
search.value = 'no check says this';
search.dispatchEvent(new Event('input', {bubbles: true}));
seen.none = shown();
search.value = '';
search.dispatchEvent(new Event('input', {bubbles: true}));
const figure = document.getElementById('figure_3');
seen.before = figure.open;
document.querySelector('a.see[href="#figure_3"]').click();
setTimeout(() => {
  seen.after = figure.open;
  const image = figure.querySelector('img');
  seen.width = image.naturalWidth;
  seen.fits = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
  document.getElementById('seen').textContent = JSON.stringify(seen);
}, 50);
</script>
"""


@pytest.fixture(scope="module")
def report():
    checks = [c for c in families.load(("paper_figures", "table_one")) if "3" in c.name]
    checks += list(families.load(("table_one",)))
    suite = run_suite(checks)
    return suite, as_html(suite, environment(), pictures(suite.results, FIGURES))


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
@pytest.mark.parametrize("width", [390, 1300])
def test_a_reader_filters_the_table_and_opens_a_figure(report, width, tmp_path):
    suite, page = report
    file = tmp_path / "report.html"
    file.write_text(page.replace("</body>", DRIVER + "</body>"), encoding="utf-8")
    done = subprocess.run(
        [
            BROWSER,
            *QUIET,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900",
            "--virtual-time-budget=3000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    note = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.S)
    seen = json.loads(html.unescape(note[1]))
    equations = [result.equation for result in suite.results]
    assert seen["all"] == equations
    assert set(seen["filtered"]) == {"Fig. 3"}
    assert seen["sentence"] == f"{equations.count('Fig. 3')} of {len(equations)} shown"
    assert 0 < len(seen["family"]) < len(equations)
    assert seen["none"] == []
    assert (seen["before"], seen["after"]) == (False, True)
    assert seen["width"] > 300
    assert seen["fits"], "the page is wider than the screen"


def test_without_figures_no_check_links_to_one(report):
    suite, _ = report
    assert "a class=" not in as_html(suite, environment())


def result(**changes):
    given = {
        "name": "a",
        "family": "b",
        "equation": "Eq. (1)",
        "reference": "c",
        "claim": "d",
        "status": Status.PASSED,
        "measured": 0.0,
        "bound": at_most(1.0),
        "detail": "",
        "reason": "",
        "seconds": 0.0,
    }
    return CheckResult(**given | changes)


@pytest.mark.parametrize(
    ("changes", "picture"),
    [
        ({"equation": "Fig. 4"}, "figure_4"),
        ({"family": "trust"}, "weak_coupling"),
        ({"family": "paper_figures", "name": "Figures 1-5, entropy"}, "figure_1"),
        ({"family": "system"}, None),
        ({"family": "own_system", "claim": "It grows along the evolution."}, None),
    ],
)
def test_each_check_leads_to_the_figure_it_is_seen_in(changes, picture):
    assert picture_of(result(**changes), FIGURES) == picture


def test_a_figure_whose_check_raised_is_not_drawn():
    def fails():
        raise AssertionError("must not be drawn")

    raised = result(equation="Fig. 1", status=Status.ERROR, measured=None)
    assert pictures([raised], {"figure_1": fails}) == {}
