"""Simulating scenarios: status quo, before and after, cut-offs, for one draw or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast, runtime_checkable
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd

from detente.arrays import Array, Positions
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.economy import Economy, economy_of
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.outcomes import Equilibrium, by_country
from detente.equilibrium.production import Production
from detente.equilibrium.solver import TOLERANCE, find_equilibria
from detente.errors import ScenarioError
from detente.policy.compile import Compiler
from detente.policy.compiled import Compiled, Costs
from detente.policy.joint import CutOff, Ways
from detente.policy.parameters import Parameters
from detente.policy.policy import Policy
from detente.policy.routes import RouteShares
from detente.policy.scenario import Patronage, Scenario
from detente.results import Result, columns_in
from detente.simulation.about import About
from detente.simulation.leakage import Leakage
from detente.simulation.metrics import METRICS
from detente.world.closure import Deficits
from detente.world.names import resolve_countries
from detente.world.world import World


@runtime_checkable
class HasScenarios(Protocol):
    """Something on file with scenarios, such as a case."""

    def spelled_out(self) -> dict[str, Scenario]:
        """The scenarios by name."""
        ...


def simulate(
    what: Scenario | Mapping[str, Scenario] | HasScenarios,
    parameters: Parameters | None = None,
    *,
    cut_offs: Sequence[CutOff] = (),
    tolerance: float = TOLERANCE,
) -> Simulation:
    """Set scenarios up on their world and solve their status quo; each is solved when asked for.

    Parameters
    ----------
    what
        A scenario, scenarios by name that share their assumptions, or a case.
    parameters
        Elasticities, strengths and routes, one value to a draw; by default those of the scenario,
        one draw.
    cut_offs
        Countries, and partners they are cut off from, that will be asked for.
    tolerance
        As in `detente.solve`.

    Raises
    ------
    ScenarioError
        Measures that cannot be compiled, or routes that cannot be had.
    ConvergenceError
        No equilibrium; `diagnostics["draw"]` says of which draw.

    Examples
    --------
    >>> from detente.policy.scenario import Scenario
    >>> eased = Scenario(title="US eases", lift=[{"senders": "USA", "target": "BLR"}])
    >>> bool(simulate(eased).outcome().equilibrium.welfare.sel(country="BLR") > 0)
    True
    """
    scenarios = _by_name(what)
    first = next(iter(scenarios.values()))
    world = first.load_world()
    closures = {first.deficits} if parameters is None else set(parameters.deficits)
    if "zero" in closures and len(closures) > 1:
        raise ScenarioError("draws with balanced trade start from another world: solve them apart")
    world = balanced(world) if "zero" in closures else world
    compiler = Compiler(world, scenarios, [resolved(c, world) for c in cut_offs])
    return Simulation(compiler, parameters or Parameters.central(first, world), tolerance)


def resolved(cut_off: CutOff, world: World) -> CutOff:
    """A cut-off in the world's own codes."""
    country, partners = cut_off
    (code,) = resolve_countries(country, world.countries)
    return code, tuple(resolve_countries(list(partners), world.countries))


def _by_name(what: Scenario | Mapping[str, Scenario] | HasScenarios) -> dict[str, Scenario]:
    if isinstance(what, Scenario):
        return {what.title: what}
    if not isinstance(what, (Mapping, HasScenarios)):
        raise ScenarioError(
            f"a scenario, scenarios by name, or a case is simulated, not {what!r}: "
            "`detente.load_case` and `detente.read_scenario` read one"
        )
    found = dict(what if isinstance(what, Mapping) else what.spelled_out())
    if not found:
        raise ScenarioError("there is no scenario to simulate")
    return found


class Simulation:
    """Scenarios under some parameters.

    Parameters
    ----------
    compiler
        The scenarios on their world.
    parameters
        Of the draws.
    tolerance
        Of the solutions.
    near
        Equilibria from which the status quo is searched for, such as those of the same draws.
    """

    def __init__(
        self,
        compiler: Compiler,
        parameters: Parameters,
        tolerance: float = TOLERANCE,
        near: Equilibria | None = None,
    ) -> None:
        self.compiler, self.parameters, self.tolerance = compiler, parameters, tolerance
        self._near = near
        self.economy: Economy = economy_of(compiler.world)
        self.compiled: Compiled = compiler.under(parameters)
        self.production = Production.of(parameters.phi, parameters.sigma, parameters.draws)
        self._outcomes: WeakValueDictionary[str, Outcome] = WeakValueDictionary()
        self._cut_before: dict[CutOff, Equilibria] = {}

    @property
    def world(self) -> World:
        """The world, with balanced trade if that is the closure."""
        return self.compiler.world

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """The scenarios by name."""
        return self.compiler.scenarios

    @cached_property
    def before(self) -> Equilibria:
        """Equilibria of the status quo."""
        p = self.parameters
        if self.compiler.at_table:
            in_shares = p.deficits != "value"
            return Equilibria.baseline(self.economy, p.theta, in_shares, self.production)
        near = self._near
        if near is not None and not np.array_equal(near.production.fixed, self.production.fixed):
            near = None
        return self._solve(self.compiled.policy(self.compiled.status_quo), near)

    def varied(self, **values: Array) -> Simulation:
        """The same scenarios under other routes and patronage, one to a draw.

        Parameters
        ----------
        values
            `hub_share`, `owner_fees`, `hub_margin`, `handling` or `patron_share`, [..., k]; see
            `detente.policy.parameters.Parameters`. The status quo, of one draw, is the same under
            all of them but the first two.
        """
        p, draws = self.parameters, next(iter(values.values())).shape[-1]
        varied = Simulation(self.compiler, p.repeated(draws, **values), self.tolerance)
        if not values.keys() & {"hub_share", "owner_fees"}:
            varied.before = self.before.of(np.zeros(draws, np.int64))
        return varied

    def outcome(self, name: str | None = None) -> Outcome:
        """A scenario solved on top of the status quo; by default the only or first one.

        It is solved once as long as somebody holds it.
        """
        name = next(iter(self.scenarios)) if name is None else name
        found = self._outcomes.get(name)
        if found is None:
            found = self.respond(self.compiled.scenario(name), name)
            self._outcomes[name] = found
        return found

    def respond(self, costs: Costs, name: str, start: Equilibria | None = None) -> Outcome:
        """Solve under some costs, the patron's subsidy shrinking by its share of what is gained."""
        routed = self.compiled.routed(costs)
        after = self._solve(self.compiled.policy(costs, routed), start or self.before)
        patronage = self.compiler.assumptions.patronage
        if patronage is not None and self.parameters.patron_share.any():
            costs = costs.with_transfer(*self._withheld(patronage, after))
            policy = self.compiled.policy(costs, routed)
            after = self._where_withheld(policy, after)
        return Outcome(self, self.scenarios[name], costs, after, routed)

    def solved(self, costs: Costs, start: Equilibria | None = None) -> Equilibria:
        """Equilibria under some costs, goods choosing their routes, subsidies as they are."""
        policy = self.compiled.policy(costs, self.compiled.routed(costs))
        return self._solve(policy, start or self.before)

    def cut(
        self, costs: Costs, cut_offs: Sequence[CutOff], start: Equilibria | None = None
    ) -> Equilibria:
        """Solve with a country cut off from some partners, after one another for each cut-off.

        Of one cut-off in all draws, or of one draw under several. Goods that may be routed may
        still take their hubs.
        """
        return self.solved(self.compiled.cut_offs(costs, cut_offs), start)

    def cut_before(self, cut_off: CutOff) -> Equilibria:
        """The status quo with a country cut off."""
        if cut_off not in self._cut_before:
            self._cut_before[cut_off] = self.cut(self.compiled.status_quo, [cut_off])
        return self._cut_before[cut_off]

    def _withheld(self, p: Patronage, after: Equilibria) -> tuple[int, int, Array]:
        """Client, patron and what the patron takes off its subsidy, in each draw."""
        client, patron = (self.world.countries.index(c) for c in (p.client, p.patron))
        gain = after.real_income[client] / self.before.real_income[client] - 1
        return client, patron, self.parameters.patron_share * gain * self.before.I[client]

    def _where_withheld(self, policy: Policy, after: Equilibria) -> Equilibria:
        """Solve again those draws in which the patron takes anything off its subsidy."""
        share = np.broadcast_to(self.parameters.patron_share, policy.draws)
        kept, moved = np.flatnonzero(share == 0), np.flatnonzero(share)
        again = self._solve(policy, after, moved)
        return Equilibria.joined([(kept, after.of(kept)), (moved, again)], policy)

    def _solve(
        self, policy: Policy, start: Equilibria | None, draws: Positions | None = None
    ) -> Equilibria:
        """Solve under a policy, of some draws only if they are named."""
        draws = np.arange(policy.draws) if draws is None else draws
        p = self.parameters
        theta, in_shares = (
            np.broadcast_to(a, (*a.shape[:-1], policy.draws))[..., draws]
            for a in (p.theta, p.deficits != "value")
        )
        if start is not None and start.draws == 1:
            start = start.of(np.zeros(draws.size, np.int64))
        elif start is not None:
            start = start.of(draws)
        return find_equilibria(
            self.economy,
            policy.of(draws),
            theta,
            in_shares,
            self.production.draws(draws if p.draws > 1 else np.zeros(draws.size, np.int64)),
            tolerance=self.tolerance,
            start=start,
        )


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
