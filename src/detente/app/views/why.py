"""Why a country gains or loses, in words."""

from __future__ import annotations

import pandas as pd

from detente.analysis.channels import CHANNELS
from detente.analysis.sensitivity import lowered
from detente.report import text

WORDS = {
    "trade diversion": "Prices in trade with the sanctioning and the sanctioned countries",
    "rest of general equilibrium": "Costs of its trade, other prices and wages",
    "circumvention": "Goods that go round the sanctions",
    "hub margins": "What it earns on goods that pass through",
    "transfers": "Support of a patron",
}
"""Channels as a page calls them."""
SMALL = 5e-5
"""Percent of income below which a channel counts as nothing."""


def channels(countries: list[pd.DataFrame]) -> list[str]:
    """Channels through which something comes in any of some scenarios, in their order."""
    if not countries:
        return []
    sizes = pd.concat([found["percent"].abs() for found in countries], axis=1).max(axis=1)
    return [channel for channel in CHANNELS if sizes[channel] >= SMALL]


def sentence(country: str, found: pd.DataFrame) -> str:
    """Which channel matters most.

    >>> found = pd.DataFrame({"percent": [0.3, -0.1, 0, 0, 0, 0.2]}, index=[*CHANNELS, "total"])
    >>> sentence("RUS", found)
    'Russia gains, most of all by prices in trade with the sanctioning and the sanctioned ...'
    """
    parts = {str(channel): float(percent) for channel, percent in found["percent"].items()}
    total = parts.pop("total")
    called = text.capitalised(text.called(country))
    if abs(total) < SMALL:
        offset = max(map(abs, parts.values())) >= SMALL
        return f"{called} hardly gains or loses{': channels offset each other' if offset else ''}."
    most = max(parts, key=lambda channel: parts[channel] * total)
    verb = "gains" if total > 0 else "loses"
    return f"{called} {verb}, most of all by {lowered(WORDS[most])}."
