"""Circumvention: route shares, composite costs, margins, leakage and its calibration."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from detente import ScenarioError, World, WorldError
from detente.analysis.channels import (
    CHANNELS,
    Channels,
    enforcement,
)
from detente.analysis.leakage import leakage
from detente.analysis.sensitivity import Design
from detente.cases import load_case
from detente.policy.compile import Compiler
from detente.policy.parameters import Parameters
from detente.policy.routes import HUB_SHARE
from detente.policy.scenario import Scenario
from detente.report.tables import leakage_sentence
from detente.simulation.about import About
from detente.simulation.evaluation import BAND, Evaluator, Quantity
from detente.simulation.leakage import Leakage
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, simulate
from worlds import arrays

WEST = ["USA", "GBR", "EU27"]
HUBS = ["BLR", "KAZ", "TUR", "ARE", "CHN", "HKG"]
BAN = {"senders": WEST, "target": "RUS", "kind": "export-ban", "sectors": ["goods"], "ban": True}


def scenario(origins: list[str] = WEST, hubs: list[str] = HUBS, **fields: Any) -> Scenario:
    """Routes to Russia on a day before any sanction of the register on it."""
    lanes = [{"origins": origins, "destinations": "RUS"}]
    routes = {"hubs": hubs, "lanes": lanes, **fields.pop("routes", {})}
    return Scenario(title="routes", status_quo="2013-12-31", routes=routes, **fields)


def simulated(what: Scenario, tolerance: float = 1e-9) -> Simulation:
    """A scenario of 2013 on the trade of 2022 as if that had been then."""
    world = World(what.load_world().data.assign_attrs(year=2013))
    compiler = Compiler(world, {"routes": what})
    return Simulation(compiler, Parameters.central(what, world), tolerance)


@pytest.fixture(scope="module")
def embargo() -> Outcome:
    routes = {"hub_share": HUB_SHARE}
    return simulated(scenario(impose=[BAN], routes=routes), tolerance=1e-11).outcome()


def leak_of(found: Outcome) -> Leakage:
    assert found.leakage is not None
    return found.leakage


@settings(max_examples=10, deadline=None)
@given(st.floats(0.6, 3), st.floats(0.001, 0.2), st.floats(0.7, 1.5))
def test_composite_costs_and_shares_follow_the_equations(
    factor: float, hub_share: float, leg: float
) -> None:
    costs = [
        {"origins": "DEU", "destinations": n, "factor": f}
        for n, f in (("RUS", factor), ("BLR", leg))
    ]
    routes = {"hub_share": hub_share, "enforcement": {"KAZ": 1.1}}
    compiled = simulated(scenario(["DEU"], ["BLR", "KAZ"], costs=costs, routes=routes)).compiled
    changed = compiled.scenario("routes")
    (routed,) = compiled.routed(changed)
    before, after = routed.before[:, :, 0, 0, 0], routed.after[:, :, 0, 0, 0]
    np.testing.assert_allclose(before.sum(0), 1)
    np.testing.assert_allclose(after.sum(0), 1)
    sectors = routed.trade.block[0]
    vartheta = 1.5 * compiled.compiler.world.data["theta"].values[sectors]
    kappa_r = np.array([factor, leg, 1.1])[:, None]
    total = (before * kappa_r**-vartheta).sum(0)
    kappa = total ** (-1 / vartheta)
    np.testing.assert_allclose(routed.kappa[:, 0, 0, 0], kappa)
    np.testing.assert_allclose(after, before * kappa_r**-vartheta / total)
    rows = compiled.compiler.places[0].direct[:, 0, 0]
    policy = compiled.policy(changed, [routed])
    np.testing.assert_allclose(np.exp(policy.log_d[rows, 0]), kappa)


def test_the_hub_share_is_what_was_asked_for(embargo: Outcome) -> None:
    (routed,) = embargo.routed
    through, flows = 1 - routed.before[0, ..., 0], routed.trade.flows
    assert (through * flows).sum() / flows.sum() == pytest.approx(HUB_SHARE, rel=1e-6)


def test_no_change_with_routes_is_the_identity() -> None:
    found = simulated(scenario()).outcome().equilibrium
    assert float(abs(found.hats["real_income_hat"] - 1).max()) < 1e-12


def test_margins_balance(embargo: Outcome) -> None:
    found, leak = embargo.equilibrium, leak_of(embargo)
    s = arrays(found)
    assert float(leak.margins.sum()) == pytest.approx(s.H.sum())
    assert s.H.sum() > 0
    sold = found.trade["after"].sum("destination").values
    np.testing.assert_allclose((sold - s.Y).sum(), s.H.sum(), rtol=1e-6)
    spending = s.X.sum() - np.einsum("nj,nj->", 1 - found.world.data["beta"].values, s.Y)
    assert spending == pytest.approx(s.I.sum(), rel=1e-9)
    (routed,) = embargo.routed
    flows = leak.flows[0]["after"].sum("route").values
    entering = 1 - embargo.simulation.parameters.false_transit[0]
    rise = (0.10 * entering * (routed.after - routed.before)[1:, ..., 0] * flows).sum((1, 2, 3))
    np.testing.assert_allclose(rise, leak.margins.values, rtol=1e-6)


def test_customs_record_both_legs(embargo: Outcome) -> None:
    leak = leak_of(embargo)
    seen = leak.customs()
    by_hub = leak.by_route()["after"].drop("direct").sum()
    extra = float(seen["recorded_after"].sum() - seen["true_after"].sum())
    assert extra == pytest.approx(by_hub, rel=1e-9)
    west = list(leak.flows[0]["origin"].values)
    direct = seen["recorded_after"].sel(origin=west, destination="RUS", sector="C28")
    assert float(direct.sum()) == pytest.approx(0, abs=1e-6)
    assert float(seen["true_after"].sel(origin=west, destination="RUS", sector="C28").sum()) > 0


def test_the_published_offset_is_that_of_its_hub_share(embargo: Outcome) -> None:
    assert leak_of(embargo).offset_ratio() == pytest.approx(0.05, abs=0.005)
    near = embargo.simulation.varied(hub_share=HUB_SHARE * np.array([0.95, 1.05]))
    low, high = near.outcome("routes").measure("offset-ratio", About())
    assert low < 0.05 < high


def test_trials_with_uniform_elasticities_agree() -> None:
    """Vartheta 6 and a hub share of 0.5 to 1 percent give an offset of 4 to 6 percent."""
    trial = scenario(impose=[BAN], elasticities="uniform", routes={"vartheta": 6.0})
    found = simulated(trial).varied(hub_share=np.array([0.006, 0.01])).outcome("routes")
    offset = found.measure("offset-ratio", About())
    assert ((offset > 0.035) & (offset < 0.06)).all()


def test_enforcement_lowers_leakage(embargo: Outcome) -> None:
    curve = enforcement(embargo.simulation, "routes", [1.0, 1.1, 1.3], "RUS")
    assert curve["offset_ratio"].is_monotonic_decreasing
    assert curve["through_hubs"].is_monotonic_decreasing
    after = leak_of(embargo).by_route()["after"]
    assert curve["through_hubs"].iloc[0] == pytest.approx(after.drop("direct").sum())
    assert curve["margins"].iloc[0] == pytest.approx(leak_of(embargo).margins.sum())
    raised = scenario(impose=[BAN], routes={"hub_share": HUB_SHARE, "enforcement": {"BLR": 1.3}})
    through = leak_of(simulated(raised).outcome()).by_route()["after"]
    one = enforcement(embargo.simulation, "routes", [1.3], "RUS", "BLR")
    assert one["through_hubs"].iloc[0] == pytest.approx(through["BLR"])
    assert 0 < through["BLR"] < after["BLR"]
    assert curve["through_hubs"].iloc[-1] < through.drop("direct").sum()


def test_sanctions_in_force_tilt_trade_towards_hubs() -> None:
    found = simulate(load_case("belarus-2025"))
    through = 1 - found.compiled.route_shares[0][0]
    assert through.mean() > 2 * HUB_SHARE


def test_first_order_welfare_counts_detours_and_what_hubs_earn() -> None:
    """Nothing changes on the direct way to Russia; goods that pass through Belarus get cheaper."""
    routes = {"hub_share": 0.05}

    def parts(factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of Russia and Belarus: what trade costs save, hubs earn, and is left to explain."""
        costs = [{"origins": WEST, "destinations": "BLR", "sectors": "goods", "factor": factor}]
        what = scenario(costs=costs, routes=routes, deficits="value")
        found = simulated(what, tolerance=1e-12).outcome()
        welfare = found.equilibrium.decomposition.sel(country=["RUS", "BLR"])
        earned = 100 * found.equilibrium.after.H[:, 0] / found.equilibrium.before.I[:, 0]
        margins = earned[[found.world.countries.index(c) for c in ("RUS", "BLR")]]
        unexplained = welfare["exact"].values - welfare["total"].values - margins
        return welfare["trade_costs"].sum(["partner", "sector"]).values, margins, unexplained

    saved, margins, small = parts(0.9999)
    _, _, large = parts(0.9998)
    assert saved[0] > 100 * abs(small[0])
    assert margins[1] > 100 * abs(small[1])
    np.testing.assert_allclose(large, 4 * small, rtol=0.01)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"hubs": ["RUS"]}, "hub RUS is itself the origin or the destination"),
        ({"routes": {"hub_share": 1.5}}, "less than 1"),
        ({"routes": {"vartheta": -1.0}}, "greater than 0"),
        ({"routes": {"margin": 1.0}}, "less than 1"),
        ({"routes": {"enforcement": {"USA": 1.2}}}, "'USA', which is no hub"),
        ({"hubs": ["BLRR"]}, "did you mean 'BLR'"),
    ],
)
def test_routes_that_make_no_sense_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises((ValidationError, WorldError), match=words):
        simulated(scenario(**arguments))


def test_a_country_that_is_no_hub_is_refused(embargo: Outcome) -> None:
    for asked in (
        lambda: enforcement(embargo.simulation, "routes", [1.2], "RUS", "USA"),
        lambda: Channels(embargo.simulation, "RUS").break_even("routes", "USA"),
    ):
        with pytest.raises(ScenarioError, match="'USA' is not a hub here; hubs are BLR, KAZ"):
            asked()


def test_without_routes_nothing_goes_round() -> None:
    found = simulate(load_case("australia-2023"))
    parts = Channels(found, "AUS").welfare("barley")["percent"]
    assert parts["circumvention"] == parts["hub margins"] == 0
    whole = found.outcome("barley").equilibrium.welfare.sel(country="AUS")
    assert parts["total"] == pytest.approx(float(whole), abs=1e-7)
    with pytest.raises(ScenarioError, match="no routes in 'China lifts"):
        Channels(found, "AUS").break_even("barley", "CHN")
    with pytest.raises(ScenarioError, match="no routes: nothing leaks.*add `routes` with `hubs`"):
        leakage(load_case("australia-2023"))


def test_channels_add_up_and_circumvention_helps_russia() -> None:
    alone = load_case("belarus-2025").scenario("us-eu-all")
    subsidy = {"patron": "RUS", "client": "BLR", "share": 0.1}
    patronised = alone.model_validate({**alone.model_dump(), "patronage": subsidy})
    found = simulate({"patronised": patronised})
    parts = Channels(found, "RUS").welfare("patronised")["percent"]
    assert list(parts.index) == [*CHANNELS, "total"]
    assert parts.drop("total").sum() == pytest.approx(parts["total"], abs=1e-12)
    whole = found.outcome().equilibrium.welfare.sel(country="RUS")
    assert parts["total"] == pytest.approx(float(whole), abs=1e-7)
    direct = alone.model_copy(update={"routes": None})
    plain = float(simulate(direct).outcome().equilibrium.welfare.sel(country="RUS"))
    first = parts["trade diversion"] + parts["rest of general equilibrium"]
    assert first == pytest.approx(plain, abs=1e-7)
    assert parts["circumvention"] > 0
    assert parts["trade diversion"] < 0
    assert parts["transfers"] > 0


def test_what_leakage_took_is_kept_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = load_case("belarus-2025")
    some = {name: case.scenarios[name] for name in ("us-all", "embargo-all")}
    case = case.model_copy(update={"scenarios": some})
    first = leakage(case, draws=2, store=tmp_path)
    assert first.document() == leakage(case, draws=2).document()
    monkeypatch.setattr(Channels, "_solve", lambda *_: pytest.fail("solved again"))
    assert first.document() == leakage(case, draws=2, store=tmp_path).document()


def test_leakage_in_draws_is_what_claims_measure(tmp_path: Path) -> None:
    case, draws = load_case("belarus-2025"), 4
    few = case.model_copy(update={"scenarios": {"us-all": case.scenarios["us-all"]}})
    found = leakage(few, draws=draws, store=tmp_path)
    asked = [
        Quantity("welfare", About(country="RUS"), "us-all"),
        Quantity("through-hubs", About(), "us-all"),
        Quantity("through-hubs", About(hub="BLR"), "us-all"),
    ]
    evaluator = Evaluator(case.spelled_out(), case.assumptions, asked)
    values = evaluator.evaluate(Design(evaluator.space, draws, 0).joint)
    rows = found.certainty
    assert rows is not None
    assert list(rows.index) == ["welfare", "through_hubs", "through_hub"]
    expected = np.quantile(values, BAND, axis=0).T
    np.testing.assert_allclose(rows[["low", "median", "high"]], expected, rtol=1e-5, atol=1e-9)
    assert rows["rises"].tolist() == (values > 0).mean(0).tolist()
    assert found.manifest["draws"] == draws
    told = leakage_sentence(found)
    for words in (f"in {draws} draws", "income of Russia", "that through Belarus by"):
        assert words in told


def test_break_even_is_where_welfare_is_zero() -> None:
    embargo = load_case("belarus-2025").scenario("embargo-all")
    even = Channels(simulate({"embargo": embargo}), "RUS").break_even("embargo", "BLR")
    assert even.hub_share is not None
    assert even.passing is not None
    assert embargo.routes is not None
    there = embargo.model_copy(
        update={"routes": embargo.routes.model_copy(update={"hub_share": even.hub_share})}
    )
    found = simulate(there).outcome()
    assert abs(float(found.equilibrium.welfare.sel(country="RUS"))) < 1e-5
    before = leak_of(found).by_route()["before"]
    assert before["BLR"] / before.sum() == pytest.approx(even.passing)
    assert f"{100 * even.passing:.2f} percent" in even.words


def test_enforcement_at_belarus_takes_back_russias_gain() -> None:
    curve = enforcement(simulate(load_case("belarus-2025")), "us-eu-all", [1.0, 1.2], "RUS", "BLR")
    assert curve["welfare"].iloc[1] < curve["welfare"].iloc[0]
    assert curve["through_hubs"].iloc[1] < 0.5 * curve["through_hubs"].iloc[0]


def test_the_leakage_of_a_case_is_about_its_rival_or_where_goods_go() -> None:
    case = load_case("belarus-2025")
    assert case.routes is not None
    few = {"scenarios": {"us-banks": case.scenarios["us-banks"]}}
    found = leakage(case.model_copy(update=few), draws=0)
    assert found.certainty is None
    assert "certainty" not in found.tables()
    assert (found.country, found.hub, found.drawn) == ("RUS", "BLR", "us-banks")
    routes = case.routes.model_copy(update={"hubs": ["KAZ", "TUR"]})
    other = leakage(case.model_copy(update={**few, "parties": {}, "routes": routes}), draws=0)
    assert (other.country, other.hub) == ("RUS", "KAZ")
    assert found.document()["break_even"] == {"us-banks": found.break_evens["us-banks"].words}
    sold = found.supply.query("when == 'after'").set_index(["origin", "route"])["value"]
    for route, total in found.routes.xs("us-banks")["after"].items():
        assert sum(sold[g, route] for g in WEST) == pytest.approx(total)
    with pytest.raises(ScenarioError, match="did you mean 'us-banks'"):
        leakage(case, "us-bank")
    with pytest.raises(ScenarioError, match="not a hub here"):
        leakage(case.model_copy(update=few), hub="Poland")
