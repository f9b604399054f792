"""The command line: `detente ...`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from detente import __version__
from detente.errors import ConvergenceError, DetenteError, MissingExtraError, ScenarioError

if TYPE_CHECKING:
    from detente.evidence import Assessment
    from detente.sanctions import Scenario

EXIT_FAILURE = 1
EXIT_USAGE = 2
PIPED_WIDTH = 160

app = typer.Typer(
    name="detente",
    help="What easing or imposing sanctions does: who gains, who loses, what leaks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
worlds = typer.Typer(help="Look at a world.", no_args_is_help=True)
app.add_typer(worlds, name="world")
cases = typer.Typer(help="List cases, or start a new one.", no_args_is_help=True)
app.add_typer(cases, name="case")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Also write CSV files to this folder.")]
Parquet = Annotated[
    Path | None, typer.Option("--parquet", help="Also write Parquet files to this folder.")
]


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


@app.command()
def assess(
    case: Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")],
    as_json: Json = False,
    csv: Csv = None,
    parquet: Parquet = None,
) -> None:
    """Run the scenarios of a case and print who gains and who loses."""
    from detente.cases import load_case
    from detente.evidence import assess as run

    loaded = load_case(case)
    with _progress("Solving scenarios") as advance:
        result = run(loaded, advance)
    _deliver(result, as_json, csv, parquet)


@app.command()
def claims(
    case: Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")],
    draws: Annotated[int, typer.Option(min=1, help="About how many draws.")] = 896,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Local processes; one per processor by default.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler to work on instead.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Folder that keeps draws; the user's cache by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for charts and tables.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="svg, png or html.")] = "svg",
    as_json: Json = False,
) -> None:
    """Put the claims of a case to the model: how surely each holds, and what decides it."""
    from detente.cases import load_case
    from detente.evidence.claims import weigh
    from detente.report.claims_tables import evidence_view

    loaded = load_case(case)
    with _progress("Drawing and solving") as advance:
        found = weigh(
            loaded,
            draws,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            store=store,
            progress=advance,
        )
    written = []
    if output is not None:
        from detente.report.claims_charts import write_evidence

        written = write_evidence(found, output, kind)
    if as_json:
        print(json.dumps(found.document(), indent=2, allow_nan=False))
    else:
        _console().print(evidence_view(found), highlight=False)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)


@app.command()
def report(
    case: Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .html or .md.")
    ] = Path("report.html"),
    draws: Annotated[int, typer.Option(min=1, help="About how many draws for the claims.")] = 896,
    store: Annotated[
        Path | None, typer.Option(help="Folder that keeps draws; the user's cache by default.")
    ] = None,
) -> None:
    """Write all that can be said of a case to one file that can be sent on."""
    from detente.cases import load_case
    from detente.report.report import FORMATS, gather, write_report

    if output.suffix not in FORMATS:
        raise ScenarioError(f"{output}: a report can be written as {', '.join(FORMATS)}")
    with _steps() as step:
        found = gather(load_case(case), draws=draws, store=store, progress=step)
    write_report(found, output)
    print(f"wrote {output}", file=sys.stderr)


@app.command("app")
def serve_page(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Show the page in the browser.")
    ] = False,
) -> None:
    """Serve the page on which sanctions are eased and imposed with sliders, on this computer."""
    from detente.app.server import serve

    serve(host, port, open_browser)


@cases.command("new")
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
) -> None:
    """Write a small complete case, with comments, to start from."""
    from detente.cases.template import new_case

    for path in new_case(folder):
        print(f"wrote {path}", file=sys.stderr)
    print(f"now edit the files and run: detente claims {folder}")


@cases.command("list")
def list_cases(as_json: Json = False) -> None:
    """List the cases that come with the package."""
    from detente.cases import available_cases, load_case

    found = {name: load_case(name) for name in available_cases()}
    if as_json:
        print(json.dumps({k: {"title": c.title, "target": c.target} for k, c in found.items()}))
        return
    for name, c in found.items():
        print(f"{name}: {c.title} ({len(c.scenarios)} scenarios, {len(c.claims)} claims)")


@cases.command("metrics")
def list_metrics() -> None:
    """List the metrics that a claim may be tied to."""
    from detente.report.claims_tables import metrics_view

    _console().print(metrics_view(), highlight=False)


@app.command()
def solve(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML).")],
    target: Annotated[
        str | None, typer.Option(help="Country whose trade and sectors are shown.")
    ] = None,
    countries: Annotated[
        str, typer.Option(help="Countries and groups whose welfare is shown, comma-separated.")
    ] = "",
    as_json: Json = False,
    csv: Csv = None,
    parquet: Parquet = None,
) -> None:
    """Solve one scenario file."""
    from detente.evidence.assessment import assess_scenarios
    from detente.sanctions import read_scenario

    loaded = read_scenario(scenario)
    measures = [action.measure for action in loaded.actions()]
    shown = target or _target_of(loaded)
    named = [c.strip() for c in countries.split(",") if c.strip()]
    senders = [s for m in measures for s in m.senders]
    actors = named or list(dict.fromkeys([shown, *senders, "RUS", "CHN"]))
    partners = [c for c in actors if c != shown]
    with _progress("Solving") as advance:
        result = assess_scenarios(
            {scenario.stem: loaded}, loaded.title, shown, actors, partners, advance
        )
    _deliver(result, as_json, csv, parquet)


@app.command()
def leakage(
    case: Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario to draw; the last easing of the case by default.")
    ] = None,
    hub: Annotated[
        str | None, typer.Option(help="Hub to enforce at; the case's target by default.")
    ] = None,
    country: Annotated[str, typer.Option(help="Whose welfare is explained.")] = "RUS",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for charts.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="svg, png or html.")] = "svg",
    as_json: Json = False,
) -> None:
    """Tell what goes round the sanctions, why a country gains, and what enforcement does."""
    from detente.cases import load_case
    from detente.evidence.leaks import leaks
    from detente.report.files import write_charts
    from detente.report.tables import leaks_view

    loaded = load_case(case)
    with _progress("Solving scenarios") as advance:
        found = leaks(loaded, scenario, hub, country, advance)
    written = [] if output is None else write_charts(found, output, kind)
    if as_json:
        print(json.dumps(found.document(), indent=2, allow_nan=False))
    else:
        _console().print(leaks_view(found), highlight=False)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)


@app.command()
def influence(
    target: Annotated[str, typer.Argument(help="Country whose dependence is asked.")],
    case: Annotated[str, typer.Option(help="Case with the scenario.")] = "belarus-2025",
    scenario: Annotated[
        str | None, typer.Option(help="Scenario; the last easing of the case by default.")
    ] = None,
    partner: Annotated[str, typer.Option(help="Whose hold the answer is about.")] = "RUS",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the chart.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="svg, png or html.")] = "svg",
    as_json: Json = False,
) -> None:
    """Tell who could hurt a country by cutting it off, before and after a scenario."""
    from detente.cases import load_case
    from detente.leverage.influence import answer, influence_document, last_easing
    from detente.leverage.influence import influence as solve_influence
    from detente.report.leverage_charts import influence_chart, write_chart
    from detente.report.leverage_tables import influence_view

    loaded = load_case(case)
    chosen = loaded.scenario(scenario or last_easing(loaded))
    with _progress("Cutting off partners") as advance:
        found = solve_influence(target, chosen, [partner, *loaded.partners], progress=advance)
    held = str(found["partner"].values[0])
    written = (
        [] if output is None else [write_chart(influence_chart(found), "influence", output, kind)]
    )
    if as_json:
        document = {"answer": answer(found, held), **influence_document(found)}
        print(json.dumps(document, indent=2, allow_nan=False))
    else:
        _console().print(influence_view(found, held), highlight=False)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)


@app.command()
def relief(
    case: Annotated[str, typer.Argument(help="Name of a case, or a folder with case.yaml.")],
    senders: Annotated[
        str | None,
        typer.Option(help="Senders that may ease, comma-separated; by default the case's."),
    ] = None,
    measures: Annotated[
        str | None, typer.Option(help="Single measures that may be eased, comma-separated.")
    ] = None,
    degrees: Annotated[
        str, typer.Option(help="Degrees of easing, comma-separated; 1 is lifting.")
    ] = "1",
    rival: Annotated[str, typer.Option(help="Country to which relief may leak.")] = "RUS",
    max_leak: Annotated[
        float | None,
        typer.Option(help="Largest gain of the rival, in percent of the rival's income."),
    ] = None,
    min_gain: Annotated[
        float | None,
        typer.Option(help="Least gain of the target, in percent of the target's income."),
    ] = None,
    short_run: Annotated[
        float, typer.Option(help="Elasticities at a snap-back, over those of the long run.")
    ] = 0.38,
    nash_value: Annotated[
        float | None,
        typer.Option(help="Option: worth of the target's concession to senders, million USD."),
    ] = None,
    nash_weight: Annotated[float, typer.Option(help="Option: bargaining power of target.")] = 0.5,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the chart.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="svg, png or html.")] = "html",
    as_json: Json = False,
) -> None:
    """Find the relief that gives a target most for the least leak: frontier, prices, coalitions."""
    from detente.cases import load_case
    from detente.leverage.findings import Wishes, relief_findings
    from detente.report.leverage_charts import frontier_chart, write_chart
    from detente.report.leverage_tables import relief_view

    wishes = Wishes(min_gain, max_leak, short_run, nash_value, nash_weight)
    loaded = load_case(case)
    with _progress("Solving packages") as advance:
        found = relief_findings(
            loaded,
            None if senders is None else _listed(senders),
            None if measures is None else _listed(measures),
            _numbers(degrees),
            rival,
            wishes,
            advance,
        )
    written = (
        [] if output is None else [write_chart(frontier_chart(found), "frontier", output, kind)]
    )
    if as_json:
        print(json.dumps(found.document(), indent=2, allow_nan=False))
    else:
        _console().print(relief_view(found), highlight=False)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)


@app.command("worlds")
def list_worlds(as_json: Json = False) -> None:
    """List the worlds that come with the package."""
    from detente.world import available_worlds, load_world

    found = [load_world(name) for name in available_worlds()]
    if as_json:
        print(json.dumps([_about(w) for w in found], indent=2))
        return
    for world in found:
        _console().print(repr(world), highlight=False)


@worlds.command("describe")
def describe(
    name: Annotated[str, typer.Argument(help="Name of a world.")],
    country: Annotated[str | None, typer.Option(help="One country of it.")] = None,
    elasticities: Annotated[
        str, typer.Option(help="fontagne, caliendo-parro or uniform.")
    ] = "fontagne",
    as_json: Json = False,
) -> None:
    """Describe a world, or one of its countries."""
    from detente.report.tables import world_view
    from detente.world import load_world
    from detente.world.names import resolve_countries

    world = load_world(name, elasticities)
    codes = resolve_countries(country, world.countries) if country else []
    if as_json:
        table = world.country_table()
        rows = table.loc[codes] if codes else table
        print(json.dumps({**_about(world), "countries": rows.to_dict("index")}, indent=2))
        return
    for code in codes or (None,):
        _console().print(world_view(world, code), highlight=False)


def _about(world: Any) -> dict[str, Any]:
    return {
        "name": world.name,
        "countries": world.countries,
        "sectors": world.sectors,
        "fingerprint": world.fingerprint,
        **{k: v for k, v in world.data.attrs.items() if k != "name"},
    }


def _target_of(scenario: Scenario) -> str:
    """The country a scenario is about: the first target, or the first destination of a cost."""
    actions = scenario.actions()
    if actions:
        return actions[0].measure.target
    return scenario.costs[0].destinations[0] if scenario.costs else "USA"


def _listed(words: str) -> list[str]:
    return [w.strip() for w in words.split(",") if w.strip()]


def _numbers(words: str) -> list[float]:
    try:
        return [float(w) for w in _listed(words)]
    except ValueError as error:
        raise typer.BadParameter(f"{words!r}: numbers separated by commas") from error


def _console() -> Console:
    """Standard output, wide enough for the tables where it is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPED_WIDTH)


class _progress:  # noqa: N801 - used like a function
    """A progress bar on standard error, gone when done; called with (done, total)."""

    def __init__(self, words: str) -> None:
        console = Console(stderr=True)
        self._bar = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(words, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._bar.start()
        return lambda done, total: self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


@contextmanager
def _steps() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars on standard error for several steps, one below the other."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:

        def step(words: str) -> Callable[[int, int], None]:
            task = bars.add_task(words, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield step


def _deliver(result: Assessment, as_json: bool, csv: Path | None, parquet: Path | None) -> None:
    from detente.report.files import as_document, write_tables
    from detente.report.tables import assessment_view

    written = [
        path
        for folder, kind in ((csv, "csv"), (parquet, "parquet"))
        if folder is not None
        for path in write_tables(result, folder, kind)
    ]
    if as_json:
        print(json.dumps(as_document(result), indent=2, allow_nan=False))
    else:
        _console().print(assessment_view(result), highlight=False)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 not solved or not written, 2 wrong input."""
    try:
        app()
    except (ConvergenceError, MissingExtraError, OSError) as error:
        _complain(error, EXIT_FAILURE)
    except DetenteError as error:
        _complain(error, EXIT_USAGE)


def _complain(error: Exception, code: int) -> None:
    print(f"detente: {error}", file=sys.stderr)
    raise SystemExit(code)
