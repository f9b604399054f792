"""The world map: who gains and who loses, told apart by colour, by label and in words.

Shapes are Natural Earth's (public domain), projected and clipped by `scripts/build_countries.py`.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from detente.report.charts import of, scale
from detente.report.extras import alt
from detente.report.text import country as name_of
from detente.report.text import plural

BREAKS = (0.001, 0.01, 0.1, 1.0)
"""Percent of income at which a country takes the next colour, on either side of zero."""

STEPS = range(-len(BREAKS), len(BREAKS) + 1)
"""Colours, from the largest loss to the largest gain."""

GAINS = ("#cfe2f1", "#8fbfe0", "#3f8cc4", "#0b4a86")
LOSSES = ("#fbe0c6", "#f4b27a", "#dd7826", "#983f00")
HARDLY = "#f3f1ea"
ABSENT = "#d9d9d6"
EDGE = "#77777a"

LABELLED = 3
"""Largest gainers, and losers, that are named on the map."""


class Land(NamedTuple):
    """Country shapes in Equal Earth, x to the right and y down, in whole units, by ISO3 code."""

    world: str  # part of the map that has all countries, an SVG viewBox
    paths: dict[str, str]  # SVG: rings of relative steps
    points: dict[str, tuple[int, int]]  # where to mark small economies
    around: dict[str, str]  # part of the map around a country not too large for that to help


@lru_cache(maxsize=1)
def land() -> Land:
    """Read the country shapes.

    >>> "BLR" in land().paths, "SGP" in land().points, "RUS" in land().around
    (True, True, False)
    """
    text = (files("detente.report") / "data" / "countries.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    return Land(**{field: stored[field] for field in Land._fields})


def rings(path: str) -> list[list[tuple[int, int]]]:
    """Corners of a path's rings, the first again at the end.

    >>> rings("M10 20l5-5l0 5z")
    [[(10, 20), (15, 15), (15, 20), (10, 20)]]
    """
    found = []
    for ring in path.split("z")[:-1]:
        steps = [int(number) for number in re.findall(r"-?\d+", ring)]
        corners = list(zip(accumulate(steps[::2]), accumulate(steps[1::2]), strict=True))
        found.append([*corners, corners[0]])
    return found


def step_of(percent: float) -> int:
    """Colour step of a change of welfare: 0 is hardly any, 4 the most, negative a loss.

    >>> step_of(0.0004), step_of(0.05), step_of(-2.0)
    (0, 2, -4)
    """
    size = sum(abs(percent) >= b for b in BREAKS)
    return size if percent > 0 else -size


def step_label(step: int) -> str:
    """A colour step in words of a legend.

    >>> [step_label(s) for s in (-4, -1, 0, 2)]
    ['below −1', '−0.01 to −0.001', 'about 0', '+0.01 to +0.1']
    """
    if step == 0:
        return "about 0"
    sign, size = "+" if step > 0 else "−", abs(step)
    if size == len(BREAKS):
        return f"{'above' if step > 0 else 'below'} {sign}{BREAKS[-1]:g}"
    ends = [f"{sign}{x:g}" for x in BREAKS[size - 1 : size + 1]]
    return " to ".join(ends if step > 0 else reversed(ends))


def in_words(welfare: pd.Series, count: int = LABELLED) -> str:
    """What the map shows, for those who do not see it.

    >>> in_words(pd.Series({"BLR": 1.2, "RUS": 0.01, "CHN": -0.002}), count=1)
    '2 countries gain and 1 loses. Largest gain: BLR +1.2. Largest loss: CHN -0.002 percent.'
    """
    gains, losses = _extremes(welfare, len(welfare))
    gaining = plural(len(gains), "country gains", "countries gain")
    parts = [f"{gaining} and {plural(len(losses), 'loses', 'lose')}"]
    for word, many, found in (("gain", "gains", gains), ("loss", "losses", losses)):
        if len(found):
            named = ", ".join(f"{c} {x:+.2g}" for c, x in found[:count].items())
            parts.append(f"Largest {word if count == 1 else many}: {named}")
    return f"{'. '.join(parts)} percent."


def _extremes(welfare: pd.Series, count: int) -> tuple[pd.Series, pd.Series]:
    """The largest gains and losses that have a colour."""
    seen = welfare[welfare.abs() >= BREAKS[0]].sort_values()
    return seen[seen > 0].iloc[::-1][:count], seen[seen < 0][:count]


def world_map(welfare: xr.DataArray | pd.Series, title: str) -> Any:
    """Draw changes of welfare (percent of income by ISO3 code) on a map; an Altair chart.

    Gains are blue and losses orange, in steps that are the same on every map; countries that the
    world does not have are grey. The largest gains and losses are also listed, so that the map
    can be read in black and white.
    """
    values = welfare.to_series() if isinstance(welfare, xr.DataArray) else welfare
    rows = [{"country": c, "percent": x, "step": step_label(step_of(x))} for c, x in values.items()]
    absent = [{"country": c} for c in land().paths if c not in values.index]
    legend = alt.Legend(
        title="Welfare, percent of income",
        orient="bottom",
        columns=len(BREAKS) + 1,
        columnPadding=24,
        symbolType="square",
        symbolStrokeColor=EDGE,
    )
    shades = scale([step_label(s) for s in STEPS], [*reversed(LOSSES), HARDLY, *GAINS])
    tips = [
        alt.Tooltip("country:N"),
        alt.Tooltip("percent:Q", title="percent of income", format="+.3f"),
    ]
    look = {"color": alt.Color("step:N", scale=shades, legend=legend), "tooltip": tips}
    areas = _areas(rows).mark_geoshape(stroke=EDGE, strokeWidth=0.35)
    points = _points(rows).mark_circle(size=34, stroke=EDGE, strokeWidth=0.6, opacity=1)
    layers = [
        _areas(absent).mark_geoshape(fill=ABSENT, stroke="white", strokeWidth=0.4),
        areas.encode(**look),
        points.encode(**look),
        _labels(values),
    ]
    words = f"World map. {title}. {in_words(values.rename(index=name_of))}"
    chart = alt.layer(*layers).project("identity")
    return chart.properties(title=title, width=640, height=320, description=words)


def _areas(rows: list[dict[str, Any]]) -> Any:
    """Shapes of some countries."""
    paths = land().paths
    return of(
        [
            {
                **row,
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": rings(paths[row["country"]])},
            }
            for row in rows
            if paths.get(row["country"])
        ]
    )


def _points(rows: list[dict[str, Any]]) -> Any:
    """Places of small economies."""
    places = land().points
    found = [dict(row, at=places[row["country"]]) for row in rows if row["country"] in places]
    return of(found).encode(longitude=alt.Longitude("at[0]:Q"), latitude=alt.Latitude("at[1]:Q"))


def _labels(welfare: pd.Series) -> Any:
    """The largest gains and losses as a list in the South Pacific, where no country is hidden."""
    lines = []
    for word, found in zip(("Gain most", "Lose most"), _extremes(welfare, LABELLED), strict=True):
        numbers = [f"{name_of(str(code))} {x:+.2g}".replace("-", "−") for code, x in found.items()]
        lines += [word, *numbers] if numbers else []
    marks = of([{}]).mark_text(
        align="left", fontSize=12, lineHeight=16, color="#222222", text=lines
    )
    return marks.encode(x=alt.value(16), y=alt.value(190))
