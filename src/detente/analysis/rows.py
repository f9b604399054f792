"""Tables as plain data, for documents."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table; missing numbers are None.

    >>> records(pd.DataFrame({"country": ["BLR"], "percent": [float("nan")]}))
    [{'country': 'BLR', 'percent': None}]
    """
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=12))
    return rows
