"""A scenario beside the status quo it starts from: what is asked of it, in each draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.outcomes import Equilibrium, by_country
from detente.policy.compiled import Costs
from detente.policy.joint import Ways, resolved
from detente.policy.routes import RouteShares
from detente.policy.scenario import Scenario
from detente.results import Result, columns_in
from detente.simulation.about import About
from detente.simulation.leakage import Leakage
from detente.simulation.metrics import METRICS
from detente.world.closure import Deficits
from detente.world.world import World

if TYPE_CHECKING:
    from detente.simulation.run import Simulation


@dataclass(frozen=True, eq=False)
class Outcome(Result):
    """A scenario beside the status quo it starts from, in each draw.

    Attributes
    ----------
    simulation, scenario
        Of which simulation, and the scenario.
    costs
        What is different from the status quo.
    after
        Equilibria of the scenario.
    routed
        How trade that may be routed goes, the reported first; empty without routes.
    """

    units_of = columns_in(
        {
            "percent of income": "welfare",
            "percent": "real_wage",
            "ratio": "w_hat",
            "million USD": "equivalent_variation, income",
        }
    )

    simulation: Simulation
    scenario: Scenario
    costs: Costs
    after: Equilibria
    routed: list[RouteShares]

    @property
    def before(self) -> Equilibria:
        """Equilibria of the status quo."""
        return self.simulation.before

    @property
    def world(self) -> World:
        """The world."""
        return self.simulation.world

    @cached_property
    def equilibrium(self) -> Equilibrium:
        """The equilibrium beside the status quo, with names; of the first draw."""
        deficits = cast(Deficits, str(self.simulation.parameters.deficits[0]))
        return Equilibrium(
            self.before.of([0]), self.after.of([0]), deficits, self.simulation.tolerance
        )

    @cached_property
    def ways(self) -> tuple[list[Ways], list[Ways]]:
        """How goods that need a corridor go, before and after."""
        compiled = self.simulation.compiled
        return compiled.ways(compiled.status_quo), compiled.ways(self.costs)

    @property
    def handling(self) -> Array:
        """What countries earn as hubs more than in the status quo, [n,k]."""
        p, earned = self.simulation.parameters, np.zeros_like(self.after.H)
        choice = self.simulation.compiler.routes
        margin = p.hub_margin * (1 - p.false_transit)
        for shares in self.routed:
            assert choice is not None
            through = (shares.after - shares.before)[1:] * self.after.sales(*shares.trade.block)
            earned[choice.positions] += margin * through.sum((1, 2, 3))
        return earned

    @cached_property
    def leakage(self) -> Leakage | None:
        """Flows by route and what hubs earn, if the scenario has routes; of the first draw."""
        choice = self.simulation.compiler.routes
        if choice is None:
            return None
        return Leakage(self.equilibrium, choice, tuple(self.routed), self.handling[:, 0])

    @property
    def manifest(self) -> dict[str, Any]:
        """What made the numbers."""
        return {"scenario": self.scenario.title, **self.equilibrium.manifest}

    def tables(self) -> dict[str, pd.DataFrame]:
        """By draw and country, and with routes the trade of the first lane in the first draw."""
        changes = by_country(self.before, self.after, {}).to_dataframe().reset_index()
        if self.leakage is None:
            return {"countries": changes}
        return {"countries": changes, "routes": self.leakage.by_route().reset_index()}

    def document(self) -> dict[str, Any]:
        """The tables as plain data, with caveats and manifest."""
        rows = {name: table.to_dict("records") for name, table in self.tables().items()}
        return {**rows, "notes": self.equilibrium.notes, "manifest": self.manifest}

    def measure(self, metric: str, about: About) -> Array:
        """Compute a metric of `detente.simulation.metrics.METRICS`, in its unit, [draw]."""
        return METRICS[metric].compute(self, about)

    def cut_off(self, country: str, partners: Sequence[str]) -> tuple[Equilibria, Equilibria]:
        """Before and after, solved again with a country cut off from some partners."""
        cut_off = resolved((country, tuple(partners)), self.world)
        before = self.simulation.cut_before(cut_off)
        near = before.shifted(self.before, self.after)
        return before, self.simulation.cut(self.costs, [cut_off], near)

    def _repr_html_(self) -> str:
        return self.equilibrium._repr_html_()
