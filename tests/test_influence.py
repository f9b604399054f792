"""Influence: dependence through the supply chain, cut-offs, second best, before and after."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from detente import Equilibrium, ScenarioError, WorldError, solve
from detente.analysis.influence import Influence, influence
from detente.analysis.sensitivity import Design
from detente.cases import Case, load_case
from detente.equilibrium.value_chains import ValueChains
from detente.policy.scenario import Scenario
from detente.simulation.about import About
from detente.simulation.evaluation import BAND, Evaluator, Quantity
from detente.simulation.outcome import Outcome
from detente.simulation.run import simulate
from test_command_line import detente
from worlds import ease_and_protect, make_world

DRAWN = 6


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("belarus-2025")


@pytest.fixture(scope="module")
def told(case: Case) -> Influence:
    scenario, partners = case.scenario("us-eu-all"), ["RUS", "EU27"]
    return influence("Belarus", scenario, partners, case=case, draws=DRAWN)


@pytest.fixture(scope="module")
def held(told: Influence) -> xr.Dataset:
    return told.data


def cut_off(
    scenario: Scenario, country: str, partner: str
) -> tuple[Outcome, Equilibrium, Equilibrium]:
    """A scenario, and its status quo and outcome with a country cut off from a partner."""
    outcome = simulate(scenario, cut_offs=[(country, (partner,))]).outcome()
    before, after = (
        Equilibrium(outcome.before, e, scenario.deficits, 1e-9)
        for e in outcome.cut_off(country, [partner])
    )
    return outcome, before, after


def leontief(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, ValueChains]:
    """Input coefficients A, value added v and final demand of an equilibrium, in full matrices."""
    world = make_world(seed, countries=4, sectors=3)
    e = solve(world, ease_and_protect(world, 0.8))
    shares = e.pi_after.values / (1 + e.tariff_after.values)
    N, _, J = shares.shape
    d = world.data
    G = (1 - d["beta"].values)[:, None, :] * d["gamma"].values
    A = np.einsum("nij,njk->ijnk", shares, G).reshape(N * J, N * J)
    spent = d["alpha"].values * e.after.I
    final = np.einsum("nij,nj->ijn", shares, spent).reshape(N * J, N)
    return A, d["beta"].values.ravel(), final, ValueChains(e.after, "C1")


@pytest.mark.parametrize("seed", range(5))
def test_value_chains_are_the_leontief_inverse(seed: int) -> None:
    A, v, final, chains = leontief(seed)
    size, mine = len(v), np.repeat(np.arange(4), 3)
    inverse = np.linalg.inv(np.eye(size) - A)
    absorbed = (v * (mine == 1)) @ inverse @ final
    np.testing.assert_allclose(chains.absorbed(), absorbed, rtol=1e-9)
    bought = v * (inverse @ final[:, 1])
    by_country = np.bincount(mine, bought)
    np.testing.assert_allclose(chains.consumed(), by_country / by_country.sum(), rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_what_passes_through_a_partner_is_what_is_lost_without_it(seed: int) -> None:
    A, v, final, chains = leontief(seed)
    mine = np.repeat(np.arange(4), 3)
    source = v * (mine == 1)
    whole = (source @ np.linalg.inv(np.eye(len(v)) - A) @ final).sum()
    without = A.copy()
    without[:, mine == 2] = 0
    left = (source @ np.linalg.inv(np.eye(len(v)) - without) @ final)[[0, 1, 3]].sum()
    second, third, both = chains.passing([np.array(n) for n in ([2], [3], [2, 3])])
    assert second == pytest.approx(1 - left / whole, rel=1e-9)
    assert second >= chains.absorbed()[2] / chains.absorbed().sum()
    assert max(second, third) <= both <= second + third + 1e-12


def test_the_value_added_absorbed_is_all_there_is(case: Case) -> None:
    before = simulate(case.scenario("us-goods")).before
    absorbed = ValueChains(before, "BLR").absorbed()
    n = before.economy.world.countries.index("BLR")
    assert absorbed.sum() == pytest.approx(before.value_added[n, 0], rel=1e-6)


def test_shares_are_shares_of_trade(case: Case, held: xr.Dataset) -> None:
    trade = simulate(case.scenario("us-goods")).outcome().equilibrium.trade["before"]
    exports = trade.sum("sector").sel(origin="BLR").drop_sel(destination="BLR")
    share = 100 * float(exports.sel(destination="RUS") / exports.sum())
    before = held.sel(when="before")
    assert float(before["exports_share"].sel(partner="RUS")) == pytest.approx(share)
    assert float(before["hhi_exports"]) == pytest.approx(
        float(((exports / exports.sum()) ** 2).sum())
    )
    members = [c for c in held["partner"].values if c in ("POL", "DEU", "LTU")]
    assert float(before["trade_share"].sel(partner="EU27")) > float(
        before["trade_share"].sel(partner=members).sum()
    )


def test_a_cut_is_the_ban_on_top_of_the_policy(case: Case, held: xr.Dataset) -> None:
    after, _, cut = cut_off(case.scenario("us-eu-all"), "BLR", "RUS")
    flows = cut.trade["after"].sum("sector")
    assert float(flows.sel(origin="BLR", destination="RUS")) == 0
    assert float(flows.sel(origin="RUS", destination="BLR")) == 0
    welfare = [float(e.welfare.sel(country="BLR")) for e in (after.equilibrium, cut)]
    loss = 100 * ((100 + welfare[1]) / (100 + welfare[0]) - 1)
    row = held.sel(when="after", partner="RUS")
    assert float(row["cut_off"]) == pytest.approx(loss, abs=1e-7)
    moved = (cut.trade["after"] - after.equilibrium.trade["after"]).sum("sector")
    second = str(row["second"].item())
    gained = moved.sel(origin="BLR", destination=second) + moved.sel(
        origin=second, destination="BLR"
    )
    assert float(row["second_usd"]) == pytest.approx(float(gained), rel=1e-5)


def test_a_routed_lane_that_is_cut_takes_its_hubs(case: Case) -> None:
    outcome, cut, _ = cut_off(case.scenario("us-goods"), "RUS", "USA")
    flow = cut.trade["after"].sel(origin="USA", destination="RUS")
    goods = [outcome.world.sectors[j] for j in outcome.routed[0].trade.block[0]]
    assert float(flow.sel(sector=goods).sum()) > 0
    assert float(flow.drop_sel(sector=goods).sum()) == 0
    assert float(cut.welfare.sel(country="RUS")) < 0


def test_without_routes_a_cut_is_complete(case: Case) -> None:
    scenario = case.scenario("us-goods").model_copy(update={"routes": None})
    outcome, cut, _ = cut_off(scenario, "RUS", "USA")
    assert not outcome.routed
    assert float(cut.trade["after"].sel(origin="USA", destination="RUS").sum()) == 0


def test_a_cut_that_was_not_announced_is_refused(case: Case) -> None:
    with pytest.raises(ScenarioError, match="name the cut-off"):
        simulate(case.scenario("us-goods")).outcome().cut_off("BLR", ["RUS"])


def test_easing_loosens_russias_hold_on_trade(told: Influence, held: xr.Dataset) -> None:
    russia = held.sel(partner="RUS")
    for sense in ("trade_share", "exports_share", "passing", "absorbed"):
        assert float(russia[sense].sel(when="after")) < float(russia[sense].sel(when="before"))
    assert float(held["cut_off"].max()) < 0
    said = told.answer("RUS")
    assert "US and EU ease, all: the hold of RUS on BLR weakens in trade" in said
    assert (
        f"{-float(russia['cut_off'].sel(when='before')):.2f} percent of real income before" in said
    )


def test_exposure_ranks_as_the_cuts_do(held: xr.Dataset) -> None:
    before = held.sel(when="before")
    assert before["exposure"].idxmin("partner").item() == before["cut_off"].idxmin("partner").item()
    assert float(before["exposure"].max()) < 0


def test_a_scenario_that_changes_nothing_leaves_influence(case: Case) -> None:
    same = case.scenario("us-all").model_copy(update={"lift": []})
    found = influence("BLR", same, ["RUS"])
    for name in ("trade_share", "passing", "cut_off", "exposure"):
        np.testing.assert_allclose(found.data[name][0], found.data[name][1], atol=1e-6)
    assert found.answer("RUS").count("stays as it is") == 3


def test_a_partner_with_whom_there_is_no_trade_left_takes_nothing(case: Case) -> None:
    held = influence("BLR", case.scenario("embargo-all"), ["USA"]).data.sel(partner="USA")
    assert float(held["trade_share"].sel(when="after")) == 0
    assert abs(float(held["cut_off"].sel(when="after"))) < 1e-6
    assert np.isfinite(held["recovered"].sel(when="before"))
    assert np.isnan(held["recovered"].sel(when="after"))


def test_influence_in_draws_is_what_claims_measure(case: Case, told: Influence) -> None:
    """The same draws, metrics and cut-offs as those that claims about influence are put to."""
    about = About(country="BLR", partner=["RUS"])
    wanted = [Quantity(metric, about, "us-eu-all") for metric in ("trade-share", "influence")]
    evaluator = Evaluator(case.spelled_out(), case.assumptions, wanted)
    drawn = evaluator.evaluate(Design(evaluator.space, DRAWN, 0).joint)
    assert told.certainty is not None
    for sense, values in zip(("trade_share", "cut_off"), drawn.T, strict=True):
        row = told.certainty.loc[(sense, "RUS")]
        found = row[["low", "median", "high"]].to_numpy(float)
        np.testing.assert_allclose(found, np.quantile(values, BAND), rtol=1e-6)
        assert row["falls"] == np.mean(values < 0)
    assert set(told.certainty.loc["trade_share"].index) == set(told.data["partner"].values)
    assert list(told.certainty.loc["cut_off"].index) == ["RUS"]
    assert f"In {DRAWN} draws its share in trade changes by" in told.answer()
    assert "what being cut off" not in told.answer("EU27")


def test_nothing_is_drawn_where_nothing_is_uncertain(case: Case) -> None:
    scenario, sure = case.scenario("us-all"), case.model_copy(update={"assumptions": {}})
    for found in (
        influence("BLR", scenario),
        influence("BLR", scenario, case=case, draws=0),
        influence("BLR", scenario, case=sure),
    ):
        assert found.certainty is None
        assert "draws" not in found.answer()
        assert "draws" not in found.manifest
        assert set(found.tables()) == {"influence", "of_target"}


def test_bad_input_is_refused(case: Case) -> None:
    scenario = case.scenario("us-all")
    with pytest.raises(ScenarioError, match="no partner of itself"):
        influence("BLR", scenario, ["Belarus"])
    with pytest.raises(ScenarioError, match="not a group"):
        influence("EU27", scenario)
    with pytest.raises(WorldError, match="did you mean 'BLR'"):
        influence("BLRR", scenario)


def test_the_command_tells_and_draws(tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="charts need the extra detente[report]")
    done = detente(
        "influence", "BLR", "--scenario", "us-all", "-o", str(tmp_path / "out"), "--format", "svg",
        "--draws", "4", "--store", str(tmp_path / "draws"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in ("In 4 draws its share in trade changes by", "what being cut off would cost"):
        assert words in " ".join(done.stdout.split())
    for words in ("China", "EU", "second best", "cut off", "the hold of Russia on Belarus"):
        assert words in done.stdout
    assert "Influence over Belarus" in (tmp_path / "out" / "influence.svg").read_text(
        encoding="utf-8"
    )


def test_the_command_prints_json() -> None:
    done = detente("influence", "BLR", "--scenario", "us-all", "--draws", "0", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert "certainty" not in document
    assert "the hold of RUS on BLR" in document["answer"]
    assert document["manifest"]["fingerprint"]
    rows = {(r["when"], r["partner"]): r for r in document["influence"]}
    assert rows["before", "RUS"]["cut_off"] < rows["before", "CHN"]["cut_off"] < 0


def test_the_command_writes_the_tables_it_prints(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs the extra detente[parquet]")
    c, p = tmp_path / "c", tmp_path / "p"
    done = detente(
        "influence", "BLR", "--scenario", "us-all", "--json", "--csv", str(c), "--parquet", str(p),
        "--draws", "4", "--store", str(tmp_path / "draws"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    files = {"influence.csv", "of_target.csv", "certainty.csv", "manifest.json"}
    assert {path.name for path in c.iterdir()} == files
    assert all(f"wrote {c / name}" in done.stderr for name in files)
    for name in ("influence", "of_target", "certainty"):
        written = pd.read_csv(c / f"{name}.csv")
        pd.testing.assert_frame_equal(written, pd.read_parquet(p / f"{name}.parquet"))
        printed = pd.DataFrame(document[name])
        pd.testing.assert_frame_equal(written, printed, rtol=1e-9, atol=1e-9)
    manifest = json.loads((c / "manifest.json").read_text())
    assert manifest == {**document["manifest"], "units": document["units"]}
    assert (manifest["target"], manifest["scenario"]) == ("BLR", document["scenario"])


def test_the_command_refuses_an_unknown_scenario() -> None:
    done = detente("influence", "BLR", "--scenario", "us-alle")
    assert done.returncode == 2
    assert "us-all" in done.stderr
    assert "Traceback" not in done.stderr
