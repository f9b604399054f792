"""What came of the trials of a section, and a limit of time for each."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PLACE = re.compile(r"(?:/[\w.+-]+){2,}")
"""Where files are on this machine."""

SHOWN = 20
"""Faults that are kept in words."""


class Hung(BaseException):
    """A trial took longer than it may; nothing in the package catches it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `Hung` in what takes longer: seconds of a processor, ten times as many of a clock."""

    def ring(*_: object) -> None:
        raise Hung(f"longer than {seconds:g} s")

    limits = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, 10 * seconds),
    )
    for timer, number, most in limits:
        signal.signal(number, ring)
        signal.setitimer(timer, most)
    try:
        yield
    finally:
        for timer, _, _ in limits:
            signal.setitimer(timer, 0)


@dataclass
class Tally:
    """Counts by outcome, the largest of what was measured, and every fault in words."""

    counts: Counter[str] = field(default_factory=Counter)
    largest: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def add(self, outcome: str, number: int = 1) -> None:
        """Count an outcome that is as it should be."""
        self.counts[outcome] += number

    def fault(self, kind: str, where: str) -> None:
        """Note what must not be."""
        self.counts[f"fault: {kind}"] += 1
        self.faults.append(f"{kind}: {where}")
        print(f"  FAULT {kind}: {where}"[:1500], flush=True)

    def check(self, right: bool, outcome: str, where: str = "") -> None:
        """Count an outcome, or the fault of its absence."""
        if right:
            self.add(outcome)
        else:
            self.fault(f"not {outcome}", where)

    def measure(self, name: str, value: float) -> None:
        """Keep the largest; NaN stays."""
        known = self.largest.get(name, 0.0)
        self.largest[name] = known if known >= value else float(value)

    def document(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "seconds": round(time.perf_counter() - self.began),
            "counts": dict(sorted(self.counts.items())),
            "largest": {k: float(f"{v:.2g}") for k, v in self.largest.items()},
            "faults": [PLACE.sub("...", f)[:600] for f in self.faults[:SHOWN]],
        }
