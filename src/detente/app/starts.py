"""Starting points: scenarios of cases, nothing at all, or a file that somebody opened."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from detente.cases import Case, available_cases, load_case
from detente.cases.drafting.files import DRAFT
from detente.errors import ScenarioError, nearest
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure
from detente.policy.register import Regime, register
from detente.policy.scenario import Scenario
from detente.world import World, load_world
from detente.world.storage import WorldFile

NOTHING = "nothing"
OWN = "own"
DEFAULT = "belarus-2025/us-all"
"""Shown first, unless a case of one's own is."""

MOST_PACKED = 12_000
"""Characters of an own scenario in a link; longer addresses are cut by programs on the way."""
MOST_UNPACKED = 256 * 1024
MOST_ACTIONS = 300
MOST_HUBS = 20
MOST_LANES = 8


def first_day() -> date:
    """The end of the world's year, before which no measures can be chosen to be in force."""
    return Scenario(title="").start


_folders: dict[str, Path] = {}
"""Folders of cases that the server was started with, by name."""
_first: list[str] = []
"""The case that is shown first, if one was named."""
_read: dict[str, float] = {}
"""When their files were last changed, of what was read."""


def show_first(case: Path) -> str:
    """Show a case first: one of the package by its name, or a folder; gives its name on the page.

    Raises
    ------
    ScenarioError
        The folder has no case, or one with a fault: file, line and field.
    """
    load_case(case)
    name = str(case)
    if case.exists():
        folder = (case if case.is_dir() else case.parent).resolve()
        name = f"{folder.name}-own" if folder.name in available_cases() else folder.name
        _folders[name] = folder
    _first[:] = [name]
    return name


def drafted_folder(start: str = "") -> Path | None:
    """The folder of a starting point, or of the case shown first, if it is a draft on disk."""
    name = start.partition("/")[0] if start else next(iter(_folders), "")
    folder = _folders.get(name)
    return folder if folder is not None and (folder / DRAFT).is_file() else None


def changed() -> bool:
    """Whether files of an own case were changed, come or gone since this was last asked."""
    now = {n: max(p.stat().st_mtime for p in (f, *f.iterdir())) for n, f in _folders.items()}
    found = now != _read
    _read.update(now)
    return found


def cases_here() -> list[str]:
    """Names of the cases that can be started from, own ones first."""
    return [*_folders, *available_cases()]


def first_shown() -> str:
    """The starting point of somebody who names none."""
    return f"{_first[0]}/{case(_first[0]).last_easing()}" if _first else DEFAULT


@lru_cache(maxsize=16)
def case(name: str) -> Case:
    """Load an embedded case, or one that the server was started with; no path is a name of one."""
    if name not in cases_here():
        raise ScenarioError(f"unknown case {name!r}: {nearest(name, cases_here())}")
    return load_case(_folders.get(name, name))


def case_of(start: str) -> Case | None:
    """The case that a starting point belongs to."""
    return None if start in (NOTHING, OWN) else case(start.partition("/")[0])


@lru_cache(maxsize=64)
def scenario_at(start: str, packed: str = "") -> Scenario:
    """The scenario that a starting point stands for; raises where there is none such."""
    if start == NOTHING:
        return Scenario(title="From nothing")
    if start == OWN:
        return unpacked(packed)
    name, _, scenario = start.partition("/")
    return case(name).scenario(scenario)


def packed(scenario: Scenario) -> str:
    """Write a scenario so that it fits into a link; raises where it is too long for one."""
    document = scenario.model_dump_json(exclude_defaults=True).encode()
    text = base64.urlsafe_b64encode(zlib.compress(document, 9)).decode().rstrip("=")
    if len(text) > MOST_PACKED:
        raise ScenarioError(
            f"this scenario is too long to keep in a link ({len(text):,} characters, at most "
            f"{MOST_PACKED:,}); run it with `detente solve`"
        )
    return text


def unpacked(text: str) -> Scenario:
    """Read a scenario back from a link; it is checked as a file is."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        inflate = zlib.decompressobj()
        document = inflate.decompress(raw, MOST_UNPACKED)
        if not document or inflate.unconsumed_tail:
            raise ScenarioError("the scenario in this link is too long")
        world = world_here(str(json.loads(document).get("world", "icio2022")))
        context = {"countries": world.countries, "sectors": world.sectors}
        scenario = Scenario.model_validate_json(document, context=context)
    except ScenarioError:
        raise
    except (ValueError, zlib.error) as error:
        raise ScenarioError("the scenario in this link cannot be read") from error
    return manageable(scenario)


def refuse_elsewhere(name: str) -> None:
    """Refuse a world in a file that is not where the server was started.

    A request must not learn whether any other file exists.
    """
    file = WorldFile.of(name)
    if file is not None and (file != name or file.path.parent != Path.cwd().resolve()):
        raise ScenarioError(
            "this page takes files of worlds by name alone, from the folder it was started in"
        )
    if file is not None and not file.path.is_file():
        raise ScenarioError(f"no file {file!r} in the folder this page was started in")


def world_here(name: str) -> World:
    """A world that a request names: one of the package, or a file where the server was started."""
    refuse_elsewhere(name)
    return load_world(name)


def manageable(scenario: Scenario) -> Scenario:
    """Refuse a scenario that would hold the server up for everybody, or has no world here."""
    world_here(scenario.world)
    changes, routes = [*scenario.actions(), *scenario.costs, *scenario.transfers], scenario.routes
    for what, found, most in (
        ("changes", changes, MOST_ACTIONS),
        ("lanes", routes.lanes if routes else [], MOST_LANES),
        ("hubs", routes.hubs if routes else [], MOST_HUBS),
    ):
        if len(found) > most:
            raise ScenarioError(f"{len(found)} {what} are more than this page takes ({most})")
    return scenario


def measures_in_force(target: str, on: date, own: Mapping[str, Measure]) -> dict[str, Measure]:
    """Sanctions against a target on a day, of the register and of a case or scenario itself."""
    dated = {name: m for name, m in own.items() if m.start is not None}
    found = Regime({**register().measures, **dated}).in_force(on).of(target=target).measures
    return {name: m for name, m in found.items() if KINDS[m.kind].sanction}
