"""Trade panels on file: year or month, origin, destination, sector and value, one flow in a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from detente.errors import MissingExtraError, ScenarioError, nearest
from detente.world.countries import country_of

Frequency: TypeAlias = Literal["year", "month"]

FLOW = ["origin", "destination", "sector"]
SECTOR = "all"
"""Sector of a panel that has no column for one."""
_FIRST_ROW = 2
"""Row of a file that holds the first flow, below the heading."""


@dataclass(frozen=True)
class Panel:
    """Bilateral trade over time.

    Attributes
    ----------
    flows
        Columns `period`, `origin`, `destination`, `sector`, `value`; periods are years, or months
        counted from the year 0; countries are ISO3 codes where their names are known.
    frequency
        Of the periods.
    name
        File that it comes from, for messages.
    """

    flows: pd.DataFrame
    frequency: Frequency
    name: str

    @classmethod
    def of(cls, table: pd.DataFrame, name: str = "panel") -> Panel:
        """Check a table and give its countries their codes.

        Parameters
        ----------
        table
            Columns `year` (2014) or `month` (2014-08), `origin`, `destination`, `value` in any one
            unit, and perhaps `sector`. What else it has is left out.

        Raises
        ------
        ScenarioError
            A column that is missing, or a cell that cannot be; names the row as in the file.

        Examples
        --------
        >>> row = {"year": 2014, "origin": "Germany", "destination": "RU", "value": "1.5"}
        >>> Panel.of(pd.DataFrame([row])).flows.values.tolist()
        [[2014, 'DEU', 'RUS', 'all', 1.5]]
        """
        frequency: Frequency = "month" if "month" in table.columns else "year"
        for column in (frequency, "origin", "destination", "value"):
            if column not in table.columns:
                there = ", ".join(map(str, table.columns))
                near = nearest(column, map(str, table.columns))
                raise ScenarioError(f"{name}: no column `{column}`: {near}; it has {there}")
        flows = pd.DataFrame(
            {
                "period": _periods(table[frequency], frequency, name),
                "origin": _countries(table["origin"], "origin", name),
                "destination": _countries(table["destination"], "destination", name),
                "sector": _words(table["sector"], "sector", name) if "sector" in table else SECTOR,
                "value": _numbers(table["value"], name),
            }
        )
        again = flows.duplicated(["period", *FLOW])
        _refuse(again, lambda k: f"the flow {_flow(flows.loc[k])} stands there twice", name)
        return cls(flows, frequency, name)

    @property
    def countries(self) -> list[str]:
        """Codes of all origins and destinations, sorted."""
        return sorted({*self.flows["origin"]} | {*self.flows["destination"]})

    @property
    def sectors(self) -> list[str]:
        """Codes of sectors, in the order of the table."""
        return list(map(str, self.flows["sector"].unique()))

    def period_of(self, day: date) -> int:
        """The period that a day is in."""
        return day.year if self.frequency == "year" else 12 * day.year + day.month - 1

    def label(self, period: int) -> str:
        """A period as it is written in a file.

        >>> Panel(pd.DataFrame(), "month", "").label(12 * 2014 + 7)
        '2014-08'
        """
        return str(period) if self.frequency == "year" else f"{period // 12}-{period % 12 + 1:02}"

    def with_zeros(self) -> Panel:
        """Flows of pairs that trade in any period, with a zero where a period has no row."""
        flows = self.flows.pivot_table(
            index=FLOW, columns="period", values="value", aggfunc="sum", fill_value=0.0
        )
        long = flows.reset_index().melt(FLOW, var_name="period", value_name="value")
        return Panel(long[["period", *FLOW, "value"]], self.frequency, self.name)


def read_panel(path: Path) -> Panel:
    """Read a panel from a CSV, Parquet or Excel file.

    Raises
    ------
    ScenarioError
        Another kind of file, or one that is no panel; names file, column and row.
    MissingExtraError
        Parquet without pyarrow, Excel without openpyxl.
    """
    readers: dict[str, Callable[[], pd.DataFrame]] = {
        ".csv": lambda: pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig"),
        ".parquet": lambda: pd.read_parquet(path),
        ".xlsx": lambda: pd.read_excel(path, dtype=str, keep_default_na=False),
    }
    if path.suffix not in readers:
        raise ScenarioError(f"{path}: a panel is read from {', '.join(readers)}")
    try:
        table = readers[path.suffix]()
    except ImportError as error:
        library, extra = (
            ("openpyxl", "estimate") if path.suffix == ".xlsx" else ("pyarrow", "parquet")
        )
        raise MissingExtraError(library, extra, f"reading {path.name}") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from error
    return Panel.of(table.rename(columns=lambda c: str(c).strip().lower()), str(path))


def _periods(column: pd.Series[Any], frequency: Frequency, name: str) -> pd.Series[int]:
    shape = (
        r"(?P<year>\d{4})" if frequency == "year" else r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])"
    )
    text = column.astype(str).str.strip().str.removesuffix(".0")
    parts = text.str.extract(f"^{shape}$")
    wanted = "2014" if frequency == "year" else "2014-08"
    _refuse(
        parts["year"].isna(), lambda k: f"{frequency} {text[k]!r} is not written as {wanted}", name
    )
    years = parts["year"].astype(int)
    return years if frequency == "year" else 12 * years + parts["month"].astype(int) - 1


def _words(column: pd.Series[Any], what: str, name: str) -> pd.Series[str]:
    text = column.astype(str).str.strip()
    _refuse(column.isna() | text.eq(""), lambda k: f"no {what}", name)
    return text


def _countries(column: pd.Series[Any], what: str, name: str) -> pd.Series[str]:
    text = _words(column, what, name)
    return text.map({label: country_of(label) or label for label in text.unique()})


def _numbers(column: pd.Series[Any], name: str) -> pd.Series[float]:
    value = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~(value.ge(0) & value.lt(np.inf))
    _refuse(bad, lambda k: f"value {column[k]!r} is not a number of 0 or more", name)
    return value


def _refuse(bad: pd.Series[bool], why: Callable[[Any], str], name: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        raise ScenarioError(f"{name}: row {row + _FIRST_ROW}: {why(bad.index[row])}")


def _flow(row: pd.Series[Any]) -> str:
    return f"{row['origin']} to {row['destination']}, {row['sector']}, {row['period']}"
