"""The claims of a case beside the numbers of the page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from detente.analysis.claims import holds
from detente.analysis.pointwise import claim_values
from detente.app.results import REMEMBERED, Results, solved
from detente.app.starts import case, case_of
from detente.app.state import State
from detente.simulation.metrics import METRICS


def claims_of(state: State, results: Mapping[str, Results]) -> list[dict[str, Any]]:
    """What the scenarios shown say of the claims of their case; the panel hides if there are none.

    Each entry has `statement`, `speaker`, `metric`, `unit`, and, for every panel's name, a
    `value` and whether the claim `holds` there, at central values.
    """
    found = case_of(state.a.start)
    if found is None:
        return []
    name = state.a.start.partition("/")[0]
    values = {k: _values(name, r.scenario.model_dump_json()) for k, r in results.items()}
    rows = []
    for key, claim in found.claims.items():
        test = claim.test
        if test is None or any(key not in v for v in values.values()):
            continue
        row = {
            "statement": claim.statement,
            "speaker": claim.speaker,
            "metric": test.metric,
            "unit": METRICS[test.metric].unit,
        }
        shown = {
            k: {"value": v[key], "holds": bool(holds(test, np.array(v[key])))}
            for k, v in values.items()
        }
        rows.append({**row, **shown})
    return rows


@lru_cache(maxsize=REMEMBERED)
def _values(name: str, scenario: str) -> dict[str, float]:
    return claim_values(case(name), solved(scenario), cut_offs=False)
