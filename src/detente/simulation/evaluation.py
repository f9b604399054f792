"""Metrics of scenarios at points of what is uncertain about them, a batch of draws at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.calibrate import balanced
from detente.equilibrium.threads import one_thread
from detente.errors import ConvergenceError
from detente.policy.compile import Compiler
from detente.policy.joint import CutOff, resolved
from detente.policy.scenario import Scenario
from detente.simulation.about import About
from detente.simulation.assumptions import Assumption
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, StatusQuo
from detente.simulation.sampling import ParameterSpace
from detente.world.world import World

WIDTH = 48
"""Draws in a batch: the world is read once for all of them."""

BAND = (0.05, 0.5, 0.95)
"""Quantiles of the draws that are told of a metric."""

TOLERANCE = 1e-7
"""Of the solves of a draw; the metrics are then good to a millionth of a percent of income."""


@dataclass(frozen=True)
class Quantity:
    """A metric in a scenario: what one draw computes one number for."""

    metric: str
    about: About
    scenario: str


StatusQuos = MutableMapping[tuple[str, bytes], StatusQuo]
"""Status quos, by the fingerprint of the world and the points of their draws."""

Reader = Callable[[Outcome], np.ndarray[Any, Any]]
"""Finds something in a scenario solved in some draws, [draw, ...]."""


class Evaluator:
    """Computes quantities at points of a parameter space.

    Parameters
    ----------
    scenarios
        By name.
    assumptions
        What is uncertain, by name.
    quantities
        What a draw computes.

    Attributes
    ----------
    world
        The scenarios' world.
    space
        Where draws come from.
    """

    def __init__(
        self,
        scenarios: Mapping[str, Scenario],
        assumptions: Mapping[str, Assumption],
        quantities: Sequence[Quantity],
    ) -> None:
        first = next(iter(scenarios.values()))
        self.scenarios, self.quantities = dict(scenarios), list(quantities)
        self.world = first.load_world()
        self.space = ParameterSpace(first, assumptions, self.world)

    def evaluate(self, points: Array, wanted: Sequence[Quantity] | None = None) -> Array:
        """The quantities, or those wanted, at points of the unit cube, (point, quantity).

        Raises
        ------
        ConvergenceError
            A scenario has no equilibrium under these assumptions; says which and under what.
        """
        wanted = self.quantities if wanted is None else wanted
        return self._in_batches(points, lambda simulation: _measured(simulation, wanted))

    def read(
        self, points: Array, scenario: str, reader: Reader, known: StatusQuos | None = None
    ) -> np.ndarray[Any, Any]:
        """What a reader finds in a scenario at points of the unit cube, [point, ...].

        Status quos that are known are searched for from there, and those found become known.
        Raises as `evaluate` does.
        """
        return self._in_batches(
            points, lambda simulation: reader(simulation.outcome(scenario)), known
        )

    def _in_batches(
        self,
        points: Array,
        read: Callable[[Simulation], np.ndarray[Any, Any]],
        known: StatusQuos | None = None,
    ) -> np.ndarray[Any, Any]:
        """What is read of the simulations of batches of draws, [draw, ...], at every point."""

        def solve(compiler: Compiler, at: Positions) -> np.ndarray[Any, Any]:
            parameters = self.space.parameters(points[at])
            batch = compiler.world.fingerprint, points[at].tobytes()
            near = None if known is None else known.get(batch)
            with self._told_under(points[at]):
                simulation = Simulation(compiler, parameters, TOLERANCE, near)
                found = read(simulation)
            if known is not None:
                known[batch] = simulation.status_quo
            return found

        compilers, batches = zip(*self._batches(points), strict=True)
        with one_thread(), ThreadPoolExecutor(os.cpu_count()) as pool:
            found = np.concatenate(list(pool.map(solve, compilers, batches)))
        return found[np.argsort(np.concatenate(batches))]

    def kinds(self, points: Array) -> Positions:
        """Which points are solved alike, [point]: those of a number side by side are fastest.

        Balanced trade starts from another world, and a patron's subsidy takes a second solve.
        """
        p = self.space.parameters(points)
        kinds: Positions = 2 * (p.deficits == "zero") + (p.patron_share > 0)
        return kinds

    def _batches(self, points: Array) -> Iterator[tuple[Compiler, Positions]]:
        """Points that are solved together, and on which world."""
        kinds = self.kinds(points)
        for kind in np.unique(kinds):
            group = np.flatnonzero(kinds == kind)
            for batch in np.array_split(group, -(-group.size // WIDTH)):
                yield self._with_balanced_trade if kind >= 2 else self._with_deficits, batch

    @cached_property
    def _with_deficits(self) -> Compiler:
        return Compiler(self.world, self.scenarios, self._cut_offs)

    @cached_property
    def _with_balanced_trade(self) -> Compiler:
        return Compiler(balanced(self.world), self.scenarios, self._cut_offs)

    @cached_property
    def _cut_offs(self) -> list[CutOff]:
        return cut_offs_of(self.quantities, self.world)

    @contextmanager
    def _told_under(self, points: Array) -> Iterator[None]:
        """Say of a `ConvergenceError` under which assumptions it came."""
        try:
            yield
        except ConvergenceError as error:
            k = int(str(error.diagnostics["draw"]))
            values = {name: v[k] for name, v in self.space.values(points).items()}
            at = ", ".join(
                f"{name} {v if isinstance(v, str) else format(v, '.4g')}"
                for name, v in values.items()
            )
            raise ConvergenceError(
                f"no equilibrium where {at}: {error}", {**error.diagnostics, **values}
            ) from error


def _measured(simulation: Simulation, wanted: Sequence[Quantity]) -> Array:
    measured = np.empty((simulation.parameters.draws, len(wanted)))
    for name in dict.fromkeys(q.scenario for q in wanted):
        outcome = simulation.outcome(name)  # one at a time in memory
        for column, q in enumerate(wanted):
            if q.scenario == name:
                measured[:, column] = outcome.measure(q.metric, q.about)
    return measured


def cut_offs_of(quantities: Sequence[Quantity], world: World) -> list[CutOff]:
    """The cut-offs that some quantities need."""
    about = [q.about for q in quantities if q.metric == "influence"]
    named = [resolved((a.country or "", tuple(a.partner or ())), world) for a in about]
    return list(dict.fromkeys(named))
