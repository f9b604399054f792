"""Exposure against finite differences of full solves, and its invariants."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import detente
from detente import Changes, ConvergenceError, Equilibrium, World, WorldError, solve
from detente.equilibrium import rounds as module
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.exposure import exposure
from detente.equilibrium.solver import find_equilibria
from detente.policy.compile import Compiler
from detente.policy.parameters import Parameters
from detente.policy.policy import Margins, Policy
from detente.policy.scenario import Scenario
from detente.simulation.run import Simulation
from worlds import arrays, ease_and_protect, make_world, random_flows, worlds

few = settings(max_examples=4, deadline=None)
seeds = st.integers(0, 2**31)
CLOSURES = ["share", "value", "zero"]
STEPS = 1e-3 * np.array([1, -1, 2, -2])


def nudged(
    found: Equilibrium, origin: int, destination: int, sectors: list[int] | None = None
) -> Policy:
    """The policy with the composite cost of one flow a step up or down in each draw.

    The hubs' shares of the value stay as they are.
    """
    policy, t = found.after.policy, found.after.economy.t
    j = np.arange(len(t)) if sectors is None else np.array(sectors)
    flow = np.ravel_multi_index((j, destination, origin), t.shape)
    entries = np.union1d(policy.entries, flow)
    at, K = np.searchsorted(entries, policy.entries), STEPS.size
    log_d, rate = np.zeros((entries.size, K)), np.repeat(t.ravel()[entries, None], K, axis=1)
    log_d[at], rate[at] = policy.log_d, policy.rate
    log_d[np.searchsorted(entries, flow)] += STEPS
    m = policy.margins
    margins = Margins(at[m.entry], m.hub, np.repeat(m.share, K, axis=1))
    return Policy(entries, log_d, rate, np.repeat(policy.transfers, K, axis=1), margins)


def difference(
    found: Equilibrium, origin: int, destination: int, sectors: list[int] | None = None
) -> np.ndarray:
    """Derivative of log welfare [c] by central differences, extrapolated once."""
    e = found.after
    moved = find_equilibria(
        e.economy,
        nudged(found, origin, destination, sectors),
        np.repeat(e.theta, STEPS.size, axis=1),
        np.repeat(e.in_shares, STEPS.size),
        tolerance=1e-12,
    )
    up, down, far_up, far_down = np.log(moved.real_income).T
    near, far = (up - down) / (2 * STEPS[0]), (far_up - far_down) / (2 * STEPS[2])
    return (4 * near - far) / 3


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


def routed(world: World, scenario: Scenario) -> Equilibrium:
    """A scenario on any world."""
    world = balanced(world) if scenario.deficits == "zero" else world
    compiler = Compiler(world, {"routed": scenario})
    parameters = Parameters.central(scenario, world)
    return Simulation(compiler, parameters, tolerance=1e-12).outcome().equilibrium


@pytest.mark.parametrize("deficits", CLOSURES)
@few
@given(seeds, st.floats(1.2, 4))
def test_hub_margins_against_finite_differences(deficits: str, seed: int, factor: float) -> None:
    goods = ["A01", "C20"]
    world = World(make_world(seed, 4, 2).data.assign_coords(sector=goods, input=goods))
    lanes = [{"origins": a, "destinations": b} for a, b in (("C0", "C1"), ("C1", "C0"))]
    scenario = Scenario(
        title="",
        costs=[{"origins": "C0", "destinations": "C1", "factor": factor}],
        impose=[{"senders": ["C1", "C2", "C3"], "target": "C0", "kind": "tariff", "ave": 0.1}],
        routes={"hubs": ["C2", "C3"], "lanes": lanes, "hub_share": 0.2, "margin": 0.3},
        deficits=deficits,
    )
    found = routed(world, scenario)
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


def test_some_countries_are_those_of_all() -> None:
    world = make_world(3, 4, 3)
    found = solved(world, ease_and_protect(world, 0.8))
    some = exposure(found, countries=["C2", "C0"])
    expected = exposure(found).sel(country=["C2", "C0"])
    for name in ("elasticity", "exposure"):
        np.testing.assert_allclose(some[name], expected[name], rtol=1e-9, atol=1e-14)
    with pytest.raises(WorldError, match="unknown country 'C9'"):
        exposure(found, countries="C9")


def test_too_few_rounds_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROUNDS", 2)
    with pytest.raises(ConvergenceError, match="2 rounds"):
        exposure(solve(make_world(7)))


def test_the_embedded_world_against_finite_differences() -> None:
    scenario = Scenario(
        title="",
        costs=[
            {"origins": ["USA", "EU27"], "destinations": "RUS", "sectors": "goods", "factor": 1.5}
        ],
        impose=[
            {"senders": "USA", "target": "CHN", "kind": "tariff", "sectors": "goods", "ave": 0.3}
        ],
        transfers=[{"payer": "RUS", "receiver": "BLR", "amount": 2000.0}],
        routes={
            "hubs": ["BLR", "KAZ", "TUR"],
            "lanes": [{"origins": ["USA", "EU27"], "destinations": "RUS"}],
        },
    )
    world = detente.load_world()
    found = routed(world, scenario)
    assert arrays(found).H.any()
    at = world.countries.index
    check(found, [(at("RUS"), at("BLR")), (at("DEU"), at("RUS")), (at("USA"), at("USA"))])
