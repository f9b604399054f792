"""The command line: `detente ...`.

Commands import what computes when they are called, so that `detente --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from detente import __version__
from detente.cli import cases, leverage, page, scenarios, worlds
from detente.errors import ConvergenceError, DetenteError, MissingExtraError

EXIT_FAILURE = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="detente",
    help="What easing or imposing sanctions does: who gains, who loses, what leaks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(cases.assess)
app.command()(cases.claims)
app.command()(cases.report)
app.command("app")(page.serve_page)
app.command()(scenarios.solve)
app.command()(cases.leakage)
app.command()(leverage.influence)
app.command()(leverage.relief)
app.command("worlds")(worlds.list_worlds)

_world = typer.Typer(help="Look at a world.", no_args_is_help=True)
_world.command("describe")(worlds.describe)
app.add_typer(_world, name="world")

_case = typer.Typer(help="List cases, or start a new one.", no_args_is_help=True)
_case.command("new")(cases.new)
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


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 not solved or not written, 2 wrong input."""
    # Matrices are small and draws are what is spread: more threads for one product only wait.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except (ConvergenceError, MissingExtraError, OSError) as error:
        _complain(error, EXIT_FAILURE)
    except DetenteError as error:
        _complain(error, EXIT_USAGE)


def _complain(error: Exception, code: int) -> None:
    print(f"detente: {error}", file=sys.stderr)
    raise SystemExit(code)
