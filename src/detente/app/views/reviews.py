"""Open points of a draft as a form: what was answered, applied to the draft's folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from detente.errors import ScenarioError
from detente.policy.kinds import KINDS
from detente.report import text

if TYPE_CHECKING:
    from detente.cases.drafting.review import Point

Fields = Mapping[str, str]
ENDS = ("low", "central", "high")
COUNTRIES = ("country", "partner", "rival")
"""Fields that hold the name of a country."""

ABOUT = {
    "case": "The case",
    "measures": "A measure",
    "events": "An event",
    "concessions": "What is given in return",
    "claims": "A claim",
}
"""What a point is about, by section."""


@dataclass(frozen=True)
class Asked:
    """An open point as the form shows it.

    Attributes
    ----------
    number
        Of the point in the draft; the form's fields end in it.
    point
        As the draft has it.
    how
        What was answered: `accept`, `change`, `drop`, or `later`.
    written
        What stands in its boxes: one, or low, central and high.
    trouble
        Why the answer was not taken.
    gone
        Whether its record was dropped with another point.
    """

    number: int
    point: Point
    how: str
    written: dict[str, str]
    trouble: str = ""
    gone: bool = False

    @property
    def about(self) -> str:
        """What it is about, in a few words."""
        return ABOUT[self.point.at[0]]

    @property
    def box(self) -> str:
        """Sort of box that the field is written in: `range`, `date`, `kind` or `text`."""
        if len(self.written) > 1:
            return "range"
        if isinstance(self.point.value, date):
            return "date"
        return "kind" if self.point.at[0] == "measures" and self.point.at[-1] == "kind" else "text"

    @property
    def country(self) -> bool:
        """Whether a country is asked for."""
        return self.point.at[-1] in COUNTRIES

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Kinds of measures to choose from, with what each does."""
        return [(name, kind.meaning) for name, kind in KINDS.items()]


def review(folder: Path, fields: Fields) -> list[Asked]:
    """Apply the answers of a form to a draft; what cannot be loaded stays open, with the reason."""
    from detente.cases.drafting.review import answer, open_points

    asked = []
    for number, point in enumerate(open_points(folder), 1):
        how, written = _answer(fields, number, point)
        if (point.at, point.ask) not in [(p.at, p.ask) for p in open_points(folder)]:
            asked.append(Asked(number, point, how, written, gone=True))
            continue
        trouble = ""
        if how != "later":
            try:
                answer(folder, point, how, _as_yaml(written))  # type: ignore[arg-type]
            except ScenarioError as error:
                trouble = str(error).replace(f"{folder}/", "")
        asked.append(Asked(number, point, how, written, trouble))
    return asked


def _answer(fields: Fields, number: int, point: Point) -> tuple[str, dict[str, str]]:
    """What was answered, and what stands in the boxes; what is written anew is a change."""
    from detente.cases.drafting.review import Answer

    shown = _boxes(point)
    written = {part: fields.get(f"{part}.{number}", was).strip() for part, was in shown.items()}
    how = fields.get(f"how.{number}", "later")
    allowed = {*get_args(Answer), "later"}
    allowed -= set() if point.whole else {"drop"}
    allowed -= set() if point.changes else {"change"}
    if how not in allowed:
        raise ScenarioError(f"how.{number}: {how[:20]!r} is no answer to {point.ask!r}")
    changed = how == "later" and written != shown and "change" in allowed
    return ("change" if changed else how), written


def _boxes(point: Point) -> dict[str, str]:
    """What the draft has, as it stands in the boxes of a form."""
    value: Any = point.value
    if point.at[-1] in COUNTRIES and isinstance(value, str):
        return {"value": text.country(value)}
    if isinstance(value, Mapping) and set(value) == set(ENDS):
        return {end: str(value[end]) for end in ENDS}
    if isinstance(value, Mapping):
        return {"value": "{" + ", ".join(f"{k}: {v}" for k, v in value.items()) + "}"}
    listed = ", ".join(map(str, value)) if isinstance(value, list) else value
    return {"value": "" if listed is None else str(listed)}


def _as_yaml(written: Mapping[str, str]) -> str:
    """What stands in the boxes, as it would stand in the file."""
    if len(written) == 1:
        return written["value"]
    return "{" + ", ".join(f"{end}: {text}" for end, text in written.items()) + "}"


def zipped(folder: Path) -> bytes:
    """The folder of a case as a ZIP file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
    return packed.getvalue()
