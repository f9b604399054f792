"""What goes by which corridor, what their owners earn, and what price caps take, once solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detente.arrays import Array
from detente.policy.entries import Block

if TYPE_CHECKING:
    from detente.equilibrium.equilibria import Equilibria
    from detente.policy.compiled import Costs
    from detente.policy.joint import Ways
    from detente.simulation.outcome import Outcome


def fees(o: Outcome, owner: str, corridor: str | None) -> tuple[Array, Array]:
    """What an owner earns by one of its corridors, or all, before and after, [k]."""
    before, after = (
        np.zeros(e.draws)
        + sum(w.earned_by(owner, e.sales(*w.network.block), corridor) for w in ways)
        for ways, e in _states(o)
    )
    return before, after


def share_of_corridor(o: Outcome, exporter: str, corridor: str) -> tuple[Array, Array]:
    """Share of a corridor in exports that need one, before and after, [k].

    Zero for both if nothing that the scenario does or finds shuts any of them.

    Raises
    ------
    ScenarioError
        The exporter has no such corridor.
    """
    o.simulation.compiler.joint.check_corridor("corridor-share", exporter, corridor)
    before, after = (_share(exporter, corridor, *state) for state in _states(o))
    return before, after


def discount_granted(o: Outcome, costs: Costs, e: Equilibria, block: Block) -> Array:
    """Discount on the sales of a block that price caps enforce, tau Z / ((1 + tau) Z), [k]."""
    compiled, received = o.simulation.compiled, e.sales(*block)
    wedge = compiled.wedge(costs)
    by_entry = np.zeros((compiled.compiler.entries.positions.size + 1, wedge.shape[1]))
    by_entry[compiled.joint.capped] = wedge
    kept = by_entry[compiled.compiler.entries.rows(block)] * received
    return _ratio(kept.sum((0, 1, 2)), (kept + received).sum((0, 1, 2)))


def _states(o: Outcome) -> tuple[tuple[list[Ways], Equilibria], ...]:
    before, after = o.ways
    return (before, o.before), (after, o.after)


def _share(exporter: str, corridor: str, ways: list[Ways], e: Equilibria) -> Array:
    through, total = np.zeros(e.draws), np.zeros(e.draws)
    for w in ways:
        names = list(w.network.about.corridors)
        if w.network.about.exporter == exporter and corridor in names:
            carried = w.carried(e.sales(*w.network.block))
            through, total = through + carried[names.index(corridor)], total + carried.sum(0)
    return _ratio(through, total)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
