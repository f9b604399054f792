"""A case drafted from a report that somebody pastes; nothing of it is kept on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from detente.app.starts import manageable, packed
from detente.app.views.page import environment
from detente.errors import DetenteError

if TYPE_CHECKING:
    from detente.cases import Case

SHOWN = ("measures", "events", "concessions", "claims")
"""Sections of a draft whose records are shown with their sentences."""


def draft_page(body: str = "") -> str:
    """The page with the box, and what was drafted from what is in it.

    Parameters
    ----------
    body
        The form as a browser sends it: `report`, and `date` if it was given.
    """
    fields = {name: values[0] for name, values in parse_qs(body, max_num_fields=4).items()}
    report, date = fields.get("report", "").strip(), fields.get("date", "")
    shown: dict[str, Any] = {"report": report, "date": date, "problem": "", "case": None}
    if report:
        try:
            shown |= _drafted(report, date)
        except DetenteError as error:
            shown["problem"] = str(error)
    return str(environment().get_template("draft.html").render(**shown))


def _drafted(report: str, date: str) -> dict[str, Any]:
    from detente.cases.drafting import draft_case
    from detente.cases.drafting.draft import day_of
    from detente.cases.drafting.reports import report_of

    made = draft_case(report_of(report, "report", day_of(date) if date else None))
    case = made.case()
    return {
        "case": case,
        "scenarios": _links(case),
        "records": _records(case, made.evidence),
        "questions": made.questions,
        "texts": {s.number: s.text for s in made.findings.sentences},
        "files": made.files,
    }


def _links(case: Case) -> list[tuple[str, str]]:
    """Title of every scenario, and the address that shows it."""
    found = []
    for scenario in case.spelled_out().values():
        own = packed(manageable(scenario))
        found.append((scenario.title, f"/?{urlencode({'a.start': 'own', 'a.own': own})}"))
    return found


def _records(case: Case, evidence: dict[str, tuple[int, str]]) -> list[tuple[str, str, str]]:
    """Section, what the draft makes of a sentence, and the sentence."""
    found = []
    for section in SHOWN:
        for name, record in getattr(case, section).items():
            words = getattr(record, "tested", None) or getattr(record, "outside", None)
            speaker = getattr(record, "speaker", None)
            said = f"{speaker}: {words}" if speaker else getattr(record, "title", "") or name
            found.append((section, said, evidence[f"{section}.{name}"][1]))
    return found
