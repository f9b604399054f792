"""Circumvention: route shares, composite costs, margins, leakage and its calibration."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detente
from detente import Changes, ScenarioError, solve
from detente.analysis.channels import CHANNELS, break_even, enforcement, welfare_channels
from detente.cases import load_case
from detente.policy.routes import RouteChoice, route_choice
from detente.simulation.customs import calibrate_routes, leakage_curve, measure_leakage
from detente.simulation.runs import run

WEST = ["USA", "GBR", "EU27"]
HUBS = ["BLR", "KAZ", "TUR", "ARE", "CHN", "HKG"]


@pytest.fixture(scope="module")
def world() -> detente.World:
    return detente.load_world()


@pytest.fixture(scope="module")
def routes(world: detente.World) -> RouteChoice:
    return route_choice(world, HUBS, [(WEST, "RUS")])


@pytest.fixture(scope="module")
def ban(world: detente.World) -> Changes:
    return Changes(world).ban(WEST, "RUS", "goods")


@settings(max_examples=10, deadline=None)
@given(st.floats(0.6, 3), st.floats(0.001, 0.2), st.floats(0.7, 1.5))
def test_composite_costs_and_shares_follow_the_equations(
    factor: float, hub_share: float, leg: float
) -> None:
    world = detente.load_world()
    changes = Changes(world).cost("DEU", "RUS", factor=factor).cost("DEU", "BLR", factor=leg)
    choice = route_choice(world, ["BLR", "KAZ"], [("DEU", "RUS")], hub_share=hub_share)
    choice = choice.with_enforcement({"KAZ": 1.1})
    routed = choice.apply(changes)
    before, after = routed.shares[0]
    np.testing.assert_allclose(before.sum(0), 1)
    np.testing.assert_allclose(after.sum(0), 1)
    vartheta = 1.5 * world.data["theta"].sel(sector=list(choice.sectors)).values
    costs = np.array([factor, leg, 1.1])[:, None]
    rho = before[:, :, 0, 0]
    total = (rho * costs**-vartheta).sum(0)
    np.testing.assert_allclose(routed.changes.detours[0].costs[:, 0, 0], total ** (-1 / vartheta))
    np.testing.assert_allclose(after[:, :, 0, 0], rho * costs**-vartheta / total)


def test_the_hub_share_is_what_was_asked_for(world: detente.World, routes: RouteChoice) -> None:
    through = 1 - routes.baseline_shares()[0][0]
    lane = world.trade.sel(
        origin=list(routes.lanes[0].origins), destination=["RUS"], sector=list(routes.sectors)
    )
    flows = lane.transpose("sector", "destination", "origin").values
    assert (through * flows).sum() / flows.sum() == pytest.approx(routes.hub_share, rel=1e-6)


def test_no_change_with_routes_is_the_identity(world: detente.World, routes: RouteChoice) -> None:
    found = solve(world, routes.apply(Changes(world)).changes)
    assert float(abs(found.hats["real_income_hat"] - 1).max()) < 1e-12


def test_margins_balance(world: detente.World, routes: RouteChoice, ban: Changes) -> None:
    routed = routes.apply(ban)
    found = solve(world, routed.changes, tolerance=1e-11)
    s, leak = found.solution, measure_leakage(routed, found)
    assert float(leak.margins.sum()) == pytest.approx(s.H.sum())
    assert s.H.sum() > 0
    sold = found.trade["after"].sum(["destination"]).values
    np.testing.assert_allclose((sold - s.Y).sum(), s.H.sum(), rtol=1e-6)
    spending = s.X.sum() - np.einsum("nj,nj->", 1 - world.data["beta"].values, s.Y)
    assert spending == pytest.approx(s.I.sum(), rel=1e-9)
    before, after = routed.shares[0]
    flows = leak.flows[0]["after"].sum("route").transpose("sector", "destination", "origin").values
    rise = (0.10 * (after - before)[1:] * flows[None]).sum((1, 2, 3))
    np.testing.assert_allclose(rise, leak.margins.values, rtol=1e-6)


def test_customs_record_both_legs(world: detente.World, routes: RouteChoice, ban: Changes) -> None:
    routed = routes.apply(ban)
    leak = measure_leakage(routed, solve(world, routed.changes))
    seen = leak.customs()
    by_hub = leak.by_route()["after"].drop("direct").sum()
    extra = float(seen["recorded_after"].sum() - seen["true_after"].sum())
    assert extra == pytest.approx(by_hub, rel=1e-9)
    west = list(routes.lanes[0].origins)
    direct = seen["recorded_after"].sel(origin=west, destination="RUS", sector="C28")
    assert float(direct.sum()) == pytest.approx(0, abs=1e-6)
    assert float(seen["true_after"].sel(origin=west, destination="RUS", sector="C28").sum()) > 0


def test_the_default_hub_share_gives_the_offset_that_is_observed(
    world: detente.World, routes: RouteChoice, ban: Changes
) -> None:
    routed = routes.apply(ban)
    offset = measure_leakage(routed, solve(world, routed.changes)).offset_ratio()
    assert offset == pytest.approx(0.05, abs=0.005)
    found = calibrate_routes(replace(routes, hub_share=0.02), ban)
    assert found.hub_share == pytest.approx(routes.hub_share, rel=0.05)
    with pytest.raises(ScenarioError, match="cannot be reached"):
        calibrate_routes(routes, ban, 0.9)


def test_trials_with_uniform_elasticities_agree() -> None:
    """Vartheta 6 and a hub share of 0.5 to 1 percent give an offset of 4 to 6 percent."""
    world = detente.load_world("icio2022", "uniform")
    ban = Changes(world).ban(WEST, "RUS", "goods")
    for share in (0.006, 0.01):
        routed = route_choice(world, HUBS, [(WEST, "RUS")], vartheta=6.0, hub_share=share).apply(
            ban
        )
        offset = measure_leakage(routed, solve(world, routed.changes)).offset_ratio()
        assert 0.035 < offset < 0.06


def test_enforcement_lowers_leakage(
    world: detente.World, routes: RouteChoice, ban: Changes
) -> None:
    curve = leakage_curve(routes, ban, [1.0, 1.1, 1.3])
    assert curve["offset_ratio"].is_monotonic_decreasing
    assert curve["through_hubs"].is_monotonic_decreasing
    one = leakage_curve(routes, ban, [1.3], hub="BLR")
    assert (
        curve["through_hubs"].iloc[-1] < one["through_hubs"].iloc[0] < curve["through_hubs"].iloc[0]
    )


def test_sanctions_in_force_tilt_trade_towards_hubs() -> None:
    free = run(load_case("belarus-2025").scenario("us-goods")).routed
    assert free is not None
    through = 1 - free.shares[0][0][0]
    assert through.mean() > 2 * free.choice.hub_share


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"hubs": ["RUS"]}, "hub RUS is itself the origin or the destination"),
        ({"hub_share": 1.5}, "between 0 and 1"),
        ({"vartheta": -1.0}, "must be positive"),
        ({"margin": 1.0}, "below 1"),
        ({"hubs": ["BLRR"]}, "did you mean 'BLR'"),
    ],
)
def test_routes_that_make_no_sense_are_refused(
    world: detente.World, arguments: dict[str, object], words: str
) -> None:
    settings_ = {"hubs": HUBS, "lanes": [(WEST, "RUS")], **arguments}
    with pytest.raises((ScenarioError, detente.WorldError), match=words):
        route_choice(world, **settings_)


def test_enforcement_at_a_country_that_is_no_hub_is_refused(routes: RouteChoice) -> None:
    with pytest.raises(ScenarioError, match="'USA' is not a hub here"):
        routes.with_enforcement({"USA": 1.2})


def test_channels_add_up_and_circumvention_helps_russia() -> None:
    scenario = load_case("belarus-2025").scenario("us-eu-all")
    subsidy = {"patron": "RUS", "client": "BLR", "share": 0.1}
    patronised = scenario.model_validate({**scenario.model_dump(), "patronage": subsidy})
    parts = welfare_channels(patronised)["percent"]
    assert list(parts.index) == [*CHANNELS, "total"]
    assert parts.drop("total").sum() == pytest.approx(parts["total"], abs=1e-12)
    whole = run(patronised).equilibrium.welfare.sel(country="RUS")
    assert parts["total"] == pytest.approx(float(whole), abs=1e-9)
    assert parts["circumvention"] > 0
    assert parts["trade diversion"] < 0
    assert parts["transfers"] > 0


def test_break_even_is_where_welfare_is_zero() -> None:
    scenario = load_case("belarus-2025").scenario("embargo-all")
    even = break_even(scenario)
    assert even.hub_share is not None
    assert even.passing is not None
    assert scenario.routes is not None
    there = scenario.model_copy(
        update={"routes": scenario.routes.model_copy(update={"hub_share": even.hub_share})}
    )
    welfare = float(run(there).equilibrium.welfare.sel(country="RUS"))
    assert abs(welfare) < 1e-4
    assert f"{100 * even.passing:.2f} percent" in str(even)


def test_enforcement_at_belarus_takes_back_russias_gain() -> None:
    scenario = load_case("belarus-2025").scenario("us-eu-all")
    curve = enforcement(scenario, [1.0, 1.2], "BLR")
    assert curve["welfare"].iloc[1] < curve["welfare"].iloc[0]
    assert curve["through_hubs"].iloc[1] < 0.5 * curve["through_hubs"].iloc[0]
