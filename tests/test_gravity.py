"""Gravity on a user's panel: it finds what was put in, and what is on record."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detente import ScenarioError, load_case
from detente.cases.template import new_case
from detente.inference.gravity import Effects, Question, estimate_effects
from detente.inference.panel import Panel, read_panel
from detente.inference.strengths import ad_valorem, strengths_of

pytest.importorskip("pyfixest")

COUNTRIES = (
    "AUT BEL BRA CAN CHN DEU DNK ESP FIN FRA GBR IND ITA JPN KOR MEX NLD NOR POL SWE TUR USA "
    "ZAF RUS"
)
SENDERS = ["AUT", "BEL", "DEU", "FRA", "ITA", "NLD"]
SINCE = date(2015, 1, 1)
SHARED = Path(__file__).parents[2] / "shared" / "data" / "icio_panel"
"""Panel of the OECD, which may not be redistributed."""


def simulated(
    seed: int, effect: float, sectors: tuple[str, ...] = ("C20",), home: bool = True
) -> pd.DataFrame:
    """Trade by gravity, with noise, and a fall of the senders' exports to Russia."""
    rng = np.random.default_rng(seed)
    C, years = COUNTRIES.split(), range(2010, 2018)
    N, target = len(C), C.index("RUS")
    tables = []
    for sector in sectors:
        pair, size = rng.normal(3, 0.5, (N, N)), rng.normal(0, 0.7, N)
        for year in years:
            supply, demand = rng.normal(0, 0.3, (2, N))
            border = 0.05 * (year - years[0]) * (1 - np.eye(N))
            log = pair + (size + supply)[:, None] + (size + demand)[None, :] + border
            if year >= SINCE.year:
                log[[C.index(c) for c in SENDERS], target] += effect
            value = np.exp(log) * rng.gamma(20, 1 / 20, (N, N))
            index = pd.MultiIndex.from_product([C, C], names=["origin", "destination"])
            table = pd.DataFrame({"value": value.ravel()}, index).reset_index()
            tables.append(table.assign(year=year, sector=sector))
    panel = pd.concat(tables, ignore_index=True)
    return panel if home else panel[panel["origin"] != panel["destination"]]


def estimated(table: pd.DataFrame, **given: object) -> Effects:
    asked = {"senders": SENDERS, "target": "Russia", "since": SINCE, **given}
    return estimate_effects(Panel.of(table), Question(**asked))


@pytest.fixture(scope="module")
def fall() -> Effects:
    return estimated(simulated(3, -0.6))


# -- what was put in ----------------------------------------------------------------------------


def test_a_known_fall_is_found_within_two_standard_errors() -> None:
    found = [estimated(simulated(seed, -0.6)).effects.iloc[0] for seed in range(10)]
    off = np.array([(r["effect"] + 0.6) / r["se"] for r in found])
    assert (abs(off) < 2).sum() >= 9
    assert abs(np.mean([r["effect"] for r in found]) + 0.6) < 0.06


def test_a_measure_that_did_nothing_is_found_to_have_done_nothing() -> None:
    found = [estimated(simulated(seed, 0.0)).effects.iloc[0] for seed in range(40, 48)]
    assert sum(r["low"] <= 0 <= r["high"] for r in found) >= 6
    assert np.mean([r["pre_trend"] for r in found]) > 0.2


def test_imports_are_the_other_direction(fall: Effects) -> None:
    turned = simulated(3, -0.6).rename(columns={"origin": "destination", "destination": "origin"})
    found = estimated(turned, direction="imports").effects.iloc[0]
    np.testing.assert_allclose(found["effect"], fall.effects.iloc[0]["effect"], rtol=1e-5)


def test_a_panel_without_trade_at_home_will_do() -> None:
    row = estimated(simulated(5, -0.6, home=False)).effects.iloc[0]
    assert abs(row["effect"] + 0.6) < 2 * row["se"]


def test_sectors_of_a_group_share_one_effect() -> None:
    table = simulated(6, -0.6, ("C20", "C28"))
    found = estimate_effects(
        Panel.of(table),
        Question(SENDERS, "RUS", SINCE),
        {"both": ["chemicals", "machinery"], "machines": "machinery"},
    )
    assert found.sectors == {"both": ["C20", "C28"], "machines": ["C28"]}
    both, alone = found.effects.to_dict("records")
    assert both["flows"] == 2 * alone["flows"]
    assert abs(both["effect"] + 0.6) < 2 * both["se"]


def test_the_event_study_is_flat_before_and_down_after(fall: Effects) -> None:
    events = fall.events.set_index("period")["effect"]
    before, after = events.loc["2010":"2014"], events.loc["2015":]
    assert before.mean() == pytest.approx(0, abs=1e-12)
    assert after.mean() == pytest.approx(-0.6, abs=0.25)
    assert (fall.events["low"] <= fall.events["effect"]).all()


def test_units_do_not_matter(fall: Effects) -> None:
    table = simulated(3, -0.6)
    thousand = estimated(table.assign(value=table["value"] * 1e3)).effects.iloc[0]
    np.testing.assert_allclose(thousand["effect"], fall.effects.iloc[0]["effect"], rtol=1e-5)


def test_trade_lost_is_what_the_effect_took(fall: Effects) -> None:
    row = fall.effects.iloc[0]
    np.testing.assert_allclose(row["lost"], row["trade"] * (np.exp(-row["effect"]) - 1))


# -- strengths ----------------------------------------------------------------------------------


def test_a_strength_takes_away_the_trade_that_was_lost() -> None:
    theta, share = np.array([3.0, 8.0]), np.array([0.4, 0.6])
    for effect in (-2.0, -0.3, 0.0, 0.2):
        cost = ad_valorem(effect, theta, share)
        np.testing.assert_allclose(share @ (1 + cost) ** -theta, np.exp(effect))


def test_a_ban_is_read_in_the_long_run_and_a_price_at_its_horizon(fall: Effects) -> None:
    ban = strengths_of(fall, theta=5.0, horizon="first-year").table.iloc[0]
    effect = fall.effects.iloc[0]["effect"]
    assert ban["central"] == pytest.approx(np.exp(-effect / 5) - 1)
    price = strengths_of(fall, theta=5.0, horizon="first-year", kind="finance").table.iloc[0]
    assert price["central"] == pytest.approx(np.exp(-effect / (5 * 0.38)) - 1)
    assert ban["low"] < ban["central"] < ban["high"]
    with pytest.raises(ScenarioError, match="kind 'price-cap' cannot be estimated"):
        strengths_of(fall, kind="price-cap")


def test_the_measures_are_ready_for_a_case_file(fall: Effects, tmp_path: Path) -> None:
    new_case(tmp_path / "mine")
    path = tmp_path / "mine" / "measures.yaml"
    found = strengths_of(fall)
    path.write_text(path.read_text(encoding="utf-8") + found.yaml(), encoding="utf-8")
    (name,) = found.measures()
    measure = load_case(tmp_path / "mine").measures[name]
    row = found.table.iloc[0]
    assert (measure.senders, measure.target, measure.kind) == (SENDERS, "RUS", "export-ban")
    assert measure.sectors == ["C20"]
    assert measure.start == SINCE
    assert measure.ave is not None
    assert measure.ave.central == pytest.approx(row["central"], abs=1e-4)
    assert "Structural gravity" in measure.ave_source


def test_no_measure_is_written_where_trade_rose() -> None:
    found = strengths_of(estimated(simulated(3, 0.6)))
    assert found.table.iloc[0]["central"] < 0
    assert found.measures() == {}
    assert found.yaml() == ""


# -- panels that do not do ----------------------------------------------------------------------


def test_names_of_countries_and_months_are_read() -> None:
    table = pd.DataFrame(
        {"month": ["2014-08"], "origin": ["Burma"], "destination": ["UK"], "value": ["2"]}
    )
    panel = Panel.of(table)
    assert panel.flows.loc[0, ["origin", "destination"]].tolist() == ["MMR", "GBR"]
    assert panel.label(panel.period_of(date(2014, 8, 31))) == "2014-08"


@pytest.mark.parametrize(
    ("row", "column", "value", "words"),
    [
        (3, "value", "many", "row 5: value 'many' is not a number of 0 or more"),
        (0, "value", "-1", "row 2: value '-1' is not a number"),
        (2, "year", "20I4", "row 4: year '20I4' is not written as 2014"),
        (1, "origin", "", "row 3: no origin"),
    ],
)
def test_a_wrong_cell_is_named(
    tmp_path: Path, row: int, column: str, value: str, words: str
) -> None:
    table = simulated(1, 0.0).astype(str)
    table.loc[row, column] = value
    path = tmp_path / "trade.csv"
    table.to_csv(path, index=False)
    with pytest.raises(ScenarioError, match=f"trade.csv: {words}"):
        read_panel(path)


def test_a_missing_column_and_a_flow_twice_are_named() -> None:
    table = simulated(1, 0.0)
    with pytest.raises(ScenarioError, match="no column `value`.*it has .*values"):
        Panel.of(table.rename(columns={"value": "values"}))
    with pytest.raises(ScenarioError, match="row 4610: the flow AUT to AUT, C20, 2010 stands"):
        Panel.of(pd.concat([table, table.head(1)], ignore_index=True))


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_files_of_every_kind_say_the_same(tmp_path: Path, kind: str) -> None:
    table = simulated(1, 0.0).head(600)
    path = tmp_path / f"trade.{kind}"
    if kind == "xlsx":
        pytest.importorskip("openpyxl")
        table.to_excel(path, index=False)
    else:
        getattr(table, f"to_{kind}")(path, index=False)
    pd.testing.assert_frame_equal(read_panel(path).flows, Panel.of(table).flows)


def test_rows_that_are_absent_may_be_zeros() -> None:
    table = simulated(1, 0.0)
    panel = Panel.of(table.drop(index=[0, 700])).with_zeros()
    assert len(panel.flows) == len(table)
    assert (panel.flows["value"] == 0).sum() == 2


@pytest.mark.parametrize(
    ("keep", "asked", "words"),
    [
        ("year >= 2014", {}, "1 periods before 2015"),
        ("year < 2015", {}, "0 from then on"),
        ("destination != 'RUS' or year >= 2015", {}, "no trade before 2015"),
        ("destination != 'RUS' or year < 2015", {}, "none is left from 2015 on.*`ban: true`"),
        (
            "origin in ['DEU', 'RUS'] and destination in ['DEU', 'RUS']",
            {},
            r"no trade of 'AUT' \(AUT\) in this panel",
        ),
        ("year > 0", {"target": "Syria"}, r"no trade of 'Syria' \(SYR\)"),
        ("year > 0", {"senders": ["RUS"]}, "RUS both among senders and targets"),
        ("year > 0", {"senders": "EAEU", "target": "DEU"}, None),
    ],
)
def test_a_panel_that_does_not_show_the_measure_is_refused(
    keep: str, asked: dict[str, object], words: str | None
) -> None:
    table = simulated(1, 0.0).query(keep)
    if words is None:
        assert estimated(table, **asked).effects.iloc[0]["pairs"] == 1
        return
    with pytest.raises(ValueError, match=words):
        estimated(table, **asked)


def test_few_bystanders_are_told() -> None:
    from detente.report.estimate_tables import remarks

    some = [*SENDERS, "RUS", "CHN", "IND", "BRA"]
    table = simulated(1, -0.6)
    table = table[table["origin"].isin(some) & table["destination"].isin(some)]
    found = strengths_of(estimated(table))
    assert np.isnan(found.found.effects.iloc[0]["placebo"])
    assert any("too few bystanders for placebos" in words for words in remarks(found))


# -- the record ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oecd() -> pd.DataFrame:
    if not SHARED.exists():
        pytest.skip("the OECD's panel of 2011 to 2021 is not beside the repository")
    tables = []
    for year in range(2011, 2022):
        with np.load(SHARED / f"{year}.npz") as stored:
            labels = [stored["countries"], stored["countries"], stored["sectors"]]
            index = pd.MultiIndex.from_product(labels, names=["origin", "destination", "sector"])
            value = np.maximum(stored["trade"].astype(float).ravel(), 0)
        tables.append(pd.DataFrame({"value": value}, index).reset_index().assign(year=year))
    return pd.concat(tables, ignore_index=True).query("sector != 'Services (aggregate)'")


WEST = ("EU27", "USA", "CAN", "AUS", "NOR", "JPN", "CHE", "UKR", "NZL", "ISL", "GBR")


def test_exports_lost_to_russia_are_of_the_size_that_is_published(oecd: pd.DataFrame) -> None:
    """Crozet and Hinz (2020), Economic Policy 35(101): 42 billion dollars by the end of 2015."""
    goods = oecd.groupby(["year", "origin", "destination"], as_index=False)["value"].sum()
    found = estimated(
        goods.query("year <= 2015"), senders=list(WEST), since=date(2014, 3, 17)
    ).effects.iloc[0]
    assert 42e3 / 2 < found["lost"] < 42e3 * 2
    lost = found["trade"] * np.expm1(-found[["high", "low"]].to_numpy(float))
    assert lost[0] < 42e3 < lost[1]


def test_food_under_embargo_fell_by_half(oecd: pd.DataFrame) -> None:
    food = oecd.query("sector == 'C10T12'")
    others = tuple(c for c in WEST if c != "EU27")
    found = estimated(food, senders="the EU", since=date(2014, 8, 7), apart=others)
    row = found.effects.iloc[0]
    assert row["pairs"] == 27
    assert row["high"] < 0
    assert np.expm1(row["effect"]) == pytest.approx(-0.5, abs=0.15)


# -- the command line ---------------------------------------------------------------------------


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detente", "estimate", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def panel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("panel") / "trade.csv"
    simulated(3, -0.6, ("C20", "C28")).to_csv(path, index=False)
    return path


def test_the_command_prints_and_writes_everything(panel_file: Path, tmp_path: Path) -> None:
    asked = ["--senders", ",".join(SENDERS), "--target", "Russia", "--since", "2015-01-01"]
    out, file = tmp_path / "charts", tmp_path / "measures.yaml"
    done = run(
        panel_file, *asked, "--sectors", "chemicals,machinery", "-o", out, "--measures", file
    )
    assert done.returncode == 0, done.stderr
    for words in ("Event study", "ad-valorem equivalents", "90 percent band", "kind: export-ban"):
        assert words in done.stdout
    assert "<svg" in (out / "estimate.svg").read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8") in done.stdout
    found = json.loads(run(panel_file, *asked, "--json").stdout)
    assert set(found) == {"effects", "events", "strengths", "measures", "manifest", "units"}
    assert found["manifest"]["panel"] == "trade.csv"


def test_the_command_tells_what_is_wrong(panel_file: Path, tmp_path: Path) -> None:
    asked = ["--senders", "DEU", "--target", "Syria", "--since", "2015-01-01"]
    done = run(panel_file, *asked)
    assert done.returncode == 2
    assert "trade.csv: no trade of 'Syria' (SYR) in this panel" in done.stderr
    missing = run(tmp_path / "none.csv", *asked)
    assert missing.returncode == 1
    assert "none.csv" in missing.stderr
    other = run(tmp_path / "none.dta", *asked)
    assert other.returncode == 2
    assert "a panel is read from .csv, .parquet, .xlsx" in other.stderr
