"""Write the tables of fields into docs/cases.md: `python scripts/write_case_fields.py`.

Meaning, default and what is required come from the records themselves, examples from the cases that
come with the package, so that the tables cannot say what the loader does not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from detente.cases import available_cases
from detente.cases.case import SECTIONS
from detente.cases.schema import RECORDS, fields_of, meanings
from detente.plain import plain_data

DOCUMENT = Path(__file__).parent.parent / "docs" / "cases.md"
FIRST, LAST = "<!-- fields: written by scripts/write_case_fields.py -->", "<!-- end of fields -->"
LONGEST = 60
OWN_EXAMPLES = {
    ("Case", "corridors"): "see `policy/data/corridors-belarus.yaml`",
    ("Change", "ease"): "`{us-potash-2021: 50%}`",
    ("Change", "reversible"): "`true`",
    ("Change", "costs"): "see below",
    ("Change", "transfers"): "see below",
    ("CostChange", "origins"): "`USA`",
    ("CostChange", "destinations"): "`RUS`",
    ("CostChange", "sectors"): "`C26`",
    ("CostChange", "factor"): "`1.3`",
    ("Transfer", "payer"): "`RUS`",
    ("Transfer", "receiver"): "`BLR`",
    ("Transfer", "amount"): "`500`",
    ("Measure", "split"): "`{potash: 1}`",
    ("Measure", "invoicing_share"): "`{low: 30%, central: 40%, high: 50%}`",
    ("Measure", "invoicing_excludes"): "`[Russia]`",
    ("Measure", "invoicing_source"): "`Central bank, currency of settlement, 2021`",
    ("Measure", "overseas"): "`[CHN, BRA]`",
    ("Measure", "corridor"): "`klaipeda`",
    ("Measure", "cap"): "`60`",
    ("Measure", "market_price"): "`{\"2023\": 82, \"2024\": 80}`",
    ("Measure", "evasion"): "`{low: 40%, central: 60%, high: 80%}`",
    ("Measure", "wind_down"): "`2022-12-04`",
    ("Routes", "vartheta"): "`8`",
    ("Routes", "hub_share"): "`0.02`",
    ("Routes", "margin"): "`0.1`",
    ("Routes", "enforcement"): "`{KAZ: 1.5}`",
    ("Fact", "certain"): "`false`",
    ("About", "corridor"): "`klaipeda`",
    ("Case", "friction"): "`false`",
    ("Case", "level"): "`high`",
    ("Case", "deficits"): "`value`",
    ("Case", "elasticities"): "`caliendo-parro`",
}  # fmt: skip
"""Fields that no case on file has, or whose value there would say little."""


def tables() -> str:
    """All tables, a heading each."""
    on_file = list(_cases())
    parts = []
    for place, model in RECORDS.items():
        title = f"`{place}`" if place.endswith(".yaml") else place
        rows = ["| field | meaning and unit | default | example |", "|---|---|---|---|"]
        rows += [_row(model, name, on_file) for name in fields_of(model)]
        parts.append(f"### Fields: {title}\n\n" + "\n".join(rows))
    return "\n\n".join(parts)


def _row(model: type[BaseModel], name: str, on_file: list[Mapping[str, Any]]) -> str:
    field = model.model_fields[name]
    if field.is_required():
        default = "required"
    else:
        value = field.get_default(call_default_factory=True)
        default = "" if value in (PydanticUndefined, None, "", [], {}) else f"`{_shown(value)}`"
    meaning = meanings(model)[name].replace("|", "\\|")
    return f"| `{name}` | {meaning} | {default} | {_example(model, name, on_file)} |"


def _example(model: type[BaseModel], name: str, on_file: list[Mapping[str, Any]]) -> str:
    own = OWN_EXAMPLES.get((model.__name__, name))
    if own:
        return own
    found = _values(model, name, on_file) or [
        value for kind in RECORDS.values() for value in _values(kind, name, on_file)
    ]
    short = sorted(found, key=lambda value: len(_shown(value)) > LONGEST)
    if not short:
        raise SystemExit(f"no example of {model.__name__}.{name} in the cases, and none here")
    return f"`{_shown(short[0])}`".replace("|", "\\|")


def _values(model: type[BaseModel], name: str, on_file: list[Mapping[str, Any]]) -> list[Any]:
    records = _records(model, on_file)
    return [record[name] for record in records if record.get(name) is not None]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{k}: {_shown(v)}" for k, v in value.items())
        text = f"{{{inside}}}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_shown, value))}]"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 4].rsplit(" ", 1)[0] + " ..."


def _cases() -> Iterator[Mapping[str, Any]]:
    """Cases as they stand in their files, and the template."""
    for name in (*available_cases(), "_template"):
        folder = files("detente.cases") / name
        case = dict(plain_data((folder / "case.yaml").read_text(encoding="utf-8"))[0])
        for section in SECTIONS:
            own = folder / f"{section}.yaml"
            if own.is_file():
                case[section] = plain_data(own.read_text(encoding="utf-8"))[0] or {}
        yield case


def _records(
    model: type[BaseModel], on_file: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Records of a kind in the cases on file."""
    sections = {"Measure": "measures", "Event": "events", "Concession": "concessions",
                "Claim": "claims", "Change": "scenarios", "Assumption": "assumptions",
                "Observation": "observations", "Fact": "record"}  # fmt: skip
    for case in on_file:
        claims = list((case.get("claims") or {}).values())
        tests = [c["test"] for c in claims if "test" in c]
        observations = list((case.get("observations") or {}).values())
        routes = [case["routes"]] if "routes" in case else []
        nested = {
            "Case": [case],
            "Test": tests,
            "About": [t.get("parameters", {}) for t in tests],
            "Selection": [
                m
                for change in case["scenarios"].values()
                for m in change.get("lift", [])
                if isinstance(m, Mapping)
            ],
            "Span": [o[k] for o in observations for k in ("before", "after")],
            "Bystanders": [o["against"] for o in observations if "against" in o],
            "Routes": routes,
            "LaneOfTrade": [lane for r in routes for lane in r["lanes"]],
            "Patronage": [case["patronage"]] if "patronage" in case else [],
        }
        if model.__name__ in sections:
            yield from (case.get(sections[model.__name__]) or {}).values()
        else:
            yield from nested.get(model.__name__, [])


def written(document: str) -> str:
    """The document with the tables of today in it."""
    before, _, rest = document.partition(FIRST)
    _, _, after = rest.partition(LAST)
    return f"{before}{FIRST}\n\n{tables()}\n\n{LAST}{after}"


def main() -> None:
    """Write the tables, or with `--check` only tell whether they are those of today."""
    old = DOCUMENT.read_text(encoding="utf-8")
    new = written(old)
    if "--check" in sys.argv[1:]:
        raise SystemExit(0 if new == old else f"{DOCUMENT} is not up to date")
    DOCUMENT.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
