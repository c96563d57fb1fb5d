"""Sphinx extension: a link within the pages that leads nowhere fails the build.

Links to other sites need a network and are checked by `make links` alone.
"""

import html
import pathlib
import re
import urllib.parse

from sphinx.errors import ExtensionError

_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]+)"')
_NAME = re.compile(r'\b(?:id|name)="([^"]+)"')


def broken(folder):
    """Return (page, link) of every link between the HTML pages of a folder that leads nowhere."""
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    names = {path: set(map(html.unescape, _NAME.findall(text))) for path, text in pages.items()}
    broken_links = []
    for page, text in pages.items():
        for link in dict.fromkeys(map(html.unescape, _LINK.findall(text))):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / urllib.parse.unquote(parts.path)) if parts.path else page
            anchor = urllib.parse.unquote(parts.fragment)
            there = target.resolve()
            if not there.exists() or (anchor and there in names and anchor not in names[there]):
                broken_links.append((page.relative_to(folder).as_posix(), link))
    return broken_links


def check(app, exception):
    """Fail a build of HTML that has such links."""
    if exception is None and app.builder.name == "html":
        broken_links = broken(pathlib.Path(app.outdir).resolve())
        if broken_links:
            listed = "\n".join(f"  {page}: {link}" for page, link in broken_links)
            raise ExtensionError(f"links that lead nowhere:\n{listed}")


def setup(app):
    """Check when all pages are written."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
