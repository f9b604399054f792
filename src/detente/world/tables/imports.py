"""Importing: a table as it was downloaded, or long tables of one's own, becomes a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from detente.errors import WorldError, nearest
from detente.world.countries import iso_codes, short_name
from detente.world.elasticities import Elasticities
from detente.world.flows import Flows, rates_of
from detente.world.names import Names
from detente.world.tables.borrowing import borrowed
from detente.world.tables.closing import closed
from detente.world.tables.exchange import in_dollars
from detente.world.tables.figaro import read_figaro
from detente.world.tables.long import read_long
from detente.world.tables.oecd import read_oecd
from detente.world.tables.table import REST, Rule, Table
from detente.world.tables.text import Progress
from detente.world.tables.wiod import read_wiod
from detente.world.world import World


class Reader(Protocol):
    """Reads a file of one kind."""

    def __call__(self, path: Path, year: int | None, progress: Progress | None) -> Table:
        """The table of a year."""
        ...


KINDS: dict[str, Reader] = {"oecd-icio": read_oecd, "figaro": read_figaro, "wiod": read_wiod}
"""Readers of published tables by name."""


def import_world(
    kind: str,
    path: str | Path,
    *,
    year: int | None = None,
    name: str | None = None,
    elasticities: Elasticities = "fontagne",
    tariff: Flows | str | Path | None = None,
    progress: Progress | None = None,
) -> World:
    """Make a world of a published inter-country table, as it was downloaded.

    What the table has that a world cannot have, such as final use below zero, is dealt with by
    rules; `world.data.attrs["rules"]` and the provenance say which, and how much they concerned.

    Parameters
    ----------
    kind
        `oecd-icio` (CSV or zip, regular or extended), `figaro` (CSV, matrix or flat), `wiod`
        (release of 2016: xlsb, or CSV); see docs/tables.md.
    path
        Of the file.
    year
        Which table of an archive of several years; else the last year in the name of the file.
    name
        Of the world; by default its kind and year.
    elasticities
        As in `World.from_flows`; where a sector is none of the source's, the mean over those with
        which it shares divisions of ISIC Rev. 4.
    tariff
        Ad-valorem rates by origin, destination and sector, zero where nothing is given: a file of
        a long table, or anything that `World.from_flows` takes.
    progress
        Called with the bytes read and those there are.

    Raises
    ------
    WorldError
        Not such a file, a damaged one, or accounts that do not add up; says where.
    """
    if kind not in KINDS:
        raise WorldError(f"unknown kind of table {kind!r}: {nearest(kind, KINDS)}")
    table = KINDS[kind](Path(path), year, progress)
    if table.year is None:
        raise WorldError(f"{Path(path).name}: of which year? There is none in its name: say it")
    year, table = table.year, in_dollars(table)
    labels = {"origin": table.countries, "destination": table.countries, "sector": table.sectors}
    rates = None if tariff is None else rates_of(_table(tariff), labels)
    trade, use = closed(table, rates)
    world = World.from_flows(
        trade,
        use,
        theta=elasticities,
        tariff=rates,
        countries=table.countries,
        sectors=table.sectors,
        name=name or f"{kind}-{table.year}",
        units=table.units,
        attributes=_about(f"{table.source}, {year}", year, table.rules, table.units),
    )
    return _named(world, table.country_names, table.sector_names)


def import_flows(
    trade: Flows | str | Path,
    input_use: Flows | str | Path | None = None,
    *,
    year: int,
    name: str = "user",
    units: str = "million USD",
    elasticities: Elasticities = "fontagne",
    tariff: Flows | str | Path | None = None,
    value_added: Flows | str | Path | None = None,
    fill: float | None = None,
    borrow: World | None = None,
    like: Mapping[str, Names] | None = None,
) -> World:
    """Make a world of long tables: files, DataFrames, or what else `World.from_flows` takes.

    Parameters
    ----------
    trade, input_use, tariff, value_added, fill
        As in `World.from_flows`; files are CSV, Parquet or workbooks with the same columns.
    year, name, units
        What the world says of itself.
    elasticities
        As in `World.from_flows`.
    borrow
        A world from which what customs data lack is taken, where no `input_use` is given: use of
        inputs, and sales at home; see `detente.world.tables.borrowing`.
    like
        Countries of that world that a country is taken to be like.

    Raises
    ------
    WorldError
        A table without a column or a row, or with text in place of a number: file, row and column;
        accounts that do not add up; neither use of inputs nor a world to borrow it from.

    Examples
    --------
    >>> import pandas as pd, detente
    >>> trade = pd.DataFrame(
    ...     [("BLR", "RUS", "C20", 900.0), ("RUS", "BLR", "C20", 400.0)],
    ...     columns=["origin", "destination", "sector", "value"],
    ... )
    >>> world = detente.import_flows(trade, year=2022, borrow=detente.load_world("icio2022"))
    >>> round(float(world.trade.sel(origin="BLR", destination="RUS", sector="C20")), 6)
    900.0
    """
    sold, used = _table(trade), _table(input_use)
    rules: list[Rule] = []
    source = "long tables of the user"
    if used is None:
        if borrow is None:
            raise WorldError(
                "no use of inputs: give `input_use` (country, input, sector, value), or a world to "
                "borrow it from"
            )
        found = borrowed(sold, borrow, like or {})
        sold, used, rules = found.trade, found.input_use, found.rules
        source += f", technology of {borrow.name}"
    world = World.from_flows(
        sold,
        used,
        theta=elasticities,
        tariff=_table(tariff),
        value_added=_table(value_added),
        name=name,
        units=units,
        fill=fill,
        attributes=_about(f"{source}, {year}", year, rules, units),
    )
    return _named(world, {}, {})


def _table(given: Any) -> Any:
    """A table as it is, or read from the file that is named."""
    return read_long(Path(given)) if isinstance(given, str | Path) else given


def _about(source: str, year: int, rules: Sequence[Rule], units: str) -> dict[str, Any]:
    told = [{"rule": r.words, "count": r.count, "value": _known(r.value)} for r in rules]
    return {
        "year": year,
        "provenance": "; ".join([source, *(said(r, units) for r in rules)]),
        "rules": told,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def said(rule: Rule, units: str) -> str:
    """A rule in words, with how much it concerned.

    >>> said(Rule("inventories netted", 3, 12.5), "million USD")
    'inventories netted: 3 (12.5 million USD)'
    """
    value = "" if np.isnan(rule.value) else f" ({rule.value:,.1f} {units})"
    return f"{rule.words}: {rule.count:,}{value}"


def _named(world: World, countries: Mapping[str, str], sectors: Mapping[str, str]) -> World:
    """The world with readable names: the table's, else the embedded world's, else common ones."""
    from detente.world.embedded import load_world

    known = load_world()
    common = {c: short_name(c) for c in world.countries if c in iso_codes()}
    own = {REST: "Rest of the world", **common, **countries, **sectors}
    names = {
        f"{dim}_name": (dim, [own.get(c) or known.name_of(c) for c in codes])
        for dim, codes in (("country", world.countries), ("sector", world.sectors))
    }
    return World(world.data.assign_coords(names))
