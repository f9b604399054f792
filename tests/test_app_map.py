"""The maps: every economy in its place, read without colour, small enough to travel."""

from importlib.resources import files

import pandas as pd
import pytest

import detente
from detente.report.worldmap import in_words, land, step_label, step_of, world_map

WELFARE = pd.Series({"BLR": 1.2, "RUS": 0.01, "SGP": -0.02, "CHN": -0.0004})


def test_every_economy_has_a_shape() -> None:
    countries = detente.load_world().countries
    assert set(countries) <= set(land().shapes)
    assert {"SGP", "HKG", "MLT", "LUX"} <= set(land().points)
    stored = files("detente.report") / "data" / "countries.json"
    assert len(stored.read_bytes()) < 150_000


def test_crimea_stands_with_ukraine() -> None:
    def holds(country: str, lon: float, lat: float) -> bool:
        return any(_within(polygon[0], lon, lat) for polygon in land().shapes[country])

    assert holds("UKR", 34.1, 45.2)
    assert not holds("RUS", 34.1, 45.2)
    assert holds("BLR", 27.5, 53.9)


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
    assert "BLR +1.2" in drawn
    assert "SGP −0.02" in drawn
    assert "NaN" not in drawn


def test_the_map_of_the_page_stays_on_the_page() -> None:
    pytest.importorskip("jinja2", reason="the page needs the extra detente[app]")
    import re

    from detente.app.maps import WIDTH, around, map_of, paths

    for code, path in paths().items():
        x, y, reach = 0, 0, 0
        for kind, u, v in re.findall(r"([Ml])(-?\d+)[ ]?(-?\d+)", path):
            x, y = (int(u), int(v)) if kind == "M" else (x + int(u), y + int(v))
            assert abs(x) <= WIDTH // 2 + 1
            assert kind == "M" or abs(int(u)) < WIDTH // 6, code
            reach += 1
        assert reach > 0 or code in land().points
    assert around("BLR") is not None
    assert around("RUS") is None
    found = map_of(WELFARE, "BLR")
    assert {m.code: m.step for m in found.marks} == {"BLR": 4, "RUS": 2, "SGP": -2, "CHN": 0}
    assert "Belarus +1.2" in found.words
