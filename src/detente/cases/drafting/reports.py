"""Reports as they come in, text, HTML, Markdown or PDF, and the plain text in them.

Text is data: nothing in a report is executed or fetched, and scripts and styles are left out.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from detente.errors import MissingExtraError, ScenarioError

MOST_SIZE = 5_000_000
"""Bytes of a file that is read; a PDF of a few pages has less."""
MOST_TEXT = 60_000
"""Characters of a report; twenty pages."""
WRAPPED = 100
"""Characters of the longest line of a text whose lines are wrapped."""

_HIDDEN = {"script", "style", "noscript", "template", "svg", "nav", "footer", "aside", "form"}
_BLOCKS = {
    "p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "title", "article", "section",
    "blockquote", "ul", "ol", "table", "header", "figcaption",
}  # fmt: skip
_ENDED = tuple(".!?:;”\"’'")


@dataclass(frozen=True)
class Report:
    """The plain text of a report.

    Attributes
    ----------
    text
        Paragraphs, one a line; the first is the headline.
    name
        Where it came from, for sources: a file's name.
    date
        When it was published, if that is known.
    """

    text: str
    name: str = "report"
    date: datetime.date | None = None

    @property
    def title(self) -> str:
        """The headline, or as much of the first paragraph as makes one."""
        first = self.text.split("\n", 1)[0].strip()
        return first if len(first) <= 120 else first[:117].rsplit(" ", 1)[0] + " ..."

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_report(path: Path, date: datetime.date | None = None) -> Report:
    """Read a report by its ending: `.html`, `.md`, `.pdf`, or anything else as text.

    Raises
    ------
    ScenarioError
        It cannot be read, is too long, is not UTF-8, or has no text in it.
    MissingExtraError
        A PDF without the library that reads it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_SIZE + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MOST_SIZE:
        raise ScenarioError(f"{path}: larger than {MOST_SIZE:,} bytes, the most that is read")
    ending = path.suffix.lower()
    if ending == ".pdf":
        raw = _of_pdf(path)
    else:
        try:
            raw = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ScenarioError(f"{path}: not UTF-8 text; save the report as UTF-8") from error
    if ending in (".html", ".htm"):
        raw = of_html(raw)
    elif ending in (".md", ".markdown"):
        raw = _of_markdown(raw)
    return report_of(raw, path.name, date)


def report_of(raw: str, name: str = "report", date: datetime.date | None = None) -> Report:
    r"""A report of text that was pasted or read, its wrapped lines put together.

    Raises
    ------
    ScenarioError
        There is no text in it, or too much.

    >>> report_of("Easing\n\nThe EU eased its\nsanctions.").text
    'Easing\nThe EU eased its sanctions.'
    """
    text = "\n".join(_paragraphs(raw))
    if not text:
        raise ScenarioError(f"{name}: no text in it")
    if len(text) > MOST_TEXT:
        raise ScenarioError(
            f"{name}: {len(text):,} characters; a report of at most {MOST_TEXT:,} is read"
        )
    return Report(text, name, date)


def of_html(page: str) -> str:
    """Text of a page, a block a line, without scripts, styles and menus.

    >>> of_html("<h1>Relief</h1><script>alert(1)</script><p>The EU &amp; Belarus</p>").split()
    ['Relief', 'The', 'EU', '&', 'Belarus']
    """
    reader = _Page()
    reader.feed(page)
    reader.close()
    return "".join(reader.found)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            self.found.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        elif tag in _BLOCKS:
            self.found.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(re.sub(r"\s+", " ", data))


def _of_markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    return of_html(MarkdownIt("commonmark", {"html": True}).render(text))


def _of_pdf(path: Path) -> str:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise MissingExtraError("pypdf", "draft", "Reading a PDF") from error
    try:
        return "\n".join(page.extract_text() for page in PdfReader(path).pages)
    except (PyPdfError, ValueError, KeyError) as error:
        raise ScenarioError(f"{path}: not a PDF that can be read: {error}") from error


def _paragraphs(raw: str) -> Iterator[str]:
    """Paragraphs of a text; a line goes on in the next where the text is wrapped."""
    plain = "".join(c for c in raw if c in "\n\t" or c.isprintable())
    lines = [re.sub(r"\s+", " ", line).strip() for line in plain.split("\n")]
    wrapped = max(map(len, lines)) <= WRAPPED
    open_lines: list[str] = []
    for line in [*lines, ""]:
        if open_lines and not (line and _goes_on(open_lines[-1], line, wrapped)):
            yield " ".join(open_lines)
            open_lines = []
        if line:
            open_lines.append(line)


def _goes_on(line: str, following: str, wrapped: bool) -> bool:
    if following[0].islower():
        return True
    return wrapped and len(line) >= 0.5 * WRAPPED and not line.endswith(_ENDED)
