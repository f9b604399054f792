"""Worlds in files: saved, loaded, named in scenarios, cases and on the page; tables fetched."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
import xarray as xr

import detente
from detente import ScenarioError, World, WorldError, load_world, read_scenario, simulate
from detente.cases.template import new_case
from detente.policy.measures import Measure
from detente.policy.scenario import Scenario
from detente.world import Part
from detente.world.storage import WorldFile
from detente.world.tables import fetching
from detente.world.tables.fetching import FetchError, fetch_icio
from tables import write_icio
from worlds import make_world

SCENARIO = """\
title: The United States ease on chemicals
world: {}
lift:
  - {{senders: [USA], target: BLR, kind: import-ban, sectors: C20, ave: 0.25}}
"""


def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "detente", *arguments]
    return subprocess.run(run, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def rich() -> World:
    """A world with all that a world may have: commodities, fixed factors, misfits."""
    parts = {"soda": Part(exports={"BLR": 10.0, "USA": 99.0}, theta=3.5, name="Soda ash")}
    return load_world("icio2022+potash").split("C20", parts)


# -- saving and loading -------------------------------------------------------------------------


def test_everything_comes_back_bit_by_bit(tmp_path: Path, rich: World) -> None:
    rich.save(tmp_path / "mine.nc")
    found = load_world(str(tmp_path / "mine.nc"))
    assert found.fingerprint == rich.fingerprint
    xr.testing.assert_identical(found.data, rich.data)
    assert found.sectors.parents == {"potash": "C20", "soda": "C20"}
    assert found.name_of("soda") == "Soda ash"
    assert found.data.attrs["own_elasticities"] == rich.data.attrs["own_elasticities"]
    assert found.misfits.equals(rich.misfits)
    assert "phi" in found.data
    np.testing.assert_array_equal(found.data["phi"].values, rich.data["phi"].values)


def test_a_file_keeps_its_elasticities_unless_others_are_asked_for(tmp_path: Path) -> None:
    world = load_world("icio2022", 6.5)
    world.save(tmp_path / "own.nc")
    assert load_world(str(tmp_path / "own.nc")) == world
    other = load_world(str(tmp_path / "own.nc"), "uniform")
    assert set(other.data["theta"].values) == {4.0}
    assert other == world.with_elasticities("uniform")


def test_commodities_are_split_off_a_file(tmp_path: Path) -> None:
    load_world("icio2022").save(tmp_path / "mine.nc")
    found, known = load_world(f"{tmp_path}/mine.nc+potash"), load_world("icio2022+potash")
    assert found.sectors.parents == {"potash": "C20"}
    np.testing.assert_allclose(found.trade.values, known.trade.values, rtol=1e-9, atol=1e-9)


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.nc"
    first, second = make_world(1), make_world(2)
    first.save(path)
    assert load_world(str(path)) == first
    second.save(path)
    assert load_world(str(path)) == second
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_netcdf_that_others_read(tmp_path: Path) -> None:
    world = make_world(1)
    world.save(tmp_path / "mine.nc")
    with xr.open_dataset(tmp_path / "mine.nc", engine="scipy") as data:
        np.testing.assert_array_equal(data["pi"].values, world.data["pi"].values)
        assert data.attrs["units"] == "million USD"


def test_any_flipped_byte_and_any_cut_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.nc"
    make_world(1).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for at in [0, 3, *rng.integers(4, len(whole), 60), len(whole) - 1]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(WorldError, match=r"damaged|newer detente"):
            load_world(str(path))
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(WorldError, match="damaged"):
            load_world(str(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title: not a world", "no world that detente saved"),
        (b"CDF\x02" + b"\0" * 200, "no world that detente saved"),
        (b"CDF\x02 detente world, format 0002, sha256 " + b"0" * 64, "newer detente, in format 2"),
    ],
)
def test_files_of_something_else_are_refused_in_a_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(WorldError, match=words):
        load_world(str(tmp_path / "x.nc"))


def test_what_cannot_be_saved_or_found_is_told(tmp_path: Path) -> None:
    world = make_world(1)
    with pytest.raises(WorldError, match=r"end with \.nc"):
        world.save(tmp_path / "mine.npz")
    odd = World(world.data.assign_attrs(odd=object()))
    with pytest.raises(WorldError, match="must be plain data"):
        odd.save(tmp_path / "mine.nc")
    assert not list(tmp_path.iterdir())
    with pytest.raises(WorldError, match=r"no world file .*none\.nc': No such file"):
        load_world(str(tmp_path / "none.nc"))
    with pytest.raises(WorldError, match=r"did you mean .icio2022.*a file of one ends with \.nc"):
        load_world("icio2021")


def test_commodities_in_dollars_are_not_split_off_a_world_in_euros(tmp_path: Path) -> None:
    world = World(load_world("icio2022").data.assign_attrs(units="million EUR"))
    world.save(tmp_path / "euros.nc")
    with pytest.raises(WorldError, match="figures are million USD, those of .* million EUR"):
        load_world(f"{tmp_path}/euros.nc+potash")


# -- scenarios, cases, page ---------------------------------------------------------------------


def test_a_scenario_names_a_file_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = load_world("icio2022", "uniform")
    (tmp_path / "worlds").mkdir()
    world.save(tmp_path / "worlds" / "mine.nc")
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.format("worlds/mine.nc"), encoding="utf-8")
    scenario = read_scenario(path)
    monkeypatch.chdir("/")
    for same in (scenario, pickle.loads(pickle.dumps(scenario)), scenario.model_copy()):
        assert same.load_world() == world
    assert scenario.model_dump(mode="json")["world"] == "mine.nc"
    assert str(tmp_path) not in scenario.model_dump_json()
    manifest = detente.simulate(scenario).outcome().equilibrium.manifest
    assert str(tmp_path) not in json.dumps(manifest, default=str)
    assert world.fingerprint in json.dumps(manifest, default=str)


def test_a_file_that_is_not_there_is_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.format("mine.nc"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenario.yaml:2: world: no world file"):
        read_scenario(path)


def of_some(*kept: str) -> World:
    """The embedded world with few countries apart."""
    known = load_world("icio2022")
    return known.aggregate(countries={"ROW": [c for c in known.countries if c not in kept]})


def test_a_case_runs_on_a_file_of_fewer_countries(tmp_path: Path) -> None:
    """Measures on file of senders that the world lacks are left out of its status quo."""
    world = of_some("TUR", "BLR", "RUS", "USA", "DEU", "POL", "CHN", "IND", "KOR")
    folder = tmp_path / "mine"
    new_case(folder)
    world.save(folder / "small.nc")
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^world:.*$", "world: small.nc", text)
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    case = detente.load_case(folder)
    assert case.scenario(next(iter(case.scenarios))).world == "small.nc"
    assert case.model_dump(mode="json")["world"] == "small.nc"
    made = detente.assess(case, draws=8)
    assert str(tmp_path) not in json.dumps(made.manifest, default=str)
    assert made.manifest["scenarios"]
    done = command("report", str(folder), "-o", str(tmp_path / "report.md"), "--draws", "8")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_status_quo_with_measures_of_absent_senders_is_solved(tmp_path: Path) -> None:
    of_some("BLR", "RUS", "USA", "DEU", "POL", "CHN").save(tmp_path / "small.nc")
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "title: t\nworld: small.nc\nstatus_quo: 2025-01-01\nlift:\n"
        "  - {senders: USA, target: BLR}\n",
        encoding="utf-8",
    )
    done = command("solve", str(path), "--countries", "BLR,RUS", "--json")
    assert done.returncode == 0, done.stderr
    rows = {r["country"]: r["percent"] for r in json.loads(done.stdout)["welfare"]}
    assert rows["BLR"] > 0
    assert str(tmp_path) not in done.stdout


def test_a_world_without_a_year_asks_for_the_status_quo(tmp_path: Path) -> None:
    world = World(load_world("icio2022").data.drop_attrs().assign_attrs(name="undated"))
    world.save(tmp_path / "undated.nc")
    with pytest.raises(ScenarioError, match="'undated' states no year: say `status_quo"):
        _ = Scenario(title="", world=f"{tmp_path}/undated.nc").start


def test_the_page_takes_files_of_its_own_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("starlette")
    from detente.app.starts import unpacked, world_here
    from detente.app.views.files import opened, scenario_yaml

    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere):
        folder.mkdir()
        load_world("icio2022", "uniform").save(folder / "mine.nc")
    (here / "link.nc").symlink_to(elsewhere / "mine.nc")
    monkeypatch.chdir(here)
    scenario = unpacked(opened(SCENARIO.format("mine.nc"))["own"])
    assert float(scenario.load_world().data["theta"][0]) == 4.0
    assert "world: mine.nc" in scenario_yaml(scenario)
    for name in ("../elsewhere/mine.nc", f"{elsewhere}/mine.nc", "link.nc", "./mine.nc"):
        with pytest.raises(ScenarioError, match="by name alone"):
            opened(SCENARIO.format(name))
    with pytest.raises(ScenarioError, match=r"no file 'none.nc' in the folder"):
        world_here("none.nc")


def test_names_of_files_are_told_from_those_of_worlds() -> None:
    assert WorldFile.of("icio2022+potash") is None
    file = WorldFile.of("a/b+c.nc+potash+crude-oil", Path("/somewhere"))
    assert file == "b+c.nc+potash+crude-oil"
    assert file.path == Path("/somewhere/a/b+c.nc")
    assert file.commodities == ("potash", "crude-oil")


# -- the command line ---------------------------------------------------------------------------


def test_a_table_is_imported_described_and_used_from_the_command_line(tmp_path: Path) -> None:
    countries = {c: c for c in ("BLR", "USA", "ROW")}
    write_icio(
        tmp_path / "2022_SML.csv",
        countries,
        change=lambda t: t.update({("BLR_A01", "ROW_INVNT"): -3.0}),
    )
    done = command("world", "import", "oecd-icio", "2022_SML.csv", "-o", "mine.nc", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "World 'oecd-icio-2022': 3 countries x 2 sectors, 2022" in done.stdout
    assert "rule: inventories drawn down, netted against other final use" in done.stderr
    assert "1 (3.0 million USD)" in done.stderr
    assert "wrote mine.nc" in done.stderr
    shown = command("world", "describe", "mine.nc", "--json", cwd=tmp_path)
    about = json.loads(shown.stdout)
    assert about["countries"].keys() == set(countries)
    assert about["rules"][0]["count"] == 1
    assert "inventories" in about["provenance"]
    (tmp_path / "s.yaml").write_text(SCENARIO.format("mine.nc"), encoding="utf-8")
    done = command("solve", "s.yaml", "--countries", "BLR,USA", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_long_tables_and_customs_data_are_imported_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "trade.csv").write_text(
        "origin,destination,sector,value\nKGZ,RUS,C20,40\nRUS,KGZ,C20,90\n"
        "KGZ,RUS,C13T15,30\nRUS,KGZ,C13T15,80\n",
        encoding="utf-8",
    )
    base = ("world", "import", "long", "trade.csv", "-o", "mine.nc", "--year", "2022")
    done = command(*base, cwd=tmp_path)
    assert done.returncode == 2
    assert "no use of inputs" in done.stderr
    done = command(*base, "--borrow", "icio2022", "--like", "KGZ=KAZ,TUR", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rule: countries with that of others: 1" in done.stderr
    assert load_world(str(tmp_path / "mine.nc")).countries == ["KGZ", "RUS"]
    done = command(*base, "--borrow", "icio2022", "--like", "KGZ", cwd=tmp_path)
    assert (done.returncode, "say it as KGZ=KAZ,TUR" in done.stderr) == (2, True)


def test_a_world_is_saved_from_the_command_line(tmp_path: Path) -> None:
    done = command("world", "save", "icio2022+potash", "-o", str(tmp_path / "p.nc"))
    assert done.returncode == 0, done.stderr
    assert load_world(str(tmp_path / "p.nc")) == load_world("icio2022+potash")
    done = command("world", "load", str(tmp_path / "p.nc"))
    assert (done.returncode, "its checksum fits" in done.stdout) == (0, True)
    with (tmp_path / "p.nc").open("r+b") as file:
        file.seek(100_000)
        file.write(b"?")
    done = command("world", "load", str(tmp_path / "p.nc"))
    assert (done.returncode, "damaged" in done.stderr) == (2, True)
    done = command("world", "describe", str(tmp_path / "p.txt.nc"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


# -- fetching -----------------------------------------------------------------------------------


class Shelf(BaseHTTPRequestHandler):
    """Serves one archive; the first answers break off after some bytes."""

    archive = b""
    version = '"one"'
    breaks: list[int] = []  # noqa: RUF012
    asked: list[str | None] = []  # noqa: RUF012

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        if not self.path.endswith("_SML.zip"):
            self.send_error(404)
            return
        goes_on = wanted is not None and self.headers.get("If-Range") == self.version
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if goes_on else 0
        rest = self.archive[start:]
        self.send_response(206 if goes_on else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("ETag", self.version)
        self.end_headers()
        self.wfile.write(rest[: self.breaks.pop(0)] if self.breaks else rest)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(fetching.time, "sleep", lambda _: None)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        archive.writestr("2022_SML.csv", np.random.default_rng(0).bytes(300_000))
    Shelf.archive, Shelf.version = packed.getvalue(), '"one"'
    Shelf.breaks, Shelf.asked = [], []
    server = HTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_download_goes_on_where_it_broke_off(tmp_path: Path, shelf: str) -> None:
    Shelf.breaks = [100_000, 50_000]
    seen: list[tuple[int, int]] = []
    path = fetch_icio(tmp_path, progress=lambda *at: seen.append(at), source=shelf)
    assert path.read_bytes() == Shelf.archive
    assert Shelf.asked == [None, "bytes=100000-", "bytes=150000-"]
    assert seen[-1] == (len(Shelf.archive), len(Shelf.archive))
    assert [p.name for p in tmp_path.iterdir()] == ["2016-2022_SML.zip"]
    fetch_icio(tmp_path, source=shelf)
    assert len(Shelf.asked) == 3, "an archive that is there whole is not asked for again"


def test_an_interrupted_download_is_kept_for_the_next_run(tmp_path: Path, shelf: str) -> None:
    Shelf.breaks = [40_000, *[0] * 20]
    with pytest.raises(FetchError, match="are kept, run it again to go on") as told:
        fetch_icio(tmp_path, source=shelf)
    assert fetching.PAGE in str(told.value)
    Shelf.breaks, Shelf.asked = [], []
    assert fetch_icio(tmp_path, source=shelf).read_bytes() == Shelf.archive
    assert Shelf.asked == ["bytes=40000-"]


def test_an_archive_that_changed_meanwhile_is_taken_anew(tmp_path: Path, shelf: str) -> None:
    Shelf.breaks = [40_000, *[0] * 20]
    with pytest.raises(FetchError):
        fetch_icio(tmp_path, source=shelf)
    Shelf.breaks, Shelf.version = [], '"two"'
    assert fetch_icio(tmp_path, source=shelf).read_bytes() == Shelf.archive


@pytest.mark.parametrize("spoil", [lambda b: b[:5000] + b"x" + b[5001:], lambda b: b"<html>"])
def test_an_archive_that_came_damaged_is_removed(
    tmp_path: Path, shelf: str, spoil: Callable[[bytes], bytes]
) -> None:
    Shelf.archive = spoil(Shelf.archive)
    with pytest.raises(FetchError, match="came damaged and was removed"):
        fetch_icio(tmp_path, source=shelf)
    assert not list(tmp_path.iterdir())


def test_what_is_not_there_is_told_in_one_sentence(tmp_path: Path, shelf: str) -> None:
    with pytest.raises(FetchError, match=r"the server answers 404.*get it from https://www.oecd"):
        fetch_icio(tmp_path, edition="extended", source=shelf)
    with pytest.raises(FetchError, match="could not be downloaded") as told:
        fetch_icio(tmp_path, source="http://127.0.0.1:9/")
    assert "\n" not in str(told.value)
    with pytest.raises(WorldError, match="no table of 1990: the OECD has 1995 to 2022"):
        fetch_icio(tmp_path, 1990)
    with pytest.raises(WorldError, match="did you mean 'extended'"):
        fetch_icio(tmp_path, edition="extended edition")


def goods_alone(folder: Path) -> str:
    """A file with the goods of the embedded world, whose services are sold by nobody."""
    whole = load_world("icio2022")
    j = np.array([k for k, s in enumerate(whole.sectors) if s[0] in "ABC"])
    d = {name: values.values for name, values in whole.data.items()}
    sales = d["pi"] * d["X"][:, None, :] / (1 + d["t"])
    use = (1 - d["beta"])[:, None, :] * d["gamma"] * whole.output.values[:, None, :]
    goods = World.from_flows(
        sales.transpose(1, 0, 2)[:, :, j],
        use[:, j][:, :, j],
        theta=d["theta"][j],
        countries=whole.countries,
        sectors=[whole.sectors[k] for k in j],
        name="goods",
        attributes={"year": 2022},
    )
    goods.save(folder / "goods.nc")
    return str(folder / "goods.nc")


def test_a_table_of_goods_has_nothing_for_measures_on_services(tmp_path: Path) -> None:
    world = goods_alone(tmp_path)
    ended = [{"senders": "EU27", "target": "BLR"}]
    eased = Scenario(title="eased", world=world, status_quo="2025-02-12", lift=ended)
    assert any("H51" in action.measure.sectors for action in eased.actions())
    assert float(simulate(eased).outcome().equilibrium.welfare.sel(country="BLR")) > 0
    own = {"senders": "USA", "target": "BLR", "kind": "export-ban", "sectors": "K", "ave": 0.2}
    banks = eased.model_copy(update={"impose": [Measure.model_validate({**own, "title": "banks"})]})
    with pytest.raises(ScenarioError, match="the measure 'banks' is on K, which no sector of the"):
        simulate(banks)
