"""How sure the results of a panel are: draws of what its case calls uncertain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.assess import answered, bands_of
from detente.analysis.channels import channels_in_draws
from detente.analysis.draws import read_in_draws
from detente.analysis.evidence import holds, verdict_of
from detente.app.controls import scenario_of, split
from detente.app.results import (
    REMEMBERED,
    Leak,
    Results,
    Scored,
    markets_of,
    results_of,
    status_quo_of,
)
from detente.app.starts import case, case_of, changed, scenario_at
from detente.app.state import Panel
from detente.app.why import channels_of
from detente.arrays import Array
from detente.report.commodity_tables import Line
from detente.simulation.about import About, countries_at
from detente.simulation.assumptions import Assumption
from detente.simulation.evaluation import BAND, Quantity, Reader, StatusQuos
from detente.simulation.outcome import Outcome
from detente.simulation.trade import by_route
from detente.world.names import resolve_countries

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
    results = results_of(panel)
    if not has_bands(panel):
        return results
    # As `assess` draws, so that both say the same of a scenario on file.
    found = _read_in_draws(panel, lambda outcome: _drawn(results, outcome))
    who = [Quantity("welfare", About(country=c), "") for c in _countries(results)]
    bands = bands_of(zip(who, found["welfare"].T, strict=True))
    chosen, partners = _answered(results.chosen, bands), results.partners
    for side in SIDES:
        chosen = _moved(chosen, found[f"{side} outside"], f"{side}_")
        partners = _moved(partners, found[side], f"{side}_")
    scores = zip(results.claims.items(), found["claims"].T, strict=True)
    return replace(
        results,
        chosen=chosen,
        countries=_answered(results.countries, bands),
        partners=partners,
        sectors=_moved(results.sectors, found["sectors"]),
        claims={name: _weighed(scored, values) for (name, scored), values in scores},
        leak=None
        if results.leak is None
        else _leaked(results.leak, found["ways"], found["offset"]),
        markets={
            goods: [_middle(line, found[goods][:, k]) for k, line in enumerate(lines)]
            for goods, lines in results.markets.items()
        },
    )


@lru_cache(maxsize=REMEMBERED)
def banded_channels(panel: Panel, country: str) -> pd.DataFrame:
    """As `channels_of`, with the medians of draws as `percent`, and `low` and `high`.

    A panel without bands has its channels as they are; raises as `simulate` does.
    """
    channels = channels_of(panel, country)
    if not has_bands(panel):
        return channels
    found = _read_in_draws(panel, lambda outcome: channels_in_draws(outcome, country))
    low, median, high = np.quantile(found, BAND, axis=0)
    income = float(results_of(panel).countries["income"][country])
    return channels.assign(percent=median, low=low, high=high, million_usd=median / 100 * income)


def _read_in_draws(panel: Panel, reader: Reader) -> np.ndarray[Any, Any]:
    known = _status_quos(panel.start.partition("/")[0])
    return read_in_draws(scenario_of(panel), uncertain(panel), reader, known=known)


@lru_cache(maxsize=2)
def _status_quos(case: str) -> StatusQuos:
    """Those of the draws of a case: moving its measures does not move them."""
    return {}


def uncertain(panel: Panel) -> Mapping[str, Assumption]:
    """What the case of a panel calls uncertain, but for what its reader has chosen."""
    case = case_of(panel.start)
    assert case is not None
    horizon = None if panel.horizon == case.horizon else panel.horizon
    assumptions = dict(case.at_horizon(horizon).assumptions)
    if panel.deficits != case.scenario(panel.scenario).deficits:
        assumptions.pop("closure", None)
    return assumptions


def _drawn(results: Results, outcome: Outcome) -> np.ndarray[Any, Any]:
    """What the tables show of every draw, as named rows of numbers, [draw]."""
    target, world = results.target, outcome.world

    def measured(metric: str, about: list[About]) -> list[Array]:
        return [outcome.measure(metric, a) for a in about]

    partners = [About(country=target, partner=[str(p)]) for p in results.partners.index]
    outside = [
        About(country=c, partner=[n for n in world.countries if n not in members])
        for c in map(str, results.chosen.index)
        for members in [resolve_countries(c, world.countries)]
    ]
    parts: dict[str, Any] = {
        "welfare": measured("welfare", [About(country=c) for c in _countries(results)]),
        **{side: measured(side, partners) for side in SIDES},
        **{f"{side} outside": measured(side, outside) for side in SIDES},
        "sectors": _growth_of_output(outcome, target, results.sectors.index),
        "claims": [
            outcome.measure(s.test.metric, s.test.parameters) for s in results.claims.values()
        ],
    }
    if results.leak is not None:
        parts["ways"] = np.concatenate(by_route(outcome))
        parts["offset"] = measured("offset-ratio", [About()])
    draws = outcome.after.draws
    columns = {name: np.reshape(values, (-1, draws)).T for name, values in parts.items()}
    for goods, found in markets_of(outcome, target).items():
        columns[goods] = np.array([numbers.T for _, _, numbers in found]).swapaxes(0, 1)
    rows = np.empty(draws, [(name, float, values.shape[1:]) for name, values in columns.items()])
    for name, values in columns.items():
        rows[name] = values
    return rows


def _growth_of_output(outcome: Outcome, country: str, sectors: Iterable[str]) -> Array:
    """Percent, [j,k]; of a sector that another was split off, the rest, as the table has it."""
    j = np.array([outcome.world.sectors.index(s) for s in sectors])
    after, before = (
        e.Y[np.ix_(j, countries_at(outcome.world, country))].sum(1)
        for e in (outcome.after, outcome.before)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        growth: Array = 100 * np.where(before > 0, after / before - 1, np.nan)
    return growth


def _countries(results: Results) -> list[str]:
    return list(dict.fromkeys([*results.chosen.index, *results.countries.index]))


def _moved(table: pd.DataFrame, values: Array, prefix: str = "") -> pd.DataFrame:
    """A table with the medians of draws, [draw,row], of its changes in percent, and their bands."""
    low, median, high = np.quantile(values, BAND, axis=0)
    before = table[f"{prefix}before"]
    return table.assign(
        **{
            f"{prefix}percent": median,
            f"{prefix}low": low,
            f"{prefix}high": high,
            f"{prefix}after": before * (1 + np.nan_to_num(median) / 100),
        }
    )


def _answered(chosen: pd.DataFrame, bands: pd.DataFrame) -> pd.DataFrame:
    told = answered(chosen.reset_index().assign(scenario=bands["scenario"][0]), bands)
    return chosen.assign(**told.set_index("country").drop(columns="scenario"))


def _weighed(scored: Scored, values: Array) -> Scored:
    probability = float(holds(scored.test, values).mean())
    low, median, high = np.nanquantile(values, BAND)
    return scored._replace(
        value=float(median), band=(float(low), float(high)), verdict=verdict_of(probability)
    )


def _leaked(leak: Leak, flows: Array, offsets: Array) -> Leak:
    """Medians of trade by way, [draw, way before and way after], and of offset ratios."""
    before, after = np.split(flows, 2, axis=1)  # direct first
    low, change, high = np.quantile(after - before, BAND, axis=0)
    middle = np.median(before, axis=0)
    ways = leak.ways.assign(before=middle, after=middle + change, change=change, low=low, high=high)
    shares = [float(np.median(100 * (1 - f[:, 0] / f.sum(1)))) for f in (before, after)]
    rise = float(np.median((after - before)[:, 1:].sum(1)))
    falls = np.isfinite(offsets).mean() > 0.5  # direct trade, as a rule
    offset = float(np.nanmedian(offsets)) if falls else np.nan
    return leak._replace(ways=ways, offset=offset, shares=(shares[0], shares[1]), rise=rise)


def _middle(line: Line, values: Array) -> Line:
    """Medians of a line's numbers, [draw,3], and the band of its change."""
    low, median, high = np.quantile(values, BAND, axis=0)
    of = 1 if np.isfinite(line.change) else 2
    before, change, percent = median.tolist()
    return Line(line.group, line.label, before, change, percent, float(low[of]), float(high[of]))


def reread() -> None:
    """Forget what was computed of a case on disk, if its files have changed."""
    if changed():
        remembering = (
            case,
            scenario_at,
            split,
            results_of,
            banded,
            channels_of,
            banded_channels,
            status_quo_of,
            _status_quos,
        )
        for remembered in remembering:
            remembered.cache_clear()
