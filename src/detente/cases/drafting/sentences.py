"""Sentences of a report, with what their words mean, and the day each speaks of."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from detente.cases.drafting.gazetteers import Mark, language, marks_in

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

    from detente.cases.drafting.reports import Report


DATELINE = 7
"""Words of a sentence that is only where and when it was written."""


class When(NamedTuple):
    """A day that a sentence speaks of.

    Attributes
    ----------
    date
        The day; of a month or a year, its first.
    exact
        Whether it was said as a day.
    words
        As it was said.
    """

    date: datetime.date
    exact: bool
    words: str


@dataclass(frozen=True)
class Sentence:
    """One sentence, its words in lower case as they are spelled right, and their meanings.

    Attributes
    ----------
    number
        Its place in the report, from 1.
    span
        As spaCy has it.
    heading
        Whether it is a headline.
    """

    number: int
    span: Span
    marks: Sequence[Mark]
    heading: bool = False
    when: When | None = None
    layers: dict[str, list[Mark]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """As it stands in the report."""
        words: str = self.span.text
        return words.strip()

    @cached_property
    def words(self) -> list[str]:
        """Words in lower case."""
        return [token.norm_ for token in self.span]

    def of(self, layer: str, *values: str) -> list[Mark]:
        """Meanings of a layer, in order; places are counted from the sentence's first word."""
        return [m for m in self.layers.get(layer, []) if not values or m.value in values]

    def has(self, layer: str, *values: str) -> bool:
        """Whether there is one."""
        return bool(self.of(layer, *values))

    def said(self, mark: Mark) -> str:
        """The words of a mark, as they stand in the report."""
        words: str = self.span[mark.start : mark.end].text
        return words


def sentences_of(report: Report, pipeline: Language | None = None) -> list[Sentence]:
    """Split a report in sentences and find what their words mean.

    Parameters
    ----------
    report
        What is read.
    pipeline
        An installed spaCy pipeline with a parser, for speakers; the blank one by default.
    """
    found: list[Sentence] = []
    blank = language()
    lines = report.text.split("\n")
    for line in lines:
        doc = (pipeline or blank)(line)
        marks = marks_in(doc)
        ends = _sentences(blank(line) if pipeline else doc)
        heading = (
            not line.endswith((".", "!", "?", '"', "”", "’", "'", ")", ":")) and len(lines) > 1
        )
        for start, end in ends:
            own = doc[start:end]
            inside = [
                m._replace(start=m.start - start, end=m.end - start)
                for m in marks
                if start <= m.start and m.end <= end
            ]
            layers: dict[str, list[Mark]] = {}
            for mark in inside:
                layers.setdefault(mark.layer, []).append(mark)
            when = _spoken_of(own.text, report.date) or _carried(own.text, found)
            found.append(Sentence(len(found) + 1, own, inside, heading, when, layers))
    return found


def _sentences(doc: Doc) -> list[tuple[int, int]]:
    """First word and the one after the last; a quotation mark goes where it opens."""
    ends = [[s.start, s.end] for s in doc.sents]
    for this, following in pairwise(ends):
        last = this[1] - 1
        if doc[last].text in ('"', "“") and last > this[0] and doc[last - 1].whitespace_:
            this[1] = following[0] = last
    return [(start, end) for start, end in ends if end > start]


def _spoken_of(text: str, base: datetime.date | None) -> When | None:
    """The day of a sentence, rather one that is said exactly, and not that of its dateline."""
    dateline = re.match(r"[A-Z][^.]{0,60}?\s[-–—]{1,2}\s", text)
    days = list(days_in(text[dateline.end() :] if dateline else text, base))
    return next((d for d in days if d.exact), next(iter(days), None)) or day_in(text, base)


def _carried(text: str, before: Sequence[Sentence]) -> When | None:
    """The day of the sentence before, if that is a dateline, or this is about the same day."""
    last = before[-1] if before else None
    if last is None or last.when is None:
        return None
    dateline = len(last.span) <= DATELINE and not last.has("act")
    return last.when if dateline or "same day" in text else None


# -- days ---------------------------------------------------------------------------------------

_MONTHS = "january february march april may june july august september october november december"
_MONTH = "|".join(f"{m}|{m[:3]}\\.?" if m != "may" else "May" for m in _MONTHS.split())
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO = r"(?P<iso>\d{4}-\d\d-\d\d)"
_DAY_FIRST = (
    rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH})\b(?:,?\s+(?P<y1>\d{{4}}))?"
)
_MONTH_FIRST = (
    rf"\b(?P<m2>{_MONTH})\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,?\s+(?P<y2>\d{{4}}))?"
)
_MONTH_ONLY = (
    rf"\b(?:in|since|from|until|of|early|late|mid-?)\s*(?P<m3>{_MONTH})\b(?:\s+(?P<y3>\d{{4}}))?"
)
_WEEKDAY = rf"\b(?P<next>(?:next|from|as of)\s+)?(?P<weekday>{'|'.join(_WEEKDAYS)})\b"
_RELATIVE = (
    r"\b(?P<relative>yesterday|today|tomorrow|(?:the\s+)?day\s+before|last\s+(?:week|month|year)"
    r"|next\s+(?:week|month|year)"
    r"|(?P<ago>\d+|two|three|four|five|six)\s+(?P<unit>day|week|month|year)s\s+ago)\b"
)
_DATE = re.compile(
    "|".join((_ISO, _DAY_FIRST, _MONTH_FIRST, _MONTH_ONLY, _WEEKDAY, _RELATIVE)), re.IGNORECASE
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_RELATIVES = {
    "yesterday": -1, "today": 0, "tomorrow": 1, "day before": -1, "the day before": -1,
    "last week": -7, "last month": -30, "last year": -365,
    "next week": 7, "next month": 30, "next year": 365,
}  # fmt: skip


def day_in(text: str, base: datetime.date | None) -> When | None:
    """The first day that a text speaks of, relative ones by the day of the report.

    >>> from datetime import date
    >>> [day_in(t, date(2025, 2, 15)).date.isoformat() for t in
    ...     ("on Thursday in Vilnius", "on 12 February", "on March 3, 2024", "last week")]
    ['2025-02-13', '2025-02-12', '2024-03-03', '2025-02-08']
    >>> day_in("on Thursday", None)
    """
    return next(days_in(text, base), None)


def days_in(text: str, base: datetime.date | None) -> Iterator[When]:
    """All days that a text speaks of; relative ones are left out where no day is known."""
    for match in _DATE.finditer(text):
        try:
            found = _resolved(match, base)
        except ValueError:
            continue
        if found is not None:
            date, exact = found
            yield When(date, exact, match.group())


def _resolved(
    match: re.Match[str], base: datetime.date | None
) -> tuple[datetime.date, bool] | None:
    parts = match.groupdict()
    if parts["iso"]:
        return datetime.date.fromisoformat(parts["iso"]), True
    for n in "123":
        month = parts[f"m{n}"]
        if month:
            day, year = parts.get(f"d{n}"), parts[f"y{n}"]
            return _named(month, day, year, base)
    if base is None:
        return None
    if parts["weekday"]:
        return _weekday(parts["weekday"], bool(parts["next"]), base), True
    return _relative(parts, base)


def _named(
    month: str, day: str | None, year: str | None, base: datetime.date | None
) -> tuple[datetime.date, bool] | None:
    """A day or month by name; without its year, the nearest to the report."""
    number = [m[:3] for m in _MONTHS.split()].index(month[:3].lower()) + 1
    if year is None and base is None:
        return None
    if year is not None:
        return datetime.date(int(year), number, int(day or 1)), day is not None
    assert base is not None
    near = [datetime.date(base.year + k, number, int(day or 1)) for k in (-1, 0, 1)]
    return min(near, key=lambda d: abs((d - base).days)), day is not None


def _weekday(name: str, following: bool, base: datetime.date) -> datetime.date:
    """The last such day up to the report, or the next after it."""
    back = (base.weekday() - _WEEKDAYS.index(name.lower())) % 7
    return base + datetime.timedelta(days=7 - back if following else -back)


def _relative(parts: dict[str, str], base: datetime.date) -> tuple[datetime.date, bool]:
    words = " ".join(parts["relative"].lower().split())
    if parts["ago"]:
        count = _NUMBERS.get(parts["ago"].lower()) or int(parts["ago"])
        days = -count * _DAYS[parts["unit"].lower()]
    else:
        days = _RELATIVES[words]
    return base + datetime.timedelta(days=days), abs(days) <= 1
