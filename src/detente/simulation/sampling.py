"""From points of the unit cube to the parameters of draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from detente.arrays import Array
from detente.policy.parameters import Parameters
from detente.policy.scenario import Scenario
from detente.simulation.assumptions import Assumption, kind_of, normal
from detente.world.names import is_goods
from detente.world.world import World

LEAST = 0.76
"""Trade elasticity in the first year: Boehm, Levchenko and Pandalai-Nayar (2023), American Economic
Review 113(4)."""

RECORD = "record"
"""Name of all assumptions together that a record of trade confirms."""

CONFIRMED = Assumption(
    title="What the record of trade confirms, from weak to strong",
    source="Posterior draws of strengths, payments and hubs; docs/validation.md",
)


class ParameterSpace:
    """What is uncertain about scenarios, as a unit cube: which coordinate moves what.

    Assumptions that are in the scenario's posterior are drawn together, by one coordinate that runs
    along its draws; the central draw is in the middle.

    Parameters
    ----------
    scenario
        One of the scenarios, whose assumptions hold where nothing is uncertain.
    assumptions
        What is uncertain, by name.
    world
        The world.

    Attributes
    ----------
    groups
        Name of the assumption that each coordinate belongs to: one for the assumption, and one for
        each sector whose elasticity it moves by itself.
    """

    def __init__(
        self, scenario: Scenario, assumptions: Mapping[str, Assumption], world: World
    ) -> None:
        self.scenario, self.world = scenario, world
        self.confirmed = [name for name in assumptions if name in scenario.confirmed.names]
        self.assumptions = {n: a for n, a in assumptions.items() if n not in self.confirmed}
        if self.confirmed:
            self.assumptions[RECORD] = CONFIRMED
        self._sectors = {name: self._moved_sectors(name) for name in self.assumptions}
        self.groups = [
            name for name, sectors in self._sectors.items() for _ in range(1 + len(sectors))
        ]
        self._first = {name: self.groups.index(name) for name in self.assumptions}

    @property
    def names(self) -> list[str]:
        """Names of the assumptions."""
        return list(self.assumptions)

    def title(self, name: str) -> str:
        """An assumption in words."""
        return self.assumptions[name].title

    def central(self) -> Array:
        """The point at which every assumption has its central value (its first choice)."""
        point = np.full(len(self.groups), 0.5)
        for name, a in self.assumptions.items():
            if a.choices:
                point[self._first[name]] = 0.0
        return point

    def moved(self, name: str, quantile: float) -> Array:
        """The central point with one assumption at a quantile."""
        point = self.central()
        point[self._first[name]] = quantile
        return point

    def values(self, points: Array) -> dict[str, Any]:
        """What each assumption is at some points (point, coordinate), in its own unit, [k]."""
        return {name: self.value(name, points[:, at]) for name, at in self._first.items()}

    def parameters(self, points: Array) -> Parameters:
        """The parameters at some points (point, coordinate)."""
        p = Parameters.central(self.scenario, self.world, len(points))
        for name, value in self.values(points).items():
            if name == RECORD:
                p = self._as_confirmed(p, value)
                continue
            moves = self._multiples(name, points) if self._sectors[name] else value
            p = kind_of(name).apply(p, moves)
        return self._above_the_least(p)

    def _above_the_least(self, p: Parameters) -> Parameters:
        """No elasticity within the horizon is below `LEAST`, or the world's own if that is lower.

        Spread of estimates and horizon multiply, and far in both tails trade would hardly answer.
        """
        own = self.world.data["theta"].values[:, None]
        least = np.minimum(own, LEAST) / p.horizon
        return replace(p, theta_long=np.maximum(p.theta_long, least))

    def _as_confirmed(self, p: Parameters, quantile: Array) -> Parameters:
        """Put draws of the posterior in place."""
        for name in self.confirmed:
            value = self.scenario.confirmed.value(name, quantile, None)
            p = kind_of(name).apply(p, value)
        return p

    def value(self, name: str, quantile: Any) -> Any:
        """An assumption's own value at a quantile of its distribution, or at many.

        Strengths of measures and invoicing have no value of their own but their rank.
        """
        a = self.assumptions[name]
        if a.spread is not None:
            return np.exp(np.sqrt(a.common) * a.spread * normal(quantile))
        if a.choices:
            place = np.asarray(quantile * len(a.choices)).astype(int)
            return np.array(a.choices)[np.minimum(place, len(a.choices) - 1)]
        return quantile if a.low is None else a.range.at(quantile)

    def _moved_sectors(self, name: str) -> list[int]:
        """Positions of the sectors whose elasticities an assumption moves one by one."""
        goods = None if name == RECORD else kind_of(name).goods
        sectors = self.world.sectors
        return [k for k, s in enumerate(sectors) if is_goods(s, sectors.parents) == goods]

    def _multiples(self, name: str, points: Array) -> Array:
        """Multiples of elasticities [j,k]: log-normal, partly common to sectors, partly own."""
        a, sectors, first = self.assumptions[name], self._sectors[name], self._first[name]
        assert a.spread is not None
        own = normal(points[:, first + 1 : first + 1 + len(sectors)].T)
        common = normal(points[:, first])
        multiples = np.ones((len(self.world.sectors), len(points)))
        multiples[sectors] = np.exp(
            a.spread * (np.sqrt(a.common) * common + np.sqrt(1 - a.common) * own)
        )
        return multiples


def words(assumption: Assumption, value: float | str) -> str:
    """An assumption's value for a reader."""
    if isinstance(value, str):
        return value
    if assumption.spread is not None:
        return f"{value:.2f} times the central elasticities"
    if assumption.low is None:
        return f"rank {value:.2f} in the measures' own ranges (0.5 is central)"
    return f"{value:.3g}"
