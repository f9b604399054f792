"""What commands say: results on standard output, progress and files on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

PIPED_WIDTH = 160


def console() -> Console:
    """Standard output, wide enough for the tables where it is not a terminal."""
    screen = Console()
    return screen if screen.is_terminal else Console(width=PIPED_WIDTH)


def tell_written(paths: Iterable[Path]) -> None:
    """Name the files that were written."""
    for path in paths:
        print(f"wrote {path}", file=sys.stderr)


NEXT = {
    "claims": "puts what was said to the test",
    "leakage": "shows what goes round the sanctions",
}
"""What the commands do that another one names."""


def tell_next(command: str, case: str) -> None:
    """Name a command that may be wanted now, where somebody reads along."""
    if Console().is_terminal:
        console().print(f"Next: detente {command} {case} {NEXT[command]}.", style="dim")


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
