"""From scenarios to policies: measures, costs, tariffs, transfers and routes, for any draws.

Three states of the world: the reference, with no measure in it; the status quo of a day or of a
period; and what a scenario makes of that. The world's table is none of them: it contains part of
the measures of its year (`detente.policy.contained`). So the reference is the table without that
part, the status quo is the reference with all measures in force at their full strength, and what is
lifted gives back no more than it took.

`Compiler` holds what does not depend on the parameters: which trade each measure acts on, and
where routed trade and its legs are. `Compiled` is the same under some parameters, one value to a
draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

import numpy as np

from detente.arrays import Array
from detente.policy.compiled import Compiled, CutOff
from detente.policy.contained import ContainedFall
from detente.policy.effects import blocks_touched, rate_step
from detente.policy.entries import Entries, both_ways, spread
from detente.policy.kinds import KINDS
from detente.policy.measures import Strengths
from detente.policy.parameters import Parameters
from detente.policy.register import register
from detente.policy.routes import Legs, RouteChoice, route_choice
from detente.policy.scenario import Action, Scenario
from detente.policy.scenario_effects import ScenarioEffects, blocks_of, tariff_block, words_of
from detente.world.world import World

Period = tuple[date, date]
"""First and last day."""


class Compiler:
    """Scenarios on one world, under the same assumptions.

    Parameters
    ----------
    world
        The world, with balanced trade or without.
    scenarios
        By name; the assumptions of the first hold for all.
    cut_offs
        The cut-offs that will be asked for.
    period
        Takes the place of the scenarios' status quo: measures count by their months in it.

    Attributes
    ----------
    entries
        The trade whose cost any of this changes.
    routes
        Route choice, if the scenarios have any.
    """

    def __init__(
        self,
        world: World,
        scenarios: Mapping[str, Scenario],
        cut_offs: Sequence[CutOff] = (),
        period: Period | None = None,
    ) -> None:
        self.world, self.scenarios, self.cut_offs = world, dict(scenarios), tuple(cut_offs)
        self.assumptions = next(iter(self.scenarios.values()))
        self.at_table = self.assumptions.status_quo is None and period is None
        on = self.assumptions.status_quo
        period = period or (None if on is None else (on, on))
        year = [] if self._year is None else self._in_force(self._year)
        now = [] if period is None else self._in_force(period)
        self.routes = _routes_of(self.assumptions, world)
        blocks = [b for s in scenarios.values() for b in blocks_of(s, world)]
        blocks += [b for a in (*year, *now) for b in blocks_touched(a.measure, world)]
        blocks += [b for cut_off in cut_offs for b in both_ways(world, *cut_off)]
        trade = () if self.routes is None else self.routes.trade
        self.entries = Entries(world, [*blocks, *(t.block for t in trade)])
        hubs = np.empty(0, np.int64) if self.routes is None else self.routes.positions
        self.places = [Legs.of(t, hubs, self.entries) for t in trade]
        t = world.data["t"].values.transpose(2, 0, 1).ravel()
        self.t: Array = t[self.entries.positions]
        self.estimated = ContainedFall.of(world, self.entries)
        taxes = [a for a in now if KINDS[a.measure.kind].collects_revenue]
        said = [] if period is None else [_status_quo_in_words(period, now, self.assumptions)]
        nothing = Scenario(title="none")
        self.year = ScenarioEffects.of(nothing, year, world, self.entries)
        self.now = ScenarioEffects.of(nothing, now, world, self.entries, taxes, said)
        rates = self.t + self.steps(self.now, Strengths.at(self.assumptions.level), 1)[:, 0]
        self.changes = {
            name: self._change(s, rates, words_of(s, self.routes)) for name, s in scenarios.items()
        }

    def under(self, p: Parameters) -> Compiled:
        """The scenarios under some parameters."""
        return Compiled(self, p)

    def _change(self, scenario: Scenario, rates: Array, words: Sequence[str]) -> ScenarioEffects:
        actions = scenario.actions()
        if self.at_table:
            actions = [a if a.verb == "impose" else self._within_year(a) for a in actions]
        tariffs = [a for a in actions if self._collects(a, rates)]
        return ScenarioEffects.of(scenario, actions, self.world, self.entries, tariffs, words)

    def _within_year(self, action: Action) -> Action:
        """An action on a measure of the table, which has it for its months of the year only."""
        if self._year is None:
            return action
        return replace(action, months=action.measure.months(*self._year) or 1.0)

    @cached_property
    def _year(self) -> Period | None:
        """The year of the table, for a world that knows it."""
        year = self.world.data.attrs.get("year")
        return None if year is None else (date(int(year), 1, 1), date(int(year), 12, 31))

    def _in_force(self, period: Period) -> list[Action]:
        """Measures in force in a period, by their months.

        At the table itself those on file on the same targets are enough.
        """
        known = self.assumptions.known_in_force(*period)
        if self.at_table:
            actions = [a for s in self.scenarios.values() for a in s.actions()]
            targets = {a.measure.target for a in actions if a.name in register().measures}
            known = {k: m for k, m in known.items() if m.target in targets}
        return [
            Action("impose", name, m, months=m.months(*period))
            for name, m in known.items()
            if m.target in self.world.countries
        ]

    def _collects(self, action: Action, rates: Array) -> bool:
        """Tell whether a tariff is imposed, or collects revenue in the world that it leaves.

        A tariff that the baseline's trade has felt but its accounts do not show (the embedded world
        has no tariffs) is taken off like any other cost, without a loss of revenue.
        """
        m = action.measure
        collects = KINDS[m.kind].collects_revenue
        if not collects or action.verb == "impose":
            return collects
        rows = self.entries.rows(tariff_block(m, self.world))
        rows = rows[rows < rates.size]
        return bool(rates[rows].min(initial=np.inf) >= m.covered * m.strength("low"))

    def steps(self, change: ScenarioEffects, strengths: Strengths, draws: int) -> Array:
        """By how much tariff rates move, [e,k]."""
        steps = [np.broadcast_to(rate_step(a, strengths), draws) for a in change.tariffs]
        by_block = spread(np.array(steps).reshape(-1, draws), change.taxed_blocks)
        moved: Array = (change.taxed @ by_block)[:-1]
        return moved


def _status_quo_in_words(period: Period, in_force: Sequence[Action], a: Scenario) -> str:
    first, last = period
    when = f"of {first}" if first == last else f"from {first} to {last}"
    central = f"the posterior {a.confirmed.fingerprint}"
    strengths = central if a.level == "central" else f"their {a.level} values"
    return f"status quo {when}: {len(in_force)} measures in force, strengths at {strengths}"


def _routes_of(scenario: Scenario, world: World) -> RouteChoice | None:
    r = scenario.routes
    if r is None:
        return None
    ends = [(lane.origins, lane.destinations) for lane in r.lanes]
    return route_choice(world, r.hubs, ends, vartheta=r.vartheta, enforcement=r.enforcement)
