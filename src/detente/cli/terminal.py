"""What commands say: results on standard output, progress and files on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console, RenderableType
from rich.progress import Progress

from detente.cli.options import Delivery

if TYPE_CHECKING:
    from detente.report.exports import Result

R = TypeVar("R", bound="Result")
PIPED_WIDTH = 160


def console() -> Console:
    """Standard output, wide enough for the tables where it is not a terminal."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=PIPED_WIDTH)


def deliver(
    result: R,
    view: Callable[[R], RenderableType],
    to: Delivery,
    draw: Callable[[R, Path, str], list[Path]] | None = None,
) -> None:
    """Write a result to the folders that were asked for, and print it.

    Parameters
    ----------
    result
        What a command found.
    view
        Makes its tables.
    to
        Where to, and in which form.
    draw
        Writes its charts to a folder in a format.
    """
    from detente.report.exports import as_json, write_result

    written = [] if to.csv is None else write_result(result, to.csv, "csv")
    written += [] if to.parquet is None else write_result(result, to.parquet, "parquet")
    written += [] if to.output is None or draw is None else draw(result, to.output, to.kind)
    if to.as_json:
        print(as_json(result))
    else:
        console().print(view(result), highlight=False)
    tell_written(written)


def tell_written(paths: Iterable[Path]) -> None:
    """Name the files that were written."""
    for path in paths:
        print(f"wrote {path}", file=sys.stderr)


@contextmanager
def steps() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars for several steps, one below the other; see `progress`."""
    screen = Console(stderr=True)
    bars = Progress(console=screen, transient=True)

    def step(words: str) -> Callable[[int, int], None]:
        task = bars.add_task(words, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)

    with bars if screen.is_terminal else nullcontext():
        yield step


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, gone when done; called with (done, total)."""
    with steps() as step:
        yield step(words)
