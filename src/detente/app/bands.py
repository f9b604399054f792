"""How sure the results of a panel are: draws of what its case calls uncertain."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from detente.analysis.assess import answered, bands_of
from detente.analysis.draws import in_draws
from detente.analysis.evidence import holds, verdict_of
from detente.app.controls import scenario_of, split
from detente.app.results import REMEMBERED, Results, Scored, results_of
from detente.app.starts import case, case_of, changed, scenario_at
from detente.app.state import Panel
from detente.app.why import channels_of
from detente.arrays import Array
from detente.simulation.about import About
from detente.simulation.evaluation import BAND, Quantity

SIDES = ("exports", "imports")


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
    asked = _asked(results, panel.start)
    drawn = [quantity for part in asked.values() for quantity in part]
    horizon = None if panel.horizon == case.horizon else panel.horizon
    uncertain = dict(case.at_horizon(horizon).assumptions)
    if panel.deficits != case.scenario(panel.scenario).deficits:
        uncertain.pop("closure", None)  # chosen by the reader
    # As `assess` draws, so that both say the same of a scenario on file.
    values = iter(in_draws({panel.start: scenario_of(panel)}, uncertain, drawn))
    found = {part: np.array([next(values) for _ in some]) for part, some in asked.items()}
    bands = bands_of(zip(asked["welfare"], found["welfare"], strict=True))
    scores = zip(results.claims.items(), found["claims"], strict=True)
    partners = results.partners
    for side in SIDES:
        partners = _moved(partners, found[side], f"{side}_")
    return replace(
        results,
        chosen=_answered(results.chosen, bands),
        countries=_answered(results.countries, bands),
        partners=partners,
        sectors=_moved(results.sectors, found["sectors"]),
        claims={name: _weighed(scored, found) for (name, scored), found in scores},
    )


def _asked(results: Results, scenario: str) -> dict[str, list[Quantity]]:
    """What is asked of every draw, by the table it is for."""
    who, target = [*results.chosen.index, *results.countries.index], results.target
    trade = {
        side: [About(country=target, partner=[str(p)]) for p in results.partners.index]
        for side in SIDES
    }
    output = [About(country=target, sectors=[str(s)]) for s in results.sectors.index]
    tests = [scored.test for scored in results.claims.values()]
    return {
        "welfare": [Quantity("welfare", About(country=c), scenario) for c in dict.fromkeys(who)],
        **{side: [Quantity(side, about, scenario) for about in trade[side]] for side in SIDES},
        "sectors": [Quantity("output", about, scenario) for about in output],
        "claims": [Quantity(test.metric, test.parameters, scenario) for test in tests],
    }


def _moved(table: pd.DataFrame, values: Array, prefix: str = "") -> pd.DataFrame:
    """A table with the medians of draws of its changes in percent, and their bands."""
    low, median, high = np.quantile(values, BAND, axis=1)
    before = table[f"{prefix}before"]
    return table.assign(
        **{
            f"{prefix}percent": median,
            f"{prefix}low": low,
            f"{prefix}high": high,
            f"{prefix}after": before * (1 + np.nan_to_num(median) / 100),
        }
    )


def reread() -> None:
    """Forget what was computed of a case on disk, if its files have changed."""
    if changed():
        for remembered in (case, scenario_at, split, results_of, banded, channels_of):
            remembered.cache_clear()


def _answered(chosen: pd.DataFrame, bands: pd.DataFrame) -> pd.DataFrame:
    told = answered(chosen.reset_index().assign(scenario=bands["scenario"][0]), bands)
    return chosen.assign(**told.set_index("country").drop(columns="scenario"))


def _weighed(scored: Scored, values: Array) -> Scored:
    probability = float(holds(scored.test, values).mean())
    low, median, high = np.nanquantile(values, BAND)
    return scored._replace(
        value=float(median), band=(float(low), float(high)), verdict=verdict_of(probability)
    )
