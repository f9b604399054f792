"""What commands say: results on standard output, progress and files on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.progress import Progress

if TYPE_CHECKING:
    from pandas import DataFrame

    from detente.analysis import Assessment

PIPED_WIDTH = 160


def console() -> Console:
    """Standard output, wide enough for the tables where it is not a terminal."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=PIPED_WIDTH)


def show(document: Callable[[], Any], view: Callable[[], RenderableType], as_json: bool) -> None:
    """Print a result as JSON or as tables; only what is printed is made."""
    if as_json:
        print(json.dumps(document(), indent=2, allow_nan=False))
    else:
        console().print(view(), highlight=False)


def tell_written(paths: Iterable[Path]) -> None:
    """Name the files that were written."""
    for path in paths:
        print(f"wrote {path}", file=sys.stderr)


@contextmanager
def steps() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars for several steps, one below the other; see `progress`."""
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as bars:

        def step(words: str) -> Callable[[int, int], None]:
            task = bars.add_task(words, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield step


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, gone when done; called with (done, total)."""
    with steps() as step:
        yield step(words)


def write_folders(
    tables: dict[str, DataFrame], manifest: dict[str, Any], csv: Path | None, parquet: Path | None
) -> list[Path]:
    """Write tables and manifest to the folders that were asked for."""
    from detente.report.files import write_tables

    written = [] if csv is None else write_tables(tables, manifest, csv, "csv")
    if parquet is not None:
        written += write_tables(tables, manifest, parquet, "parquet")
    return written


def deliver(result: Assessment, as_json: bool, csv: Path | None, parquet: Path | None) -> None:
    """Print an assessment, and write its tables to the folders that were asked for."""
    from detente.report.files import as_document
    from detente.report.tables import assessment_view

    written = write_folders(result.tables(), result.manifest, csv, parquet)
    show(lambda: as_document(result), lambda: assessment_view(result), as_json)
    tell_written(written)
