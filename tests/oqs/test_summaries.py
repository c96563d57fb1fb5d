"""What results show of themselves: three lines in a terminal, a table in a notebook."""

import html.parser

import numpy as np
import pytest

import oqs
from oqs.summary import Summary, few_digits

DOTS = oqs.QuadraticSystem([[1.0, 0.3], [0.3, 1.4]])
CONTACTS = [oqs.Contact(oqs.flat(0.01), name="cold"), oqs.Contact(oqs.flat(0.02), [1, 0], "<hot>")]
MODEL = oqs.davies(DOTS, CONTACTS)
T, MU = [0.5, 1.0], [1.2, 0.8]
RELAXED = oqs.relax(MODEL, oqs.stationary_state(MODEL, [1, 1], [1, 1]), T, MU, times=[0, 1, 2])

SHOWN = {
    "flows": oqs.flow_law(MODEL)(T, MU),
    "batch": oqs.closed_form(DOTS, CONTACTS)(np.tile(T, (500, 1)), MU),
    "model": MODEL,
    "law": oqs.flow_law(MODEL),
    "closed form": oqs.closed_form(DOTS, CONTACTS),
    "gaussian": oqs.gaussian_law(DOTS, CONTACTS),
    "landauer": oqs.landauer(DOTS, CONTACTS),
    "system": DOTS,
    "large system": oqs.QuadraticSystem(np.diag(np.arange(1.0, 500.0))),
    "interacting": oqs.InteractingSystem.from_terms(np.eye(8), U={(0, 1): 2.0}),
    "contact": CONTACTS[1],
    "relaxation": RELAXED,
}


class Tags(html.parser.HTMLParser):
    """Whether every tag is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_three_lines_and_a_page(shown):
    lines = repr(shown).splitlines()
    assert len(lines) <= 3
    assert max(map(len, lines)) <= 100
    page = shown._repr_html_()
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert "<hot>" not in page  # names are text, not tags


def test_what_does_not_fit_is_left_out():
    text = Summary("Title", [(f"fact {i}", "x" * 30) for i in range(50)]).text()
    assert text.count("\n") == 2
    assert text.endswith("...")


def test_flows_by_name_and_index():
    flows = SHOWN["flows"]
    assert list(flows) == ["cold", "<hot>"]
    assert flows["<hot>"].heat == flows.heat[1] == flows[-1].heat
    assert SHOWN["batch"]["cold"].particle.shape == (500,)
    assert list(oqs.Flows([0, 0], [0, 0], [0, 0], names=("left", None))) == ["left", 1]
    with pytest.raises(KeyError, match="'warm'; there are cold, <hot>"):
        flows["warm"]
    with pytest.raises(IndexError, match="no reservoir 2; there are 2"):
        flows[2]


def test_flows_as_a_dataset():
    table = SHOWN["flows"].to_dataset()
    assert float(table.heat.sel(reservoir="cold")) == SHOWN["flows"]["cold"].heat
    assert table.heat.attrs["units"] == "E_0^2/hbar"
    assert SHOWN["batch"].to_dataset().particle.dims == ("batch_0", "reservoir")


def test_deviation_of_zero_flows():
    zero, one = oqs.Flows([0, 0], [0, 0], [0, 0]), oqs.Flows([1, -1], [2, -2], [1, -1])
    assert oqs.deviation(zero, zero) == (0, 0, 0)
    assert oqs.deviation(zero, one) == (1, 1, 1)
    assert oqs.deviation(one, zero) == (np.inf, np.inf, np.inf)


def test_no_number_is_minus_zero():
    assert few_digits([-0.0, 1.0]) == "0, 1"
    assert "-0" not in repr(oqs.Flows.of([-0.0, 0.0], [0.0, -0.0], [1.0, 2.0]))
