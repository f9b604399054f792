"""Many equilibria side by side are the equilibria one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

import detente
from detente import Changes, World
from detente.equilibrium.economy import economy_of
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.jacobian import TYPICAL
from detente.equilibrium.markets import Technology, _parts
from detente.equilibrium.model import Model
from detente.equilibrium.shares import Shares, changed_shares
from detente.equilibrium.solver import _together, find_equilibria
from detente.errors import ConvergenceError
from detente.policy.changes import policy_of
from detente.policy.scenario import Patronage, Scenario
from detente.simulation.run import simulate
from detente.simulation.trade import by_route

TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def world() -> World:
    return detente.load_world()


def some_changes(world: World) -> list[Changes]:
    nothing = Changes(world)
    return [
        nothing,
        nothing.cost("USA", "BLR", factor=0.8).transfer("RUS", "BLR", 500.0),
        nothing.tariff("EU27", "RUS", "goods", rate=0.3),
        nothing.cut_off("BLR", "RUS"),
        nothing.cut_off("BLR", [c for c in world.countries if c != "BLR"]),
    ]


def found(
    world: World,
    changes: list[Changes],
    theta: np.ndarray,
    in_shares: np.ndarray,
    start: Equilibria | None = None,
) -> Equilibria:
    policy = policy_of(changes)
    return find_equilibria(
        economy_of(world), policy, theta, in_shares, tolerance=TOLERANCE, start=start
    )


def test_draws_are_the_equilibria_one_by_one(world: World) -> None:
    """Also where a country is left alone, which has markets of its own."""
    changes = some_changes(world)
    theta = world.data["theta"].values[:, None] * np.array([1.0, 0.6, 1.5, 0.8, 1.2])
    in_shares = np.array([True, False, True, False, True])
    together = found(world, changes, theta, in_shares)
    for k, change in enumerate(changes):
        closure = "share" if in_shares[k] else "value"
        alone = detente.solve(
            world, change, theta=theta[:, k], deficits=closure, tolerance=TOLERANCE
        ).after
        for name in ("log_w", "log_P_final"):
            one, other = getattr(together, name)[..., k], getattr(alone, name)[..., 0]
            np.testing.assert_allclose(one, other, atol=1e-8, err_msg=f"{name} of {k}")
        for name in ("I", "Y", "X"):
            one, other = getattr(together, name)[..., k], getattr(alone, name)[..., 0]
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-3, err_msg=f"{name} of {k}")
        assert (together.lost[..., k] == alone.lost[..., 0]).all()
        assert (together.component[:, k] == alone.component[:, 0]).all()
    np.testing.assert_allclose(together.log_w[:, 0], 0, atol=1e-9)


def test_a_start_nearby_does_not_change_what_is_found(world: World) -> None:
    changes = some_changes(world)[:3]
    theta = np.repeat(world.data["theta"].values[:, None], 3, axis=1)
    in_shares = np.ones(3, bool)
    one = found(world, changes, theta, in_shares)
    again = found(world, changes, theta, in_shares, one.shifted(one, one))
    np.testing.assert_allclose(again.log_w, one.log_w, atol=1e-9)
    assert again.evaluations.max() < one.evaluations.max()


def test_one_more_step_leads_nearer(world: World) -> None:
    economy, policy = economy_of(world), policy_of(some_changes(world))
    theta = np.repeat(economy.theta[:, None], policy.draws, axis=1)
    in_shares = np.ones(policy.draws, bool)
    rough = find_equilibria(economy, policy, theta, in_shares, tolerance=1e-5, ahead=True)
    exact = find_equilibria(economy, policy, theta, in_shares, tolerance=1e-12)
    assert rough.ahead is not None
    assert exact.ahead is None
    further, there = (abs(x - exact.unknowns).max((0, 1)) for x in (rough.ahead, rough.unknowns))
    assert (further[1:] < 0.8 * there[1:]).all()  # the first is no change at all
    np.testing.assert_array_equal(rough.of([4, 1]).ahead, rough.ahead[..., [4, 1]])


@given(st.integers(0, 2**31), st.booleans())
def test_parts_of_the_world_are_those_of_its_graph(seed: int, hub: bool) -> None:
    random = np.random.default_rng(seed)
    pairs = random.random((6, 6)) < random.random()
    np.fill_diagonal(pairs, val=True)
    at = int(random.integers(6))
    pairs[at] |= hub
    pairs[:, at] |= hub
    strong, weak = (
        connected_components(csr_array(pairs), connection=kind)[1] for kind in ("strong", "weak")
    )
    for mine, scipys in zip(_parts(pairs), (strong, weak), strict=True):
        np.testing.assert_array_equal(mine[:, None] == mine, scipys[:, None] == scipys)


def test_the_jacobian_is_the_derivative_of_excess_demand(world: World) -> None:
    economy = economy_of(world)
    theta = economy.theta[:, None]
    jacobian = economy.jacobian
    S = jacobian.S0 + np.tensordot(theta.T, jacobian.T, 1)[0]
    np.testing.assert_allclose(-S @ jacobian.clearing(theta)[0], np.eye(len(S)), atol=1e-9)
    # Walras: what excess demand comes with any wage change is worth nothing in sum, but for the
    # numeraire's own term
    VA = economy.VA
    np.testing.assert_allclose(VA @ S, -VA, rtol=1e-3, atol=1e-3 * VA.max())


def test_prices_and_expenditures_follow_wages_by_the_jacobian(world: World) -> None:
    economy = economy_of(world)
    J, N, _ = economy.pi.shape
    policy, held = policy_of([Changes(world)]), np.zeros(1, bool)
    theta = np.full((J, 1), TYPICAL)
    A = changed_shares(policy, economy, theta)
    model = Model(economy, Technology.of(economy), theta, held, policy, A, economy.production(1))
    size = 1e-5
    wages = np.random.default_rng(1).normal(size=(N, 1))
    x = model.at_baseline()
    x[0] += size * wages
    prices, spending = (economy.jacobian.response @ wages).reshape(2, J, N, 1)
    x[1 : 1 + J] += size * prices
    model.residuals(x)
    np.testing.assert_allclose(model.r[1 : 1 + J] / size, 0, atol=1e-3)
    unanswered = np.abs(model.r[1 + J :]).sum()
    x[1 + J :] += size * spending
    model.residuals(x)
    # What crosses borders in later rounds is left to the search.
    assert np.abs(model.r[1 + J :]).sum() < 0.2 * unanswered


def test_draws_of_the_same_elasticities_share_a_matrix(world: World) -> None:
    jacobian, theta = economy_of(world).jacobian, economy_of(world).theta[:, None]
    assert jacobian.clearing(np.repeat(theta, 3, axis=1)).shape[0] == 1
    assert jacobian.clearing(theta * np.array([1.0, 0.5])).shape[0] == 2


def test_a_draw_without_equilibrium_is_named(world: World) -> None:
    changes = some_changes(world)[:2]
    impossible = replace(changes[1], transfers=np.zeros(len(world.countries)))
    C = world.countries
    impossible.transfers[[C.index("BLR"), C.index("RUS")]] = -1e6, 1e6
    theta = np.repeat(world.data["theta"].values[:, None], 2, axis=1)
    with pytest.raises(ConvergenceError) as caught:
        found(world, [changes[0], impossible], theta, np.ones(2, bool))
    assert caught.value.diagnostics["draw"] == 1


def test_scenarios_side_by_side_are_the_scenarios_one_by_one() -> None:
    """With routes, hubs, corridors and a patron that gives less where its client gains."""
    case = detente.load_case("belarus-2025")
    patronage = Patronage(patron="RUS", client="BLR", share=0.1)
    chosen = {
        name: case.scenario(name).model_copy(update={"patronage": patronage})
        for name in ("us-banks", "us-eu-all", "embargo-goods")
    }
    together, alone = (simulate(chosen, cut_offs=[("BLR", ("RUS",))]) for _ in range(2))
    found = together.outcomes()
    assert list(found) == list(chosen)
    for name, outcome in found.items():
        assert outcome is together.outcome(name)
        one = alone.outcome(name)
        np.testing.assert_allclose(outcome.after.real_income, one.after.real_income, rtol=1e-8)
        np.testing.assert_allclose(outcome.after.Y, one.after.Y, rtol=1e-7, atol=1e-3)
        np.testing.assert_allclose(by_route(outcome), by_route(one), rtol=1e-7)
        np.testing.assert_allclose(outcome.handling, one.handling, rtol=1e-6, atol=1e-6)
        cut = (o.cut_off("BLR", ["RUS"])[1].real_income for o in (outcome, one))
        np.testing.assert_allclose(*cut, rtol=1e-8)
        assert outcome.manifest == one.manifest


def test_of_scenarios_side_by_side_the_one_without_equilibrium_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*arguments: object, **options: object) -> Equilibria:
        raise ConvergenceError("prices run off", {"draw": 1, "price_error": 0.5})

    chosen = {name: Scenario(title=name) for name in ("first", "second")}
    found = simulate(chosen)
    assert found.before.draws == 1
    monkeypatch.setattr("detente.simulation.run.find_equilibria", fails)
    with pytest.raises(ConvergenceError, match="scenario 'second': prices run off") as caught:
        found.outcomes()
    told = {"draw": 0, "price_error": 0.5, "scenario": "second"}
    assert caught.value.diagnostics == told


def test_what_little_is_left_of_a_supply_is_summed_anew() -> None:
    """A home share of a billionth keeps its digits when all else is banned."""
    trade = np.array([[[1e-9], [30.0], [5.0]], [[40.0], [60.0], [9.0]], [[6.0], [8.0], [70.0]]])
    small = World.from_flows(
        trade, np.zeros((3, 1, 1)), theta=4.0, countries=["A", "B", "C"], sectors=["S"]
    )
    alone = detente.rebalance(small, "zero")
    banned = Changes(alone).ban("A").ban(destination="A")
    economy, policy = economy_of(alone), policy_of([banned, banned])
    A = changed_shares(policy, economy, economy.theta[:, None])
    assert (Shares.under(policy, economy, A).pi[0, 0] == 0).all()
    home = float(alone.data["pi"].sel(origin="A", destination="A").item())
    expected = 100 * (home**0.25 - 1)  # Arkolakis, Costinot and Rodriguez-Clare (2012)
    welfare = detente.solve(alone, banned, tolerance=1e-12).welfare.sel(country="A")
    assert float(welfare) == pytest.approx(expected, rel=1e-12)
    twice = detente.solve_many(alone, [banned, banned], tolerance=1e-12)["welfare"]
    assert twice.sel(country="A").values == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("others", [0, 1])
def test_a_supplier_who_gets_cheap_as_its_trade_gets_dear_leaves_no_rounding(
    world: World, others: int
) -> None:
    """What a tenfold cost takes from its customers is not a difference of large numbers."""
    nothing = Changes(world)
    dear = nothing.cost("RUS", factor=10.0).cost(destination="RUS", factor=10.0)
    changes = [dear, *[nothing] * others]
    theta = np.repeat(world.data["theta"].values[:, None], len(changes), axis=1)
    e = found(world, changes, theta, np.ones(len(changes), bool))
    assert e.residuals.max() <= TOLERANCE
    sold = e.economy.beta.T * e.Y[..., 0]
    np.testing.assert_allclose(sold.sum(0), e.economy.VA * np.exp(e.log_w[:, 0]), rtol=1e-8)


def test_an_equilibrium_with_a_negative_income_has_not_settled(world: World) -> None:
    economy = economy_of(world)
    changes = [Changes(world).transfer("BLR", "RUS", 2 * float(world.income.sel(country="BLR")))]
    policy, theta = policy_of(changes), economy.theta[:, None]
    A, in_shares = changed_shares(policy, economy, theta), np.array([True])
    own = Technology.of(economy)
    model = Model(economy, own, theta, in_shares, policy, A, economy.production(1))
    _, unsettled = _together(model, model.at_baseline(), 1e-3, 40)
    assert model.I.min() < 0
    assert abs(model.r).max() < 1e-3
    assert unsettled.tolist() == [0]
