"""The figures: what they compute is Eq. (10), what they draw is all of it, and files appear."""

import numpy as np
import pytest

import oqs
from validation import __main__ as command
from validation.pictures import engines, figures, flow_scan, paper_drawings, what_is_a_reservoir
from validation.systems.cases import FIGURE_1


@pytest.fixture(scope="module")
def scans():
    return flow_scan.compute(points=5)


def test_the_scans_hold_the_flows_of_every_solver(scans):
    law = oqs.closed_form(FIGURE_1.system(), FIGURE_1.contacts())
    for scan, index in zip(scans, ("T", "mu"), strict=True):
        state = {"T": FIGURE_1.T.copy(), "mu": FIGURE_1.mu.copy()}
        assert scan.initial == state[index][0]
        state[index][0] = scan.values[1]
        np.testing.assert_array_equal(scan.closed_form[1], law(**state).heat)
        assert set(scan.residuals()) == set(flow_scan.METHODS)
        for residual in scan.residuals().values():
            assert residual.shape == (5,)
            assert np.max(residual) < 1e-12


def test_a_wrong_flow_shows_in_the_residual_and_stays_inside_the_axes(scans):
    scan = scans[0]
    wrong = scan.solved["populations"].copy()
    wrong[2] *= 1 + 1e-6
    faulty = flow_scan.FlowScan(
        scan.label,
        scan.values,
        scan.initial,
        scan.closed_form,
        scan.solved | {"populations": wrong},
    )
    residual = faulty.residuals()["populations"]
    assert np.argmax(residual) == 2
    assert residual[2] > 1e-7
    below = flow_scan.draw((faulty,)).axes[1]
    assert below.get_ylim()[1] > residual[2]


def test_axes_say_what_they_show_and_in_which_unit(scans):
    above, other, below, _ = flow_scan.draw(scans).axes
    assert "heat flow" in above.get_ylabel()
    assert "E_0^2" in above.get_ylabel()
    assert "1000" in below.get_xlabel()
    assert len(above.lines) == len(other.lines) == 6
    np.testing.assert_array_equal(above.lines[0].get_ydata(), 1e4 * scans[0].closed_form[:, 0])


def test_the_sub_command_writes_png_and_pdf(monkeypatch, tmp_path, capsys):
    few = flow_scan.compute(points=3)
    monkeypatch.setattr(figures, "FIGURES", {"flows": lambda: flow_scan.draw(few)})
    assert command.main(["figures", "--out", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "flows.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "new" / "flows.pdf").read_bytes().startswith(b"%PDF")
    assert capsys.readouterr().out.count("flows.") == 2


def test_a_directory_that_cannot_be_is_refused_before_anything_is_drawn(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("taken")
    monkeypatch.setattr(figures, "FIGURES", {"flows": lambda: pytest.fail("drawn")})
    with pytest.raises(SystemExit) as stop:
        command.main(["figures", "--out", str(tmp_path / "file")])
    assert stop.value.code == 2


def test_a_file_that_cannot_be_replaced_is_refused_before_anything_is_drawn(
    monkeypatch, tmp_path, capsys
):
    (tmp_path / "flows.pdf").mkdir()
    monkeypatch.setattr(figures, "FIGURES", {"flows": lambda: pytest.fail("drawn")})
    with pytest.raises(SystemExit) as stop:
        command.main(["figures", "--out", str(tmp_path)])
    assert stop.value.code == 2
    assert "Argument `--out` must name a file" in capsys.readouterr().err


def test_a_figure_that_fails_leaves_what_was_there_and_nothing_half_written(monkeypatch, tmp_path):
    (tmp_path / "flows.png").write_text("of before")

    class Broken:
        def savefig(self, stream, **_):
            stream.write(b"half")
            raise RuntimeError("the disk of the figure")

    monkeypatch.setattr(figures, "FIGURES", {"flows": Broken})
    with pytest.raises(RuntimeError, match="the disk"):
        command.main(["figures", "--out", str(tmp_path)])
    assert [p.name for p in tmp_path.iterdir()] == ["flows.png"]
    assert (tmp_path / "flows.png").read_text() == "of before"


def test_all_of_the_paper_is_registered():
    assert {*(f"figure_{n}" for n in range(1, 6)), "table_1"} <= set(figures.FIGURES)


def colours_of_table_one():
    axes = paper_drawings.table_one().axes
    cells = [table.get_celld() for a in axes for table in a.tables]
    return [
        c.get_facecolor()[:3]
        for found in cells
        for (row, column), c in found.items()
        if row > 0 and column >= 0
    ]


def test_table_1_shows_a_sign_that_differs_from_print_in_red(monkeypatch):
    assert len(colours_of_table_one()) == 2 * 4 * 4
    assert (1.0, 0.0, 0.0) not in colours_of_table_one()
    monkeypatch.setattr(paper_drawings, "_printed", lambda window: [1, 1, 1, 1])
    assert colours_of_table_one().count((1.0, 0.0, 0.0)) == 18  # the minus signs in print


def test_what_a_reservoir_is_shows_four_kinds_of_it():
    data = what_is_a_reservoir.compute(points=3, trajectories=60, levels=150)
    assert abs(data.jumps[10.0][0, -1] - data.mean_field[-1]) < 0.05
    assert data.jumps[1.0][1, -1] > 2 * data.jumps[10.0][1, -1]
    assert abs(data.relaxing[-1] - data.mean_field[-1]) < 0.01
    assert data.free[-1] > 0.995
    axes = what_is_a_reservoir.draw(data).axes[0]
    assert len(axes.lines) == 5
    assert len(axes.collections) == 2


def test_engines_are_drawn_as_they_are_computed():
    table = engines.compute(3, 4)
    assert float(table.uncertainty.min()) > 2
    assert "engines" in figures.FIGURES
