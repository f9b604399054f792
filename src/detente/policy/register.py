"""Regimes: the measures in force on a date, from the register that comes with the package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import as_file, files
from typing import TypeVar

import pandas as pd
from pydantic import Field

from detente.errors import ScenarioError, nearest
from detente.policy.corridors import corridors_on_file
from detente.policy.fields import Strict
from detente.policy.measures import Measure
from detente.source import Source

Value = TypeVar("Value")


class _RegimeFile(Strict):
    measures: dict[str, Measure] = Field(min_length=1)


@dataclass(frozen=True)
class Regime:
    """Measures by name, in force on a date.

    Attributes
    ----------
    measures
        Name to measure.
    on
        The date, or None for a register of all dates.
    """

    measures: dict[str, Measure]
    on: date | None = None

    def in_force(self, on: date) -> Regime:
        """Keep the measures in force on a day."""
        return Regime({k: m for k, m in self.measures.items() if m.in_force(on)}, on)

    def of(
        self,
        senders: Iterable[str] | None = None,
        target: str | None = None,
        kinds: Iterable[str] | None = None,
    ) -> Regime:
        """Keep the measures of some senders, against a target, of some kinds."""
        wanted = None if senders is None else set(senders)
        allowed = None if kinds is None else set(kinds)
        kept = {
            name: m
            for name, m in self.measures.items()
            if (wanted is None or wanted & set(m.senders))
            and (target is None or m.target == target)
            and (allowed is None or m.kind in allowed)
        }
        return Regime(kept, self.on)

    def __getitem__(self, name: str) -> Measure:
        return look_up(self.measures, name, "measure")

    def table(self) -> pd.DataFrame:
        """One row per measure: senders, target, kind, sectors, strength, dates, instrument."""
        rows = [
            {
                "measure": name,
                "title": m.title,
                "senders": "+".join(m.senders),
                "target": m.target,
                "kind": m.kind,
                "sectors": "+".join(m.sectors),
                "share": m.share,
                "ave": m.strength(),
                "ave_low": m.strength("low"),
                "ave_high": m.strength("high"),
                "start": m.start,
                "end": m.end,
                "instrument": m.instrument,
            }
            for name, m in self.measures.items()
        ]
        return pd.DataFrame(rows)


def look_up(known: dict[str, Value], name: str, what: str) -> Value:
    """Find a name, or say what is nearest.

    Raises
    ------
    ScenarioError
        The name is not there.
    """
    if name not in known:
        raise ScenarioError(f"unknown {what} {name!r}: {nearest(name, known)}")
    return known[name]


@lru_cache(maxsize=1)
def register() -> Regime:
    """All measures on file: sanctions on Belarus and Russia, 2021 to 2025, and what the war ended.

    Sources, and where the ad-valorem equivalents come from, stand in each measure and in
    docs/regimes.md.

    Examples
    --------
    >>> from datetime import date
    >>> before, after = date(2021, 1, 1), date(2022, 7, 1)
    >>> len(register().in_force(before).measures) < len(register().in_force(after).measures)
    True
    """
    measures: dict[str, Measure] = {}
    with as_file(files("detente.policy") / "regimes") as folder:
        for path in sorted(folder.glob("*.yaml")):
            found = Source.read(path).validate(_RegimeFile).measures
            twice = measures.keys() & found.keys()
            if twice:
                raise ScenarioError(f"{path.name}: measure {min(twice)!r} is in another file too")
            measures |= found
    return Regime({name: _with_detour(m) for name, m in measures.items()})


def _with_detour(measure: Measure) -> Measure:
    """What shuts a corridor on file costs as much as the way round, if it does not say."""
    if measure.corridor is None or measure.ave is not None:
        return measure
    for about in corridors_on_file().values():
        if about.exporter == measure.target and measure.corridor in about.corridors:
            return measure.model_copy(update={"ave": about.detour})
    raise ScenarioError(f"no corridor {measure.corridor!r} of {measure.target} is on file")
