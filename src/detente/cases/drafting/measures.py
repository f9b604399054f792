"""Measures that a report means: those on file where there are any, or else new ones."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detente.cases.drafting.acts import Act
from detente.errors import WorldError
from detente.policy.kinds import KINDS
from detente.policy.measures import AIMS, Measure
from detente.policy.register import register
from detente.policy.strength import ave_of_fall
from detente.world.countries import COUNTRY_GROUPS, group_members
from detente.world.embedded import world_for
from detente.world.industries import divisions_of, word_of
from detente.world.names import available_commodities, resolve_sectors
from detente.world.world import World

BEFORE, AFTER = datetime.timedelta(days=75), datetime.timedelta(days=60)
"""Around a report, in which a measure on file may have begun, or ended before, that it tells of."""

FALLS = {"ban": (0.75, 0.95, 0.99), "control": (0.50, 0.85, 0.97), "listing": (0.40, 0.80, 0.95)}
"""Falls of the trade covered by rule: low, central, high; docs/regimes.md."""
PAYMENTS = {"low": 0.0075, "central": 0.0225, "high": 0.0525}
"""Cost of payments as under `eu-swift-2022` of the register."""
DUTY = {"low": 0.05, "central": 0.15, "high": 0.35}
"""A duty whose rate the report does not say."""
TO_CONFIRM = "To be confirmed."

_KINDS = {
    "tariff": ("tariff",), "price-cap": ("price-cap",), "export-ban": ("export-ban",),
    "import-ban": ("import-ban",), "swift": ("finance",), "ports": ("transit",),
    "transit": ("transit",),
}  # fmt: skip
_TECHNOLOGY = AIMS["machines"] | {"H51"}


@dataclass(frozen=True)
class Meant:
    """Measures that an act is about.

    Attributes
    ----------
    on_file
        Names in the register; `whole` says that they are all of the sender's.
    new
        A measure that is not on file, as a record of a case file, by name.
    doubts
        What the report does not say about the new one, as questions by field.
    """

    on_file: tuple[str, ...] = ()
    whole: bool = False
    new: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)


def outside(act: Act) -> str | None:
    """Why no measure can stand for an act: those on persons move no trade."""
    if act.noun == "visa":
        return "A visa ban moves no trade."
    if act.persons:
        return "What is frozen of persons moves no trade that the model has."
    return None


def meant(act: Act, day: datetime.date | None, world: World) -> Meant:
    """The measures an act is about: on file, or a new one with a range."""
    found = on_file(act, day)
    if found:
        return Meant(tuple(found), whole=not act.goods and act.noun == "sanctions")
    if act.noun == "price-cap":
        return _new_cap(act, day)
    name, record, doubts = new_measure(act, world)
    return Meant(new={name: record}, doubts=doubts)


def on_file(act: Act, day: datetime.date | None) -> list[str]:
    """Names of the measures on file that an act eases, keeps or, around its day, imposes.

    Without a day all that ever were are looked through.
    """
    known = register().of(_names_of(act.sender or ""), act.target).measures
    known = {name: m for name, m in known.items() if KINDS[m.kind].sanction}
    if act.restores:
        known = {name: m for name, m in known.items() if m.end and (day is None or m.end <= day)}
    elif act.stance == "impose":
        known = {name: m for name, m in known.items() if _begins_near(m, day)}
        if not act.goods and act.noun == "sanctions" and act.rate is None:
            return list(known)
        if not act.goods and act.noun == "ban":
            return []
    elif day is not None:
        known = {
            name: m for name, m in known.items() if m.in_force(day) or _just_ended(act, m, day)
        }
    if act.noun in _KINDS or act.rate is not None:
        kinds = _KINDS.get(act.noun, ("tariff",))
        known = {name: m for name, m in known.items() if m.kind in kinds}
        if act.noun in ("tariff", "price-cap") and not act.goods:
            return list(known)
    if act.noun == "flights":
        return _about(known, ["aviation"])
    return _about(known, act.goods) if act.goods else list(known)


def _names_of(sender: str) -> list[str]:
    """Under which names a sender is on file: a group also by those of its members."""
    if sender not in COUNTRY_GROUPS:
        return [sender]
    union = {*group_members("EU27")} & {*group_members(sender)}
    members = [] if sender == "EU27" else [*group_members(sender), *(["EU27"] if union else [])]
    return [sender, *members]


def _just_ended(act: Act, measure: Measure, day: datetime.date) -> bool:
    """Whether relief that is reported as done may be the end of a measure on file."""
    recent = measure.end is not None and day - BEFORE <= measure.end <= day
    return act.stance == "ease" and act.mode == "done" and recent


def _begins_near(measure: Measure, day: datetime.date | None) -> bool:
    if measure.start is None or day is None:
        return False
    return day - BEFORE <= measure.start <= day + AFTER


def _about(known: Mapping[str, Measure], goods: Sequence[str]) -> list[str]:
    """Measures on some goods: whose titles name them, or else whose sectors hold them."""
    found = [name for good in goods for name in _on_good(known, good)]
    return [name for name in known if name in found]


def _on_good(known: Mapping[str, Measure], good: str) -> list[str]:
    word = word_of(good)
    divisions = word.divisions if word else frozenset()
    if divisions and divisions <= divisions_of("K"):
        return [n for n, m in known.items() if m.kind == "finance" and m.sectors == ["all"]]
    word_in_name = good.lower().rstrip("s")
    about = {n: f"{n} {m.title} {[*m.split]}".lower() for n, m in known.items()}
    named = [
        n for n, words in about.items()
        if word_in_name in words and f"other than {word_in_name}" not in words
    ]  # fmt: skip
    if named or not word:
        return named
    if word.kind == "part" and word.divisions != divisions_of("H51"):
        return []
    return [
        name
        for name, m in known.items()
        if m.sectors != ["all"] and any(divisions_of(s) & divisions for s in m.sectors)
    ]


def _new_cap(act: Act, day: datetime.date | None) -> Meant:
    """Another cap where one is on file whose market price is known."""
    caps = register().of(None, act.target, ["price-cap"]).measures
    if not caps or act.cap is None:
        ask = "What is the cap, and the market price without it? Without both there is no measure."
        return Meant(doubts={"cap": ask})
    last = max(caps.values(), key=lambda m: m.start or datetime.date.min)
    assert last.market_price is not None
    record = {
        "title": "", "senders": act.sender, "target": act.target, "kind": "price-cap",
        "sectors": list(last.sectors), "share": last.share, "cap": act.cap,
        "market_price": {str(year): price for year, price in last.market_price.items()},
        "ave_source": f"{TO_CONFIRM} Market price and coverage of the last cap on file.",
    }  # fmt: skip
    if last.evasion is not None:
        record["evasion"] = last.evasion.model_dump()
    name = f"{act.sender}-{act.target}-price-cap".lower()
    ask = "Is this the market price without the cap? It is that of the last cap on file."
    return Meant(new={name: record}, doubts={"market_price": ask})


# -- new measures -------------------------------------------------------------------------------


def new_measure(act: Act, world: World) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A measure that is not on file: its name, its record, and questions by field."""
    sectors, part = _sectors(act.goods, world)
    kind = _kind(act, sectors)
    doubts: dict[str, str] = {}
    record: dict[str, Any] = {
        "title": "", "senders": act.sender, "target": act.target, "kind": kind,
        "sectors": sectors or ("goods" if kind != "finance" else "all"),
    }  # fmt: skip
    if part and kind != "finance":
        doubts["share"] = (
            f"What share of {', '.join(sectors)} is {part}? The draft takes all of it."
        )
        record["share"] = 1.0
    record["ave"], basis = _strength(act, kind, sectors, world)
    if act.rate is None or kind != "tariff":
        doubts["ave"] = f"How strong is it? {basis}"
    if act.noun in ("sanctions", "ban", "freeze") and kind != "finance":
        doubts["kind"] = "Does it stop what the target sells, or what it buys? The draft takes " + (
            "what it sells." if kind == "import-ban" else "what it buys."
        )
    if not act.goods and kind != "tariff":
        doubts["sectors"] = "Which goods or services does it cover? The report names none."
    record["ave_source"] = f"{TO_CONFIRM} {basis}"
    words = [*act.goods] or ["trade" if kind != "finance" else "payments"]
    name = "-".join([act.sender or "", act.target or "", *words, kind]).lower().replace(" ", "-")
    return name, record, doubts


def _kind(act: Act, sectors: Sequence[str]) -> str:
    if act.noun in ("export-ban", "import-ban", "tariff"):
        return act.noun
    if act.rate is not None and act.noun == "sanctions":
        return "tariff"
    if act.noun == "swift" or sectors == ["K"] or (act.noun == "sanctions" and not sectors):
        return "finance"
    if act.noun == "ports":
        return "transit"
    technology = sectors and set(sectors) <= _TECHNOLOGY
    return "export-ban" if technology and act.noun != "flights" else "import-ban"


def _sectors(goods: Sequence[str], world: World) -> tuple[list[str], str]:
    """Sectors of a world for words of goods; and the goods that are only part of one."""
    found: list[str] = []
    parts: list[str] = []
    for good in goods:
        word = word_of(good)
        if good in world.sectors:
            found.append(good)
            continue
        try:
            found += resolve_sectors(good, world.sectors)
        except WorldError:
            divisions = word.divisions if word else frozenset()
            found += [s for s in world.sectors if divisions_of(s) & divisions]
            parts.append(good)
    return list(dict.fromkeys(found)), ", ".join(parts)


def _strength(
    act: Act, kind: str, sectors: Sequence[str], world: World
) -> tuple[dict[str, float], str]:
    """Ad-valorem equivalent with its range, and where it comes from."""
    if kind == "tariff":
        if act.rate is not None:
            return dict.fromkeys(
                ("low", "central", "high"), round(act.rate, 4)
            ), "The rate reported."
        return DUTY, "The report names no rate; the range is wide."
    if kind in ("finance", "transit"):
        return PAYMENTS, "The range of eu-swift-2022 in the register."
    rule = {"sanctions": "listing", "freeze": "listing", "export-ban": "control"}.get(
        act.noun, "ban"
    )
    theta = _theta(sectors or ["goods"], world)
    values = [round(ave_of_fall(fall, theta), 3) for fall in FALLS[rule]]
    basis = f"Rule '{rule}' of docs/regimes.md at theta {theta:.2f}."
    return dict(zip(("low", "central", "high"), values, strict=True)), basis


def _theta(sectors: Sequence[str], world: World) -> float:
    """Median trade elasticity of some sectors."""
    import numpy as np

    places = [world.sectors.index(s) for n in sectors for s in resolve_sectors(n, world.sectors)]
    return float(np.median(world.data["theta"].values[places]))


def world_of(acts: Sequence[Act], countries: Iterable[str]) -> str:
    """Name of the smallest world with some countries, and with commodities named as sectors."""
    goods = {good.replace(" ", "-") for act in acts for good in act.goods}
    return "+".join([world_for(countries), *(c for c in available_commodities() if c in goods)])
