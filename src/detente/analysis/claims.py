"""What the model and its uncertainty say of the claims of a case, and on what the answer hangs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from detente.analysis.assess import welfare_of
from detente.analysis.draws import DRAWS, evaluated, evaluated_here
from detente.analysis.evidence import Evidence, WeighedClaim
from detente.analysis.leakage import leak_of
from detente.analysis.sensitivity import Design, break_even, indices, lowered
from detente.arrays import Array
from detente.cases.case import Case, needed
from detente.cases.records import Claim, Test
from detente.errors import ScenarioError
from detente.progress import Progress
from detente.simulation.evaluation import Evaluator, Quantity
from detente.simulation.outcome import Outcome
from detente.simulation.sampling import words
from detente.simulation.store import Store, code_version

MADE_BY = ("analysis/claims.py", "analysis/sensitivity.py")
"""Code that decides of what indices are."""

TRIED = 4
"""Assumptions along which a break-even is looked for, the deciding ones first."""


def weigh(
    case: Case,
    draws: int = DRAWS,
    *,
    seed: int = 0,
    workers: int | None = None,
    scheduler: str | None = None,
    store: Path | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Put the claims of a case to the model, under everything it leaves uncertain.

    Parameters
    ----------
    case
        With claims and assumptions.
    draws
        Of all assumptions together, an even number: probabilities and bands are theirs. For each
        assumption half as many more are solved, for the indices (Saltelli's design on a Latin
        hypercube).
    seed
        Of the draws.
    workers, scheduler
        Local processes, or the address of a Dask scheduler; the result is the same.
    store
        Folder for draws; by default the user's cache. A run that was interrupted goes on from
        the draws it finds there, and gives the same result, bit for bit.
    progress
        Called with (draws done, draws in all).

    Raises
    ------
    ScenarioError
        The case has no claim that can be tested, or no assumption.
    ConvergenceError
        A draw has no equilibrium; says under which assumptions.

    Notes
    -----
    Each draw solves the status quo and every scenario in full. Sobol indices of groups of
    coordinates: Saltelli et al. (2010), Computer Physics Communications 181(2), by SALib.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> sorted(load_case("belarus-2025").assumptions)[:2]
    ['closure', 'contained']
    """
    case = needed(case, "weighed")
    tested = {k: c for k, c in case.claims.items() if c.test is not None}
    if not tested:
        raise ScenarioError(f"the case {case.title!r} has no claim with a `test`")
    if not case.assumptions:
        raise ScenarioError(f"the case {case.title!r} has no `assumptions`: nothing is uncertain")
    evaluator = evaluator_of(case)
    design = Design(evaluator.space, draws, seed)
    values, manifest, folder = evaluated(
        case,
        evaluator,
        design.points,
        store=store,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
    )

    def solved(points: Array, wanted: list[Quantity]) -> Array:
        return evaluated_here(case, evaluator, points, wanted, store)

    kept = Store.of({**manifest, "indices": code_version(*MADE_BY)}, store)
    weighed = {}
    for block, (name, claim) in enumerate(tested.items()):
        metric = _metric(claim, evaluator.quantities, values)
        sobol = indices(design, design.of_saltelli(metric), kept, block)
        weighed[name] = _weigh(name, claim, design, metric, sobol, solved)
    outside = {k: c for k, c in case.claims.items() if c.test is None}
    drawn = design.of_draws(values)
    samples = [(q, drawn[:, k]) for k, q in enumerate(evaluator.quantities)]
    manifest = {**manifest, "draws": design.draws, "seed": seed}
    return Evidence(case, weighed, outside, samples, design.draws, manifest, folder)


def quantities_of(test: Test) -> list[Quantity]:
    """The numbers a test needs: each scenario's, and last that of the scenario compared with."""
    names = [*test.scenarios, *([] if test.relative_to is None else [test.relative_to])]
    return [Quantity(test.metric, test.parameters, name) for name in names]


def evaluator_of(case: Case) -> Evaluator:
    """Computes what the claims of a case need, at any point of what is uncertain.

    Of the scenarios that are solved for them, also what `assess` and `leakage` tell.
    """
    tests = [claim.test for claim in case.claims.values() if claim.test is not None]
    found = [q for test in tests for q in quantities_of(test)]
    solved = {q.scenario for q in found}
    found += [q for q in [*welfare_of(case), *leak_of(case)] if q.scenario in solved]
    distinct = [q for k, q in enumerate(found) if q not in found[:k]]
    return Evaluator(case.spelled_out(), case.assumptions, distinct)


def claim_values(case: Case, name: str, outcome: Outcome) -> dict[str, float]:
    """The metric of every claim about a scenario, at the scenario's own values, by claim.

    Claims about a ratio to another scenario, and claims about other scenarios, are left out; so
    are those about influence, which take two more solves.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> from detente.simulation.run import simulate
    >>> case = load_case("belarus-2025")
    >>> values = claim_values(case, "us-all", simulate(case).outcome("us-all"))
    >>> abs(values["isw-any-relief"]) < 0.01  # percent of Russian income
    True
    """
    tests = {k: c.test for k, c in case.claims.items() if c.test is not None}
    return {
        k: float(outcome.measure(test.metric, test.parameters)[0])
        for k, test in tests.items()
        if name in test.scenarios and test.relative_to is None and test.metric != "influence"
    }


def least_favourable(test: Test, values: Array) -> Array:
    """The metric (or its ratio) in the scenario in which the claim does worst, [draw]."""
    if test.relative_to is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values[..., :-1] / values[..., -1:]
    worst: Array = values.min(-1) if test.upward else values.max(-1)
    return worst


def _metric(claim: Claim, quantities: list[Quantity], values: Array) -> Array:
    """What a claim is about, where it does worst, by the values of quantities, [draw]."""
    assert claim.test is not None
    columns = [quantities.index(q) for q in quantities_of(claim.test)]
    return least_favourable(claim.test, values[:, columns])


def _weigh(
    name: str,
    claim: Claim,
    design: Design,
    metric: Array,
    sobol: pd.DataFrame,
    solved: Callable[[Array, list[Quantity]], Array],
) -> WeighedClaim:
    """A claim by its metric at a design, its indices, and what is solved at more points."""
    test = claim.test
    assert test is not None
    wanted = quantities_of(test)
    deciding = None if sobol["total"].isna().all() else str(sobol["total"].idxmax())

    def margin(points: Array) -> Array:
        return least_favourable(test, solved(points, wanted)) - test.limit

    ranked = [] if deciding is None else list(sobol["total"].nlargest(TRIED).index)
    return WeighedClaim(
        name=name,
        claim=claim,
        values=design.of_draws(metric),
        central=design.at_centre(metric),
        sobol=sobol,
        swings=_swings(design, metric),
        deciding=deciding,
        break_even=_turning(design, ranked, design.all_along(metric - test.limit), margin),
    )


def _turning(
    design: Design,
    ranked: list[str],
    along: dict[str, Array],
    margin: Callable[[Array], Array],
) -> str:
    """Where the deciding assumption turns the claim, or failing that one of the next."""
    if not ranked:
        return "nothing varies"
    first = break_even(design, ranked[0], along[ranked[0]], margin)
    if first is not None:
        return first
    others = (break_even(design, name, along[name], margin) for name in ranked[1:])
    turning = next((words for words in others if words is not None), None)
    alone = f"no value of {lowered(design.space.title(ranked[0]))} in its range turns it by itself"
    return alone if turning is None else f"{alone}; it {turning}"


def _swings(design: Design, metric: Array) -> pd.DataFrame:
    """The metric with one assumption at a time at its ends."""
    space, rows = design.space, []
    for name, (low, high) in design.at_ends(metric).items():
        low_is, high_is = (
            words(space.assumptions[name], space.value(name, q)) for q in design.ends(name)
        )
        rows.append((name, space.title(name), low, high, low_is, high_is))
    columns = ["assumption", "title", "low", "high", "low_is", "high_is"]
    return pd.DataFrame(rows, columns=columns).set_index("assumption")
