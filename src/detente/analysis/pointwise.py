"""The claims of a case at one scenario's central values: what moves when a slider moves."""

from __future__ import annotations

from functools import lru_cache

from detente.cases import Case
from detente.cases.records import Test
from detente.equilibrium import solve
from detente.equilibrium.ensemble import Ensemble
from detente.equilibrium.problem import Deficits
from detente.policy.changes import Changes
from detente.policy.routes import RoutedChanges
from detente.simulation.measurement import Comparison, Rerouted
from detente.simulation.runs import Run
from detente.world.world import World


def comparison_of(found: Run) -> Comparison:
    """A solved scenario beside the status quo it starts from, as an ensemble of one."""
    world, closure = found.world, found.scenario.deficits
    nothing = Changes(world)
    choice = None if found.routed is None else found.routed.choice

    def cut(changes: Changes, partners: tuple[str, ...], country: str) -> Ensemble:
        banned = changes.cut_off(country, partners)
        routed = banned if choice is None else choice.apply(banned).changes
        return Ensemble.of_one(solve(world, routed, deficits=closure))

    def cut_off(country: str, partners: tuple[str, ...]) -> tuple[Ensemble, Ensemble]:
        after = found.compiled.changes
        return cut(nothing, partners, country), cut(after, partners, country)

    return Comparison(
        _unchanged(world, closure),
        Ensemble.of_one(found.equilibrium),
        None if found.routed is None else _rerouted(found.routed),
        cut_off,
    )


def _rerouted(routed: RoutedChanges) -> Rerouted:
    before, after = (shares[..., None] for shares in routed.shares[0])
    return Rerouted(routed.choice, before, after)


@lru_cache(maxsize=8)
def _unchanged(world: World, closure: Deficits) -> Ensemble:
    return Ensemble.of_one(solve(world, Changes(world), deficits=closure))


def claim_values(case: Case, found: Run, *, cut_offs: bool = True) -> dict[str, float]:
    """The metric of every claim that can be tested in a scenario by itself, by claim.

    A claim about a ratio to another scenario, or about routes where the scenario has none, is
    left out; so is one about influence without `cut_offs`, which take two more solves.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> from detente.simulation.runs import run
    >>> case = load_case("belarus-2025")
    >>> claim_values(case, run(case.scenario("us-all")))["isw-any-relief"] > 0
    True
    """
    compared = comparison_of(found)
    tests = {name: c.test for name, c in case.claims.items() if c.test is not None}
    return {
        name: float(compared.measure(test.metric, test.parameters)[0])
        for name, test in tests.items()
        if test.relative_to is None
        and _possible(test, compared)
        and (cut_offs or test.metric != "influence")
    }


def _possible(test: Test, compared: Comparison) -> bool:
    return compared.rerouted is not None or test.metric not in ("through-hubs", "offset-ratio")
