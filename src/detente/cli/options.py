"""Arguments and options that several commands share, and what becomes of a result."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from detente.cli.terminal import console, tell_written

if TYPE_CHECKING:
    from rich.console import RenderableType

    from detente.cases import Case
    from detente.results import Result

R = TypeVar("R", bound="Result")


class ChartFormat(StrEnum):
    """What charts are written as."""

    svg = "svg"
    png = "png"
    html = "html"


class Horizon(StrEnum):
    """Names of the horizons; see `detente.policy.horizon`."""

    first_year = "first-year"
    three_years = "three-years"
    long_run = "long-run"


def option(words: str, *names: str, **rules: Any) -> Any:
    """An option with its help."""
    return typer.Option(*names, help=words, **rules)


CaseName = Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")]
ScenarioName = Annotated[str | None, option("By default the case's last easing.")]
Draws = Annotated[int, option("About how many draws for the claims.", min=1)]
BandDraws = Annotated[int, option("Draws for the bands; 0 leaves them out and is faster.", min=0)]
Store = Annotated[Path | None, option("Folder that keeps draws; the user's cache by default.")]
HorizonChoice = Annotated[
    Horizon | None,
    option("How far ahead the answer looks; by default the case's own.", "--horizon"),
]
Json = Annotated[bool, option("Print JSON instead of tables.", "--json")]


def case_at(name: str, horizon: Horizon | None) -> Case:
    """A case, at the horizon that was asked for."""
    from detente.cases import load_case

    return load_case(name).at_horizon(None if horizon is None else horizon.value)


@dataclass(frozen=True)
class Delivery:
    """Where a result goes, and in which form; its fields are options of every such command.

    Raises
    ------
    MissingExtraError
        A library for it is not installed; told before anything is solved.
    """

    as_json: Json = False
    csv: Annotated[Path | None, option("Also write CSV files to this folder.")] = None
    parquet: Annotated[Path | None, option("Also write Parquet files to this folder.")] = None
    output: Annotated[
        Path | None, option("Also write charts to this folder.", "-o", "--output")
    ] = None
    kind: Annotated[ChartFormat, option("Of charts.", "--format")] = ChartFormat.svg

    def __post_init__(self) -> None:
        from detente.report.extras import require

        if self.parquet is not None:
            require("parquet")
        if self.output is not None:
            require("charts", "pages")

    def deliver(
        self,
        result: R,
        view: Callable[[R], RenderableType],
        draw: Callable[[R, Path, str], list[Path]] | None = None,
    ) -> None:
        """Write a result to the folders that were asked for, and print it.

        Parameters
        ----------
        result
            What a command found.
        view
            Makes its tables.
        draw
            Writes its charts to a folder in a format; by default those of `Result.plot`.
        """
        written = [] if self.csv is None else result.to_csv(self.csv)
        written += [] if self.parquet is None else result.to_parquet(self.parquet)
        if self.output is not None:
            from detente.report.plots import write_plots

            written += (draw or write_plots)(result, self.output, self.kind)
        if self.as_json:
            print(result.to_json())
        else:
            console().print(view(result), highlight=False)
        tell_written(written)


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


def listed(words: str | None) -> list[str] | None:
    """Names separated by commas; None for none."""
    return None if words is None else [w.strip() for w in words.split(",") if w.strip()]
