"""Exposure against finite differences of full solves, and its invariants."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import detente
from detente import Changes, ConvergenceError, Equilibrium, World, WorldError, solve
from detente.equilibrium import rounds as module
from detente.equilibrium.exposure import exposure
from detente.policy.changes import Detour
from detente.policy.routes import route_choice
from worlds import arrays, ease_and_protect, make_world, random_flows, worlds

few = settings(max_examples=4, deadline=None)
seeds = st.integers(0, 2**31)
CLOSURES = ["share", "value", "zero"]
STEP = 1e-3


def nudged(
    changes: Changes, origin: int, destination: int, factor: float, sectors: list[int] | None = None
) -> Changes:
    """The same changes with the composite cost of one flow times `factor`; margins stay."""
    cost = changes.d_hat.values.transpose(2, 0, 1).copy()
    for detour in changes.detours:
        cost[detour.block] = detour.costs
    j = np.arange(len(cost)) if sectors is None else np.array(sectors)
    n, i = np.array([destination]), np.array([origin])
    nobody = np.empty((0, j.size, 1, 1))
    nudge = Detour(j, n, i, factor * cost[np.ix_(j, n, i)], np.empty(0, np.int64), nobody)
    return replace(changes, detours=(*changes.detours, nudge))


def log_welfare(equilibrium: Equilibrium) -> np.ndarray:
    return np.log(equilibrium.hats["real_income_hat"].values)


def difference(
    equilibrium: Equilibrium, origin: int, destination: int, sectors: list[int] | None = None
) -> np.ndarray:
    """Derivative of log welfare [c] by central differences, extrapolated once."""

    def central(step: float) -> np.ndarray:
        up, down = (
            solve(
                equilibrium.changes.world,
                nudged(equilibrium.changes, origin, destination, np.exp(h), sectors),
                deficits=equilibrium.deficits,
                tolerance=1e-12,
            )
            for h in (step, -step)
        )
        return (log_welfare(up) - log_welfare(down)) / (2 * step)

    return (4 * central(STEP) - central(2 * STEP)) / 3


def check(equilibrium: Equilibrium, pairs: list[tuple[int, int]] | None = None) -> None:
    """Every derivative, or those of some flows, against finite differences."""
    found = exposure(equilibrium)["elasticity"].values
    N = len(found)
    for i, n in pairs or list(np.ndindex(N, N)):
        expected = difference(equilibrium, i, n)
        np.testing.assert_allclose(found[:, i, n], expected, rtol=1e-6, atol=1e-8)


def solved(world: World, changes: Changes | None = None, deficits: str = "share") -> Equilibrium:
    return solve(world, changes, deficits=deficits, tolerance=1e-12)


@pytest.mark.parametrize("deficits", CLOSURES)
@few
@given(worlds())
def test_the_baseline_against_finite_differences(deficits: str, world: World) -> None:
    check(solved(world, deficits=deficits))


@pytest.mark.parametrize("deficits", CLOSURES)
@few
@given(seeds, st.floats(0.4, 3))
def test_far_from_the_baseline_against_finite_differences(
    deficits: str, seed: int, factor: float
) -> None:
    world = make_world(seed, 3, 3)
    amount = 0.03 * float(world.data["VA"].min())
    changes = ease_and_protect(world, factor).transfer("C0", "C2", amount)
    check(solved(world, changes.tariff("C2", "C0", rate=-0.05), deficits))


@pytest.mark.parametrize("deficits", CLOSURES)
@few
@given(seeds, st.floats(1.2, 4))
def test_hub_margins_against_finite_differences(deficits: str, seed: int, factor: float) -> None:
    world = make_world(seed, 4, 2)
    routes = route_choice(
        world, ["C2", "C3"], [("C0", "C1"), ("C1", "C0")], sectors="all", hub_share=0.2, margin=0.3
    )
    routed = routes.apply(Changes(world).cost("C0", "C1", factor=factor).tariff("C0", rate=0.1))
    found = solved(world, routed.changes, deficits)
    assume(arrays(found).H.any())
    check(found)


@pytest.mark.parametrize("deficits", ["share", "value"])
def test_a_ban_that_splits_the_trade_graph(deficits: str) -> None:
    world = make_world(8, 5, 3)
    here, there = ["C0", "C3"], ["C1", "C2", "C4"]
    found = solved(world, Changes(world).ban(here, there).ban(there, here), deficits)
    assert len(set(arrays(found).component)) == 2
    check(found)
    elasticity = exposure(found)["elasticity"]
    across = elasticity.sel(origin=here, destination=there)
    assert (across == 0).all()
    if deficits == "value":
        assert abs(elasticity.sel(country=here, origin=there, destination=there)).max() < 1e-14


def test_goods_that_lose_every_supplier() -> None:
    world = make_world(14, 4, 4)
    found = solved(world, Changes(world).ban(destination="C0", sectors=["S1", "S2", "S3"]))
    assert not found.lost_supply.empty
    check(found)


def test_only_some_sectors() -> None:
    world = make_world(4, 3, 3)
    found = solved(world, ease_and_protect(world, 1.5))
    some = exposure(found, ["S0", "S2"])
    assert some.attrs["sectors"] == ["S0", "S2"]
    expected = difference(found, 1, 0, sectors=[0, 2])
    np.testing.assert_allclose(some["elasticity"][:, 1, 0], expected, rtol=1e-6, atol=1e-8)
    both = some + exposure(found, "S1")
    np.testing.assert_allclose(both["elasticity"], exposure(found)["elasticity"], atol=1e-12)
    with pytest.raises(WorldError, match="S9"):
        exposure(found, ["S9"])


@few
@given(worlds(tariffs=False), st.sampled_from(["value", "zero"]))
def test_without_tariffs_the_world_loses_what_it_trades(world: World, deficits: str) -> None:
    """Hulten: the weighted sum over countries is minus the flow over world income."""
    found = solved(world, deficits=deficits)
    income = found.world.income
    lost = -(exposure(found)["elasticity"] * income).sum("country")
    np.testing.assert_allclose(lost, found.world.trade.sum("sector"), atol=1e-9 * income.sum())


@few
@given(seeds)
def test_no_trade_no_exposure(seed: int) -> None:
    world = make_world(seed, 4, 2)
    found = solve(world, ease_and_protect(world, 1.2).ban("C0", "C1"))
    nothing = found.trade["after"].sum("sector") == 0
    assert bool(nothing.sel(origin="C0", destination="C1"))
    assert (exposure(found)["elasticity"].where(nothing, 0) == 0).all()


def test_units_do_not_matter() -> None:
    trade, use, tariff = random_flows(5, 4, 3, tariffs=True)
    found = []
    for unit in (1.0, 1e-6):
        world = World.from_flows(
            unit * trade, unit * use, tariff=tariff, theta=4.0,
            countries=["C0", "C1", "C2", "C3"], sectors=["S0", "S1", "S2"],
        )  # fmt: skip
        found.append(exposure(solved(world, ease_and_protect(world, 0.7)))["elasticity"])
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-11)


def test_exposure_to_a_partner_adds_up_both_directions() -> None:
    world = make_world(6, 3, 2)
    found = exposure(solved(world))
    elasticity, both = found["elasticity"].values, found["exposure"]
    assert both.sel(country="C0", partner="C1").item() == elasticity[0, 0, 1] + elasticity[0, 1, 0]
    assert both.sel(country="C2", partner="C2").item() == elasticity[2, 2, 2]
    assert found.attrs["units"] == "percent of real income per percent of trade cost"
    assert found.attrs["world"] == world.name


def test_too_few_rounds_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROUNDS", 2)
    with pytest.raises(ConvergenceError, match="2 rounds"):
        exposure(solve(make_world(7)))


def test_the_embedded_world_against_finite_differences() -> None:
    world = detente.load_world()
    at = world.countries.index
    routes = route_choice(world, ["BLR", "KAZ", "TUR"], [(["USA", "EU27"], "RUS")])
    changes = Changes(world).cost(["USA", "EU27"], "RUS", "goods", factor=1.5)
    changes = changes.tariff("CHN", "USA", "goods", rate=0.3).transfer("RUS", "BLR", 2000.0)
    found = solved(world, routes.apply(changes).changes)
    check(found, [(at("RUS"), at("BLR")), (at("DEU"), at("RUS")), (at("USA"), at("USA"))])
