"""Numbers and sentences of the page."""

from __future__ import annotations

import math

from detente.app.results import Results
from detente.app.starts import called, country_names
from detente.app.state import Group, NewMeasure

SLIGHT = 0.01
"""Percent of income below which a country counts as hardly touched."""

KINDS = {
    "export-ban": "Hinder exports to {target}",
    "import-ban": "Hinder imports from {target}",
    "tariff": "Tariff on imports from {target}",
    "finance": "Hinder payments with {target}",
    "transit": "Close ports to {target}",
}
LEVELS = {"low": "low", "central": "central", "high": "high"}
DEFICITS = {
    "share": "Deficits grow with the world economy",
    "value": "Deficits stay the same in dollars",
    "zero": "Trade is balanced",
}


def signed(number: float, digits: int = 0) -> str:
    """A number with its sign, rounded; nothing for none.

    >>> signed(1234.56), signed(-0.00004, 3), signed(float("nan"))
    ('+1,235', '0.000', '–')
    """
    if math.isnan(number):
        return "–"
    text = f"{number:+,.{digits}f}"
    if not any(c in "123456789" for c in text):
        return text[1:]
    return text.replace("-", "−")


def plain(number: float, digits: int = 0) -> str:
    """A number without a sign."""
    return "–" if math.isnan(number) else f"{number:,.{digits}f}".replace("-", "−")


def money(million: float) -> str:
    """An amount in words.

    >>> money(773.9), money(-2_340), money(0.4)
    ('774 million dollars', '2.34 billion dollars', '0.40 million dollars')
    """
    size = abs(million)
    if size >= 1000:
        return f"{size / 1000:,.3g} billion dollars"
    return f"{size:.0f} million dollars" if size >= 10 else f"{size:.2f} million dollars"


def worded(pattern: str, value: int) -> str:
    """A slider's value in words: `#` is the value, `@` a hundredth of it.

    >>> worded("# % eased", 40), worded("@ %", 85)
    ('40 % eased', '0.85 %')
    """
    return pattern.replace("#", str(value)).replace("@", f"{value / 100:.2f}")


def headline(results: Results) -> str:
    """What the scenario means for the target, in a sentence."""
    percent, million = results.welfare(results.target)
    name = called(results.target)
    name = name[:1].upper() + name[1:]
    if not signed(percent, 3).strip("0."):
        return f"Nothing changes for {called(results.target)}."
    verb = "gains" if percent > 0 else "loses"
    return (
        f"{name} {verb} {plain(abs(percent), 2 if abs(percent) >= 0.1 else 3)} % of its income, "
        f"{money(million)} a year."
    )


def others(results: Results) -> str:
    """What it means for the other countries of interest."""
    rows = [c for c in results.chosen.index if c != results.target][:5]
    names = country_names()
    found = [f"{names[c]} {signed(results.welfare(c)[0], 3)} %" for c in rows]
    return " · ".join(found)


def leak_sentence(results: Results) -> str:
    """How much of the lane's goods takes a hub."""
    leak = results.leak
    assert leak is not None
    before, after = leak.share("before"), leak.share("after")
    verb = "rises" if after > before else "falls"
    change = float(
        leak.ways.drop("direct")["after"].sum() - leak.ways.drop("direct")["before"].sum()
    )
    sentence = (
        f"The part that takes a hub {verb} from {before:.2f} to {after:.2f} %, "
        f"{signed(change)} million dollars a year."
    )
    if leak.offset is not None and 0 < leak.offset <= 1:
        sentence += f" Hubs make up for {100 * leak.offset:.1f} % of the fall of direct trade."
    return sentence


def group_title(group: Group) -> str:
    """A group of measures, for its slider."""
    return "Goods" if group.of == "goods" else "Banks and payments"


def new_title(row: NewMeasure, target: str) -> str:
    """A new measure, for its legend."""
    return KINDS[row.kind].format(target=called(target))
