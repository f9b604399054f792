"""What a commodity's market says, as tables of words: the same for report and page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detente.analysis.commodity import OTHERS, Commodity, Market
from detente.arrays import Array
from detente.report import text
from detente.report.parts import Sheet

MINUS = "−"
STATUS_QUO = "Status quo"


class Line(NamedTuple):
    """One number of a market: before, its change, and that in percent; NaN where there is none.

    Of draws, these are medians, and 90 percent of the changes lie between `low` and `high`, in
    percent where there is a change in percent only.
    """

    group: str
    label: str
    before: float
    change: float
    percent: float
    low: float = math.nan
    high: float = math.nan


def sheets(found: Commodity) -> Iterator[Sheet]:
    """The tables of a commodity, scenario by scenario beside the status quo."""
    yield _sales(found)
    yield _buyers(found)
    yield _rents(found)
    if len(found.ways):
        yield _ways(found)


def record_sheet(found: Commodity) -> Sheet | None:
    """What is on record beside the model; None if nothing is."""
    if found.record.empty:
        return None
    rows = [
        [
            f"{r['title']}, {r['unit']}",
            r["free"],
            r["sanctioned"] or text.NOTHING,
            percent(r["record_percent"]),
            percent(r["model_percent"]),
            text.plain(r["model_free"], 0, MINUS),
        ]
        for r in found.record.to_dict("records")
    ]
    heads = [
        "Before",
        "Under them, by year",
        "Change, %",
        "In the model, %",
        "Before, model, m USD",
    ]
    return Sheet(
        "Beside the record: before the sanctions and under them",
        ["", *heads],
        rows,
        "The change is that to the last year named. The model compares its status quo with the "
        "same day without any sanction on the commodity, at the prices of the world's year.",
    )


def _sales(found: Commodity) -> Sheet:
    seller = text.called(found.market.exporter)
    own, worth = _rows(found.supply, "country"), _rows(found.worth)
    first = next(iter(found.titles))
    seen, start = own[first, found.market.exporter], worth[first]
    away = len(found.ways) > 0
    none = text.NOTHING
    left = start["overseas_before"] - start["way_before"]
    overseas = [
        text.plain(x, 0, MINUS) for x in (start["overseas_before"], start["way_before"], left)
    ]
    rows = [
        [
            STATUS_QUO,
            text.plain(seen["output_before"]),
            *[none] * 3,
            *(overseas if away else []),
            text.plain(seen["rents_before"]),
            none,
        ]
    ]
    for name, title in found.titles.items():
        s, w = own[name, found.market.exporter], worth[name]
        paid, way = w["overseas_after"], w["way_after"]
        overseas = [text.plain(x, 0, MINUS) for x in (paid, way, paid - way)]
        rows.append(
            [
                title,
                text.plain(s["output_after"]),
                percent(s["quantity_percent"]),
                percent(w["delivered_percent"]),
                percent(s["price_percent"]),
                *(overseas if away else []),
                text.plain(s["rents_after"]),
                money(w["gain"]),
            ]
        )
    heads = [
        "Output, m USD",
        "Quantity, %",
        "Quantity that arrives abroad, %",
        "Price at the mine, %",
        *(
            ["Overseas buyers pay, m USD", "The way takes, m USD", "Left for the mine, m USD"]
            if away
            else []
        ),
        "Mine owners earn, m USD",
        f"Gain of {seller} in all, m USD",
    ]
    small = (
        "Quantity is output over the price at the mine. The way takes what freight and fees are "
        "above those with every way open; what a dearer way eats is sold but does not arrive. Mine "
        "owners earn what is left of value added after wages. Percent: change from the status quo."
    )
    return Sheet(
        f"What {seller} sells, and what is left for the mine", ["Scenario", *heads], rows, small
    )


def _buyers(found: Commodity) -> Sheet:
    codes = found.market.buyers
    table = _rows(found.buyers, "country")
    first = next(iter(found.titles))
    rows = [[STATUS_QUO, *(text.plain(table[first, c]["purchases_before"]) for c in codes)]]
    for name, title in found.titles.items():
        numbers = (table[name, c] for c in codes)
        rows.append(
            [title, *(f"{money(x['bill'])} ({percent(x['price_percent'])} %)" for x in numbers)]
        )
    return Sheet(
        "What buyers pay more or less, million USD, and change of the price they pay",
        ["Scenario", *map(text.country, codes)],
        rows,
        "The status quo is what they spend, at home too. Scenarios: change of the price times "
        f"these purchases. {_users(found)}",
    )


def _rents(found: Commodity) -> Sheet:
    codes = [*found.market.rivals, OTHERS]
    table = _rows(found.supply, "country")
    first = next(iter(found.titles))
    rows = [[STATUS_QUO, *(text.plain(table[first, c]["rents_before"]) for c in codes)]]
    for name, title in found.titles.items():
        moved = (table[name, c]["rents_after"] - table[name, c]["rents_before"] for c in codes)
        rows.append([title, *map(money, moved)])
    return Sheet(
        "What mine owners elsewhere earn, million USD, and its change",
        ["Scenario", *(_seller(c) for c in codes)],
        rows,
    )


def _ways(found: Commodity) -> Sheet:
    carried, fees = _rows(found.ways, "corridor"), _rows(found.owners, "country")
    first = next(iter(found.titles))
    corridors = [c for scenario, c in carried if scenario == first]
    owners = [c for scenario, c in fees if scenario == first]

    def row(title: str, name: str, when: str) -> list[str]:
        trade = (level(carried[name, c][when]) for c in corridors)
        earned = (level(fees[name, c][when]) for c in owners)
        return [title, *trade, *earned]

    rows = [row(STATUS_QUO, first, "before")]
    rows += [row(title, name, "after") for name, title in found.titles.items()]
    heads = [
        *(f"{carried[first, c]['title']}, m USD" for c in corridors),
        *(f"Fees of {text.called(c)}, m USD" for c in owners),
    ]
    return Sheet(
        f"By which way it leaves {text.called(found.market.exporter)}, and what the owners earn",
        ["Scenario", *heads],
        rows,
        "Fees are rent, on top of what haul and handling cost the owners.",
    )


def _users(found: Commodity) -> str:
    """Who the buyers are, in a sentence."""
    parts = [
        f"{text.sector(u, u).lower()} ({100 * share:.0f} percent)"
        for u, share in found.users.items()
    ]
    return f"Buyers are above all {text.listed(parts)}." if parts else ""


def lines(
    market: Market, rows: dict[str, list[dict[str, Any]]]
) -> Iterator[tuple[str, str, Array]]:
    """The numbers of one scenario in groups: a group, a label, and what `Line` has, [3,draw]."""
    group = text.capitalised(text.called(market.exporter))
    (worth,), (own, *others) = rows["worth"], rows["supply"]
    yield group, "Output, million USD", _moved(own["output_before"], own["output_after"])
    yield group, "Quantity", _in_percent(own["quantity_percent"])
    yield group, "Quantity that arrives abroad", _in_percent(worth["delivered_percent"])
    yield group, "Price at the mine", _in_percent(own["price_percent"])
    yield group, "Mine owners earn, million USD", _moved(own["rents_before"], own["rents_after"])
    if rows["ways"]:
        names = {
            "overseas": "Overseas buyers pay, million USD",
            "way": "The way takes, million USD",
        }
        for name, label in names.items():
            yield group, label, _moved(worth[f"{name}_before"], worth[f"{name}_after"])
    for r in rows["ways"]:
        yield "Trade by way, million USD", r["title"], _moved(r["before"], r["after"])
    for r in rows["owners"]:
        fees = "Fees of the owners of ways, million USD"
        yield fees, text.country(r["country"]), _moved(r["before"], r["after"])
    for r in others:
        earned = "Mine owners elsewhere, million USD"
        yield earned, _seller(r["country"]), _moved(r["rents_before"], r["rents_after"])
    for r in rows["buyers"]:
        paid = "What buyers pay for the same, million USD"
        numbers = np.array([r["purchases_before"], r["bill"], r["price_percent"]])
        yield paid, text.country(r["country"]), numbers


def _moved(before: Array, after: Array) -> Array:
    ratio = np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0)
    return np.array([before, after - before, 100 * (ratio - 1)])


def _in_percent(change: Array) -> Array:
    nothing = np.full_like(change, np.nan)
    return np.array([nothing, nothing, change])


def level(million: float) -> str:
    """A value in million dollars, with a decimal only where it is small.

    >>> level(2887.0), level(5.19), level(0.0), level(float("nan"))
    ('2,887', '5.2', '0', '–')
    """
    return text.plain(million, 1 if 0 < abs(million) < 9.95 else 0, MINUS)


def money(million: float) -> str:
    """A change in million dollars with its sign, a decimal only where it is small.

    >>> money(-174.6), money(2.34), money(0.012)
    ('−175', '+2.3', '0.0')
    """
    return text.signed(million, 0 if abs(million) >= 9.95 else 1, MINUS)


def percent(value: float) -> str:
    """A change in percent with its sign, in the digits that its size gives meaning to.

    >>> percent(-12.34), percent(0.925), percent(-0.004), percent(float("nan"))
    ('−12', '+0.9', '0.00', '–')
    """
    digits = 0 if abs(value) >= 9.95 else 1 if abs(value) >= 0.095 else 2
    return text.signed(value, digits, MINUS)


def _seller(code: str) -> str:
    return "Others" if code == OTHERS else text.country(code)


def _rows(table: pd.DataFrame, *by: str) -> dict[Any, dict[str, Any]]:
    """Rows by scenario, and by what else tells them apart."""
    keys = ["scenario", *by]
    found: Any = table.set_index(keys if by else "scenario").to_dict("index")
    return dict(found)
