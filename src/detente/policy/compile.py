"""From scenarios to policies: measures, costs, tariffs, transfers and routes, for any draws.

`Compiler` holds what does not depend on the parameters: which trade each measure acts on, and
where routed trade and its legs are. `Compiled` is the same under some parameters, one value to a
draw. A policy is composed of the costs since the world's year (what came into force up to the
status quo) and the costs of a scenario on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.policy.effects import effect_of, log_costs, rate_step
from detente.policy.entries import Entries, both_ways, spread
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure, Strengths
from detente.policy.parameters import Parameters
from detente.policy.policy import Margins, Policy
from detente.policy.routes import (
    Legs,
    RouteChoice,
    RoutedTrade,
    RouteShares,
    rerouted,
    route_choice,
    route_costs,
    shares_of_routes,
)
from detente.policy.scenario import Action, Scenario
from detente.policy.scenario_effects import ScenarioEffects, blocks_of, tariff_block, words_of
from detente.world.world import World

CutOff = tuple[str, tuple[str, ...]]
"""A country and the partners it is cut off from."""


@dataclass(frozen=True, eq=False)
class Costs:
    """What is different from the status quo, before goods choose their routes.

    Attributes
    ----------
    log_d
        Log cost factors of the entries, with a last row of zeros for all other trade, [e+1,k].
    rate
        Tariff rates of the entries, [e,k].
    transfers
        Income given, [n,k].
    steps
        In words.
    """

    log_d: Array
    rate: Array
    transfers: Array
    steps: tuple[str, ...] = ()

    def with_transfer(self, payer: int, receiver: int, amount: Array) -> Costs:
        """The same with a transfer between two countries, by positions, in each draw."""
        transfers = np.repeat(self.transfers, amount.size // self.transfers.shape[1], axis=1)
        transfers[payer] -= amount
        transfers[receiver] += amount
        return replace(self, transfers=transfers)


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
    ) -> None:
        self.world, self.scenarios, self.cut_offs = world, dict(scenarios), tuple(cut_offs)
        self.assumptions = next(iter(self.scenarios.values()))
        since = since_the_year(self.assumptions, world)
        self.routes = _routes_of(self.assumptions, world)
        blocks = [b for s in (since, *scenarios.values()) for b in blocks_of(s, world)]
        blocks += [b for cut_off in cut_offs for b in both_ways(world, *cut_off)]
        trade = () if self.routes is None else self.routes.trade
        self.entries = Entries(world, [*blocks, *(t.block for t in trade)])
        hubs = np.empty(0, np.int64) if self.routes is None else self.routes.positions
        self.places = [Legs.of(t, hubs, self.entries) for t in trade]
        t = world.data["t"].values.transpose(2, 0, 1).ravel()
        self.t: Array = t[self.entries.positions]
        self.since = self._change(since, self.t, words_of(since))
        central = Strengths.at(self.assumptions.level)
        rates = self.t + self._steps(self.since, central, 1)[:, 0]
        self.changes = {
            name: self._change(s, rates, words_of(s, self.routes)) for name, s in scenarios.items()
        }
        self.in_force = self._in_force()

    def under(self, p: Parameters) -> Compiled:
        """The scenarios under some parameters."""
        return Compiled(self, p)

    def _change(self, scenario: Scenario, rates: Array, words: Sequence[str]) -> ScenarioEffects:
        tariffs = [a for a in scenario.actions() if self._collects(a, rates)]
        return ScenarioEffects.of(scenario, self.world, self.entries, tariffs, words)

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
        return bool(rates[rows].min(initial=np.inf) >= m.share * m.strength("low"))

    def _steps(self, change: ScenarioEffects, strengths: Strengths, draws: int) -> Array:
        """By how much tariff rates move, [e,k]."""
        steps = [np.broadcast_to(rate_step(a, strengths), draws) for a in change.tariffs]
        by_block = spread(np.array(steps).reshape(-1, draws), change.taxed_blocks)
        moved: Array = (change.taxed @ by_block)[:-1]
        return moved

    def _in_force(self) -> ScenarioEffects:
        """Measures in force at the status quo that weigh on direct trade which may be routed."""
        trade = () if self.routes is None else self.routes.trade
        ends = {self.world.countries[c] for t in trade for c in (*t.block[1], *t.block[2])}
        measures = self.assumptions.in_force(self.assumptions.start)
        touching = {k: m for k, m in measures.items() if m.target in ends}
        imposed = Scenario(title="in force", measures=touching, impose=list(touching))
        return ScenarioEffects.of(imposed, self.world, self.entries)


class Compiled:
    """The scenarios of a compiler under some parameters."""

    def __init__(self, compiler: Compiler, p: Parameters) -> None:
        self.compiler, self.p = compiler, p
        self._known: dict[str, list[tuple[Measure, Array]]] = {}
        self._since = self._log_d(compiler.since)
        rate = compiler.t[:, None] + compiler._steps(compiler.since, p.strengths, p.draws)
        nothing = np.zeros((len(compiler.world.countries), p.draws))
        words = compiler.since.words
        on = compiler.assumptions.status_quo
        steps = (f"status quo of {on}: {'; '.join(words)}",) if words else ()
        self.status_quo = Costs(np.zeros_like(self._since), rate, nothing, steps)

    def scenario(self, name: str, degrees: Mapping[str, Array] | None = None) -> Costs:
        """What a scenario does on top of the status quo.

        With `degrees`, by measure: the degree to which it is eased in each draw, 1 is lifting.
        """
        change, p = self.compiler.changes[name], self.p
        if degrees is not None:
            change = change.eased(degrees)
        log_d = self._log_d(change)
        draws = log_d.shape[1]
        steps = self.compiler._steps(change, p.strengths, draws)
        transfers = np.repeat(change.transfers[:, None], draws, axis=1)
        words = (*self.status_quo.steps, *change.words)
        return Costs(log_d, self.status_quo.rate + steps, transfers, words)

    def cut_offs(self, costs: Costs, cut_offs: Sequence[CutOff]) -> Costs:
        """The same with all direct trade of a country with some partners banned.

        One cut-off in all draws, or several one after the other under the costs of one draw.

        Raises
        ------
        ScenarioError
            The compiler was not told of a cut-off.
        """
        draws = costs.log_d.shape[1] * len(cut_offs)
        log_d = _wide(costs.log_d, draws) if len(cut_offs) > 1 else costs.log_d.copy()
        for k, (country, partners) in enumerate(cut_offs):
            if (country, partners) not in self.compiler.cut_offs:
                raise ScenarioError(
                    f"{country} cut off from {'+'.join(partners)}: name the cut-off when the "
                    "simulation is set up, with `cut_offs`"
                )
            column = k if len(cut_offs) > 1 else slice(None)
            for block in both_ways(self.compiler.world, country, partners):
                log_d[self.compiler.entries.rows(block), column] = np.inf
        log_d[-1] = 0.0
        words = [f"{country} cut off from {'+'.join(partners)}" for country, partners in cut_offs]
        return replace(costs, log_d=log_d, steps=(*costs.steps, "; or ".join(words)))

    def routed(self, costs: Costs) -> list[RouteShares]:
        """How routed trade goes under some costs."""
        choice = self.compiler.routes
        if choice is None:
            return []
        handling = choice.handling[:, None] * np.atleast_2d(self.p.handling)
        d = np.exp(costs.log_d)
        routed = []
        for trade, place, rho in zip(
            choice.trade, self.compiler.places, self.route_shares, strict=True
        ):
            legs = d[place.direct], d[place.first], d[place.second]
            kappa, after = rerouted(rho, route_costs(*legs, handling), self.vartheta(trade))
            routed.append(RouteShares(trade, rho, after, kappa))
        return routed

    def policy(self, costs: Costs, routed: Sequence[RouteShares] = ()) -> Policy:
        """The policy that some costs make on top of the status quo, goods going as they do."""
        log_d = self._since + costs.log_d
        places = self.compiler.places[: len(routed)]
        for shares, place in zip(routed, places, strict=True):
            log_d[place.direct] = self._since[place.direct] + np.log(shares.kappa)
        draws = max(log_d.shape[1], costs.transfers.shape[1])
        return Policy(
            entries=self.compiler.entries.positions,
            log_d=_wide(log_d[:-1], draws),
            rate=_wide(costs.rate, draws),
            transfers=_wide(costs.transfers, draws),
            margins=self._margins(routed, places, draws),
            steps=costs.steps,
        )

    @cached_property
    def route_shares(self) -> list[Array]:
        """Shares of the routes in the status quo, tilted by the measures in force."""
        choice, p = self.compiler.routes, self.p
        if choice is None:
            return []
        levels = np.array([choice.level_of_odds(float(share)) for share in p.hub_share])
        in_force = self._log_d(self.compiler.in_force)
        return [
            shares_of_routes(
                levels
                * trade.odds[..., None]
                * np.exp(self.vartheta(trade) * in_force[place.direct])
            )
            for trade, place in zip(choice.trade, self.compiler.places, strict=True)
        ]

    def vartheta(self, trade: RoutedTrade) -> Array:
        """Route elasticity (sector, 1, 1, k)."""
        choice, theta = self.compiler.routes, self.p.theta[trade.block[0]]
        assert choice is not None
        vartheta = self.p.nesting * theta if choice.vartheta is None else choice.vartheta
        by_sector: Array = np.broadcast_to(vartheta, theta.shape)[:, None, None]
        return by_sector

    def _margins(
        self, routed: Sequence[RouteShares], places: Sequence[Legs], draws: int
    ) -> Margins:
        """What hubs earn, for all trade and hubs that may be taken."""
        if not routed:
            return Margins.none(draws)
        shares = [
            self.p.hub_margin * (r.after - r.before)[1:][place.taken]
            for r, place in zip(routed, places, strict=True)
        ]
        return Margins(
            entry=np.concatenate([place.paying for place in places]),
            hub=np.concatenate([place.hub for place in places]),
            share=_wide(np.concatenate(shares), draws),
        )

    def _log_d(self, change: ScenarioEffects) -> Array:
        """Log cost factors of the entries, [e+1,k]."""
        given = change.given[:, None]
        if not change.costs:
            return np.repeat(given, self.p.draws, axis=1)
        world, p = self.compiler.world, self.p
        effects = [effect_of(a, self._in_force(a), world, p) for a in change.costs]
        draws = max(e.shape[1] for e in effects)
        stacked = np.concatenate([_wide(e, draws) for e in effects])
        log_d: Array = given + change.incidence @ stacked
        return log_d

    def _in_force(self, action: Action) -> Array:
        """Log costs of a measure in force; computed once for all scenarios that touch it."""
        known = self._known.setdefault(action.name, [])
        for measure, logs in known:
            if measure is action.measure or measure == action.measure:
                return logs
        logs = log_costs(action.measure, self.compiler.world, self.p)
        known.append((action.measure, logs))
        return logs


def since_the_year(scenario: Scenario, world: World) -> Scenario:
    """What was done to measures between the world's year and the status quo."""
    if scenario.status_quo is None:
        return Scenario(title="none")
    year_end = date(int(world.data.attrs["year"]), 12, 31)
    then, now = scenario.in_force(year_end), scenario.in_force(scenario.status_quo)
    return Scenario(
        title=f"status quo of {scenario.status_quo}",
        measures={**then, **now},
        lift=[m for m in then if m not in now],
        impose=[m for m in now if m not in then],
    )


def _routes_of(scenario: Scenario, world: World) -> RouteChoice | None:
    r = scenario.routes
    if r is None:
        return None
    ends = [(lane.origins, lane.destinations) for lane in r.lanes]
    return route_choice(world, r.hubs, ends, vartheta=r.vartheta, enforcement=r.enforcement)


def _wide(values: Array, draws: int) -> Array:
    """Values [..., k] for all draws, where one may stand for all."""
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:-1], draws)))
