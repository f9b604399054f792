"""Claims weighed: in how many draws each holds, in which band, and what decides it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detente.analysis.rows import records
from detente.analysis.sensitivity import lowered
from detente.arrays import Array, Flags
from detente.cases import Case
from detente.cases.records import Claim, Test
from detente.results import Result, columns_in
from detente.simulation.evaluation import BAND, Quantity
from detente.simulation.metrics import METRICS

SURE = 0.9
"""Share of draws in which a claim must hold to be called supported, or fail, contradicted."""


NUMBER_UNTESTED = "the number is not tested"
"""What is told beside the verdict on a claim with a number of which only the sign was tested."""


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
        low, median, high = np.nanquantile(self.values, BAND)
        return float(low), float(median), float(high)

    @property
    def negligible(self) -> bool:
        """Whether the median is smaller than what the case calls negligible."""
        limit = self.test.negligible
        return limit is not None and abs(self.band[1]) < limit

    @property
    def verdict(self) -> str:
        """In plain words."""
        verdict = verdict_of(self.probability)
        if verdict == "open" and self.deciding is not None:
            verdict = f"depends on {lowered(str(self.sobol.loc[self.deciding, 'title']))}"
        verdict += ", but too small to matter" if self.negligible else ""
        open_yet = self.claim.number_untested and not verdict.startswith("contradicted")
        return f"{verdict}, {NUMBER_UNTESTED}" if open_yet else verdict


@dataclass(frozen=True, eq=False)
class Evidence(Result):
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
        How many joint ones there were.
    manifest
        What repeats the run bit for bit.
    folder
        Where the draws are.
    """

    units_of = columns_in(
        {
            "share of draws": "probability",
            "as column unit says": "low, median, high, central",
            "share of variance": "share, first, first_error, sobol.total, total_error",
        }
    )

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
                "said": w.claim.said,
                "tested": w.claim.tested,
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
                "said": claim.said,
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
        detail = {
            name: {
                "sobol": records(w.sobol.reset_index()),
                "swings": records(w.swings.reset_index()),
                "scenarios": w.test.scenarios,
                "note": w.test.note,
            }
            for name, w in self.weighed.items()
        }
        return {
            "title": self.case.title,
            "draws": self.draws,
            "claims": records(self.table().reset_index()),
            "detail": detail,
            "manifest": self.manifest,
        }

    def _repr_html_(self) -> str:
        shown = self.table()[["said", "tested", "speaker", "probability", "median", "verdict"]]
        return str(shown.to_html())


def verdict_of(probability: float) -> str:
    """Supported, contradicted or open, by the share of draws in which a claim holds."""
    if probability >= SURE:
        return "supported"
    return "contradicted" if probability <= 1 - SURE else "open"


def holds(test: Test, values: Array) -> Flags:
    """Whether the claim holds; not where the metric is undefined."""
    return values > test.limit if test.upward else values < test.limit
