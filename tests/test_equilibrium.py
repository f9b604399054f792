"""The equilibrium against an independent implementation, and its invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detente
from detente import (
    Changes,
    ConvergenceError,
    Equilibrium,
    ScenarioError,
    World,
    rebalance,
    solve,
    solve_many,
)
from slow_model import solve_slowly
from worlds import arrays, ease_and_protect, make_world, random_flows, worlds

few = settings(max_examples=15, deadline=None)
factors = st.floats(0.6, 2.5)


def largest_change(equilibrium: Equilibrium) -> float:
    return max(float(abs(v - 1).max()) for v in equilibrium.hats.data_vars.values())


@few
@given(worlds(), factors, st.sampled_from(["share", "value"]), st.booleans())
def test_agrees_with_the_reference_model(
    world: World, factor: float, deficits: str, ban: bool
) -> None:
    changes = ease_and_protect(world, factor)
    if ban and len(world.countries) > 2:
        changes = changes.ban("C2", "C0", ["S0"])
    ours = solve(world, changes, deficits=deficits, tolerance=1e-12)
    theirs = solve_slowly(world, changes.d_hat.values, changes.tariff_after.values, deficits)
    np.testing.assert_allclose(arrays(ours).w, theirs.w, rtol=1e-9)
    np.testing.assert_allclose(arrays(ours).P, theirs.P, rtol=1e-9)
    np.testing.assert_allclose(arrays(ours).I, theirs.I, rtol=1e-9)
    np.testing.assert_allclose(arrays(ours).X, theirs.X, rtol=1e-9, atol=1e-9 * theirs.X.max())
    np.testing.assert_allclose(ours.pi_after, theirs.pi, rtol=1e-8, atol=1e-12)


@few
@given(worlds(), factors)
def test_balanced_trade_agrees_with_the_reference_model(world: World, factor: float) -> None:
    balanced = rebalance(world, "zero")
    ours = solve(world, ease_and_protect(world, factor), deficits="zero", tolerance=1e-12)
    changes = ease_and_protect(balanced, factor)
    theirs = solve_slowly(balanced, changes.d_hat.values, changes.tariff_after.values)
    np.testing.assert_allclose(arrays(ours).w, theirs.w, rtol=1e-8)


@few
@given(worlds(), st.sampled_from(["share", "value"]))
def test_no_change_is_the_identity(world: World, deficits: str) -> None:
    assert largest_change(solve(world, deficits=deficits)) < 1e-12


def test_no_change_is_the_identity_on_the_embedded_world() -> None:
    assert largest_change(solve(detente.load_world())) < 1e-12


@few
@given(worlds(), factors)
def test_accounts_add_up_after_the_change(world: World, factor: float) -> None:
    found = solve(world, ease_and_protect(world, factor), tolerance=1e-11)
    s, scale = arrays(found), float(world.income.sum())
    supplied = found.world.data["X"].values > 0
    sums = found.pi_after.sum("origin").values
    np.testing.assert_allclose(sums[supplied], 1, rtol=1e-12)
    after = found.trade["after"]
    sold = after.sum("destination").values
    np.testing.assert_allclose(sold, s.Y, rtol=1e-9, atol=1e-9 * scale)
    beta, gamma = world.data["beta"].values, world.data["gamma"].values
    inputs = np.einsum("nkj,nj->nk", gamma, (1 - beta) * s.Y)
    final = world.data["alpha"].values * s.I[:, None]
    np.testing.assert_allclose(inputs + final, s.X, atol=1e-9 * scale)
    duties = (after * found.tariff_after).sum(["origin", "sector"]).values
    np.testing.assert_allclose(duties, found.tariff_revenue["after"].values, atol=1e-9 * scale)
    balance = after.sum(["origin", "sector"]).values - sold.sum(1)
    deficit = s.I - s.w * world.data["VA"].values - s.R
    np.testing.assert_allclose(balance, deficit, atol=1e-8 * scale)
    assert abs(balance.sum()) < 1e-9 * scale


@few
@given(st.integers(0, 2**31), factors)
def test_units_and_numeraire_do_not_matter(seed: int, factor: float) -> None:
    trade, use, rate = random_flows(seed, 3, 2, True)
    names = {"countries": ["C0", "C1", "C2"], "sectors": ["S0", "S1"], "theta": 4.0}
    small = World.from_flows(trade, use, tariff=rate, **names)
    large = World.from_flows(1e6 * trade, 1e6 * use, tariff=rate, **names)
    a = solve(small, ease_and_protect(small, factor))
    b = solve(large, ease_and_protect(large, factor))
    np.testing.assert_allclose(a.welfare, b.welfare, atol=1e-6)
    np.testing.assert_allclose(
        1e6 * a.equivalent_variation, b.equivalent_variation, atol=1e-7 * large.income.max()
    )
    VA = small.data["VA"].values
    assert (arrays(a).w * VA).sum() == pytest.approx(VA.sum(), rel=1e-12)


@few
@given(st.integers(0, 2**31), factors, st.permutations(range(4)))
def test_order_of_countries_does_not_matter(seed: int, factor: float, order: list[int]) -> None:
    world = make_world(seed, 4, 2)
    labels = [f"C{n}" for n in order]
    axes = {"country": labels, "origin": labels, "destination": labels}
    shuffled = World(world.data.sel(axes))
    a = solve(world, ease_and_protect(world, factor), tolerance=1e-12)
    b = solve(shuffled, ease_and_protect(shuffled, factor), tolerance=1e-12)
    np.testing.assert_allclose(a.welfare.sel(country=labels), b.welfare, atol=1e-8)


@few
@given(st.integers(0, 2**31), factors)
def test_splitting_a_country_in_identical_halves_changes_nothing(seed: int, factor: float) -> None:
    trade, use, _ = random_flows(seed, 3, 2, False)
    share = np.array([0.5, 0.5, 1.0, 1.0])
    parent = np.array([0, 0, 1, 2])
    halves = trade[np.ix_(parent, parent)] * share[:, None, None] * share[None, :, None]
    split = World.from_flows(
        halves, use[parent] * share[:, None, None], theta=4.0,
        countries=["C0", "C0b", "C1", "C2"], sectors=["S0", "S1"],
    )  # fmt: skip
    whole = World.from_flows(
        trade, use, theta=4.0, countries=["C0", "C1", "C2"], sectors=["S0", "S1"]
    )
    a = solve(whole, Changes(whole).cost("C1", "C2", factor=factor), tolerance=1e-12)
    b = solve(split, Changes(split).cost("C1", "C2", factor=factor), tolerance=1e-12)
    np.testing.assert_allclose(a.welfare.values[parent], b.welfare, atol=1e-8)


@few
@given(worlds(), st.floats(0.01, 3))
def test_lifting_and_imposing_again_is_the_identity(world: World, ave: float) -> None:
    lifted = Changes(world).cost("C0", "C1", factor=1 / (1 + ave))
    again = lifted.cost("C0", "C1", factor=1 + ave)
    assert largest_change(solve(world, again)) < 1e-12
    there = solve(world, lifted, tolerance=1e-12)
    after = there.world_after
    back = solve(after, Changes(after).cost("C0", "C1", factor=1 + ave), tolerance=1e-12)
    product = there.hats["real_income_hat"] * back.hats["real_income_hat"]
    np.testing.assert_allclose(product, 1, atol=1e-9)


@few
@given(st.integers(0, 2**31), st.floats(0.0, 0.8))
def test_autarky_has_its_closed_form(seed: int, inputs: float) -> None:
    """Arkolakis, Costinot and Rodriguez-Clare (2012): W_hat = pi_nn^(1 / (theta beta))."""
    rng = np.random.default_rng(seed)
    trade = rng.lognormal(0, 1, (3, 3, 1))
    trade[np.arange(3), np.arange(3)] *= 5
    use = (
        inputs
        * np.minimum(trade.sum(0), trade.sum(1))[:, :, None]
        * rng.uniform(0.2, 1, 3)[:, None, None]
    )
    flows = World.from_flows(trade, use, theta=5.0, countries=["C0", "C1", "C2"], sectors=["S0"])
    world = rebalance(flows, "zero")
    banned = Changes(world).ban("C0").ban(destination="C0")
    found = solve(world, banned, tolerance=1e-12)
    home = float(world.data["pi"].sel(origin="C0", destination="C0", sector="S0"))
    beta = float(world.data["beta"].sel(country="C0", sector="S0"))
    expected = 100 * (home ** (1 / (5 * beta)) - 1)
    assert float(found.welfare.sel(country="C0")) == pytest.approx(expected, abs=1e-6)
    assert float(found.trade["after"].sel(origin="C0", destination="C1").sum()) == 0


def test_everyone_in_autarky_solves() -> None:
    world = detente.load_world()
    found = solve(world, Changes(world).ban())
    abroad = found.trade["after"].sum("sector").values
    assert abroad[~np.eye(80, dtype=bool)].max() == 0
    assert "cut off" in found.notes[0]


def test_losing_the_only_supplier_solves_and_is_told() -> None:
    trade, use, _ = random_flows(7, 3, 2, False)
    trade[0, 0, 1] = trade[2, 0, 1] = 0
    use[0, 1] = 0.1 * trade[1, 0, 1] / 2
    use[0] *= 0.2
    world = World.from_flows(
        trade, use, theta=4.0, countries=["C0", "C1", "C2"], sectors=["S0", "S1"]
    )
    found = solve(world, Changes(world).ban("C1", "C0", ["S1"]))
    lost = found.lost_supply
    assert lost[["country", "sector"]].values.tolist() == [["C0", "S1"]]
    assert "lower bound" in " ".join(found.notes)
    assert np.isfinite(found.welfare).all()


def test_one_way_trade_has_no_equilibrium_and_names_the_country() -> None:
    world = make_world(3, 4, 2)
    with pytest.raises(ConvergenceError, match=r"C2 can trade .* one direction only"):
        solve(world, Changes(world).ban("C2"))


def test_no_convergence_raises_with_diagnostics() -> None:
    world = detente.load_world()
    with pytest.raises(ConvergenceError, match="excess demand") as caught:
        solve(world, Changes(world).cost("USA", "BLR", factor=0.5), max_evaluations=3)
    assert caught.value.diagnostics["evaluations"] <= 5
    assert caught.value.diagnostics["worst_country"] in world.countries


@few
@given(worlds(), st.floats(0.001, 0.05))
def test_a_transfer_helps_its_receiver(world: World, share: float) -> None:
    amount = share * float(world.income.min())
    found = solve(world, Changes(world).transfer("C0", "C1", amount))
    # With the closure in shares, tariffs apart, incomes move by the transfer first of all.
    assert float(found.hats["I_hat"].sel(country="C0")) < 1
    assert float(found.hats["I_hat"].sel(country="C1")) > 1


def test_the_decomposition_is_first_order() -> None:
    world = detente.load_world()
    found = solve(world, Changes(world).cost("USA", "BLR", factor=0.999))
    parts = found.decomposition.sel(country=["BLR", "RUS", "LTU"])
    np.testing.assert_allclose(parts["total"], parts["exact"], rtol=0.02, atol=1e-7)


@few
@given(st.integers(0, 2**31))
def test_many_solves_are_a_loop_of_solves(seed: int) -> None:
    world = make_world(seed, 3, 2)
    rng = np.random.default_rng(seed)
    changes = [ease_and_protect(world, f) for f in rng.uniform(0.8, 1.5, 4)]
    theta = rng.uniform(2, 8, (4, 2))
    one = solve_many(world, changes, theta=theta, workers=1)
    two = solve_many(world, changes, theta=theta, workers=2)
    again = solve_many(world, changes, theta=theta, workers=1)
    loop = [solve(world, c, theta=t).welfare.values for c, t in zip(changes, theta, strict=True)]
    np.testing.assert_allclose(one["welfare"].values, np.stack(loop), atol=1e-6)
    assert one.identical(two)
    assert one.identical(again)


def test_many_solves_name_the_draw_that_fails() -> None:
    world = make_world(5, 3, 2)
    with pytest.raises(ConvergenceError, match="draw 1"):
        solve_many(world, [Changes(world), Changes(world).ban("C2")])
    with pytest.raises(ScenarioError, match="2 changes but 3 draws"):
        solve_many(world, [Changes(world)] * 2, theta=np.full((3, 2), 4.0))
    with pytest.raises(ScenarioError, match="no draw"):
        solve_many(world, [])


def test_easing_on_the_embedded_world_is_of_the_size_known_from_trials() -> None:
    """Uniform elasticity 4, a fifth off the cost of all trade with Belarus."""
    world = detente.load_world("icio2022", "uniform")

    def welfare(partners: list[str], factor: float) -> float:
        changes = Changes(world).cost(partners, "BLR", factor=factor)
        changes = changes.cost("BLR", partners, factor=factor)
        return float(solve(world, changes).welfare.sel(country="BLR"))

    assert welfare(["USA"], 0.8) == pytest.approx(0.3, rel=0.2)
    assert welfare(["USA", "GBR", "EU27"], 0.8) == pytest.approx(5, rel=0.2)
    assert welfare(["RUS"], 5.0) == pytest.approx(-11, rel=0.2)
