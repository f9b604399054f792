"""The commands by name; they import what computes when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detente import __version__
from detente.cli import (
    calibrate,
    cases,
    drafting,
    estimate,
    leverage,
    strength,
    tables,
    world_names,
    worlds,
)

app = typer.Typer(
    name="detente",
    help="What easing or imposing sanctions does: who gains, who loses, what leaks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    cases.assess,
    cases.claims,
    calibrate.calibrate,
    estimate.estimate,
    cases.report,
):
    app.command()(command)


@app.command("app")
def serve_page(
    case: Annotated[
        Path | None, typer.Argument(help="Case to show first: a name, or a folder of your own.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Show the page in the browser.")
    ] = False,
) -> None:
    """Serve the page on which sanctions are eased and imposed with sliders, on this computer."""
    from detente.app.server import serve

    serve(host, port, open_browser, case)


for command in (cases.solve, cases.leakage, leverage.influence, leverage.relief):
    app.command()(command)
app.command()(strength.strength)
app.command("worlds")(worlds.list_worlds)

_world = typer.Typer(help="Look at a world, save it, or make one of a table.", no_args_is_help=True)
_world.command()(worlds.describe)
_world.command()(world_names.countries)
_world.command()(world_names.sectors)
_world.command()(worlds.save)
_world.command()(worlds.load)
_world.add_typer(tables.importing, name="import")
_world.add_typer(tables.fetching, name="fetch")
app.add_typer(_world, name="world")

_case = typer.Typer(
    help="List cases, or start a new one, of a report or of a template.", no_args_is_help=True
)
_case.command()(cases.new)
_case.command()(drafting.draft)
_case.command()(drafting.review)
_case.command()(drafting.schema)
_case.command("list")(cases.list_cases)
_case.command("metrics")(cases.list_metrics)
app.add_typer(_case, name="case")


def _version(asked: bool) -> None:
    if asked:
        print(f"detente {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What easing or imposing sanctions does: who gains, who loses, what leaks."""
