"""The map of the page: shapes drawn once, coloured by class, so that a change is a few letters."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from detente.app.starts import country_names, embedded_world
from detente.report.worldmap import BREAKS, Ring, in_words, land, step_label, step_of

WIDTH = 3600
"""Units across the world; whole numbers are fine enough for the view around a country."""

VIEW_SHARES = (0.16, 0.42)
"""Least and largest part of the world's width that the view around a country shows."""

ASPECT = 1.2
"""Width over height of that view."""

A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
"""Coefficients of the Equal Earth projection: Savric, Patterson and Jenny (2019)."""


class Mark(NamedTuple):
    """A country on the map: its code, colour step, words, and place if it is a point."""

    code: str
    step: int
    words: str
    point: tuple[int, int] | None


class Map(NamedTuple):
    """A coloured map, with what it shows in words and its extent around the target."""

    marks: list[Mark]
    words: str
    around: str | None


def equal_earth(lon: float, lat: float) -> tuple[float, float]:
    """Project degrees to the plane; equal areas stay equal.

    >>> equal_earth(0.0, 0.0)
    (0.0, 0.0)
    """
    phi = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(lat)))
    p2 = phi * phi
    p6 = p2 * p2 * p2
    slope = A1 + 3 * A2 * p2 + p6 * (7 * A3 + 9 * A4 * p2)
    x = 2 / math.sqrt(3) * math.radians(lon) * math.cos(phi) / slope
    return x, phi * (A1 + A2 * p2 + p6 * (A3 + A4 * p2))


SCALE = WIDTH / 2 / equal_earth(180, 0)[0]
TOP, BOTTOM = (round(-SCALE * equal_earth(0, lat)[1]) for lat in (84, -57))
WORLD_VIEW = f"{-WIDTH // 2 + 90} {TOP} {WIDTH - 120} {BOTTOM - TOP}"


@lru_cache(maxsize=1)
def places() -> dict[str, tuple[int, int]]:
    """Where small economies are marked."""
    return {code: place(*point) for code, point in land().points.items()}


def place(lon: float, lat: float) -> tuple[int, int]:
    """Where a point is on the map."""
    x, y = equal_earth(lon, lat)
    return round(SCALE * x), round(-SCALE * y)


def _path(rings: list[Ring]) -> str:
    """Rings as steps of whole units."""
    parts = []
    for ring in (piece for r in rings for piece in _within(r)):
        points = [place(*p) for p in ring]
        steps = [f"M{points[0][0]} {points[0][1]}"]
        for (x, y), (u, v) in pairwise(points):
            if (u, v) != (x, y):
                steps.append(f"l{u - x} {v - y}".replace(" -", "-"))
        if len(steps) > 2:
            parts.append("".join(steps) + "z")
    return "".join(parts)


def _within(ring: Ring) -> list[Ring]:
    """A ring that crosses the date line, cut there in two; any other as it is."""
    unrolled, turns = [ring[0]], 0
    for (before, _), (lon, lat) in pairwise(ring):
        turns += (before - lon > 180) - (lon - before > 180)
        unrolled.append((lon + 360 * turns, lat))
    longitudes = [lon for lon, _ in unrolled]
    if max(longitudes) <= 180 and min(longitudes) >= -180:
        return [ring]
    found = []
    for shift in (-360, 0, 360):
        moved = [(lon + shift, lat) for lon, lat in unrolled]
        piece = _beside(_beside(moved, 180.0, -1), -180.0, 1)
        found += [piece] if len(piece) > 2 else []
    return found


def _beside(ring: Ring, line: float, side: int) -> Ring:
    """The part of a ring on one side of a meridian: Sutherland and Hodgman (1974)."""
    found: Ring = []
    for (x, y), (u, v) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        inside, next_inside = side * (x - line) >= 0, side * (u - line) >= 0
        found += [(x, y)] if inside else []
        if inside != next_inside:
            found.append((line, y + (v - y) * (line - x) / (u - x)))
    return found


@lru_cache(maxsize=1)
def paths() -> dict[str, str]:
    """SVG path of every economy of the world, and of all other land under the name `rest`."""
    drawn = {c: _path([r for p in found for r in p]) for c, found in land().shapes.items()}
    ours = {c: drawn[c] for c in embedded_world().countries if drawn.get(c)}
    return {"rest": "".join(d for c, d in drawn.items() if c not in ours), **ours}


def map_of(welfare: pd.Series, target: str) -> Map:
    """Colour the map by changes of welfare, in percent of income."""
    names = country_names()
    marks = [
        Mark(
            code,
            step_of(percent),
            f"{names[code]}: {percent:+.3f} %".replace("-", "−"),
            places().get(str(code)),
        )
        for code, percent in welfare.items()
        if code in paths() or code in places()
    ]
    named = welfare.rename(index=names)
    return Map(marks, in_words(named).replace("-", "−"), around(target))


@lru_cache(maxsize=256)
def around(target: str) -> str | None:
    """Part of the map around a country, None where the country is too large for it to help."""
    if target in places():
        x, y = places()[target]
        size = VIEW_SHARES[0] * WIDTH
    else:
        ring = max((p[0] for p in land().shapes[target]), key=len)
        points = [place(*p) for p in ring]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        x, y = (min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2
        size = max(VIEW_SHARES[0] * WIDTH, 2.2 * (max(xs) - min(xs)))
    if size > VIEW_SHARES[1] * WIDTH:
        return None
    width, height = round(size), round(size / ASPECT)
    return f"{x - width // 2} {max(y - height // 2, TOP)} {width} {height}"


STEPS = range(-len(BREAKS), len(BREAKS) + 1)


def legend() -> list[tuple[int, str]]:
    """Colour steps and their words, losses first."""
    return [(step, step_label(step)) for step in STEPS]
