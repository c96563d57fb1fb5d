"""The pages of docs/ build without a warning, hold every public name, and need no network.

Sphinx takes half a minute: they are built with the slow tests. The contents are compared always.
"""

import importlib.util
import pathlib
import re
import subprocess
import sys

import pytest

import oqs
import thermo

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("pages")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", out],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


def test_every_document_is_in_the_contents():
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").split("```{toctree}")[1:]
    listed = {line for tree in contents for line in tree.partition("```")[0].split()}
    documents = {
        path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        for path in (ROOT / "docs").glob("**/*.md")
    }
    assert documents - listed == {"index"}


@pytest.mark.slow
def test_every_document_has_a_page_in_the_contents(pages):
    contents = (pages / "index.html").read_text(encoding="utf-8")
    for document in (ROOT / "docs").glob("**/*.md"):
        page = document.relative_to(ROOT / "docs").with_suffix(".html")
        assert (pages / page).exists()
        link = "#" if page.name == "index.html" else page.as_posix()
        assert f'href="{link}"' in contents


@pytest.mark.slow
@pytest.mark.parametrize("package", [oqs, thermo], ids=lambda package: package.__name__)
def test_every_public_name_is_in_the_reference(pages, package):
    reference = (pages / "api" / f"{package.__name__}.html").read_text(encoding="utf-8")
    missing = [n for n in package.__all__ if f'id="{package.__name__}.{n}"' not in reference]
    assert missing == []


@pytest.mark.slow
def test_pictures_are_there_and_nothing_is_fetched(pages):
    for page in pages.glob("**/*.html"):
        text = page.read_text(encoding="utf-8")
        for source in re.findall(r'<(?:img|script|link)[^>]*(?:src|href)="([^"]+)"', text):
            if not source.startswith(("data:", "#")):
                assert not source.startswith(("http:", "https:", "//")), (page.name, source)
                assert (page.parent / source.split("?")[0].split("#")[0]).exists(), source


def links():
    spec = importlib.util.spec_from_file_location("check_links", ROOT / "docs/check_links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_that_lead_nowhere_would_be_seen(tmp_path):
    (tmp_path / "low").mkdir()
    (tmp_path / "low/b.html").write_text('<p id="here"></p><a class="x" href="../a.html#no">a</a>')
    (tmp_path / "a.html").write_text(
        '<h1 id="top"></h1><a href="low/b.html#here">b</a><a href="#top">up</a>'
        '<a href="c.html">c</a><a href="https://nowhere.example/">away</a>'
    )
    assert sorted(links().broken(tmp_path)) == [
        ("a.html", "c.html"),
        ("low/b.html", "../a.html#no"),
    ]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_the_front_pages_lead_to_files(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in targets if not (ROOT / link.split("#")[0]).exists()] == []
    assert targets or name != "README.md"
