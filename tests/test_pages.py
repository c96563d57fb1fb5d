"""The pages of docs/ build without a warning, hold every public name, and need no network.

Sphinx takes half a minute: they are built with the slow tests. The contents are compared always.
"""

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
