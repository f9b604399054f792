"""Simulating scenarios: status quo, before and after, cut-offs, for one draw or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable
from weakref import WeakValueDictionary

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.economy import Economy, economy_of
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.production import Production
from detente.equilibrium.solve import BATCH
from detente.equilibrium.solver import TOLERANCE, find_equilibria
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.compile import Compiler
from detente.policy.compiled import Compiled, Costs
from detente.policy.in_force import CostsInForce
from detente.policy.joint import CutOff, resolved
from detente.policy.parameters import Parameters
from detente.policy.policy import Policy
from detente.policy.scenario import Patronage, Scenario
from detente.simulation.outcome import Outcome
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
    near: StatusQuo | None = None,
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
    near
        A status quo from which this one is searched for, such as `Simulation.status_quo` of the
        same assumptions, whose costs then are not computed again.

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
    return Simulation(compiler, parameters or Parameters.central(first, world), tolerance, near)


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


class StatusQuo(NamedTuple):
    """What another simulation may know of the status quo.

    Attributes
    ----------
    equilibria
        Of the draws.
    costs
        What measures in force cost; of use where parameters are the same.
    """

    equilibria: Equilibria
    costs: CostsInForce


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
        A status quo from which this one is searched for, such as that of the same draws.
    """

    def __init__(
        self,
        compiler: Compiler,
        parameters: Parameters,
        tolerance: float = TOLERANCE,
        near: StatusQuo | None = None,
    ) -> None:
        self.compiler, self.parameters, self.tolerance = compiler, parameters, tolerance
        self._near = None if near is None else near.equilibria
        self.economy: Economy = economy_of(compiler.world)
        known = None if near is None else near.costs
        self.compiled: Compiled = compiler.under(parameters, known)
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

    @property
    def status_quo(self) -> StatusQuo:
        """What a simulation of the same assumptions may start from."""
        return StatusQuo(self.before, self.compiled.in_force)

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

    def outcomes(self) -> dict[str, Outcome]:
        """All scenarios by name, as `outcome` gives them.

        Those of one draw are solved side by side, which takes half the time. To be held:
        what nobody holds is solved again when it is asked for.

        Raises
        ------
        ConvergenceError
            A scenario has no equilibrium; `diagnostics["scenario"]` says which.
        """
        found = {name: o for name in self.scenarios if (o := self._outcomes.get(name)) is not None}
        missing = [name for name in self.scenarios if name not in found]
        if self.parameters.draws == 1:
            for first in range(0, len(missing), BATCH):
                found |= self._side_by_side(missing[first : first + BATCH])
            self._outcomes.update(found)
        return {n: found[n] if n in found else self.outcome(n) for n in self.scenarios}

    def _side_by_side(self, names: list[str]) -> dict[str, Outcome]:
        """Scenarios of one draw, solved as draws."""
        each = [self.compiled.scenario(name) for name in names]
        try:
            together = self.respond(Costs.side_by_side(each), names[0])
        except ConvergenceError as error:
            name = names[int(str(error.diagnostics.get("draw", 0)))]
            told = {**error.diagnostics, "draw": 0, "scenario": name}
            raise ConvergenceError(f"scenario {name!r}: {error}", told) from error
        return {
            name: Outcome(
                self,
                self.scenarios[name],
                together.costs.at(k, costs.steps),
                together.after.of([k]).described(costs.steps),
                [shares.at(k) for shares in together.routed],
            )
            for k, (name, costs) in enumerate(zip(names, each, strict=True))
        }

    def respond(
        self, costs: Costs, name: str, start: Equilibria | None = None, *, ahead: bool = False
    ) -> Outcome:
        """Solve under some costs, the patron's subsidy shrinking by its share of what is gained.

        With `ahead`, equilibria tell where one more step leads, for guesses of others nearby.
        """
        routed = self.compiled.routed(costs)
        policy = self.compiled.policy(costs, routed)
        after = self._solve(policy, start or self.before, ahead=ahead)
        patronage = self.compiler.assumptions.patronage
        if patronage is not None and self.parameters.patron_share.any():
            costs = costs.with_transfer(*self._withheld(patronage, after))
            policy = self.compiled.policy(costs, routed)
            after = self._where_withheld(policy, after, ahead)
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

    def _where_withheld(self, policy: Policy, after: Equilibria, ahead: bool) -> Equilibria:
        """Solve again those draws in which the patron takes anything off its subsidy."""
        share = np.broadcast_to(self.parameters.patron_share, policy.draws)
        kept, moved = np.flatnonzero(share == 0), np.flatnonzero(share)
        again = self._solve(policy, after, moved, ahead)
        return Equilibria.joined([(kept, after.of(kept)), (moved, again)], policy)

    def _solve(
        self,
        policy: Policy,
        start: Equilibria | None,
        draws: Positions | None = None,
        ahead: bool = False,
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
            ahead=ahead,
        )
