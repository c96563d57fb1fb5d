"""Every ```python block of README.md and docs/ runs; a ```text block after it is what it prints.

The blocks of a file share one namespace, in order. Each script in examples/ runs with `--small`.
"""

import contextlib
import dataclasses
import io
import itertools
import os
import pathlib
import re
import subprocess
import sys

import matplotlib
import matplotlib.pyplot
import pytest

ROOT = pathlib.Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ ]*$", re.M | re.S
)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line where the text begins, and its end."""

    language: str
    code: str
    line: int
    start: int
    end: int


def blocks_of(text):
    found = []
    for match in FENCE.finditer(text):
        language = match["language"].strip()
        line = text.count("\n", 0, match.start("code")) + 1
        found.append(Block(language, match["code"], line, match.start(), match.end()))
    left = re.sub(FENCE, "", text)
    assert not re.search(r"^\s*```", left, re.M), "a block is not closed, or is indented"
    known = {"python", "text", "console", "toml", "bibtex", "json", "{toctree}"}
    odd = {b.language for b in found} - known
    assert odd == set(), f"blocks in unknown languages, would they run? {odd}"
    return found


def with_output(text):
    """Pair each python block with the text block that follows it directly, or None."""
    blocks = blocks_of(text)
    pairs = []
    for block, after in itertools.zip_longest(blocks, blocks[1:]):
        if block.language == "python":
            follows = after is not None and after.language == "text"
            directly = follows and not text[block.end : after.start].strip()
            pairs.append((block, after.code if directly else None))
    return pairs


def run_blocks(text, name):
    """Run all python blocks of a document; raise on an exception or another output."""
    namespace = {"__name__": "__main__"}
    count = 0
    for block, expected in with_output(text):
        count += 1
        # blank lines in front: a traceback then gives the line of the document
        code = compile("\n" * (block.line - 1) + block.code, name, "exec")
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(code, namespace)
        if expected is not None:
            assert stream.getvalue() == expected, f"{name}, line {block.line}: prints otherwise"
    return count


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Run in an empty directory; draw without a screen; leave no figure open."""
    monkeypatch.chdir(tmp_path)
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    yield
    matplotlib.pyplot.close("all")
    matplotlib.use(before)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_document_runs_and_prints_what_it_says(path, scratch):
    run_blocks(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def test_the_readme_shows_code_and_its_output():
    pairs = with_output((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(pairs) >= 1
    assert any(expected for _, expected in pairs)


GOOD = """# Title

```python
x = 1
```

Words.

```python
print(x + 1)
```

```text
2
```

```console
$ rm -rf /
```
"""


def test_blocks_share_a_namespace_and_their_output_is_compared():
    assert run_blocks(GOOD, "good.md") == 2
    assert [expected for _, expected in with_output(GOOD)] == [None, "2\n"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (GOOD.replace("\n2\n", "\n3\n"), "good.md, line 10: prints otherwise"),
        (GOOD.replace("\n2\n", "\n2 \n"), "line 10: prints otherwise"),
        (GOOD.replace("\n2\n", "\n2\n\n"), "line 10: prints otherwise"),
        (GOOD.replace("x = 1", "y = 1"), "name 'x' is not defined"),
        (GOOD.replace("$ rm -rf /\n```", "$ rm -rf /"), "a block is not closed"),
        (GOOD.replace("```console", "    ```console"), "or is indented"),
        (GOOD.replace("```python\nprint", "```py\nprint"), "unknown languages"),
        (GOOD.replace("```python\nprint", "```python skip\nprint"), "unknown languages"),
    ],
)
def test_a_document_that_lies_would_be_seen(text, error):
    assert text != GOOD
    with pytest.raises((AssertionError, NameError), match=re.escape(error)):
        run_blocks(text, "good.md")


def test_text_that_does_not_follow_directly_is_no_output():
    text = GOOD.replace("```\n\n```text", "```\n\nElsewhere:\n\n```text").replace("\n2\n", "\n9\n")
    assert [expected for _, expected in with_output(text)] == [None, None]


def test_an_error_gives_the_line_of_the_document():
    with pytest.raises(NameError) as error:
        run_blocks(GOOD.replace("x = 1", "\ny = z"), "good.md")
    last = error.traceback[-1]
    assert last.lineno + 1 == 5


@pytest.mark.skipif(not EXAMPLES, reason="there are no examples yet")
@pytest.mark.parametrize("script", EXAMPLES or [None], ids=lambda path: path and path.stem)
def test_an_example_runs(script, tmp_path):
    # warnings are errors, unless the environment has something to say: old releases warn each other
    warned = {"PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "error")}
    done = subprocess.run(
        [sys.executable, str(script), "--small"],
        cwd=tmp_path,
        env=os.environ | warned | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
