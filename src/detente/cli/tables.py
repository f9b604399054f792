"""Commands that bring tables in: `detente world import ...` and `detente world fetch ...`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import detente
from detente.cli.options import option
from detente.cli.terminal import progress, tell_written
from detente.cli.worlds import tell_imported
from detente.errors import WorldError

importing = typer.Typer(help="Make a world of a table.", no_args_is_help=True)
fetching = typer.Typer(help="Download a table.", no_args_is_help=True)


class Edition(StrEnum):
    """Editions of the OECD's tables."""

    regular = "regular"
    extended = "extended"


File = Annotated[Path, typer.Argument(help="As it was downloaded.")]
Output = Annotated[Path, option("File of the world; ends with .nc.", "-o", "--output")]
Year = Annotated[int | None, option("By default that in the name of the file.")]
WorldName = Annotated[str | None, option("Of the world; by default its kind and year.")]
Elasticities = Annotated[str, option("fontagne, caliendo-parro, uniform, or a number.")]
Tariff = Annotated[Path | None, option("Long table of rates: origin, destination, sector, value.")]


PUBLISHED = {
    "oecd-icio": (
        "OECD Inter-Country Input-Output tables: CSV or zip, regular or extended edition."
    ),
    "figaro": "Eurostat FIGARO, industry by industry: CSV or zip, matrix or flat format.",
    "wiod": "World Input-Output Database of 2016: xlsb as downloaded, or CSV.",
}
"""Published tables by the name of their command, and what each is."""


def _command_for(kind: str) -> Callable[..., None]:
    def command(
        file: File,
        output: Output,
        year: Year = None,
        name: WorldName = None,
        elasticities: Elasticities = "fontagne",
        tariff: Tariff = None,
    ) -> None:
        with progress(f"Reading {file.name}") as step:
            world = detente.import_world(
                kind,
                file,
                year=year,
                name=name,
                elasticities=_elasticities(elasticities),
                tariff=tariff,
                progress=step,
            )
        tell_imported(world, output)

    return command


for _kind, _words in PUBLISHED.items():
    importing.command(_kind, help=_words)(_command_for(_kind))


def _elasticities(words: str) -> str | float:
    try:
        return float(words)
    except ValueError:
        return words


@importing.command("long")
def long_tables(
    trade: Annotated[Path, typer.Argument(help="Columns origin, destination, sector, value.")],
    output: Output,
    year: Annotated[int, option("Of the table.")],
    input_use: Annotated[Path | None, option("Columns country, input, sector, value.")] = None,
    tariff: Tariff = None,
    value_added: Annotated[Path | None, option("Columns country, sector, value.")] = None,
    borrow: Annotated[
        str | None, option("World whose use of inputs is taken where there is no --input-use.")
    ] = None,
    like: Annotated[
        list[str] | None, option("COUNTRY=OTHER,...: whose technology it has; may be repeated.")
    ] = None,
    elasticities: Elasticities = "fontagne",
    fill: Annotated[float | None, option("Value of what has no row, such as 0.")] = None,
    name: Annotated[str, option("Of the world.")] = "user",
    units: Annotated[str, option("Of values.")] = "million USD",
) -> None:
    """Long tables of your own: CSV, Parquet or a workbook; customs data alone will do."""
    world = detente.import_flows(
        trade,
        input_use,
        year=year,
        name=name,
        units=units,
        elasticities=_elasticities(elasticities),
        tariff=tariff,
        value_added=value_added,
        fill=fill,
        borrow=None if borrow is None else detente.load_world(borrow),
        like=dict(map(_alike, like or [])),
    )
    tell_imported(world, output)


def _alike(words: str) -> tuple[str, list[str]]:
    country, _, others = words.partition("=")
    named = [w.strip() for w in others.split(",") if w.strip()]
    if not named:
        raise WorldError(f"--like {words!r}: say it as KGZ=KAZ,TUR")
    return country.strip(), named


@fetching.command("oecd-icio")
def fetch_oecd_icio(
    output: Annotated[Path, option("Folder for it.", "-o", "--output")],
    year: Annotated[int, option("Which year it is to hold.")] = 2022,
    edition: Annotated[Edition, option("Which edition.")] = Edition.regular,
) -> None:
    """Download the OECD's tables; goes on where it stopped, and checks what came."""
    from detente.world.tables.fetching import fetch_icio

    with progress(f"Downloading the {edition} edition") as step:
        path = fetch_icio(output, year, edition, progress=step)
    tell_written([path])
