"""What may stand in case files: the fields of every record, and a JSON Schema for editors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel, TypeAdapter

from detente.cases.case import SECTIONS, Case
from detente.cases.records import Claim, Concession, Event, Fact, Test
from detente.inference.observations import Bystanders, Observation, Span
from detente.policy.measures import Measure
from detente.policy.scenario import (
    Change,
    CostChange,
    LaneOfTrade,
    Patronage,
    Routes,
    Selection,
    Transfer,
)
from detente.simulation.about import About
from detente.simulation.assumptions import Assumption

RECORDS: dict[str, type[BaseModel]] = {
    "case.yaml": Case,
    "measures.yaml": Measure,
    "events.yaml": Event,
    "concessions.yaml": Concession,
    "claims.yaml": Claim,
    "the `test` of a claim": Test,
    "the `parameters` of a test": About,
    "scenarios.yaml": Change,
    "a selection in `lift`": Selection,
    "an entry of `costs`": CostChange,
    "an entry of `transfers`": Transfer,
    "assumptions.yaml": Assumption,
    "observations.yaml": Observation,
    "`before` and `after` of an observation": Span,
    "`against` of an observation": Bystanders,
    "record.yaml": Fact,
    "`routes` in `case.yaml`": Routes,
    "an entry of `lanes`": LaneOfTrade,
    "`patronage` in `case.yaml`": Patronage,
}
"""Kinds of record by where they stand."""

_SMALL: dict[type[BaseModel], dict[str, str]] = {
    Selection: {
        "senders": "Whose sanctions.",
        "target": "On whom.",
        "of": "`goods`, `banks` (the payments of all trade) or `all`.",
    },
    LaneOfTrade: {
        "origins": "Countries and groups that sell.",
        "destinations": "Countries and groups that buy.",
    },
    Patronage: {
        "patron": "Who pays the subsidy, one country.",
        "client": "Who receives it, one country.",
        "share": "Part of the client's gain that the patron takes off, from 0 to 1.",
    },
}
"""Meanings of fields whose classes say it in one sentence."""

_NOT_IN_FILES = ("posterior",)
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


@cache
def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the fields of a record mean, as the documentation of its class says.

    >>> meanings(Concession)["persons"]
    'How many were released.'
    """
    found: dict[str, str] = dict(_SMALL.get(model, {}))
    for base in reversed(model.__mro__):
        found |= dict(_documented(base.__doc__ or ""))
    return {name: found[name] for name in model.model_fields if name in found}


def _documented(text: str) -> Iterator[tuple[str, str]]:
    """Names and descriptions in the section `Attributes` of a docstring."""
    _, _, section = cleandoc(text).partition("Attributes\n----------\n")
    section = re.split(r"\n\n[A-Z]\w+\n-+\n", section)[0]
    for block in re.split(r"\n(?=\S)", "\n" + section):
        names, _, described = block.partition("\n")
        for name in names.split(", "):
            yield name.strip(), " ".join(described.split())


def fields_of(model: type[BaseModel]) -> list[str]:
    """Names of the fields that may stand in a file."""
    return [name for name in model.model_fields if name not in _NOT_IN_FILES]


def case_schema(section: str | None = None) -> dict[str, Any]:
    """JSON Schema of a case in one file, or of one section's own file.

    Parameters
    ----------
    section
        Such as `claims`, for `claims.yaml`; `case.yaml` by default, in which sections that stand in
        files of their own may be left out.

    Raises
    ------
    ScenarioError
        No such section.

    >>> schema = case_schema("claims")
    >>> sorted(schema["$defs"]["Claim"]["required"])
    ['form', 'said', 'source', 'speaker', 'where']
    """
    from detente.policy.register import look_up

    if section is None:
        annotations = {n: _annotation(n) for n in fields_of(Case)}
        schemas = {n: TypeAdapter(a).json_schema() for n, a in annotations.items()}
        definitions: dict[str, Any] = {}
        for schema in schemas.values():
            definitions |= schema.pop("$defs", {})
        own = [n for n in fields_of(Case) if Case.model_fields[n].is_required()]
        found = {
            "type": "object",
            "properties": schemas,
            "required": [n for n in own if n not in SECTIONS],
            "additionalProperties": False,
            "$defs": definitions,
        }
    else:
        look_up(dict.fromkeys(SECTIONS), section, "section")
        found = TypeAdapter(_annotation(section)).json_schema()
    _describe(found)
    return {"$schema": _DRAFT, "title": f"detente case: {section or 'case.yaml'}", **found}


def _annotation(name: str) -> Any:
    """Type of a field of a case, with its constraints."""
    from typing import Annotated

    field = Case.model_fields[name]
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _describe(schema: dict[str, Any]) -> None:
    """Put in what fields mean, and leave out what classes say about themselves."""
    by_name = {model.__name__: model for model in RECORDS.values()}
    for name, definition in schema.get("$defs", {}).items():
        definition.pop("description", None)
        if name in by_name:
            for field, meaning in meanings(by_name[name]).items():
                definition["properties"][field]["description"] = meaning
    for field, meaning in meanings(Case).items():
        if field in schema.get("properties", {}):
            schema["properties"][field]["description"] = meaning
