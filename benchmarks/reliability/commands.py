"""Commands on a small case, in processes of their own, and the files that they leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SLOW = 300.0
"""Seconds after which a command counts as hung."""
DRAWS = "96"


@dataclass(frozen=True)
class Place:
    """A folder with a case of its own, caches and room for what commands write."""

    folder: Path

    @property
    def case(self) -> Path:
        return self.folder / "case"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @classmethod
    def made(cls, folder: Path) -> Place:
        """A new one."""
        from detente.cases.template import new_case

        place = cls(folder)
        new_case(place.case)
        return place

    def words(self, command: str) -> list[str]:
        """The command line of one of COMMANDS."""
        case, store, out = str(self.case), str(self.store), str(self.out)
        return {
            "claims": ["claims", case, "--draws", DRAWS, "--store", store, "--csv", out],
            "relief": ["relief", case, "--csv", out],
            "report": [
                "report", case, "--draws", DRAWS, "--store", store, "-o", f"{out}/report.html",
            ],
            "calibrate": ["calibrate", case, "--steps", "20", "--walkers", "6", "-o", out],
        }[command]  # fmt: skip

    def start(self, words: list[str], **more: Any) -> subprocess.Popen[str]:
        """A command that runs in a session of its own, as one that a terminal starts."""
        caches = {
            "XDG_CACHE_HOME": f"{self.folder}/cache",
            "MPLCONFIGDIR": f"{self.folder.parent}/fonts",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "detente", *words],
            env={**os.environ, **caches},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **more,
        )

    def files(self) -> dict[str, bytes]:
        """What commands have written for a user to read, by name."""
        found = {p.name: p for p in self.out.glob("[!.]*")} if self.out.is_dir() else {}
        posterior = self.case / "posterior.json"
        return {
            name: path.read_bytes()
            for name, path in {**found, posterior.name: posterior}.items()
            if path.is_file()
        }


COMMANDS = ("claims", "relief", "report", "calibrate")


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    output: str
    errors: str
    seconds: float

    @property
    def told(self) -> list[str]:
        """Lines on standard error, but those about files that were written."""
        return [line for line in self.errors.splitlines() if not line.startswith("wrote ")]

    @property
    def in_a_line(self) -> bool:
        """Whether it failed and said so in one line of ours."""
        return self.code != 0 and len(self.told) == 1 and self.told[0].startswith("detente: ")

    def __str__(self) -> str:
        return f"exit {self.code} after {self.seconds:.1f} s: {self.errors[-400:]!r}"


def ended(process: subprocess.Popen[str], began: float | None = None) -> Ended:
    """Wait for a process."""
    began = time.perf_counter() if began is None else began
    try:
        output, errors = process.communicate(timeout=SLOW)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        errors += "\nhung"
    return Ended(process.returncode, output, errors, time.perf_counter() - began)


def run(place: Place, command: str | list[str], **more: Any) -> Ended:
    """Run a command to its end."""
    words = place.words(command) if isinstance(command, str) else command
    began = time.perf_counter()
    return ended(place.start(words, **more), began)


def stopped(place: Place, command: str, after: float, number: int, *, all_of_it: bool) -> Ended:
    """Start a command and send it a signal after some seconds, or it and its workers."""
    began = time.perf_counter()
    process = place.start(place.words(command))
    while process.poll() is None and time.perf_counter() - began < after:
        time.sleep(0.005)
    send: Callable[[int, int], None] = os.killpg if all_of_it else os.kill
    if process.poll() is None:
        send(process.pid, number)
    return ended(process, began)
