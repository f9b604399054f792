"""From points of the unit cube to draws of everything a case leaves uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from detente.arrays import Array
from detente.cases import Case
from detente.cases.records import Assumption
from detente.policy.measures import Strengths
from detente.policy.routes import NESTING
from detente.world.names import is_goods
from detente.world.world import World

TAILS = 2.5
"""Standard deviations at which the normal distribution of log elasticities is cut off."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Everything uncertain, at some values; the last axis of arrays is the draw.

    Attributes
    ----------
    values
        What each assumption of the case is: numbers in its own unit, or closures, [k].
    theta_long
        Trade elasticities [j,k] in the long run.
    strengths
        Where measures are in their ranges.
    """

    values: dict[str, Any]
    theta_long: Array
    strengths: Strengths

    @property
    def size(self) -> int:
        """How many they are."""
        return int(self.theta_long.shape[1])

    @property
    def theta(self) -> Array:
        """Trade elasticities [j,k] within the horizon."""
        theta: Array = self.theta_long * self.get("horizon", 1.0)
        return theta

    @property
    def nesting(self) -> Array:
        """Route elasticity over trade elasticity, [k]."""
        nesting: Array = self.get("route-elasticity", NESTING)
        return nesting

    def get(self, name: str, otherwise: Any) -> Any:
        """An assumption's values, [k], or what the case says where it is not uncertain."""
        return self.values[name] if name in self.values else np.full(self.size, otherwise)

    def described(self, k: int) -> dict[str, Any]:
        """The values of one draw."""
        return {name: values[k] for name, values in self.values.items()}


class Cube:
    """The unit cube of a case's assumptions: which coordinate moves what.

    Attributes
    ----------
    case, world
        The case and its world.
    names
        Names of the assumptions.
    groups
        Name of the assumption that each coordinate belongs to.
    """

    def __init__(self, case: Case, world: World) -> None:
        self.case, self.world = case, world
        self.names = list(case.assumptions)
        self.groups = [
            name for name in self.names for _ in range(1 + len(self._sectors(name)))
        ]  # a coordinate for the assumption, and one for each sector it moves by itself
        self._first = {name: self.groups.index(name) for name in self.names}

    def central(self) -> Array:
        """The point at which every assumption has its central value (its first choice)."""
        point = np.full(len(self.groups), 0.5)
        for name in self.names:
            if self.case.assumptions[name].choices:
                point[self._first[name]] = 0.0
        return point

    def moved(self, name: str, quantile: float) -> Array:
        """The central point with one assumption at a quantile."""
        point = self.central()
        point[self._first[name]] = quantile
        return point

    def draws(self, points: Array) -> Draws:
        """What the assumptions are at some points, (point, coordinate)."""
        values = {name: self.value(name, points[:, self._first[name]]) for name in self.names}
        return Draws(values, self._theta(points), self._strengths(values))

    def value(self, name: str, quantile: Any) -> Any:
        """An assumption's own value at a quantile of its distribution, or at many.

        Strengths of measures and invoicing have no value of their own but their rank.
        """
        a = self.case.assumptions[name]
        if a.spread is not None:
            return np.exp(np.sqrt(a.common) * a.spread * _normal(quantile))
        if a.choices:
            place = np.asarray(quantile * len(a.choices)).astype(int)
            return np.array(a.choices)[np.minimum(place, len(a.choices) - 1)]
        return quantile if a.low is None else a.range.at(quantile)

    def _sectors(self, name: str) -> list[int]:
        """Positions of the sectors whose elasticities an assumption moves one by one."""
        if not name.startswith("elasticities-"):
            return []
        goods = name == "elasticities-goods"
        return [k for k, s in enumerate(self.world.sectors) if is_goods(s) == goods]

    def _theta(self, points: Array) -> Array:
        """Long-run elasticities [j,k]: log-normal, partly common to sectors, partly their own."""
        log_theta = np.log(self.world.data["theta"].values)
        log_theta = np.repeat(log_theta[:, None], len(points), axis=1)
        for name in self.names:
            sectors, a = self._sectors(name), self.case.assumptions[name]
            if a.spread is None:
                continue
            first = self._first[name]
            own = _normal(points[:, first + 1 : first + 1 + len(sectors)].T)
            common = _normal(points[:, first])
            log_theta[sectors] += a.spread * (
                np.sqrt(a.common) * common + np.sqrt(1 - a.common) * own
            )
        theta: Array = np.exp(log_theta)
        return theta

    def _strengths(self, values: dict[str, Any]) -> Strengths:
        quantiles = {
            name.removeprefix("strength-"): q
            for name, q in values.items()
            if name.startswith("strength-")
        }
        return Strengths(
            all=quantiles.pop("others", 0.5),
            of=quantiles,
            invoicing=values.get("invoicing", 0.5),
        )


def words(assumption: Assumption, value: float | str) -> str:
    """An assumption's value for a reader."""
    if isinstance(value, str):
        return value
    if assumption.spread is not None:
        return f"{value:.2f} times the central elasticities"
    if assumption.low is None:
        return f"rank {value:.2f} in the measures' own ranges (0.5 is central)"
    return f"{value:.3g}"


def lowered(title: str) -> str:
    """A title inside a sentence."""
    return title[:1].lower() + title[1:]


def _normal(u: Any) -> Any:
    """Standard normal at a quantile, cut off in the tails."""
    return np.clip(norm.ppf(u), -TAILS, TAILS)
