"""The page, `page.md`, and how numbers and tables are written in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from detente.report import text


@dataclass(frozen=True)
class Section:
    """What a part of the document is filled in with.

    Attributes
    ----------
    values
        Numbers and tables by the names that `page.md` has for them.
    charts
        Name of the file to an Altair chart.
    """

    values: Mapping[str, Any]
    charts: Mapping[str, Any] = field(default_factory=dict)


def filled(sections: Mapping[str, Section], **values: Any) -> str:
    """The document: `page.md` with the values of the sections, by their names."""
    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    found = {name: section.values for name, section in sections.items()}
    return environment.from_string(template).render(**found, **values) + "\n"


def table(rows: pd.DataFrame) -> str:
    """A table in Markdown; its values are written as they are."""
    lines = [rows.columns, ["---"] * rows.shape[1], *rows.astype(str).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def banded(values: Any, write: Callable[[float], str]) -> str:
    """Median and band, such as `0.9 (0.7 to 1.2)`.

    >>> banded([0.7, 0.9, 1.2], ratio)
    '0.90 (0.70 to 1.20)'
    """
    low, median, high = (write(float(v)) for v in values)
    return f"{median} ({low} to {high})"


def ratio(value: float) -> str:
    """A ratio to two places.

    >>> ratio(1.234)
    '1.23'
    """
    return text.plain(value, 2)


def percent(value: float, digits: int = 0) -> str:
    """A signed share in percent.

    >>> percent(-0.321)
    '-32'
    """
    return text.signed(100 * value, digits)


def percent1(value: float) -> str:
    """A signed share in percent, one place.

    >>> percent1(-0.0031)
    '-0.3'
    """
    return percent(value, 1)


def change(log: Any) -> Any:
    """Relative change from a log change.

    >>> float(change(np.log(0.5)))
    -0.5
    """
    return np.expm1(log)


def within(value: float, low: float, high: float) -> str:
    """`yes` or `no`.

    >>> within(1.0, 0.7, 1.5)
    'yes'
    """
    return "yes" if low <= value <= high else "no"
