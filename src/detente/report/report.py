"""The report of a case: everything an analyst would send on, in one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
from detente.analysis.record import beside_record
from detente.analysis.relief.bundles import can_ease, measures_on_target
from detente.analysis.relief.relief import Relief, relief
from detente.cases import Case
from detente.progress import Progress
from detente.report.answer import answer, reading
from detente.report.extras import check_format, fill, require
from detente.report.leverage_tables import in_titles
from detente.report.parts import pictures_in
from detente.report.pictures import Figure, illustrate
from detente.report.sections import sections
from detente.results import write_text
from detente.simulation.run import simulate
from detente.simulation.store import Store, default_folder


@dataclass(frozen=True, eq=False)
class Report:
    """All that the report of a case says; None where it has no routes, claims, or what to ease.

    Commodities are those that its world has as sectors of their own.

    Map, routes and influence show the scenario `drawn`, and `welfare` is that scenario's, in
    percent of income by country; `record` is what trade did beside the model. Its figures go by
    name; there are none if none were asked for.
    """

    case: Case
    drawn: str
    assessment: Assessment
    evidence: Evidence | None
    leakage: CaseLeakage | None
    influence: Influence
    relief: Relief | None
    commodities: list[Commodity]
    record: pd.DataFrame | None
    welfare: xr.DataArray
    figures: dict[str, Figure] = field(default_factory=dict)

    def answer(self) -> list[str]:
        """The answer in three sentences, from the numbers with their bands."""
        return answer(self)

    def manifest(self) -> dict[str, Any]:
        """What repeats the report."""
        parts = {"assessment": self.assessment, "claims": self.evidence, "relief": self.relief}
        found = {name: part.manifest for name, part in parts.items() if part is not None}
        return {"case": self.case.title, "drawn": self.drawn, **found}


def gather(
    case: Case,
    *,
    draws: int = DRAWS,
    store: Path | None = None,
    illustrated: bool = True,
    progress: Callable[[str], Progress] | None = None,
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
        Whether figures are drawn.
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
    outcomes = simulation.outcomes()  # solved once for all
    evidence = led = eased = None
    if case.assumptions and any(claim.test is not None for claim in case.claims.values()):
        evidence = weigh(case, draws, store=kept, progress=step("Drawing and solving"))
    samples = () if evidence is None else evidence.samples
    told = step("Solving scenarios")
    assessment = assess(case, told, draws=draws, simulation=simulation, store=kept, samples=samples)
    followed = [
        commodity(case, goods, simulation=simulation, samples=samples)
        for goods in commodities_of(simulation.world)
    ]
    if case.routes is not None:
        told = step("Following routes")
        led = leakage(
            case, progress=told, simulation=simulation, draws=draws, store=kept, samples=samples
        )
    told = step("Cutting off partners")
    held = influence(
        case.target, chosen, partners, case=case, draws=draws, store=kept, progress=told
    )
    if can_ease(case):
        eased = relief(case, store=kept, progress=step("Solving packages"), draws=draws)
        on_target = measures_on_target(case).items()
        eased = in_titles(eased, {name: m.title for name, m in on_target if m.title})
    record = beside_record(case, store=kept) if case.observations else None
    welfare = outcomes[drawn].equilibrium.welfare
    found = Report(case, drawn, assessment, evidence, led, held, eased, followed, record, welfare)
    if illustrated:
        told = step("Drawing figures")
        found = replace(found, figures=illustrate(found, told, Store(kept / "figures")))
    return found


def render(report: Report, kind: str = "html") -> str:
    """The report as one self-contained page, or as Markdown (`md`).

    Raises
    ------
    MissingExtraError
        Without the report extra.
    """
    found = sections(report)
    shown = [name for name in ("answer", *pictures_in(found)) if name in report.figures]
    numbers = {name: number for number, name in enumerate(shown, start=1)}
    return fill(
        f"report.{kind}", r=report, sections=found, numbers=numbers, reading=reading(report)
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
