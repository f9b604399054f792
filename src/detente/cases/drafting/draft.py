"""Drafts: a case made of a report, the sentence of every record, and what is open."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.cases.case import Case, load_case
from detente.cases.drafting.acts import Act
from detente.cases.drafting.files import DRAFT, as_yaml
from detente.cases.drafting.findings import Findings, extractor, find
from detente.cases.drafting.gazetteers import titled
from detente.cases.drafting.measures import outside, world_of
from detente.cases.drafting.records import (
    Question,
    Records,
    add_claims,
    add_concessions,
    add_events,
    source_of,
)
from detente.cases.drafting.reports import Report
from detente.cases.drafting.scenarios import Plan, plan_of
from detente.cases.folder import write_folder
from detente.errors import ScenarioError, WorldError
from detente.world.accounts import largest_partners
from detente.world.embedded import load_world, world_for
from detente.world.names import resolve_countries
from detente.world.world import World

PARTNERS = 2
"""Largest trading partners of the target that are shown beside the parties."""

ASSUMPTIONS: dict[str, dict[str, Any]] = {
    "elasticities-goods": {
        "title": "Trade elasticities of goods", "spread": 0.64, "common": 0.5,
        "source": "Spread between published sources, as in the case belarus-2025.",
    },
    "horizon": {
        "title": "Horizon, share of the long-run response of trade",
        "low": 0.38, "central": 0.56, "high": 1.0,
        "source": "Boehm, Levchenko and Pandalai-Nayar (2023), American Economic Review 113(4).",
    },
    "strength-others": {
        "title": "Strength of the measures", "source": "Ranges of the measures.",
    },
    "pass-through": {
        "title": "Share of relief that is used",
        "source": "Ranges of src/detente/policy/pass_through.py, by form.",
    },
}  # fmt: skip
"""What is uncertain in every draft; docs/cases.md."""


@dataclass(frozen=True)
class Draft:
    """A case made of a report, not confirmed yet.

    Attributes
    ----------
    files
        Text of the files of its folder, by name.
    findings
        What was found in the report.
    questions
        What is open, for the person who confirms it.
    evidence
        Number and text of the sentence that each record came from, by `section.name`.
    """

    files: Mapping[str, str]
    findings: Findings
    questions: list[Question]
    evidence: dict[str, tuple[int, str]]

    def write(self, folder: Path) -> list[Path]:
        """Write the case to a new folder; see `detente.cases.folder.write_folder`."""
        return write_folder(folder, self.files)

    def case(self) -> Case:
        """The case as the loader reads it."""
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "draft"
            self.write(folder)
            return load_case(folder)


def draft_case(
    report: Report, extracted_by: str = "rules", parsed_by: str | None = "none"
) -> Draft:
    """Make a case of a report.

    Parameters
    ----------
    report
        Its text, and its day, if the text does not say it.
    extracted_by
        Name of an extractor: `rules`, or an entry point `detente.extractors`.
    parsed_by
        An installed spaCy pipeline with a parser, for speakers; `none` for rules alone. The
        extractor of another package is not told.

    Raises
    ------
    ScenarioError
        The report tells of no sanction between countries, or of one on a country that the world
        does not have; nothing is written.
    MissingExtraError
        spaCy is not installed.

    Examples
    --------
    >>> from detente.cases.drafting.reports import report_of
    >>> text = "The United States will ease sanctions on Belarusian banks from 3 March 2025."
    >>> found = draft_case(report_of(text)).case()
    >>> found.target, found.parties["senders"], list(found.scenarios)
    ('BLR', ['USA'], ['us-banks', 'us-all'])
    """
    found = find(report, parsed_by) if extracted_by == "rules" else extractor(extracted_by)(report)
    found = _in_the_world(found)
    world = load_world(world_of(found.acts, found.parties.named))
    plan = plan_of(found.acts, found.report.date, world)
    if not plan.scenarios:
        raise ScenarioError(
            f"{report.name}: what it tells of moves no trade in the model (visas, persons); no case"
        )
    records = Records()
    frame = _frame(records, found, plan, world)
    _add_measures(records, found, plan)
    day = found.report.date or plan.day
    add_events(records, found, plan, day)
    add_concessions(records, found, day)
    add_claims(records, found, plan, world)
    records.sections["scenarios"] = plan.scenarios
    records.sections["assumptions"] = _assumptions(plan)
    return _draft(records, frame, found, extracted_by)


def _in_the_world(found: Findings) -> Findings:
    """Refuse a report without sanctions, or about a country that no world here has."""
    target = found.parties.target
    if target is None:
        raise ScenarioError(
            f"{found.report.name}: no sanction of one country on another is named; no case"
        )
    known = load_world(world_for([target])).countries
    try:
        resolve_countries(target, known)
    except WorldError as error:
        raise ScenarioError(f"{found.report.name}: the target: {error}; no case") from error
    return found


def _has(world: World, code: str) -> bool:
    try:
        return bool(resolve_countries(code, world.countries))
    except WorldError:
        return False


def _frame(records: Records, found: Findings, plan: Plan, world: World) -> dict[str, Any]:
    """What stands in `case.yaml`."""
    parties, report = found.parties, found.report
    target = str(parties.target)
    roles = {
        "target": [target],
        "senders": list(parties.senders),
        "rival": [c for c in parties.rivals if _has(world, c) and c not in ("EU27", "G7")],
        "hubs": list(parties.hubs),
        "holdouts": list(parties.holdouts),
    }
    named = [c for role in roles.values() for c in role if _has(world, c)]
    largest = largest_partners(world, resolve_countries(target, world.countries)[0], PARTNERS)
    shown = list(dict.fromkeys([*named, *largest]))
    frame: dict[str, Any] = {
        "title": report.title,
        "date": report.date or plan.day,
        "question": f"What does it do to {titled(target)} and the others if {_asked(plan)}?",
        "source": source_of(found),
        "parties": {role: codes for role, codes in roles.items() if codes},
        "world": world.name,
        "horizon": "three-years",
        "status_quo": plan.day,
        "target": target,
        "countries": shown,
        "partners": [c for c in shown if c != target],
    }
    _route(frame, roles, plan, world)
    _ask_about_frame(records, found, plan)
    return frame


def _asked(plan: Plan) -> str:
    return ", or if ".join(plan.in_words(name) for name in plan.scenarios)


def _route(frame: dict[str, Any], roles: dict[str, list[str]], plan: Plan, world: World) -> None:
    """Trade that may take the hubs that a report names: to the rival, or to the target."""
    hubs = [h for h in roles["hubs"] if _has(world, h)]
    through_target = roles["target"][0] in hubs
    end = roles["rival"][:1] if through_target else roles["target"]
    origins = [s for s in roles["senders"] if _has(world, s) and s not in (*hubs, *end)]
    hubs = [h for h in hubs if h not in end]
    if hubs and end and origins:
        lane = {"origins": origins, "destinations": end}
        frame["routes"] = {"hubs": hubs, "lanes": [lane]}
        plan.hubs = hubs


def _ask_about_frame(records: Records, found: Findings, plan: Plan) -> None:
    report, parties = found.report, found.parties
    if report.date is None:
        ask = (
            "When was the report published? It does not say; the draft takes the last day on which "
            f"the measures it names were in force, {plan.day.isoformat()}."
        )
        records.ask(("case", "date"), ask)
    if not parties.rivals:
        ask = "Is there a rival or patron to whom relief may leak? The report names none."
        records.ask(("case", "parties", "rival"), ask)
    if all(a.mode == "denied" for a in found.acts if a.stance != "named"):
        first = next(a.sentence for a in found.acts if a.stance != "named")
        ask = "The report only denies it: is it still to be asked what it would do?"
        records.ask(("case", "question"), ask, first)
    for act in found.acts:
        reason = outside(act)
        if reason and act.stance != "named":
            records.ask(("case", "notes"), f"Outside the model: {reason} Right?", act.sentence)
            break


def _add_measures(records: Records, found: Findings, plan: Plan) -> None:
    """Measures that are not on file, each once, with what is to be confirmed."""
    for act in found.acts:
        meant = plan.meant.get(id(act))
        if meant is None:
            continue
        for name, record in meant.new.items():
            if name in records.sections.get("measures", {}):
                continue
            full = {**record, "title": _measure_title(act, record)}
            if act.stance != "impose":
                full["start"] = plan.day
                full["note"] = (
                    "To be confirmed: in force before the report; since when it does not say."
                )
            else:
                full["note"] = "To be confirmed."
            full["source"] = source_of(found)
            records.add("measures", name, full, act.sentence)
            for field, ask in meant.doubts.items():
                records.ask(("measures", name, field), ask, act.sentence)
        if not meant.new:
            for ask in meant.doubts.values():
                records.ask(("case", "notes"), ask, act.sentence)


def _measure_title(act: Act, record: Mapping[str, Any]) -> str:
    goods = f" on {', '.join(act.goods)}" if act.goods else ""
    kind = str(record["kind"]).replace("-", " ")
    sender = titled(act.sender or "")
    return f"{sender[:1].upper()}{sender[1:]}, {kind}{goods}, {titled(act.target or '')}"


def _assumptions(plan: Plan) -> dict[str, Any]:
    """The usual ones; how much of relief is used only where there is relief."""
    eases = any("lift" in change for change in plan.scenarios.values())
    return {k: v for k, v in ASSUMPTIONS.items() if k != "pass-through" or eases}


def _draft(records: Records, frame: dict[str, Any], found: Findings, extracted_by: str) -> Draft:
    evidence = {at: (s.number, s.text) for at, s in records.evidence.items()}
    texts = {s.number: s.text for s in found.sentences}
    record = {
        "report": {
            "name": found.report.name,
            "title": found.report.title,
            "sha256": found.report.checksum,
            "date": found.report.date,
        },
        "extractor": extracted_by,
        "parties": {
            code: {"sentences": list(dict.fromkeys(numbers)), "first": texts[numbers[0]]}
            for code, numbers in found.parties.evidence.items()
            if any(code in codes for codes in frame["parties"].values())
        },
        "evidence": {at: {"sentence": n, "text": text} for at, (n, text) in evidence.items()},
        "open": [
            {
                "at": list(q.at),
                "ask": q.ask,
                **({"sentence": q.sentence, "text": texts[q.sentence]} if q.sentence else {}),
            }
            for q in records.questions
        ],
    }
    files = {"case.yaml": as_yaml(frame)}
    files |= {
        f"{name}.yaml": as_yaml(section) for name, section in records.sections.items() if section
    }
    files[DRAFT] = as_yaml(record)
    return Draft(files, found, records.questions, evidence)


def day_of(text: str) -> datetime.date:
    """A day given as `2025-02-15`.

    Raises
    ------
    ScenarioError
        It is none.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ScenarioError(f"{text!r} is no day; write it as 2025-02-15") from error
