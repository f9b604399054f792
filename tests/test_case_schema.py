"""What may stand in case files: the JSON Schema, and the tables of fields in the documentation."""

from __future__ import annotations

import importlib.util
import inspect
import json
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detente.cases import available_cases, load_case
from detente.cases.case import SECTIONS
from detente.cases.schema import RECORDS, case_schema, fields_of, meanings
from detente.cli.commands import app
from detente.errors import ScenarioError
from detente.plain import plain_data

SCRIPT = Path(__file__).parent.parent / "scripts" / "write_case_fields.py"


@pytest.mark.parametrize("model", RECORDS.values(), ids=lambda m: m.__name__)
def test_every_field_has_a_meaning(model):
    assert {name for name in fields_of(model) if name not in meanings(model)} == set()


@pytest.mark.parametrize("model", RECORDS.values(), ids=lambda m: m.__name__)
def test_meanings_do_not_hang_on_how_docstrings_are_kept(model, monkeypatch):
    """Python 3.13 takes their indentation off."""
    before = meanings(model)
    for base in model.__mro__[:-1]:
        if base.__module__.startswith("detente"):
            monkeypatch.setattr(base, "__doc__", inspect.cleandoc(base.__doc__ or ""))
    assert meanings.__wrapped__(model) == before


@pytest.mark.skipif(not SCRIPT.is_file(), reason="needs the scripts of a checkout")
def test_the_tables_in_the_documentation_are_those_of_the_records():
    spec = importlib.util.spec_from_file_location("write_case_fields", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    document = script.DOCUMENT.read_text(encoding="utf-8")
    assert script.written(document) == document, "run scripts/write_case_fields.py"


def as_json(data):
    """Plain data of a YAML file as an editor sees it: days are text."""
    return json.loads(json.dumps(data, default=str))


@pytest.mark.parametrize("name", [*available_cases(), "_template"])
def test_cases_on_file_pass_the_schema(name):
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    folder = files("detente.cases") / name
    for section in (None, *SECTIONS):
        own = folder / f"{section or 'case'}.yaml"
        if own.is_file():
            data = plain_data(own.read_text(encoding="utf-8"))[0] or {}
            jsonschema.validate(as_json(data), case_schema(section))


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("claims", {"a": {"said": "x"}}),
        ("measures", {"a": {"senders": "USA", "target": "BLR", "kind": "tariff", "rate": 0.2}}),
        ("events", {"a": {"date": "2025-01-01", "actors": [], "what": "x", "source": "y"}}),
        (None, {"title": "x"}),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(section, wrong):
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, case_schema(section))


def test_the_command_prints_a_schema():
    found = CliRunner().invoke(app, ["case", "schema", "measures"])
    schema = json.loads(found.output)
    assert "percent" not in schema["title"]
    assert "30%" in schema["$defs"]["Measure"]["properties"]["ave"]["description"]
    assert json.loads(CliRunner().invoke(app, ["case", "schema"]).output)["properties"]["target"]


def test_an_unknown_section_is_refused():
    with pytest.raises(ScenarioError, match="did you mean 'claims'"):
        case_schema("claim")


# -- india-2025 ---------------------------------------------------------------------------------


def test_the_case_of_india_is_about_a_third_country():
    case = load_case("india-2025")
    duty = case.scenarios["us-imposed"].impose
    assert duty == ["us-in-oil-tariff-2025"]
    assert (case.target, case.rival) == ("IND", "RUS")
    assert {"JD Vance, Vice President of the United States", "Moody's Ratings"} <= {
        claim.speaker for claim in case.claims.values()
    }


def test_its_draft_still_finds_what_was_confirmed():
    pytest.importorskip("spacy", reason="needs the extra `draft`")
    from detente.cases.drafting import draft_case, read_report

    folder = files("detente.cases") / "india-2025"
    made = draft_case(read_report(Path(str(folder / "report.txt"))))
    drafted, confirmed = made.case(), load_case("india-2025")
    assert drafted.target == confirmed.target
    assert drafted.parties["senders"] == ["USA"]
    assert drafted.rival == confirmed.rival
    assert drafted.scenarios["us-imposed"].impose == confirmed.scenarios["us-imposed"].impose
    kept = plain_data((folder / "draft.yaml").read_text(encoding="utf-8"))[0]
    assert kept["report"]["sha256"] == made.findings.report.checksum
    tested = {c.test.metric for c in drafted.claims.values() if c.test}
    assert tested <= {c.test.metric for c in confirmed.claims.values() if c.test}


def test_giving_in_reaches_russia_and_the_duty_alone_hardly_does():
    import detente

    welfare = detente.assess(load_case("india-2025"), draws=0).welfare.set_index(
        ["scenario", "country"]
    )
    percent = welfare["percent"]
    assert abs(percent["us-imposed", "RUS"]) < 0.05 < abs(percent["gives-in", "RUS"])
    assert percent["fifty", "IND"] < percent["us-imposed", "IND"] < 0
    assert percent["fifty", "VNM"] > 0
