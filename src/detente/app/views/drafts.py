"""A case drafted from a report that somebody pastes, and reviewed; the form is all that is kept."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from detente.app.starts import drafted_folder, manageable, packed
from detente.app.views.measures import day
from detente.app.views.page import environment
from detente.app.views.reviews import ABOUT, Asked, Fields, review, zipped
from detente.cases import Case, load_case
from detente.cases.drafting.files import DRAFT
from detente.cases.records import Claim
from detente.errors import DetenteError, ScenarioError
from detente.policy.measures import Measure

if TYPE_CHECKING:
    from detente.cases.drafting import Draft

SHOWN = ("measures", "events", "concessions", "claims")
"""Sections of a draft whose records are shown with their sentences."""
MOST_FIELDS = 1000


class Reviewed(NamedTuple):
    """A draft in a folder, with the answers of a form applied."""

    draft: Draft
    folder: Path
    asked: list[Asked]


def draft_page(body: str = "") -> str:
    """The page with the box, and what was drafted from what is in it.

    Parameters
    ----------
    body
        The form as a browser sends it: `report`, `date` if it was given, and answers.
    """
    shown: dict[str, Any] = {"report": "", "date": "", "problem": "", "case": None}
    try:
        fields = _fields(body)
        shown |= {name: fields.get(name, "") for name in ("report", "date")}
        if fields.get("report"):
            with _reviewed(fields) as found:
                shown |= _contents(found)
    except DetenteError as error:
        shown["problem"] = str(error)
    return str(environment().get_template("draft.html").render(**shown))


def draft_folder(body: str) -> tuple[str, bytes]:
    """Name and content of a ZIP file with the folder of the case, as it was answered.

    Raises
    ------
    ScenarioError
        There is no case in the report, or an answer was not taken.
    """
    with _reviewed(_fields(body)) as found:
        troubles = [f"{a.point.ask} {a.trouble}" for a in found.asked if a.trouble]
        if troubles:
            raise ScenarioError("\n".join(troubles))
        return f"{found.folder.name}.zip", zipped(found.folder)


def review_page(body: str = "") -> str:
    """The open points of the case on disk that the server was started with; answers go to it.

    Parameters
    ----------
    body
        The form as a browser sends it; answers to other files than those there now are not taken.

    Raises
    ------
    ScenarioError
        The server was not started with a draft.
    """
    folder = drafted_folder()
    if folder is None:
        raise ScenarioError("Start the page with the folder of a draft: `detente app my-case`.")
    fields, told = _fields(body), ""
    refused: list[Asked] = []
    if fields.get("of") == _checksum(folder):
        refused = [asked for asked in review(folder, fields) if asked.trouble]
    elif body:
        told = "The files were changed meanwhile: answer again."
    asked = [_with(asked, refused) for asked in review(folder, {})]
    context = {"case": load_case(folder), "asked": asked, "of": _checksum(folder), "told": told}
    return str(environment().get_template("answers.html").render(folder=folder.name, **context))


def _checksum(folder: Path) -> str:
    return hashlib.sha256((folder / DRAFT).read_bytes()).hexdigest()


def _with(asked: Asked, refused: list[Asked]) -> Asked:
    """A point with the answer that was not taken, if there was one."""
    for r in refused:
        if (r.point.at, r.point.ask) == (asked.point.at, asked.point.ask):
            return replace(r, number=asked.number)
    return asked


def _fields(body: str) -> Fields:
    try:
        fields = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise ScenarioError(f"This form has more than {MOST_FIELDS} fields.") from error
    return fields | {"report": fields.get("report", "").replace("\r\n", "\n").strip()}


@contextmanager
def _reviewed(fields: Fields) -> Iterator[Reviewed]:
    """Draft the report of a form anew, and apply its answers if they are to this very report."""
    made = _drafted(fields["report"], fields.get("date", ""))
    answers = fields if fields.get("of") == made.findings.report.checksum else {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / _folder_name(made.findings.report.title)
        made.write(folder)
        yield Reviewed(made, folder, review(folder, answers))


@lru_cache(maxsize=8)
def _drafted(report: str, date: str) -> Draft:
    """Draft a case: the same every time, so that the form need not carry it."""
    from detente.cases.drafting import draft_case
    from detente.cases.drafting.draft import day_of
    from detente.cases.drafting.reports import report_of

    return draft_case(report_of(report, "report", day_of(date) if date else None))


def _folder_name(title: str) -> str:
    """A short name for a folder, of the first words of a title.

    >>> _folder_name("Trump's unexpected diplomacy: US set to ease Belarus sanctions")
    'trump-s-unexpected-diplomacy'
    """
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())[:4])[:40] or "case"


def _contents(found: Reviewed) -> dict[str, Any]:
    case = load_case(found.folder)
    return {
        "case": case,
        "checksum": found.draft.findings.report.checksum,
        "scenarios": _links(case),
        "records": _records(case, found.draft.evidence),
        "asked": found.asked,
        "left": sum(a.how == "later" or bool(a.trouble) for a in found.asked if not a.gone),
        "folder": found.folder.name,
        "files": {p.name: p.read_text("utf-8") for p in sorted(found.folder.iterdir())},
    }


def _links(case: Case) -> list[tuple[str, str]]:
    """Title of every scenario, and the address that shows it."""
    found = []
    for scenario in case.spelled_out().values():
        own = packed(manageable(scenario))
        found.append((scenario.title, f"/?{urlencode({'a.start': 'own', 'a.own': own})}"))
    return found


def _records(case: Case, evidence: dict[str, tuple[int, str]]) -> list[tuple[str, str, str]]:
    """What it is about, what the draft makes of a sentence, and the sentence."""
    return [
        (ABOUT[section], _said(record), evidence[f"{section}.{name}"][1])
        for section in SHOWN
        for name, record in getattr(case, section).items()
    ]


def _said(record: Any) -> str:
    """A record of a draft in a few words."""
    if isinstance(record, Claim):
        return f"{record.speaker}: {record.tested or record.outside}"
    if isinstance(record, Measure):
        return record.title
    return f"{day(record.date)}. {record.note}"
