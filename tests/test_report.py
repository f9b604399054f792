"""The report of a case as a reader gets it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pandas as pd
import pytest

from detente.analysis.assess import assess
from detente.analysis.record import beside_record
from detente.cases import load_case
from detente.cases.template import new_case
from detente.errors import MissingExtraError, ScenarioError
from detente.report.answer import tally
from detente.report.charts import influence_chart, svg
from detente.report.extras import fill
from detente.report.pictures import illustrate
from detente.report.report import Report, gather, render, write_report
from detente.report.sections import claim_row, sections
from detente.report.text import brief, called, usd
from detente.report.timeline import measures_in_force, timeline_chart
from detente.simulation.store import Store
from detente.world import load_world
from detente.world.names import resolve_countries

pytest.importorskip("altair")
pytest.importorskip("vl_convert")
pytest.importorskip("jinja2")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("cases") / "mine"
    new_case(folder)
    return gather(load_case(folder), draws=8, store=folder.parent / "draws")


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def test_the_page_needs_no_network_and_is_small(page: str) -> None:
    assert len(page) < 5_000_000
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert "@import" not in page


def test_every_chart_is_an_image_with_words(page: str) -> None:
    images = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page)
    assert len(images) == page.count("<img") >= 5
    for coded, words in images:
        assert base64.b64decode(coded).startswith(b"<svg")
        assert len(words) > 20


def test_the_answer_is_three_sentences_with_bands(report: Report) -> None:
    target, others, rests = report.answer()
    row = report.assessment.welfare.iloc[0]
    assert re.fullmatch(
        r"Under “.+” Türkiye (gains|loses) [\d.,]+ (million|billion) dollars a year, "
        r"[+-][\d.]+ percent of its income \(90 percent of draws: [+-][\d.]+ to [+-][\d.]+\)[;.].*",
        target,
    )
    assert brief(row["percent"]) in target
    assert usd(row["million_usd"]) in target
    assert others.startswith("Of others, under “")
    assert "what would change it most: " in rests
    assert f"It rests on {len(report.case.assumptions)} assumptions (" in rests


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.1, 0.3, "the EU (20 million dollars, +0.20 percent) gains"),
        (-0.3, -0.1, "the EU (20 million dollars, +0.20 percent) loses"),
        (-0.1, 0.3, "for the EU it may be either"),
    ],
)
def test_who_else_gains_is_said_only_where_the_band_says_so(
    report: Report, low: float, high: float, told: str
) -> None:
    rows = report.assessment.welfare
    one = rows.iloc[:1].assign(
        country="EU27", percent=0.2, low=low, high=high, million_usd=20.0, income=1e4
    )
    rows = pd.concat([rows[rows["country"] == "TUR"], one.assign(scenario=report.drawn)])
    changed = replace(report, assessment=replace(report.assessment, welfare=rows))
    assert told in changed.answer()[1]


def test_a_case_that_does_not_report_its_target_says_so(report: Report) -> None:
    rows = report.assessment.welfare
    others = replace(report.assessment, welfare=rows[rows["country"] != "TUR"])
    assert "is not among what the case reports" in replace(report, assessment=others).answer()[0]


@pytest.mark.parametrize(
    ("verdicts", "outside", "told"),
    [
        (
            ["supported", "supported, but too small to matter"],
            0,
            "Of 2 claims put to the model 2 are",
        ),
        (["depends on luck"], 2, "0 are supported, 0 contradicted, and 1 depends on an assumption"),
        (
            ["contradicted"] * 3,
            1,
            "3 contradicted, and 0 depend on an assumption; 1 more is outside",
        ),
    ],
)
def test_claims_are_counted_in_good_grammar(
    report: Report, verdicts: list[str], outside: int, told: str
) -> None:
    weighed = {str(k): SimpleNamespace(verdict=v) for k, v in enumerate(verdicts)}
    evidence = SimpleNamespace(weighed=weighed, outside=dict.fromkeys(range(outside)))
    assert told in tally(replace(report, evidence=evidence))


def test_page_and_markdown_have_every_section(report: Report, page: str) -> None:
    text = render(report, "md")
    found = [s.title for s in sections(report)]
    assert found == [unescape(t) for t in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")][1:] == found
    assert {"Beside the record", "Timeline", "Limits", "Manifest"} <= {*found}


def test_figures_are_numbered_in_order_and_captions_are_words(page: str) -> None:
    captions = re.findall(r"<figcaption><b>Figure (\d+)\.</b> (.*?)</figcaption>", page)
    assert [int(number) for number, _ in captions] == [*range(1, 1 + len(captions))]
    assert len(captions) >= 5
    assert not any(re.search(r"\b[a-z]+-[a-z-]+:|\b(TUR|EU27)\b", words) for _, words in captions)


def test_a_claim_is_a_row_with_how_it_was_read(report: Report, page: str) -> None:
    assert report.evidence is not None
    (weighed,) = report.evidence.weighed.values()
    row = unescape(re.search(r'<summary class="claim">(.*?)</summary>', page, re.S)[1])
    assert f"Tested: {weighed.claim.tested}" in row
    assert f"--holds: {100 * weighed.probability:.0f}%" in row
    assert f'class="{weighed.verdict.split(",")[0]}"' in row


def test_a_bare_case_has_a_report_too(report: Report) -> None:
    sections_ = ("claims", "assumptions", "events", "concessions", "observations", "notes")
    nothing: dict[str, dict[str, object]] = {name: {} for name in sections_}
    solved = report.assessment.welfare.drop(columns=["low", "high", "central"])
    bare = replace(
        report,
        case=report.case.model_copy(update=nothing),
        assessment=replace(report.assessment, welfare=solved, rests_on={}),
        evidence=None,
        leakage=None,
        relief=None,
        record=None,
    )
    bare = replace(bare, figures=illustrate(bare, lambda done, total: None))
    assert {*bare.figures} == {"answer", "map", "influence"}
    for kind in ("html", "md"):
        page = render(bare, kind)
        assert "All numbers are those of one solve" in page
        assert "90 percent of draws" not in page
        assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]+", "", page))


def test_figures_that_are_kept_are_not_drawn_again(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, chart = Store(tmp_path), influence_chart(report.influence)
    first = svg(chart, kept)
    assert first == svg(chart)
    (file,) = tmp_path.iterdir()
    monkeypatch.setattr("vl_convert.vegalite_to_svg", lambda _: "drawn again")
    assert svg(chart, kept) == first
    assert svg(chart.properties(title="Another"), kept) == "drawn again"
    file.write_bytes(file.read_bytes()[:-1])
    assert svg(chart, kept) == "drawn again"


def test_trade_on_record_is_simulated_once(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = beside_record(report.case, 3, tmp_path)
    monkeypatch.setattr(
        "detente.inference.moments.Moments.simulated", lambda *_: pytest.fail("again")
    )
    pd.testing.assert_frame_equal(first, beside_record(report.case, 3, tmp_path))


def test_trade_on_record_stands_beside_the_model(report: Report) -> None:
    assert report.record is not None
    assert set(report.record["observation"]) == set(report.case.observations)
    assert (report.record["low"] <= report.record["high"]).all()


def test_the_numbers_are_those_of_the_assessment(report: Report, page: str) -> None:
    rows = assess(report.case, draws=8).welfare
    for percent in rows[rows["country"] == "TUR"]["percent"]:
        assert f"{percent:+.3f}".replace("-", "−") in page


def test_countries_have_names_and_zeros_no_sign(report: Report, page: str) -> None:
    shown = unescape(page.split('id="manifest"', maxsplit=1)[0])
    shown = re.sub(r"World map[^<>]*", "", shown)
    for name in ("Türkiye", "EU", "United States"):
        assert f">{name}</th>" in shown
    assert not re.search(r"[>( ](TUR|EU27|USA)[<,) ]", shown)
    assert not re.search(r"-0\.0+\b", shown)


def test_without_a_rival_relief_may_leak_to_a_partner_that_is_no_sender(report: Report) -> None:
    assert report.case.rival is None
    assert report.relief is not None
    world = load_world()
    senders = resolve_countries("EU27", world.countries)
    trade = world.trade.sum("sector")
    both = trade.sel(origin="TUR").values + trade.sel(destination="TUR").values
    order = [world.countries[k] for k in (-both).argsort() if world.countries[k] != "TUR"]
    assert report.relief.rival == next(c for c in order if c not in senders)
    assert f"the hold of {called(report.relief.rival)} on Türkiye" in render(report, "md")


def test_the_manifest_in_the_page_repeats_it(report: Report, page: str) -> None:
    shown = unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page, re.S)[1])
    manifest = json.loads(shown)
    assert manifest["claims"]["seed"] == 0
    assert manifest["claims"]["case"]["title"] == report.case.title
    assert manifest == json.loads(json.dumps(report.manifest()))


def test_a_report_names_its_world_in_one_way_and_no_place_on_this_computer(
    report: Report, page: str
) -> None:
    assert report.evidence is not None
    rows = [claim_row(w, report.case) for w in report.evidence.weighed.values()]
    claims = fill("claims.html", found=report.evidence, rows=rows)
    for shown in (unescape(page), render(report, "md"), claims):
        assert report.evidence.manifest["fingerprint"] in shown
        rest = shown.replace(report.evidence.manifest["fingerprint"], "")
        assert report.evidence.manifest["fingerprint"][:12] not in rest
        assert str(report.evidence.folder) not in shown
        assert report.evidence.folder.name not in shown


def test_markdown_has_the_same_tables(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    assert text.startswith(f"# {report.case.title}")
    header = next(line for line in text.splitlines() if line.startswith("| scenario"))
    rule = text.splitlines()[text.splitlines().index(header) + 1]
    assert rule.startswith("|---|")
    assert header.count("|") == rule.count("|")


def test_another_ending_is_refused_before_anything_is_solved(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detente", "report", "belarus-2025", "-o", str(tmp_path / "r.doc")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert ".html, .md" in done.stderr
    assert not list(tmp_path.iterdir())


def test_without_charts_a_report_is_refused_before_anything_is_solved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.setattr("detente.report.report.simulate", lambda case: pytest.fail("solved"))
    with pytest.raises(MissingExtraError, match=r"needs altair.*pip install '\.\[report\]'"):
        gather(load_case("belarus-2025"), draws=1)


def test_a_report_is_whole_or_not_there(report: Report, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        write_report(report, tmp_path / "report.pdf")
    assert not list(tmp_path.iterdir())


def test_the_timeline_counts_the_measures_in_force() -> None:
    counts = measures_in_force(load_case("belarus-2025"))
    assert {"USA", "EU27"} <= set(counts["sender"])
    assert (counts["measures"] >= 0).all()
    assert counts[counts["sender"] == "EU27"]["measures"].max() > 10


@pytest.mark.parametrize("case", ["belarus-2025", "australia-2023"])
def test_no_event_number_of_the_timeline_covers_another(case: str) -> None:
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(timeline_chart(load_case(case)).to_dict())
    root = ElementTree.fromstring(drawn)
    parts = root.findall(".//{*}g[@class='mark-text role-mark layer_2_marks']/{*}text")
    numbers = [int(part.text or "") for part in parts]
    assert numbers == [*range(1, 1 + len(load_case(case).events))]
    places = [[float(x) for x in re.findall(r"-?[\d.]+", part.get("transform"))] for part in parts]
    for k, (x, y) in enumerate(places):
        assert y < 0
        for u, v in places[:k]:
            assert abs(x - u) >= 15 or abs(y - v) >= 11, (k + 1, places)
