"""The report of a case: everything an analyst would send on, in one file."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from detente.analysis.assess import Assessment, assess
from detente.analysis.claims import DRAWS, weigh
from detente.analysis.evidence import Evidence
from detente.analysis.influence import Influence, influence
from detente.analysis.leakage import CaseLeakage, leakage
from detente.analysis.parties import counterpart
from detente.analysis.relief.bundles import can_ease
from detente.analysis.relief.relief import Relief, relief
from detente.cases import Case
from detente.report import text
from detente.report.exports import write_text
from detente.report.extras import check_format, fill
from detente.simulation.run import simulate
from detente.simulation.store import default_folder


class Figure(NamedTuple):
    """A chart as the report shows it: SVG as a data address, and what it shows in words."""

    address: str
    words: str


@dataclass(frozen=True, eq=False)
class Report:
    """All that the report of a case says.

    Attributes
    ----------
    case
        What it is about.
    drawn
        Scenario that map, routes and influence show.
    assessment, evidence, leakage, influence, relief
        See the functions that make them; None where the case has no routes, no claims, or
        nothing to ease.
    welfare
        Percent of income by country in the scenario drawn.
    """

    case: Case
    drawn: str
    assessment: Assessment
    evidence: Evidence | None
    leakage: CaseLeakage | None
    influence: Influence
    relief: Relief | None
    welfare: xr.DataArray

    def answer(self) -> list[str]:
        """The answer in three sentences, from the numbers with their bands."""
        return [self._target_sentence(), self._others_sentence(), self._claims_sentence()]

    def manifest(self) -> dict[str, Any]:
        """What repeats the report."""
        parts = {"claims": self.evidence, "relief": self.relief}
        found = {name: part.manifest for name, part in parts.items() if part is not None}
        return {
            "case": self.case.title,
            "drawn": self.drawn,
            "assessment": self.assessment.manifest,
            **found,
        }

    def _target_sentence(self) -> str:
        target = self.case.target
        rows = self.assessment.welfare
        rows = rows[rows["country"] == target]
        plain = dict(zip(rows["scenario"], map(text.percent, rows["percent"]), strict=True))
        told = self._told(self._bands(target) or plain)
        return f"Real income of {text.called(target)} changes by {told}."

    def _others_sentence(self) -> str:
        for country in self._weighed_others():
            told = self._told(dict(list(self._bands(country).items())[-2:]))
            return f"For {text.called(country)} it is {told}."
        rows = self.assessment.welfare
        rows = rows[(rows["scenario"] == self.drawn) & (rows["country"] != self.case.target)]
        changes = zip(rows["country"], rows["percent"], strict=True)
        listed = text.listed(f"{text.called(c)} {text.signed(p, 3)}" for c, p in changes)
        return f"Elsewhere, if {self._title(self.drawn)}: {listed} percent."

    def _claims_sentence(self) -> str:
        if self.evidence is None:
            return "No claim has been put to the model."
        verdicts = [w.verdict.split(",")[0] for w in self.evidence.weighed.values()]
        n, supported = len(verdicts), verdicts.count("supported")
        contradicted = verdicts.count("contradicted")
        depending = n - supported - contradicted
        outside = len(self.evidence.outside)
        return (
            f"Of {text.plural(n, 'claim', 'claims')} put to the model "
            f"{text.plural(supported, 'is', 'are')} supported, {contradicted} contradicted, and "
            f"{text.plural(depending, 'depends', 'depend')} on an assumption; "
            f"{text.plural(outside, 'more is', 'more are')} outside what it can say."
        )

    def _weighed_others(self) -> list[str]:
        """Countries besides the target whose welfare the draws have."""
        samples = [] if self.evidence is None else self.evidence.samples
        named = [q.about.country for q, _ in samples if q.metric == "welfare"]
        return [c for c in named if c not in (None, self.case.target)]

    def _bands(self, country: str) -> dict[str, str]:
        """Welfare of a country by scenario, as far as the draws have it, in words."""
        samples = [] if self.evidence is None else self.evidence.samples
        return {
            q.scenario: text.percent_band(*np.quantile(values, [0.05, 0.5, 0.95]).tolist())
            for q, values in samples
            if q.metric == "welfare" and q.about.country == country
        }

    def _told(self, changes: dict[str, str]) -> str:
        return text.listed(f"{words} if {self._title(s)}" for s, words in changes.items())

    def _title(self, scenario: str) -> str:
        return f"“{self.case.scenarios[scenario].title}”"


def gather(
    case: Case,
    *,
    draws: int = DRAWS,
    store: Path | None = None,
    progress: Callable[[str], Callable[[int, int], object]] | None = None,
) -> Report:
    """Compute everything a report says.

    Parameters
    ----------
    case
        From `detente.cases.load_case`.
    draws
        Of the claims; see `detente.analysis.claims.weigh`.
    store
        Folder that keeps draws and packages for the next time; by default the user's cache.
    progress
        Given a step in words, returns what is called with (done, total).

    Raises
    ------
    ScenarioError, ConvergenceError
        From the scenarios of the case.
    """
    step, kept = progress or (lambda words: lambda done, total: None), store or default_folder()
    drawn, held = case.last_easing(), counterpart(case)
    chosen = case.scenario(drawn)
    tested = bool(case.assumptions) and any(c.test is not None for c in case.claims.values())
    return Report(
        case=case,
        drawn=drawn,
        assessment=assess(case, step("Solving scenarios")),
        evidence=weigh(case, draws, store=kept, progress=step("Drawing and solving"))
        if tested
        else None,
        leakage=leakage(case, progress=step("Following routes"))
        if case.routes is not None
        else None,
        influence=influence(
            case.target, chosen, [held, *case.partners], progress=step("Cutting off partners")
        ),
        relief=relief(case, store=kept, progress=step("Solving packages"))
        if can_ease(case)
        else None,
        welfare=simulate(chosen).outcome().equilibrium.welfare,
    )


def figures(report: Report) -> dict[str, Figure]:
    """The charts of a report, by name."""
    from detente.report.charts import frontier_chart, influence_chart, leakage_chart, supply_chart
    from detente.report.claims_charts import evidence_charts
    from detente.report.maps import world_map
    from detente.report.timeline import timeline_chart

    title = report.case.scenarios[report.drawn].title
    charts = {"map": world_map(report.welfare, f"{title}: who gains and who loses")}
    if (evidence := report.evidence) is not None:
        charts |= evidence_charts(evidence)
    if (led := report.leakage) is not None:
        charts |= {"supply": supply_chart(led), "leakage": leakage_chart(led)}
    charts["influence"] = influence_chart(report.influence)
    if (eased := report.relief) is not None:
        charts["frontier"] = frontier_chart(eased)
    charts["timeline"] = timeline_chart(report.case)
    return {name: _figure(chart) for name, chart in charts.items()}


def _figure(chart: Any) -> Figure:
    """An image apart from the page: charts drawn into one page would share names of their parts."""
    from detente.report.charts import styled

    stream = io.StringIO()
    styled(chart).save(stream, format="svg")
    coded = base64.b64encode(stream.getvalue().encode()).decode()
    return Figure(f"data:image/svg+xml;base64,{coded}", chart.to_dict().get("description", ""))


def render(report: Report, kind: str = "html") -> str:
    """The report as one self-contained page, or as Markdown.

    Raises
    ------
    MissingExtraError
        Without the report extra.
    """
    eased = report.relief
    return fill(
        f"report.{kind}",
        r=report,
        case=report.case,
        figures=figures(report) if kind == "html" else {},
        welfare=report.assessment.welfare_by_country(),
        offers=[] if eased is None else eased.offers.to_dict("records"),
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
