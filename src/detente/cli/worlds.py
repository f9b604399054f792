"""Commands about worlds."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

import detente
from detente.cli.options import Json, option
from detente.cli.terminal import console


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


def describe(
    name: Annotated[str, typer.Argument(help="Name of a world, such as icio2022+potash.")],
    country: Annotated[str | None, option("One country of it.")] = None,
    elasticities: Annotated[str, option("fontagne, caliendo-parro or uniform.")] = "fontagne",
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


def _about(world: detente.World) -> dict[str, Any]:
    return {
        "name": world.name,
        "countries": world.countries,
        "sectors": world.sectors,
        "fingerprint": world.fingerprint,
        **{k: v for k, v in world.data.attrs.items() if k != "name"},
    }
