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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache

import numpy as np

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.policy.compiled import Compiled
from detente.policy.contained import ContainedFall
from detente.policy.corridors import corridors_on_file
from detente.policy.effects import rate_step
from detente.policy.entries import Entries, Touched, both_ways
from detente.policy.in_force import CostsInForce
from detente.policy.joint import CutOff, Joint
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure, Strengths
from detente.policy.parameters import Parameters
from detente.policy.register import register
from detente.policy.routes import Legs, RouteChoice, route_choice
from detente.policy.scenario import Action, Scenario
from detente.policy.scenario_effects import (
    ScenarioEffects,
    ScenarioTrade,
    tariff_block,
    words_of,
)
from detente.world.industries import is_held
from detente.world.names import is_in
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
    joint
        Measures that act together.
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
        year = InForce() if self._year is None else self._in_force(self._year)
        now = InForce() if period is None else self._in_force(period)
        said = [] if period is None else [_status_quo_in_words(period, now, self.assumptions)]
        contained = _trade_of(world, year, collecting=False)
        standing = replace(_trade_of(world, now, collecting=True), words=tuple(said))
        self.routes = _routes_of(self.assumptions, world)
        rates = self._rates_in(standing)
        changes = {name: self._change(s, rates) for name, s in scenarios.items()}
        trade = () if self.routes is None else self.routes.trade
        blocks = [b for cut_off in cut_offs for b in both_ways(world, *cut_off)]
        blocks += [t.block for t in trade]
        joint = [a for t in (contained, standing, *changes.values()) for a in t.joint]
        self.joint = Joint.of(
            world,
            {**corridors_on_file(), **self.assumptions.corridors},
            _one_for_each_name(joint),
            self.cut_offs,
        )
        blocks += self.joint.blocks
        acted = [part for t in (contained, standing, *changes.values()) for part in t.parts]
        self.entries = Entries(world, [*acted, Touched.of(world, blocks)])
        hubs = np.empty(0, np.int64) if self.routes is None else self.routes.positions
        self.places = [Legs.of(t, hubs, self.entries) for t in trade]
        self.t: Array = _rates(world)[self.entries.positions]
        self.estimated = ContainedFall.of(world, self.entries)
        self.year, self.now = contained.on(self.entries), standing.on(self.entries)
        self.changes = {name: change.on(self.entries) for name, change in changes.items()}
        self.table_year = None if self._year is None else self._year[0].year
        self.status_year = self.table_year if period is None else period[1].year

    def under(self, p: Parameters, known: CostsInForce | None = None) -> Compiled:
        """The scenarios under some parameters; what is known of costs is not computed again."""
        return Compiled(self, p, known)

    def _change(self, scenario: Scenario, rates: Array) -> ScenarioTrade:
        actions = list(self._on_sectors_held(scenario.actions()))
        if self.at_table:
            actions = [a if a.verb == "impose" else self._within_year(a) for a in actions]
        tariffs = [a for a in actions if self._collects(a, rates)]
        return ScenarioTrade.of(
            scenario, actions, self.world, tariffs, words_of(scenario, self.routes)
        )

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

    def _in_force(self, period: Period) -> InForce:
        """Measures in force in a period, by their months.

        At the table itself those on file on the same targets are enough.
        """
        known = self.assumptions.known_in_force(*period)
        if self.at_table:
            actions = [a for s in self.scenarios.values() for a in s.actions()]
            targets = {a.measure.target for a in actions if a.name in register().measures}
            known = {k: m for k, m in known.items() if m.target in targets}
        here = {k: _in_world(m, self.world) for k, m in known.items()}
        imposed = [
            Action("impose", k, m, months=m.months(*period))
            for k, m in here.items()
            if m is not None
        ]
        imposed = list(self._on_sectors_held(imposed))
        return InForce(tuple(a.name for a in imposed), tuple(imposed))

    def _on_sectors_held(self, actions: Iterable[Action]) -> Iterator[Action]:
        """The actions; of measures on file, on those of their sectors that the world has.

        A table of goods only has nothing for a ban on flights. Of a user's own measure it is told.
        """
        on_file, own = register().measures, self.assumptions.measures
        for action in actions:
            name, m = action.name, action.measure
            held = [s for s in m.sectors if is_held(s, self.world.sectors)]
            if held == m.sectors:
                yield action
            elif name not in on_file or own.get(name, on_file[name]) != on_file[name]:
                absent = ", ".join(s for s in m.sectors if s not in held)
                raise ScenarioError(
                    f"the measure {name!r} is on {absent}, which no sector of the world "
                    f"{self.world.name!r} holds"
                )
            elif held:
                yield replace(action, measure=m.model_copy(update={"sectors": held}))

    def _collects(self, action: Action, rates: Array) -> bool:
        """Tell whether a tariff is imposed, or collects revenue in the world that it leaves.

        A tariff that the baseline's trade has felt but its accounts do not show (the embedded world
        has no tariffs) is taken off like any other cost, without a loss of revenue.
        """
        m = action.measure
        collects = KINDS[m.kind].collects_revenue
        if not collects or action.verb == "impose":
            return collects
        taxed = Touched.of(self.world, [tariff_block(m, self.world)])
        return bool(
            rates[taxed.trade].min(initial=np.inf)
            >= np.min(m.products(self.world)[1]) * m.strength("low")
        )

    def _rates_in(self, standing: ScenarioTrade) -> Array:
        """Tariff rates of the status quo on all trade, [(j,n,i)]."""
        strengths, taxed = Strengths.at(self.assumptions.level), standing.taxed
        steps = taxed.spread(np.array([rate_step(a, strengths) for a in standing.tariffs]))
        rates = _rates(self.world)
        now: Array = rates + np.bincount(taxed.trade, steps[taxed.column], rates.size)
        return now

    def steps(self, change: ScenarioEffects, strengths: Strengths, draws: int) -> Array:
        """By how much tariff rates move, [e,k]."""
        steps = [np.broadcast_to(rate_step(a, strengths), draws) for a in change.tariffs]
        by_block = change.taxed.spread(np.array(steps).reshape(-1, draws))
        moved: Array = (change.tax_incidence @ by_block)[:-1]
        return moved


def _in_world(measure: Measure, world: World) -> Measure | None:
    """A measure on file with those of its senders that a world has; None where it has none."""
    if measure.target not in world.countries:
        return None
    senders = [s for s in measure.senders if is_in(s, world.countries)]
    if senders == measure.senders:
        return measure
    return measure.model_copy(update={"senders": senders}) if senders else None


def _one_for_each_name(actions: Sequence[Action]) -> dict[str, Measure]:
    """The measures of some actions by name; the same name must mean the same measure."""
    found: dict[str, Measure] = {}
    for action in actions:
        if found.setdefault(action.name, action.measure) != action.measure:
            raise ScenarioError(
                f"two measures are called {action.name!r}; give them a `title` each"
            )
    return found


@dataclass(frozen=True)
class InForce:
    """Measures in force in a period, by their months; names stand for all in the hash."""

    names: tuple[str, ...] = ()
    actions: tuple[Action, ...] = field(default=(), hash=False)


@lru_cache(maxsize=8)
def _trade_of(world: World, in_force: InForce, collecting: bool) -> ScenarioTrade:
    """The trade of measures in force, whose tariffs collect revenue or are costs like others."""
    actions = in_force.actions
    taxes = [a for a in actions if collecting and KINDS[a.measure.kind].collects_revenue]
    return ScenarioTrade.of(Scenario(title="none"), actions, world, taxes)


@lru_cache(maxsize=8)
def _rates(world: World) -> Array:
    """Tariff rates of the table on all trade, [(j,n,i)]."""
    rates: Array = world.data["t"].values.transpose(2, 0, 1).ravel()
    return rates


def _status_quo_in_words(period: Period, in_force: InForce, a: Scenario) -> str:
    first, last = period
    when = f"of {first}" if first == last else f"from {first} to {last}"
    central = f"the posterior {a.confirmed.fingerprint}"
    strengths = central if a.level == "central" else f"their {a.level} values"
    count = len(in_force.names)
    return f"status quo {when}: {count} measures in force, strengths at {strengths}"


def _routes_of(scenario: Scenario, world: World) -> RouteChoice | None:
    r = scenario.routes
    if r is None:
        return None
    ends = [(lane.origins, lane.destinations) for lane in r.lanes]
    return route_choice(world, r.hubs, ends, vartheta=r.vartheta, enforcement=r.enforcement)
