"""The words of every view: names, numbers, lists and sentences.

Light to import: what is heavy is looked up when it is first needed.
"""

from __future__ import annotations

import csv
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detente.analysis.assess import Assessment
    from detente.analysis.evidence import Evidence, WeighedClaim
    from detente.cases.case import Case
    from detente.cases.records import Claim

NOTHING = "–"
"""In place of a number that there is none of."""


def country(code: str) -> str:
    """Short name of a country or group, as a heading; what is not known stays as it is.

    >>> country("RUS"), country("EU27"), country("Belarus")
    ('Russia', 'EU', 'Belarus')
    """
    return _country_names().get(code, code)


def called(code: str) -> str:
    """A country or group within a sentence.

    >>> called("RUS"), called("EU27"), called("USA")
    ('Russia', 'the EU', 'the United States')
    """
    return f"the {country(code)}" if code in _names()["articles"] else country(code)


def countries(codes: Iterable[str]) -> str:
    """Countries and groups, listed within a sentence.

    >>> countries(["USA", "EU27", "GBR"])
    'the United States, the EU and the United Kingdom'
    """
    return listed(called(code) for code in codes)


def nested(codes: Iterable[str]) -> dict[str, str]:
    """Countries and groups as headings, those that belong to a group listed below it.

    >>> nested(["LTU", "USA", "EU27"])
    {'USA': 'United States', 'EU27': 'EU', 'LTU': 'of which Lithuania'}
    """
    from detente.world.countries import GROUP_NAMES, group_members

    listed_here = list(dict.fromkeys(codes))
    members = {c: set(group_members(c)) for c in listed_here if c in GROUP_NAMES}
    within = {c: g for c in listed_here for g, found in members.items() if c in found and c != g}
    order = [d for c in listed_here if c not in within for d in (c, *_keys(within, c))]
    return {c: f"of which {called(c)}" if c in within else country(c) for c in order}


def _keys(found: Mapping[str, str], value: str) -> list[str]:
    return [k for k, v in found.items() if v == value]


def spelled(sentence: str, name: Callable[[str], str] = called) -> str:
    """A text with names in place of the codes of countries; take `country` in headings.

    >>> spelled("USA gains if RUS pays"), spelled("USA: banks; EU27: all", country)
    ('The United States gains if Russia pays', 'United States: banks; EU: all')
    """

    def named(code: re.Match[str]) -> str:
        return name(code[0]) if code.start() else capitalised(name(code[0]))

    return re.sub(r"\b[A-Z]{2}[A-Z0-9]{1,2}\b", named, sentence)


def sector(code: str, name: str = "") -> str:
    """Short name of a sector, `all`, `goods` or `services`; the world's where there is none here.

    >>> sector("C20"), sector("goods"), sector("X1", "Manufacture of potash; and salts")
    ('Chemicals', 'All goods', 'Potash')
    """
    plain_name = name.removeprefix("Manufacture of ").split(";", maxsplit=1)[0]
    return _names()["sectors"].get(code) or capitalised(plain_name) or code


def capitalised(text: str) -> str:
    """A text with a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def listed(words: Iterable[str]) -> str:
    """Words in a sentence, with commas and an `and`.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a, b and c', '')
    """
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def plural(n: int, one: str, many: str) -> str:
    """A number and what it counts.

    >>> plural(1, "claim is", "claims are"), plural(0, "claim is", "claims are")
    ('1 claim is', '0 claims are')
    """
    return f"{n:,} {one if n == 1 else many}"


def plain(value: float, digits: int = 0, minus: str = "-") -> str:
    """A number with thousands set apart; no sign on a zero.

    >>> plain(1234.5, 1), plain(-0.0004, 3), plain(float("nan"))
    ('1,234.5', '0.000', '–')
    """
    return signed(value, digits, minus).removeprefix("+")


def signed(value: float, digits: int = 0, minus: str = "-") -> str:
    """A number with its sign; a zero has none. Pages take `−`, which not every terminal shows.

    >>> signed(1234.56), signed(-0.00004, 3), signed(-2.5, 1, "−"), signed(float("nan"))
    ('+1,235', '0.000', '−2.5', '–')
    """
    if math.isnan(value):
        return NOTHING
    text = f"{value:+,.{digits}f}"
    return text.replace("-", minus) if text.strip("+-0.,") else text[1:]


def change(percent: float) -> str:
    """A change in percent, with a decimal only where it is small.

    >>> change(-12.3), change(0.26)
    ('-12', '+0.3')
    """
    return signed(percent, 0 if abs(percent) >= 9.95 else 1)


def percent(value: float, digits: int | None = None) -> str:
    """A signed percentage, in the digits that its size gives meaning to unless told otherwise.

    >>> percent(1.234), percent(-0.0123), percent(0.5, 1)
    ('+1.23 percent', '-0.0123 percent', '+0.5 percent')
    """
    return f"{signed(value, digits_for(value) if digits is None else digits)} percent"


def brief(value: float) -> str:
    """A signed number in two digits that have a meaning.

    >>> brief(0.12727), brief(-3.322), brief(0.0035), brief(0.0)
    ('+0.13', '-3.3', '+0.0035', '0')
    """
    if value == 0 or math.isnan(value):
        return "0" if value == 0 else NOTHING
    return signed(value, max(0, 1 - math.floor(math.log10(abs(value)))))


def share(percent: float) -> str:
    """A small change in percent, within a sentence.

    >>> share(0.962), share(-0.00021), share(0.0)
    ('+0.96 percent', 'less than 0.001 percent', 'less than 0.001 percent')
    """
    return "less than 0.001 percent" if abs(percent) < 0.001 else f"{brief(percent)} percent"


def usd(million: float) -> str:
    """An amount of money without its sign, in words.

    >>> usd(773.9), usd(-2_340), usd(0.4)
    ('774 million dollars', '2.34 billion dollars', '0.40 million dollars')
    """
    size = abs(million)
    if size >= 1000:
        return f"{size / 1000:,.3g} billion dollars"
    return f"{plain(size, 0 if size >= 10 else 2)} million dollars"


def digits_for(*values: float) -> int:
    """Digits after the point that suit the largest of some numbers.

    >>> digits_for(250.0), digits_for(-0.02, 1.5), digits_for(0.2), digits_for(0.02)
    (0, 2, 3, 4)
    """
    size = max(abs(v) for v in values)
    return 0 if size >= 100 else 2 if size >= 1 else 3 if size >= 0.1 else 4


def percent_band(low: float, median: float, high: float) -> str:
    """Median and band of a change in percent, within a sentence.

    >>> percent_band(0.5, 1.0, 1.5)
    '+1.00 percent (5 to 95 percent band +0.50 to +1.50)'
    """
    digits = digits_for(low, high)
    ends = f"{signed(low, digits)} to {signed(high, digits)}"
    return f"{percent(median, digits)} (5 to 95 percent band {ends})"


def band(w: WeighedClaim, titles: Mapping[str, str] | None = None) -> str:
    """Median and 5 to 95 percent band of a claim's metric, with its unit.

    The digits are those that the width of the band gives meaning to; `titles` are the scenarios'.
    """
    low, median, high = w.band
    digits = digits_for(low, high)
    write = plain if w.test.relative_to or w.unit == "ratio" else signed
    ends = f"{write(low, digits)} to {write(high, digits)}"
    return f"{write(median, digits)} [{ends}] {unit(w, titles)}"


def unit(w: WeighedClaim, titles: Mapping[str, str] | None = None) -> str:
    """Unit of a claim's metric; of a ratio, the scenario by its title."""
    other = w.test.relative_to
    return w.unit if other is None else f"times that of “{(titles or {}).get(other, other)}”"


def measured(w: WeighedClaim, titles: Mapping[str, str]) -> str:
    """What a claim is about, as the name of an axis: of whom, and the unit.

    >>> from types import SimpleNamespace as Some
    >>> about = Some(country="BLR", partner=None, hub=None)
    >>> test = Some(metric="welfare", parameters=about, relative_to=None)
    >>> measured(Some(test=test, unit="percent of income"), {})
    'Belarus: welfare, percent of income'
    """
    about = w.test.parameters
    named = about.country, *(about.partner or []), about.hub
    whom = [country(c) for c in named if c is not None]
    thing = f"{w.test.metric.replace('-', ' ')}, {unit(w, titles)}"
    return f"{listed(whom)}: {thing}" if whom else capitalised(thing)


def scenario_titles(case: Case) -> dict[str, str]:
    """Scenario name to title."""
    return {name: scenario.title for name, scenario in case.scenarios.items()}


def probability(w: WeighedClaim) -> str:
    """Share of draws in which a claim holds, with its standard error."""
    share, error = 100 * w.probability, 100 * w.error
    return f"{share:.0f} ± {error:.0f} %" if error >= 0.5 else f"{share:.0f} %"


def deciding(w: WeighedClaim) -> str:
    """The three assumptions that explain most of a claim's metric, with their shares."""
    if w.deciding is None:
        return "nothing varies"
    top = w.sobol.nlargest(3, "total")
    shares = (100 * top["total"].clip(0, 1)).round().astype(int)
    return "; ".join(f"{t} {share} %" for t, share in zip(top["title"], shares, strict=True))


def said(claim: Claim) -> str:
    """What was said, in quotation marks where it is verbatim."""
    return f"“{claim.said}”" if claim.form == "verbatim" else claim.said


ANSWER = (
    "the median of the draws, in which all that is uncertain varies; trade, sectors, routes and "
    "channels are those of one solve with every assumption at its central value (“all central”), "
    "which differs from the median as effects multiply and ranges reach further down than up"
)
"""What the numbers of an assessment are."""


def meaning(result: Assessment) -> list[str]:
    """By which scenario the target of an assessment gains most, and by which it loses most."""
    rows = result.welfare[result.welfare["country"] == result.target].set_index("scenario")
    rows = rows.reindex(columns=["percent", "low", "high", "million_usd"])
    ends = {"gains": str(rows["percent"].idxmax()), "loses": str(rows["percent"].idxmin())}
    told = []
    for verb, name in ends.items():
        row = rows.to_dict("index")[name]
        if (row["percent"] > 0) != (verb == "gains"):
            continue
        size = percent(row["percent"])
        if not math.isnan(row["low"]):
            size = percent_band(row["low"], row["percent"], row["high"])
        who, money = capitalised(called(result.target)), usd(row["million_usd"])
        told.append(
            f"{who} {verb} most by “{result.titles[name]}”: {money} a year, of its income {size}."
        )
    return told


FOUNDATIONS = {
    "record": "Narrowed by the record of trade",
    "ranges": "Asked of the record, which does not narrow their ranges",
    "literature": "From the literature",
    "judgement": "Judgement, wholly or in part",
}


def rests_on(foundations: Mapping[str, Iterable[str]]) -> list[str]:
    """What the uncertain parts of a result rest on, a sentence for each foundation.

    >>> rests_on({"record": ["Cost of payments"], "judgement": []})
    ['Narrowed by the record of trade: Cost of payments.']
    """
    told = {on: "; ".join(titles) for on, titles in foundations.items()}
    return [f"{FOUNDATIONS[on]}: {titles}." for on, titles in told.items() if titles]


def provenance(manifest: Mapping[Any, Any]) -> str:
    """Version, world, elasticities, closure and status quo of a run, or of the first of some."""
    made = next(iter(manifest["scenarios"].values())) if "scenarios" in manifest else manifest
    since = [step for step in made.get("changes", ())[:1] if step.startswith("status quo")]
    return "; ".join(
        [
            f"detente {made['detente']}",
            f"world {made['world']} ({made['fingerprint']})"
            + (f" at prices of {made['prices_of']}" if made.get("prices_of") else ""),
            f"elasticities {made['elasticities']}",
            f"deficits: {made['deficits']}",
            *since,
        ]
    )


def drawn(found: Evidence) -> str:
    """How many draws."""
    seed = found.manifest["seed"]
    return f"{plural(found.draws, 'draw', 'draws')} (seed {seed}), each solved in full."


def draws(found: Evidence) -> str:
    """How many draws, of what."""
    m = found.manifest
    made = f"detente {m['detente']}, world {m['world']} ({m['fingerprint']}), {m['elasticities']}."
    return f"{drawn(found)} {made}"


@cache
def _names() -> dict[str, Any]:
    with (files("detente.report") / "data" / "names.toml").open("rb") as stored:
        return tomllib.load(stored)


@cache
def _country_names() -> dict[str, str]:
    """Read from country_converter's table itself: to make its converter takes far longer."""
    table = files("country_converter") / "country_data.tsv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    named = {row["ISO3"]: row["name_short"] for row in rows if not row["obsolete"]}
    return named | dict(_names()["countries"])
