"""What a scenario does to the trade that policies may change, whatever the parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from detente.arrays import Array
from detente.policy.effects import blocks_touched
from detente.policy.entries import Block, Entries, block_of, spread
from detente.policy.measures import Measure
from detente.policy.routes import RouteChoice
from detente.policy.scenario import Action, Scenario
from detente.world.names import resolve_countries
from detente.world.world import World


@dataclass(frozen=True, eq=False)
class ScenarioEffects:
    """A scenario on the entries of a compiler.

    Attributes
    ----------
    costs, tariffs
        Actions on measures that make trade costly, and on tariffs that collect revenue.
    incidence
        Which entries each of the costs acts on, [e+1, (action, block, sector)].
    taxed_blocks, taxed
        Trade that each tariff is on, and its incidence, [e+1, (action, sector)].
    given
        Log cost factors given directly, [e+1].
    transfers
        Income given, [n].
    words
        What is done.
    """

    costs: tuple[Action, ...]
    tariffs: tuple[Action, ...]
    incidence: Any
    taxed_blocks: list[Block]
    taxed: Any
    given: Array
    transfers: Array
    words: tuple[str, ...]

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        actions: Sequence[Action],
        world: World,
        entries: Entries,
        tariffs: Sequence[Action] = (),
        words: Sequence[str] = (),
    ) -> ScenarioEffects:
        """Find the entries of a scenario and its actions, of which some collect revenue."""
        costs = tuple(a for a in actions if a not in tariffs)
        taxed = [tariff_block(a.measure, world) for a in tariffs]
        given = [block_of(world, c.sectors, c.destinations, c.origins) for c in scenario.costs]
        logs = np.log([c.factor for c in scenario.costs])
        return cls(
            costs=costs,
            tariffs=tuple(tariffs),
            incidence=entries.incidence(
                [b for a in costs for b in blocks_touched(a.measure, world)]
            ),
            taxed_blocks=taxed,
            taxed=entries.incidence(taxed),
            given=entries.incidence(given) @ spread(logs, given),
            transfers=_net_transfers(scenario, world),
            words=tuple(words),
        )

    def eased(self, degrees: Mapping[str, Array]) -> ScenarioEffects:
        """The same measures, eased by some degrees, one for each draw."""

        def ease(action: Action) -> Action:
            return replace(action, verb="ease", degree=degrees[action.name])

        costs, tariffs = (tuple(map(ease, actions)) for actions in (self.costs, self.tariffs))
        return replace(self, costs=costs, tariffs=tariffs)


def tariff_block(measure: Measure, world: World) -> Block:
    """The trade that a tariff is on."""
    return block_of(world, measure.sectors, measure.senders, measure.target)


def blocks_of(scenario: Scenario, world: World) -> list[Block]:
    """The trade that a scenario touches."""
    measures = [a.measure for a in scenario.actions()]
    blocks = [b for m in measures for b in blocks_touched(m, world)]
    given = [block_of(world, c.sectors, c.destinations, c.origins) for c in scenario.costs]
    return blocks + given


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
