"""Names of countries and of groups of countries, whether or not a world has them.

ISO codes, short and official names come from the `country_converter` package, and so does what no
table here has, in any usual spelling. Adjectives, older and other names are our own compilation, in
`data/country_names.csv`; see docs/data.md for the rules.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

COUNTRY_GROUPS = (
    "EU27", "EURO", "EEA", "CIS", "G7", "G20", "OECD", "APEC", "BRIC",
)  # fmt: skip
"""Groups that `country_converter` has the members of."""

TREATY_GROUPS: dict[str, tuple[str, ...]] = {
    # Treaty on the Eurasian Economic Union of 29 May 2014; Armenia and Kyrgyzstan acceded in 2015
    "EAEU": ("ARM", "BLR", "KAZ", "KGZ", "RUS"),
    # Johannesburg II Declaration of 2023, para. 91, without Saudi Arabia; Indonesia in 2025
    "BRICS": ("ARE", "BRA", "CHN", "EGY", "ETH", "IDN", "IND", "IRN", "RUS", "ZAF"),
    # OPEC, Member Countries, after Angola left on 1 January 2024
    "OPEC": (
        "ARE", "COG", "DZA", "GAB", "GNQ", "IRN", "IRQ", "KWT", "LBY", "NGA", "SAU", "VEN",
    ),
    # ASEAN, Member States, with Timor-Leste, admitted on 26 October 2025
    "ASEAN": (
        "BRN", "IDN", "KHM", "LAO", "MMR", "MYS", "PHL", "SGP", "THA", "TLS", "VNM",
    ),
    # Charter of the Cooperation Council for the Arab States of the Gulf, 1981
    "GCC": ("ARE", "BHR", "KWT", "OMN", "QAT", "SAU"),
    # North Atlantic Treaty of 1949 with all accessions to that of Sweden on 7 March 2024
    "NATO": (
        "ALB", "BEL", "BGR", "CAN", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GBR", "GRC",
        "HRV", "HUN", "ISL", "ITA", "LTU", "LUX", "LVA", "MKD", "MNE", "NLD", "NOR", "POL", "PRT",
        "ROU", "SVK", "SVN", "SWE", "TUR", "USA",
    ),
}  # fmt: skip
"""Members of other groups, by the treaty or declaration named."""

EAEU = TREATY_GROUPS["EAEU"]
"""Eurasian Economic Union."""

GROUP_NAMES: dict[str, tuple[str, ...]] = {
    "EU27": ("EU", "European Union"),
    "EURO": ("Eurozone", "Euro area", "Euro zone", "EA20"),
    "EEA": ("European Economic Area",),
    "CIS": ("Commonwealth of Independent States",),
    "G7": ("Group of Seven", "G-7"),
    "G20": ("Group of Twenty", "G-20"),
    "OECD": ("Organisation for Economic Co-operation and Development",),
    "APEC": ("Asia-Pacific Economic Cooperation",),
    "BRIC": (),
    "EAEU": ("Eurasian Economic Union", "EEU"),
    "BRICS": ("BRICS+",),
    "OPEC": ("Organization of the Petroleum Exporting Countries",),
    "ASEAN": ("Association of Southeast Asian Nations",),
    "GCC": ("Gulf Cooperation Council", "Gulf states"),
    "NATO": ("North Atlantic Treaty Organization", "North Atlantic Treaty Organisation"),
}
"""Groups by code, and what else they are called."""

AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "congo": ("COD", "COG"),
    "congolese": ("COD", "COG"),
    "korea": ("KOR", "PRK"),
    "korean": ("KOR", "PRK"),
    "dominican": ("DMA", "DOM"),
    "virgin islands": ("VGB", "VIR"),
    "virgin islander": ("VGB", "VIR"),
    "soviet union": ("RUS", "UKR", "BLR"),
    "soviet": ("RUS", "UKR", "BLR"),
    "ussr": ("RUS", "UKR", "BLR"),
    "yugoslavia": ("SRB", "HRV", "SVN"),
    "yugoslav": ("SRB", "HRV", "SVN"),
    "serbia and montenegro": ("SRB", "MNE"),
    "czechoslovakia": ("CZE", "SVK"),
    "czechoslovak": ("CZE", "SVK"),
    "netherlands antilles": ("CUW", "SXM", "BES"),
}
"""Folded words that may mean several countries, or one that is no more, and the candidates."""


@lru_cache(maxsize=8192)
def folded(name: str) -> str:
    """A name without case, accents, punctuation, spare space and a leading article.

    >>> folded("The  Côte d'Ivoire"), folded("U.S."), folded("St. Kitts & Nevis")
    ('cote divoire', 'us', 'saint kitts and nevis')
    """
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    kept = "".join(c for c in plain if not unicodedata.combining(c) and c not in ".'’ʼ`")
    words = re.sub(r"[^0-9a-z]+", " ", kept.replace("ı", "i")).split()
    words = ["saint" if word == "st" else word for word in words]
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


@cache
def group_members(group: str) -> tuple[str, ...]:
    """ISO3 codes of a country group, whether or not a given world has them.

    >>> len(group_members("EU27")), "BLR" in group_members("EAEU")
    (27, True)
    """
    if group in TREATY_GROUPS:
        return TREATY_GROUPS[group]
    table = _converter().data
    if group == "Europe":
        return tuple(table.loc[table["continent"] == "Europe", "ISO3"])
    return tuple(table.loc[table[group].notna(), "ISO3"])


@cache
def group_of(name: str) -> str:
    """Code of a group of countries by any of its names, or an empty string.

    >>> group_of("the European Union"), group_of("eaeu"), group_of("France")
    ('EU27', 'EAEU', '')
    """
    word = folded(name)
    return next((g for g in GROUP_NAMES if word in map(folded, (g, *GROUP_NAMES[g]))), "")


def candidates(name: str) -> tuple[str, ...]:
    """ISO3 codes of the countries that an ambiguous name may mean; none for any other name.

    >>> candidates("Congo"), candidates("Niger")
    (('COD', 'COG'), ())
    """
    return AMBIGUOUS.get(folded(name), ())


@cache
def country_of(name: str) -> str:
    """ISO3 code of a country by any usual code, name or adjective, or an empty string.

    >>> [country_of(name) for name in ("Iranian", "UK", "112", "Côte d'Ivoire", "DPRK", "Indja")]
    ['IRN', 'GBR', 'BLR', 'CIV', 'PRK', '']
    """
    word = folded(name)
    if word in AMBIGUOUS:
        return ""
    return _codes().get(word) or (_converted(name) if len(word) > 3 else "")


@cache
def short_name(code: str) -> str:
    """Short name of a country by its ISO3 code; a code that is none stays as it is.

    >>> short_name("SYR"), short_name("ROW")
    ('Syria', 'ROW')
    """
    names = _names().get(code)
    return names.short if names else code


def also_understood(code: str) -> list[str]:
    """A few of the other names of a country, by its ISO3 code: ISO2, adjectives, older names.

    >>> also_understood("MMR")[:3]
    ['MM', 'Burmese', 'Myanmar']
    """
    names = _names().get(code)
    return [] if names is None else [*names.iso2, *names.adjectives, *names.others]


def adjectives(code: str) -> tuple[str, ...]:
    """Adjectives of a country, by its ISO3 code.

    >>> adjectives("BLR")[0]
    'Belarusian'
    """
    names = _names().get(code)
    return names.adjectives if names else ()


def iso_codes() -> tuple[str, ...]:
    """ISO3 codes of all countries and territories that are understood."""
    return tuple(_names())


class _Country(NamedTuple):
    short: str
    official: str
    iso2: tuple[str, ...]
    numeric: str
    adjectives: tuple[str, ...]
    others: tuple[str, ...]


@cache
def _names() -> dict[str, _Country]:
    """What every country is called, by ISO3 code."""
    text = (files("detente.world") / "data" / "country_names.csv").read_text(encoding="utf-8")
    own = {row["code"]: row for row in csv.DictReader(text.splitlines())}
    columns = ["ISO3", "name_short", "name_official", "ISO2", "ISOnumeric"]
    rows = _converter().data[columns].itertuples(index=False, name=None)
    return {
        str(code): _Country(
            str(short),
            str(official),
            tuple(str(iso2).replace("^", "").replace("$", "").split("|")),
            f"{int(numeric):03}",
            *(
                _listed(own.get(code, {}).get(column, ""))
                for column in ("adjectives", "other_names")
            ),
        )
        for code, short, official, iso2, numeric in rows
    }


def _listed(words: str) -> tuple[str, ...]:
    return tuple(filter(None, words.split("|")))


@cache
def _codes() -> dict[str, str]:
    """ISO3 code by folded name; a short name comes before what another country is also called."""
    found: dict[str, str] = {}
    for code, names in _names().items():
        found |= {folded(name): code for name in (*names.adjectives, *names.others)}
    for code, names in _names().items():
        own = (code, *names.iso2, names.numeric, names.official, names.short)
        found |= {folded(name): code for name in own}
    return found


@cache
def _converter() -> Any:
    from country_converter import CountryConverter

    return CountryConverter()


def _converted(name: str) -> str:
    """ISO3 code of a name that `country_converter` alone knows how to read, or an empty string."""
    import logging

    logging.getLogger("country_converter").setLevel(logging.CRITICAL)
    code = _converter().convert(name, src="regex", to="ISO3", not_found=None)
    return code if isinstance(code, str) and code != name else ""
