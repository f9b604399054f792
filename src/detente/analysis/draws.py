"""Draws of what a case leaves uncertain: whoever asks, at the same points."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detente.analysis.sensitivity import Design, even
from detente.arrays import Array
from detente.cases.case import Case
from detente.policy.scenario import Scenario
from detente.progress import Progress
from detente.simulation.assumptions import Assumption
from detente.simulation.evaluation import BAND, Evaluator, Quantity, Reader, StatusQuos
from detente.simulation.executor import Work, evaluate_all
from detente.simulation.store import (
    Store,
    code_version,
    library_versions,
    looked_up,
)

DRAWS = 128
"""Joint draws unless told otherwise: a probability is then known to four points or better."""

MADE_BY = ("analysis/draws.py", "analysis/sensitivity.py")
"""Code that decides at which points and of what draws are."""

Sample = tuple[Quantity, Array]
"""A quantity and its values, [draw]."""


class Drawn(NamedTuple):
    """Quantities at points of what is uncertain.

    Attributes
    ----------
    values
        [point,quantity].
    manifest
        What repeats the run bit for bit.
    folder
        Where the values are kept.
    """

    values: Array
    manifest: dict[str, Any]
    folder: Path


def evaluated(
    case: Case,
    evaluator: Evaluator,
    points: Array,
    *,
    store: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Drawn:
    """The quantities of an evaluator of a case at some points, from disk where they are kept.

    Raises
    ------
    ConvergenceError
        A draw has no equilibrium; says under which assumptions.
    """
    quantities = evaluator.quantities
    manifest = _determined(case, points, quantities)
    kept = Store.of(manifest, store)
    values = evaluate_all(
        Work(kept.folder.name, _evaluate_at, (case, quantities)),
        points,
        evaluator.kinds(points),
        len(quantities),
        kept,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
    )
    return Drawn(values, manifest, kept.folder)


def in_draws(
    case: Case,
    quantities: Sequence[Quantity],
    draws: int = DRAWS,
    seed: int = 0,
    *,
    store: Path | None = None,
    progress: Progress | None = None,
) -> Array:
    """Some quantities of a case in draws of all that it calls uncertain, [draw,quantity].

    Raises
    ------
    ConvergenceError
        A draw has no equilibrium; says under which assumptions.
    """
    evaluator = Evaluator(case.spelled_out(), case.assumptions, quantities)
    points = Design(evaluator.space, draws, seed).joint
    return evaluated(case, evaluator, points, store=store, progress=progress).values


def samples_of(
    case: Case,
    quantities: Sequence[Quantity],
    draws: int,
    seed: int = 0,
    known: Sequence[Sample] = (),
    store: Path | None = None,
    progress: Progress | None = None,
) -> list[Sample]:
    """What is known of the draws of a case, and the quantities of which nothing is known yet.

    Only the scenarios of these are solved. Raises as `in_draws` does.
    """
    there = [q for q, _ in known]
    missing = [q for q in quantities if q not in there]
    if not missing:
        if progress is not None:
            progress(even(draws), even(draws))
        return list(known)
    asked = {q.scenario for q in missing}
    scenarios = {name: change for name, change in case.scenarios.items() if name in asked}
    only = case.model_copy(update={"scenarios": scenarios})
    drawn = in_draws(only, missing, draws, seed, store=store, progress=progress)
    return [*known, *zip(missing, drawn.T, strict=True)]


def drawn_of(case: Case | None, draws: int) -> int:
    """How many draws are made of a case: none where nothing is uncertain, or none are asked for."""
    return even(draws) if draws > 0 and case is not None and case.assumptions else 0


def bands(values: Array) -> dict[str, Array]:
    """5, 50 and 95 percent points of values [draw,quantity]."""
    points = np.quantile(values, BAND, axis=0)
    return dict(zip(("low", "median", "high"), points, strict=True))


def evaluated_here(
    case: Case,
    evaluator: Evaluator,
    points: Array,
    quantities: Sequence[Quantity],
    store: Path | None = None,
) -> Array:
    """Some quantities at a few points, [point,quantity], by this process; kept as all draws are."""
    kept = Store.of(_determined(case, points, quantities), store)
    shape = len(points), len(quantities)
    return looked_up(kept, 0, shape, lambda: evaluator.evaluate(points, quantities))


def _determined(case: Case, points: Array, quantities: Sequence[Quantity]) -> dict[str, Any]:
    """All that values at points depend on."""
    return {
        **determined(case, *MADE_BY),
        "points": hashlib.sha256(points.tobytes()).hexdigest()[:16],
        "quantities": [
            [q.metric, q.about.model_dump(mode="json", exclude_defaults=True), q.scenario]
            for q in quantities
        ],
    }


def determined(case: Case, *made_by: str) -> dict[str, Any]:
    """What all that is computed of a case depends on; `made_by` is code above that of draws."""
    scenario = next(iter(case.spelled_out().values()))
    world = scenario.load_world()
    return {
        "detente": code_version(*made_by),
        "libraries": library_versions(),
        "world": world.name,
        "fingerprint": world.fingerprint,
        "elasticities": str(world.data.attrs.get("elasticities", "")),
        "case": case.model_dump(mode="json"),
        "posterior": scenario.confirmed.fingerprint,
    }


def _evaluate_at(case: Case, quantities: Sequence[Quantity]) -> Callable[[Array], Array]:
    """From points of what is uncertain to quantities: made in every worker."""
    return Evaluator(case.spelled_out(), case.assumptions, quantities).evaluate


def read_in_draws(
    scenario: Scenario,
    assumptions: Mapping[str, Assumption],
    reader: Reader,
    draws: int = DRAWS,
    seed: int = 0,
    known: StatusQuos | None = None,
) -> np.ndarray[Any, Any]:
    """What a reader finds in draws of what is uncertain about a scenario, [draw, ...].

    Nothing is kept on disk; see `Evaluator.read` on what is `known`.
    """
    evaluator = Evaluator({scenario.title: scenario}, assumptions, [])
    points = Design(evaluator.space, draws, seed).joint
    return evaluator.read(points, scenario.title, reader, known)
