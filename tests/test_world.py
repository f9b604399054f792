"""Worlds: what they refuse and what they say, building, merging, rebalancing, names."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings

import detente
from detente import Changes, ScenarioError, World, WorldError, load_world, rebalance, solve
from detente.world.elasticities import elasticities
from detente.world.names import resolve_countries, resolve_sectors
from worlds import make_world, random_flows, worlds

NAMES = {"countries": ["AAA", "BBB", "CCC"], "sectors": ["S0", "S1"]}


@pytest.fixture
def flows() -> tuple[np.ndarray, np.ndarray]:
    trade, use, _ = random_flows(3, 3, 2, False)
    return trade, use


def test_a_negative_flow_is_named(flows: tuple[np.ndarray, np.ndarray]) -> None:
    trade, use = flows
    trade[1, 2, 0] = -5
    with pytest.raises(WorldError, match="negative trade flow: -5 at BBB, CCC, S0"):
        World.from_flows(trade, use, theta=4.0, **NAMES)


def test_a_missing_flow_is_named(flows: tuple[np.ndarray, np.ndarray]) -> None:
    trade, use = flows
    use[0, 1, 0] = np.nan
    with pytest.raises(WorldError, match="missing use of an input: nan at AAA, S1, S0"):
        World.from_flows(trade, use, theta=4.0, **NAMES)


def test_value_added_below_zero_is_named(flows: tuple[np.ndarray, np.ndarray]) -> None:
    trade, use = flows
    use[2, 0, 1] += 2 * trade[2, :, 1].sum()
    trade[:, 2, 0] += 2 * trade[2, :, 1].sum()
    with pytest.raises(WorldError, match="value added below zero: .* sector S1 of CCC"):
        World.from_flows(trade, use, theta=4.0, **NAMES)


def test_a_sector_that_nobody_supplies_is_named(flows: tuple[np.ndarray, np.ndarray]) -> None:
    trade, use = flows
    trade[:, 1, 1] = 0
    use[1, 1] = 0.001
    with pytest.raises(WorldError, match="BBB uses inputs of sector S1 .* no origin supplies"):
        World.from_flows(trade, use, theta=4.0, **NAMES)


def test_stated_value_added_is_compared(flows: tuple[np.ndarray, np.ndarray]) -> None:
    trade, use = flows
    stated = trade.sum(1) - use.sum(1)
    World.from_flows(trade, use, theta=4.0, value_added=stated, **NAMES)
    stated[0, 1] *= 2
    with pytest.raises(WorldError, match="value added of AAA, sector S1"):
        World.from_flows(trade, use, theta=4.0, value_added=stated, **NAMES)


@pytest.mark.parametrize(
    ("variable", "place", "value", "words"),
    [
        (
            "pi",
            {"destination": "C1", "origin": "C0", "sector": "S0"},
            2.0,
            "destination C1|country C1",
        ),
        ("gamma", {"country": "C1", "input": "S0", "sector": "S1"}, 3.0, "input shares gamma"),
        ("alpha", {"country": "C2", "sector": "S1"}, 3.0, "country C2"),
        ("theta", {"sector": "S1"}, np.nan, "missing elasticity .* sector S1"),
        (
            "VA",
            {"country": "C0"},
            -1.0,
            "value added of a country must be positive: -1 at country C0",
        ),
        ("beta", {"country": "C0", "sector": "S1"}, -0.5, "value added below zero"),
        ("D", {"country": "C0"}, 1e9, "must sum to zero"),
        ("t", {"destination": "C1", "origin": "C0", "sector": "S0"}, -1.5, "tariff must be above"),
    ],
)
def test_shares_that_do_not_add_up_are_named(
    variable: str, place: dict[str, str], value: float, words: str
) -> None:
    data = make_world(1, 3, 2).data.copy(deep=True)
    data[variable].loc[place] = value
    with pytest.raises(WorldError, match=words):
        World(data)


def test_a_layout_that_is_not_the_models_is_refused() -> None:
    data = make_world(1, 3, 2).data
    with pytest.raises(WorldError, match="lacks the variable theta"):
        World(data.drop_vars("theta"))
    with pytest.raises(WorldError, match="pi has dimensions"):
        World(data.assign(pi=data["pi"].transpose("sector", "origin", "destination")))


def test_arrays_labels_and_tables_build_the_same_world(
    flows: tuple[np.ndarray, np.ndarray],
) -> None:
    trade, use = flows
    C, S = NAMES["countries"], NAMES["sectors"]
    plain = World.from_flows(trade, use, theta=4.0, **NAMES)
    z = xr.DataArray(
        trade,
        dims=("origin", "destination", "sector"),
        coords={"origin": C, "destination": C, "sector": S},
        name="value",
    )
    u = xr.DataArray(
        use,
        dims=("country", "input", "sector"),
        coords={"country": C, "input": S, "sector": S},
        name="value",
    )
    labelled = World.from_flows(z.transpose("sector", "origin", "destination"), u, theta=4.0)
    table = z.to_dataframe().reset_index()
    long = World.from_flows(
        table[table["value"] > 0], u.to_dataframe().reset_index(), theta=4.0, fill=0
    )
    assert plain.fingerprint == labelled.fingerprint == long.fingerprint


def test_faults_of_tables_are_told(flows: tuple[np.ndarray, np.ndarray]) -> None:
    _, use = flows
    table = pd.DataFrame({"origin": ["A"], "destination": ["A"], "value": [1.0]})
    with pytest.raises(WorldError, match="needs the columns .*sector, value; 'sector' is missing"):
        World.from_flows(table, use, theta=4.0)
    with pytest.raises(WorldError, match="must be given"):
        World.from_flows(np.ones((1, 1, 1)), use, theta=4.0)
    twice = pd.DataFrame(
        {"origin": ["A", "A"], "destination": ["A", "A"], "sector": ["S", "S"], "value": [1, 2]}
    )
    with pytest.raises(WorldError, match="two rows for"):
        World.from_flows(twice, np.zeros((1, 1, 1)), theta=4.0)
    with pytest.raises(WorldError, match="shape"):
        World.from_flows(np.ones((2, 2, 1)), np.zeros((3, 1, 1)), theta=4.0, **NAMES)


LONG = pd.DataFrame(
    [("A", "A", "S", 9.0), ("A", "B", "S", 1.0), ("B", "A", "S", 1.0), ("B", "B", "S", 9.0)],
    columns=["origin", "destination", "sector", "value"],
)


def built_of(trade: pd.DataFrame, **more: object) -> World:
    return World.from_flows(trade, np.zeros((2, 1, 1)), theta=4.0, **more)


@pytest.mark.parametrize("name", ["tariffs", "value_add", "sector"])
def test_an_argument_that_is_none_is_refused_with_the_nearest(name: str) -> None:
    near = {"tariffs": "tariff", "value_add": "value_added", "sector": "sectors"}[name]
    told = f"no argument '{name}': did you mean '{near}'.*attributes={{'{name}'"
    with pytest.raises(TypeError, match=told):
        built_of(LONG, **{name: 1})


def test_attributes_are_kept_and_go_on_to_worlds_made_of_it() -> None:
    world = built_of(LONG, name="mine", attributes={"year": 2020, "checked_by": "me"})
    merged = world.aggregate(countries={"AB": ["A", "B"]})
    for found in (world, merged):
        assert found.name == "mine"
        assert (found.data.attrs["year"], found.data.attrs["checked_by"]) == (2020, "me")


def test_columns_of_other_names_are_offered_to_be_renamed() -> None:
    theirs = {"origin": "Exporter", "destination": "importer", "sector": "industry"}
    with pytest.raises(WorldError) as caught:
        built_of(LONG.rename(columns=theirs))
    told = str(caught.value)
    assert "needs the columns origin, destination, sector, value" in told
    assert "'origin', 'destination', 'sector' are missing among Exporter, importer" in told
    renaming = "{'Exporter': 'origin', 'importer': 'destination', 'industry': 'sector'}"
    assert f"table.rename(columns={renaming})" in told


def test_a_row_that_is_missing_is_named_unless_it_is_said_to_be_zero() -> None:
    sparse = LONG.drop(index=1)
    told = "missing trade: nothing is given for origin A, destination B, sector S; .*`fill=0`"
    with pytest.raises(WorldError, match=told):
        built_of(sparse)
    with pytest.raises(WorldError, match=r"sector S \(and 1 more\)"):
        built_of(LONG.drop(index=[1, 2]))
    filled, stated = built_of(sparse, fill=0), built_of(LONG.assign(value=[9.0, 0.0, 1.0, 9.0]))
    assert filled.fingerprint == stated.fingerprint


def test_text_in_place_of_a_number_is_told_with_its_row() -> None:
    wrong = LONG.astype({"value": object})
    wrong.loc[2, "value"] = "abc"
    told = r"trade, row 2 \(B, A, S\): value 'abc' is no number"
    with pytest.raises(WorldError, match=told):
        built_of(wrong)
    assert built_of(LONG.astype({"value": str})).fingerprint == built_of(LONG).fingerprint
    nobody = LONG.astype(object)
    nobody.loc[1, "destination"] = None
    with pytest.raises(WorldError, match="trade, row 1: no destination"):
        built_of(nobody)
    with pytest.raises(WorldError, match="trade must hold numbers: could not convert.*'abc'"):
        World.from_flows(np.full((1, 1, 1), "abc"), [[[0]]], theta=4.0, countries="A", sectors="S")


@pytest.mark.parametrize("changes", [{}, {"USA": 0.1}, "us-all", 3])
def test_what_is_no_change_is_refused_with_what_is(changes: object) -> None:
    with pytest.raises(ScenarioError, match=r"takes a World and Changes.*not .*Changes\(world\)"):
        solve(built_of(LONG), changes)


def test_elasticities_by_name_and_by_hand() -> None:
    with pytest.raises(WorldError, match="did you mean 'fontagne'"):
        load_world("icio2022", elasticities="fontagn")
    with pytest.raises(WorldError, match="missing elasticity of sector 'K'"):
        elasticities({"C20": 4.0}, ["C20", "K"])
    with pytest.raises(WorldError, match="'K' is -1.0; it must be a positive number"):
        elasticities([4.0, -1.0], ["C20", "K"])
    with pytest.raises(WorldError, match="has no sector 'C20X': did you mean 'C20'"):
        elasticities("uniform", ["C20X"])
    assert float(load_world("icio2022", 7.0).data["theta"].min()) == 7.0
    caliendo = load_world("icio2022", "caliendo-parro").data["theta"]
    assert float(caliendo.sel(sector="C19")) == 64.85
    assert float(caliendo.sel(sector="K")) == 5.0


def test_merging_europe_keeps_the_accounts() -> None:
    world = load_world()
    merged = world.aggregate(countries={"EU27": "EU27"}, sectors={"GOODS": "goods"})
    members = resolve_countries("EU27", world.countries)
    assert len(merged.countries) == 80 - 27 + 1
    assert len(merged.sectors) == 50 - 27 + 1
    for name in ("VA", "D"):
        whole = float(world.data[name].sel(country=members).sum())
        assert float(merged.data[name].sel(country="EU27")) == pytest.approx(whole, rel=1e-9)
    sold = world.trade.sel(origin=members, destination="BLR").sum()
    assert float(merged.trade.sel(origin="EU27", destination="BLR").sum()) == pytest.approx(
        float(sold)
    )
    assert "EU27 (27)" in merged.data.attrs["provenance"]


def test_merging_nothing_changes_nothing() -> None:
    world = load_world()
    xr.testing.assert_allclose(world.aggregate().data, world.data, rtol=1e-9)


def test_a_world_of_one_sector_solves() -> None:
    world = load_world().aggregate(sectors={"ALL": "all"})
    found = solve(world, Changes(world).cost("USA", "BLR", factor=0.8))
    assert float(found.welfare.sel(country="BLR")) > 0


def test_groups_that_overlap_or_are_empty_are_refused() -> None:
    world = load_world()
    with pytest.raises(WorldError, match="DEU is in both 'EU27' and 'CORE'"):
        world.aggregate(countries={"EU27": "EU27", "CORE": ["DEU", "FRA"]})
    with pytest.raises(WorldError, match="has the name of one outside"):
        world.aggregate(countries={"USA": ["DEU", "FRA"]})


@settings(max_examples=10, deadline=None)
@given(worlds())
def test_rebalancing_makes_an_equilibrium(world: World) -> None:
    data = world.data.copy(deep=True)
    tilt = 1 + 0.1 * np.arange(len(world.countries))
    pi = data["pi"] * xr.DataArray(tilt, dims="origin", coords={"origin": data["origin"]})
    off = World(data.assign(pi=pi / pi.sum("origin").where(pi.sum("origin") > 0, 1)))
    balanced = rebalance(off, "share")
    still = solve(balanced)
    assert float(abs(still.hats["w_hat"] - 1).max()) < 1e-9
    assert "wages moved by up to" in balanced.data.attrs["rebalanced"]
    np.testing.assert_allclose(balanced.data["D"], off.data["D"])
    assert not rebalance(off, "zero").data["D"].values.any()


def test_names_of_countries_and_sectors() -> None:
    known = detente.load_world().countries
    assert resolve_countries(["Belarus", "Russia", "United States"], known) == ["BLR", "RUS", "USA"]
    assert resolve_countries("EAEU", known) == ["BLR", "KAZ", "RUS"]
    with pytest.raises(WorldError, match="'RUSS'.*did you mean 'RUS'"):
        resolve_countries("RUSS", known)
    with pytest.raises(
        WorldError, match=r"'Armenia' \(ARM\) is not in the world 'icio2022'.*World.add_economy"
    ):
        resolve_countries("Armenia", known)
    with pytest.raises(WorldError, match="'C200'.*did you mean 'C20'"):
        resolve_sectors("C200", detente.load_world().sectors)


def test_a_world_of_one_sector_counts_it_as_one() -> None:
    assert repr(built_of(LONG)).startswith("World 'user': 2 countries x 1 sector\n")


def test_a_world_prints_what_it_is() -> None:
    words = repr(load_world())
    for part in ("icio2022", "80 countries x 50 sectors", "2022", "OECD", "million USD"):
        assert part in words
    assert "<pre>" in load_world()._repr_html_()
