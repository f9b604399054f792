"""What a measure did to trade, by structural gravity on a panel of one's own.

Poisson pseudo maximum likelihood with effects of origin and period, of destination and period and
of the pair, each by sector (Yotov, Piermartini, Monteiro and Larch 2016, An Advanced Guide to Trade
Policy Analysis, equation (1-7)); where trade at home is in the panel, a common effect of the border
in each period too. It is the equation by which the calibration undoes what a table contains.

The effects of origin and destination take up prices and costs on either side, so that the effect b
of a measure is -theta log kappa of the model itself: no replacement of suppliers is counted in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy.stats import norm

from detente.errors import ConvergenceError, MissingExtraError, ScenarioError
from detente.inference.panel import FLOW, Panel
from detente.world.countries import country_of, group_of
from detente.world.names import Names, resolve_countries, resolve_sectors

Direction: TypeAlias = Literal["exports", "imports"]
Progress: TypeAlias = Callable[[int, int], None]

BAND = 0.9
"""Probability of the bands."""
LEAST_BEFORE = 2
"""Periods before the measure without which no trend can be seen."""
FEWEST = 10
"""Placebos below which their spread says nothing."""


@dataclass(frozen=True)
class Question:
    """Whose measure on whom is estimated.

    Attributes
    ----------
    senders, target
        Names of countries or groups.
    since
        Day from which it holds; the period that this day is in is the first with it.
    direction
        Trade that it is on, seen from the senders.
    apart
        Countries whose trade with the target changed for reasons of its own, such as other
        senders: their flows to and from the target are left out.
    """

    senders: Names
    target: str
    since: date
    direction: Direction = "exports"
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effects:
    """Effects of a measure on trade, by group of sectors, as logarithms of one plus the change.

    Attributes
    ----------
    effects
        One row for each group: `group`, `effect`, `clustered` and `placebo` (standard errors: by
        pair, and the spread of the same figure over the senders' trade with bystanders), `se` (the
        larger), `low` and `high` (90 percent), `pre_trend` (p-value, by permutation, that nothing
        was under way before),
        `pairs`, `flows`, `trade` (with the measure, in all periods), `lost` (trade that the measure
        kept from being).
    events
        `group`, `period`, `since` (periods from the first with the measure), `effect` against the
        mean of the periods before it, `low`, `high` (90 percent, clustered by pair).
    sectors
        Sectors of each group.
    weights
        Share of each sector in the group's trade before the measure.
    """

    question: Question
    frequency: str
    effects: pd.DataFrame
    events: pd.DataFrame
    sectors: dict[str, list[str]]
    weights: dict[str, dict[str, float]]
    notes: list[str] = field(default_factory=list)


def pyfixest() -> Any:
    """The library for gravity, which the extra `estimate` brings.

    Raises
    ------
    MissingExtraError
        It is not installed; the message says how to get it.
    """
    try:
        import pyfixest as found
    except ImportError as error:
        raise MissingExtraError("pyfixest", "estimate", "gravity") from error
    return found


def estimate_effects(
    panel: Panel,
    question: Question,
    groups: Mapping[str, Names] | None = None,
    progress: Progress | None = None,
) -> Effects:
    """Estimate what a measure did to trade, by group of sectors.

    Parameters
    ----------
    panel
        Trade in any one unit.
    question
        Whose measure on whom, since when.
    groups
        Name to sectors that share one effect; all sectors in one by default.
    progress
        Called with (done, total).

    Raises
    ------
    ScenarioError
        A panel that does not show the measure: too few periods, no such trade, all of it zero.
    ConvergenceError
        The regression did not converge.
    MissingExtraError
        Without pyfixest.
    """
    pyfixest()
    at = _Places(panel, question)
    sectors = {g: resolve_sectors(s, panel.sectors) for g, s in (groups or {"all": "all"}).items()}
    rows, events, weights = [], [], {}
    for done, (group, codes) in enumerate(sectors.items()):
        if progress:
            progress(done, len(sectors))
        frame = at.frame(codes, group)
        rows.append(_estimated(frame, at, group))
        events.append(_events(frame, at, group))
        weights[group] = _shares_before(frame, at.first)
    return Effects(
        question,
        panel.frequency,
        pd.DataFrame(rows),
        pd.concat(events, ignore_index=True),
        sectors,
        weights,
        at.notes,
    )


class _Places:
    """Countries and periods of a question on a panel."""

    def __init__(self, panel: Panel, question: Question) -> None:
        self.panel, self.direction = panel, question.direction
        self.senders = _members(question.senders, panel)
        self.targets = _members(question.target, panel)
        self.apart = _members(list(question.apart), panel)
        both = {*self.senders} & {*self.targets}
        if both or not self.senders or not self.targets:
            who = f"{', '.join(both)} both" if both else "nobody"
            raise ScenarioError(f"{panel.name}: {who} among senders and targets in this panel")
        self.first = panel.period_of(question.since)
        periods = np.unique(panel.flows["period"])
        before, after = (periods < self.first).sum(), (periods >= self.first).sum()
        if before < LEAST_BEFORE or not after:
            raise ScenarioError(
                f"{panel.name}: {before} periods before {panel.label(self.first)} and {after} from "
                f"then on; at least {LEAST_BEFORE} before and 1 after are needed"
            )
        self.notes: list[str] = []
        if self.first not in periods:
            self.notes.append(f"The panel has no {panel.label(self.first)}.")
        elif panel.frequency == "year" and (question.since.month, question.since.day) > (1, 31):
            self.notes.append(
                f"{self.first} counts as a year with the measure, which held from "
                f"{question.since} only: the effect is that of the periods, not of a full year."
            )

    def frame(self, sectors: Sequence[str], group: str) -> pd.DataFrame:
        """Flows of some sectors with the groups of their effects, and where the measure is on."""
        flows = self.panel.flows
        flows = flows[flows["sector"].isin(sectors)]
        own, other = self.sides
        with_target = flows["origin"].isin(self.targets) | flows["destination"].isin(self.targets)
        with_apart = flows["origin"].isin(self.apart) | flows["destination"].isin(self.apart)
        traded = flows.groupby(FLOW)["value"].transform("sum") > 0
        flows = flows[traded & ~(with_target & with_apart)]
        treated = flows[own].isin(self.senders) & flows[other].isin(self.targets)
        home = flows["origin"].eq(flows["destination"])
        frame = flows.assign(
            treated=treated,
            on=(treated & flows["period"].ge(self.first)).astype(float),
            origin_period=_numbered(flows, ["origin", "sector", "period"]),
            destination_period=_numbered(flows, ["destination", "sector", "period"]),
            pair_sector=_numbered(flows, FLOW),
            pair=_numbered(flows, ["origin", "destination"]),
            border=_numbered(flows, ["sector", "period"]).where(~home, -1),
        ).reset_index(drop=True)
        self._check(frame, group)
        return frame

    @property
    def sides(self) -> tuple[str, str]:
        """Columns of the sender and of its partner."""
        ends = ("origin", "destination")
        return ends if self.direction == "exports" else ends[::-1]

    def _check(self, frame: pd.DataFrame, group: str) -> None:
        """Refuse a panel in which the effect is not to be seen."""
        trade = frame[frame["treated"]]
        before = trade.loc[trade["period"] < self.first, "value"]
        after = trade.loc[trade["period"] >= self.first, "value"]
        where = f"{self.panel.name}: {group}: {self.direction} of the senders and the target"
        if before.sum() == 0:
            raise ScenarioError(f"{where}: no trade before {self.panel.label(self.first)}")
        if after.sum() == 0:
            raise ScenarioError(
                f"{where}: none is left from {self.panel.label(self.first)} on (or absent rows "
                "stand for zeros: `zeros`); no finite effect; a measure with `ban: true` says that"
            )
        if frame.loc[~frame["treated"], ["origin", "destination"]].nunique().min() < 3:
            raise ScenarioError(f"{where}: too few other countries to compare with")


def _members(names: Names, panel: Panel) -> list[str]:
    """Countries of a panel by their names, or those of groups that it has."""
    asked = [names] if isinstance(names, str) else list(names or [])
    for name in asked:
        code = country_of(name)
        if code and code not in panel.countries and not group_of(name):
            raise ScenarioError(f"{panel.name}: no trade of {name!r} ({code}) in this panel")
    return resolve_countries(asked, panel.countries)


def _numbered(flows: pd.DataFrame, columns: list[str]) -> pd.Series[int]:
    return flows.groupby(columns, sort=False).ngroup()


def _estimated(frame: pd.DataFrame, at: _Places, group: str) -> dict[str, Any]:
    """One row of effects."""
    fit = fitted(frame, ["on"])
    effect, clustered = float(fit.coef()["on"]), float(fit.se()["on"])
    left = _Residuals(fit, at)
    placebo = left.error()
    se = max(clustered, placebo if np.isfinite(placebo) else 0.0)
    half = float(norm.ppf((1 + BAND) / 2)) * se
    trade = float((frame["value"] * frame["on"]).sum())
    pairs = frame.loc[frame["on"] > 0, "pair"].nunique()
    return {
        "group": group,
        "effect": effect,
        "clustered": clustered,
        "placebo": placebo,
        "se": se,
        "low": effect - half,
        "high": effect + half,
        "pre_trend": left.pre_trend(),
        "pairs": pairs,
        "flows": int(fit._N),
        "trade": trade,
        "lost": trade * float(np.expm1(-effect)),
    }


def fitted(frame: pd.DataFrame, regressors: Sequence[str]) -> Any:
    """Fit gravity to flows with the groups of their effects; a fit of pyfixest.

    Raises
    ------
    ConvergenceError
        It did not converge, or separation left nothing to estimate.
    """
    effects = ["origin_period", "destination_period", "pair_sector"]
    if frame["border"].eq(-1).any():
        effects.append("border")
    formula = f"value ~ {' + '.join(regressors)} | {' + '.join(effects)}"
    try:
        fit = pyfixest().fepois(
            formula,
            frame,
            vcov={"CRV1": "pair"},
            separation_check=["fe"],
            iwls_maxiter=100,
        )
    except Exception as error:
        raise ConvergenceError(f"gravity was not fitted: {error}", {"formula": formula}) from error
    missing = [name for name in regressors if name not in fit.coef().index]
    if missing:
        raise ConvergenceError(
            "gravity was not fitted: the effects of origin, destination and pair leave nothing "
            "of the measure (no bystanders, or one period)",
            {"formula": formula, "missing": missing},
        )
    return fit


class _Residuals:
    """What a fit leaves of the senders' trade with the target and with each bystander.

    Where few pairs have the measure, errors clustered by pair say next to nothing: what the same
    senders' trade does with countries that nobody sanctioned says how far trade strays by itself.
    """

    def __init__(self, fit: Any, at: _Places) -> None:
        rows = fit._data[["period", *FLOW, "value"]].assign(expected=fit.predict(type="response"))
        own, other = at.sides
        rows = rows[rows[own].isin(at.senders) & ~rows[other].isin({*at.senders, *at.apart})]
        self._rows = rows.assign(partner=rows[other].mask(rows[other].isin(at.targets), ""))
        self._first = at.first

    def error(self) -> float:
        """Robust deviation of log residuals from before to after; NaN of few bystanders."""
        log = self._log(self._rows["period"].ge(self._first))
        change = (log[True] - log[False]).drop("").to_numpy()
        if len(change) < FEWEST:
            return float("nan")
        return float(1.4826 * np.median(np.abs(change - np.median(change))))

    def pre_trend(self) -> float:
        """Share of bystanders whose trade strayed as far before the measure; NaN of too few.

        The test is that of a permutation: of the mean square of log residuals by period, which the
        target's trade has as often as any bystander's where nothing was under way.
        """
        log = self._log(self._rows["period"])
        before = log.loc[:, np.asarray(log.columns, int) < self._first]
        stray = before.sub(before.mean(axis=1), axis=0).pow(2).mean(axis=1)
        others = stray.drop("")
        if len(others) < FEWEST:
            return float("nan")
        return float((1 + (others >= stray[""]).sum()) / (1 + len(others)))

    def _log(self, columns: pd.Series[Any]) -> pd.DataFrame:
        """Log of trade over what is expected, by partner; the target's name is empty."""
        sums = self._rows.groupby(["partner", columns.rename("column")])[
            ["value", "expected"]
        ].sum()
        sums = sums.where(sums > 0)
        log: pd.DataFrame = np.log(sums["value"] / sums["expected"]).unstack("column").dropna()
        return log


def _events(frame: pd.DataFrame, at: _Places, group: str) -> pd.DataFrame:
    """Effects by period against the mean of those before the measure."""
    periods = np.sort(frame.loc[frame["treated"], "period"].unique())
    names = {p: f"event{k}" for k, p in enumerate(periods[1:])}
    dummies = {n: (frame["treated"] & frame["period"].eq(p)) * 1.0 for p, n in names.items()}
    fit = fitted(frame.assign(**dummies), list(dummies))
    order = [list(fit.coef().index).index(n) for n in dummies]
    effects = np.append(0.0, fit.coef().to_numpy()[order])
    errors = np.pad(np.asarray(fit._vcov)[np.ix_(order, order)], ((1, 0), (1, 0)))
    before = periods < at.first
    against = np.eye(len(periods)) - before / before.sum()
    half = norm.ppf((1 + BAND) / 2) * np.sqrt(np.diag(against @ errors @ against.T))
    moved = against @ effects
    return pd.DataFrame(
        {
            "group": group,
            "period": [at.panel.label(p) for p in periods],
            "since": periods - at.first,
            "effect": moved,
            "low": moved - half,
            "high": moved + half,
        }
    )


def _shares_before(frame: pd.DataFrame, first: int) -> dict[str, float]:
    before = frame[frame["treated"] & frame["period"].lt(first)].groupby("sector")["value"].sum()
    return {str(s): float(v) for s, v in (before / before.sum()).items()}
