"""The OECD's Inter-Country Input-Output tables, as they are downloaded.

Layout: rows and columns `AUS_A01`, then the rows TLS (taxes less subsidies on products), VA and
OUT; columns of final demand by country, `AUS_HFCE`, NPISH, GGFC, GFCF, INVNT and DPABR, then OUT;
million US dollars at basic prices. In the extended edition China is CN1 and CN2 (without and with
processing trade) and Mexico MX1 and MX2 (global manufacturing or not), and final demand is theirs
as a whole. Source: OECD, ReadMe_ICIO_small.xlsx and ReadMe_ICIO_extended.xlsx beside the tables;
pymrio, `parse_oecd`, for the editions before 2023 (`AUS_TAXSUB`, VALU, OUTPUT).

pymrio 0.7 takes four times as long for a CSV file of a year, knows neither the archives of several
years nor the names of the 2025 edition, and brings a plotting library; hence the reading here.
"""

from __future__ import annotations

import re
from pathlib import Path

from detente.errors import WorldError
from detente.world.isic import with_section
from detente.world.tables.table import Filling, Label, Table
from detente.world.tables.text import Progress, Text, opened, year_in

FINAL = ("HFCE", "NPISH", "NPS", "GGFC", "GFCF", "INVNT", "DPABR", "P33", "NONRES")
TOTALS = ("OUT", "TOTAL", "OUTPUT")
ADDED = ("VA", "VALU", "TLS")
TAXES = "TAXSUB"
PARTS = {"CN": "CHN", "MX": "MEX"}

_PART = re.compile(r"(CN|MX)\d")


def read_oecd(path: Path, year: int | None = None, progress: Progress | None = None) -> Table:
    """Read a year's table, regular or extended; China and Mexico become one country each.

    Raises
    ------
    WorldError
        No such table, or one that is cut off or has text in place of a number; file, line, column.
    """
    with opened(path, year) as text:
        return _read(text, year or year_in(text.name), progress)


def _read(text: Text, year: int | None, progress: Progress | None) -> Table:
    names = text.cells()[1:]
    labels = [_label(name) for name in names]
    odd = [n for n, c in zip(names, labels, strict=True) if c is None and n not in TOTALS]
    made = [c for c in labels if c is not None and c.use not in FINAL]
    countries = list(dict.fromkeys(c.country for c in labels if c is not None))
    if not made or odd:
        raise WorldError(
            f"{text.name}: no OECD ICIO table, whose columns are such as AUS_A01, AUS_HFCE and OUT"
            + (f", not {odd[0][:60]!r}" if odd else "")
        )
    table = Table(
        source="OECD Inter-Country Input-Output tables",
        units="million USD",
        countries=countries,
        sectors=list(dict.fromkeys(c.use for c in made)),
        year=year,
    )
    filling = Filling(table, labels, "INVNT", text.name)
    for (name,), numbers in text.rows(names, progress=progress):
        label = _label(name)
        if label is None and name in TOTALS:
            table.output[:] = 0
            filling.add(table.output, numbers)
        elif name in ADDED or name.endswith(TAXES):
            filling.add(table.added, numbers)
        elif label is not None:
            filling.row(label, numbers)
        else:
            raise WorldError(
                f"{text.name}, line {text.line}: no such row in an ICIO table: {name!r}"
            )
    return filling.finish()


def _label(name: str) -> Label | None:
    """Country and sector or use of a row or column; None for what is of no country."""
    country, _, use = name.partition("_")
    if not use:
        return None
    part = _PART.fullmatch(country)
    return Label(PARTS[part[1]] if part else country, use if use in FINAL else with_section(use))
