"""Scenarios under some parameters: their costs, routes and policies, one value to a draw.

`detente.policy.compile` says what the three states of the world are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from detente.arrays import Array, Positions
from detente.errors import ScenarioError
from detente.policy.effects import effect_of
from detente.policy.entries import both_ways
from detente.policy.in_force import CostsInForce
from detente.policy.joint import CutOff, JointUnder, Ways
from detente.policy.parameters import Parameters
from detente.policy.policy import Margins, Policy
from detente.policy.register import register
from detente.policy.routes import (
    Legs,
    RoutedTrade,
    RouteShares,
    rerouted,
    route_costs,
    shares_of_routes,
)
from detente.policy.scenario import Action
from detente.policy.scenario_effects import ScenarioEffects

if TYPE_CHECKING:
    from detente.policy.compile import Compiler


@dataclass(frozen=True, eq=False)
class Costs:
    """What is different from the status quo, before goods choose their routes.

    Attributes
    ----------
    log_d
        Log cost factors of the entries, with a last row of zeros for all other trade, without those
        of measures that act together, [e+1,k].
    rate
        Tariff rates of the entries, [e,k].
    extents
        By how much measures that act together are more in force, [m,k].
    transfers
        Income given, [n,k].
    steps
        In words.
    """

    log_d: Array
    rate: Array
    extents: Array
    transfers: Array
    steps: tuple[str, ...] = ()

    @classmethod
    def side_by_side(cls, each: Sequence[Costs]) -> Costs:
        """Costs of one draw each, one to a draw."""
        log_d, rate, extents, transfers = (
            np.concatenate([getattr(costs, name) for costs in each], axis=-1)
            for name in ("log_d", "rate", "extents", "transfers")
        )
        return cls(log_d, rate, extents, transfers)

    def at(self, draw: int, steps: tuple[str, ...]) -> Costs:
        """Of one draw, with the words for it."""
        one = slice(draw, draw + 1)
        log_d, rate, extents, transfers = (
            a[..., one] for a in (self.log_d, self.rate, self.extents, self.transfers)
        )
        return Costs(log_d, rate, extents, transfers, steps)

    def with_transfer(self, payer: int, receiver: int, amount: Array) -> Costs:
        """The same with a transfer between two countries, by positions, in each draw."""
        transfers = np.repeat(self.transfers, amount.size // self.transfers.shape[1], axis=1)
        transfers[payer] -= amount
        transfers[receiver] += amount
        return replace(self, transfers=transfers)


class Compiled:
    """The scenarios of a compiler under some parameters."""

    def __init__(
        self, compiler: Compiler, p: Parameters, known: CostsInForce | None = None
    ) -> None:
        self.compiler, self.p = compiler, p
        world = compiler.world
        self.in_force = CostsInForce(world, p) if known is None else known.under(world, p)
        self.joint = JointUnder(compiler.joint, compiler.entries, p)
        in_year = compiler.joint.extents(compiler.year.joint)
        self._ways_of_table = self.joint.ways(in_year, compiler.table_year)
        year = self._with_joint(
            self._log_d(compiler.year), self.joint.log_d(in_year, compiler.table_year)
        )
        self.contained = self._of_year(year)
        self._share_contained = np.divide(
            self.contained, year, out=np.ones_like(year), where=(year > 0) & np.isfinite(year)
        )
        if compiler.at_table:
            self._extents = compiler.joint.unseen(in_year)
            self.full = self.contained
        else:
            self._extents = compiler.joint.extents(compiler.now.joint)
            self.full = self._with_joint(self._log_d(compiler.now), self._joint_before)
        rate = compiler.t[:, None] + compiler.steps(compiler.now, p.strengths, p.draws)
        nothing = np.zeros((len(compiler.world.countries), p.draws))
        unmoved = np.zeros_like(self._extents)
        self.status_quo = Costs(
            np.zeros_like(self.full), rate, unmoved, nothing, compiler.now.words
        )

    def _of_year(self, full: Array) -> Array:
        """Log costs that the table contains, where its measures would make them `full`, [e+1,k].

        What was estimated is a fall of trade in that year, whatever the elasticity.
        """
        compiler, p = self.compiler, self.p
        N = len(compiler.world.countries)
        theta = p.theta[compiler.entries.positions // N**2]
        found = compiler.estimated.in_draws(p.contained) / theta
        contained = full.copy()
        contained[:-1] = np.where(np.isnan(found), full[:-1], np.minimum(found, full[:-1]))
        return contained

    @cached_property
    def _since(self) -> Array:
        """Log costs of the status quo beside the table, routed trade over all routes, [e+1,k]."""
        banned = np.isinf(self.contained)
        if (banned & np.isfinite(self.full)).any():
            raise ScenarioError(
                "a complete ban of the table's year has ended by the status quo, and the table "
                "does not show the trade it prevented; give it an `ave` instead"
            )
        since = np.where(banned, 0.0, self.full - np.where(banned, 0.0, self.contained))
        for trade, place, rho in zip(*self._routed_places, self._unsanctioned, strict=True):
            then, now = (
                self._over_routes(costs, trade, place, rho)[0]
                for costs in (self.contained, self.full)
            )
            since[place.direct] = np.log(now) - np.log(then)
        return since

    def scenario(self, name: str, degrees: Mapping[str, Array] | None = None) -> Costs:
        """What a scenario does on top of the status quo.

        With `degrees`, by measure: the degree to which it is eased in each draw, 1 is lifting.
        """
        change, p = self.compiler.changes[name], self.p
        if degrees is not None:
            change = change.eased(degrees)
        log_d = self._log_d(change)
        extents = self.compiler.joint.moved(change.joint, self._extents, p)
        draws = max(log_d.shape[1], extents.shape[1])
        rate = self.status_quo.rate + self.compiler.steps(change, p.strengths, draws)
        transfers = np.repeat(change.transfers[:, None], draws, axis=1)
        words = (*self.status_quo.steps, *change.words)
        return Costs(_wide(log_d, draws), rate, _wide(extents, draws), transfers, words)

    def log_d(self, costs: Costs) -> Array:
        """Log cost factors that some costs make on top of the status quo, [e+1,k].

        Raises
        ------
        ScenarioError
            A corridor opens where all were shut: nothing shows what trade would be.
        """
        if not costs.extents.any():
            return costs.log_d
        before = self._joint_before
        after = self.joint.log_d(self._extents + costs.extents, self.compiler.status_year)
        shut = np.isinf(before)
        if (shut & np.isfinite(after)).any():
            raise ScenarioError(
                "all corridors of an exporter are shut in the status quo; what goes by one that "
                "opens cannot be told"
            )
        change = np.where(shut, 0.0, after - np.where(shut, 0.0, before))
        if self.compiler.at_table:
            of_table = self._share_contained[self.joint.rows]
            change = change - (1 - of_table) * np.minimum(change, 0.0)
        return self._with_joint(costs.log_d, change)

    def _with_joint(self, log_d: Array, joint: Array) -> Array:
        """Log cost factors [e+1,k] with those of the trade that needs corridors, [x,k]."""
        if not self.joint.rows.size:
            return log_d
        draws = max(log_d.shape[1], joint.shape[1])
        together = np.array(np.broadcast_to(log_d, (len(log_d), draws)))
        np.add.at(together, self.joint.rows, joint)
        together[-1] = 0.0
        return together

    @cached_property
    def _joint_before(self) -> Array:
        return self.joint.log_d(self._extents, self.compiler.status_year)

    def ways(self, costs: Costs) -> list[Ways]:
        """How goods that need a corridor go under some costs."""
        return self.joint.ways(self._extents + costs.extents, self.compiler.status_year)

    def cut_offs(self, costs: Costs, cut_offs: Sequence[CutOff]) -> Costs:
        """The same with all direct trade of a country with some partners banned.

        One cut-off in all draws, or several one after the other under the costs of one draw.

        Raises
        ------
        ScenarioError
            The compiler was not told of a cut-off.
        """
        draws = costs.log_d.shape[1] * len(cut_offs)
        log_d, extents = (
            _wide(a, draws) if len(cut_offs) > 1 else a.copy() for a in (costs.log_d, costs.extents)
        )
        for k, (country, partners) in enumerate(cut_offs):
            if (country, partners) not in self.compiler.cut_offs:
                raise ScenarioError(
                    f"{country} cut off from {'+'.join(partners)}: name the cut-off when the "
                    "simulation is set up, with `cut_offs`"
                )
            column = k if len(cut_offs) > 1 else slice(None)
            extents[self.compiler.joint.place(country, partners), column] = 1.0
            for block in both_ways(self.compiler.world, country, partners):
                log_d[self.compiler.entries.rows(block), column] = np.inf
        log_d[-1] = 0.0
        words = [f"{country} cut off from {'+'.join(partners)}" for country, partners in cut_offs]
        return replace(
            costs, log_d=log_d, extents=extents, steps=(*costs.steps, "; or ".join(words))
        )

    def dearer(self, costs: Costs, cut_offs: Sequence[CutOff], percent: float) -> Costs:
        """The same with all direct trade of a country with some partners dearer by some percent.

        One draw for each of the cut-offs that the compiler was told of.
        """
        log_d = np.repeat(costs.log_d[:, :1], len(cut_offs), axis=1)
        for k, (country, partners) in enumerate(cut_offs):
            for block in both_ways(self.compiler.world, country, partners):
                log_d[self.compiler.entries.rows(block), k] += np.log1p(percent / 100)
        log_d[-1] = 0.0
        return replace(costs, log_d=log_d)

    def routed(self, costs: Costs) -> list[RouteShares]:
        """How routed trade goes under some costs."""
        choice = self.compiler.routes
        if choice is None:
            return []
        handling = choice.handling[:, None] * np.atleast_2d(self.p.handling)
        d = np.exp(self.log_d(costs))
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
        log_d = self._since + self.log_d(costs)
        places = self.compiler.places[: len(routed)]
        for shares, place in zip(routed, places, strict=True):
            log_d[place.direct] = self._since[place.direct] + np.log(shares.kappa)
        draws = max(log_d.shape[1], costs.transfers.shape[1])
        log_d, rate = _wide(log_d[:-1], draws), _wide(costs.rate, draws)
        if self.joint.capped.size:
            log_d, rate = log_d.copy(), rate.copy()
            log_d[self.joint.capped] -= self.rebate(costs)
            rate[self.joint.capped] += self.wedge(costs)
        margins = self._margins(routed, places, draws)
        return Policy(
            entries=self.compiler.entries.positions,
            log_d=log_d,
            rate=rate,
            transfers=_wide(costs.transfers, draws),
            margins=margins.with_others(*self._fees(costs, draws)),
            steps=costs.steps,
        )

    def wedge(self, costs: Costs) -> Array:
        """What buyers keep over what sellers get, tau, of entries under price caps, [y,k]."""
        return self.joint.wedge(self._extents + costs.extents, self.compiler.status_year)

    def rebate(self, costs: Costs) -> Array:
        """Log of the factor by which caps raise rates and lower costs, of capped entries, [y,k]."""
        raised: Array = np.log1p(self.wedge(costs) / (1 + costs.rate[self.joint.capped]))
        return raised

    def _fees(self, costs: Costs, draws: int) -> tuple[Positions, Positions, Array]:
        """What owners of corridors earn more than the table shows: who pays, who earns."""
        entry, owner, share = self.joint.fees(self._ways_of_table, self.ways(costs))
        return entry, owner, _wide(self.p.owner_fees * share, draws)

    @cached_property
    def route_shares(self) -> list[Array]:
        """Shares of the routes in the status quo: those without sanctions, moved by its costs."""
        return [
            self._over_routes(self.full, trade, place, rho)[1]
            for trade, place, rho in zip(*self._routed_places, self._unsanctioned, strict=True)
        ]

    @cached_property
    def _unsanctioned(self) -> list[Array]:
        """Shares of the routes in the reference."""
        choice = self.compiler.routes
        if choice is None:
            return []
        levels = choice.levels_of_odds(self.p.hub_share)
        return [shares_of_routes(levels * trade.odds[..., None]) for trade in choice.trade]

    @property
    def _routed_places(self) -> tuple[Sequence[RoutedTrade], Sequence[Legs]]:
        choice = self.compiler.routes
        return (() if choice is None else choice.trade), self.compiler.places

    def _over_routes(
        self, log_d: Array, trade: RoutedTrade, place: Legs, rho: Array
    ) -> tuple[Array, Array]:
        """Composite cost factor and shares of the routes under some costs since the reference."""
        d = np.exp(log_d)
        legs = d[place.direct], d[place.first], d[place.second]
        handling = np.ones((len(rho) - 1, 1))
        return rerouted(rho, route_costs(*legs, handling), self.vartheta(trade))

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
        earned = self.p.hub_margin * (1 - self.p.false_transit)
        shares = [
            earned * (r.after - r.before)[1:][place.taken]
            for r, place in zip(routed, places, strict=True)
        ]
        return Margins(
            entry=np.concatenate([place.paying for place in places]),
            hub=np.concatenate([place.hub for place in places]),
            share=_wide(np.concatenate(shares), draws),
        )

    def _log_d(self, change: ScenarioEffects) -> Array:
        """Log cost factors of the entries, [e+1,k].

        Of measures at full strength; at the table, what is done to one on file counts only as far
        as the table contains it.
        """
        given = change.log_d[:, None]
        if not change.costs:
            return np.repeat(given, self.p.draws, axis=1)
        effects = [
            effect_of(a, self.in_force.of(a), self.compiler.world, self.p) for a in change.costs
        ]
        draws = max(e.shape[1] for e in effects)
        stacked = np.concatenate([_wide(e, draws) for e in effects])
        log_d: Array = given + change.incidence @ stacked
        of_table = [self.compiler.at_table and _is_of_table(a) for a in change.costs]
        if any(of_table):
            rows = np.repeat(of_table, [len(e) for e in effects])[:, None]
            taken = change.incidence @ np.where(rows, stacked, 0.0)
            log_d -= (1 - self._share_contained) * taken
        return log_d


def _is_of_table(action: Action) -> bool:
    """Tell whether something is done to a measure on file, of which a table may contain part."""
    return action.verb != "impose" and action.name in register().measures


def _wide(values: Array, draws: int) -> Array:
    """Values [..., k] for all draws, where one may stand for all."""
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:-1], draws)))
