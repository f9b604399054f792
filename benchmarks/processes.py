"""Commands in processes of their own: seconds, peak memory, versions side by side."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Result = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """A command that ended; the peak is that of the largest of its processes, in MB."""

    status: int
    wall_s: float
    peak_mb: float
    stdout: str
    stderr: str

    def result(self, **more: Any) -> Result:
        """What is kept, or why there is nothing."""
        found: Result = {"wall_s": self.wall_s, "peak_mb": self.peak_mb}
        if self.status:
            lines = self.stderr.strip().splitlines()
            return found | {"failed": lines[-1][:300] if lines else "no message"}
        return found | more


def child(*command: str, cwd: str | None = None, env: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end; see `_inherited` for its environment."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, cwd=cwd, env=_inherited() | dict(env or {})
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        peak = usage.ru_maxrss * (1 if platform.system() == "Darwin" else 1024) / 1e6
        return Done(process.returncode, wall, peak, out.read(), err.read())


def start(*command: str) -> subprocess.Popen[str]:
    """Start a command that tells its address on standard error."""
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=_inherited())


def _inherited() -> dict[str, str]:
    """The environment, but each interpreter finds its own detente, and keeps its bytecode."""
    left_out = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def job(python: str, script: str, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Run a script of this folder whose last line of output is a JSON object."""
    done = child(python, str(HERE / script), *arguments, env=env)
    return done.result() if done.status else done.result(**json.loads(done.stdout.splitlines()[-1]))


def in_turn(
    measure: Callable[[str], Result], pythons: Mapping[str, str], rounds: int
) -> dict[str, Result]:
    """Measure with each interpreter in turn, A B A B; the middle of the rounds of each."""
    found: dict[str, list[Result]] = {name: [] for name in pythons}
    for _ in range(rounds):
        for name, python in pythons.items():
            found[name].append(measure(python))
    return {name: _result(results) for name, results in found.items()}


def _result(rounds: list[Result]) -> Result:
    return next((r for r in rounds if "failed" in r), None) or _middle(rounds)


def _middle(values: list[Any]) -> Any:
    """Medians of numbers, also inside objects; of anything else the first."""
    first = values[0]
    if isinstance(first, dict):
        return {key: _middle([value[key] for value in values]) for key in first}
    number = isinstance(first, int | float) and not isinstance(first, bool)
    return statistics.median(values) if number else first
