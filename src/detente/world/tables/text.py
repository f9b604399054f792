"""Wide text tables, a row at a time: labels and numbers, from CSV files and those in archives."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np

from detente.arrays import Array
from detente.errors import WorldError

Progress = Callable[[int, int], None]
"""Called with the bytes that were read, and those there are."""

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

_DECIMAL_COMMA = re.compile(r"^(-?\d+),(\d+(?:E[-+]?\d+)?)$", re.IGNORECASE)


@dataclass
class Text:
    """A CSV file that is being read.

    Attributes
    ----------
    name
        Of the file, with that of the archive it is in.
    stream
        Its bytes.
    size
        How many there are.
    """

    name: str
    stream: IO[bytes]
    size: int
    line: int = 0
    read: int = 0
    separator: str = ","

    def next(self) -> bytes:
        """The next line, empty at the end."""
        line = self.stream.readline()
        self.line += 1
        self.read += len(line)
        return line

    def cells(self) -> list[str]:
        """The cells of the next line, which says what separates them, commas or semicolons."""
        line = self.next()
        try:
            text = line.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise WorldError(f"{self.name}: no text in UTF-8: no CSV file") from error
        if text.count(";") > text.count(","):
            self.separator = ";"
        return self._split(text)

    def _split(self, text: str) -> list[str]:
        return [
            c.strip() for c in next(csv.reader([text.rstrip("\r\n")], delimiter=self.separator))
        ]

    def lines(self, progress: Progress | None = None) -> Iterator[list[str]]:
        """The cells of every further line; where semicolons separate them, decimal points."""
        while self.read < self.size:
            cells = self.cells()
            decimal = self.separator == ";"
            yield [_DECIMAL_COMMA.sub(r"\1.\2", c) for c in cells] if decimal else cells
            if progress is not None:
                progress(self.read, self.size)

    def rows(
        self, columns: list[str], labels: int = 1, progress: Progress | None = None
    ) -> Iterator[tuple[list[str], Array]]:
        """The labels and the numbers of every further line; an empty cell is zero.

        Parameters
        ----------
        columns
            What the numbers are, for errors.
        labels
            Cells of a line before its numbers.

        Raises
        ------
        WorldError
            A line of another length, or text in place of a number: file, line and column.
        """
        while line := self.next():
            if line.strip():
                yield self._plain(line, columns, labels) or self._quoted(line, columns, labels)
            if progress is not None:
                progress(self.read, self.size)

    def _plain(
        self, line: bytes, columns: list[str], labels: int
    ) -> tuple[list[str], Array] | None:
        """A line whose only quotes are those of its label, ten times as fast as any other."""
        label, _, rest = line.partition(b",")
        if self.separator != "," or labels > 1 or b'"' in rest:
            return None
        try:
            numbers = np.fromstring(rest, sep=",")
        except ValueError:
            return None
        whole = len(numbers) == len(columns) and np.isfinite(numbers).all()
        return ([label.decode("utf-8").strip('" ')], numbers) if whole else None

    def _quoted(self, line: bytes, columns: list[str], labels: int) -> tuple[list[str], Array]:
        cells = self._split(line.decode("utf-8", errors="replace"))
        if len(cells) != len(columns) + labels:
            raise WorldError(
                f"{self.name}, line {self.line}: {len(cells)} cells where the head has "
                f"{len(columns) + labels}; the file may be cut off"
            )
        found = (
            self._number(c, self.line, to) for c, to in zip(cells[labels:], columns, strict=True)
        )
        return cells[:labels], np.fromiter(found, float, len(columns))

    def _number(self, cell: str, line: int, column: str) -> float:
        text = cell.replace(",", ".") if self.separator == ";" else cell
        try:
            number = float(text) if text else 0.0
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise WorldError(f"{self.name}, line {line}, column {column}: {cell!r} is no number")
        return number


def year_in(name: str) -> int | None:
    """The last year in the name of a file.

    >>> year_in("ICIO2025_2022.csv"), year_in("WIOT2014_Nov16_ROW.xlsb"), year_in("table.csv")
    (2022, 2014, None)
    """
    found = _YEAR.findall(name)
    return int(found[-1]) if found else None


@contextmanager
def opened(path: Path, year: int | None = None) -> Iterator[Text]:
    """Open a CSV file, or the one of a year in a zip archive.

    Raises
    ------
    WorldError
        It cannot be read; an archive without such a file, or with several.
    """
    try:
        if is_zipfile(path):
            with ZipFile(path) as archive:
                member = _member(path, archive, year)
                with archive.open(member) as stream:
                    size = archive.getinfo(member).file_size
                    yield Text(f"{path.name}/{member}", stream, size)
        else:
            with path.open("rb") as file:
                yield Text(path.name, file, path.stat().st_size)
    except OSError as error:
        raise WorldError(f"{path}: cannot be read: {error.strerror or error}") from error
    except BadZipFile as error:
        raise WorldError(f"{path}: a damaged archive: {error}") from error


def _member(path: Path, archive: ZipFile, year: int | None) -> str:
    tables = [n for n in archive.namelist() if n.lower().endswith(".csv")]
    found = [n for n in tables if year is None or year_in(n) == year]
    if len(found) != 1:
        years = ", ".join(sorted(n.rpartition("/")[2] for n in tables)) or "no CSV file"
        asked = "say which year" if year is None else f"{len(found)} of them are of {year}"
        raise WorldError(f"{path.name} holds {years}: {asked}")
    return found[0]
