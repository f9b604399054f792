"""The report of a case: everything an analyst would send on, in one file."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from detente.analysis.assess import Assessment, assess
from detente.analysis.claims import weigh
from detente.analysis.commodity import Commodity, commodities_of, commodity
from detente.analysis.draws import DRAWS
from detente.analysis.evidence import Evidence
from detente.analysis.influence import Influence, influence
from detente.analysis.leakage import CaseLeakage, leakage
from detente.analysis.parties import counterpart
from detente.analysis.relief.bundles import can_ease
from detente.analysis.relief.relief import Relief, relief
from detente.cases import Case
from detente.report import (
    charts,
    claims_charts,
    commodity_charts,
    commodity_words,
    maps,
    text,
    timeline,
)
from detente.report.commodity_tables import record_sheet, sheets
from detente.report.extras import check_format, fill, require
from detente.results import write_text
from detente.simulation.run import simulate
from detente.simulation.store import default_folder


class Figure(NamedTuple):
    """A chart as the report shows it: SVG as a data address, and what it shows in words."""

    address: str
    words: str


@dataclass(frozen=True, eq=False)
class Report:
    """All that the report of a case says; None where it has no routes, claims, or what to ease.

    Commodities are those that its world has as sectors of their own.

    Map, routes and influence show the scenario `drawn`, and `welfare` is that scenario's, in
    percent of income by country. Its figures go by name; there are none if none were asked for.
    """

    case: Case
    drawn: str
    assessment: Assessment
    evidence: Evidence | None
    leakage: CaseLeakage | None
    influence: Influence
    relief: Relief | None
    commodities: list[Commodity]
    welfare: xr.DataArray
    figures: dict[str, Figure]

    def answer(self) -> list[str]:
        """The answer in three sentences, from the numbers with their bands."""
        return [self._target_sentence(), self._others_sentence(), self._claims_sentence()]

    def manifest(self) -> dict[str, Any]:
        """What repeats the report."""
        parts = {"assessment": self.assessment, "claims": self.evidence, "relief": self.relief}
        found = {name: part.manifest for name, part in parts.items() if part is not None}
        return {"case": self.case.title, "drawn": self.drawn, **found}

    def _target_sentence(self) -> str:
        told = self._told(self._in_words(self._rows(self.case.target)))
        return f"Real income of {text.called(self.case.target)} changes by {told}."

    def _others_sentence(self) -> str:
        rival = self.case.rival
        if rival is not None and len(rows := self._rows(rival)):
            return f"For {text.called(rival)} it is {self._told(self._in_words(rows.tail(2)))}."
        rows = self.assessment.welfare
        rows = rows[(rows["scenario"] == self.drawn) & (rows["country"] != self.case.target)]
        changes = zip(rows["country"], rows["percent"], strict=True)
        listed = text.listed(f"{text.called(c)} {text.signed(p, 3)}" for c, p in changes)
        return f"Elsewhere, if {self._title(self.drawn)}: {listed} percent."

    def _claims_sentence(self) -> str:
        if self.evidence is None:
            return "No claim has been put to the model."
        verdicts = Counter(w.verdict.split(",")[0] for w in self.evidence.weighed.values())
        supported, contradicted = verdicts["supported"], verdicts["contradicted"]
        depending = verdicts.total() - supported - contradicted
        outside = len(self.evidence.outside)
        return (
            f"Of {text.plural(verdicts.total(), 'claim', 'claims')} put to the model "
            f"{text.plural(supported, 'is', 'are')} supported, {contradicted} contradicted, and "
            f"{text.plural(depending, 'depends', 'depend')} on an assumption; "
            f"{text.plural(outside, 'more is', 'more are')} outside what it can say."
        )

    def _rows(self, country: str) -> pd.DataFrame:
        """Welfare of a country in the scenarios whose claims are about it, or in the one drawn."""
        rows = self.assessment.welfare
        samples = [] if self.evidence is None else self.evidence.samples
        about = {
            q.scenario for q, _ in samples if (q.metric, q.about.country) == ("welfare", country)
        }
        return rows[(rows["country"] == country) & rows["scenario"].isin(about or {self.drawn})]

    def _in_words(self, rows: pd.DataFrame) -> dict[str, str]:
        """Changes of welfare by scenario, with their bands if they have any."""
        if "low" not in rows:
            return dict(zip(rows["scenario"], map(text.percent, rows["percent"]), strict=True))
        bands = rows[["low", "percent", "high"]].itertuples(index=False)
        return dict(zip(rows["scenario"], (text.percent_band(*b) for b in bands), strict=True))

    def _told(self, changes: dict[str, str]) -> str:
        return text.listed(f"{words} if {self._title(s)}" for s, words in changes.items())

    def _title(self, scenario: str) -> str:
        return f"“{self.case.scenarios[scenario].title}”"


def gather(
    case: Case,
    *,
    draws: int = DRAWS,
    store: Path | None = None,
    illustrated: bool = True,
    progress: Callable[[str], Callable[[int, int], object]] | None = None,
) -> Report:
    """Compute everything a report says.

    Parameters
    ----------
    case
        From `detente.cases.load_case`.
    draws
        Of the answer and the claims; see `detente.analysis.claims.weigh`.
    store
        Folder that keeps draws and packages for the next time; by default the user's cache.
    illustrated
        Whether figures are drawn, meanwhile.
    progress
        Given a step in words, returns what is called with (done, total).

    Raises
    ------
    ScenarioError, ConvergenceError
        From the scenarios of the case.
    MissingExtraError
        Without the report extra, if illustrated.
    """
    if illustrated:
        require("charts")
    step, kept = progress or (lambda words: lambda done, total: None), store or default_folder()
    drawn, partners = case.last_easing(), [counterpart(case), *case.partners]
    chosen, simulation = case.scenario(drawn), simulate(case)
    evidence = led = eased = None
    with ThreadPoolExecutor(1) as pool:
        figures: dict[str, Future[Figure]] = {}

        def draw(name: str, chart: Callable[..., Any], *shown: Any) -> None:
            if illustrated:
                figures[name] = pool.submit(lambda: _figure(chart(*shown)))

        draw("timeline", timeline.timeline_chart, case)
        outcomes = {name: simulation.outcome(name) for name in case.scenarios}
        welfare = outcomes[drawn].equilibrium.welfare
        draw("map", maps.world_map, welfare, f"{chosen.title}: who gains and who loses")
        if case.assumptions and any(claim.test is not None for claim in case.claims.values()):
            evidence = weigh(case, draws, store=kept, progress=step("Drawing and solving"))
            draw("densities", claims_charts.densities_chart, evidence)
            draw("tornado", claims_charts.tornado_chart, evidence)
        samples = () if evidence is None else evidence.samples
        told = step("Solving scenarios")
        assessment = assess(
            case, told, draws=draws, simulation=simulation, store=kept, samples=samples
        )
        followed = [
            commodity(case, goods, simulation=simulation, samples=samples)
            for goods in commodities_of(simulation.world)
        ]
        for market in followed:
            draw(f"{market.market.goods}-earners", commodity_charts.earners_chart, market)
            if len(market.ways):
                draw(f"{market.market.goods}-ways", commodity_charts.ways_chart, market)
        if case.routes is not None:
            led = leakage(case, progress=step("Following routes"), simulation=simulation)
            draw("supply", charts.supply_chart, led)
            draw("leakage", charts.leakage_chart, led)
        held = influence(case.target, chosen, partners, progress=step("Cutting off partners"))
        draw("influence", charts.influence_chart, held)
        if can_ease(case):
            eased = relief(case, store=kept, progress=step("Solving packages"))
            draw("frontier", charts.frontier_chart, eased)
        done = {name: figure.result() for name, figure in figures.items()}
    return Report(case, drawn, assessment, evidence, led, held, eased, followed, welfare, done)


def _figure(chart: Any) -> Figure:
    """An image apart from the page: charts drawn into one page would share names of their parts."""
    coded = base64.b64encode(charts.svg(chart).encode()).decode()
    return Figure(f"data:image/svg+xml;base64,{coded}", chart.description)


def render(report: Report, kind: str = "html") -> str:
    """The report as one self-contained page, or as Markdown (`md`).

    Raises
    ------
    MissingExtraError
        Without the report extra.
    """
    return fill(
        f"report.{kind}",
        r=report,
        case=report.case,
        figures=report.figures,
        words=commodity_words,
        sheets=sheets,
        record_sheet=record_sheet,
        welfare=report.assessment.welfare_by_country(),
        offers=[] if report.relief is None else report.relief.offers.to_dict("records"),
        manifest=json.dumps(report.manifest(), indent=1),
        today=date.today().isoformat(),
    )


def write_report(report: Report, path: Path) -> None:
    """Write a report, whole or not at all, as HTML or Markdown by the ending of the path.

    Raises
    ------
    ScenarioError, MissingExtraError
        See `detente.report.extras.check_format`.
    """
    check_format(path)
    write_text(render(report, path.suffix[1:]), path)
