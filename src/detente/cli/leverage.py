"""Commands about leverage: who could hurt a country, and which relief helps it most."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import detente
from detente.cli.options import (
    BandDraws,
    CaseName,
    ChartFormat,
    Delivery,
    HorizonChoice,
    ScenarioName,
    Store,
    case_at,
    delivering,
    listed,
    option,
)
from detente.cli.terminal import progress

RIVAL = "by default the case's rival, or the largest trading partner that is no sender."


@delivering(ChartFormat.svg)
def influence(
    target: Annotated[str, typer.Argument(help="Country whose dependence is asked.")],
    case: Annotated[
        str | None,
        option(
            "Case with the scenario; by default the one that comes with the package and is "
            "about the country."
        ),
    ] = None,
    scenario: ScenarioName = None,
    partner: Annotated[str | None, option(f"Whose hold the answer is about; {RIVAL}")] = None,
    draws: BandDraws = 128,
    store: Store = None,
    horizon: HorizonChoice = None,
    *,
    to: Delivery,
) -> None:
    """Tell who could hurt a country by cutting it off, before and after a scenario."""
    from detente.analysis.parties import counterpart
    from detente.report.leverage_tables import influence_view

    loaded = case_at(case or _case_about(target), horizon)
    chosen = loaded.scenario(scenario or loaded.last_easing())
    partners = [partner or counterpart(loaded, target), *loaded.partners]
    with progress("Cutting off partners") as advance:
        found = detente.influence(
            target, chosen, partners, case=loaded, draws=draws, store=store, progress=advance
        )
    to.deliver(found, influence_view)


def _case_about(country: str) -> str:
    """Name of the case that comes with the package and whose target the country is; told."""
    from detente.analysis.parties import is_target
    from detente.errors import ScenarioError, WorldError
    from detente.report.text import called
    from detente.report.text import listed as in_words

    cases = {name: detente.load_case(name) for name in detente.available_cases()}
    about, unknown = [], []
    for name, case in cases.items():
        try:
            about += [name] if is_target(case, country) else []
        except WorldError as error:
            unknown.append(error)
    if len(unknown) == len(cases):
        raise unknown[0]
    if not about:
        known = in_words(f"{name} ({called(case.target)})" for name, case in cases.items())
        raise ScenarioError(
            f"no case that comes with the package is about {country}: say with --case whose "
            f"scenario is meant; there are {known}, or a folder of your own"
        )
    print(f"detente: case {about[0]}", file=sys.stderr)
    return about[0]


@delivering(ChartFormat.html)
def relief(
    case: CaseName,
    senders: Annotated[
        str | None, option("Senders that may ease, comma-separated; by default the case's.")
    ] = None,
    measures: Annotated[
        str | None, option("Single measures that may be eased, comma-separated.")
    ] = None,
    degrees: Annotated[str, option("Degrees of easing, comma-separated; 1 is lifting.")] = "1",
    rival: Annotated[str | None, option(f"Country to which relief may leak; {RIVAL}")] = None,
    max_leak: Annotated[
        float | None, option("Largest gain of the rival, in percent of the rival's income.")
    ] = None,
    min_gain: Annotated[
        float | None, option("Least gain of the target, in percent of the target's income.")
    ] = None,
    short_run: Annotated[
        float, option("Elasticities at a snap-back, over those of the long run.")
    ] = 0.38,
    nash_value: Annotated[
        float | None,
        option("Option: worth of the target's concession to senders, million USD."),
    ] = None,
    nash_weight: Annotated[float, option("Option: bargaining power of target.")] = 0.5,
    draws: BandDraws = 128,
    store: Store = None,
    horizon: HorizonChoice = None,
    *,
    to: Delivery,
) -> None:
    """Find the relief that gives a target most for the least leak: frontier, prices, coalitions."""
    from detente.analysis.relief.relief import Requirements
    from detente.report.leverage_tables import relief_view

    wanted = Requirements(min_gain, max_leak, short_run, nash_value, nash_weight)
    loaded, steps = case_at(case, horizon), _numbers(degrees)
    with progress("Solving packages") as advance:
        found = detente.relief(
            loaded,
            listed(senders),
            listed(measures),
            steps,
            rival,
            wanted,
            store=store,
            progress=advance,
            draws=draws,
        )
    to.deliver(found, relief_view)


def _numbers(words: str) -> list[float]:
    try:
        return [float(w) for w in listed(words) or ()]
    except ValueError as error:
        raise typer.BadParameter(f"{words!r}: numbers separated by commas") from error
