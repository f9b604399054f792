"""Commands about worlds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import detente
from detente.cli.options import Json, option
from detente.cli.terminal import console, tell_written

NAME = "Name of a world, such as icio2022+potash, or a file of one, such as mine.nc."
Name = Annotated[str, typer.Argument(help=NAME)]


def list_worlds(as_json: Json = False) -> None:
    """List the worlds that come with the package, and the commodities that may be split off."""
    from detente.world.names import available_commodities

    found = [detente.load_world(name) for name in detente.available_worlds()]
    if as_json:
        print(json.dumps([_about(w) for w in found], indent=2))
        return
    for world in found:
        console().print(repr(world), highlight=False)
    names = ", ".join(available_commodities())
    console().print(f"Commodities that may be split off, as in icio2022+potash: {names}")
    console().print("A world of your own: detente world import; then say its file, such as mine.nc")


def describe(
    name: Name,
    country: Annotated[str | None, option("One country of it.")] = None,
    elasticities: Annotated[
        str | None, option("fontagne, caliendo-parro or uniform; by default the world's own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Describe a world, or one of its countries."""
    from detente.report.tables import world_view
    from detente.world.names import resolve_countries

    world = detente.load_world(name, elasticities)
    codes = resolve_countries(country, world.countries) if country else []
    if as_json:
        table = world.country_table()
        rows = table.loc[codes] if codes else table
        print(json.dumps({**_about(world), "countries": rows.to_dict("index")}, indent=2))
        return
    for code in codes or (None,):
        console().print(world_view(world, code), highlight=False)


def save(
    name: Name,
    output: Annotated[Path, option("File to write; ends with .nc.", "-o", "--output")],
    elasticities: Annotated[
        str | None, option("fontagne, caliendo-parro or uniform; by default the world's own.")
    ] = None,
) -> None:
    """Save a world to one file, with a checksum in it."""
    detente.load_world(name, elasticities).save(output)
    tell_written([output])


def load(
    file: Annotated[Path, typer.Argument(help="File of a world, such as mine.nc.")],
) -> None:
    """Read a world from a file, check it, and say what it is and how to use it."""
    from detente.world.storage import read

    world = detente.World(read(file))
    console().print(repr(world), highlight=False)
    console().print(f"Whole: its checksum fits. Use it as `world: {file.name}`.", highlight=False)


def _about(world: detente.World) -> dict[str, Any]:
    return {
        "name": world.name,
        "countries": world.countries,
        "sectors": world.sectors,
        "fingerprint": world.fingerprint,
        **{k: v for k, v in world.data.attrs.items() if k != "name"},
    }


def tell_imported(world: detente.World, output: Path) -> None:
    """Save a world that was imported, and say what was done to its table."""
    world.save(output)
    console().print(repr(world).partition("\n  provenance")[0], highlight=False)
    console().print(f"  fingerprint    {world.fingerprint}", highlight=False)
    for rule in world.data.attrs["rules"]:
        value = "" if rule["value"] is None else f" ({rule['value']:,.1f} {world.units})"
        print(f"rule: {rule['rule']}: {rule['count']:,}{value}", file=sys.stderr)
    tell_written([output])
