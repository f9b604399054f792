"""Results as tables and files: one way for all of them, with units and what made the numbers."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from detente.errors import ScenarioError, nearest
from detente.extras import pyarrow
from detente.writing import whole_file

ENDINGS = {
    "percent": "percent",
    "usd": "million USD",
    "before": "million USD",
    "after": "million USD",
}
"""What columns hold whose names end so, after an underscore or alone, unless their result says
otherwise."""


class Result(ABC):
    """What can be printed, written and drawn: every result of the package."""

    units_of: ClassVar[Mapping[str, str]] = {}
    """Units of columns whose names do not tell them."""

    if TYPE_CHECKING:  # a field of some, which a property here would give a default

        @property
        def manifest(self) -> Mapping[Any, Any]:
            """What made the numbers."""

    @abstractmethod
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name; their index is not written."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""

    def to_dataframe(self, table: str | None = None) -> pd.DataFrame:
        """One of the tables, its units and manifest among its `attrs`.

        Parameters
        ----------
        table
            A name in `tables()`; by default the first.

        Returns
        -------
        pandas.DataFrame
            `attrs` has `table`, `units` (by column) and `manifest`.

        Raises
        ------
        ScenarioError
            There is no such table.

        Examples
        --------
        >>> import detente
        >>> world = detente.load_world("icio2022")
        >>> eased = detente.Changes(world).cost("USA", "BLR", factor=0.8)
        >>> summary = detente.solve(world, eased).to_dataframe()
        >>> summary.attrs["units"]["welfare, %"]
        '%'
        >>> summary.attrs["manifest"]["changes"]
        ['cost 0.8: USA -> BLR, sectors all']
        """
        tables = self.tables()
        name = table or next(iter(tables))
        if name not in tables:
            raise ScenarioError(f"there is no table {name!r}; {nearest(name, tables)}")
        return self._labelled(name, tables[name])

    def _labelled(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """One of the tables with its units and manifest."""
        found = table.copy()
        units = _units(name, found, self.units_of)
        found.attrs = {"table": name, "units": units, "manifest": dict(self.manifest)}
        return found

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write a CSV file for each table, and `manifest.json` with units and manifest."""
        return _write_tables(self, Path(folder), "csv")

    def to_parquet(self, folder: str | Path) -> list[Path]:
        """Write a Parquet file for each table, and `manifest.json`.

        Each file carries its units and manifest: `pandas.read_parquet` puts them into `attrs`.

        Raises
        ------
        MissingExtraError
            Without pyarrow.
        """
        pyarrow.require()
        return _write_tables(self, Path(folder), "parquet")

    def to_json(self, path: str | Path | None = None) -> str:
        """Everything as one JSON document, with units and manifest; also written to a path."""
        units = {name: _units(name, t, self.units_of) for name, t in self.tables().items()}
        words = json.dumps({**self.document(), "units": units}, indent=2, allow_nan=False)
        if path is not None:
            write_text(words, Path(path))
        return words

    def plot(self, chart: str | None = None, **about: Any) -> Any:
        """Draw a chart, an Altair chart that notebooks show and `.save` writes.

        Parameters
        ----------
        chart
            Its name; by default the first that there is of such a result.
        about
            What else a chart asks for, such as the `country` of an assessment's, or the `case` of
            a calibration's.

        Raises
        ------
        MissingExtraError
            Without the report extra.
        ScenarioError
            There is no such chart of it.
        """
        return import_module("detente.report.plots").plot(self, chart, **about)


def columns_in(units: Mapping[str, str]) -> dict[str, str]:
    """Units by column, or by `table.column`, from columns by unit.

    >>> columns_in({"million USD": "income, sectors.before"})
    {'income': 'million USD', 'sectors.before': 'million USD'}
    """
    return {name: unit for unit, names in units.items() for name in names.split(", ")}


def _units(name: str, table: pd.DataFrame, known: Mapping[str, str]) -> dict[str, str]:
    """Units of those columns of a table that have any; some have them in their name."""
    found = {
        c: known.get(f"{name}.{c}")
        or known.get(c)
        or ENDINGS.get(c.rpartition("_")[2])
        or c.partition(", ")[2]
        for c in map(str, table)
    }
    return {column: unit for column, unit in found.items() if unit}


def _write_tables(result: Result, folder: Path, kind: str) -> list[Path]:
    tables = {name: result._labelled(name, t) for name, t in result.tables().items()}
    units = {name: table.attrs["units"] for name, table in tables.items()}
    manifest = json.dumps({**result.manifest, "units": units}, indent=2)
    written = [write_table(table, folder / f"{name}.{kind}") for name, table in tables.items()]
    return [*written, write_text(manifest, folder / "manifest.json")]


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table without its index, as Parquet or CSV by the ending of the path."""
    with whole_file(path) as partial:
        if path.suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False, lineterminator="\n")
    return path


def write_text(text: str, path: Path) -> Path:
    """Write a text file."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path
