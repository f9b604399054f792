"""The record of a commodity beside the model: without the sanctions aimed at it, and under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from detente.cases.records import Fact
from detente.policy.corridors import corridors_on_file
from detente.policy.measures import Measure
from detente.policy.scenario import Scenario
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, simulate
from detente.simulation.trade import sales


def _aimed_at(measure: Measure, goods: str, corridors: Sequence[str]) -> bool:
    """Whether a measure is on a commodity, rather than on much of which it is a part."""
    on_part = measure.split is not None and set(measure.split) == {goods}
    return on_part or measure.sectors == [goods] or (measure.corridor or "") in corridors


def _corridors_of(scenario: Scenario, goods: str) -> list[str]:
    known = {**corridors_on_file(), **scenario.corridors}
    return [name for about in known.values() if about.goods == goods for name in about.corridors]


def is_alone(scenario: Scenario, goods: str) -> bool:
    """Whether a scenario does nothing but to measures aimed at a commodity."""
    corridors, actions = _corridors_of(scenario, goods), scenario.actions()
    nothing_else = not (scenario.costs or scenario.transfers) and bool(actions)
    return nothing_else and all(_aimed_at(a.measure, goods, corridors) for a in actions)


def unsanctioned(simulation: Simulation, goods: str) -> Outcome | None:
    """The world without any measure aimed at the commodity; None where there is no such measure."""
    first = next(iter(simulation.scenarios.values()))
    corridors = _corridors_of(first, goods)
    aimed = [k for k, m in first.in_force(first.start).items() if _aimed_at(m, goods, corridors)]
    if not aimed:
        return None
    parts = {field: getattr(first, field) for field in type(first).model_fields}
    nothing: dict[str, Any] = {"ease": {}, "impose": [], "harden": {}, "costs": [], "transfers": []}
    free = Scenario(**{**parts, **nothing, "title": "", "lift": aimed, "friction": False})
    return simulate(free).outcome()


def beside_record(free: Outcome, record: dict[str, Fact], goods: str) -> pd.DataFrame:
    """Change from without the sanctions to the status quo, in percent, on record and here."""
    rows = []
    for fact in record.values():
        if fact.parameters.sectors != [goods]:
            continue
        rise = float(free.measure(fact.metric, fact.parameters)[0])
        last = list(fact.sanctioned.values())[-1:] or [np.nan]
        rows.append(
            {
                "title": fact.title,
                "unit": fact.unit,
                "free": _told(fact.free),
                "sanctioned": _told(fact.sanctioned),
                "record_percent": 100 * (last[0] / next(iter(fact.free.values())) - 1),
                "model_percent": 100 * (1 / (1 + rise / 100) - 1),
                "model_free": _level(free, fact),
                "source": fact.source,
                "note": fact.note,
            }
        )
    return pd.DataFrame(rows)


def _level(free: Outcome, fact: Fact) -> float:
    """What is traded without the sanctions, if the fact is about trade in dollars."""
    about = fact.parameters
    ends = {
        "exports": (about.country, about.partner),
        "imports": (about.partner, about.country),
    }.get(fact.metric)
    if ends is None or fact.unit != "million USD":
        return float("nan")
    return float(sales(free.after, *ends, about.sectors)[0])


def _told(values: dict[int, float]) -> str:
    return ", ".join(f"{value:,g} ({year})" for year, value in values.items())
