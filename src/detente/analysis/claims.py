"""What the model and its uncertainty say of the claims of a case, and on what the answer hangs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.sensitivity import Design, break_even, indices
from detente.arrays import Array, Flags
from detente.cases import Case
from detente.cases.records import Claim, Test
from detente.errors import ScenarioError
from detente.simulation.executor import evaluate_all
from detente.simulation.laboratory import Laboratory, Quantity, laboratory_of, quantities_of
from detente.simulation.metrics import METRICS
from detente.simulation.sampling import Cube, lowered, words
from detente.simulation.store import Store, code_version, default_folder, library_versions

SURE = 0.9
"""Share of draws in which a claim must hold to be called supported, or fail, contradicted."""

TRIED = 4
"""Assumptions along which a break-even is looked for, the deciding ones first."""

DRAWS = 896
"""Draws unless told otherwise: enough for probabilities within two or three points."""


@dataclass(frozen=True, eq=False)
class WeighedClaim:
    """A claim and what came of it.

    Attributes
    ----------
    name, claim
        Of the case.
    values
        The metric in every draw; of several scenarios, the least favourable to the claim.
    central
        The metric with every assumption at its central value.
    sobol
        By assumption, the share of the variance it explains by itself (`first`) and with all
        others (`total`), with the half-width of their 95 percent intervals.
    swings
        By assumption, the metric at its 5 and 95 percent points, all others central.
    deciding
        Name of the assumption with the largest total share; None where nothing varies.
    break_even
        What it must be for the claim to turn, in words.
    """

    name: str
    claim: Claim
    values: Array
    central: float
    sobol: pd.DataFrame
    swings: pd.DataFrame
    deciding: str | None
    break_even: str

    @property
    def test(self) -> Test:
        """How the claim was put to the model."""
        assert self.claim.test is not None
        return self.claim.test

    @property
    def unit(self) -> str:
        """Of the values."""
        if self.test.relative_to is not None:
            return f"times that of {self.test.relative_to}"
        return METRICS[self.test.metric].unit

    @cached_property
    def probability(self) -> float:
        """Share of draws in which the claim holds."""
        return float(holds(self.test, self.values).mean())

    @property
    def error(self) -> float:
        """Standard error of the probability, as of independent draws."""
        p = self.probability
        return float(np.sqrt(p * (1 - p) / len(self.values)))

    @cached_property
    def band(self) -> tuple[float, float, float]:
        """5 percent point, median and 95 percent point of the values."""
        low, median, high = np.nanquantile(self.values, [0.05, 0.5, 0.95])
        return float(low), float(median), float(high)

    @property
    def negligible(self) -> bool:
        """Whether the median is smaller than what the case calls negligible."""
        limit = self.test.negligible
        return limit is not None and abs(self.band[1]) < limit

    @property
    def verdict(self) -> str:
        """In plain words."""
        if self.probability >= SURE:
            verdict = "supported"
        elif self.probability <= 1 - SURE:
            verdict = "contradicted"
        else:
            verdict = "open"
            if self.deciding is not None:
                verdict = f"depends on {lowered(str(self.sobol.loc[self.deciding, 'title']))}"
        return f"{verdict}, but too small to matter" if self.negligible else verdict


@dataclass(frozen=True, eq=False)
class Evidence:
    """The claims of a case, weighed.

    Attributes
    ----------
    case
        The case.
    weighed
        Claims put to the model, by name.
    outside
        Claims that the model cannot speak to, by name; they are not scored.
    samples
        Every number the draws computed: metric, what it is about and scenario, to values.
    draws
        How many there were.
    manifest
        What repeats the run bit for bit.
    folder
        Where the draws are.
    """

    case: Case
    weighed: dict[str, WeighedClaim]
    outside: dict[str, Claim]
    samples: list[tuple[Quantity, Array]]
    draws: int
    manifest: dict[str, Any]
    folder: Path

    def table(self) -> pd.DataFrame:
        """One row per claim: probability, 5-50-95 band, verdict, deciding assumption."""
        rows = [
            {
                "claim": name,
                "statement": w.claim.statement,
                "speaker": w.claim.speaker,
                "form": w.claim.form,
                "metric": w.test.metric,
                "unit": w.unit,
                "probability": w.probability,
                "low": w.band[0],
                "median": w.band[1],
                "high": w.band[2],
                "central": w.central,
                "verdict": w.verdict,
                "deciding": w.deciding,
                "share": None if w.deciding is None else w.sobol.loc[w.deciding, "total"],
                "break_even": w.break_even,
            }
            for name, w in self.weighed.items()
        ]
        outside = [
            {
                "claim": name,
                "statement": claim.statement,
                "speaker": claim.speaker,
                "form": claim.form,
                "verdict": "outside the model",
                "break_even": claim.outside,
            }
            for name, claim in self.outside.items()
        ]
        return pd.DataFrame([*rows, *outside]).set_index("claim")

    def tables(self) -> dict[str, pd.DataFrame]:
        """The claims, and by claim and assumption what moves them, for files."""
        parts = {
            name: pd.concat(
                {k: getattr(w, name) for k, w in self.weighed.items()}, names=["claim"]
            ).reset_index()
            for name in ("sobol", "swings")
        }
        return {"claims": self.table().reset_index(), **parts}

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        import json

        detail = {
            name: {
                "sobol": json.loads(w.sobol.reset_index().to_json(orient="records")),
                "swings": json.loads(w.swings.reset_index().to_json(orient="records")),
                "scenarios": w.test.scenarios,
                "note": w.test.note,
            }
            for name, w in self.weighed.items()
        }
        return {
            "title": self.case.title,
            "draws": self.draws,
            "claims": json.loads(self.table().reset_index().to_json(orient="records")),
            "detail": detail,
            "manifest": self.manifest,
        }

    def _repr_html_(self) -> str:
        shown = self.table()[["statement", "speaker", "probability", "median", "verdict"]]
        return str(shown.to_html())


def weigh(
    case: Case,
    draws: int = DRAWS,
    *,
    seed: int = 0,
    workers: int | None = None,
    scheduler: str | None = None,
    store: Path | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Evidence:
    """Put the claims of a case to the model, under everything it leaves uncertain.

    Parameters
    ----------
    case
        With claims and assumptions.
    draws
        About how many; rounded down to a power of two times the number of assumptions plus two
        (Saltelli's design on a scrambled Sobol sequence), at least once.
    seed
        Of the scrambling.
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
    ['closure', 'elasticities-goods']
    """
    tested = {k: c for k, c in case.claims.items() if c.test is not None}
    if not tested:
        raise ScenarioError(f"the case {case.title!r} has no claim with a `test`")
    if not case.assumptions:
        raise ScenarioError(f"the case {case.title!r} has no `assumptions`: nothing is uncertain")
    text = case.model_dump_json()
    laboratory = laboratory_of(text)
    design = Design(laboratory.cube, draws, seed)
    manifest = _manifest(laboratory, design)
    root = Store.of(manifest, store or default_folder())
    values = evaluate_all(
        text,
        design.points,
        len(laboratory.quantities),
        root,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
    )
    weighed = {
        name: _weigh(name, claim, laboratory, design, values) for name, claim in tested.items()
    }
    outside = {k: c for k, c in case.claims.items() if c.test is None}
    drawn = values[: design.draws]
    samples = [(q, drawn[:, k]) for k, q in enumerate(laboratory.quantities)]
    return Evidence(case, weighed, outside, samples, design.draws, manifest, root.folder)


def least_favourable(test: Test, values: Array) -> Array:
    """The metric (or its ratio) in the scenario in which the claim does worst, [draw]."""
    if test.relative_to is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values[..., :-1] / values[..., -1:]
    worst: Array = values.min(-1) if test.upward else values.max(-1)
    return worst


def holds(test: Test, values: Array) -> Flags:
    """Whether the claim holds; not where the metric is undefined."""
    return values > test.limit if test.upward else values < test.limit


def _weigh(
    name: str, claim: Claim, laboratory: Laboratory, design: Design, values: Array
) -> WeighedClaim:
    test = claim.test
    assert test is not None
    wanted = quantities_of(test)
    columns = [laboratory.quantities.index(q) for q in wanted]
    metric = least_favourable(test, values[:, columns])
    sobol = indices(design, metric[: design.draws])
    deciding = None if sobol["total"].isna().all() else str(sobol["total"].idxmax())

    def margin(points: Array) -> Array:
        return least_favourable(test, laboratory.evaluate(points, wanted)) - test.limit

    ranked = [] if deciding is None else list(sobol["total"].nlargest(TRIED).index)
    return WeighedClaim(
        name=name,
        claim=claim,
        values=metric[: design.draws],
        central=float(metric[design.draws]),
        sobol=sobol,
        swings=_swings(design, metric),
        deciding=deciding,
        break_even=_turning(laboratory.cube, ranked, margin),
    )


def _turning(cube: Cube, ranked: list[str], margin: Callable[[Array], Array]) -> str:
    """Where the deciding assumption turns the claim, or failing that one of the next."""
    if not ranked:
        return "nothing varies"
    found = {}
    for name in ranked:
        found[name] = break_even(cube, name, margin)
        if found[name] is not None:
            break
    turning = next((words for words in found.values() if words is not None), None)
    title = lowered(cube.case.assumptions[ranked[0]].title)
    if found[ranked[0]] is None:
        alone = f"no value of {title} in its range turns it by itself"
        return alone if turning is None else f"{alone}; it {turning}"
    return str(turning)


def _swings(design: Design, metric: Array) -> pd.DataFrame:
    """The metric with one assumption at a time at its ends."""
    case, first = design.cube.case, design.draws + 1
    rows = []
    for k, name in enumerate(design.cube.names):
        low, high = metric[first + 2 * k], metric[first + 2 * k + 1]
        ends = [design.cube.value(name, q) for q in design.ends(name)]
        rows.append(
            {
                "assumption": name,
                "title": case.assumptions[name].title,
                "low": low,
                "high": high,
                "low_is": words(case.assumptions[name], ends[0]),
                "high_is": words(case.assumptions[name], ends[1]),
            }
        )
    return pd.DataFrame(rows).set_index("assumption")


def _manifest(laboratory: Laboratory, design: Design) -> dict[str, Any]:
    import json

    return {
        "detente": code_version(),
        "libraries": library_versions(),
        "world": laboratory.world.name,
        "fingerprint": laboratory.world.fingerprint,
        "elasticities": str(laboratory.world.data.attrs.get("elasticities", "")),
        "draws": design.draws,
        "seed": design.seed,
        "case": json.loads(laboratory.case.model_dump_json()),
    }
