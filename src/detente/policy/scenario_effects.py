"""What a scenario does to the trade that policies may change, whatever the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from detente.arrays import Array
from detente.policy.effects import blocks_touched
from detente.policy.entries import Block, Entries, Touched, block_of
from detente.policy.measures import Measure
from detente.policy.routes import RouteChoice
from detente.policy.scenario import Action, Scenario
from detente.world.names import resolve_countries
from detente.world.world import World


@dataclass(frozen=True, eq=False)
class ScenarioTrade:
    """The trade that a scenario acts on, in a world.

    Attributes
    ----------
    costs, tariffs, joint
        Actions on measures that make trade costly, on tariffs that collect revenue, and on measures
        that act together (`detente.policy.joint`).
    touched, taxed
        The trade of either, by block of each action.
    given, log_given
        Trade whose cost is given directly, and its log cost factor by block.
    transfers
        Income given, [n].
    words
        What is done.
    """

    costs: tuple[Action, ...]
    tariffs: tuple[Action, ...]
    joint: tuple[Action, ...]
    touched: Touched
    taxed: Touched
    given: Touched
    log_given: Array
    transfers: Array
    words: tuple[str, ...]

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        actions: Sequence[Action],
        world: World,
        tariffs: Sequence[Action] = (),
        words: Sequence[str] = (),
    ) -> ScenarioTrade:
        """Find the trade of a scenario and its actions, of which some collect revenue."""
        costs = tuple(a for a in actions if a not in tariffs and not a.measure.joint)
        given = [block_of(world, c.sectors, c.destinations, c.origins) for c in scenario.costs]
        return cls(
            costs=costs,
            tariffs=tuple(tariffs),
            joint=tuple(a for a in actions if a.measure.joint),
            touched=Touched.of(world, [b for a in costs for b in blocks_touched(a.measure, world)]),
            taxed=Touched.of(world, [tariff_block(a.measure, world) for a in tariffs]),
            given=Touched.of(world, given),
            log_given=np.log([c.factor for c in scenario.costs]),
            transfers=_net_transfers(scenario, world),
            words=tuple(words),
        )

    @property
    def parts(self) -> tuple[Touched, ...]:
        """All trade that it acts on."""
        return self.touched, self.taxed, self.given

    def on(self, entries: Entries) -> ScenarioEffects:
        """The same on the entries of a compiler."""
        return ScenarioEffects(
            **vars(self),
            incidence=entries.incidence(self.touched),
            tax_incidence=entries.incidence(self.taxed),
            log_d=entries.incidence(self.given) @ self.given.spread(self.log_given),
        )


@dataclass(frozen=True, eq=False)
class ScenarioEffects(ScenarioTrade):
    """A scenario on the entries of a compiler.

    Attributes
    ----------
    incidence, tax_incidence
        Which entries each of the costs and tariffs acts on, [e+1, (action, block, sector)].
    log_d
        Log cost factors given directly, [e+1].
    """

    incidence: csr_array
    tax_incidence: csr_array
    log_d: Array

    def eased(self, degrees: Mapping[str, Array]) -> ScenarioEffects:
        """The same measures, eased by some degrees, one for each draw."""

        def ease(action: Action) -> Action:
            return replace(action, verb="ease", degree=degrees[action.name])

        parts = (self.costs, self.tariffs, self.joint)
        costs, tariffs, joint = (tuple(map(ease, actions)) for actions in parts)
        return replace(self, costs=costs, tariffs=tariffs, joint=joint)


def tariff_block(measure: Measure, world: World) -> Block:
    """The trade that a tariff is on."""
    return block_of(world, measure.products(world)[0], measure.senders, measure.target)


def words_of(scenario: Scenario, routes: RouteChoice | None = None) -> list[str]:
    """What a scenario does, in words."""
    words = [
        f"{a.verb} {a.name}"
        + (f" by {a.degree:g}" if a.verb == "ease" else "")
        + (f" to {a.new_ave:g}" if a.verb == "harden" else "")
        for a in scenario.actions()
    ]
    words += [
        f"cost {c.factor:.6g}: {'+'.join(c.origins)} -> {'+'.join(c.destinations)}, sectors "
        f"{'+'.join(c.sectors)}"
        for c in scenario.costs
    ]
    words += [f"transfer {t.amount:g} from {t.payer} to {t.receiver}" for t in scenario.transfers]
    return words if routes is None else [*words, f"routes through {'+'.join(routes.hubs)}"]


def _net_transfers(scenario: Scenario, world: World) -> Array:
    net = np.zeros(len(world.countries))
    for t in scenario.transfers:
        for name, sign in ((t.payer, -1), (t.receiver, 1)):
            (code,) = resolve_countries(name, world.countries)
            net[world.countries.index(code)] += sign * t.amount
    return net
