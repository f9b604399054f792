"""The larger embedded world: who is in it, how it fits its sources, and that it can be solved."""

from importlib.resources import files

import numpy as np
import pytest
from typer.testing import CliRunner

import detente
from detente import Changes, World, WorldError, load_world, solve
from detente.policy.contained import _by_trade
from detente.world.names import is_goods, resolve_countries

NAMED = [
    "IRN", "SYR", "VEN", "CUB", "IRQ", "LBY", "LBN", "SDN", "AFG", "ZWE", "PRK", "KGZ",
    "ARM", "GEO", "UZB", "SRB", "AZE", "TKM", "TJK", "MDA", "MNG", "YEM", "SSD", "HTI",
    "NIC", "SOM", "ERI", "MLI", "BFA", "NER", "ETH", "QAT", "KWT", "BHR", "OMN", "DZA",
]  # fmt: skip
REGIONS = ["XAF", "XAM", "XAS", "XEU", "XOC"]
MIDDLE = "world2022:KGZ,ARM,GEO,UZB"


@pytest.fixture(scope="module")
def base() -> World:
    return load_world("icio2022")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("world2022")


@pytest.fixture(scope="module")
def middle() -> World:
    return load_world(MIDDLE)


def share_of_goods(world: World, code: str, sectors: list[str]) -> float:
    sold = world.trade.sel(origin=code).drop_sel(destination=code).sum("destination")
    goods = [s for s in world.sectors if is_goods(s)]
    return float(sold.sel(sector=sectors).sum() / sold.sel(sector=goods).sum())


def test_the_smaller_world_is_what_it_was(base: World) -> None:
    assert base.fingerprint == "e8b23e0a82f8d3c3"
    assert load_world("icio2022+crude-oil+potash").fingerprint == "5f563d5310a9a99c"


def test_countries_under_sanctions_and_hubs_are_in_it(base: World, world: World) -> None:
    assert set(NAMED) <= set(world.countries)
    assert world.countries[:80] == base.countries
    assert set(REGIONS) & set(world.countries)
    assert set(world.added) == set(world.countries[80:])
    assert world.name_of("SYR") == "Syria"
    assert world.name_of("KGZ").startswith("Kyrgyz")


def test_the_file_is_small() -> None:
    path = files("detente.world") / "data" / "world2022.npz"
    assert len(path.read_bytes()) < 8e6


def test_the_table_keeps_its_output_and_value_added(base: World, world: World) -> None:
    va = world.data["VA"].sel(country=base.countries)
    np.testing.assert_allclose(va, base.data["VA"], rtol=2e-3)
    output = world.output.sel(country=base.countries).sum("sector")
    np.testing.assert_allclose(output, base.output.sum("sector"), rtol=1e-3)


def test_the_tables_trade_shrinks_by_what_it_attributed_to_the_rest(
    base: World, world: World
) -> None:
    C = base.countries
    abroad = 1 - np.eye(len(C))
    before = base.trade.sum("sector").values * abroad
    after = world.trade.sel(origin=C, destination=C).sum("sector").values * abroad
    assert 0.91 < after.sum() / before.sum() < 0.96


# UN national accounts of 2022: exports and imports of goods and services, billion USD.
@pytest.mark.parametrize(
    ("code", "exports", "imports"),
    [("IRQ", 142.0, 77.3), ("KGZ", 5.6, 10.6), ("UZB", 21.0, 35.7), ("SRB", 40.6, 47.6),
     ("GEO", 13.1, 15.5), ("ETH", 9.8, 21.8), ("QAT", 161.7, 74.5), ("PRK", 0.9, 1.7)],
)  # fmt: skip
def test_totals_are_those_of_national_accounts(
    world: World, code: str, exports: float, imports: float
) -> None:
    row = world.country_table().loc[code] / 1e3
    assert row["exports"] == pytest.approx(exports, rel=0.06)
    assert row["imports"] == pytest.approx(imports, rel=0.06)


@pytest.mark.parametrize(
    ("code", "sectors", "least"),
    [("IRQ", ["B06", "C19"], 0.95), ("LBY", ["B06", "C19"], 0.9), ("KWT", ["B06", "C19"], 0.9),
     ("IRN", ["B06", "C19", "C20"], 0.7), ("VEN", ["B06", "C19"], 0.75), ("AZE", ["B06"], 0.85),
     ("TKM", ["B06", "C19"], 0.85), ("MLI", ["C24B"], 0.8), ("ZWE", ["C24B", "A01", "B07"], 0.65),
     ("HTI", ["C13T15"], 0.8), ("SYR", ["A01", "C10T12", "B08"], 0.6),
     ("MNG", ["B05", "B07", "C24B"], 0.8)],
)  # fmt: skip
def test_exports_are_what_the_country_is_known_for(
    world: World, code: str, sectors: list[str], least: float
) -> None:
    assert share_of_goods(world, code, sectors) > least


def test_hidden_and_reexported_trade_is_in_sense(world: World) -> None:
    goods = [s for s in world.sectors if is_goods(s)]
    traded = world.trade.sel(sector=goods).sum("sector")
    assert 3_000 < float(traded.sel(origin="CHN", destination="KGZ")) < 5_500
    assert float(traded.sel(origin="IRN", destination="CHN")) > 35_000
    assert float(traded.sel(origin="VEN", destination="USA")) < 1_000
    table = world.country_table().loc[world.countries[80:]]
    deficits = table["deficit"] / table["value added"]
    assert deficits.between(-0.5, 0.65).all()
    assert 0.2 < deficits["LBN"] < 0.4


@pytest.mark.parametrize("code", ["IRN", "SYR", "PRK", "VEN", "CUB", "KGZ", "IRQ", "AFG", "SSD"])
def test_a_complete_embargo_can_be_solved(world: World, code: str) -> None:
    changes = Changes(world).cost(origin=code, factor=np.inf).cost(destination=code, factor=np.inf)
    found = solve(world, changes, deficits="zero")  # else a surplus that comes home is a gain
    assert float(found.welfare.sel(country=code)) < -1
    others = found.welfare.drop_sel(country=code)
    assert float(abs(others).median()) < 0.5


def test_those_that_are_not_named_are_in_regions(world: World, middle: World) -> None:
    assert len(middle.countries) < 92
    assert {"KGZ", "ARM", "GEO", "UZB", *REGIONS} & set(middle.countries) >= {"KGZ", "UZB", "XAS"}
    for what in ("VA", "D"):
        assert float(middle.data[what].sum()) == pytest.approx(
            float(world.data[what].sum()), abs=1.0
        )
    pair = {"origin": "KGZ", "destination": "RUS"}
    np.testing.assert_allclose(middle.trade.sel(pair), world.trade.sel(pair), rtol=1e-9)
    assert middle.added["KGZ"] == world.added["KGZ"]
    assert 0 < middle.added["XAS"]["given"] < 1


def test_a_world_between_is_the_same_whatever_the_order(middle: World) -> None:
    again = load_world("world2022:Uzbekistan,GEO,ARM,KGZ")
    assert again is middle
    assert again.name == "world2022:ARM,GEO,KGZ,UZB"
    both = load_world("world2022:KGZ,KAZ")
    assert both.name == "world2022:KGZ"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("world2022:KGZZ", "unknown country 'KGZZ'"),
        ("world2022:", "names no economy"),
        ("world2022:KAZ", "stand in icio2022 already"),
        ("icio2022:KGZ", "of 'icio2022' no economies can be chosen"),
        ("world2023", "did you mean 'world2022'"),
    ],
)
def test_names_of_worlds_that_do_not_exist_are_refused(name: str, message: str) -> None:
    with pytest.raises(WorldError, match=message):
        load_world(name)


@pytest.mark.parametrize("name", ["world2022", "world2022:IRN,VEN"])
def test_commodities_are_split_off_it(name: str) -> None:
    split = load_world(f"{name}+potash+crude-oil")
    oil = split.trade.sel(sector="crude-oil")
    sold = oil.sel(origin="IRN").drop_sel(destination="IRN")
    assert float(sold.sum()) == pytest.approx(33_600, rel=1e-6)
    exporters = oil.sum("destination").to_series()
    asia = ["IRQ", "KWT"] if name == "world2022" else ["XAS"]
    assert exporters[asia].sum() > 150_000
    assert split.added["IRN"] == load_world(name).added["IRN"]


def test_what_the_table_contains_of_sanctions_is_in_it_too(base: World, middle: World) -> None:
    cells = {"BLR": "DEU", "RUS": "USA"}
    for name, world in (("base", base), ("middle", middle)):
        C, S = world.countries, world.sectors
        fall = _by_trade(world)[0].reshape(len(S), len(C), len(C))
        found = [fall[:, C.index(a), C.index(b)] for a, b in cells.items()]
        if name == "base":
            expected = found
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).any()


def test_describe_says_what_trade_rests_on() -> None:
    from detente.cli.commands import app

    said = CliRunner().invoke(app, ["world", "describe", "world2022", "--country", "Syria"]).output
    assert "percent of its trade given by partner" in " ".join(said.split())
    assert "Jordan" in said
    whole = CliRunner().invoke(app, ["world", "describe", MIDDLE]).output
    assert "percent observed" in " ".join(whole.split())


def test_every_country_of_the_eu_is_there_once(world: World) -> None:
    assert len(resolve_countries("EU27", world.countries)) == 27
    assert detente.load_world("world2022") is world
