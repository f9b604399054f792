"""The report of a case: everything an analyst would send on, in one file."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from detente.analysis import Assessment, assess
from detente.analysis.claims import DRAWS, Evidence, weigh
from detente.analysis.influence import answer as influence_answer
from detente.analysis.influence import influence
from detente.analysis.leakage import Leaks, leaks
from detente.analysis.relief.findings import Findings, Wishes, relief_findings
from detente.analysis.relief.relief import RIVAL
from detente.cases import Case
from detente.errors import MissingExtraError, ScenarioError
from detente.report.files import whole_file
from detente.simulation.runs import run
from detente.world.world import World

FORMATS = (".html", ".md")


class Figure(NamedTuple):
    """A chart as the report shows it: SVG as a data address, and what it shows in words."""

    title: str
    address: str
    words: str


@dataclass(frozen=True, eq=False)
class Report:
    """All that the report of a case says.

    Attributes
    ----------
    case, world
        What it is about.
    drawn
        Scenario that map, routes and influence show.
    assessment, evidence, leaks, influence, findings
        See the functions that make them; None where the case has no routes, no claims, or
        nothing to ease.
    welfare
        Percent of income by country in the scenario drawn.
    """

    case: Case
    world: World
    drawn: str
    assessment: Assessment
    evidence: Evidence | None
    leaks: Leaks | None
    influence: xr.Dataset
    findings: Findings | None
    welfare: xr.DataArray

    def answer(self) -> list[str]:
        """The answer in three sentences, from the numbers with their bands."""
        return [self._target_sentence(), self._others_sentence(), self._claims_sentence()]

    def manifest(self) -> dict[str, Any]:
        """What repeats the report."""
        parts = {"assessment": self.assessment.manifest}
        if self.evidence is not None:
            parts["claims"] = self.evidence.manifest
        if self.findings is not None:
            parts["relief"] = self.findings.manifest
        return {"case": self.case.title, "drawn": self.drawn, **parts}

    def _target_sentence(self) -> str:
        name = self.world.name_of(self.case.target)
        bands = self._bands(self.case.target)
        if bands:
            told = [f"{w} if {self._title(s)}" for s, w in bands.items()]
            return f"Real income of {name} changes by {_listed(told)}."
        rows = self.assessment.welfare
        rows = rows[rows["country"] == self.case.target]
        told = [
            f"{r['percent']:+.2f} percent if {self._title(r['scenario'])}"
            for _, r in rows.iterrows()
        ]
        return f"Real income of {name} changes by {_listed(told)}."

    def _others_sentence(self) -> str:
        if self.evidence is not None:
            for q, _ in self.evidence.samples:
                country = q.parameters.country
                if q.metric == "welfare" and country not in (None, self.case.target):
                    bands = self._bands(str(country))
                    told = [f"{w} if {self._title(s)}" for s, w in list(bands.items())[-2:]]
                    return f"For {self.world.name_of(str(country))} it is {_listed(told)}."
        rows = self.assessment.welfare
        rows = rows[(rows["scenario"] == self.drawn) & (rows["country"] != self.case.target)]
        told = [f"{r['country']} {r['percent']:+.3f}" for _, r in rows.iterrows()]
        return f"Elsewhere, if {self._title(self.drawn)}: {_listed(told)} percent."

    def _claims_sentence(self) -> str:
        if self.evidence is None:
            return "No claim has been put to the model."
        verdicts = [w.verdict for w in self.evidence.weighed.values()]
        supported = sum(v.startswith("supported") for v in verdicts)
        contradicted = sum(v.startswith("contradicted") for v in verdicts)
        return (
            f"Of {len(verdicts)} claims put to the model {supported} "
            f"{'is' if supported == 1 else 'are'} supported, {contradicted} contradicted, and "
            f"{len(verdicts) - supported - contradicted} depend on an assumption; "
            f"{len(self.evidence.outside)} more are outside what it can say."
        )

    def _bands(self, country: str) -> dict[str, str]:
        """Welfare of a country by scenario, as far as the draws have it, in words."""
        if self.evidence is None:
            return {}
        found = {}
        for q, values in self.evidence.samples:
            if q.metric == "welfare" and q.parameters.country == country:
                low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
                digits = 2 if max(abs(low), abs(high)) >= 0.1 else 4
                found[q.scenario] = (
                    f"{median:+.{digits}f} percent (5 to 95 percent band {low:+.{digits}f} to "
                    f"{high:+.{digits}f})"
                )
        return found

    def _title(self, scenario: str) -> str:
        return f"“{self.case.scenarios[scenario].title}”"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


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
    draws, store
        Of the claims; see `detente.analysis.claims.weigh`.
    progress
        Given a step in words, returns what is called with (done, total).
    """
    step = progress or (lambda words: lambda done, total: None)
    drawn = case.last_easing()
    chosen = case.scenario(drawn)
    tested = any(c.test is not None for c in case.claims.values()) and case.assumptions
    routed = case.routes is not None
    return Report(
        case=case,
        world=chosen.load_world(),
        drawn=drawn,
        assessment=assess(case, step("Solving scenarios")),
        evidence=weigh(case, draws, store=store, progress=step("Drawing and solving"))
        if tested
        else None,
        leaks=leaks(case, progress=step("Following routes")) if routed else None,
        influence=influence(
            case.target, chosen, case.partners, progress=step("Cutting off partners")
        ),
        findings=_relief(case, step("Solving packages")),
        welfare=run(chosen).equilibrium.welfare,
    )


def _relief(case: Case, progress: Callable[[int, int], object]) -> Findings | None:
    """Relief packages, where senders have measures on file that they may ease."""
    try:
        return relief_findings(case, wishes=Wishes(), rival=RIVAL, progress=progress)
    except ScenarioError:
        return None


def figures(report: Report) -> dict[str, Figure]:
    """The charts of a report, by name."""
    from detente.report.charts import leaks_charts
    from detente.report.claims_charts import evidence_charts
    from detente.report.leverage_charts import frontier_chart, influence_chart
    from detente.report.maps import world_map
    from detente.report.timeline import timeline_chart

    title = report.case.scenarios[report.drawn].title
    charts = {"map": world_map(report.welfare, f"{title}: who gains and who loses")}
    if report.evidence is not None:
        charts |= evidence_charts(report.evidence)
    if report.leaks is not None:
        charts |= leaks_charts(report.leaks)
    charts["influence"] = influence_chart(report.influence)
    if report.findings is not None:
        charts["frontier"] = frontier_chart(report.findings)
    charts["timeline"] = timeline_chart(report.case)
    return {name: _figure(chart) for name, chart in charts.items()}


def _figure(chart: Any) -> Figure:
    """An image apart from the page: charts drawn into one page would share names of their parts."""
    stream = io.StringIO()
    chart.configure_view(stroke=None).save(stream, format="svg")
    coded = base64.b64encode(stream.getvalue().encode()).decode()
    spec = chart.to_dict()
    title = spec.get("title", "")
    words = title if isinstance(title, str) else title.get("text", "")
    return Figure(str(words), f"data:image/svg+xml;base64,{coded}", spec.get("description", ""))


def render(report: Report, kind: str = "html") -> str:
    """The report as one self-contained page, or as Markdown.

    Raises
    ------
    MissingExtraError
        Without the report extra.
    """
    try:
        from jinja2 import Environment
    except ImportError as error:
        raise MissingExtraError("jinja2", "report", "writing reports") from error
    from detente.report.claims_tables import band, deciding, probability, provenance, statement

    source = (files("detente.report") / f"report.{kind}").read_text(encoding="utf-8")
    environment = Environment(autoescape=kind == "html", trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(
        r=report,
        case=report.case,
        figures=figures(report) if kind == "html" else {},
        welfare=report.assessment.welfare_by_country(),
        influence_answer=influence_answer(report.influence, _held(report)),
        offers=_offers(report),
        band=band,
        deciding=deciding,
        probability=probability,
        provenance=provenance,
        statement=statement,
        manifest=json.dumps(report.manifest(), indent=1),
        today=date.today().isoformat(),
    )


def _held(report: Report) -> str:
    """The partner whose hold is told: the rival, where it is one, or the largest."""
    partners = [str(p) for p in report.influence["partner"].values]
    return RIVAL if RIVAL in partners else partners[0]


def _offers(report: Report) -> list[dict[str, Any]]:
    if report.findings is None:
        return []
    rows: list[dict[str, Any]] = json.loads(report.findings.offers.to_json(orient="records"))
    return rows


def write_report(report: Report, path: Path) -> None:
    """Write a report, whole or not at all, as HTML or Markdown by the ending of the path.

    Raises
    ------
    ScenarioError
        Another ending.
    """
    if path.suffix not in FORMATS:
        raise ScenarioError(f"{path}: a report can be written as {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = render(report, path.suffix[1:])
    with whole_file(path) as (_, partial):
        partial.write_text(text, encoding="utf-8")
