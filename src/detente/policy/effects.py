"""What measures do to the cost of trade, at some strengths and elasticities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from detente.arrays import Array, Positions
from detente.errors import ScenarioError
from detente.policy.corridors import corridors_on_file
from detente.policy.entries import Block, Entries, Touched, block_of
from detente.policy.joint import Joint, JointUnder
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure, Strengths
from detente.policy.parameters import Parameters
from detente.policy.scenario import Action, Scenario
from detente.world.world import World


def cost_factor(ave: Any, share: Any, theta: Array) -> Array:
    """Cost factor of a measure that covers a share s of products with delta = 1 + ave inside it.

    ((1-s) + s delta^-theta)^(-1/theta), one for each elasticity; infinite for a complete ban.

    >>> cost_factor(0.25, 1.0, np.array([4.0])).tolist()
    [1.25]
    """
    if np.all(share == 1):
        return np.full(np.broadcast_shapes(theta.shape, np.shape(ave)), 1 + ave)
    factor: Array = ((1 - share) + share * (1 + ave) ** -theta) ** (-1 / theta)
    return factor


def known_ave(ave: Any, theta_world: Array, theta_known: Array) -> Array:
    """Ad-valorem equivalent under other elasticities: a measure is known by the trade it stops.

    delta^-theta stays what it is at the world's elasticities.

    >>> known_ave(0.25, np.array([4.0]), np.array([8.0])).round(3).tolist()
    [0.118]
    """
    converted: Array = (1 + ave) ** (theta_world / theta_known) - 1
    return converted


def blocks_touched(measure: Measure, world: World) -> list[Block]:
    """The blocks of trade that a measure acts on."""
    return [
        block_of(world, measure.products(world)[0], destinations, origins)
        for origins, destinations, _ in KINDS[measure.kind].trade_touched(
            measure, world, Strengths()
        )
    ]


def log_costs(
    measure: Measure, world: World, p: Parameters, ave: Any = None, months: float = 1.0
) -> Array:
    """Log cost factors of a measure in force, by block and sector, [(block, sector),k].

    Inside the products covered a measure is known by the trade it stops at the world's elasticities
    (`known_ave`). A quantity, such as a ban, stops it at any horizon, for it is obeyed from the day
    it holds; a price, such as dearer payments, in the long run, and the elasticity of the horizon
    then says how much of their trade goes on. Factors of different measures on the same
    trade multiply, in any order: for measures that cover shares s1 and s2 of a sector this is exact
    if coverage is independent, since ((1-s1) + s1 d1^-theta) ((1-s2) + s2 d2^-theta) is then the
    mean of the products' own factors to the power -theta.

    Parameters
    ----------
    measure, world, p
        The measure, on a world, under some parameters.
    ave
        Ad-valorem equivalent in place of the measure's own, one or one for each draw.
    months
        Share of the period in which the measure is in force: so much of the period's trade is
        covered.
    """
    ave = p.strengths.ave(measure) if ave is None else ave
    sectors, _ = measure.products(world)
    theta = p.theta[sectors]
    known = at_elasticities(ave, measure, world, p, sectors)
    logs = [
        np.log(cost_factor(known, share * months, theta))
        for _, _, share in KINDS[measure.kind].trade_touched(measure, world, p.strengths)
    ]
    draws = max(log.shape[1] for log in logs)
    return np.concatenate([np.broadcast_to(log, (sectors.size, draws)) for log in logs])


def at_elasticities(
    ave: Any, measure: Measure, world: World, p: Parameters, sectors: Positions
) -> Array:
    """Ad-valorem equivalent of a measure in some sectors under some parameters, [j,k]."""
    theta = p.theta if KINDS[measure.kind].quantity else p.theta_long
    return known_ave(ave, world.data.variables["theta"].values[sectors][:, None], theta[sectors])


def effect_of(action: Action, in_force: Array, world: World, p: Parameters) -> Array:
    """Log cost factors of what is done to a measure, given those of the measure in force.

    Raises
    ------
    ScenarioError
        A complete ban is taken off: nothing shows what trade would be without it.
    """
    if action.verb == "impose":
        return in_force
    if np.isinf(in_force).any():
        raise ScenarioError(
            f"{action.name}: a complete ban cannot be taken off: the baseline does not show the "
            "trade it prevents; give it an `ave` instead"
        )
    left = action.new_ave
    if action.verb in ("lift", "ease"):
        used = action.degree * p.pass_through.used(
            action.form, action.measure.kind, action.reversible
        )
        left = (1 - used) * p.strengths.ave(action.measure)
    return log_costs(action.measure, world, p, left, action.months) - in_force


def rate_step(action: Action, strengths: Strengths) -> Any:
    """By how much an action on a tariff moves its rate on the sectors it covers."""
    rate = strengths.ave(action.measure)
    steps = {
        "impose": rate,
        "lift": -rate,
        "ease": -action.degree * rate,
        "harden": (action.new_ave or 0.0) - rate,
    }
    return action.measure.share * steps[action.verb]


def audit(scenario: Scenario, world: World) -> pd.DataFrame:
    """Which measure made which cost factor, at the scenario's strengths.

    One row per (origin, destination, sector) and measure: `factor` is what is done to the measure
    there, `total` the product over all measures, which is the cost factor d_hat that is solved
    where goods go directly. A scenario without a status quo takes measures on file off only as far
    as the table contains them; here they are at their full strength.

    Examples
    --------
    >>> import detente
    >>> from detente.policy.measures import Measure
    >>> measure = Measure(senders=["USA"], target="BLR", kind="export-ban", sectors=["K"], ave=0.25)
    >>> eased = Scenario(title="ease", lift=[measure], friction=False)
    >>> round(float(audit(eased, detente.load_world())["factor"].iloc[0]), 9)
    0.8
    """
    p = Parameters.central(scenario, world)
    C, S = np.array(world.countries), np.array(world.sectors)
    parts: list[pd.DataFrame] = []
    for action in scenario.actions():
        found = _joint_effect if action.measure.joint else _own_effect
        for (j, n, i), log in found(action, scenario, world, p):
            sector, destination, origin = (a.ravel() for a in np.meshgrid(j, n, i, indexing="ij"))
            factor = np.exp(np.broadcast_to(log[..., None], (j.size, n.size, i.size))).ravel()
            columns = {"origin": C[origin], "destination": C[destination], "sector": S[sector]}
            names = {"action": action.verb, "measure": action.name}
            parts.append(
                pd.DataFrame({**names, **columns, "factor": factor})[origin != destination]
            )
    where = ["origin", "destination", "sector"]
    nothing = pd.DataFrame(columns=["action", "measure", *where, "factor"])
    table = pd.concat([nothing, *parts], ignore_index=True) if parts else nothing
    table["total"] = table.groupby(where)["factor"].transform("prod")
    return table.sort_values([*where, "measure"], ignore_index=True)


def _own_effect(
    action: Action, scenario: Scenario, world: World, p: Parameters
) -> Iterator[tuple[Block, Array]]:
    """Log cost factor of what is done to a measure, by block, [j,1]."""
    logs = effect_of(action, log_costs(action.measure, world, p), world, p)[:, 0]
    blocks = blocks_touched(action.measure, world)
    for block, log in zip(blocks, np.split(logs, len(blocks)), strict=True):
        yield block, log[:, None]


def _joint_effect(
    action: Action, scenario: Scenario, world: World, p: Parameters
) -> Iterator[tuple[Block, Array]]:
    """The same of a measure that shuts a corridor while all others are open, [j,n].

    What a price cap leaves to buyers is no cost.
    """
    corridors = {**corridors_on_file(), **scenario.corridors}
    joint = Joint.of(world, corridors, {action.name: action.measure})
    year = None if scenario.status_quo is None else scenario.status_quo.year
    under = JointUnder(joint, Entries(world, [Touched.of(world, joint.blocks)]), p)
    before = np.full((1, 1), 0.0 if action.verb == "impose" else 1.0)
    after = before + joint.moved([action], before, p)
    for then, now in zip(under.ways(before, year), under.ways(after, year), strict=True):
        yield now.network.block, (now.log_d - then.log_d)[..., 0]
