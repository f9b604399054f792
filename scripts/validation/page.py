"""Sections, and how numbers and tables are written in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from detente.report import text


@dataclass(frozen=True)
class Section:
    """A part of the document.

    Attributes
    ----------
    title
        Its heading.
    blocks
        Paragraphs and tables in Markdown.
    charts
        Name of the file to an Altair chart; `blocks` refer to them by `picture`.
    """

    title: str
    blocks: Sequence[str]
    charts: Mapping[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        """The section in Markdown."""
        return "\n\n".join([f"## {self.title}", *self.blocks])


def picture(name: str, words: str) -> str:
    """A reference to a chart."""
    return f"![{words}](validation/{name}.svg)"


def table(rows: pd.DataFrame) -> str:
    """A table in Markdown; its values are written as they are."""
    lines = [rows.columns, ["---"] * rows.shape[1], *rows.astype(str).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def folded(summary: str, block: str) -> str:
    """A block that opens when asked for."""
    return f"<details>\n<summary>{summary}</summary>\n\n{block}\n\n</details>"


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
