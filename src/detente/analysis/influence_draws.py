"""How certain it is whose influence grows: its change in draws of what a case calls uncertain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from detente.analysis.draws import bands, in_draws
from detente.cases.case import Case
from detente.policy.scenario import Change, Scenario
from detente.progress import Progress
from detente.simulation.about import About
from detente.simulation.evaluation import Quantity

SCENARIO = "scenario"
"""Name of the only scenario that is drawn."""


def influence_in_draws(
    case: Case,
    scenario: Scenario,
    target: str,
    partners: Mapping[str, Sequence[str]],
    draws: int,
    seed: int = 0,
    store: Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """How influence over a country changes in a scenario, in draws of what a case calls uncertain.

    Parameters
    ----------
    case, scenario
        What is uncertain, and what changes.
    target
        Whose dependence, by code.
    partners
        Partners by name, each with the codes of its countries; only of the first is a cut-off
        solved, twice in each draw.
    draws, seed, store, progress
        As in `detente.analysis.influence.influence`.

    Returns
    -------
    DataFrame
        By `sense` (`trade_share`, a partner's share in the target's trade; `cut_off`, what being
        cut off by it would cost, in percent of income) and `partner`: the change from before to
        after in percentage points, `low`, `median` and `high` (5, 50 and 95 percent points), and
        the share of the draws in which it `falls`.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> case = load_case("belarus-2025")
    >>> eased = case.scenario("us-all")
    >>> found = influence_in_draws(case, eased, "BLR", {"RUS": ["RUS"]}, draws=2)
    >>> float(found.loc[("trade_share", "RUS"), "falls"])
    1.0
    """
    first = next(iter(partners))
    senses = [("trade_share", "trade-share", name) for name in partners]
    senses.append(("cut_off", "influence", first))
    quantities = [
        Quantity(metric, About(country=target, partner=list(partners[name])), SCENARIO)
        for _, metric, name in senses
    ]
    change = Change(**{field: getattr(scenario, field) for field in Change.model_fields})
    drawn = case.model_copy(update={"scenarios": {SCENARIO: change}})
    values = in_draws(drawn, quantities, draws, seed, store=store, progress=progress)
    index = pd.MultiIndex.from_tuples(
        [(sense, name) for sense, _, name in senses], names=["sense", "partner"]
    )
    return pd.DataFrame({**bands(values), "falls": (values < 0).mean(0)}, index=index)
