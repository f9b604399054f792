"""A commodity's market in a case, as a reader of report and page gets it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detente.analysis.commodity import OTHERS, Commodity, commodities_of, commodity
from detente.app.address import read_state
from detente.app.views.files import report_html
from detente.cases import Case, load_case
from detente.cases.template import new_case
from detente.errors import ScenarioError
from detente.report import commodity_charts, commodity_words
from detente.report.commodity_tables import record_sheet, sheets
from detente.simulation.about import About
from detente.simulation.evaluation import Quantity
from detente.simulation.metrics import METRICS
from detente.simulation.run import Simulation, simulate


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("belarus-2025")


@pytest.fixture(scope="module")
def simulation(case: Case) -> Simulation:
    return simulate(case)


@pytest.fixture(scope="module")
def found(case: Case, simulation: Simulation) -> Commodity:
    draws = np.linspace(-40.0, -20.0, 101)
    asked = Quantity("rents", About(country="RUS", sectors=["potash"]), "us-potash-klaipeda")
    return commodity(case, "potash", simulation=simulation, samples=[(asked, draws)])


def one(table: pd.DataFrame, scenario: str, country: str) -> pd.Series:
    return table.set_index(["scenario", "country"]).loc[(scenario, country)]


def test_relief_is_worth_more_with_the_port_open_and_russian_ports_lose(found: Commodity) -> None:
    gain = found.worth.set_index("scenario")["gain"]
    assert 0 < gain["us-potash"] < gain["klaipeda"] < gain["us-potash-klaipeda"]
    assert gain["us-potash-klaipeda"] - gain["klaipeda"] > gain["us-potash"]
    for scenario in ("klaipeda", "us-potash-klaipeda"):
        russia, lithuania = (one(found.owners, scenario, c) for c in ("RUS", "LTU"))
        assert russia["after"] < 0.5 * russia["before"]
        assert lithuania["before"] == 0 < lithuania["after"]
        for rival in (*found.market.rivals, OTHERS):
            mine = one(found.supply, scenario, rival)
            assert mine["rents_after"] < mine["rents_before"]
        for buyer in ("BRA", "IND"):
            assert one(found.buyers, scenario, buyer)["bill"] < 0


def test_the_tables_hang_together(found: Commodity, simulation: Simulation) -> None:
    o = simulation.outcome("us-potash-klaipeda")
    j = o.world.sectors.index("potash")
    supply = found.supply[found.supply["scenario"] == "us-potash-klaipeda"]
    assert supply["output_after"].sum() == pytest.approx(o.after.Y[j].sum())
    own = supply.iloc[0]
    volume = 1 + own["quantity_percent"] / 100
    price = 1 + own["price_percent"] / 100
    assert volume * price == pytest.approx(own["output_after"] / own["output_before"])
    carried = found.ways.groupby("scenario")[["before", "after"]].sum()
    worth = found.worth.set_index("scenario")
    for when in ("before", "after"):
        paid = worth[f"overseas_{when}"]
        assert carried[when].to_numpy() == pytest.approx(paid[carried.index].to_numpy())
        assert (worth[f"way_{when}"] < 0.15 * paid).all()
        assert (worth[f"way_{when}"] > 0).all()


def test_what_the_mine_earns_is_the_equilibriums(found: Commodity, simulation: Simulation) -> None:
    rents = simulation.outcome("us-potash").equilibrium.rents.sel(country="BLR", sector="potash")
    row = one(found.supply, "us-potash", "BLR")
    assert row["rents_before"] == pytest.approx(float(rents["before"]))
    assert row["rents_after"] == pytest.approx(float(rents["after"]))


@pytest.mark.parametrize("metric", ["output-volume", "seller-price", "buyers-bill", "rents"])
def test_metrics_of_a_group_lie_between_those_of_its_members(
    simulation: Simulation, metric: str
) -> None:
    o = simulation.outcome("us-potash-klaipeda")
    found = {
        c: float(METRICS[metric].compute(o, About(country=c, sectors=["potash"]))[0])
        for c in ("RUS", "KAZ", "BLR", "ARM", "KGZ", "EAEU")
        if c == "EAEU" or c in o.world.countries
    }
    together = found.pop("EAEU")
    if METRICS[metric].unit == "million USD":
        assert together == pytest.approx(sum(found.values()))
    else:
        known = [v for v in found.values() if not np.isnan(v)]
        assert min(known) < together < max(known)


def test_rents_are_zero_where_no_factor_is_fixed(simulation: Simulation) -> None:
    o = simulation.outcome("us-potash")
    assert METRICS["rents"].compute(o, About(country="BLR", sectors=["K"]))[0] == 0


def test_scenarios_about_the_commodity_alone(found: Commodity) -> None:
    assert found.alone == ["us-potash", "klaipeda", "us-potash-klaipeda"]


def test_sentences_say_the_numbers_with_names(found: Commodity, case: Case) -> None:
    said = " ".join(
        [*commodity_words.sentences(found, case), *commodity_words.parties(found, case)]
    )
    gain = found.worth.set_index("scenario")["gain"]
    assert f"{gain['us-potash']:.0f} million dollars if “US eases, potash”" in said
    more = gain["us-potash-klaipeda"] - gain["klaipeda"]
    assert f"{more:.0f} million dollars more where “Klaipeda reopens to potash”" in said
    assert "what mine owners of Russia earn changes by −30 (−39 to −21) million dollars" in said
    assert "Fees of those who own the ways change: Russia −" in said
    assert not re.search(r"\b(BLR|RUS|USA|LTU|us-potash)\b|nan|-\d", said)


def test_the_record_stands_beside_the_model_and_disagreement_is_told(found: Commodity) -> None:
    record = found.record.set_index("title")
    mine = record.loc["Mine output of Belarus"]
    assert mine["record_percent"] == pytest.approx(100 * (6.5 / 7.75 - 1))
    assert mine["record_percent"] < mine["model_percent"] < 0
    american = record.loc["Belarusian potash bought by the United States"]
    assert american["model_free"] == pytest.approx(314, rel=0.3)
    told = commodity_words.disagreements(found)
    assert any("Mine output of Belarus: −16 percent on record" in words for words in told)
    assert not any("American" in words for words in told)
    sheet = record_sheet(found)
    assert sheet is not None
    assert all(len(row) == len(sheet.heads) for row in sheet.rows)


def test_every_scenario_has_a_row_beside_the_status_quo(found: Commodity) -> None:
    for sheet in sheets(found):
        assert [row[0] for row in sheet.rows] == ["Status quo", *found.titles.values()]
        assert {len(row) for row in sheet.rows} == {len(sheet.heads)}
        assert not any("nan" in cell for row in sheet.rows for cell in row)


def test_charts_have_words(found: Commodity) -> None:
    altair = pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    from detente.report.charts import svg

    for draw in (commodity_charts.earners_chart, commodity_charts.ways_chart):
        chart = draw(found)
        assert isinstance(chart, altair.TopLevelMixin)
        assert "Klaipeda" in chart.description
        assert "Klaipeda" in svg(chart)


def test_it_is_written_as_every_result_is(found: Commodity, tmp_path: Path) -> None:
    written = found.to_csv(tmp_path)
    assert {p.name for p in written} >= {"worth.csv", "supply.csv", "ways.csv", "manifest.json"}
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    assert document["exporter"] == "BLR"
    assert document["titles"]["klaipeda"] == "Klaipeda reopens to potash"


def test_the_page_shows_the_market_of_both_scenarios() -> None:
    address = "a.start=belarus-2025/us-potash&b.start=belarus-2025/us-potash-klaipeda"
    page = unescape(report_html(read_state(address)))
    table = page.split('id="potash-heading"')[1].split("</section>")[0]
    rows = re.findall(r'<th scope="row">([^<]+)</th>((?:<td>.*?</td>)+)', table)
    numbers = {label: re.findall("<td>(.*?)</td>", cells) for label, cells in rows}
    assert numbers["Railway to Klaipeda"][0] == "0"
    assert re.match(r'\+2,\d+ <small class="band">\(\+', numbers["Railway to Klaipeda"][4])
    assert {len(cells) for cells in numbers.values()} == {6}
    assert "Brazil" in numbers
    assert "BRA" not in table


def test_without_a_commodity_nothing_of_it_is_shown(tmp_path: Path) -> None:
    new_case(tmp_path / "mine")
    case = load_case(tmp_path / "mine")
    assert commodities_of(simulate(case).world) == []
    assert "who earns and who pays" not in report_html(read_state("a.start=nothing"))


@pytest.mark.parametrize(
    ("metric", "message"),
    [("rents", "in million USD; name one in percent"), ("outputs", "unknown metric 'outputs'")],
)
def test_a_fact_that_has_no_like_in_the_model_is_refused(
    tmp_path: Path, metric: str, message: str
) -> None:
    new_case(tmp_path / "mine")
    (tmp_path / "mine" / "record.yaml").write_text(
        "mines:\n"
        "  title: Mines\n"
        "  unit: tonnes\n"
        f"  metric: {metric}\n"
        "  parameters: {country: BLR}\n"
        '  free: {"2021": 7.75}\n'
        "  source: A report.\n"
    )
    with pytest.raises(ScenarioError, match=re.escape(message)) as error:
        load_case(tmp_path / "mine")
    assert "record.yaml:1" in str(error.value)
