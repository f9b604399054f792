"""Tables that fit the terminal: they wrap, and split or stack where wrapping is not enough.

Rich cuts off the columns for which there is no room; here every label and every column is shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

HEADING, WORDS = 11, 64
"""Width at which headings of numbers go on in a second line, and words of a first column."""

BETWEEN = 3
"""Characters that a column takes besides its content: a space on either side, and a line."""

Row: TypeAlias = Sequence[Any]
"""Cells: words, or words with a colour."""


@dataclass(frozen=True)
class Column:
    """A column with its cells.

    Attributes
    ----------
    head, cells
        What it says.
    number
        Whether it stands to the right.
    whole
        Whether its cells are never broken, not even between words.
    most
        Characters beyond which it does not grow, unless a word is longer.
    """

    head: str
    cells: list[Text]
    number: bool = False
    whole: bool = False
    most: int | None = None

    @cached_property
    def least(self) -> int:
        """Width at which no word is broken."""
        return self.natural if self.whole else self._longest_word

    @cached_property
    def natural(self) -> int:
        """Width at which no cell is broken."""
        word = self._longest_word
        head = textwrap.wrap(self.head, max(word, HEADING), break_on_hyphens=False)
        lines = [line for text in (*map(str, self.cells), *head) for line in text.split("\n")]
        longest = max([1, *map(cell_len, lines)])
        return longest if self.most is None else min(longest, max(word, self.most))

    @cached_property
    def _longest_word(self) -> int:
        words = (word for text in (self.head, *map(str, self.cells)) for word in text.split())
        return max([1, *map(cell_len, words)])


@dataclass(frozen=True)
class Grid:
    """A table that goes on in another below it, with the same first column, for want of room."""

    title: str
    columns: Sequence[Column]
    lines: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Render it in the room there is."""
        for number, part in enumerate(self._parts(options.max_width)):
            title = f"{self.title} (continued)" if number else self.title
            yield _table(title, part, options.max_width, self.lines)

    def _parts(self, room: int) -> Iterator[list[Column]]:
        key, *others = self.columns
        label = min(key.natural, max(key.least, room // 3))
        part: list[Column] = []
        for column in others:
            taken = 1 + label + sum(c.least + BETWEEN for c in (key, *part, column)) - key.least
            if part and taken > room:
                yield [key, *part]
                part = []
            part.append(column)
        yield [key, *part]


@dataclass(frozen=True)
class Prose:
    """A table of sentences, or its rows one below the other where columns would be too narrow."""

    grid: Grid

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Render it in the room there is."""
        columns = self.grid.columns
        if 1 + sum(c.least + BETWEEN for c in columns) <= options.max_width:
            yield _table(self.grid.title, columns, options.max_width, self.grid.lines)
            return
        yield Text(self.grid.title, style="bold")
        for cells in zip(*(c.cells for c in columns), strict=True):
            told = (
                Text.assemble((f"{c.head}: ", "dim"), cell)
                for c, cell in zip(columns, cells, strict=True)
            )
            yield Group(*told, Text())


def grid(title: str, heads: Sequence[str], rows: Iterable[Row], *, left: bool = False) -> Grid:
    """A table whose first column is words and whose others are numbers, or words if `left`.

    >>> table = grid("Gain", ["who", "2024", "2025"], [["Belarus", "1", "22"]])
    >>> Console(width=24).print(table)  # doctest: +NORMALIZE_WHITESPACE
    Gain
    ┏━━━━━━━━━┳━━━━━━┓
    ┃ who     ┃ 2024 ┃
    ┡━━━━━━━━━╇━━━━━━┩
    │ Belarus │    1 │
    └─────────┴──────┘
    Gain (continued)
    ┏━━━━━━━━━┳━━━━━━┓
    ┃ who     ┃ 2025 ┃
    ┡━━━━━━━━━╇━━━━━━┩
    │ Belarus │   22 │
    └─────────┴──────┘
    """
    first, *others = _columns(heads, rows)
    words = Column(first.head, first.cells, most=WORDS)
    return Grid(title, [words, *(Column(c.head, c.cells, number=not left) for c in others)])


def prose(
    title: str, heads: Sequence[str], rows: Iterable[Row], numbers: Collection[str] = ()
) -> Prose:
    """A table of sentences, some of whose columns are `numbers`."""
    columns = [
        Column(c.head, c.cells, number=c.head in numbers, whole=c.head in numbers)
        for c in _columns(heads, rows)
    ]
    return Prose(Grid(title, columns, lines=True))


def _columns(heads: Sequence[str], rows: Iterable[Row]) -> list[Column]:
    """Words are taken as they are: what stands in brackets is no markup."""
    cells = [[c if isinstance(c, Text) else Text(str(c)) for c in row] for row in rows]
    return [Column(head, [row[k] for row in cells]) for k, head in enumerate(heads)]


def _table(title: str, columns: Sequence[Column], room: int, lines: bool) -> Table:
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        header_style="dim",
        show_lines=lines,
    )
    for column, width in zip(columns, _widths(columns, room), strict=True):
        justify: Any = "right" if column.number else "left"
        table.add_column(Text(column.head), width=width, justify=justify, overflow="fold")
    for cells in zip(*(c.cells for c in columns), strict=True):
        table.add_row(*cells)
    return table


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """What there is beyond the least goes to whoever has to wrap most."""
    room -= 1 + BETWEEN * len(columns)
    widths = [c.least for c in columns]
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    while sum(widths) < room:
        lines = [c.natural / width for c, width in zip(columns, widths, strict=True)]
        most = max(lines)
        if most <= 1:
            break
        widths[lines.index(most)] += 1
    return widths
