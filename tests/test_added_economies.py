"""Economies added to a world: figures given are met, the others keep theirs, faults are told."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import detente
from detente import Changes, World, WorldError, load_world, solve
from detente.world import Economy
from detente.world.accounts import Accounts
from detente.world.balancing import Margin, scaled
from detente.world.economy import shares_of_sectors
from detente.world.gravity import coefficients, nearness
from detente.world.names import is_goods

KYRGYZ = {
    "like": ["KAZ"],
    "gdp": 11_000.0,
    "exports": {"RUS": 960.0, "KAZ": 410.0, "GBR": 700.0, "rest": 300.0},
    "imports": {"CHN": 4070.0, "RUS": 2360.0, "KAZ": 800.0, "rest": 1500.0},
    "total_exports": 4_500.0,
    "total_imports": 10_500.0,
    "sectors": {"A": 0.14, "C": 0.15, "B+D+E": 0.04},
    "export_sectors": {"C24B": 0.4, "A": 0.15},
}


@pytest.fixture(scope="module")
def base() -> World:
    return load_world("icio2022")


@pytest.fixture(scope="module")
def world(base: World) -> World:
    return base.add_economy("KGZ", **KYRGYZ, name="Kyrgyzstan")


def goods(world: World) -> list[str]:
    return [s for s in world.sectors if is_goods(s, world.sectors.parents)]


def test_trade_with_partners_is_what_was_given(world: World) -> None:
    traded = world.trade.sel(sector=goods(world)).sum("sector")
    for partner in ("RUS", "KAZ", "GBR"):
        sold = float(traded.sel(origin="KGZ", destination=partner))
        assert sold == pytest.approx(KYRGYZ["exports"][partner], rel=1e-6)  # type: ignore[index]
    for partner in ("CHN", "RUS", "KAZ"):
        bought = float(traded.sel(origin=partner, destination="KGZ"))
        assert bought == pytest.approx(KYRGYZ["imports"][partner], rel=1e-6)  # type: ignore[index]


def test_totals_and_sectors_are_what_was_given(world: World) -> None:
    row = world.country_table().loc["KGZ"]
    assert row["exports"] == pytest.approx(4_500, rel=1e-5)
    assert row["imports"] == pytest.approx(10_500, rel=1e-5)
    assert row["value added"] == pytest.approx(11_000, rel=1e-6)
    added = (world.output * world.data["beta"]).sel(country="KGZ")
    for group, share in (("A", 0.14), ("C", 0.15)):
        members = [s for s in world.sectors if s.startswith(group)]
        assert float(added.sel(sector=members).sum()) == pytest.approx(share * 11_000, rel=1e-6)
    sold = world.trade.sel(origin="KGZ").drop_sel(destination="KGZ").sum("destination")
    assert float(sold.sel(sector="C24B")) == pytest.approx(0.4 * 2370, rel=0.02)


def test_the_others_keep_output_and_value_added(base: World, world: World) -> None:
    others = world.output.sel(country=base.countries)
    np.testing.assert_allclose(others, base.output, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(
        world.data["VA"].sel(country=base.countries), base.data["VA"], rtol=1e-9
    )


def test_what_is_sold_to_it_is_taken_from_sales_to_each_other(base: World, world: World) -> None:
    old = base.countries
    before, after = base.trade.sum("sector"), world.trade.sum("sector")
    sold = after.sel(origin=old, destination="KGZ")
    among = after.sel(origin=old, destination=old).sum("destination")
    np.testing.assert_allclose(among + sold, before.sum("destination"), rtol=1e-9)
    kept = np.diag(after.sel(origin=old, destination=old))
    np.testing.assert_allclose(kept, np.diag(before), rtol=1e-12)


def test_what_is_not_given_is_estimated_and_borrowed(base: World) -> None:
    world = base.add_economy("KGZ", like=["KAZ"], gdp=11_000)
    row = world.country_table().loc[["KGZ", "KAZ"]]
    assert row.loc["KGZ", "openness"] == pytest.approx(row.loc["KAZ", "openness"], rel=0.05)
    sold = world.trade.sel(origin="KGZ").drop_sel(destination="KGZ").sum("sector").to_series()
    share = base.trade.sel(destination="KAZ").sum() / base.trade.sum()
    assert sold["KAZ"] / sold.sum() > 3 * float(share)


def test_every_cell_says_what_it_rests_on(base: World, world: World) -> None:
    basis = world.basis
    assert set(base.basis.values.ravel()) == {"observed"}
    assert basis.sel(origin="KGZ", destination="RUS", sector="C20") == "given"
    assert basis.sel(origin="KGZ", destination="RUS", sector="K") == "estimated"
    assert basis.sel(origin="KGZ", destination="DEU", sector="C20") == "estimated"
    assert basis.sel(origin="KGZ", destination="KGZ", sector="C20") == "borrowed"
    assert basis.sel(origin="DEU", destination="RUS", sector="C20") == "observed"
    assert sum(world.trade_basis().values()) == pytest.approx(1)
    given = 2070 + 7230
    assert world.added["KGZ"]["given"] == pytest.approx(given / 15_000, abs=1e-3)
    assert world.name_of("KGZ") == "Kyrgyzstan"


def test_splitting_and_merging_keep_what_it_rests_on(world: World) -> None:
    split = world.split("C20", {"soda": detente.world.Part(exports={"USA": 1600})})
    assert split.added == world.added
    assert split.basis.sel(origin="KGZ", destination="RUS", sector="soda") == "given"
    merged = world.aggregate(countries={"CIS": ["KAZ", "RUS"]})
    assert merged.added["KGZ"]["like"] == ["KAZ"]
    assert merged.basis.sel(origin="KGZ", destination="CIS", sector="C20") == "given"
    assert world.aggregate(countries={"CIS": ["KGZ", "KAZ", "RUS"]}).added == {}


def test_figures_that_cannot_be_met_are_listed(base: World) -> None:
    most = base.trade.sel(origin="STP", sector=goods(base)).drop_sel(destination="STP").sum()
    world = base.add_economy("GNQ", like=["CMR"], gdp=13_000, imports={"STP": 0.99 * float(most)})
    found = world.misfits.set_index(["what", "at"])
    asked = found.loc[("trade", "STP -> GNQ")]
    assert asked["found"] < asked["asked"] == pytest.approx(0.99 * float(most))


def test_several_economies_name_each_other(base: World) -> None:
    world = base.add_economies(
        {
            "ARM": Economy(like="BGR", gdp=18_000, exports={"GEO": 200, "rest": 4_000}),
            "GEO": Economy(like="BGR", gdp=22_000, imports={"ARM": 300, "rest": 9_000}),
        }
    )
    traded = world.trade.sel(origin="ARM", destination="GEO", sector=goods(world)).sum()
    assert float(traded) == pytest.approx(250, rel=1e-6)


def test_an_economy_is_added_to_a_split_world_with_tariffs_and_fixed_factors() -> None:
    split = load_world("icio2022+potash")
    accounts = Accounts.of(split)
    N, J = accounts.use.shape[:2]
    tariff = np.full((N, N, J), 0.05)
    tariff[range(N), range(N)] = 0.0
    world = World.from_flows(
        accounts.trade, accounts.use, tariff=tariff, theta=4.0,
        countries=split.countries, sectors=split.sectors,
    )  # fmt: skip
    phi = xr.DataArray(np.full((N, J), 0.3), dims=("country", "sector"))
    found = World(world.data.assign(phi=phi)).add_economy(
        "UZB", like=["KAZ"], gdp=85_000, exports=18_000, imports=30_000
    )
    assert float(found.data["phi"].sel(country="UZB").min()) == pytest.approx(0.3)
    assert float(found.data["t"].sel(destination="UZB", origin="CHN").min()) == pytest.approx(0.05)
    assert float(found.data["t"].sel(destination="UZB", origin="UZB").max()) == 0
    assert float(found.tariff_revenue.sel(country="UZB")) > 1_000
    both = split.add_economy("UZB", like=["KAZ"], gdp=85_000, exports=18_000, imports=30_000)
    sold = both.trade.sel(origin="UZB", sector=goods(both)).drop_sel(destination="UZB")
    assert float(sold.sum()) == pytest.approx(18_000, rel=1e-6)
    assert both.sectors.parents == {"potash": "C20"}


def test_an_economy_under_embargo_trades_little_where_trade_is_not_given(base: World) -> None:
    facts = {"like": ["KAZ"], "gdp": 380_000.0}
    free, barred = (
        base.add_economy("IRN", **facts),
        base.add_economy(  # type: ignore[arg-type]
            "IRN",
            **facts,
            barred={"USA": 0.02},  # type: ignore[arg-type]
        ),
    )
    pair = {"origin": "IRN", "destination": "USA"}
    assert float(barred.trade.sel(pair).sum()) < 0.1 * float(free.trade.sel(pair).sum())


def test_an_embargo_on_an_added_economy_costs_it(world: World) -> None:
    changes = Changes(world).cost("RUS", "KGZ", factor=np.inf).cost("KGZ", "RUS", factor=np.inf)
    welfare = solve(world, changes).welfare
    assert -20 < float(welfare.sel(country="KGZ")) < -0.5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"like": []}, "like: name an economy"),
        ({"like": ["Atlantis"]}, "KGZ: like: unknown country 'Atlantis'"),
        ({"gdp": -1.0}, "gdp: -1; it must be positive"),
        ({"exports": {"Atlantis": 5.0}}, "KGZ: exports: unknown country 'Atlantis'"),
        ({"exports": {"KGZ": 5.0}}, "KGZ: exports: KGZ is itself"),
        ({"exports": {"EU27": 5.0}}, "KGZ: exports: 'EU27' is a group"),
        ({"exports": {"RUS": -5.0}}, r"exports \(RUS\): -5; it must be a number"),
        ({"total_exports": 1000.0}, "total_exports: 1000, less than exports of goods, 2370"),
        ({"imports": {"LAO": 90_000.0}, "total_imports": None}, "imports from LAO: 90000, but LAO"),
        ({"exports": 21_000.0, "total_exports": None, "imports": 500.0, "total_imports": 500.0},
         "leave nothing to be used at home"),
        ({"sectors": {"A": 0.7, "C": 0.5}}, "sectors: shares sum to 1.2"),
        ({"sectors": {"A": 0.1, "A01": 0.05}}, "A01 is in both 'A' and 'A01'"),
        ({"sectors": {"Z9": 0.1}}, "KGZ: sectors: unknown sector 'Z9'"),
        ({"export_sectors": {"K": 0.1}}, "export_sectors: only goods are meant"),
        ({"barred": {"USA": 2.0}}, "barred: USA: 2; it must be between 0 and 1"),
    ],
)  # fmt: skip
def test_faults_are_told_by_field(base: World, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(WorldError, match=message):
        base.add_economy("KGZ", **{**KYRGYZ, **changed})


def test_an_economy_that_is_there_or_nowhere_is_refused(base: World) -> None:
    with pytest.raises(WorldError, match="'KAZ' is in the world already"):
        base.add_economy("KAZ", like="RUS", gdp=1.0)
    with pytest.raises(WorldError, match="no distances of 'QQQ'"):
        base.add_economy("QQQ", like="RUS", gdp=100.0)


def test_gravity_falls_with_distance_in_every_sector() -> None:
    assert (coefficients()["log_km"] < -0.2).all()
    near = nearness(["POL", "DEU", "NZL"], ["C29", "K"], {})
    assert (near[0, 1] > near[0, 2]).all()
    np.testing.assert_allclose(near, near.transpose(1, 0, 2))


def test_a_region_lies_where_its_parts_lie() -> None:
    places = {"XX": ["LVA", "EST"]}
    near = np.log(nearness(["XX", "LVA", "EST", "USA"], ["C20"], places))[:, 3, 0]
    assert near[0] == pytest.approx((near[1] + near[2]) / 2)


def test_groups_of_sectors_may_be_sections_and_sums(base: World) -> None:
    found = shares_of_sectors({"A": 0.2, "H+J61": 0.1}, base.sectors, "sectors")
    names = [[base.sectors[j] for j in members] for members, _ in found]
    assert names == [["A01", "A02", "A03"], ["H49", "H50", "H51", "H52", "H53", "J61"]]


def test_scaling_meets_margins_and_ceilings() -> None:
    rng = np.random.default_rng(3)
    prior, target = rng.uniform(1, 2, (3, 4, 5)), rng.uniform(1, 2, (3, 4, 5))
    ceiling = Margin((0, 1), prior.sum((0, 1)) * 2, at_most=True)
    margins = [Margin((2,), target.sum(2)), Margin((0,), target.sum(0))]
    found = scaled(prior, [ceiling, *margins])
    for margin in margins:
        np.testing.assert_allclose(found.sum(margin.over), margin.total, rtol=1e-8)
    tight = replace(margins[0], total=target.sum(2) / 4, at_most=True)
    assert (scaled(prior, [tight]).sum(2) <= tight.total * (1 + 1e-12)).all()
