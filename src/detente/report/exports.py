"""Results as files: JSON documents, CSV and Parquet folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import pandas as pd

from detente.report.extras import require
from detente.writing import whole_file


class Result(Protocol):
    """What can be printed and written: every result of `detente.analysis`."""

    @property
    def manifest(self) -> Mapping[Any, Any]:
        """What made the numbers."""

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name; their index is not written."""

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""


def as_json(result: Result) -> str:
    """Write a result as one JSON document."""
    return json.dumps(result.document(), indent=2, allow_nan=False)


def write_result(
    result: Result, folder: Path, kind: Literal["json", "csv", "parquet"]
) -> list[Path]:
    """Write a result to a folder, each file whole or not at all; returns their paths.

    Parameters
    ----------
    result
        With tables, document and manifest.
    folder
        Made where it is not there.
    kind
        `json` writes document.json; the others a file for each table, and manifest.json.

    Raises
    ------
    MissingExtraError
        Parquet without pyarrow.
    """
    if kind == "json":
        return [write_text(as_json(result), folder / "document.json")]
    if kind == "parquet":
        require("parquet")
    written = [write_table(table, folder / f"{k}.{kind}") for k, table in result.tables().items()]
    manifest = json.dumps(dict(result.manifest), indent=2)
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
