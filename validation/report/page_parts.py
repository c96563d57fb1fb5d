"""Style, script and frame of a self-contained HTML page, which needs no other file."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import Final

from matplotlib.figure import Figure

_SHORT: Final = 30  # characters

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --paper: #fff;
  --band: #f6f8fa; --good: #116329; --goodbg: #dafbe1; --bad: #a40e26; --badbg: #ffebe9;
  --odd: #6b3d9a; --oddbg: #f3e8ff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b1; --line: #3d444d;
  --paper: #0d1117; --band: #161b22; --good: #7ee787; --goodbg: #12261a; --bad: #ffa198;
  --badbg: #3a1216; --odd: #d2a8ff; --oddbg: #2a1a3e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .75rem; }
p { margin: 0; }
a { color: inherit; }
.verdict { border-left: .4rem solid; border-radius: .25rem; padding: .75rem 1rem; }
.verdict strong { font-size: 1.25rem; }
.verdict ul { margin: .5rem 0 0; padding-left: 1.2rem; }
.verdict.passed { color: var(--good); background: var(--goodbg); }
.verdict.failed { color: var(--bad); background: var(--badbg); }
.verdict.interrupted { color: var(--odd); background: var(--oddbg); }
.filters { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0; }
.filters[hidden] { display: none; }
.filters label { display: grid; font-size: .8rem; color: var(--soft); }
.filters select, .filters input { font: inherit; font-size: 1rem; padding: .3rem .4rem;
  max-width: 14rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line);
  border-radius: .25rem; }
.filters output { font-size: .9rem; color: var(--soft); padding-bottom: .35rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem;
  border-bottom: 1px solid var(--line); }
thead th { background: var(--band); font-size: .85rem; }
.checks { width: 100%; }
.checks td { font-size: .92rem; }
.number, .small td { font-variant-numeric: tabular-nums; white-space: nowrap; }
.checks td.equation { white-space: nowrap; }
.checks td.claim { width: 36%; overflow-wrap: anywhere; }
.checks td.against { width: 20%; }
.name { font-weight: 600; }
.family { color: var(--soft); font-weight: 400; }
.family::after { content: " /"; }
.reason { color: var(--bad); overflow-wrap: anywhere; }
.reason.skipped { color: var(--soft); }
.detail { color: var(--soft); overflow-wrap: anywhere; }
.badge { border-radius: 1rem; padding: .05rem .55rem; font-weight: 600; font-size: .85rem; }
.badge.passed { color: var(--good); background: var(--goodbg); }
.badge.failed { color: var(--bad); background: var(--badbg); }
.badge.skipped { color: inherit; opacity: .7; }
.badge.error { color: var(--odd); background: var(--oddbg); }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.figure { border: 1px solid var(--line); border-radius: .25rem; padding: .5rem .75rem;
  margin: 0 0 .5rem; }
.figure summary { cursor: pointer; font-weight: 600; }
.figure img { display: block; max-width: 100%; height: auto; margin-top: .5rem; background: #fff; }
.small th[scope=row] { font-weight: 400; }
.subject h2, .compared h2 { margin-top: 1.25rem; }
.subject td { font-size: .92rem; }
.small td.whole { white-space: nowrap; overflow-wrap: normal; }
.wide { overflow-x: auto; }
pre { overflow-x: auto; background: var(--band); padding: .75rem; border-radius: .25rem;
  font-size: .85rem; }
.small td { white-space: normal; overflow-wrap: anywhere; }
@media screen and (max-width: 46rem) {
  .small th, .small td { padding: .35rem .3rem; font-size: .85rem; }
  .checks, .checks tbody, .checks tr, .checks td, .checks caption { display: block; width: 100%; }
  .checks thead { display: none; }
  .checks tr { border: 1px solid var(--line); border-radius: .4rem; margin: 0 0 .75rem;
    padding: .5rem .75rem; }
  .checks td, .checks td.claim, .checks td.against { border: 0; padding: .15rem 0; display: flex;
    gap: .75rem; align-items: baseline; width: 100%; white-space: normal; }
  .checks td::before { content: attr(data-label); color: var(--soft); flex: 0 0 6.5rem;
    font-size: .85rem; }
  .checks td.claim::before { display: none; }
  .checks tr[hidden] { display: none; }
}
@media print {
  :root { --ink: #000; --soft: #333; --line: #999; --paper: #fff; --band: #eee; --good: #000;
    --goodbg: #fff; --bad: #000; --badbg: #fff; --odd: #000; --oddbg: #fff; }
  .filters, .filters[hidden] { display: none; }
  main { max-width: none; padding: 0; }
  body { font-size: 9pt; }
  .checks td { font-size: 8pt; padding: .2rem .3rem; }
  .badge { padding: 0; font-size: inherit; }
  thead th, .small th, .small td { font-size: 8pt; padding: .2rem .3rem; }
  .verdict { border: 1px solid #000; }
  .figure { border: 0; break-inside: avoid; }
  .figure::details-content { content-visibility: visible; height: auto; }
  .figure img { max-height: 14cm; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  h1, h2, caption { break-after: avoid; }
  .small { break-inside: avoid; }
  pre { white-space: pre-wrap; }
}
"""

SCRIPT = """
const form = document.querySelector('.filters');
const rows = [...document.querySelectorAll('.checks tbody tr')];
const selects = [...form.querySelectorAll('select')];
const search = document.getElementById('search');
function show() {
  const word = search.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = selects.every(s => !s.value || row.dataset[s.dataset.field] === s.value)
      && row.textContent.toLowerCase().includes(word);
    row.hidden = !fits;
    count += fits;
  }
  document.getElementById('shown').textContent = `${count} of ${rows.length} shown`;
}
function open() {
  const figure = document.getElementById(location.hash.slice(1));
  if (figure instanceof HTMLDetailsElement) {
    figure.open = true;
    figure.scrollIntoView();
  }
}
addEventListener('hashchange', open);
for (const link of document.querySelectorAll('a.see')) {
  link.addEventListener('click', () => setTimeout(open));  // once more for a figure closed again
}
addEventListener('beforeprint', () => {
  for (const figure of document.querySelectorAll('.figure')) figure.open = true;
});
open();
form.hidden = false;
form.addEventListener('input', show);
form.addEventListener('submit', event => event.preventDefault());
show();
"""


def document(title: str, body: str, script: str = "") -> str:
    """Return a page from the contents of its <main>."""
    code = f"<script>{script}</script>\n" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n{code}</body>\n</html>\n"
    )


def small_table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, whole: bool = False
) -> str:
    """Return a table of texts, of which the first in a row is its heading.

    With `whole` a number, or a word, stays on one line.
    """

    def row(first: str, *others: str) -> str:
        kinds = [' class="whole"' if whole and len(cell) < _SHORT else "" for cell in others]
        cells = [f"<td{kind}>{html.escape(c)}</td>" for kind, c in zip(kinds, others, strict=True)]
        return f'<tr><th scope="row">{html.escape(first)}</th>{"".join(cells)}</tr>'

    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in heads)
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    body = "".join(row(*cells) for cells in rows)
    return f'<table class="small">{title}{top}<tbody>{body}</tbody></table>'


def rendered(figure: Figure, dpi: int, suffix: str = "png") -> bytes:
    """Return a figure as the contents of a file of this format."""
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix, dpi=dpi)
    return stream.getvalue()


def image_of(png: bytes, name: str) -> str:
    """Return a PNG as an element of the page, under a name that is escaped already."""
    return f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}">'


def with_signs(bound: str) -> str:
    """Return the text of a bound, escaped, with the signs that a page shows and a log may not."""
    for plain, sign in (("<=", "\u2264"), (">=", "\u2265"), ("+-", "\u00b1")):
        bound = bound.replace(plain, sign)
    return html.escape(bound)
