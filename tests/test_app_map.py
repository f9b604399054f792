"""The maps: every economy in its place, read without colour, small enough to travel."""

import re
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import detente
from detente.report.maps import in_words, land, rings, step_label, step_of, world_map

WELFARE = pd.Series({"BLR": 1.2, "RUS": 0.01, "SGP": -0.02, "CHN": -0.0004})


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """The script that built the shapes."""
    path = Path(__file__).parents[1] / "scripts" / "build_countries.py"
    spec = spec_from_file_location("build_countries", path)
    assert spec is not None
    assert spec.loader is not None
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_every_economy_has_a_shape() -> None:
    countries = detente.load_world().countries
    assert set(countries) <= set(land().paths)
    assert {"SGP", "HKG", "MLT", "LUX"} <= set(land().points)
    stored = files("detente.report") / "data" / "countries.json"
    assert len(stored.read_bytes()) < 150_000


def test_crimea_stands_with_ukraine(builder: ModuleType) -> None:
    def holds(country: str, lon: float, lat: float) -> bool:
        corners = rings(land().paths[country])
        return any(_within(ring, *builder.place(lon, lat)) for ring in corners)

    assert holds("UKR", 34.1, 45.2)
    assert not holds("RUS", 34.1, 45.2)
    assert holds("BLR", 27.5, 53.9)


def test_the_projection_is_the_published_one(builder: ModuleType) -> None:
    """Savric, Patterson and Jenny (2019): width over height is 2.05458, poles 0.59247 as wide."""
    x, _ = builder.equal_earth(180, 0)
    _, y = builder.equal_earth(0, 90)
    assert x / y == pytest.approx(2.05458, abs=1e-5)
    assert builder.equal_earth(180, 90)[0] / x == pytest.approx(0.59247, abs=1e-5)
    assert builder.equal_earth(-30, -40) == tuple(-v for v in builder.equal_earth(30, 40))


def test_rings_are_cut_at_the_date_line(builder: ModuleType) -> None:
    across = [(170.0, 60.0), (-170.0, 60.0), (-170.0, 70.0), (170.0, 70.0)]
    east, west = sorted(builder.within(across), key=max)[::-1]
    assert {lon for lon, _ in east} == {170.0, 180.0}
    assert {lon for lon, _ in west} == {-180.0, -170.0}
    assert builder.within(across[:1] * 3) == [across[:1] * 3]


def _within(ring: list[tuple[float, float]], lon: float, lat: float) -> bool:
    inside = False
    for (x, y), (u, v) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y > lat) != (v > lat) and lon < (u - x) * (lat - y) / (v - y) + x:
            inside = not inside
    return inside


def test_steps_are_the_same_on_either_side_of_zero() -> None:
    for size in (0.0, 0.0005, 0.001, 0.05, 0.4, 7.0):
        assert step_of(size) == -step_of(-size)
    assert len({step_label(step) for step in range(-4, 5)}) == 9


def test_the_map_says_in_words_what_it_shows() -> None:
    words = in_words(WELFARE)
    assert words.startswith("2 countries gain and 1 loses. Largest gains: BLR +1.2, RUS +0.01")
    assert "SGP -0.02" in words
    assert "CHN" not in words


def test_the_map_is_drawn_without_a_network() -> None:
    pytest.importorskip("altair", reason="charts need the extra detente[report]")
    vl_convert = pytest.importorskip("vl_convert", reason="charts need the extra detente[report]")
    chart = world_map(WELFARE, "A test")
    assert "World map. A test. 2 countries gain" in chart.to_dict()["description"]
    drawn = vl_convert.vegalite_to_svg(chart.to_json())
    assert "Belarus +1.2" in drawn
    assert "Singapore −0.02" in drawn
    assert "NaN" not in drawn


def test_the_map_of_the_page_stays_on_the_page(builder: ModuleType) -> None:
    pytest.importorskip("jinja2", reason="the page needs the extra detente[app]")

    from detente.app.views.maps import map_of, paths

    _, top, _, height = map(int, land().world.split())
    for code, path in paths(detente.load_world().countries).items():
        x, y, reach = 0, 0, 0
        for kind, u, v in re.findall(r"([Ml])(-?\d+)[ ]?(-?\d+)", path):
            x, y = (int(u), int(v)) if kind == "M" else (x + int(u), y + int(v))
            assert abs(x) <= builder.WIDTH // 2 + 1
            assert top <= y <= top + height
            assert kind == "M" or abs(int(u)) < builder.WIDTH // 6, code
            reach += 1
        assert reach > 0 or code in land().points
    assert "BLR" in land().around
    assert "RUS" not in land().around
    found = map_of(WELFARE, "BLR")
    assert {m.code: m.step for m in found.marks} == {"BLR": 4, "RUS": 2, "SGP": -2, "CHN": 0}
    assert found.around == land().around["BLR"]
    assert "Belarus +1.2" in found.words
