"""Open points of a draft: accepted, changed or dropped by the person who confirms it."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from detente.cases.case import load_case
from detente.cases.drafting.files import DRAFT, as_yaml
from detente.cases.drafting.gazetteers import titled
from detente.cases.drafting.records import moves
from detente.errors import ScenarioError, WorldError
from detente.plain import plain_data
from detente.policy.fields import canonical_countries
from detente.source import Source
from detente.world.countries import iso_codes

Answer = Literal["accept", "change", "drop"]


@dataclass(frozen=True)
class Point:
    """An open point of a draft.

    Attributes
    ----------
    at
        Section, record and field; the section is `case` for what stands in `case.yaml`.
    ask
        The question.
    text
        The sentence of the report that the record came from, if it came from one.
    value
        What the draft has there now; None where it has nothing.
    """

    at: tuple[str, ...]
    ask: str
    text: str
    value: Any

    @property
    def whole(self) -> bool:
        """Whether there is a record that could be dropped."""
        return self.at[0] != "case"

    @property
    def changes(self) -> bool:
        """Whether there is a field that could be changed; a note is only right or not."""
        return self.at != ("case", "notes")


def open_points(folder: Path) -> list[Point]:
    """What is open in a drafted case.

    Raises
    ------
    ScenarioError
        The folder was not drafted, or cannot be read.
    """
    return [
        Point(tuple(map(str, q["at"])), q["ask"], q.get("text", ""), _value(folder, q["at"]))
        for q in _record(folder).get("open") or []
    ]


def answer(folder: Path, point: Point, how: Answer, value: str = "") -> None:
    """Close one open point: leave the record as it is, change the field, or drop the record.

    The case is loaded with the answer before any file is replaced.

    Parameters
    ----------
    folder
        Of the case.
    point
        One of its open points.
    how
        `accept`, `change` or `drop`.
    value
        What the field is to be, as it would stand in YAML.

    Raises
    ------
    ScenarioError
        The case would not load; the files are as they were.
    """
    record = _record(folder)
    left = [
        q for q in record["open"] if tuple(map(str, q["at"])) != point.at or q["ask"] != point.ask
    ]
    if how == "drop":
        left = [q for q in left if tuple(map(str, q["at"][:2])) != point.at[:2]]
        record["evidence"].pop(".".join(point.at[:2]), None)
    told = {"at": [*point.at], "ask": point.ask, "answer": how}
    if how == "change":
        told["value"] = value
    record |= {"open": left, "closed": [*(record.get("closed") or []), told]}
    changed = {DRAFT: as_yaml(record)}
    if how != "accept":
        changed |= dict(_edited(folder, point, how, value))
    _replace(folder, changed)


def _record(folder: Path) -> dict[str, Any]:
    if not (folder / DRAFT).is_file():
        raise ScenarioError(
            f"{folder}: no {DRAFT}; `detente case draft REPORT -o FOLDER` makes one"
        )
    return Source.read(folder / DRAFT).data


def _value(folder: Path, at: list[str]) -> Any:
    path, keys = _file(folder, tuple(map(str, at)))
    found: Any = Source.read(path, may_be_empty=True).data if path.is_file() else {}
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _file(folder: Path, at: tuple[str, ...]) -> tuple[Path, tuple[str, ...]]:
    """File of a field, and the way to it in the file."""
    return folder / f"{at[0]}.yaml", at[1:]


def _edited(folder: Path, point: Point, how: Answer, value: str) -> Iterator[tuple[str, str]]:
    """Files with the answer in them; comments stay."""
    path, keys = _file(folder, point.at)
    editor = YAML(typ="rt")
    editor.width = 100
    data = editor.load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if how == "drop":
        if not point.whole:
            raise ScenarioError(f"{path.name} has no record there that could be dropped")
        del data[keys[0]]
        yield from _without(folder, point.at)
    else:
        within, told = data, _parsed(value)
        for key in keys[:-1]:
            within = within.setdefault(key, {})
        before = copy.deepcopy(data)
        within[keys[-1]] = _listed(told, point)
        if point.at[0] == "claims":
            _reword(before[keys[0]], data[keys[0]])
    yield path.name, _dumped(editor, data)


def _listed(told: Any, point: Point) -> Any:
    """Names with commas between them as a list, where there is a list to be."""
    many = isinstance(point.value, list) or point.at[:2] == ("case", "parties")
    return [n.strip() for n in told.split(",")] if many and isinstance(told, str) else told


def _reword(before: Mapping[str, Any], claim: dict[str, Any]) -> None:
    """Let what is put to the model in words say what the test now says."""
    old, new = before.get("test"), claim.get("test")
    if not (old and new and "tested" in claim):
        return
    with contextlib.suppress(TypeError):  # what is no number is for the loader to refuse
        claim["tested"] = claim["tested"].replace(moves(old), moves(new))
    for role, code in old["parameters"].items():
        if isinstance(code, str) and new["parameters"][role] != code:
            name = titled(_code_of(str(new["parameters"][role])))
            claim["tested"] = claim["tested"].replace(titled(code), name)


def _code_of(name: str) -> str:
    """Code of a country or group by any name of it; what is none, for the loader to refuse."""
    with contextlib.suppress(WorldError):
        return canonical_countries([name], iso_codes())[0]
    return name


def _without(folder: Path, at: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Other files without a measure that is dropped; a scenario that did no more goes too."""
    if at[0] != "measures":
        return
    for section in ("scenarios", "events", "concessions"):
        path = folder / f"{section}.yaml"
        if not path.is_file():
            continue
        editor = YAML(typ="rt")
        editor.width = 100
        data = editor.load(path.read_text(encoding="utf-8"))
        for name, record in list(data.items()):
            for field in ("lift", "impose", "measures"):
                if at[1] in (record.get(field) or []):
                    record[field].remove(at[1])
                    if not record[field]:
                        del record[field]
            if section == "scenarios" and not any(k in record for k in ("lift", "impose", "ease")):
                del data[name]
        yield path.name, _dumped(editor, data)


def _parsed(value: str) -> Any:
    try:
        return plain_data(f"value: {value}")[0]["value"]
    except MarkedYAMLError:
        return value


def _dumped(editor: YAML, data: Any) -> str:
    import io

    written = io.StringIO()
    editor.dump(data, written)
    return written.getvalue() if data else ""


def _replace(folder: Path, changed: Mapping[str, str]) -> None:
    """Load the case with changed files from beside it, then put them in its place."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        trial = Path(temporary) / folder.name
        shutil.copytree(folder, trial)
        for name, text in changed.items():
            (trial / name).write_text(text, encoding="utf-8")
        try:
            load_case(trial)
        except ScenarioError as error:
            raise ScenarioError(str(error).replace(str(trial), str(folder))) from error
        for name in changed:
            os.replace(trial / name, folder / name)
