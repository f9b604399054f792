"""Starting points: scenarios of cases, nothing at all, or a file that somebody opened."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from pydantic import ValidationError

from detente.cases import Case, available_cases, load_case
from detente.errors import ScenarioError, nearest
from detente.policy import Measure, Scenario, register
from detente.world import World, load_world
from detente.world.names import COUNTRY_GROUPS

NOTHING = "nothing"
OWN = "own"
DEFAULT = "belarus-2025/us-all"
MOST_PACKED = 12_000
"""Characters of an own scenario in a link; longer addresses are cut by programs on the way."""
MOST_UNPACKED = 256 * 1024
MOST_ACTIONS = 300
MOST_HUBS = 20
MOST_LANES = 8


def embedded_world() -> World:
    """The world that the page's lists of countries and sectors are about."""
    return load_world()


@lru_cache(maxsize=16)
def case(name: str) -> Case:
    """Load an embedded case; a path is no name of one."""
    if name not in available_cases():
        raise ScenarioError(f"unknown case {name!r}: {nearest(name, available_cases())}")
    return load_case(name)


def case_of(start: str) -> Case | None:
    """The case that a starting point belongs to."""
    return None if start in (NOTHING, OWN) else case(start.partition("/")[0])


def default_start() -> str:
    """The first thing to show."""
    first = DEFAULT.partition("/")[0]
    if first in available_cases() and DEFAULT.partition("/")[2] in case(first).scenarios:
        return DEFAULT
    name = next(iter(available_cases()), None)
    return NOTHING if name is None else f"{name}/{next(iter(case(name).scenarios))}"


def scenario_at(start: str, packed: str = "") -> Scenario:
    """The scenario that a starting point stands for.

    Raises
    ------
    ScenarioError
        No such case or scenario, or an own scenario that cannot be read.
    """
    if start == NOTHING:
        return Scenario(title="From nothing")
    if start == OWN:
        return unpacked(packed)
    return _scenario_of_case(start)


@lru_cache(maxsize=64)
def _scenario_of_case(start: str) -> Scenario:
    name, _, scenario = start.partition("/")
    return case(name).scenario(scenario)


def packed(scenario: Scenario) -> str:
    """Write a scenario so that it fits into a link.

    Raises
    ------
    ScenarioError
        It is too long for one.
    """
    document = scenario.model_dump_json(exclude_defaults=True).encode()
    text = base64.urlsafe_b64encode(zlib.compress(document, 9)).decode().rstrip("=")
    if len(text) > MOST_PACKED:
        raise ScenarioError(
            f"this scenario is too long to keep in a link ({len(text):,} characters, at most "
            f"{MOST_PACKED:,}); run it with `detente solve`"
        )
    return text


@lru_cache(maxsize=64)
def unpacked(text: str) -> Scenario:
    """Read a scenario back from a link; it is checked as a file is.

    Raises
    ------
    ScenarioError
        Not what `packed` wrote, or a scenario that is wrong.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        inflate = zlib.decompressobj()
        document = inflate.decompress(raw, MOST_UNPACKED)
        if not document or inflate.unconsumed_tail:
            raise ScenarioError("the scenario in this link is too long")
        world = embedded_world()
        context = {"countries": world.countries, "sectors": world.sectors}
        scenario = Scenario.model_validate_json(document, context=context)
    except (binascii.Error, zlib.error, UnicodeError, ValidationError, ValueError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError("the scenario in this link cannot be read") from error
    return manageable(scenario)


def manageable(scenario: Scenario) -> Scenario:
    """Refuse a scenario that would hold the server up for everybody.

    Raises
    ------
    ScenarioError
        Too many measures, hubs or lanes, or a world that the package does not have.
    """
    actions = len(scenario.actions()) + len(scenario.costs) + len(scenario.transfers)
    scenario.load_world()
    lanes = 0 if scenario.routes is None else len(scenario.routes.lanes)
    hubs = 0 if scenario.routes is None else len(scenario.routes.hubs)
    for what, found, most in (
        ("changes", actions, MOST_ACTIONS),
        ("lanes", lanes, MOST_LANES),
        ("hubs", hubs, MOST_HUBS),
    ):
        if found > most:
            raise ScenarioError(f"{found} {what} are more than this page takes ({most})")
    return scenario


def measures_in_force(target: str, on: date) -> dict[str, Measure]:
    """Measures on file against a target on a day."""
    return register().in_force(on).of(target=target).measures


def on_banks(measure: Measure) -> bool:
    """Whether a measure is on the payments of all trade, as in `Selection`."""
    return measure.kind == "finance" and measure.sectors == ["all"]


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Codes and groups in the words of the page, countries in alphabetical order."""
    world = embedded_world()
    words = {c: _PLAIN.get(c, world.name_of(c)) for c in world.countries}
    return {**_GROUPS, **dict(sorted(words.items(), key=lambda item: item[1]))}


@lru_cache(maxsize=1)
def sector_names() -> dict[str, str]:
    """Sector codes and groups in the words of the page."""
    world = embedded_world()
    groups = {"all": "All goods and services", "goods": "All goods", "services": "All services"}
    return {**groups, **{s: plain_sector(world.name_of(s)) for s in world.sectors}}


def plain_sector(name: str) -> str:
    """Name of a sector without the words of a classification.

    >>> plain_sector("Manufacture of chemicals and chemical products")
    'Chemicals and chemical products'
    """
    short = name.removeprefix("Manufacture of ").split(";", maxsplit=1)[0]
    return short[:1].upper() + short[1:]


def in_words(codes: Sequence[str]) -> str:
    """Countries and groups, listed.

    >>> in_words(["USA", "EU27", "GBR"])
    'the United States, the EU and the United Kingdom'
    """
    names = [called(code) for code in codes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def called(code: str) -> str:
    """A country or group within a sentence."""
    name = country_names().get(code, code)
    return f"the {name}" if code in _WITH_ARTICLE else name


_PLAIN = {
    "CHN": "China", "HKG": "Hong Kong", "LAO": "Laos", "RUS": "Russia", "STP": "São Tomé",
    "BRN": "Brunei", "COD": "DR Congo", "VNM": "Vietnam", "KOR": "South Korea",
}  # fmt: skip
_GROUPS = {"EU27": "EU", **{g: g for g in (*COUNTRY_GROUPS, "EAEU") if g != "EU27"}}
_WITH_ARTICLE = {"USA", "GBR", "ARE", "NLD", "PHL", "EU27", "CIS", "EAEU", "G7", "G20", "OECD"}
