"""Build src/detente/report/data/countries.json: country shapes, projected, clipped, ready to draw.

Natural Earth's countries at 1:50 million (public domain), from the npm package `world-atlas` 2.0.2,
which holds them as TopoJSON (ISC licence):

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python scripts/build_countries.py package/countries-50m.json

Borders that two countries share are simplified once, so that no gaps open between them. Natural
Earth draws borders as they are held, not as they are recognised; here Crimea stands with Ukraine
(United Nations General Assembly resolution 68/262), Northern Cyprus with Cyprus and Somaliland with
Somalia. Antarctica and specks of land are left out.

The file has the world in Equal Earth, x to the right and y down, in whole units of which WIDTH span
the equator: by ISO 3166 code the SVG path of each country (`paths`), where to mark each small one
(`points`), and the part of the map to show around each that is not too large for that (`around`,
an SVG viewBox like `world`, the part with all countries).
"""

from __future__ import annotations

import json
import math
import sys
from itertools import pairwise
from pathlib import Path

from country_converter import CountryConverter

OUTPUT = Path(__file__).parents[1] / "src/detente/report/data/countries.json"
TOLERANCE = 0.11
"""Degrees by which a simplified border may be off."""
SPECK = 0.2
"""Square degrees under which land is left out, unless it is the country's largest."""
SMALL = 0.7
"""Square degrees under which a country is marked with a point."""
WIDTH = 3600
"""Units across the world; whole numbers are fine enough for the view around a country."""
VIEW_SHARES = (0.16, 0.42)
"""Least and largest part of the world's width that the view around a country shows."""
ASPECT = 1.2
"""Width over height of that view."""
A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
"""Coefficients of the Equal Earth projection: Savric, Patterson and Jenny (2019)."""
CRIMEA = (32.0, 44.2, 36.8, 46.3)
"""West, south, east, north of the ring to move."""
WITHOUT_CODE = {"N. Cyprus": "CYP", "Somaliland": "SOM", "Kosovo": "XKX"}
LEFT_OUT = {"ATA"}

Point = tuple[float, float]
Ring = list[Point]


def main(source: Path) -> None:
    """Read the TopoJSON, write the shapes."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    arcs = [simplified(arc) for arc in decoded(topology)]
    shapes: dict[str, list[list[Ring]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = code_of(geometry)
        if code and code not in LEFT_OUT:
            shapes.setdefault(code, []).extend(polygons(geometry, arcs))
    give_crimea(shapes)
    kept = {code: without_specks(found) for code, found in sorted(shapes.items())}
    points = {
        code: place(*middle(largest(found)))
        for code, found in kept.items()
        if sum(area(p[0]) for p in found) < SMALL
    }
    around = {code: view_around(found, points.get(code)) for code, found in kept.items()}
    document = {
        "source": "Natural Earth 1:50 million, public domain; see scripts/build_countries.py",
        "world": f"{90 - WIDTH // 2} {TOP} {WIDTH - 120} {BOTTOM - TOP}",
        "points": points,
        "around": {code: view for code, view in around.items() if view},
        "paths": {code: path(found) for code, found in kept.items()},
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{OUTPUT}: {len(kept)} countries, {OUTPUT.stat().st_size / 1e3:.0f} kB")


def decoded(topology: dict) -> list[Ring]:
    """Arcs in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for steps_ in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in steps_:
            x, y = x + dx, y + dy
            arc.append((x * sx + tx, y * sy + ty))
        arcs.append(arc)
    return arcs


def simplified(arc: Ring) -> Ring:
    """Douglas and Peucker, on distances as they are on the ground; a closed arc is cut in two."""
    if len(arc) > 4 and arc[0] == arc[-1]:
        far = max(range(len(arc)), key=lambda k: math.dist(arc[0], arc[k]))
        island = [*thinned(arc[: far + 1])[:-1], *thinned(arc[far:])]
        return island if len(island) > 4 else arc
    return thinned(arc)


def thinned(arc: Ring) -> Ring:
    """An open line without the points that it can do without."""
    keep = {0, len(arc) - 1}
    pending = [(0, len(arc) - 1)]
    while pending:
        first, last = pending.pop()
        inner = range(first + 1, last)
        far = max(inner, key=lambda k: offset(arc[k], arc[first], arc[last]), default=None)
        if far is not None and offset(arc[far], arc[first], arc[last]) > TOLERANCE:
            keep.add(far)
            pending += [(first, far), (far, last)]
    return [arc[k] for k in sorted(keep)]


def offset(point: Point, a: Point, b: Point) -> float:
    """Distance of a point from a segment."""
    narrow = math.cos(math.radians(point[1]))
    px, py = (point[0] - a[0]) * narrow, point[1] - a[1]
    dx, dy = (b[0] - a[0]) * narrow, b[1] - a[1]
    length = dx * dx + dy * dy
    along = max(0.0, min(1.0, (px * dx + py * dy) / length)) if length else 0.0
    return math.hypot(px - along * dx, py - along * dy)


def code_of(geometry: dict) -> str | None:
    """ISO 3166 code of a country, None for land without one."""
    name = geometry["properties"]["name"]
    if "id" not in geometry:
        return WITHOUT_CODE.get(name)
    table = CountryConverter().data
    found = table.loc[table["ISOnumeric"] == int(geometry["id"]), "ISO3"]
    return None if found.empty else str(found.iloc[0])


def polygons(geometry: dict, arcs: list[Ring]) -> list[list[Ring]]:
    """Polygons of a country, each its rings."""
    parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    return [[ring(numbers, arcs) for numbers in part] for part in parts]


def ring(numbers: list[int], arcs: list[Ring]) -> Ring:
    """Join arcs; a negative number is an arc walked backwards."""
    joined: Ring = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        joined += arc if not joined else arc[1:]
    return joined


def give_crimea(shapes: dict[str, list[list[Ring]]]) -> None:
    """Move the ring of Crimea, in place."""
    west, south, east, north = CRIMEA
    moved = [
        p
        for p in shapes["RUS"]
        if all(west < x < east and south < y < north for x, y in p[0]) and area(p[0]) > 1
    ]
    if len(moved) != 1:
        raise SystemExit(f"{len(moved)} rings in the place of Crimea; look at the source")
    shapes["RUS"].remove(moved[0])
    shapes["UKR"].append(moved[0])


def without_specks(found: list[list[Ring]]) -> list[list[Ring]]:
    """Polygons large enough to see, the largest in any case."""
    seen = [p for p in found if p[0] is largest(found) or area(p[0]) >= SPECK]
    return [[r for r in p if r is p[0] or area(r) >= SPECK] for p in seen]


def largest(found: list[list[Ring]]) -> Ring:
    """Outline of the largest polygon."""
    return max((p[0] for p in found), key=area)


def area(ring: Ring) -> float:
    """Square degrees, as wide as they are on the ground."""
    total = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
    return abs(total) / 2 * math.cos(math.radians(middle(ring)[1]))


def middle(ring: Ring) -> Point:
    """Mean of the points of a ring."""
    return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)


def equal_earth(lon: float, lat: float) -> Point:
    """Project degrees to the plane; equal areas stay equal."""
    phi = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(lat)))
    p2 = phi * phi
    p6 = p2 * p2 * p2
    slope = A1 + 3 * A2 * p2 + p6 * (7 * A3 + 9 * A4 * p2)
    x = 2 / math.sqrt(3) * math.radians(lon) * math.cos(phi) / slope
    return x, phi * (A1 + A2 * p2 + p6 * (A3 + A4 * p2))


SCALE = WIDTH / 2 / equal_earth(180, 0)[0]


def place(lon: float, lat: float) -> tuple[int, int]:
    """Where a point is on the map."""
    x, y = equal_earth(lon, lat)
    return round(SCALE * x), round(-SCALE * y)


TOP, BOTTOM = place(0, 84)[1], place(0, -57)[1]


def path(found: list[list[Ring]]) -> str:
    """Rings as moves and steps of whole units."""
    parts = []
    for ring_ in (piece for polygon in found for r in polygon for piece in within(r)):
        points = [place(*p) for p in ring_]
        steps = [f"M{points[0][0]} {points[0][1]}"]
        for (x, y), (u, v) in pairwise(points):
            if (u, v) != (x, y):
                steps.append(f"l{u - x} {v - y}".replace(" -", "-"))
        if len(steps) > 2:
            parts.append("".join(steps) + "z")
    return "".join(parts)


def within(ring: Ring) -> list[Ring]:
    """A ring that crosses the date line, cut there in two; any other as it is."""
    unrolled, turns = [ring[0]], 0
    for (before, _), (lon, lat) in pairwise(ring):
        turns += (before - lon > 180) - (lon - before > 180)
        unrolled.append((lon + 360 * turns, lat))
    if all(-180 <= lon <= 180 for lon, _ in unrolled):
        return [ring]
    moved = ([(lon + shift, lat) for lon, lat in unrolled] for shift in (-360, 0, 360))
    pieces = (beside(beside(r, 180.0, -1), -180.0, 1) for r in moved)
    return [piece for piece in pieces if len(piece) > 2]


def beside(ring: Ring, line: float, side: int) -> Ring:
    """The part of a ring on one side of a meridian: Sutherland and Hodgman (1974)."""
    found: Ring = []
    for (x, y), (u, v) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        inside, next_inside = side * (x - line) >= 0, side * (u - line) >= 0
        found += [(x, y)] if inside else []
        if inside != next_inside:
            found.append((line, y + (v - y) * (line - x) / (u - x)))
    return found


def view_around(found: list[list[Ring]], point: tuple[int, int] | None) -> str | None:
    """Part of the map around a country, None where it is too large for it to help."""
    corners = [place(*p) for p in max((p[0] for p in found), key=len)]
    xs, ys = ([c[axis] for c in corners] for axis in (0, 1))
    x, y = point or ((min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2)
    size = max(VIEW_SHARES[0] * WIDTH, 0 if point else 2.2 * (max(xs) - min(xs)))
    if size > VIEW_SHARES[1] * WIDTH:
        return None
    width, height = round(size), round(size / ASPECT)
    return f"{x - width // 2} {max(y - height // 2, TOP)} {width} {height}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
