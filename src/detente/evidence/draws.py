"""From points of the unit cube to draws of everything a case leaves uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from detente.arrays import Array
from detente.cases import Case
from detente.cases.records import Assumption
from detente.routes.choice import HUB_SHARE, NESTING
from detente.sanctions.measures import Strengths
from detente.world.names import is_goods
from detente.world.world import World

TAILS = 2.5
"""Standard deviations at which the normal distribution of log elasticities is cut off."""


@dataclass(frozen=True, eq=False)
class Draw:
    """Everything uncertain, at one value.

    Attributes
    ----------
    values
        What each assumption of the case is: a number in its own unit, or a closure.
    theta_long
        Trade elasticities [sector] in the long run.
    strengths
        Where measures are in their ranges.
    """

    values: dict[str, float | str]
    theta_long: Array
    strengths: Strengths

    @property
    def theta(self) -> Array:
        """Trade elasticities [sector] within the horizon."""
        return self.theta_long * float(self.values.get("horizon", 1.0))

    @property
    def nesting(self) -> float:
        """Route elasticity over trade elasticity."""
        return float(self.values.get("route-elasticity", NESTING))


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

    def draw(self, u: Array) -> Draw:
        """What the assumptions are at a point, [coordinate]."""
        values = {name: self.value(name, u[self._first[name]]) for name in self.names}
        return Draw(values, self._theta(u), self._strengths(values))

    def value(self, name: str, quantile: float) -> Any:
        """An assumption's own value at a quantile of its distribution.

        Strengths of measures and invoicing have no value of their own but their rank.
        """
        a = self.case.assumptions[name]
        if a.spread is not None:
            return float(np.exp(np.sqrt(a.common) * a.spread * _normal(quantile)))
        if a.choices:
            return a.choices[min(int(quantile * len(a.choices)), len(a.choices) - 1)]
        return float(quantile) if a.low is None else a.range.at(float(quantile))

    def _sectors(self, name: str) -> list[int]:
        """Positions of the sectors whose elasticities an assumption moves one by one."""
        if not name.startswith("elasticities-"):
            return []
        goods = name == "elasticities-goods"
        return [k for k, s in enumerate(self.world.sectors) if is_goods(s) == goods]

    def _theta(self, u: Array) -> Array:
        """Long-run elasticities: log-normal, in part common to sectors, in part each its own."""
        log_theta = np.log(self.world.data["theta"].values)
        for name in self.names:
            sectors, a = self._sectors(name), self.case.assumptions[name]
            if a.spread is None:
                continue
            first = self._first[name]
            own = _normal(u[first + 1 : first + 1 + len(sectors)])
            common = _normal(u[first])
            log_theta[sectors] += a.spread * (
                np.sqrt(a.common) * common + np.sqrt(1 - a.common) * own
            )
        theta: Array = np.exp(log_theta)
        return theta

    def _strengths(self, values: dict[str, Any]) -> Strengths:
        quantiles = {
            name.removeprefix("strength-"): float(q)
            for name, q in values.items()
            if name.startswith("strength-")
        }
        return Strengths(
            all=quantiles.pop("others", 0.5),
            of=quantiles,
            invoicing=float(values.get("invoicing", 0.5)),
        )


def route_values(case: Case, draw: Draw) -> tuple[float, float]:
    """Hub share and margin: drawn, or the case's own."""
    assert case.routes is not None
    share = HUB_SHARE if case.routes.hub_share is None else case.routes.hub_share
    margin = case.routes.margin
    return (
        float(draw.values.get("hub-share", share)),
        float(draw.values.get("hub-margin", margin)),
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
