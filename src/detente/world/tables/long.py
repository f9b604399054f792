"""Long tables in files: CSV, Parquet, workbooks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from detente.errors import MissingExtraError, WorldError

TEXT = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsb", ".xls", ".ods")


def read_long(path: Path) -> pd.DataFrame:
    """Read a long table; its index is the number of the row in the file, its name in `attrs`.

    Raises
    ------
    WorldError
        The file cannot be read, or is of another kind.
    MissingExtraError
        What reads it is not installed.
    """
    kind = path.suffix.lower()
    if kind not in (*TEXT, *WORKBOOKS, ".parquet"):
        raise WorldError(f"{path.name}: tables are CSV, Parquet or workbooks, not {kind or 'this'}")
    try:
        table = _read(path, kind)
    except ImportError as error:
        parquet = kind == ".parquet"
        library, extra = ("pyarrow", "parquet") if parquet else ("python-calamine", "tables")
        raise MissingExtraError(library, extra, f"reading {path.name}") from error
    except OSError as error:
        raise WorldError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # every engine has errors of its own for a damaged file
        raise WorldError(f"{path.name}: no {kind[1:]} table that can be read: {error}") from error
    if table.empty:
        raise WorldError(f"{path.name}: no rows")
    table.index = pd.RangeIndex(2, len(table) + 2)
    table.attrs["file"] = path.name
    return table


def _read(path: Path, kind: str) -> pd.DataFrame:
    if kind == ".parquet":
        return pd.read_parquet(path)
    if kind in TEXT:
        separator = "\t" if kind == ".tsv" else None
        return pd.read_csv(
            path, sep=separator, engine="python" if separator is None else "c",
            keep_default_na=False, na_values=[""], skipinitialspace=True, encoding="utf-8-sig",
            skip_blank_lines=False,
        )  # fmt: skip
    return pd.read_excel(path, engine="calamine", keep_default_na=False, na_values=[""])
