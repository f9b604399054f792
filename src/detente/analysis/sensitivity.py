"""Where to draw, which assumptions decide, and where a claim turns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import rankdata

from detente.arrays import Array
from detente.simulation.sampling import Cube, lowered, words

ENDS = (0.05, 0.95)
"""Points of an assumption's distribution that a tornado shows."""

STEPS = 9
"""Points at which a change of sign is looked for along an assumption."""


class Design:
    """Points of the cube: Saltelli's design, then the centre, then each assumption at its ends.

    Attributes
    ----------
    cube
        The case's assumptions.
    seed
        Of the scrambling of the Sobol sequence (scipy.stats.qmc, through SALib).
    draws
        Number of points of Saltelli's design, all of them draws of the joint distribution.
    """

    def __init__(self, cube: Cube, draws: int, seed: int) -> None:
        self.cube, self.seed = cube, seed
        per_point = len(cube.names) + 2
        self.base = 2 ** int(np.log2(max(draws // per_point, 1)))
        self.draws = self.base * per_point

    @property
    def problem(self) -> dict[str, object]:
        """The cube as SALib takes it, in groups of coordinates."""
        size = len(self.cube.groups)
        return {
            "num_vars": size,
            "names": [f"u{k}" for k in range(size)],
            "groups": self.cube.groups,
            "bounds": [[0.0, 1.0]] * size,
        }

    @cached_property
    def points(self) -> Array:
        """All points, (point, coordinate)."""
        from SALib.sample import sobol

        drawn = sobol.sample(self.problem, self.base, calc_second_order=False, seed=self.seed)
        centre = self.cube.central()[None]
        ends = [self.cube.moved(name, q) for name in self.cube.names for q in self.ends(name)]
        points: Array = np.concatenate([drawn, centre, ends])
        return points

    def ends(self, name: str) -> tuple[float, float]:
        """Quantiles of an assumption at which it is tried by itself; the last two choices."""
        choices = len(self.cube.case.assumptions[name].choices)
        if choices:
            return (choices - 1.5) / choices, (choices - 0.5) / choices
        return ENDS


def indices(design: Design, values: Array) -> pd.DataFrame:
    """First-order and total Sobol indices by assumption; NaN where nothing varies.

    Of the values' ranks: values have long tails, in which a few draws would decide everything
    (Saltelli and Sobol 1995, Reliability Engineering & System Safety 50(3)).

    Columns `title`, `first`, `first_error`, `total`, `total_error`.
    """
    from SALib.analyze import sobol

    names = design.cube.names
    titles = [design.cube.case.assumptions[name].title for name in names]
    found = dict.fromkeys(("S1", "S1_conf", "ST", "ST_conf"), np.full(len(names), np.nan))
    if np.isfinite(values).all() and np.ptp(values) > 1e-12 * max(np.abs(values).max(), 1e-300):
        ranks = rankdata(values) / values.size
        seed = 1 + design.seed  # to SALib, 0 is no seed
        found = sobol.analyze(design.problem, ranks, calc_second_order=False, seed=seed)
    table = {
        "title": titles,
        "first": found["S1"],
        "first_error": found["S1_conf"],
        "total": found["ST"],
        "total_error": found["ST_conf"],
    }
    return pd.DataFrame(table, index=pd.Index(names, name="assumption"))


def break_even(cube: Cube, name: str, margin: Callable[[Array], Array]) -> str | None:
    """Where along one assumption, the others central, a claim turns, in words; None if nowhere.

    Parameters
    ----------
    cube
        The case's assumptions.
    name
        The assumption.
    margin
        By how much the claim's metric exceeds its threshold at points of the cube.
    """
    assumption = cube.case.assumptions[name]
    if assumption.choices:
        return _by_choice(cube, name, margin)
    quantiles = np.linspace(0, 1, STEPS)
    margins = margin(np.array([cube.moved(name, q) for q in quantiles]))
    turns = np.flatnonzero(np.sign(margins[:-1]) * np.sign(margins[1:]) < 0)
    if turns.size == 0:
        return None
    k = int(turns[0])
    between = quantiles[k], quantiles[k + 1]
    root = brentq(lambda q: margin(cube.moved(name, q)[None])[0], *between, xtol=1e-3)
    return f"turns where {lowered(assumption.title)} is {words(assumption, cube.value(name, root))}"


def _by_choice(cube: Cube, name: str, margin: Callable[[Array], Array]) -> str | None:
    choices = cube.case.assumptions[name].choices
    middles = (np.arange(len(choices)) + 0.5) / len(choices)
    signs = margin(np.array([cube.moved(name, q) for q in middles])) > 0
    above = [c for c, sign in zip(choices, signs, strict=True) if sign]
    if len(above) in (0, len(choices)):
        return None
    return f"turns with {name}: above the threshold under {', '.join(above)} only"
