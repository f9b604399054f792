"""What tests/test_world.py does not look at yet."""

import numpy as np
import pytest
import xarray as xr

import detente
from detente import Changes, World, WorldError, load_world, rebalance, solve
from detente.world.names import resolve_countries
from worlds import make_world, random_flows

NAMES = {"countries": ["AAA", "BBB", "CCC"], "sectors": ["S0", "S1"]}


def labelled(values: np.ndarray, dims: tuple[str, ...]) -> xr.DataArray:
    names = {"sector": NAMES["sectors"], "input": NAMES["sectors"]}
    coords = {d: names.get(d, NAMES["countries"]) for d in dims}
    return xr.DataArray(values, dims=dims, coords=coords, name="value")


def test_tariffs_and_inputs_in_another_order_build_the_same_world() -> None:
    trade, use, rate = random_flows(3, 3, 2, True)
    plain = World.from_flows(trade, use, tariff=rate, theta=4.0, **NAMES)
    z = labelled(trade, ("origin", "destination", "sector"))
    u = labelled(use, ("country", "input", "sector"))
    t = labelled(rate, ("origin", "destination", "sector"))
    turned = World.from_flows(
        z.transpose("destination", "sector", "origin"),
        u.transpose("sector", "country", "input"),
        tariff=t.transpose("sector", "destination", "origin"),
        theta={"S1": 4.0, "S0": 4.0},
    )
    table = t.to_dataframe().reset_index().sample(frac=1, random_state=0)
    long = World.from_flows(z, u, tariff=table[table["value"] > 0], theta=4.0)
    assert plain.fingerprint == turned.fingerprint == long.fingerprint


def test_labels_may_be_shuffled_but_not_unknown() -> None:
    trade, use, _ = random_flows(3, 3, 2, False)
    z = labelled(trade, ("origin", "destination", "sector"))
    u = labelled(use, ("country", "input", "sector"))
    plain = World.from_flows(z, u, theta=4.0)
    shuffled = World.from_flows(z, u.sel(country=["CCC", "AAA", "BBB"]), theta=4.0)
    assert plain.fingerprint == shuffled.fingerprint
    with pytest.raises(WorldError, match="input_use has country 'ZZZ'"):
        World.from_flows(z, u.assign_coords(country=["AAA", "BBB", "ZZZ"]), theta=4.0)


def test_an_elasticity_that_is_missing_names_the_sector() -> None:
    trade, use, _ = random_flows(3, 3, 2, False)
    with pytest.raises(WorldError, match="missing elasticity of sector 'S1'"):
        World.from_flows(trade, use, theta={"S0": 4.0}, **NAMES)
    with pytest.raises(WorldError, match="elasticity of sector 'S1' is nan"):
        World.from_flows(trade, use, theta={"S0": 4.0, "S1": np.nan}, **NAMES)


def test_merging_europe_keeps_all_trade_and_deficits() -> None:
    world = load_world()
    merged = world.aggregate(countries={"EU27": "EU27"})
    members = resolve_countries("EU27", world.countries)
    others = [c for c in merged.countries if c != "EU27"]
    assert (len(merged.countries), len(merged.sectors)) == (54, 50)
    for name in ("VA", "D"):
        kept = merged.data[name].sel(country=others)
        np.testing.assert_allclose(kept, world.data[name].sel(country=others), rtol=1e-9, atol=1e-3)
        assert merged.data[name].sel(country="EU27").item() == pytest.approx(
            world.data[name].sel(country=members).sum().item(), rel=1e-9
        )
    group = xr.DataArray(
        ["EU27" if c in members else c for c in world.countries], dims="origin", name="group"
    )
    flows = world.trade.groupby(group.rename(origin="origin")).sum()
    flows = flows.groupby(group.rename(origin="destination").rename("to")).sum()
    flows = flows.rename(group="origin", to="destination").sel(
        origin=merged.countries, destination=merged.countries
    )
    np.testing.assert_allclose(
        merged.trade, flows.transpose("origin", "destination", "sector"), rtol=1e-9, atol=1e-6
    )
    assert merged.data["VA"].sum().item() == pytest.approx(world.data["VA"].sum().item(), rel=1e-12)


@pytest.mark.parametrize("tariffs", [False, True])
def test_merging_nothing_keeps_the_numbers(tariffs: bool) -> None:
    world = make_world(4, 4, 3, tariffs)
    same = world.aggregate()
    for name, values in world.data.data_vars.items():
        scale = float(abs(values).max()) or 1.0
        np.testing.assert_allclose(
            same.data[name], values, rtol=1e-12, atol=1e-12 * scale, err_msg=name
        )


def test_merging_keeps_tariff_revenue() -> None:
    world = make_world(4, 4, 3, True)
    merged = world.aggregate(countries={"G": ["C1", "C2"]}, sectors={"H": ["S0", "S2"]})
    assert merged.tariff_revenue.sum().item() == pytest.approx(world.tariff_revenue.sum().item())
    assert float(abs(solve(merged).hats["w_hat"] - 1).max()) < 1e-12


def test_merging_before_or_after_rebalancing_keeps_zero_deficits() -> None:
    merged = rebalance(make_world(4, 4, 3), "zero").aggregate(countries={"G": ["C1", "C2"]})
    assert float(abs(merged.data["D"]).max()) < 1e-9 * float(merged.data["VA"].max())


@pytest.mark.parametrize("deficits", ["share", "value", "zero"])
def test_rebalancing_is_idempotent(deficits: str) -> None:
    world = make_world(8, 4, 3)
    once = rebalance(world, deficits)
    twice = rebalance(once, deficits)
    for name, values in once.data.data_vars.items():
        scale = float(abs(values).max()) or 1.0
        np.testing.assert_allclose(twice.data[name], values, atol=1e-9 * scale, err_msg=name)


def test_groups_and_spellings() -> None:
    known = load_world().countries
    assert len(resolve_countries("EU27", known)) == 27
    assert resolve_countries(["blr", "EAEU", "BLR"], known) == ["BLR", "KAZ", "RUS"]
    with pytest.raises(WorldError, match="unknown country 'Belarsu'"):
        resolve_countries("Belarsu", known)


def test_a_group_without_members_here_is_refused() -> None:
    merged = load_world().aggregate(countries={"EU27": "EU27"})
    with pytest.raises(WorldError):
        Changes(merged).cost("EURO", "USA", factor=2.0)


def test_goods_of_a_world_without_such_codes_are_refused() -> None:
    merged = load_world().aggregate(sectors={"GOODS": "goods", "SERVICES": "services"})
    with pytest.raises(WorldError):
        Changes(merged).cost("USA", "CHN", "goods", factor=2.0)


def test_a_missing_value_in_a_table_is_not_zero() -> None:
    trade, use, _ = random_flows(3, 3, 2, False)
    table = labelled(trade, ("origin", "destination", "sector")).to_dataframe().reset_index()
    table.loc[2, "value"] = np.nan
    with pytest.raises(WorldError, match="missing"):
        World.from_flows(table, 0.5 * use, theta=4.0, **NAMES)


def test_missing_value_added_does_not_hide_a_mismatch() -> None:
    trade, use, _ = random_flows(3, 3, 2, False)
    stated = trade.sum(1) - use.sum(1)
    stated[0, 1] *= 2
    stated[2, 0] = np.nan
    with pytest.raises(WorldError):
        World.from_flows(trade, use, theta=4.0, value_added=stated, **NAMES)


def test_elasticities_of_a_wrong_number_are_refused_in_words() -> None:
    trade, use, _ = random_flows(3, 3, 2, False)
    with pytest.raises(WorldError):
        World.from_flows(trade, use, theta=[4.0, 5.0, 6.0], **NAMES)


def test_labelled_elasticities_are_read_by_label() -> None:
    trade, use, _ = random_flows(3, 3, 2, False)
    theta = xr.DataArray([9.0, 4.0], dims="sector", coords={"sector": ["S1", "S0"]})
    world = World.from_flows(trade, use, theta=theta, **NAMES)
    assert world.data["theta"].values.tolist() == [4.0, 9.0]


def test_a_world_without_provenance_can_be_merged() -> None:
    bare = World(make_world(1, 3, 2).data.drop_attrs())
    assert len(bare.aggregate(countries={"G": ["C0", "C1"]}).countries) == 2


def test_merging_keeps_the_readable_names_of_those_not_merged() -> None:
    merged = detente.load_world().aggregate(countries={"EU27": "EU27"})
    assert merged.name_of("BLR") == "Belarus"


def test_merging_nothing_keeps_tariffs_where_nothing_is_traded() -> None:
    world = make_world(4, 4, 3, True)
    np.testing.assert_allclose(world.aggregate().data["t"], world.data["t"], atol=1e-12)
