"""Where to draw, which assumptions decide, and where a claim turns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.simulation.sampling import ParameterSpace, words
from detente.simulation.store import Store, looked_up

ENDS = (0.05, 0.95)
"""Points of an assumption's distribution that a tornado shows."""

STEPS = 9
"""Points at which a change of sign is looked for along an assumption, and again within a step."""

INDICES = {"first": "S1", "first_error": "S1_conf", "total": "ST", "total_error": "ST_conf"}
"""Sobol indices, and what SALib calls them."""


def even(draws: int) -> int:
    """How many draws a design of about so many has: an even number, at least two."""
    return 2 * max(draws // 2, 1)


def hypercube(draws: int, coordinates: int, seed: int) -> Array:
    """Latin hypercube: in each coordinate one point in every stratum, (point, coordinate).

    McKay, Beckman and Conover (1979), Technometrics 21(2).
    """
    random = np.random.default_rng(seed)
    strata = random.permuted(np.tile(np.arange(draws), (coordinates, 1)), axis=1).T
    points: Array = (strata + random.random((draws, coordinates))) / draws
    return points


class Design:
    """Points of the cube: Saltelli's design, the centre, each assumption at its ends and along it.

    Attributes
    ----------
    space
        What is uncertain.
    seed
        Of the draws.
    draws
        Number of draws of the joint distribution, an even one: a Latin hypercube, whose halves are
        the two matrices of Saltelli's design.
    size
        Number of points of Saltelli's design: these draws, and for each assumption half as many
        in which it alone has its value from the other matrix.
    """

    def __init__(self, space: ParameterSpace, draws: int, seed: int) -> None:
        self.space, self.seed = space, seed
        self.draws = even(draws)
        self._per_row = len(space.names) + 2
        self.size = self.draws // 2 * self._per_row

    @property
    def problem(self) -> dict[str, object]:
        """The cube as SALib takes it, in groups of coordinates."""
        size = len(self.space.groups)
        return {
            "num_vars": size,
            "names": [f"u{k}" for k in range(size)],
            "groups": self.space.groups,
            "bounds": [[0.0, 1.0]] * size,
        }

    @cached_property
    def joint(self) -> Array:
        """The draws of the joint distribution, (draw, coordinate)."""
        return hypercube(self.draws, len(self.space.groups), self.seed)

    @property
    def saltelli(self) -> Array:
        """Saltelli's design, (point, coordinate).

        Each row of the first matrix, then with one assumption after the other as in the same row of
        the second, then that row. Saltelli et al. (2010), Computer Physics Communications 181(2).
        """
        first, second = np.split(self.joint, 2)
        rows = np.repeat(first[:, None], self._per_row, axis=1)
        for k, name in enumerate(self.space.names, start=1):
            own = np.array(self.space.groups) == name
            rows[:, k, own] = second[:, own]
        rows[:, -1] = second
        return rows.reshape(self.size, -1)

    @cached_property
    def points(self) -> Array:
        """All points, (point, coordinate)."""
        moved = [
            self.space.moved(name, q)
            for quantiles in (self.ends, self.along)
            for name in self.space.names
            for q in quantiles(name)
        ]
        points: Array = np.concatenate([self.saltelli, self.space.central()[None], moved])
        return points

    def ends(self, name: str) -> tuple[float, float]:
        """Quantiles of an assumption at which it is tried by itself; the last two choices."""
        choices = len(self.space.assumptions[name].choices)
        if choices:
            return (choices - 1.5) / choices, (choices - 0.5) / choices
        return ENDS

    def along(self, name: str) -> Array:
        """Quantiles along an assumption, or one for each choice."""
        choices = len(self.space.assumptions[name].choices)
        return (np.arange(choices) + 0.5) / choices if choices else np.linspace(0, 1, STEPS)

    def of_draws(self, values: Array) -> Array:
        """Values at the draws, out of those at all points."""
        rows = values[: self.size].reshape(-1, self._per_row, *values.shape[1:])
        return np.concatenate([rows[:, 0], rows[:, -1]])

    def of_saltelli(self, values: Array) -> Array:
        """Values at Saltelli's design, out of those at all points."""
        return values[: self.size]

    def at_centre(self, values: Array) -> float:
        """The value at the centre."""
        return float(values[self.size])

    def at_ends(self, values: Array) -> dict[str, tuple[float, float]]:
        """Values at the ends of each assumption."""
        first = self.size + 1
        return {
            name: (float(values[first + 2 * k]), float(values[first + 2 * k + 1]))
            for k, name in enumerate(self.space.names)
        }

    def all_along(self, values: Array) -> dict[str, Array]:
        """Values along each assumption."""
        sizes = [len(self.along(name)) for name in self.space.names]
        rest = values[self.size + 1 + 2 * len(sizes) :]
        return dict(zip(self.space.names, np.split(rest, np.cumsum(sizes)[:-1]), strict=True))


def indices(
    design: Design, values: Array, kept: Store | None = None, block: int = 0
) -> pd.DataFrame:
    """First-order and total Sobol indices of values at Saltelli's design, by assumption.

    NaN where nothing varies. Of the values' ranks: values have long tails, in which a few draws
    would decide everything (Saltelli and Sobol 1995, Reliability Engineering & System Safety
    50(3)). Taken from a block of what is `kept`, if they are there.

    Columns `title`, `first`, `first_error`, `total`, `total_error`.
    """
    names = design.space.names
    shape = len(names), len(INDICES)
    found = looked_up(kept, block, shape, lambda: _indices(design, values))
    table = pd.DataFrame(found, index=pd.Index(names, name="assumption"), columns=list(INDICES))
    table.insert(0, "title", [design.space.title(name) for name in names])
    return table


def _indices(design: Design, values: Array) -> Array:
    """The indices of `INDICES`, [assumption,index]."""
    if not np.isfinite(values).all() or np.ptp(values) <= 1e-12 * max(np.abs(values).max(), 1e-300):
        return np.full((len(design.space.names), len(INDICES)), np.nan)
    from SALib.analyze import sobol

    ranks = pd.Series(values).rank().to_numpy() / values.size
    seed = 1 + design.seed  # to SALib, 0 is no seed
    found = sobol.analyze(design.problem, ranks, calc_second_order=False, seed=seed)
    return np.stack([np.asarray(found[name], float) for name in INDICES.values()], axis=1)


def break_even(
    design: Design, name: str, along: Array, margin: Callable[[Array], Array]
) -> str | None:
    """Where along one assumption, the others central, a claim turns, in words; None if nowhere.

    Parameters
    ----------
    design
        Points along each assumption.
    name
        The assumption.
    along
        By how much the claim's metric exceeds its threshold at these points.
    margin
        The same at any points of the cube.
    """
    space, assumption = design.space, design.space.assumptions[name]
    if assumption.choices:
        above = [c for c, m in zip(assumption.choices, along, strict=True) if m > 0]
        if len(above) in (0, len(along)):
            return None
        return f"turns with {name}: above the threshold under {', '.join(above)} only"
    quantiles = design.along(name)
    step = _first_turn(along)
    if step is None:
        return None
    within = np.linspace(quantiles[step], quantiles[step + 1], STEPS)
    margins = np.concatenate(
        [
            along[step : step + 1],
            margin(np.array([space.moved(name, q) for q in within[1:-1]])),
            along[step + 1 : step + 2],
        ]
    )
    last = _first_turn(margins)
    assert last is not None
    (low, high), (before, after) = within[last : last + 2], margins[last : last + 2]
    root = low + (high - low) * before / (before - after)
    value = words(assumption, space.value(name, root))
    return f"turns where {lowered(assumption.title)} is {value}"


def lowered(title: str) -> str:
    """A title inside a sentence."""
    return title[:1].lower() + title[1:]


def _first_turn(values: Array) -> int | None:
    """The first step in which values change their sign."""
    turns = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    return int(turns[0]) if turns.size else None
