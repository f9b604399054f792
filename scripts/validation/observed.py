"""What Eurostat records of EU exports."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd


@cache
def _annual(folder: Path) -> pd.Series:
    rows = pd.read_csv(folder / "eu27_exports_annual.csv.gz")
    return rows.set_index(["partner", "year"])["eur"]


def eu_exports(folder: Path, partner: str, year: int) -> float:
    """Exports of the EU27 to a partner, as Eurostat names it, million EUR."""
    return float(_annual(folder)[partner, year]) / 1e6
