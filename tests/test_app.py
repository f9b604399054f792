"""The local page without a browser: links, numbers as `run` gives them, files, refusals."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from detente.analysis.assess import assess
from detente.analysis.channels import channels_in_draws
from detente.cases import available_cases, load_case
from detente.cases.records import Claim
from detente.cases.template import new_case
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.reading import read_scenario
from detente.policy.scenario import Scenario
from detente.report import text
from detente.simulation.run import simulate

pytest.importorskip("starlette", reason="the page needs the extra detente[app]")
pytest.importorskip("jinja2", reason="the page needs the extra detente[app]")
httpx = pytest.importorskip("httpx", reason="driving the page needs httpx")
uvicorn = pytest.importorskip("uvicorn", reason="the page needs the extra detente[app]")

from starlette.testclient import TestClient  # noqa: E402

from detente.app import starts  # noqa: E402
from detente.app.address import query_of, read_state  # noqa: E402
from detente.app.bands import _drawn, banded, banded_channels  # noqa: E402
from detente.app.controls import scenario_of  # noqa: E402
from detente.app.results import results_of, simulated, status_quo_of  # noqa: E402
from detente.app.server import make_app  # noqa: E402
from detente.app.views.files import opened  # noqa: E402
from detente.app.views.page import render  # noqa: E402
from detente.app.why import channels_of  # noqa: E402

HERE = "http://127.0.0.1:8765"
HALF = "a.start=belarus-2025/us-all&a.ease.USA.goods=50"
SESSIONS, MOVES = 20, 3


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(make_app(), base_url=HERE) as found:
        yield found


@contextmanager
def running_server() -> Iterator[str]:
    """The server as a program of its own; gives its address."""
    program = "from detente.app.server import serve; serve(port=0)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found is not None
            threading.Thread(target=process.stderr.read, daemon=True).start()
            for _ in range(200):
                try:
                    httpx.get(found[0], timeout=60)
                    break
                except httpx.ConnectError:
                    time.sleep(0.05)
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server() as found:
        yield found


def percent(html: str, panel: str = "a", country: str = "BLR") -> float:
    """A number as the page shows it."""
    found = re.search(rf'data-is="{panel}\.{country}\.percent">([^<]+)<', html)
    assert found is not None
    return float(found[1].replace("−", "-"))


# ------------------------------------------------------------------------------ states and links


@pytest.mark.parametrize(
    "start",
    [f"{name}/{scenario}" for name in available_cases() for scenario in load_case(name).scenarios],
)
def test_a_starting_point_is_the_scenario_of_its_case(start: str) -> None:
    state = read_state(f"a.start={start}")
    assert query_of(state) == f"a.start={start}"
    name, scenario = start.split("/")
    found, expected = scenario_of(state.a), load_case(name).scenario(scenario)
    assert found.title == expected.title
    ours, theirs = (
        simulate(found).outcome().equilibrium.welfare,
        simulate(expected).outcome().equilibrium.welfare,
    )
    assert abs(ours - theirs).max() < 1e-9
    shown = results_of(state.a).countries["percent"]
    assert shown.to_numpy() == pytest.approx(ours.values, abs=1e-12)


PANEL = st.fixed_dictionaries(
    {},
    optional={
        "start": st.sampled_from(["nothing", "belarus-2025/us-all", "belarus-2025/embargo-banks"]),
        "target": st.sampled_from(["BLR", "RUS", "CHN"]),
        "senders": st.sampled_from(["USA", "EU27", "LTU", ""]),
        "ease.USA.goods": st.integers(0, 100),
        "ease.EU27.banks": st.integers(0, 100),
        "ease.us-potash-2021": st.integers(0, 100),
        "new": st.sampled_from(["export-ban:goods:ban:", "tariff:C20%2BC21:15:USA", ""]),
        "level": st.sampled_from(["low", "central", "high"]),
        "deficits": st.sampled_from(["share", "value", "zero"]),
        "since": st.sampled_from(["", "2024-01-01", "2025-02-12"]),
        "routes": st.sampled_from(["on", "off"]),
        "hubs": st.integers(5, 300),
    },
)


@given(PANEL, st.none() | PANEL)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_link_restores_the_state(a: dict[str, Any], b: dict[str, Any] | None) -> None:
    pairs = [f"a.{k}={v}" for k, v in a.items()]
    if b is not None:
        pairs += [f"b.{k}={v}" for k, v in {"start": "nothing", **b}.items()]
    state = read_state("&".join(pairs))
    assert read_state(query_of(state)) == state
    assert query_of(read_state(query_of(state))) == query_of(state)
    assert len(query_of(state)) < 3000


def test_a_form_says_the_same_as_a_link() -> None:
    form = (
        "a.full=belarus-2025/us-all&a.start=belarus-2025/us-all&a.target=BLR&a.senders=USA"
        "&a.was.USA.goods=100&a.ease.USA.goods=50&a.was.USA.banks=100&a.ease.USA.banks=100"
        "&a.ease.us-potash-2021=100&a.ease.us-luxury-2022=30&a.routes=on&a.hubs=85&a.level=central"
        "&a.deficits=share&a.since=2025-02-12"
    )
    state = read_state(form)
    assert state.a.apart == {"us-luxury-2022": 30}
    assert query_of(state) == f"{HALF}&a.ease.us-luxury-2022=30"


def test_another_starting_point_begins_anew() -> None:
    form = (
        "a.full=belarus-2025/us-all&a.start=belarus-2025/us-goods&a.ease.USA.goods=7&a.level=high"
    )
    assert query_of(read_state(form)) == "a.start=belarus-2025/us-goods"


def test_reset_begins_anew() -> None:
    form = "a.full=nothing&a.start=nothing&a.target=BLR&a.level=high&a.reset=1"
    assert query_of(read_state(form)) == "a.start=nothing"


def test_comparing_begins_with_the_same_twice() -> None:
    state = read_state(f"{HALF}&compare=on")
    assert state.b == state.a
    assert read_state(f"{query_of(state)}&compare=off").b is None


def test_measures_come_and_go() -> None:
    row = "a.new.0.kind=tariff&a.new.0.sectors=C20&a.new.0.strength=15&a.new.0.by="
    more = read_state(f"a.full=nothing&a.start=nothing&a.senders=USA&{row}&a.add=1").a
    assert [n.kind for n in more.new] == ["tariff", "export-ban"]
    less = read_state(f"a.full=nothing&a.start=nothing&a.senders=USA&{row}&a.drop=0").a
    assert less.new == ()


@pytest.mark.parametrize(
    "query",
    [
        "a.start=belarus-2025/no-such",
        "a.start=../../etc/passwd",
        "a.start=/etc/passwd/x",
        "a.target=XXX",
        "a.target=EU27",
        "a.senders=Atlantis",
        "a.level=extreme",
        "a.new=export-ban:nothing-of-the-kind:20:",
        "a.new=theft:goods:20:",
        "a.ease.USA.goods=much",
        "a.since=yesterday",
        "a.since=1999-01-01",
        "a.since=2025-02-12x",
        "a.ease.USA.goods=500",
        "a.ease.USA.goods=-1",
        "a.ease.USA.goods=10000000000000000000000",
        "a.ease.us-potash-2021=101",
        "a.ease.USA.theft=50",
        "a.ease.us-potash-2000=50",
        "a.was.USA.goods=500",
        "a.new=tariff:goods:301:",
        "a.new=tariff:goods:ban:",
        "a.new=tariff:goods:20:USA:more",
        "&".join(f"a.new=tariff:goods:{n}:" for n in range(13)),
        "a.full=nothing&a.start=nothing&a.senders=USA&a.new.0.kind=theft",
        "a.full=nothing&a.start=nothing&a.senders=USA&a.new.0.kind=tariff&a.new.0.strength=500",
        "a.hubs=4",
        "a.hubs=301",
        "a.routes=perhaps",
        "a.horizon=tomorrow",
        "goods=500",
        "a.goods=500",
        "a.kind=theft",
        "a.new.0.color=red",
        "c.start=nothing",
        "compare=maybe",
        "b.level=low",
        "a.start=venezuela-oil/china-half&a.impose.china-half=500",
        "a.start=australia-2023/tighten&a.harden.coal-2020=1001",
        "a.impose.us-potash-2021=50",
        "why=Atlantis",
        "a.start=own&a.own=AAAA",
        "a.start=own&a.own=%ff",
    ],
)
def test_an_address_that_makes_no_sense_is_told(client: TestClient, query: str) -> None:
    for path in ("/", "/part", "/scenario.yaml", "/results.csv", "/report.html", "/slide.pptx"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("a.ease.USA.goods=500", "USA.goods: 500 is not between 0 and 100"),
        ("a.new=theft:goods:20:", "kind: 'theft' is not known here: allowed: export-ban"),
        ("a.ease.USA.good=5", "Nothing to ease is called 'USA.good': did you mean 'USA.goods'?"),
        ("a.targte=BLR", "This page has no field 'a.targte': did you mean 'a.target'?"),
        ("a.new=tariff:goods:ban:", "A measure of the kind 'tariff' has a strength and is no ban."),
    ],
)
def test_a_refused_address_says_what_is_wrong(client: TestClient, query: str, told: str) -> None:
    assert client.get(f"/part?{query}").text.startswith(told)
    assert told in unescape(client.get(f"/?{query}").text)


# ------------------------------------------------------------------------- numbers on the page


def test_scenarios_on_worlds_with_other_sectors_stand_side_by_side(client: TestClient) -> None:
    answer = client.get("/?a.start=belarus-2025/us-potash&b.start=nothing")
    assert answer.status_code == 200
    row = re.search(r'<tr><th scope="row">[^<]*otash</th>.*?</tr>', answer.text, re.DOTALL)
    assert row is not None
    assert row[0].endswith("<td></td><td></td><td></td></tr>")


def test_the_page_shows_what_run_gives(client: TestClient) -> None:
    answer = client.get(f"/?{HALF}&b.start=belarus-2025/us-eu-all")
    assert answer.status_code == 200
    for panel in ("a", "b"):
        state = read_state(f"{HALF}&b.start=belarus-2025/us-eu-all")
        welfare = simulate(scenario_of(state.panels[panel])).outcome().equilibrium.welfare
        for country in ("BLR", "RUS", "LTU", "CHN"):
            expected = float(welfare.sel(country=country))
            assert percent(answer.text, panel, country) == pytest.approx(expected, abs=6e-4)


def test_the_page_says_what_assess_says(client: TestClient) -> None:
    told = assess(load_case("belarus-2025")).welfare.set_index(["scenario", "country"])
    page = client.get("/part?a.start=belarus-2025/us-all&bands=on").text
    for country in ("BLR", "RUS", "LTU"):
        row = told.loc["us-all", country]
        assert percent(page, "a", country) == pytest.approx(row["percent"], abs=6e-4)
    belarus = told.loc["us-all", "BLR"]
    low, high = (text.signed(belarus[end], 3, "−") for end in ("low", "high"))
    assert f"90 % lie between {low} and {high} %" in page


def test_central_numbers_have_bands_beside_them() -> None:
    state = read_state("a.start=australia-2023/all")
    found = banded(state.a)
    for table, names in (
        (found.countries, ("percent", "low", "high")),
        (found.sectors, ("percent", "low", "high")),
        (found.partners, ("exports_percent", "exports_low", "exports_high")),
    ):
        middle, low, high = (table[name].dropna() for name in names)
        assert (low <= middle).all()
        assert (middle <= high).all()
    row = found.partners.loc["CHN"]
    after = row.exports_before * (1 + row.exports_percent / 100)
    assert row.exports_after == pytest.approx(after)
    page = render("part.html", state, True)
    assert page.count('class="band"') > 20


def test_what_is_read_of_a_draw_is_what_one_solve_shows() -> None:
    panel = read_state("a.start=belarus-2025/us-potash").a
    results, outcome = results_of(panel), simulate(scenario_of(panel)).outcome()
    (drawn,) = _drawn(results, outcome)
    assert results.leak is not None
    ways = results.leak.ways
    pd.testing.assert_series_equal(
        pd.Series(drawn["exports outside"], results.chosen.index, name="exports_percent"),
        results.chosen["exports_percent"],
    )
    np.testing.assert_allclose(drawn["imports"], results.partners["imports_percent"], rtol=1e-9)
    np.testing.assert_allclose(drawn["sectors"], results.sectors["percent"], rtol=1e-9)
    np.testing.assert_allclose(drawn["ways"], [*ways["before"], *ways["after"]], rtol=1e-9)
    lines = [(line.before, line.change, line.percent) for line in results.markets["potash"]]
    np.testing.assert_allclose(drawn["potash"], lines, rtol=1e-9)
    assert list(drawn["claims"]) == [scored.value for scored in results.claims.values()]
    np.testing.assert_allclose(
        channels_in_draws(outcome, "RUS")[0], channels_of(panel, "RUS")["percent"], atol=1e-9
    )


def test_ways_markets_and_channels_have_bands() -> None:
    panel = read_state("a.start=belarus-2025/us-potash").a
    found, channels = banded(panel), banded_channels(panel, "BLR")
    assert found.leak is not None
    assert (found.leak.ways["low"] <= found.leak.ways["change"]).all()
    assert channels["percent"]["total"] == pytest.approx(found.chosen["percent"]["BLR"], abs=1e-6)
    assert (channels["low"] <= channels["high"]).all()
    for line in found.markets["potash"]:
        middle = line.percent if np.isnan(line.change) else line.change
        assert line.low <= middle <= line.high
    page = render("part.html", replace(read_state(""), a=panel), True, banded_channels)
    assert "All assumptions at their central values" not in page


def test_where_strengths_are_not_central_there_is_no_band(client: TestClient) -> None:
    page = client.get("/part?a.start=belarus-2025/us-all&a.level=high&bands=on").text
    assert "data-awaited" not in page
    assert "With strengths at the high end of their ranges" in page


def claims_shown(html: str) -> dict[str, list[str]]:
    """Statements in the table of claims, and what stands beside them for each scenario."""
    table = re.search(r'<table id="claims">.*?</table>', html, re.DOTALL)
    row = re.compile(r'<th scope="row">(.*?) <small>.*?</th>(.*?)</tr>', re.DOTALL)
    rows = row.findall(table[0] if table else "")
    return {unescape(name): re.findall(r"<td>(.*?)<br>", cells) for name, cells in rows}


def test_a_claim_is_scored_only_where_what_it_is_about_is_shown(client: TestClient) -> None:
    case = load_case("belarus-2025")
    for start in case.scenarios:
        shown = claims_shown(client.get(f"/part?a.start=belarus-2025/{start}").text)
        expected = {
            claim.said
            for claim in case.claims.values()
            if claim.test is not None
            and start in claim.test.scenarios
            and claim.test.relative_to is None
            and claim.test.metric != "influence"
        }
        assert set(shown) == expected, start
    helps_russia = case.claims["isw-any-relief"].said
    welfare = simulate(case.scenario("us-all")).outcome().equilibrium.welfare.sel(country="RUS")
    shown = claims_shown(client.get("/part?a.start=belarus-2025/us-all").text)
    assert float(shown[helps_russia][0]) == pytest.approx(float(welfare), abs=6e-4)


@pytest.mark.parametrize(
    "query",
    [
        HALF,
        "a.target=RUS",
        "a.level=high",
        "a.deficits=value",
        "a.routes=off",
        "a.senders=USA&a.senders=EU27",
        "a.start=nothing&a.target=BLR&a.senders=USA&a.ease.USA.goods=100",
    ],
)
def test_a_changed_scenario_scores_no_claim(client: TestClient, query: str) -> None:
    page = client.get(f"/part?{query}").text
    assert claims_shown(page) == {}
    about = "Claims are scored where what they are about is shown" in page
    assert about == ("nothing" not in query)


def test_a_number_that_is_not_tested_is_told_beside_the_score(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, told = "/part?a.start=belarus-2025/us-all", "holds, the number is not tested"
    assert told not in client.get(query).text
    monkeypatch.setattr(Claim, "number_untested", property(lambda claim: claim.test is not None))
    assert told in client.get(query).text


def test_claims_are_scored_beside_each_other_where_they_can_be(client: TestClient) -> None:
    page = client.get(f"/part?a.start=belarus-2025/us-all&{HALF.replace('a.', 'b.')}").text
    rows = claims_shown(page)
    assert rows
    assert all(score != "–" and other == "–" for score, other in rows.values())
    assert 'href="/' not in client.get(f"/report.html?{HALF}").text


def test_equal_panels_are_solved_once() -> None:
    first, again = (read_state(f"{HALF}&a.ease.us-potash-2021=70").a for _ in range(2))
    assert first is not again
    assert hash(first) == hash(again)
    assert results_of(first) is results_of(again)
    assert results_of(first) is not results_of(read_state(HALF).a)


def test_goods_by_way_add_up() -> None:
    leak = results_of(read_state("").a).leak
    assert leak is not None
    before, after = leak.shares
    assert 0 < before < after < 100
    assert leak.rise == pytest.approx(leak.ways["change"].drop("direct").sum())
    assert results_of(read_state("a.routes=off").a).leak is None


def test_a_moved_slider_finds_the_status_quo_where_it_was() -> None:
    panel = read_state("a.ease.USA.goods=35").a
    status_quo_of.cache_clear()
    afresh, again = simulated(panel), simulated(panel)
    assert afresh.before.evaluations[0] > 5
    assert again.before.evaluations[0] == 1
    moved, other = (simulated(read_state(q).a) for q in ("a.ease.USA.goods=36", "a.level=low"))
    assert moved.before.evaluations[0] <= 2
    assert other.before.evaluations[0] > 5
    costs = afresh.compiled.in_force
    assert again.compiled.in_force is costs
    assert moved.compiled.in_force is costs
    assert other.compiled.in_force is not costs
    incomes = [s.outcome().after.real_income for s in (afresh, again)]
    np.testing.assert_allclose(*incomes, rtol=1e-11)


def test_a_scenario_without_solution_is_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(panel: object) -> None:
        raise ConvergenceError("no equilibrium: trade breaks down", {})

    for solve in ("results_of", "banded"):
        monkeypatch.setattr(f"detente.app.views.contents.{solve}", fails)
    for path in ("/", "/part"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "no equilibrium: trade breaks down" in answer.text
        assert 'id="controls"' in answer.text
    for path in ("/results.csv", "/report.html"):
        assert client.get(path).status_code == 400


def test_the_form_works_without_a_script(client: TestClient) -> None:
    form = {"a.full": "belarus-2025/us-all", "a.start": "belarus-2025/us-banks"}
    answer = client.get("/", params=form)
    assert answer.history[0].status_code == 303
    assert str(answer.url) == f"{HERE}/?a.start=belarus-2025/us-banks"


# ------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "query",
    [
        HALF,
        "a.start=belarus-2025/embargo-banks&a.deficits=value",
        "a.start=nothing&a.target=BLR&a.senders=GBR&a.new=import-ban:C20:ban:&a.level=high",
        "a.hubs=120&a.since=2024-06-30",
    ],
)
def test_the_scenario_file_gives_the_same_numbers(
    client: TestClient, tmp_path: Path, query: str
) -> None:
    answer = client.get(f"/scenario.yaml?{query}")
    assert answer.headers["content-disposition"] == 'attachment; filename="scenario.yaml"'
    path = tmp_path / "scenario.yaml"
    path.write_bytes(answer.content)
    again = simulate(read_scenario(path)).outcome().equilibrium.welfare.values
    assert again == pytest.approx(results_of(read_state(query).a).countries["percent"], abs=1e-12)
    found = client.post("/open", content=answer.content)
    assert found.status_code == 200
    own = read_state(f"a.start=own&a.own={found.json()['own']}")
    assert read_state(query_of(own)) == own
    assert results_of(own.a).countries["percent"].to_numpy() == pytest.approx(again, abs=1e-9)


def test_what_has_no_control_is_computed_all_the_same(client: TestClient) -> None:
    text = """
title: Everything
status_quo: 2025-02-12
lift: [us-potash-2021]
ease: {us-luxury-2022: 0.335}
harden: {eu-wood-2022: 0.8}
impose:
  - {senders: GBR, target: BLR, kind: import-ban, sectors: C20, share: 0.5, ban: true}
costs: [{origins: CHN, destinations: BLR, factor: 0.9}]
"""
    own = client.post("/open", content=text.encode()).json()["own"]
    panel = read_state(f"a.start=own&a.own={own}").a
    expected = simulate(Scenario.model_validate(YAML(typ="safe").load(text))).outcome()
    shown = results_of(panel).countries["percent"]
    assert shown.to_numpy() == pytest.approx(expected.equilibrium.welfare.values, abs=1e-9)
    page = client.get(f"/part?a.start=own&a.own={own}").text
    assert "Also part of this scenario: 1 measure eased, 1 measure imposed" in page


@pytest.mark.parametrize(
    ("action", "target", "left_over"),
    [
        ("impose: [{senders: Germany, target: Belarus, kind: tariff, ave: 0.2}]", "BLR", False),
        ("impose: [{senders: all, target: Belarus, kind: tariff, ave: 0.2}]", "BLR", True),
        ("impose: [{senders: USA, target: EU27, kind: tariff, ave: 0.2}]", "AUT", True),
        ("lift: [{senders: United States, target: Belarus}]", "BLR", False),
        ("costs: [{origins: China, destinations: Belarus, factor: 0.9}]", "BLR", True),
    ],
)
def test_names_and_groups_of_a_file_are_those_of_the_command_line(
    client: TestClient, tmp_path: Path, action: str, target: str, left_over: bool
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"title: x\n{action}\n")
    own = client.post("/open", content=path.read_bytes()).json()["own"]
    panel = read_state(f"a.start=own&a.own={own}").a
    assert panel.target == target
    page = client.get(f"/part?{query_of(read_state(f'a.start=own&a.own={own}'))}")
    assert page.status_code == 200
    assert ("Also part of this scenario: 1 " in page.text) == left_over
    welfare = simulate(read_scenario(path)).outcome().equilibrium.welfare.values
    assert results_of(panel).countries["percent"].to_numpy() == pytest.approx(welfare, abs=1e-9)


@pytest.mark.parametrize(
    ("start", "slider", "value"),
    [
        ("australia-2023/coal", "ease.coal-2020", 50),
        ("australia-2023/tighten", "harden.wine-2020", 400),
        ("venezuela-oil/china-half", "impose.china-half", 40),
        ("iran-snapback-2025/returns", "impose.eu-irn-oil-2025", 30),
        ("india-2025/gives-in", "impose.us-in-reciprocal-2025", 60),
    ],
)
def test_measures_of_every_case_have_sliders(
    client: TestClient, start: str, slider: str, value: int
) -> None:
    page = client.get(f"/?a.start={start}").text
    assert f'name="a.{slider}"' in page
    assert "Also part of this scenario" not in page
    moved = f"a.start={start}&a.{slider}={value}"
    assert query_of(read_state(moved)) == moved
    welfare = [results_of(read_state(q).a).welfare("CHN")[0] for q in (f"a.start={start}", moved)]
    assert welfare[0] != welfare[1]
    own_strengths = load_case(start.partition("/")[0]).posterior is not None
    document = client.get(f"/scenario.yaml?{moved}").text
    assert ("posterior, which is not in this file" in document) == own_strengths


def test_a_measure_says_what_it_does_and_where_that_stands(client: TestClient) -> None:
    page = unescape(client.get("/?a.start=belarus-2025/us-eu-goods").text)
    about = page[page.index("a-about-eu-potash-2021") :][:1500]
    assert "Hinders imports of the EU from Belarus. It covers 8 % of: Chemicals." in about
    assert (
        "Trade covered becomes dearer by 33 % (14 to 55 %). In force since 25 June 2021." in about
    )
    assert 'href="http://data.europa.eu/eli/reg/2021/1030/oj"' in about
    assert "OJ L 224I" in about


def test_a_case_of_ones_own_is_shown_first_and_read_again_when_it_changes(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "_folders", {})
    monkeypatch.setattr(starts, "_first", [])
    folder = tmp_path / "my-case"
    new_case(folder)
    name = starts.show_first(folder)
    title = load_case(folder).title
    assert title in unescape(client.get("/").text)
    (folder / "case.yaml").write_text(
        (folder / "case.yaml").read_text().replace(title, "Another title")
    )
    os.utime(folder / "case.yaml", (time.time() + 9, time.time() + 9))
    assert "Another title" in client.get("/").text
    (folder / "scenarios.yaml").write_text("nonsense\n")
    os.utime(folder / "scenarios.yaml", (time.time() + 19, time.time() + 19))
    refused = client.get(f"/?a.start={name}/x")
    assert refused.status_code == 400
    assert f"{name}/scenarios.yaml:1" in refused.text


@pytest.mark.parametrize("start", ["belarus-2025/us-all", "australia-2023/all"])
def test_why_a_country_gains_adds_up_and_is_told(client: TestClient, start: str) -> None:
    state = read_state(f"a.start={start}&why=CHN")
    rows = list(
        csv.DictReader(io.StringIO(client.get(f"/results.csv?{query_of(state)}&table=why").text))
    )
    shown = {row["channel"]: float(row["percent"]) for row in rows}
    assert shown["total"] == pytest.approx(banded(state.a).welfare("CHN")[0], abs=1e-6)
    assert all(float(row["low"]) <= float(row["percent"]) <= float(row["high"]) for row in rows)
    central = channels_of(state.a, "CHN")["percent"]
    assert central.drop("total").sum() == pytest.approx(central["total"], abs=1e-12)
    assert central["total"] == pytest.approx(results_of(state.a).welfare("CHN")[0], abs=1e-9)
    page = client.get(f"/?{query_of(state)}").text
    assert "Why China gains or loses" in page
    assert re.search(r"China (gains|loses), most of all by|China hardly gains", page)
    assert "Why China" not in client.get(f"/?{query_of(state)}&why=").text
    assert read_state(f"a.start={start}&why=IRQ").why == ""


def test_words_lead_to_countries_branches_and_measures(client: TestClient) -> None:
    page = unescape(client.get("/part?a.start=belarus-2025/us-all&find=lith").text)
    assert re.search(
        r'<a href="/\?[^"]*why=LTU[^"]*#why">Lithuania</a> [+−][\d.]+ % of income', page
    )
    for words, found in (
        ("Turkey", ">Türkiye</a>"),
        ("turkiye", ">Türkiye</a>"),
        ("potash", 'href="#sectors-heading">Potash</a> Output +'),
        ("Belaruskali", 'href="#a-about-us-potash-2021"'),
        ("steel", 'href="#sectors-heading">Iron and steel</a>'),
        ("<b>", "Nothing here is called “<b>”."),
    ):
        page = client.get(
            "/part?a.start=belarus-2025/us-all",
            params={"find": words, "a.start": "belarus-2025/us-all"},
        ).text
        assert "<b>”" not in page
        hits = unescape(page[page.index('id="hits"') :][:4000])
        assert found in hits, words
    assert 'id="a-about-us-potash-2021"' in page


def test_any_table_as_a_workbook_without_formulas(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.setattr(starts, "_folders", {})
    monkeypatch.setattr(starts, "_first", [])
    new_case(tmp_path / "mine")
    claims = tmp_path / "mine" / "claims.yaml"
    claims.write_text(re.sub(r"(?m)^  said: .*$", '  said: "=1+1"', claims.read_text()))
    name = starts.show_first(tmp_path / "mine")
    own = f"a.start={name}/{next(iter(load_case(tmp_path / 'mine').scenarios))}"
    told = openpyxl.load_workbook(io.BytesIO(client.get(f"/results.xlsx?{own}").content))
    assert "=1+1" in [cell.value for row in told["What was claimed"] for cell in row]
    query = "a.start=belarus-2025/us-all&b.start=nothing"
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/results.xlsx?{query}").content))
    assert book.sheetnames == [
        "Countries and groups", "What was claimed", "Why a country gains or loses", "Countries",
        "Trade by partner", "Branches", "Goods by way", "Commodities", "Events",
    ]  # fmt: skip
    cells = [cell for found in (book, told) for sheet in found for row in sheet for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    head, first, *_ = book["Countries and groups"].iter_rows(values_only=True)
    row = dict(zip(head, first, strict=True))
    assert row["low"] < row["percent"] < row["high"]
    assert (row["country"], row["name"]) == ("BLR", "Belarus")
    one = openpyxl.load_workbook(io.BytesIO(client.get("/results.xlsx?table=sectors").content))
    assert one.sheetnames == ["Branches"]
    for table in ("claims&a.start=nothing", "nothing"):
        assert client.get(f"/results.xlsx?table={table}").status_code == 400


@pytest.mark.parametrize(
    "chart", ["map", "gains", "why", "exports", "imports", "sectors", "ways", "timeline"]
)
def test_any_chart_as_svg_and_png(client: TestClient, chart: str) -> None:
    drawn = client.get(f"/chart.svg?chart={chart}&a.start=belarus-2025/us-all")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text.startswith("<svg")
    assert "Belarus" in drawn.text
    if chart == "exports":
        picture = client.get(f"/chart.png?chart={chart}&a.start=belarus-2025/us-all").content
        assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("query", ["chart=none", "chart=timeline&a.start=nothing"])
def test_charts_that_are_not_there_are_told(client: TestClient, query: str) -> None:
    assert client.get(f"/chart.svg?{query}").status_code == 400


def test_the_view_as_a_slide(client: TestClient) -> None:
    pptx = pytest.importorskip("pptx")
    query = "a.start=belarus-2025/us-all&b.start=belarus-2025/us-eu-all"
    deck = pptx.Presentation(io.BytesIO(client.get(f"/slide.pptx?{query}").content))
    (slide,) = deck.slides
    (table,) = (shape.table for shape in slide.shapes if shape.has_table)
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    assert cells[0][1:] == [
        f"{n}: {w}" for n in "AB" for w in ("% of income", "Million dollars a year")
    ]
    assert cells[1][0] == "Belarus"
    assert re.fullmatch(r"\+0\.\d+ \(\+0\.\d+ to \+0\.\d+\)", cells[1][1])
    assert sum(shape.shape_type == 13 for shape in slide.shapes) == 2
    assert "A: Belarus gains" in slide.shapes.title.text
    inside = [
        (s.left >= 0, s.left + s.width <= deck.slide_width, s.top + s.height <= deck.slide_height)
        for s in slide.shapes
    ]
    assert all(map(all, inside))


def test_the_glossary_stands_on_the_page(client: TestClient) -> None:
    page = client.get("/").text
    assert 'href="#words"' in page
    glossary = page[page.index('id="words"') :]
    for word in ("Welfare", "Band", "Ease, lift", "Hub", "Channels", "Supported, open"):
        assert f"<dt>{word}" in glossary


def test_the_heading_follows_the_case(client: TestClient) -> None:
    for name in ("australia-2023", "venezuela-oil"):
        case = load_case(name)
        moved = client.get(f"/part?a.start={name}/{case.last_easing()}").text
        assert f'data-title="{case.title} · detente"' in moved
        assert f"<h1>{case.title}</h1>" in moved


def test_tables_as_csv(client: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(f"/results.csv?{HALF}").text)))
    assert len(rows) == len(load_case("belarus-2025").scenario("us-goods").load_world().countries)
    shown = {r["country"]: float(r["percent"]) for r in rows}
    expected = banded(read_state(HALF).a).countries["percent"]
    assert shown == pytest.approx(expected.to_dict(), abs=1e-12)
    both = client.get(f"/results.csv?{HALF}&b.start=nothing&table=sectors").text
    assert {r["scenario"] for r in csv.DictReader(io.StringIO(both))} == {"A", "B"}
    assert client.get(f"/results.csv?{HALF}&table=../secrets").status_code == 400


def test_the_report_needs_nothing_else(client: TestClient) -> None:
    report = client.get(f"/report.html?{HALF}")
    assert report.headers["content-disposition"].endswith('"report.html"')
    assert percent(report.text) == percent(client.get(f"/part?{HALF}&bands=on").text)
    assert not re.search(
        r'(src|href)="(?!#|/scenario|/results|/report)(?!https?:)|src="https?:|<link', report.text
    )
    assert 'href="/' not in report.text
    assert "<script" not in report.text


# ---------------------------------------------------------------------------------- refusals

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + k)}: &{chr(98 + k)} [{', '.join([f'*{chr(97 + k)}'] * 9)}]\n" for k in range(8)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: x\nlift: [us-potash-2o21]\n", "line:2: lift.0: unknown measure"),
        ("title: x\nimpose:\n  - {senders: Mars}\n", "line:3"),
        ("title: x\nspeed: 3\n", "line:2: speed: unknown field"),
        ("title: x\n  y: [\n", "line:2"),
        ("title: !!python/object/apply:os.system [ls]\n", "line:1: only plain data"),
        (BOMB, "only plain data, no anchors"),
        ("title: " + "[" * 5000, "nested too deeply"),
        ("title: x\nstatus_quo: 2025-99-99\n", "line:"),
        ("title: x\nlevel: " + "9" * 5000 + "\n", "line:"),
        ("{a: b}: c\n", "line:"),
        ("- a\n- b\n", "line:1"),
        ("", "line:1"),
        ("title: x\n---\ntitle: y\n", "line:2: only one document"),
        ("title: \x00\n", "line:1"),
        ("title: x\nworld: ../../etc/passwd\n", "line:2: world: unknown world"),
    ],
)
def test_files_that_are_no_scenario_are_refused(client: TestClient, text: str, told: str) -> None:
    started = time.monotonic()
    answer = client.post("/open", content=text.encode())
    assert answer.status_code == 422
    assert told in answer.json()["problem"]
    assert time.monotonic() - started < 5


def test_a_scenario_is_pasted_without_a_script(client: TestClient) -> None:
    text = "title: Pasted\nlift: [us-potash-2021]\nstatus_quo: 2025-02-12\n"
    page = client.post("/open", data={"scenario": text})
    assert page.status_code == 200
    assert "Pasted" in page.text
    refused = client.post("/open", data={"scenario": "title: x\nlift: [us-potash-2o21]\n"})
    assert refused.status_code == 400
    assert "scenario:2" in refused.text


def test_scenarios_that_would_hold_everybody_up_are_refused() -> None:
    many = ", ".join(["{origins: all, destinations: all, factor: 0.9}"] * 400)
    with pytest.raises(ScenarioError, match="400 changes are more than this page takes"):
        opened(f"title: x\ncosts: [{many}]\n")


def test_files_that_are_no_text_are_refused(client: TestClient) -> None:
    assert client.post("/open", content=b"\xff\xfe\x00").status_code == 422


def test_oversized_uploads_are_refused(client: TestClient) -> None:
    large = b"a" * (256 * 1024 + 1)
    assert client.post("/open", content=large).status_code == 413

    def unannounced() -> Iterator[bytes]:
        for _ in range(64):
            yield b"a" * 8192

    assert client.post("/open", content=unannounced()).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8765"},
        {"host": "evil.example:8765"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "192.168.0.1:8765"},
        {"host": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    ],
)
def test_requests_from_elsewhere_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/part"),
        ("POST", "/open"),
        ("GET", "/static/app.js"),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == (400 if "host" in headers else 403)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("listening", "host", "status"),
    [
        ("0.0.0.0", "192.168.0.1:8765", 200),
        ("0.0.0.0", "localhost:8765", 200),
        ("::", "[::1]:8765", 200),
        ("0.0.0.0", "evil.example:8765", 400),
        ("0.0.0.0", "192.168.0.1.evil.example", 400),
        ("::", "evil.example", 400),
        ("192.168.0.1", "192.168.0.1", 200),
        ("192.168.0.1", "192.168.0.2", 400),
        ("fe80::1", "[fe80::1]:8765", 200),
        ("name.example", "name.example", 200),
    ],
)
def test_a_server_answers_to_its_own_names(listening: str, host: str, status: int) -> None:
    browser = TestClient(make_app(listening), base_url=HERE)
    assert browser.get("/static/icon.svg", headers={"host": host}).status_code == status


def test_a_person_may_follow_a_link_to_the_page_only(client: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    link["sec-fetch-dest"] = "document"
    assert client.get(f"/?{HALF}", headers=link).status_code == 200
    assert client.get(f"/report.html?{HALF}", headers=link).status_code == 403
    assert client.post("/open", headers=link).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/server.py",
        "/static//etc/passwd",
        "/static/..\\server.py",
        "/static/",
        "/templates/page.html",
        "/etc/passwd",
    ],
)
def test_paths_outside_the_folder_are_not_there(client: TestClient, path: str) -> None:
    request = client.build_request("GET", HERE + path)
    request.url = httpx.URL(HERE).copy_with(raw_path=path.encode())
    assert client.send(request).status_code in (404, 405)


def test_addresses_have_an_end(client: TestClient) -> None:
    assert client.get("/?x=" + "a" * 50_000).status_code == 414


def test_browsers_are_told_to_be_strict(client: TestClient) -> None:
    for path in ("/", "/part", "/static/app.js", "/report.html", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    page = client.get("/").text
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r'(src|action)="https?:|<(?!a )[^>]*href="https?:', page)


def test_words_from_a_file_are_text_on_the_page(client: TestClient) -> None:
    text = "title: <script>alert(1)</script>\nlift: [us-potash-2021]\n"
    own = client.post("/open", content=text.encode()).json()["own"]
    page = client.get(f"/?a.start=own&a.own={own}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


# ------------------------------------------------------------------------------ several people


def test_twenty_people_move_sliders_at_once(address: str) -> None:
    """Each waits for an answer and moves on; nobody sees another's."""
    shape = re.search(r'data-shape="(\w+)"', httpx.get(address, timeout=60).text)[1]

    def session(who: int) -> None:
        time.sleep(who / SESSIONS)
        with httpx.Client(base_url=address, timeout=60) as browser:
            for move in range(MOVES):
                query = f"a.ease.USA.goods={4 * who + move}&a.ease.us-potash-2021={who}"
                answer = browser.get(f"/part?{query}&shape={shape}")
                assert query_of(read_state(query)) in answer.text.replace("&amp;", "&")
                shown[query] = percent(answer.text)

    shown: dict[str, float] = {}
    with ThreadPoolExecutor(SESSIONS) as people:
        list(people.map(session, range(SESSIONS)))
    assert len(shown) == SESSIONS * MOVES
    for query in list(shown)[::13]:
        expected = (
            simulate(scenario_of(read_state(query).a))
            .outcome()
            .equilibrium.welfare.sel(country="BLR")
        )
        assert shown[query] == pytest.approx(float(expected), abs=6e-4)


def test_serving_is_local_unless_asked_otherwise(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    port = int(address.rsplit(":", 1)[1].strip("/"))
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("no /proc/net/tcp to see which addresses are listened on")
    rows = [line.split()[1] for line in listening.read_text().splitlines()[1:]]
    bound = {row.split(":")[0] for row in rows if row.endswith(f":{port:04X}")}
    assert bound == {"0100007F"}


def test_without_the_extra_the_reason_is_given() -> None:
    program = (
        "import sys; sys.modules['starlette.applications'] = None\n"
        "from detente.errors import MissingExtraError\n"
        "from detente.app.server import make_app\n"
        "try: make_app()\n"
        "except MissingExtraError as error: print(error)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert "detente[app]" in out.stdout


def test_importing_detente_brings_no_server() -> None:
    program = "import sys, json, detente; print(json.dumps([m for m in sys.modules]))"
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not {"starlette", "uvicorn", "jinja2"} & set(json.loads(out.stdout))
