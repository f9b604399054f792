"""Results as files: JSON documents, CSV and Parquet folders."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from detente.analysis.assess import Assessment
from detente.errors import MissingExtraError


def as_document(result: Assessment) -> dict[str, Any]:
    """Everything in an assessment as plain data; missing numbers are null."""
    tables = {
        name: json.loads(table.to_json(orient="records", double_precision=12))
        for name, table in result.tables().items()
    }
    return {
        "title": result.title,
        "target": result.target,
        "titles": result.titles,
        **tables,
        "notes": result.notes,
        "assumptions": result.assumptions,
        "manifest": result.manifest,
    }


def write_tables(
    tables: dict[str, pd.DataFrame],
    manifest: dict[str, Any],
    folder: Path,
    kind: Literal["csv", "parquet"],
) -> list[Path]:
    """Write each table and the manifest to a folder; a file appears whole or not at all.

    Parameters
    ----------
    tables
        By name, which the file takes; their index is not written.
    manifest
        What made the numbers: manifest.json.

    Raises
    ------
    MissingExtraError
        Parquet without pyarrow.
    """
    if kind == "parquet":
        _require_pyarrow()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in tables.items():
        with whole_file(folder / f"{name}.{kind}") as (path, partial):
            _write(table, partial, kind)
        paths.append(path)
    with whole_file(folder / "manifest.json") as (path, partial):
        partial.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    return [*paths, path]


@contextmanager
def whole_file(path: Path) -> Iterator[tuple[Path, Path]]:
    """Give a file to write to, which takes the place of `path` once it is complete."""
    partial = path.with_suffix(".partial")
    yield path, partial
    os.replace(partial, path)


def _write(table: pd.DataFrame, path: Path, kind: str) -> None:
    if kind == "parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, lineterminator="\n")


def _require_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet", "writing Parquet files") from error
