"""What a report is made of: sentences, lists, tables, claims, figures, and what is folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from detente.report.layout import Grid


@dataclass(frozen=True)
class Words:
    """A paragraph, or one in small print."""

    text: str
    small: bool = False
    kind: ClassVar[str] = "words"


@dataclass(frozen=True)
class Points:
    """A list."""

    items: Sequence[str]
    kind: ClassVar[str] = "points"


@dataclass(frozen=True)
class Sheet:
    """A table in words: the first column heads the rows, `small` print stands below.

    The other columns are numbers, or sentences in `prose`.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]
    small: str = ""
    prose: bool = False
    kind: ClassVar[str] = "sheet"

    @classmethod
    def of(cls, table: Grid, small: str = "") -> Sheet:
        """A table of the terminal."""
        columns = table.columns
        rows = zip(*(map(str, c.cells) for c in columns), strict=True)
        prose = not any(c.number for c in columns)
        return cls(table.title, [c.head for c in columns], [*map(list, rows)], small, prose)


@dataclass(frozen=True)
class ClaimRow:
    """A claim in a line: what was said and how it was read, the verdict, how often it holds.

    `stance` is that of the verdict: supported, contradicted or open. `detail` is folded, beside the
    figure that goes by `picture`.
    """

    said: str
    who: str
    tested: str
    verdict: str
    stance: str
    percent: float
    holds: str
    band: str
    detail: list[str]
    picture: str


@dataclass(frozen=True)
class Claims:
    """Claims, a row each."""

    rows: Sequence[ClaimRow]
    kind: ClassVar[str] = "claims"


@dataclass(frozen=True)
class Picture:
    """A figure by name."""

    name: str
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Code:
    """Text for machines."""

    text: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Folded:
    """Parts that a reader unfolds; they are not printed."""

    title: str
    parts: Sequence[Part]
    kind: ClassVar[str] = "folded"


Part: TypeAlias = Words | Points | Sheet | Claims | Picture | Code | Folded


@dataclass(frozen=True)
class Section:
    """A part of the report with a heading; `name` is its address in the page."""

    name: str
    title: str
    parts: Sequence[Part]


def pictures_in(sections: Iterable[Section]) -> Iterator[str]:
    """Names of the figures that are not folded, in order."""
    for section in sections:
        yield from (part.name for part in section.parts if isinstance(part, Picture))
