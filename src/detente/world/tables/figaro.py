"""Eurostat's FIGARO tables, industry by industry, in the matrix and in the flat format.

Layout of the matrix: a column `rowLabels`, then `AT_A01` and so on, and of final use `AT_P3_S13`,
P3_S14, P3_S15, P51G and P5M (changes in inventories); rows likewise, then W2_D21X31 (net taxes on
products), W2_OP_RES and W2_OP_NRES (purchases abroad, of final users alone), W2_D1, W2_D29X39 and
W2_B2A3G (value added); no row of output. The flat format has the columns icioiRow, icioiCol,
refArea, rowIi, counterpartArea, colIi and obsValue. Countries are two letters, the rest of the
world is FIGW1; million euro at basic prices. Source: Eurostat, FIGARO tables, annex on file
formats ("CSV matrix format", "CSV flat format"), editions 2022 to 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detente.arrays import Array
from detente.errors import WorldError
from detente.world.countries import country_of
from detente.world.tables.table import REST, Filling, Label, Table
from detente.world.tables.text import Progress, Text, opened, year_in

FINAL = ("P3_S13", "P3_S14", "P3_S15", "P51G", "P5M")
ADDED = ("D21X31", "D1", "D29X39", "B2A3G")
ABROAD = ("OP_RES", "OP_NRES")
ALL = "W2"
"""In place of a country where a row is about all of them."""

FLAT = ("refArea", "rowIi", "counterpartArea", "colIi", "obsValue")
AT_ONCE = 500_000
"""Rows of the flat format that are in memory as text at a time."""


def read_figaro(path: Path, year: int | None = None, progress: Progress | None = None) -> Table:
    """Read a year's table in either format; raises as `read_oecd` does."""
    with opened(path, year) as text:
        year = year or year_in(text.name)
        head = text.cells()
        if set(FLAT) <= set(head):
            return _flat(text, head, year, progress)
        return _matrix(text, head[1:], year, progress)


def _matrix(text: Text, names: list[str], year: int | None, progress: Progress | None) -> Table:
    labels = [_label(name) for name in names]
    table = _empty(labels, year, text.name)
    filling = Filling(table, labels, "P5M", text.name)
    for (name,), numbers in text.rows(names, progress=progress):
        country, _, use = name.partition("_")
        if country == ALL and use in ADDED:
            filling.add(table.added, numbers)
        elif not (country == ALL and use in ABROAD):
            filling.row(_label(name), numbers)
    return filling.finish()


def _flat(text: Text, head: list[str], year: int | None, progress: Progress | None) -> Table:
    """Read rows of cells: their labels as numbers, so that a year is some 150 MB and not 2 GB."""
    rows, columns = _Codes(), _Codes()
    cells: list[Cells] = []
    line = 2
    for chunk in pd.read_csv(
        text.stream, names=head, usecols=list(FLAT), dtype=str, chunksize=AT_ONCE,
        sep=text.separator, keep_default_na=False,
    ):  # fmt: skip
        values = _numbers(chunk["obsValue"])
        if not np.isfinite(values).all():
            at = int((~np.isfinite(values)).argmax())
            raise WorldError(
                f"{text.name}, line {line + at}, column obsValue: "
                f"{chunk['obsValue'].iloc[at]!r} is no number"
            )
        of = (chunk[a] + "_" + chunk[b] for a, b in (FLAT[:2], FLAT[2:4]))
        cells.append(Cells(rows.of(next(of)), columns.of(next(of)), values))
        line += len(chunk)
        if progress is not None:
            progress(min(text.stream.tell(), text.size), text.size)
    labels = [_label(name) for name in columns.names]
    filling = Filling(_empty(labels, year, text.name), labels, "P5M", text.name)
    return _filled(filling, rows.names, len(labels), cells)


def _numbers(texts: pd.Series[str]) -> Array:
    """Numbers to the last bit, which pandas does not give; not a number where there is none."""
    try:
        numbers: Array = texts.to_numpy(object).astype(float)
    except ValueError:
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    return numbers


class Cells(NamedTuple):
    """Cells of the flat format: numbers of their row and column, and their values."""

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    value: Array


class _Codes:
    """Numbers labels in the order in which they appear."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self._known)

    def of(self, labels: pd.Series[str]) -> NDArray[np.int32]:
        at, found = pd.factorize(labels)
        numbers = [self._known.setdefault(name, len(self._known)) for name in found]
        coded: NDArray[np.int32] = np.array(numbers, np.int32)[at]
        return coded


def _filled(filling: Filling, rows: list[str], width: int, cells: list[Cells]) -> Table:
    row, column = (np.concatenate([c[part] for c in cells]) for part in (0, 1))
    value = np.concatenate([c.value for c in cells])
    order = np.argsort(row, kind="stable")
    ends = np.searchsorted(row[order], np.arange(len(rows) + 1))
    for at, name in enumerate(rows):
        own = order[ends[at] : ends[at + 1]]
        numbers = np.bincount(column[own], value[own], width).astype(float)
        country, _, use = name.partition("_")
        if country == ALL and use in ADDED:
            filling.add(filling.table.added, numbers)
        elif not (country == ALL and use in ABROAD):
            filling.row(_label(name), numbers)
    return filling.finish()


def _empty(labels: Iterable[Label], year: int | None, name: str) -> Table:
    labels = list(labels)
    sectors = list(dict.fromkeys(c.use for c in labels if c.use not in FINAL))
    countries = list(dict.fromkeys(c.country for c in labels))
    if not sectors or "" in sectors or not any(c.use in FINAL for c in labels):
        raise WorldError(
            f"{name}: no FIGARO table: its head has neither columns such as AT_A01 and AT_P3_S14 "
            f"nor the columns {', '.join(FLAT)}"
        )
    return Table("Eurostat FIGARO, industry by industry", "million EUR", countries, sectors, year)


@cache
def _label(name: str) -> Label:
    country, _, use = name.partition("_")
    return Label(_iso3(country), use)


@cache
def _iso3(country: str) -> str:
    """ISO3 code of a country of the tables, which follow Eurostat in GR or EL, GB or UK."""
    if country.startswith(("FIGW", "WRL")):
        return REST
    return country_of(country) or country
