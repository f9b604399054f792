"""A case set up for many draws, which it works off a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from threadpoolctl import ThreadpoolController

from detente.arrays import Array, Positions
from detente.cases import Case
from detente.cases.records import Test
from detente.equilibrium.calibrate import balanced
from detente.errors import ConvergenceError
from detente.simulation.metrics import Parameters
from detente.simulation.sampling import Cube, Draws
from detente.simulation.trial import Cut, Setting, Trial

WIDTH = 24
"""Draws in a batch: as many as keep their prices and expenditures near the processor."""


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
        self._settings: dict[tuple[bool, tuple[str, ...], tuple[Cut, ...]], Setting] = {}

    def evaluate(self, points: Array, wanted: Sequence[Quantity] | None = None) -> Array:
        """The quantities, or those wanted, at points of the cube, (point, quantity).

        Raises
        ------
        ConvergenceError
            A scenario has no equilibrium under these assumptions; says which and under what.
        """
        wanted = self.quantities if wanted is None else wanted
        found = np.empty((len(points), len(wanted)))
        for zero, at in self._batches(points):
            draws = self.cube.draws(points[at])
            # One thread: the bits of a product of matrices can depend on how many share it.
            with _libraries().limit(limits=1), _told_under(draws):
                found[at] = self._measure(draws, zero, wanted)
        return found

    def _measure(self, draws: Draws, zero: bool, wanted: Sequence[Quantity]) -> Array:
        trial = Trial(self._setting(zero, wanted), draws)
        compared = {name: trial.compare(name) for name in {q.scenario: None for q in wanted}}
        measured = [compared[q.scenario].measure(q.metric, q.parameters) for q in wanted]
        return np.array(measured).T

    def _batches(self, points: Array) -> Iterator[tuple[bool, Positions]]:
        """Points that can be solved together: balanced trade starts from another world."""
        zero = self.cube.draws(points).get("closure", self.case.deficits) == "zero"
        for balance in (False, True):
            group = np.flatnonzero(zero == balance)
            if group.size:
                batches = np.array_split(group, -(-group.size // WIDTH))
                yield from ((balance, batch) for batch in batches)

    def _setting(self, zero: bool, wanted: Sequence[Quantity]) -> Setting:
        scenarios = tuple({q.scenario: None for q in wanted})
        about = [q.parameters for q in wanted if q.metric == "influence"]
        cuts = tuple({(p.country or "", tuple(p.partner or ())): None for p in about})
        key = (zero, scenarios, cuts)
        if key not in self._settings:
            world = balanced(self.world) if zero else self.world
            self._settings[key] = Setting(self.case, world, scenarios, cuts)
        return self._settings[key]


@contextmanager
def _told_under(draws: Draws) -> Iterator[None]:
    """Say of a `ConvergenceError` under which assumptions it came."""
    try:
        yield
    except ConvergenceError as error:
        values = draws.described(int(str(error.diagnostics["draw"])))
        at = ", ".join(
            f"{k} {v if isinstance(v, str) else format(v, '.4g')}" for k, v in values.items()
        )
        raise ConvergenceError(
            f"no equilibrium where {at}: {error}", {**error.diagnostics, **values}
        ) from error


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """The linear algebra libraries that are loaded."""
    return ThreadpoolController()


@lru_cache(maxsize=4)
def laboratory_of(case_json: str) -> Laboratory:
    """The laboratory of a case given as JSON; kept, so that a worker sets it up once."""
    return Laboratory(Case.model_validate_json(case_json))


def evaluate_block(case_json: str, points: Array) -> Array:
    """Quantities at some points, (point, quantity): what a worker is asked for."""
    return laboratory_of(case_json).evaluate(points)
