"""Commands that list what the countries and sectors of a world are called."""

from __future__ import annotations

import json
from typing import Annotated

import typer

import detente
from detente.cli.options import Json, option
from detente.cli.terminal import console

WorldName = Annotated[str, typer.Argument(help="Name of a world, such as icio2022+potash.")]
Find = Annotated[str | None, option("What one name, code, adjective or group means in it.")]


def countries(name: WorldName = "icio2022", find: Find = None, as_json: Json = False) -> None:
    """List the countries of a world, what else each is called, and how large it is."""
    from detente.report.name_tables import countries_view, country_rows
    from detente.world.names import absent_countries

    world = detente.load_world(name)
    if as_json:
        absent = {} if find else {"absent": absent_countries(world.countries)}
        print(json.dumps({"countries": country_rows(world, find), **absent}, indent=2))
    else:
        console().print(countries_view(world, find), highlight=False)


def sectors(name: WorldName = "icio2022", find: Find = None, as_json: Json = False) -> None:
    """List the sectors of a world, the words for each, and how large it is."""
    from detente.report.name_tables import sector_rows, sectors_view

    world = detente.load_world(name)
    if as_json:
        print(json.dumps({"sectors": sector_rows(world, find)}, indent=2))
    else:
        console().print(sectors_view(world, find), highlight=False)
