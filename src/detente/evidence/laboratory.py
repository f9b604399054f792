"""A case set up for many draws: each draw solves the status quo and every scenario in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from detente.arrays import Array
from detente.cases import Case
from detente.cases.metrics import Parameters
from detente.cases.records import Test
from detente.equilibrium import Equilibrium, solve
from detente.equilibrium.problem import Deficits
from detente.equilibrium.solver import balanced
from detente.errors import ConvergenceError
from detente.evidence.draws import Cube, Draw, route_values
from detente.evidence.measurement import Comparison, real_income
from detente.routes import RouteChoice, RoutedChanges, route_choice
from detente.sanctions import Scenario, compile_scenario, register, status_quo
from detente.sanctions.compilation import cost_in_force
from detente.sanctions.regime import Regime
from detente.world.changes import Changes
from detente.world.world import World

TOLERANCE = 1e-8
"""Of the solves of a draw; the metrics are then good to a millionth of a percent of income."""


@dataclass(frozen=True)
class Quantity:
    """A metric in a scenario: what one draw computes one number for."""

    metric: str
    parameters: Parameters
    scenario: str


def quantities_of(test: Test) -> list[Quantity]:
    """The numbers a test needs: each scenario's, and last that of the scenario compared with."""
    names = [*test.scenarios, *([] if test.relative_to is None else [test.relative_to])]
    return [Quantity(test.metric, test.parameters, name) for name in names]


class Laboratory:
    """A case with all that does not change from draw to draw.

    Attributes
    ----------
    case
        The case.
    world
        Its world.
    cube
        Where its assumptions are drawn from.
    quantities
        What a draw computes, without repetition.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.world = case.scenario(next(iter(case.scenarios))).load_world()
        self.cube = Cube(case, self.world)
        tests = [claim.test for claim in case.claims.values() if claim.test is not None]
        found = [q for test in tests for q in quantities_of(test)]
        self.quantities = [q for k, q in enumerate(found) if q not in found[:k]]
        self._routes: dict[int, RouteChoice] = {}

    def evaluate(self, u: Array, wanted: Sequence[Quantity] | None = None) -> Array:
        """The quantities, or those wanted, at a point of the cube, [quantity].

        Raises
        ------
        ConvergenceError
            A scenario has no equilibrium under these assumptions; says which and under what.
        """
        draw = self.cube.draw(np.asarray(u, float))
        try:
            return self._measure(draw, self.quantities if wanted is None else wanted)
        except ConvergenceError as error:
            at = ", ".join(
                f"{k} {v if isinstance(v, str) else format(v, '.4g')}"
                for k, v in draw.values.items()
            )
            raise ConvergenceError(
                f"no equilibrium where {at}: {error}", {**error.diagnostics, **draw.values}
            ) from error

    def _measure(self, draw: Draw, wanted: Sequence[Quantity]) -> Array:
        trial = Trial(self, draw)
        found = {name: trial.compare(name) for name in {q.scenario: None for q in wanted}}
        return np.array([found[q.scenario].measure(q.metric, q.parameters) for q in wanted])

    def routes(self, world: World) -> RouteChoice | None:
        """Route choice of the case without measures in force; set up once per world."""
        r = self.case.routes
        if r is None:
            return None
        if id(world) not in self._routes:
            lanes = [(lane.origins, lane.destinations) for lane in r.lanes]
            choice = route_choice(world, r.hubs, lanes)
            self._routes[id(world)] = (
                choice.with_enforcement(r.enforcement) if r.enforcement else choice
            )
        return self._routes[id(world)]


class Trial:
    """One draw: its status quo, its routes, and its scenarios as they are asked for."""

    def __init__(self, laboratory: Laboratory, draw: Draw) -> None:
        case = laboratory.case
        self.case, self.draw = case, draw
        closure = draw.values.get("closure", case.deficits)
        self.world = balanced(laboratory.world) if closure == "zero" else laboratory.world
        self.deficits: Deficits = "value" if closure == "value" else "share"
        self.status_quo = self._status_quo()
        self.choice = self._choice(laboratory)
        self.before = self._solve(self.status_quo)
        self._cut: dict[tuple[str, tuple[str, ...]], Equilibrium] = {}

    def compare(self, name: str) -> Comparison:
        """Solve a scenario on top of the status quo."""
        scenario = self.case.scenario(name)
        changes = self._compiled(scenario)
        after, routed = self._with_patronage(changes)

        def cut_off(country: str, partners: tuple[str, ...]) -> tuple[Equilibrium, Equilibrium]:
            where = (country, partners)
            if where not in self._cut:
                costs, _ = self._routed(self.status_quo.cut_off(*where))
                self._cut[where] = self._solve(costs)
            return self._cut[where], self._with_patronage(changes.cut_off(*where), after)[0]

        return Comparison(self.before, after, routed, cut_off)

    def _with_patronage(
        self, changes: Changes, gained: Equilibrium | None = None
    ) -> tuple[Equilibrium, RoutedChanges | None]:
        """Solve with the patron's subsidy shrunk by its share of the client's gain.

        `gained` is an equilibrium whose transfers are already those that follow from the gain.
        """
        costs, routed = self._routed(changes)
        if gained is not None:
            return self._solve(replace(costs, transfers=gained.changes.transfers)), routed
        found = self._solve(costs, self.before)
        p, share = self.case.patronage, self._transfer_share
        if p is None or share == 0:
            return found, routed
        gain = real_income(found, p.client) / real_income(self.before, p.client) - 1
        income = self.before.solution.I[self.world.countries.index(p.client)]
        paid = costs.transfer(p.client, p.patron, share * gain * float(income))
        return self._solve(paid, found), routed

    def _routed(self, changes: Changes) -> tuple[Changes, RoutedChanges | None]:
        """Changes on top of the status quo, with the costs of routes where the case has any."""
        if self.choice is None:
            return changes, None
        routed = self.choice.apply(changes, self.status_quo)
        return routed.changes, routed

    @property
    def _transfer_share(self) -> float:
        own = 0.0 if self.case.patronage is None else self.case.patronage.share
        return float(self.draw.values.get("transfer-share", own))

    def _solve(self, changes: Changes, start: Equilibrium | None = None) -> Equilibrium:
        return solve(
            self.world,
            changes,
            deficits=self.deficits,
            theta=self.draw.theta,
            tolerance=TOLERANCE,
            start=start,
        )

    def _compiled(self, scenario: Scenario) -> Changes:
        return compile_scenario(
            scenario,
            self.world,
            strengths=self.draw.strengths,
            onto=self.status_quo,
            theta=self.draw.theta_long,
        ).changes

    def _status_quo(self) -> Changes:
        if self.case.status_quo is None:
            return Changes(self.world)
        return status_quo(
            register(),
            self.world,
            self.case.status_quo,
            self.draw.strengths,
            self.draw.theta_long,
        )

    def _choice(self, laboratory: Laboratory) -> RouteChoice | None:
        prepared = laboratory.routes(self.world)
        if prepared is None:
            return None
        on = self.case.scenario(next(iter(self.case.scenarios))).start
        ends = {c for lane in prepared.lanes for c in (*lane.origins, *lane.destinations)}
        touching = Regime(
            {k: m for k, m in register().in_force(on).measures.items() if m.target in ends}
        )
        cost = cost_in_force(touching, self.world, self.draw.strengths, self.draw.theta_long)
        share, margin = route_values(self.case, self.draw)
        theta = self.draw.theta[[self.world.sectors.index(s) for s in prepared.sectors]]
        own = laboratory.case.routes.vartheta if laboratory.case.routes else None
        return replace(
            prepared,
            lanes=tuple(lane.under(cost, prepared.sectors) for lane in prepared.lanes),
            vartheta=self.draw.nesting * theta if own is None else own,
            hub_share=share,
            margin=margin,
        )


@lru_cache(maxsize=4)
def laboratory_of(case_json: str) -> Laboratory:
    """The laboratory of a case given as JSON; kept, so that a worker sets it up once."""
    return Laboratory(Case.model_validate_json(case_json))


def evaluate_block(case_json: str, points: Array) -> Array:
    """Quantities at some points, (point, quantity): what a worker is asked for."""
    laboratory = laboratory_of(case_json)
    return np.array([laboratory.evaluate(u) for u in points])
