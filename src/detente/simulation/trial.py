"""A batch of draws of a case: the status quo and every scenario of each draw, solved in full.

The last axis of every array is the draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.cases import Case
from detente.equilibrium.baseline import baseline_of
from detente.equilibrium.ensemble import Ensemble, EnsembleSolver, Margins, Policy
from detente.policy import Scenario, compile_scenario, register
from detente.policy.changes import Changes
from detente.policy.compilation import since_the_year
from detente.policy.incidence import Block, Entries, Incidence, block_of, blocks_touched
from detente.policy.routes import (
    HUB_SHARE,
    Lane,
    RouteChoice,
    rerouted,
    route_choice,
    route_costs,
    shares_of_routes,
)
from detente.policy.scenario import Action
from detente.simulation.measurement import Comparison, Rerouted
from detente.simulation.sampling import Draws
from detente.world.world import World

TOLERANCE = 1e-8
"""Of the solves of a draw; the metrics are then good to a millionth of a percent of income."""

Cut = tuple[str, tuple[str, ...]]
"""A country and the partners it is cut off from."""


class Setting:
    """A case on its world, for some of its scenarios: all that batches of draws have in common.

    Parameters
    ----------
    case
        The case.
    world
        Its world, with balanced trade or without.
    scenarios
        Names of the scenarios that will be asked for.
    cuts
        The cut-offs that will be.

    Attributes
    ----------
    entries
        The trade whose cost any of this changes.
    status_quo, scenarios
        Incidence of what came before the status quo, and of each scenario.
    routes
        Route choice without measures in force, if the case has any.
    """

    def __init__(
        self, case: Case, world: World, scenarios: Sequence[str], cuts: Sequence[Cut]
    ) -> None:
        self.case, self.world = case, world
        self.routes = self._routes()
        before = self._before()
        chosen = {name: case.scenario(name) for name in scenarios}
        blocks = [b for s in (before, *chosen.values()) for b in self._blocks(s)]
        blocks += [b for cut in cuts for b in self.both_ways(cut)]
        if self.routes is not None:
            blocks += [self.routes.positions(lane) for lane in self.routes.lanes]
        self.entries = Entries(world, blocks)
        changed = compile_scenario(before, world)
        self.status_quo = self._incidence(before, changed.duties)
        self.scenarios = {
            name: self._incidence(s, compile_scenario(s, world, onto=changed.changes).duties)
            for name, s in chosen.items()
        }
        self.transfers = {name: _net_transfers(s, world) for name, s in chosen.items()}
        self.in_force = self._in_force()
        self.lanes = (
            []
            if self.routes is None
            else [_Place.of(self.routes, lane, self.entries) for lane in self.routes.lanes]
        )

    def both_ways(self, cut: Cut) -> list[Block]:
        """The trade that a cut-off ends."""
        country, partners = cut
        ends = (country, list(partners))
        return [block_of(self.world, None, *way) for way in (ends, ends[::-1])]

    def _before(self) -> Scenario:
        if self.case.status_quo is None:
            return Scenario(title="none")
        return since_the_year(register(), self.world, self.case.status_quo)

    def _blocks(self, scenario: Scenario) -> list[Block]:
        given = [block_of(self.world, c.sectors, c.destinations, c.origins) for c in scenario.costs]
        return [*blocks_touched(scenario.actions(), self.world), *given]

    def _incidence(self, scenario: Scenario, duties: Sequence[Action]) -> Incidence:
        actions = [a for a in scenario.actions() if a not in duties]
        return Incidence(self.world, self.entries, actions, duties, scenario.costs)

    def _routes(self) -> RouteChoice | None:
        r = self.case.routes
        if r is None:
            return None
        lanes = [(lane.origins, lane.destinations) for lane in r.lanes]
        choice = route_choice(self.world, r.hubs, lanes, vartheta=r.vartheta)
        return choice.with_enforcement(r.enforcement) if r.enforcement else choice

    def _in_force(self) -> Incidence:
        """Incidence on direct trade of what is in force in the baseline."""
        lanes = () if self.routes is None else self.routes.lanes
        ends = {c for lane in lanes for c in (*lane.origins, *lane.destinations)}
        start = self.case.scenario(next(iter(self.case.scenarios))).start
        measures = register().in_force(start).measures
        touching = [Action("impose", k, m) for k, m in measures.items() if m.target in ends]
        return Incidence(self.world, self.entries, touching)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a lane is among the entries.

    Attributes
    ----------
    sectors
        Positions of its sectors.
    direct, first, second
        Rows of its trade (sector, destination, origin), of the legs to the hubs (sector, hub,
        origin) and from them (sector, destination, hub).
    taken
        Whether a hub has any of it, (hub, sector, destination, origin).
    paying, hub
        Where it does: the row of the trade and the position of the hub.
    """

    sectors: Positions
    direct: Positions
    first: Positions
    second: Positions
    taken: Flags
    paying: Positions
    hub: Positions

    @classmethod
    def of(cls, choice: RouteChoice, lane: Lane, entries: Entries) -> _Place:
        """Find a lane."""
        j, n, i = choice.positions(lane)
        h = choice.hub_positions
        direct = entries.rows((j, n, i))
        taken = lane.odds > 0
        return cls(
            sectors=j,
            direct=direct,
            first=entries.rows((j, h, i)),
            second=entries.rows((j, n, h)),
            taken=taken,
            paying=np.broadcast_to(direct, taken.shape)[taken],
            hub=np.broadcast_to(h[:, None, None, None], taken.shape)[taken],
        )


def _net_transfers(scenario: Scenario, world: World) -> Array:
    """Income given by a scenario, [n]."""
    changes = Changes(world)
    for t in scenario.transfers:
        changes = changes.transfer(t.payer, t.receiver, t.amount)
    return np.zeros(len(world.countries)) if changes.transfers is None else changes.transfers


@dataclass(frozen=True, eq=False)
class Shift:
    """What is different from the status quo.

    Attributes
    ----------
    log_d
        Log cost factors of the entries, with a last row of zeros for all other trade, [e+1,k].
    rate
        Tariff rates of the entries, [e,k].
    transfers
        Income given, [n,k].
    """

    log_d: Array
    rate: Array
    transfers: Array


class Trial:
    """A batch of draws: their status quo, and their scenarios as they are asked for.

    Attributes
    ----------
    setting, draws
        The case on its world, and the draws.
    before
        Equilibria of the status quo.
    """

    def __init__(self, setting: Setting, draws: Draws) -> None:
        case, world, entries = setting.case, setting.world, setting.entries
        self.setting, self.draws = setting, draws
        in_shares = draws.get("closure", case.deficits) != "value"
        self._solver = EnsembleSolver(world, draws.theta, in_shares, TOLERANCE)
        base = baseline_of(world)
        self._theta = draws.theta[entries.sector]
        self._pi = base.pi.ravel()[entries.positions, None]
        self._t = base.t.ravel()[entries.positions, None]
        self._since = setting.status_quo.log_costs(draws.strengths, draws.theta_long)
        steps = setting.status_quo.rate_steps(draws.strengths, draws.size)
        nothing = np.zeros((len(world.countries), draws.size))
        self._status_quo = Shift(np.zeros_like(self._since), self._t + steps[:-1], nothing)
        self._lanes = self._baseline_routes()
        self.before = self._solver.solve(self._policy(self._status_quo, ()))
        self._cut_before: dict[Cut, Ensemble] = {}

    def compare(self, name: str) -> Comparison:
        """Solve a scenario on top of the status quo."""
        incidence, draws = self.setting.scenarios[name], self.draws
        steps = incidence.rate_steps(draws.strengths, draws.size)
        shift = Shift(
            incidence.log_costs(draws.strengths, draws.theta_long),
            self._status_quo.rate + steps[:-1],
            np.repeat(self.setting.transfers[name][:, None], draws.size, axis=1),
        )
        after, shift, rerouted = self._with_patronage(shift)

        def cut_off(country: str, partners: tuple[str, ...]) -> tuple[Ensemble, Ensemble]:
            cut = (country, partners)
            if cut not in self._cut_before:
                self._cut_before[cut] = self._solve(self._cut(self._status_quo, cut), self.before)
            before = self._cut_before[cut]
            near = before.shifted(self.before, after)
            return before, self._solve(self._cut(shift, cut), near)

        return Comparison(self.before, after, rerouted, cut_off)

    def _with_patronage(self, shift: Shift) -> tuple[Ensemble, Shift, Rerouted | None]:
        """Solve with the patron's subsidy shrunk by its share of the client's gain."""
        ways = self._ways(shift)
        found = self._solver.solve(self._policy(shift, ways), self.before)
        p = self.setting.case.patronage
        share = self.draws.get("transfer-share", 0.0 if p is None else p.share)
        if p is not None and share.any():
            client, patron = (self.setting.world.countries.index(c) for c in (p.client, p.patron))
            gain = found.real_income[client] / self.before.real_income[client] - 1
            withheld = share * gain * self.before.I[client]
            transfers = shift.transfers.copy()
            transfers[client] -= withheld
            transfers[patron] += withheld
            shift = replace(shift, transfers=transfers)
            found = self._solver.solve(self._policy(shift, ways), found)
        routes = self.setting.routes
        if routes is None:
            return found, shift, None
        return found, shift, Rerouted(routes, self._lanes[0].rho, ways[0].rho)

    def _solve(self, shift: Shift, start: Ensemble) -> Ensemble:
        return self._solver.solve(self._policy(shift, self._ways(shift)), start)

    def _cut(self, shift: Shift, cut: Cut) -> Shift:
        log_d = shift.log_d.copy()
        for block in self.setting.both_ways(cut):
            log_d[self.setting.entries.rows(block)] = np.inf
        log_d[-1] = 0.0
        return replace(shift, log_d=log_d)

    def _baseline_routes(self) -> list[_Lane]:
        """Shares of the routes in the baseline, tilted by the measures in force."""
        choice, case, draws = self.setting.routes, self.setting.case, self.draws
        if choice is None or case.routes is None:
            return []
        own = HUB_SHARE if case.routes.hub_share is None else case.routes.hub_share
        shares = draws.get("hub-share", own)
        levels = np.array([choice.level_of_odds(float(share)) for share in shares])
        theta = draws.theta[self.setting.lanes[0].sectors]
        vartheta = draws.nesting * theta if choice.vartheta is None else choice.vartheta
        vartheta = np.broadcast_to(vartheta, theta.shape)[:, None, None]
        in_force = self.setting.in_force.log_costs(draws.strengths, draws.theta_long)
        return [
            _Lane(
                vartheta=vartheta,
                rho=shares_of_routes(
                    levels * lane.odds[..., None] * np.exp(vartheta * in_force[place.direct])
                ),
            )
            for lane, place in zip(choice.lanes, self.setting.lanes, strict=True)
        ]

    def _ways(self, shift: Shift) -> list[_Way]:
        """Composite costs of the lanes, and shares of their routes."""
        routes = self.setting.routes
        if routes is None:
            return []
        d = np.exp(shift.log_d)
        ways = []
        for lane, place in zip(self._lanes, self.setting.lanes, strict=True):
            legs = d[place.direct], d[place.first], d[place.second]
            kappa, rho = rerouted(lane.rho, route_costs(*legs, routes.handling), lane.vartheta)
            ways.append(_Way(kappa, rho))
        return ways

    def _policy(self, shift: Shift, ways: Sequence[_Way]) -> Policy:
        """The policy that a shift and its ways make on top of the status quo."""
        log_d = self._since + shift.log_d
        for way, place in zip(ways, self.setting.lanes, strict=False):
            log_d[place.direct] = self._since[place.direct] + np.log(way.kappa)
        A = self._pi * np.exp(-self._theta * log_d[:-1])
        taxed = np.flatnonzero((shift.rate != self._t).any(1))
        wedge = (1 + shift.rate[taxed]) / (1 + self._t[taxed])
        A[taxed] *= wedge ** -self._theta[taxed]
        margins = self._margins(ways)
        return Policy(self.setting.entries.positions, A, shift.rate, margins, shift.transfers)

    def _margins(self, ways: Sequence[_Way]) -> Margins:
        """What hubs earn, for every lane and hub that may be taken."""
        K, places = self.draws.size, self.setting.lanes
        margin = self.draws.get("hub-margin", getattr(self.setting.case.routes, "margin", 0.0))
        shares = [
            margin * (way.rho - lane.rho)[1:][place.taken]
            for way, lane, place in zip(ways, self._lanes, places, strict=False)
        ]
        nothing = np.empty(0, np.int64)
        return Margins(
            entry=np.concatenate([nothing, *[p.paying for p in places[: len(ways)]]]),
            hub=np.concatenate([nothing, *[p.hub for p in places[: len(ways)]]]),
            share=np.concatenate([np.empty((0, K)), *shares]),
        )


class _Lane(NamedTuple):
    """Route choice on a lane: elasticity (sector, 1, 1, k), shares before (route, block, k)."""

    vartheta: Array
    rho: Array


class _Way(NamedTuple):
    """How a lane is used: composite cost (block, k) and shares after (route, block, k)."""

    kappa: Array
    rho: Array
