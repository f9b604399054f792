"""Running a scenario from start to finish: world, status quo, costs, routes, equilibrium."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from detente.equilibrium import Equilibrium, solve
from detente.equilibrium.calibrate import balanced
from detente.policy import Compiled, Scenario, compile_scenario, register, status_quo
from detente.policy.changes import Changes
from detente.policy.compilation import cost_in_force
from detente.policy.measures import Strengths
from detente.policy.routes import HUB_SHARE, RouteChoice, RoutedChanges, route_choice
from detente.simulation.customs import Leakage, measure_leakage
from detente.world.world import World


@dataclass(frozen=True, eq=False)
class Run:
    """A scenario and its equilibrium.

    Attributes
    ----------
    scenario
        As run.
    compiled
        Its cost changes and their audit.
    routed
        The same with routes, if the scenario has any.
    equilibrium
        The solution.
    """

    scenario: Scenario
    compiled: Compiled
    routed: RoutedChanges | None
    equilibrium: Equilibrium

    @property
    def world(self) -> World:
        """The world started from."""
        return self.compiled.changes.world

    def _repr_html_(self) -> str:
        return self.equilibrium._repr_html_()

    @cached_property
    def leakage(self) -> Leakage | None:
        """Flows by route and what hubs earn, if the scenario has routes."""
        if self.routed is None:
            return None
        routed = replace(self.routed, changes=self.equilibrium.changes)
        return measure_leakage(routed, self.equilibrium)


def run(scenario: Scenario) -> Run:
    """Solve a scenario.

    Raises
    ------
    ScenarioError
        Measures that cannot be compiled, or routes that cannot be had.
    ConvergenceError
        No equilibrium.

    Examples
    --------
    >>> from detente.policy import Scenario
    >>> eased = Scenario(title="US eases", lift=[{"senders": "USA", "target": "BLR"}])
    >>> bool(run(eased).equilibrium.welfare.sel(country="BLR") > 0)
    True
    """
    world = starting_world(scenario)
    compiled = compile_scenario(scenario, world)
    choice = routes_of(scenario, world)
    routed = None if choice is None else choice.apply(compiled.changes)
    changes = compiled.changes if routed is None else routed.changes
    equilibrium = solve(world, changes, deficits=scenario.deficits)
    if scenario.patronage is not None and scenario.patronage.share > 0:
        changes = shrink_subsidy(changes, scenario, equilibrium)
        equilibrium = solve(world, changes, deficits=scenario.deficits)
    return Run(scenario, compiled, routed, equilibrium)


def shrink_subsidy(changes: Changes, scenario: Scenario, before: Equilibrium) -> Changes:
    """Take a share of the client's gain, as it is before, off the patron's subsidy."""
    p = scenario.patronage
    assert p is not None
    gain = float(before.equivalent_variation.sel(country=p.client))
    return changes.transfer(p.client, p.patron, p.share * gain)


def routes_of(scenario: Scenario, world: World) -> RouteChoice | None:
    """Route choice of a scenario: legs' trade of the world's year, tilted by measures in force."""
    r = scenario.routes
    if r is None:
        return None
    choice = route_choice(
        scenario.load_world(),
        r.hubs,
        [(lane.origins, lane.destinations) for lane in r.lanes],
        in_force=cost_in_force(
            register().in_force(scenario.start), world, Strengths.at(scenario.level)
        ),
        vartheta=r.vartheta,
        hub_share=HUB_SHARE if r.hub_share is None else r.hub_share,
        margin=r.margin,
    )
    return choice.with_enforcement(r.enforcement) if r.enforcement else choice


def starting_world(scenario: Scenario) -> World:
    """Load the scenario's world and put into it what came into force before its status quo.

    Raises
    ------
    ConvergenceError
        The status quo has no equilibrium.
    """
    if scenario.status_quo is None:
        return scenario.load_world()
    return _at_status_quo(
        scenario.world,
        scenario.elasticities,
        scenario.status_quo.isoformat(),
        scenario.level,
        scenario.deficits == "zero",
    )


@lru_cache(maxsize=8)
def _at_status_quo(name: str, elasticities: str, on: str, level: str, balance: bool) -> World:
    scenario = Scenario.model_validate(
        {"title": "", "world": name, "elasticities": elasticities, "status_quo": on, "level": level}
    )
    world = scenario.load_world()
    world = balanced(world) if balance else world
    changes = status_quo(register(), world, scenario.start, Strengths.at(scenario.level))
    after = solve(world, changes, tolerance=1e-12).world_after
    note = f"; with the measures in force on {on} ({level} strength)"
    provenance = str(world.data.attrs["provenance"]) + note
    return World(after.data.assign_attrs(provenance=provenance))
