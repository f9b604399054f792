"""The World Input-Output Database, release of 2016.

Layout of the workbook `WIOT2014_Nov16_ROW.xlsb`: six rows of head, the third to sixth of which say
the industry's code, its name, the country and the number of every column (c1 to c56, then of final
use c57 to c61, the last of them changes in inventories), and four columns likewise before the
numbers of every row; then, of the country TOT, the rows II_fob (inputs), TXSP, EXP_adj, PURR,
PURNR, VA, IntTTM (which sum to output with it) and GO; a last column TOT; million US dollars. As a
sheet saved as text it is the same. The data of R written to CSV have the columns IndustryCode,
IndustryDescription, Country, RNr, Year, then AUS1 to ROW61 and TOT. Source: Timmer, Dietzenbacher,
Los, Stehrer and de Vries (2015), Review of International Economics 23(3), and the release's notes.

pymrio reads the release of 2013 alone. Workbooks are read by calamine through pandas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detente.arrays import Array
from detente.errors import MissingExtraError, WorldError
from detente.world.tables.table import Filling, Label, Table
from detente.world.tables.text import Progress, opened, year_in

WORKBOOKS = (".xlsb", ".xlsx", ".xls")
INVENTORIES = "61"
FINAL = ("57", "58", "59", "60", INVENTORIES)
ADDED = ("TXSP", "EXP_ADJ", "PURR", "PURNR", "VA", "INTTTM")
OUTPUT = "GO"
ALL = "TOT"
HEAD = 6
"""Rows of head of the workbook."""

_COLUMN_OF_R = re.compile(r"([A-Z]{3})(\d+)")

Cells = Sequence[Any]


class Head(NamedTuple):
    """Where things are: labels of the numbers of a row, and the cells before them."""

    columns: list[Label | None]
    labels: int


def read_wiod(path: Path, year: int | None = None, progress: Progress | None = None) -> Table:
    """Read a year's table from a workbook, its text, or the data of R as text.

    Raises
    ------
    WorldError
        No such table, or one that is cut off or has text in place of a number: file, row, column.
    MissingExtraError
        A workbook, and calamine is not installed.
    """
    if path.suffix.lower() in WORKBOOKS:
        return _read(path.name, _workbook(path), year or year_in(path.name))
    with opened(path, year) as text:
        return _read(text.name, text.lines(progress), year or year_in(text.name))


def _workbook(path: Path) -> Iterator[Cells]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise MissingExtraError("python-calamine", "tables", "reading workbooks") from error
    try:
        yield from CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError) as error:
        raise WorldError(f"{path}: no workbook that can be read: {error}") from error


def _read(name: str, rows: Iterable[Cells], year: int | None) -> Table:
    """Read rows whose first cells are code, words, country and number (and the year, in R)."""
    lines = iter(rows)
    head = _head(name, lines)
    countries = dict.fromkeys(c.country for c in head.columns if c is not None)
    numbers = dict.fromkeys(c.use for c in head.columns if c is not None and c.use not in FINAL)
    table = Table(
        "World Input-Output Database, release of 2016",
        "million USD",
        list(countries),
        list(numbers),
        year,
    )
    filling = Filling(table, head.columns, INVENTORIES, name)
    codes, words = {}, {}
    for cells in lines:
        code, word, country, number = (str(c).strip() for c in cells[:4])
        if not country:
            continue
        values = _numbers(name, f"{country} {code}", cells[head.labels :], head.columns)
        use = number.lstrip("r").partition(".")[0]
        if country != ALL:
            codes[use], words[code] = code, word
            filling.row(Label(country, use), values)
        elif code.upper() == OUTPUT:
            table.output[:] = 0
            filling.add(table.output, values)
        elif code.upper() in ADDED:
            filling.add(table.added, values)
    filling.finish()
    table.sectors = [_code(codes[s]) for s in table.sectors]
    table.sector_names = {_code(code): word for code, word in words.items()}
    return table


def _code(code: str) -> str:
    """The code of an industry as other tables spell it: `C10T12` for `C10-C12`."""
    return re.sub(r"-[A-Z]?(?=\d)", "T", code)


def _head(name: str, lines: Iterator[Cells]) -> Head:
    first = [str(c).strip() for c in next(lines, [])]
    if "IndustryCode" in first and "RNr" in first:
        named = [_COLUMN_OF_R.fullmatch(c) for c in first[5:]]
        columns = [Label(c[1], c[2]) if c and c[1] != ALL else None for c in named]
        return Head(columns, 5)
    rest = [[str(c).strip() for c in line] for line in islice(lines, HEAD - 1)]
    if len(rest) == HEAD - 1 and rest[-1][4:5] == ["c1"]:
        pairs = zip(rest[-2][4:], rest[-1][4:], strict=True)
        return Head([Label(c, u.lstrip("c")) if c != ALL else None for c, u in pairs], 4)
    raise WorldError(
        f"{name}: no WIOD table of 2016: neither a head of {HEAD} rows whose last begins with c1, "
        "nor columns such as IndustryCode, Country, RNr and AUS1"
    )


def _numbers(name: str, row: str, cells: Cells, columns: Sequence[Label | None]) -> Array:
    if len(cells) != len(columns):
        raise WorldError(
            f"{name}, row {row}: {len(cells)} numbers for {len(columns)} columns; the file may be "
            "cut off"
        )
    try:
        values = np.array([c or 0.0 for c in cells], float)
    except ValueError:
        values = np.array([_or_nan(c) for c in cells])
    if not np.isfinite(values).all():
        at = int((~np.isfinite(values)).argmax())
        column = columns[at]
        where = f"{column.country} {column.use}" if column else ALL
        raise WorldError(f"{name}, row {row}, column {where}: {cells[at]!r} is no number")
    return values


def _or_nan(cell: object) -> float:
    try:
        return float(str(cell) or 0)
    except ValueError:
        return np.nan
