"""The box on the page that makes a case of a report."""

from __future__ import annotations

import re
from html import unescape

import pytest

pytest.importorskip("starlette", reason="needs the extra `app`")
pytest.importorskip("spacy", reason="needs the extra `draft`")

from starlette.testclient import TestClient

from detente.app.server import make_app

HERE = "http://127.0.0.1:8765"
REPORT = (
    "Relief for wood\n"
    "The European Union will lift its import ban on wood from Belarus, diplomats said on 20 May "
    "2025. The step would help the Russian economy, economists at the Vilnius Institute warned."
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
