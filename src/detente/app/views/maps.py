"""The map of the page: shapes drawn once, coloured by class, so that a change is a few letters."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from detente.app.names import country_names
from detente.report.maps import STEPS, in_words, land, step_label, step_of
from detente.report.text import signed


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


def paths(countries: list[str]) -> dict[str, str]:
    """SVG path of every country of a world, and of all other land under the name `rest`."""
    found = land().paths
    rest = "".join(path for code, path in found.items() if code not in countries)
    return {"rest": rest} | {code: found[code] for code in countries if code in found}


def map_of(welfare: pd.Series, target: str) -> Map:
    """Colour the map by changes of welfare, in percent of income."""
    names = country_names()
    told = {str(code): f"{names[str(code)]}: {signed(x, 3, '−')} %" for code, x in welfare.items()}
    marks = [
        Mark(str(code), step_of(percent), told[str(code)], land().points.get(code))
        for code, percent in welfare.items()
        if code in land().paths
    ]
    words = in_words(welfare.rename(index=names)).replace("-", "−")
    return Map(marks, words, land().around.get(target))


def legend() -> list[tuple[int, str]]:
    """Colour steps and their words, losses first."""
    return [(step, step_label(step)) for step in STEPS]
