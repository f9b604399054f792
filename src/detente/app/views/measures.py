"""What a measure does in plain words, with its legal act, its days and where they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple
from urllib.parse import urlsplit

from detente.app.names import in_sectors
from detente.policy.fields import Range
from detente.policy.measures import Measure
from detente.report import text

DOES = {
    "export-ban": "Hinders exports of {senders} to {target}",
    "import-ban": "Hinders imports of {senders} from {target}",
    "tariff": "Puts a duty on imports of {senders} from {target}; the importer keeps the revenue",
    "finance": "Makes it dearer to pay for trade between {senders} and {target}",
    "transit": "Shuts ways of {senders} to the overseas trade of {target}, which goes round them",
    "price-cap": "Lets others use ships and insurance of {senders} only for goods of {target} "
    "that cost no more than a cap",
    "war": "Breaks off trade between {senders} and {target}, both ways",
    "withdrawal": "Firms of {senders} leave {target} beyond what the law asks of them",
    "supply-cut": "Firms of {target} stop deliveries to {senders}",
}
"""By kind of measure."""

ACTS = (
    (r"Regulations? \((?:EC|EU)\) No (\d+)/(\d{4})", "http://data.europa.eu/eli/reg/{1}/{0}/oj"),
    (r"(?<!Implementing )Regulations? \(EU\) (20\d\d)/(\d+)", "http://data.europa.eu/eli/reg/{0}/{1}/oj"),
    (r"Executive Orders? (\d{5})", "https://www.federalregister.gov/executive-order/{0}"),
    (r"\b(\d{2}) FR (\d+)", "https://www.federalregister.gov/citation/{0}-FR-{1}"),
    (r"https?://[^\s,;)\]}>\"'<]+", "{all}"),
)  # fmt: skip
"""Citations that have an address of their own: the European Legislation Identifier, the Federal
Register by order and by page, and addresses as they are."""


class Piece(NamedTuple):
    """A piece of a text, and the address that it leads to, if any."""

    words: str
    address: str = ""


class Told(NamedTuple):
    """A measure in words."""

    does: str
    strength: str
    dates: str
    act: list[Piece]
    source: list[Piece]
    basis: list[Piece]
    note: str


def told(measure: Measure) -> Told:
    """Tell what a measure does, how strong it is taken to be, since when, and where that stands."""
    return Told(
        does=f"{_does(measure)}. {_covered(measure)}",
        strength=_strength(measure),
        dates=_dates(measure),
        act=list(linked(measure.instrument)),
        source=list(linked(measure.source)),
        basis=list(linked(measure.ave_source)),
        note=measure.note,
    )


def title(measure: Measure) -> str:
    """A measure in a few words: its title, or what it does to which goods."""
    return measure.title or f"{_does(measure)}: {_goods(measure)}"


def _does(measure: Measure) -> str:
    ends = {"senders": text.countries(measure.senders), "target": text.called(measure.target)}
    does = DOES[measure.kind].format(**ends)
    return does.replace("Hinders", "Prohibits") if measure.ban else does


def _goods(measure: Measure) -> str:
    return "all goods and services" if measure.sectors == ["all"] else in_sectors(measure.sectors)


def _covered(measure: Measure) -> str:
    goods = _goods(measure)
    if isinstance(measure.share, dict):
        return f"It covers part of: {goods}."
    part = "" if measure.share == 1 else f"{100 * measure.share:.3g} % of: "
    return f"It covers {part}{goods}."


def _strength(measure: Measure) -> str:
    if measure.cap is not None:
        return f"The cap is {measure.cap:g} in the unit of the market price."
    if measure.ban:
        return "The goods covered are not traded at all."
    if measure.ave is None:
        return "As strong as the way round is dear."
    noun = "The duty is" if measure.kind == "tariff" else "Trade covered becomes dearer by"
    return f"{noun} {_range(measure.ave)}."


def _range(ave: Range) -> str:
    ends = [f"{100 * x:.3g}" for x in (ave.low, ave.central, ave.high)]
    wide = "" if ave.low == ave.high else f" ({ends[0]} to {ends[2]} %)"
    return f"{ends[1]} %{wide}"


def _dates(measure: Measure) -> str:
    if measure.start is None:
        return "Not in force: an option."
    until = f" to {day(measure.end)}" if measure.end else ""
    wound = f"; older contracts until {day(measure.wind_down)}" if measure.wind_down else ""
    return f"In force {'from' if until else 'since'} {day(measure.start)}{until}{wound}."


def day(on: date) -> str:
    """A day in words."""
    return f"{on.day} {on:%B %Y}"


def linked(words: str) -> Iterator[Piece]:
    """Cut a text at the citations in it that lead somewhere; only to pages of the web.

    >>> [piece.address for piece in linked("Regulation (EU) 2021/1030, Art. 1i")]
    ['http://data.europa.eu/eli/reg/2021/1030/oj', '']
    >>> [*linked("as told at javascript:alert(1)")]
    [Piece(words='as told at javascript:alert(1)', address='')]
    """
    found = sorted(
        (m.start(), m.end(), address.format(*m.groups(), all=m[0]))
        for pattern, address in ACTS
        for m in re.finditer(pattern, words)
    )
    done = 0
    for start, end, address in found:
        if start < done or not urlsplit(address).netloc:
            continue
        if start > done:
            yield Piece(words[done:start])
        yield Piece(words[start:end], address)
        done = end
    if words[done:]:
        yield Piece(words[done:])
