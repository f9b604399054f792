"""What measures in force cost, once for all scenarios under the same parameters."""

from __future__ import annotations

import numpy as np

from detente.arrays import Array
from detente.policy.effects import log_costs
from detente.policy.measures import Measure, Strengths
from detente.policy.parameters import Parameters
from detente.policy.scenario import Action
from detente.world.world import World

VERSIONS = 8
"""Versions of a measure whose costs are kept: a page makes another with every move of a slider."""


class CostsInForce:
    """Log costs of measures in force in a world under some parameters, each computed once."""

    def __init__(self, world: World, p: Parameters) -> None:
        self._world, self._p = world, p
        self._known: dict[tuple[str, float], list[tuple[Measure, Array]]] = {}

    def under(self, world: World, p: Parameters) -> CostsInForce:
        """These, if measures cost the same in that world under these parameters; or none yet."""
        mine, a, b = self._p, self._p.strengths, p.strengths
        same = (
            world == self._world
            and np.array_equal(mine.theta_long, p.theta_long)
            and np.array_equal(mine.theta, p.theta)
            and [*a.of] == [*b.of]
            and all(map(np.array_equal, _values(a), _values(b)))
        )
        return self if same else CostsInForce(world, p)

    def of(self, action: Action) -> Array:
        """Log costs of the measure of an action, as `detente.policy.effects.log_costs`."""
        known = self._known.setdefault((action.name, action.months), [])
        for measure, logs in known:
            if measure is action.measure or measure == action.measure:
                return logs
        logs = log_costs(action.measure, self._world, self._p, months=action.months)
        known.append((action.measure, logs))
        del known[:-VERSIONS]
        return logs


def _values(strengths: Strengths) -> list[float | Array]:
    return [strengths.all, strengths.invoicing, strengths.evasion, *strengths.of.values()]
