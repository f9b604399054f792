"""The record beside the model: what trade did, and what it does under the strengths in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from detente.analysis.draws import determined
from detente.arrays import Array
from detente.cases import Case
from detente.inference.moments import Moments
from detente.simulation.evaluation import BAND
from detente.simulation.store import Store, looked_up

DRAWS = 21
"""Draws of the posterior behind a band, spread evenly from weak to strong."""


def beside_record(case: Case, draws: int = DRAWS, store: Path | None = None) -> pd.DataFrame:
    """Observations of a case beside trade simulated under the posterior that it uses.

    Parameters
    ----------
    case
        With observations.
    draws
        Of the posterior.
    store
        Folder for draws; by default the user's cache.

    Returns
    -------
    DataFrame
        One row per observation, in logs of the change or as a ratio (see `Observation`):
        `observation`, `observed` with its standard `error`; `low`, `median` and `high` of simulated
        trade (5, 50 and 95 percent of the draws); `used`, whether the posterior was made of it; and
        `matched`, whether it is within two errors of the median.

    Raises
    ------
    ConvergenceError
        From a draw that cannot be solved.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> found = beside_record(load_case("india-2025"), draws=3)
    >>> found["observation"].tolist(), bool(found["used"].any())
    (['exports-to-us'], False)
    """
    observed, posterior = case.observations, case.scenario(case.last_easing()).confirmed

    def simulated() -> Array:
        moments = Moments(observed, case)
        drawn = posterior.at((np.arange(draws) + 0.5) / draws)
        names = posterior.names
        return moments.simulated(moments.parameters(dict(zip(names, drawn.T, strict=True)), draws))

    made = {**determined(case, "analysis/record.py"), "draws of the record": draws}
    trade = looked_up(Store.of(made, store), 0, (len(observed), draws), simulated)
    low, median, high = np.nanquantile(trade, BAND, axis=1)
    values = np.array([o.value for o in observed.values()])
    errors = np.array([o.error for o in observed.values()])
    known = posterior.manifest.get("observations", [])
    return pd.DataFrame(
        {
            "observation": list(observed),
            "observed": values,
            "error": errors,
            "low": low,
            "median": median,
            "high": high,
            "used": [name in known for name in observed],
            "matched": np.abs(values - median) <= 2 * errors,
        }
    )
