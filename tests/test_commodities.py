"""Commodities on file: their files, the worlds split by them, potash beside its records."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import detente
from detente import Changes, World, WorldError, load_world, solve
from detente.cli.commands import app
from detente.policy.contained import ContainedFall
from detente.policy.entries import Entries, Touched, block_of
from detente.report import text
from detente.world import Part, available_commodities
from detente.world.commodities import read_commodity
from detente.world.names import group_members, is_goods, resolve_sectors

FILES = Path(detente.__file__).parent / "world" / "data" / "commodities"
OBSERVED = Path(__file__).parents[2] / "shared" / "data" / "observed"
CUT = {"JOR", "LAO"}
"""Exporters of more potash than the table has in chemicals, as the file says."""


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("icio2022+potash")


def exports(world: World, sector: str) -> pd.Series:
    flows = world.trade.sel(sector=sector).to_pandas()
    return flows.sum(axis=1) - np.diag(flows)


def observed(name: str) -> pd.DataFrame:
    path = OBSERVED / name
    if not path.exists():
        pytest.skip(f"{name} may not be redistributed; no folder `shared` beside the repository")
    return pd.read_csv(path)


@pytest.mark.parametrize("name", available_commodities())
def test_a_commodity_splits_its_world_and_merges_back(name: str) -> None:
    whole, parts = load_world(), load_world(f"icio2022+{name}")
    parent = parts.sectors.parents[name]
    assert parts.sectors.index(name) == parts.sectors.index(parent) + 1
    merged = parts.aggregate(sectors={parent: [parent, name]})
    assert merged.sectors == whole.sectors
    for variable in ("pi", "gamma", "beta", "alpha", "X", "VA"):
        np.testing.assert_allclose(
            merged.data[variable], whole.data[variable], rtol=1e-12, atol=1e-12
        )
    scale = float(whole.data["VA"].max())
    np.testing.assert_allclose(merged.data["D"], whole.data["D"], atol=1e-12 * scale)
    np.testing.assert_array_less(-1e-300, parts.trade.values)


@pytest.mark.parametrize("name", available_commodities())
def test_exports_are_those_on_file_unless_they_are_cut(name: str) -> None:
    file = read_commodity(FILES / f"{name}.yaml", load_world())
    found = exports(load_world(f"icio2022+{name}"), name)
    for country, value in file.exports.values.items():
        if country in file.exports.cut:
            most = file.at_most * float(exports(load_world(), file.sector)[country])
            assert found[country] == pytest.approx(min(value, most))
        else:
            assert found[country] == pytest.approx(value, rel=1e-12)
    assert found[found.index.difference(list(file.exports.values))].sum() == 0


def test_potash_is_that_of_the_record(world: World) -> None:
    table = observed("potash_trade_totals.csv").set_index(["flow", "iso3"])["2022"] / 1e6
    found = exports(world, "potash")
    for country, value in table["exports"].items():
        if country in world.countries and country not in CUT:
            assert found[country] == pytest.approx(value, rel=1e-5)
    bought = world.trade.sel(sector="potash").to_pandas()
    for country, value in table["imports"].items():
        assert bought[country].drop(country).sum() == pytest.approx(value, rel=0.02)
    file = read_commodity(FILES / "potash.yaml", load_world())
    shares = observed("potash_partner_shares_2021.csv")
    for row in shares.itertuples():
        side = file.destinations if row.direction == "exports_to" else file.origins
        assert side is not None
        assert side.shares[row.country][row.partner] == pytest.approx(row.share_bp / 1e4)


def test_trade_that_had_ended_is_not_in_the_year(world: World) -> None:
    """Shares of Belarus in the United States, the EU and Ukraine beside those of 2021."""
    sold = world.trade.sel(origin="BLR", sector="potash").to_series().drop("BLR")
    share = sold / sold.sum()
    assert share["USA"] < 0.5 * 0.1031
    assert share["BEL"] < 0.5 * 0.0316
    assert share["UKR"] < 0.5 * 0.0227
    assert sold[["CHN", "BRA", "IND"]].sum() > 0.6 * sold.sum()
    members = [c for c in group_members("EU27") if c in sold.index]
    assert share[members].sum() < 0.08


def test_names_and_measures_on_the_sector_reach_the_commodity(world: World) -> None:
    assert resolve_sectors("C20", world.sectors) == ["C20", "potash"]
    assert "potash" in resolve_sectors("goods", world.sectors)
    assert "potash" not in resolve_sectors("services", world.sectors)
    assert is_goods("potash", world.sectors.parents)
    assert text.sector("potash") == world.name_of("potash") == "Potash"
    costs = Changes(world).cost("BLR", "USA", sectors="C20", factor=1.2).d_hat
    assert float(costs.sel(origin="BLR", destination="USA", sector="potash")) == 1.2
    with pytest.raises(WorldError, match=r"'potash': a commodity of worlds such as 'icio2022\+pot"):
        resolve_sectors("potash", load_world().sectors)


def test_what_the_table_contains_of_chemicals_is_no_estimate_of_potash(world: World) -> None:
    for sector, known in ((world.sectors.index("C20"), True), ("potash", False)):
        block = block_of(world, np.array([sector]) if known else sector, "EU27", "BLR")
        entries = Entries(world, [Touched.of(world, [block])])
        assert (np.isfinite(ContainedFall.of(world, entries).fall) == known).all()


def test_order_does_not_matter_and_worlds_are_kept() -> None:
    both = load_world("icio2022+potash+crude-oil")
    assert both is load_world("icio2022+crude-oil+potash")
    assert both.sectors.parents == {"potash": "C20", "crude-oil": "B06"}
    assert len(both.sectors) == 52


def test_elasticities_of_a_split_world() -> None:
    uniform = load_world("icio2022+potash", elasticities="uniform")
    assert set(uniform.data["theta"].values) == {4.0}
    assert load_world("icio2022+potash").with_elasticities("uniform") == uniform
    assert float(load_world("icio2022+potash").data["theta"].sel(sector="potash")) == 10.56


def test_an_elasticity_of_its_own_is_kept_under_any_source() -> None:
    soda = Part(share=0.01, theta=6.0)
    split = load_world().split("C20", {"soda": soda}).split("soda", {"dense": Part(share=0.5)})
    other = split.with_elasticities("uniform").data["theta"]
    assert other.sel(sector=["C20", "soda", "dense"]).values.tolist() == [4.0, 6.0, 6.0]


def test_a_split_is_quick() -> None:
    load_world("icio2022")
    load_world("icio2022+crude-oil")  # libraries are imported
    from detente.world.embedded import _load

    start = time.perf_counter()
    _load.__wrapped__("icio2022+potash", "fontagne")
    assert time.perf_counter() - start < 1.0


def test_a_solve_on_a_split_world_gives_the_commodity(world: World) -> None:
    eased = Changes(world).cost("BLR", "USA", sectors="potash", factor=0.8)
    found = solve(world, eased)
    more = found.trade["after"] / found.trade["before"]
    assert float(more.sel(origin="BLR", destination="USA", sector="potash")) > 5
    assert float(more.sel(origin="BLR", destination="USA", sector="C20")) < 1.01
    assert float(found.welfare.sel(country="BLR")) > 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sector: C20", "sector: C99", r"soda\.yaml:2: sector: unknown sector 'C99'"),
        ("year: 2022", "year: 2021", r"its figures are of 2021, the world's of 2022"),
        ("USA: 1600", "USA: -1", r"soda\.yaml:8: exports\.values\.USA: .*greater than or equal"),
        ("USA: 1600", "XXX: 5", r"soda\.yaml:\d+: exports.values.*unknown country 'XXX'"),
        ("USA: 1600", "EU27: 5", "'EU27' is a group"),
        ("source: made up", "sauce: made up", r"soda\.yaml:6: exports.*"),
        ("{A01: 0.5}", "{A01: 0.5, C20: 0.7}", r"soda\.yaml:10: users\.shares: .*sum to 1.2"),
        ("year: 2022", "years: 2022", "unknown field: did you mean 'year'"),
        ("USA: 1600", "USA: [", r"soda\.yaml:\d+: "),
    ],
)
def test_faults_of_a_file_are_told_with_line_and_field(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    lines = """\
name: Soda ash
sector: C20
products: HS 283620
year: 2022
exports:
  source: made up
  values:
    USA: 1600
users:
  shares: {A01: 0.5}
  source: made up
"""
    path = tmp_path / "soda.yaml"
    path.write_text(lines, encoding="utf-8")
    read_commodity(path, load_world())
    path.write_text(lines.replace(old, new), encoding="utf-8")
    with pytest.raises(WorldError, match=words):
        read_commodity(path, load_world())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("icio2022+potas", "unknown commodity 'potas': did you mean 'potash'"),
        ("icio2022+potash+potash", "'potash' is named twice"),
        ("icio2021+potash", "unknown world 'icio2021'"),
    ],
)
def test_worlds_that_do_not_exist(name: str, words: str) -> None:
    with pytest.raises(WorldError, match=words):
        load_world(name)


def test_the_command_describes_split_sectors() -> None:
    run = CliRunner()
    shown = run.invoke(app, ["world", "describe", "icio2022+potash"])
    assert shown.exit_code == 0
    assert "Split sectors" in shown.output
    assert "potash Potash" in shown.output
    assert "potash: exports JOR" in shown.output
    listed = run.invoke(app, ["worlds"])
    assert "crude-oil, potash" in listed.output
