"""Reading scenario files: names checked against the world that a file is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detente.errors import ScenarioError, WorldError
from detente.policy.measures import Measure
from detente.policy.register import look_up, register
from detente.policy.scenario import Change, Scenario
from detente.source import Source
from detente.world.embedded import load_world, world_for
from detente.world.storage import WorldFile


def read_scenario(path: Path | str) -> Scenario:
    """Read and check a scenario file.

    Raises
    ------
    ScenarioError
        Every fault with file, line and field, and the nearest valid name.
    """
    source = Source.read(Path(path))
    return parse_scenario(source)


def parse_scenario(source: Source) -> Scenario:
    """Check a scenario that has been read; see `read_scenario`."""
    scenario = source.validate(Scenario, names_of(source))
    check_measures(source, (), scenario, {**register().measures, **scenario.measures})
    return scenario


def check_measures(
    source: Source, at: tuple[int | str, ...], change: Change, known: Mapping[str, Measure]
) -> None:
    """Raise a `ScenarioError` that points at the line of a measure that does not exist."""
    named = [
        ((*at, field, place), name)
        for field in ("lift", "impose")
        for place, name in enumerate(getattr(change, field))
        if isinstance(name, str)
    ]
    named += [
        ((*at, field, name), name)
        for field in ("ease", "harden")
        for name in getattr(change, field)
    ]
    for where, name in named:
        try:
            look_up(dict(known), name, "measure")
        except ScenarioError as error:
            field = ".".join(map(str, where))
            raise ScenarioError(f"{source.place(where)}: {field}: {error}") from error


PROSE = ("title", "question", "source", "url", "note", "notes", "what", "said", "tested", "outside")
"""Fields whose texts are sentences, in which a country may be spoken of that has no part."""


def names_of(source: Source) -> dict[str, Any]:
    """Validation context: where a file is, and the countries and sectors of the world it names.

    A file that names none stands on the smallest that has all the countries it is about.
    """
    if "world" not in source.data:
        source.data["world"] = world_for(_texts(source.data))
    folder, name = Path(source.name).parent, str(source.data["world"])
    try:
        world = load_world(WorldFile.of(name, folder) or name)
    except WorldError as error:
        raise ScenarioError(f"{source.place(('world',))}: world: {error}") from error
    return {"countries": world.countries, "sectors": world.sectors, "folder": folder}


def _texts(data: object) -> Iterator[str]:
    """Texts among plain data that may name a country; prose does not."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for part in data:
            yield from _texts(part)
    elif isinstance(data, dict):
        for name, part in data.items():
            if name not in PROSE:
                yield from _texts(part)
