"""The box on the page that makes a case of a report."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape

import pytest

pytest.importorskip("starlette", reason="needs the extra `app`")
pytest.importorskip("spacy", reason="needs the extra `draft`")

from starlette.testclient import TestClient

from detente.app import starts
from detente.app.server import make_app
from detente.cases import load_case
from detente.cases.drafting.review import open_points

HERE = "http://127.0.0.1:8765"
REPORT = (
    "Relief for wood\n"
    "The European Union will lift its import ban on wood from Belarus, diplomats said on 20 May "
    "2025. The step would help the Russian economy, economists at the Vilnius Institute warned."
)

STEEL = (
    "US bans Turkish steel\n"
    "The United States imposed an import ban on Turkish steel on Monday 2 June 2025, the White "
    "House said. Analysts at Eastbridge expect Turkish steel exports to the United States to fall "
    "by more than 30 percent."
)


@pytest.fixture(scope="module")
def client():
    with TestClient(make_app(), base_url=HERE) as found:
        yield found


def test_the_box_is_empty_and_linked_from_the_page(client):
    assert 'href="/draft"' in client.get("/").text
    empty = client.get("/draft")
    assert empty.status_code == 200
    assert 'name="report"' in empty.text
    assert 'id="drafted"' not in empty.text


def test_a_report_becomes_a_case_whose_scenarios_open_on_the_page(client):
    page = client.post("/draft", data={"report": REPORT}).text
    assert "real income of Russia rises" in page
    assert "sender" in page
    (first, *_) = re.findall(r'href="(/\?a\.start=own[^"]+)"', page)
    opened = client.get(unescape(first))
    assert opened.status_code == 200
    assert "eases its sanctions on wood" in opened.text


def test_a_report_without_sanctions_is_told(client):
    page = client.post("/draft", data={"report": "The weather will be fine."}).text
    assert "no case" in page
    assert 'id="drafted"' not in page


def test_a_report_is_shown_as_text_and_never_as_markup(client):
    hostile = REPORT.replace("diplomats", "<script>alert(1)</script> diplomats </textarea>")
    page = client.post("/draft", data={"report": hostile}).text
    assert "<script>alert" not in page
    assert "</textarea> " not in page
    assert "&lt;script&gt;" in page


def test_requests_from_other_pages_are_refused(client):
    answer = client.post("/draft", data={"report": REPORT}, headers={"origin": "http://evil.test"})
    assert answer.status_code == 403


def test_a_wrong_day_is_told(client):
    page = client.post("/draft", data={"report": REPORT, "date": "soon"}).text
    assert "write it as" in page


# ------------------------------------------------------------------------------------- the review


def answers(client, **answered: str) -> dict[str, str]:
    """A form as a browser sends it: the report, what it was drafted from, and the answers."""
    page = client.post("/draft", data={"report": STEEL}).text
    of = re.search(r'name="of" value="(\w+)"', page)[1]
    numbers = {
        field: re.search(rf'{words}.*?name="how.(\d+)"', page, re.DOTALL)[1]
        for field, words in {
            "rival": "Is there a rival",
            "ave": "How strong",
            "claim": "From where",
        }.items()
    }
    given = {}
    for name, value in answered.items():
        part, _, field = name.partition("_")
        given[f"{part}.{numbers[field]}"] = value
    return {"report": STEEL, "of": of, **given}


def unpacked(client, folder, form):
    sent = client.post("/draft.zip", data=form)
    assert sent.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(sent.content)).extractall(folder)
    return folder / "us-bans-turkish-steel"


def test_a_draft_is_reviewed_on_the_page_and_taken_away(client, tmp_path):
    form = answers(
        client, how_rival="change", value_rival="Russia", low_ave="10%", how_claim="change",
        value_claim="-25",
    )  # fmt: skip
    page = client.post("/draft", data=form).text
    assert "fall by more than 25 percent" in page
    assert 'class="trouble"' not in page
    folder = unpacked(client, tmp_path, form)
    case = load_case(folder)
    assert case.rival == "RUS"
    (measure,), (claim,) = case.measures.values(), case.claims.values()
    assert measure.strength("low") == 0.1
    assert claim.test.threshold == -25
    assert open_points(folder) == []


def test_a_record_is_dropped_on_the_page(client, tmp_path):
    form = answers(client, how_claim="drop")
    assert load_case(unpacked(client, tmp_path, form)).claims == {}


def test_what_would_not_load_is_told_at_its_point_and_left_open(client):
    form = answers(client, low_ave="9", how_rival="accept")
    page = client.post("/draft", data=form).text
    assert re.search(
        r"How strong.*Not taken: measures\.yaml:\d+: .*in order", unescape(page), re.DOTALL
    )
    refused = client.post("/draft.zip", data=form)
    assert refused.status_code == 422
    assert "Not taken" in refused.text


def test_answers_to_another_report_are_left_alone(client):
    form = answers(client, how_claim="drop") | {"report": STEEL.replace("30", "40")}
    assert "fall by more than 40 percent" in client.post("/draft", data=form).text


def test_answers_that_cannot_be_are_refused(client):
    assert "is no answer to" in client.post("/draft", data=answers(client, how_rival="drop")).text
    many = "&".join(f"how.{n}=accept" for n in range(2000))
    assert "more than 1000 fields" in client.post("/draft", content=f"report=x&{many}").text


def test_a_draft_on_disk_is_reviewed_where_it_is(client, tmp_path, monkeypatch):
    monkeypatch.setattr(starts, "_folders", {})
    monkeypatch.setattr(starts, "_first", [])
    assert client.get("/review").status_code == 400
    folder = unpacked(client, tmp_path, answers(client))
    starts.show_first(folder)
    assert "3 points of this case to be confirmed" in client.get("/").text
    page = client.get("/review").text
    of = re.search(r'name="of" value="(\w+)"', page)[1]
    number = re.search(r'How strong.*?name="low.(\d)"', page, re.DOTALL)[1]
    stale = client.post("/review", data={"of": "0", f"low.{number}": "0.3"}).text
    assert "changed meanwhile" in stale
    wrong = {f"how.{n}": "accept" for n in (1, 2, 3)} | {f"low.{number}": "9"}
    wrong[f"how.{number}"] = "change"
    page = client.post("/review", data={"of": of, **wrong}).text
    assert "in order" in page
    (left,) = open_points(folder)
    assert left.at[-1] == "ave"
    of = re.search(r'name="of" value="(\w+)"', page)[1]
    assert "Nothing is open" in client.post("/review", data={"of": of, "low.1": "0.3"}).text
    (measure,) = load_case(folder).measures.values()
    assert measure.strength("low") == 0.3
    with TestClient(make_app("0.0.0.0"), base_url=HERE) as open_to_all:
        assert open_to_all.get("/review").status_code == 404
