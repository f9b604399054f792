"""Splitting a sector: totals kept, nothing negative, merging back, what is binding."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente import Changes, World, WorldError, rebalance, solve
from detente.world import Part, PartOfYear
from detente.world.balancing import balance, fill
from detente.world.names import resolve_sectors
from detente.world.part import FINAL
from worlds import ease_and_protect, make_world, worlds

BACK = {"S0": ["S0", "x"]}


def purchases(world: World) -> np.ndarray:
    """Use of inputs in value, [n,k,j]."""
    d = world.data
    use = d["gamma"] * (1 - d["beta"]) * world.output
    return use.transpose("country", "input", "sector").values


def assert_same(found: World, expected: World) -> None:
    """Every flow to 1e-12 of the largest beside which it stands, and the accounts of countries."""
    assert found.sectors == expected.sectors
    size = float(expected.data["X"].max())
    np.testing.assert_allclose(found.trade, expected.trade, rtol=1e-12, atol=1e-14 * size)
    np.testing.assert_allclose(purchases(found), purchases(expected), rtol=1e-12, atol=1e-13 * size)
    for name in ("VA", "D"):
        np.testing.assert_allclose(
            found.data[name], expected.data[name], rtol=1e-12, atol=1e-12 * size
        )
    for name in ("pi", "t", "theta"):
        np.testing.assert_allclose(found.data[name], expected.data[name], rtol=1e-12, atol=1e-14)
    for name in ("beta", "gamma", "alpha"):
        np.testing.assert_allclose(found.data[name], expected.data[name], atol=1e-12)


def assert_kept(world: World, parts: World) -> None:
    """Totals of the world are exactly those before the split, and nothing is negative."""
    for name in ("pi", "beta", "gamma", "alpha", "X"):
        assert float(parts.data[name].min()) >= 0
    assert_same(parts.aggregate(sectors={"S0": "S0"}), world)


def random_part(world: World, seed: int) -> Part:
    """Figures of a part that fit, and shares that need not."""
    rng = np.random.default_rng(seed)
    trade = world.trade.sel(sector="S0").values
    exports = (trade.sum(1) - np.diag(trade)) * rng.uniform(0, 0.9, len(trade))
    C = world.countries
    shares = {
        a: dict(zip([b for b in C if b != a], rng.dirichlet(np.ones(len(C) - 1)), strict=True))
        for a in C
    }
    buyers = [*world.sectors, FINAL]
    return Part(
        exports=dict(zip(C, exports, strict=True)),
        output=dict(zip(C, exports + np.diag(trade) * rng.uniform(0, 0.9, len(C)), strict=True)),
        imports={C[0]: float(exports.sum() / 2)},
        destinations={C[0]: shares[C[0]]},
        origins={C[1]: shares[C[1]]},
        users=dict(zip(buyers, rng.dirichlet(np.ones(len(buyers))), strict=True)),
        inputs=dict(zip(world.sectors, rng.dirichlet(np.ones(len(world.sectors))), strict=True)),
        beta=float(rng.uniform()),
    )


@settings(max_examples=40, deadline=None)
@given(worlds(), st.integers(0, 2**31))
def test_totals_are_kept_whatever_is_known_of_the_part(world: World, seed: int) -> None:
    part = random_part(world, seed)
    parts = world.split("S0", {"x": part})
    assert_kept(world, parts)
    sold = parts.trade.sel(sector="x").values
    made = list((part.output or {}).values())
    np.testing.assert_allclose(sold.sum(1), made, rtol=1e-9, atol=1e-12 * sold.sum())
    asked = list((part.exports or {}).values())
    np.testing.assert_allclose(
        sold.sum(1) - np.diag(sold), asked, rtol=1e-9, atol=1e-12 * sold.sum()
    )


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 2**31), st.floats(0, 1))
def test_several_parts_merge_back(world: World, seed: int, share: float) -> None:
    random = Part(exports={c: v / 2 for c, v in random_part(world, seed).exports.items()})  # type: ignore[union-attr]
    parts = world.split("S0", {"x": random, "y": Part(share=share / 2, at_most=1)})
    assert parts.sectors[:3] == ["S0", "x", "y"]
    assert_kept(world, parts)
    assert_same(parts.split("x", {"z": Part(share=share)}).aggregate(sectors={"S0": "S0"}), world)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tariffs", [True, False])
def test_all_of_a_sector_may_be_split_off(seed: int, tariffs: bool) -> None:
    world = make_world(seed, countries=2, sectors=1 + seed % 2, tariffs=tariffs)
    parts = world.split("S0", {"x": Part(share=1.0)})
    assert not parts.trade.sel(sector="S0").any()
    assert not purchases(parts)[:, 0].any()
    assert_kept(world, parts)


@pytest.mark.parametrize("deficits", ["share", "value", "zero"])
@pytest.mark.parametrize("seed", [1, 2])
def test_identical_parts_change_no_result(deficits: Any, seed: int) -> None:
    world = make_world(seed, countries=3, sectors=3)
    parts = world.split("S0", {"x": Part(share=0.5)})
    shocks = [
        lambda w: ease_and_protect(w, 0.8),
        lambda w: Changes(w).ban("C0", "C1", sectors="S0"),
        lambda w: Changes(w).cost("C1", "C2", sectors=["S0", "S1"], factor=1.3),
    ]
    for shock in shocks:
        one = solve(world, shock(world), deficits=deficits, tolerance=1e-12)
        two = solve(parts, shock(parts), deficits=deficits, tolerance=1e-12)
        np.testing.assert_allclose(two.welfare, one.welfare, rtol=1e-8, atol=1e-8)
        merged = two.trade["after"].groupby(parts.data["parent"]).sum().rename(parent="sector")
        before = one.trade["after"]
        np.testing.assert_allclose(
            merged.transpose(*before.dims).sel(sector=world.sectors), before, rtol=1e-7, atol=1e-9
        )


@pytest.mark.parametrize("sigma", [1.0, 0.5])
def test_identical_parts_change_no_result_where_factors_cannot_move(sigma: float) -> None:
    world = make_world(3, countries=3, sectors=3)
    parts = world.split("S0", {"x": Part(share=0.5)})
    one, two = (
        solve(w, ease_and_protect(w, 0.8), phi=0.4, sigma=sigma, tolerance=1e-12)
        for w in (world, parts)
    )
    np.testing.assert_allclose(two.welfare, one.welfare, rtol=1e-8, atol=1e-8)


def test_what_is_known_holds_and_the_rest_follows_the_sector() -> None:
    world = make_world(7, tariffs=False)
    trade = world.trade.sel(sector="S0").values
    parts = world.split("S0", {"x": Part(exports={"C0": trade[0, 1:].sum() / 4}, name="Ex")})
    found = parts.trade.sel(sector="x").values
    np.testing.assert_allclose(found[0], trade[0] / 4)
    assert not found[1:].any()
    own = world.data.sel(country="C0", sector="S0")
    assert float(parts.data["beta"].sel(country="C0", sector="x")) == pytest.approx(
        float(own["beta"])
    )
    used = purchases(parts)[:, 1, 2] / purchases(world)[:, 0, 1]
    np.testing.assert_allclose(used, found.sum(0) / trade.sum(0))
    assert parts.name_of("x") == "Ex" if "sector_name" in parts.data.coords else True
    assert parts.name == "user+x"


def test_partner_shares_are_moved_no_more_than_they_must() -> None:
    world = make_world(8, tariffs=False)
    trade = world.trade.sel(sector="S0").values
    exports = trade[0, 1:].sum() / 2
    half = min(0.5 * trade[0, 1], exports) / exports
    fits = world.split(
        "S0", {"x": Part(exports={"C0": exports}, destinations={"C0": {"C1": half}})}
    )
    assert float(fits.trade.sel(sector="x", origin="C0", destination="C1")) == pytest.approx(
        half * exports
    )
    too_much = Part(exports={"C0": 0.9 * trade[0, 1:].sum()}, destinations={"C0": {"C1": 1.0}})
    moved = world.split("S0", {"x": too_much})
    assert float(moved.trade.sel(sector="x", origin="C0", destination="C1")) == pytest.approx(
        trade[0, 1]
    )
    first = moved.misfits.iloc[0]
    assert (first["what"], first["at"]) == ("trade", "C0 -> C1")
    assert first["asked"] == pytest.approx(0.9 * trade[0, 1:].sum())
    assert first["found"] == pytest.approx(trade[0, 1])


def test_a_part_of_the_year_keeps_only_its_share_of_the_prior() -> None:
    world = make_world(9, tariffs=False)
    trade = world.trade.sel(sector="S0").values
    part = {"exports": {"C0": trade[0, 1:].sum() / 10}}
    plain = world.split("S0", {"x": Part(**part)}).trade.sel(sector="x").values[0]
    ended = PartOfYear(["C0"], ["C1"], 0.25)
    short = world.split("S0", {"x": Part(**part, part_of_year=[ended])})
    found = short.trade.sel(sector="x").values[0]
    assert found[1] / found[2] == pytest.approx(0.25 * plain[1] / plain[2])


def test_binding_shares_hold_or_are_refused_by_cell() -> None:
    world = make_world(10, tariffs=False)
    trade = world.trade.sel(sector="S0").values
    exports, n = 0.9 * trade[0, 1:].sum(), int(trade[0, 1:].argmin()) + 1
    held = 0.8 * trade[0, n] / exports
    part = Part(exports={"C0": exports}, destinations={"C0": {f"C{n}": held}}, binding=True)
    found = world.split("S0", {"x": part}).trade.sel(sector="x").values
    assert found[0, n] == pytest.approx(0.8 * trade[0, n])
    other = 3 - n
    none = Part(exports={"C0": held * exports}, destinations={"C0": {f"C{n}": 0.0}}, binding=True)
    found = world.split("S0", {"x": none}).trade.sel(sector="x").values
    assert (found[0, n], found[0, other]) == (0, pytest.approx(held * exports))
    over = Part(exports={"C0": exports}, destinations={"C0": {f"C{n}": 1.5 * held}}, binding=True)
    with pytest.raises(WorldError, match=f"trade of C0 with destination C{n}: .* asked, but at"):
        world.split("S0", {"x": over})


def test_a_total_above_the_sector_is_refused_by_country_or_cut() -> None:
    world = make_world(11)
    trade = world.trade.sel(sector="S0").values
    most = trade[2, :2].sum()
    part = {"exports": {"C2": 1.5 * most}, "at_most": 0.8}
    with pytest.raises(WorldError, match=r"x: exports of C2: .* asked, but at most .* is in S0"):
        world.split("S0", {"x": Part(**part)})
    cut = world.split("S0", {"x": Part(**part, cut=["C2"])})
    assert float(cut.trade.sel(sector="x", origin="C2")[:2].sum()) == pytest.approx(0.8 * most)
    assert "exports" in set(cut.misfits["what"])
    at_home = {"exports": {"C2": 0.1 * most}, "output": {"C2": 3 * trade[2].sum()}}
    with pytest.raises(WorldError, match="home sales of C2"):
        world.split("S0", {"x": Part(**at_home)})
    with pytest.raises(WorldError, match="output of C2 is .*, less than its exports"):
        world.split("S0", {"x": Part(exports={"C2": 0.1 * most}, output={"C2": 0.05 * most})})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({}, "needs its size"),
        ({"exports": {"C0": -1.0}}, "exports of C0: -1"),
        ({"exports": {"C0": float("nan")}}, "exports of C0: nan"),
        ({"share": 1.5}, "share: 1.5; it must be between 0 and 1"),
        ({"share": 0.1, "theta": -3.0}, "theta: -3"),
        ({"share": 0.1, "phi": {"C0": 2.0}}, "phi of C0: 2"),
        ({"share": 0.1, "destinations": {"C0": {"C1": 0.7, "C2": 0.6}}}, "sum to 1.3"),
        ({"share": 0.1, "users": {"S0": -0.1}}, "users: share of S0: -0.1"),
    ],
)
def test_figures_that_make_no_sense_are_refused(part: dict[str, Any], words: str) -> None:
    with pytest.raises(WorldError, match=words):
        Part(**part)


def test_names_that_a_world_does_not_have_are_refused() -> None:
    world = make_world(12)
    with pytest.raises(WorldError, match="unknown sector 'S9'"):
        world.split("S9", {"x": Part(share=0.1)})
    with pytest.raises(WorldError, match="'all' is a group"):
        world.split("all", {"x": Part(share=0.1)})
    with pytest.raises(WorldError, match="'S1' of a part of S0 is taken"):
        world.split("S0", {"S1": Part(share=0.1)})
    with pytest.raises(WorldError, match="unknown country 'C7'"):
        world.split("S0", {"x": Part(exports={"C7": 1.0})})
    with pytest.raises(WorldError, match="destinations of C0: C0 is itself"):
        world.split("S0", {"x": Part(share=0.1, destinations={"C0": {"C0": 0.5}})})
    with pytest.raises(WorldError, match="no parts"):
        world.split("S0", {})


def test_a_sector_means_itself_and_its_parts() -> None:
    world = make_world(13).split("S1", {"x": Part(share=0.2, phi=0.5, theta=3.0)})
    assert resolve_sectors("S1", world.sectors) == ["S1", "x"]
    assert resolve_sectors("x", world.sectors) == ["x"]
    assert list(world.data["parent"].values) == ["S0", "S1", "S1", "S2"]
    closed = rebalance(world, "zero")
    assert resolve_sectors("S1", closed.sectors) == ["S1", "x"]
    assert closed.data["phi"].equals(world.data["phi"])
    assert float(world.data["phi"].sel(sector="x").min()) == 0.5
    assert not world.data["phi"].sel(sector="S1").any()
    assert world.fingerprint != World(world.data.drop_vars("phi")).fingerprint


def test_elasticities_of_parts() -> None:
    world = make_world(14, sectors=2).split("S0", {"x": Part(share=0.2)})
    assert float(world.data["theta"].sel(sector="x")) == float(world.data["theta"].sel(sector="S0"))
    other = world.with_elasticities({"S0": 4.0, "S1": 5.0})
    assert other.data["theta"].values.tolist() == [4.0, 4.0, 5.0]
    own = world.split("S1", {"y": Part(share=0.5, theta=2.5)}).split("y", {"z": Part(share=0.5)})
    assert own.sectors == ["S0", "x", "S1", "y", "z"]
    assert own.data["theta"].values.tolist()[3:] == [2.5, 2.5]
    with_own = world.with_elasticities({"S0": 4.0, "x": 9.0, "S1": 5.0})
    assert with_own.data["theta"].values.tolist() == [4.0, 9.0, 5.0]


def test_merged_worlds_keep_parents_and_fixed_factors() -> None:
    world = make_world(15, tariffs=False).split("S0", {"x": Part(share=0.25, phi=0.6)})
    countries = world.aggregate(countries={"B": ["C0", "C1"]})
    assert countries.sectors.parents == {"x": "S0"}
    np.testing.assert_allclose(countries.data["phi"].sel(sector="x"), 0.6)
    merged = world.aggregate(sectors={"S": ["S0", "x", "S1"]})
    assert merged.sectors.parents == {}
    whole = (world.output * world.data["beta"]).sel(country="C0")
    fixed = 0.6 * whole.sel(sector="x") / whole.sel(sector=["S0", "x", "S1"]).sum()
    assert float(merged.data["phi"].sel(country="C0", sector="S")) == pytest.approx(float(fixed))


def test_filling_meets_totals_under_ceilings() -> None:
    rng = np.random.default_rng(1)
    prior, ceiling = rng.random((4, 6)), rng.random((4, 6))
    prior[0, :4] = 0
    totals = ceiling.sum(1) * np.array([0.9, 0.5, 1.0, 0.0])
    found = fill(prior, ceiling, totals, np.ones_like(prior))
    np.testing.assert_allclose(found.sum(1), totals, rtol=1e-12)
    assert (found <= ceiling).all()
    np.testing.assert_array_equal(found[0, 4:], ceiling[0, 4:])
    free = found[1] < ceiling[1]
    np.testing.assert_allclose(np.ptp(found[1, free] / prior[1, free]), 0, atol=1e-12)


def test_balancing_is_the_minimum_of_divergence() -> None:
    """No shift round four cells that keeps rows and columns lowers the divergence."""
    rng = np.random.default_rng(2)
    prior = rng.random((4, 5)) + 0.1
    ceiling = prior * rng.uniform(0.8, 3, prior.shape)
    inside = ceiling * rng.uniform(0.3, 0.9, prior.shape)
    found = balance(prior, ceiling, inside.sum(1), inside.sum(0), prior)
    np.testing.assert_allclose(found.sum(1), inside.sum(1), rtol=1e-10)
    np.testing.assert_allclose(found.sum(0), inside.sum(0), rtol=1e-8)

    def divergence(x: np.ndarray) -> float:
        return float((x * np.log(x / prior) - x + prior).sum())

    for _ in range(200):
        i, k = rng.choice(4, 2, replace=False)
        n, m = rng.choice(5, 2, replace=False)
        step = np.zeros_like(found)
        step[i, n] = step[k, m] = 1e-4
        step[i, m] = step[k, n] = -1e-4
        if (found + step <= ceiling).all() and (found + step > 0).all():
            assert divergence(found + step) >= divergence(found) - 1e-12


def test_misfits_are_a_table_even_when_there_are_none() -> None:
    table = make_world(16).misfits
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == ["sector", "what", "at", "asked", "found"]
    assert table.empty
