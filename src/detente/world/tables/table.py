"""An inter-country input-output table, and how it is filled from rows as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from detente.arrays import Array
from detente.errors import WorldError

REST = "ROW"
"""Code of the rest of the world, which stays an economy among the others."""


@dataclass(frozen=True)
class Rule:
    """A rule that was applied to a table, and how much it concerned.

    Attributes
    ----------
    words
        What was done.
    count
        Cells, rows or sectors.
    value
        In the units of the table; not a number where none is meant.
    """

    words: str
    count: int
    value: float = float("nan")


@dataclass
class Table:
    """A table in value, at basic prices: what origins sell to producers and to final users.

    Attributes
    ----------
    source, year, units
        Its maker and edition; the year; units of values.
    countries, sectors
        Codes, in order.
    inputs
        Sales to producers, [i,k,n,j].
    final
        Sales to final users of all kinds together, inventories among them, [i,k,n].
    added
        Value added and net taxes on inputs as stated, [n,j].
    output
        Gross output as stated, [n,j]; not a number where the table states none.
    country_names, sector_names
        Readable names by code, where the table has them.
    rules
        What was done on the way here.
    """

    source: str
    units: str
    countries: list[str]
    sectors: list[str]
    year: int | None = None
    country_names: Mapping[str, str] = field(default_factory=dict)
    sector_names: Mapping[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        N, J = len(self.countries), len(self.sectors)
        self.inputs: Array = np.zeros((N, J, N, J))
        self.final: Array = np.zeros((N, J, N))
        self.added: Array = np.zeros((N, J))
        self.output: Array = np.full((N, J), np.nan)


@dataclass(frozen=True)
class Label:
    """What a row or a column is about: a country, and a sector or a kind of final use."""

    country: str
    use: str


class Filling:
    """Fills a table row by row; several rows or columns of one label are added up.

    Parameters
    ----------
    table
        To be filled.
    columns
        Label of every number of a row; None for totals.
    inventories
        The kind of final use that changes in inventories are.
    name
        Of the file, for errors.
    """

    def __init__(
        self, table: Table, columns: Sequence[Label | None], inventories: str, name: str
    ) -> None:
        self.table, self.name = table, name
        self._country = {c: n for n, c in enumerate(table.countries)}
        self._sector = {s: j for j, s in enumerate(table.sectors)}
        kept = [(at, c) for at, c in enumerate(columns) if c is not None]
        made = [(at, c) for at, c in kept if c.use in self._sector]
        used = [(at, c) for at, c in kept if c.use not in self._sector]
        J = len(table.sectors)
        self._made = np.array([at for at, _ in made], int)
        self._makers = np.array(
            [self._country[c.country] * J + self._sector[c.use] for _, c in made], int
        )
        self._used = np.array([at for at, _ in used], int)
        self._users = np.array([self._country[c.country] for _, c in used], int)
        self._stocks = np.array([at for at, c in used if c.use == inventories], int)
        self._refuse_missing(kept)
        self._rows: dict[tuple[int, int], int] = {}
        self._drawn, self._drawdowns = 0.0, 0

    def _refuse_missing(self, columns: Sequence[tuple[int, Label]]) -> None:
        """Raise a `WorldError` where a country lacks a sector's column, or has no final use."""
        there = {(c.country, c.use if c.use in self._sector else "final use") for _, c in columns}
        for country in self.table.countries:
            for use in (*self.table.sectors, "final use"):
                if (country, use) not in there:
                    raise WorldError(f"{self.name}: no column for {country} {use}")

    def row(self, label: Label, numbers: Array) -> None:
        """Add what an origin's sector sells."""
        i, k = self._country.get(label.country), self._sector.get(label.use)
        if i is None or k is None:
            raise WorldError(f"{self.name}: a row {label.country} {label.use} without a column")
        self._rows[i, k] = self._rows.get((i, k), 0) + 1
        inputs, final = self.table.inputs[i, k].reshape(-1), self.table.final[i, k]
        inputs += np.bincount(self._makers, numbers[self._made], inputs.size)
        final += np.bincount(self._users, numbers[self._used], final.size)
        below = numbers[self._stocks]
        self._drawn -= float(below[below < 0].sum())
        self._drawdowns += int((below < 0).sum())

    def add(self, into: Array, numbers: Array) -> None:
        """Add a row about producers, such as value added, to an array [n,j]."""
        made = np.bincount(self._makers, numbers[self._made], into.size)
        into += made.reshape(into.shape)

    def finish(self) -> Table:
        """The table, once every row was added.

        Raises
        ------
        WorldError
            A country's sector has columns but no row.
        """
        missing = [
            f"{c} {s}"
            for n, c in enumerate(self.table.countries)
            for j, s in enumerate(self.table.sectors)
            if (n, j) not in self._rows
        ]
        if missing:
            more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
            raise WorldError(f"{self.name}: no row for {missing[0]}{more}; the file may be cut off")
        merged = sum(times for times in self._rows.values() if times > 1)
        if merged:
            self._note("rows of parts of a country added up (China, Mexico)", merged)
        if self._drawdowns:
            self._note(
                "inventories drawn down, netted against other final use of the same goods",
                self._drawdowns,
                self._drawn,
            )
        return self.table

    def _note(self, words: str, count: int, value: float = float("nan")) -> None:
        self.table.rules.append(Rule(words, count, value))
