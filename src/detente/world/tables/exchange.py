"""From euros to dollars, so that every world of a published table is in million USD."""

from __future__ import annotations

from detente.errors import WorldError
from detente.world.tables.table import Rule, Table

EURO = {
    2010: 1.3257, 2011: 1.3920, 2012: 1.2848, 2013: 1.3281, 2014: 1.3285, 2015: 1.1095,
    2016: 1.1069, 2017: 1.1297, 2018: 1.1810, 2019: 1.1195, 2020: 1.1422, 2021: 1.1827,
    2022: 1.0530, 2023: 1.0813, 2024: 1.0824,
}  # fmt: skip
"""US dollars for a euro: yearly averages of the reference rates of the European Central Bank."""


def in_dollars(table: Table) -> Table:
    """The same table in million USD, at the average rate of its year.

    Raises
    ------
    WorldError
        The rate of the year is not known here.
    """
    if table.units != "million EUR":
        return table
    if table.year not in EURO:
        raise WorldError(
            f"no average of dollars per euro of {table.year} is known here, only of "
            f"{min(EURO)} to {max(EURO)}"
        )
    rate = EURO[table.year]
    for name in ("inputs", "final", "added", "output"):
        setattr(table, name, getattr(table, name) * rate)
    table.rules = [Rule(rule.words, rule.count, rule.value * rate) for rule in table.rules]
    table.source += f" (euros at {rate:.4f} US dollars, European Central Bank, average of the year)"
    table.units = "million USD"
    return table
