"""Arguments and options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer


class ChartFormat(StrEnum):
    """What charts are written as."""

    svg = "svg"
    png = "png"
    html = "html"


CaseName = Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")]
ScenarioName = Annotated[str | None, typer.Option(help="By default the case's last easing.")]
Draws = Annotated[int, typer.Option(min=1, help="About how many draws for the claims.")]
Store = Annotated[
    Path | None, typer.Option(help="Folder that keeps draws; the user's cache by default.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@dataclass(frozen=True)
class Delivery:
    """Where a result goes, and in which form; its fields are options of every such command.

    Raises
    ------
    MissingExtraError
        A library for it is not installed; told before anything is solved.
    """

    as_json: Json = False
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write CSV files to this folder.")
    ] = None
    parquet: Annotated[
        Path | None, typer.Option("--parquet", help="Also write Parquet files to this folder.")
    ] = None
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also write charts to this folder.")
    ] = None
    kind: Annotated[ChartFormat, typer.Option("--format", help="Of charts.")] = ChartFormat.svg

    def __post_init__(self) -> None:
        from detente.report.extras import require

        if self.parquet is not None:
            require("parquet")
        if self.output is not None:
            require("charts", "pages")


def delivering(
    charts: ChartFormat | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `Delivery`, which it takes as its argument `to`.

    Parameters
    ----------
    charts
        Their format by default; without it the command draws none, and has no option about them.
    """
    shared = dict(inspect.signature(Delivery, eval_str=True).parameters)
    if charts is None:
        del shared["output"], shared["kind"]
    else:
        shared["kind"] = shared["kind"].replace(default=charts)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            command(to=Delivery(**{k: given.pop(k) for k in shared}), **given)

        own = dict(inspect.signature(command, eval_str=True).parameters)
        del own["to"]
        options = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in shared.values()]
        run.__signature__ = inspect.Signature([*own.values(), *options])  # type: ignore[attr-defined]
        return run

    return decorate


def names(words: str | None) -> list[str] | None:
    """Names separated by commas; None for none."""
    return None if words is None else [w.strip() for w in words.split(",") if w.strip()]
