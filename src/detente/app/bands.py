"""How sure the results of a panel are: draws of what its case calls uncertain."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pandas as pd

from detente.analysis.assess import DRAWS, answered, bands_of, hypercube
from detente.analysis.evidence import holds, verdict_of
from detente.app.controls import scenario_of
from detente.app.results import REMEMBERED, Results, Scored, results_of
from detente.app.starts import case_of
from detente.app.state import Panel
from detente.arrays import Array
from detente.cases import Case
from detente.simulation.about import About
from detente.simulation.evaluation import Evaluator, Quantity

SEED = 0
"""As that of `assess`, so that both say the same of a scenario on file."""


def has_bands(panel: Panel) -> bool:
    """Whether a panel starts from a case that says what is uncertain, at central strengths."""
    case = case_of(panel.start)
    return case is not None and bool(case.assumptions) and panel.level == "central"


@lru_cache(maxsize=REMEMBERED)
def banded(panel: Panel) -> Results:
    """The results of a panel with the medians of draws as the answer, and their bands.

    A panel without bands has its results as they are; raises as `simulate` does.
    """
    results, case = results_of(panel), case_of(panel.start)
    if case is None or not has_bands(panel):
        return results
    welfare = [Quantity("welfare", About(country=c), panel.start) for c in results.chosen.index]
    tested = [
        Quantity(s.test.metric, s.test.parameters, panel.start) for s in results.claims.values()
    ]
    values = _drawn(case, panel, [*welfare, *tested])
    bands = bands_of(zip(welfare, values[: len(welfare)], strict=True))
    scores = zip(results.claims.items(), values[len(welfare) :], strict=True)
    return replace(
        results,
        chosen=_answered(results.chosen, bands),
        claims={name: _weighed(scored, found) for (name, scored), found in scores},
    )


def _drawn(case: Case, panel: Panel, quantities: list[Quantity]) -> Array:
    """Quantities in draws, [quantity,k]; the closure is the panel's own, and so is the horizon."""
    horizon = None if panel.horizon == case.horizon else panel.horizon
    uncertain = case.at_horizon(horizon).assumptions
    drawn = {name: a for name, a in uncertain.items() if not a.choices}
    evaluator = Evaluator({panel.start: scenario_of(panel)}, drawn, quantities)
    values: Array = evaluator.evaluate(hypercube(DRAWS, len(evaluator.space.groups), SEED)).T
    return values


def _answered(chosen: pd.DataFrame, bands: pd.DataFrame) -> pd.DataFrame:
    told = answered(chosen.reset_index().assign(scenario=bands["scenario"][0]), bands)
    return chosen.assign(**told.set_index("country").drop(columns="scenario"))


def _weighed(scored: Scored, values: Array) -> Scored:
    probability = float(holds(scored.test, values).mean())
    low, median, high = pd.Series(values).quantile([0.05, 0.5, 0.95])
    return scored._replace(
        value=float(median), band=(float(low), float(high)), verdict=verdict_of(probability)
    )
