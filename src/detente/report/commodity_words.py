"""What a commodity's market says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import pandas as pd

from detente.analysis.commodity import OTHERS, Commodity
from detente.cases.case import Case
from detente.report import text
from detente.report.commodity_tables import MINUS, money, percent

FAR_OFF = 1.5
"""By which factor the model and the record must differ to be said to disagree."""


LEAST = 0.05
"""Million dollars below which nobody is named."""


def sentences(found: Commodity, case: Case) -> list[str]:
    """What relief is worth to the seller, and how sure that is."""
    return [*_worth(found, case), *_bands(found)]


def parties(found: Commodity, case: Case) -> list[str]:
    """Who earns the difference, and what the sanctions did for whom."""
    return [*_who_earns(found, case), *_windfall(found)]


def disagreements(found: Commodity) -> list[str]:
    """Where the model disagrees with the record, and what is known about why."""
    said = []
    for r in found.record.to_dict("records"):
        record, model = r["record_percent"], r["model_percent"]
        small, large = sorted((abs(record), abs(model)))
        if math.isnan(record) or large <= FAR_OFF * small:
            continue
        said.append(
            f"{r['title']}: {_percent(record)} on record, {_percent(model)} in the model. "
            f"{r['note']}".strip()
        )
    return said


def _worth(found: Commodity, case: Case) -> Iterator[str]:
    """What each scenario about the commodity alone is worth, and one on top of the other."""
    gain = found.worth.set_index("scenario")["gain"]
    told = text.listed(f"{_usd(gain[s])} if {_title(found, s)}" for s in found.alone)
    if told:
        yield f"What it is worth to {text.called(found.market.exporter)} a year: {told}."
    if (parts := together(found.alone, case)) is not None:
        first, second, both = parts
        yield (
            f"{_title(found, first)} brings {_usd(gain[first])} by itself, and "
            f"{_usd(gain[both] - gain[second])} more where {_title(found, second)} has come about."
        )


def together(alone: list[str], case: Case) -> tuple[str, str, str] | None:
    """Two scenarios, and a third that lifts what they lift and no more, if there are such."""
    lifted = {s: {str(m) for m in case.scenarios[s].lift} for s in alone}
    for both in alone:
        for one, other in combinations([s for s in alone if s != both], 2):
            if lifted[one] | lifted[other] == lifted[both] and not lifted[one] & lifted[other]:
                return one, other, both
    return None


def _who_earns(found: Commodity, case: Case) -> Iterator[str]:
    """Who earns and who pays, in the first of two scenarios and in both together."""
    parts = together(found.alone, case)
    for name in found.alone[:1] if parts is None else (parts[0], parts[2]):
        rents = _changes(_of(found.supply, name), "rents_after", "rents_before")
        own = rents.pop(found.market.exporter)
        fees = _changes(_of(found.owners, name), "after", "before")
        bought = _of(found.buyers, name)
        bills: dict[str, float] = dict(zip(bought["country"], bought["bill"], strict=True))
        owned = (
            f" Fees of those who own the ways change: {_named(fees)}." if any(fees.values()) else ""
        )
        yield (
            f"If {_title(found, name)}, mine owners of {text.called(found.market.exporter)} earn "
            f"{_more(own)} a year, and those elsewhere {_more(sum(rents.values()))} "
            f"({_named(rents)}).{owned} For what they bought before, these buyers pay "
            f"{_more(sum(bills.values()))} ({_named(bills)})."
        )


def _of(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return table[table["scenario"] == scenario]


def _changes(table: pd.DataFrame, after: str, before: str) -> dict[str, float]:
    moved = (table[after] - table[before]).to_numpy()
    return dict(zip(table["country"], moved.tolist(), strict=True))


def _named(changes: dict[str, float]) -> str:
    """Changes by country, the largest first."""
    told = [c for c, x in changes.items() if abs(x) >= LEAST]
    order = sorted(told, key=lambda c: (c == OTHERS, -abs(changes[c])))
    return text.listed(
        f"{'others' if c == OTHERS else text.called(c)} {money(changes[c])}" for c in order
    )


def _bands(found: Commodity) -> Iterator[str]:
    """How sure the numbers are that claims have had drawn."""
    words = {
        "rents": "what mine owners of {who} earn changes by {band} million dollars",
        "buyers-bill": "buyers in {who} pay {band} million dollars for the same",
        "corridor-fees": "the fees of {who} change by {band} million dollars",
        "price": "the price in {who} changes by {band} percent",
        "export-volume": "what {who} sells abroad changes by {band} percent in quantity",
        "welfare": "real income of {who} changes by {band} percent",
    }
    rows = found.bands[found.bands["scenario"].isin(found.alone)]
    told = []
    for r in rows[rows["metric"].isin(list(words))].to_dict("records"):
        write = money if "million" in words[r["metric"]] else percent
        low, median, high = (write(r[k]) for k in ("low", "median", "high"))
        about = words[r["metric"]].format(
            who=text.called(r["country"]), band=f"{median} ({low} to {high})"
        )
        told.append(f"if {_title(found, r['scenario'])}, {about}")
    if told:
        yield f"Median of the draws, with the band of 90 percent of them: {'; '.join(told)}."


def _windfall(found: Commodity) -> Iterator[str]:
    if found.unsanctioned.empty:
        return
    cost = {c: -v for c, v in _changes(found.unsanctioned, "rents_after", "rents_before").items()}
    own = cost.pop(found.market.exporter)
    yield (
        "With all sanctions on it that are in force, instead of none, mine owners of "
        f"{text.called(found.market.exporter)} earn {_more(own)} a year, and those elsewhere "
        f"{_more(sum(cost.values()))} ({_named(cost)})."
    )


def _more(million: float) -> str:
    return f"{text.usd(million)} {'more' if million > 0 else 'less'}"


def _usd(million: float) -> str:
    return f"{MINUS if million < 0 else ''}{text.usd(million)}"


def _percent(value: float) -> str:
    return f"{text.signed(value, 0, MINUS)} percent"


def _title(found: Commodity, scenario: str) -> str:
    return f"“{found.titles[scenario]}”"
