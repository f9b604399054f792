"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CaseName = Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")]
Store = Annotated[
    Path | None, typer.Option(help="Folder that keeps draws; the user's cache by default.")
]
ChartFormat = Annotated[str, typer.Option("--format", help="svg, png or html.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Also write CSV files to this folder.")]
Parquet = Annotated[
    Path | None, typer.Option("--parquet", help="Also write Parquet files to this folder.")
]
