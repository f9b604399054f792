"""From measures to cost changes on a world, with an audit of which measure made which number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.policy.changes import Changes
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure, Strengths
from detente.policy.register import Regime
from detente.policy.scenario import Action, Scenario
from detente.world.names import resolve_countries, resolve_sectors
from detente.world.world import World


class Effect(NamedTuple):
    """A cost factor that one measure puts on the trade of some origins with some destinations."""

    origins: list[str]
    destinations: list[str]
    sectors: list[str]
    factor: Array  # one for each sector, or (sector, draw)


@dataclass(frozen=True, eq=False)
class Compiled:
    """Cost changes and the measures that made them.

    Attributes
    ----------
    changes
        For `detente.solve`.
    effects
        What each action contributed: verb, measure and effect.
    duties
        Actions on tariffs that collect revenue, which are no part of the effects.
    """

    changes: Changes
    effects: tuple[tuple[str, str, Effect], ...]
    duties: tuple[Action, ...] = ()

    def audit(self) -> pd.DataFrame:
        """One row per (origin, destination, sector) and measure: its cost factor and the product.

        `factor` is what the measure does there, `total` the product over all measures, which is
        the cost factor d_hat that is solved.
        """
        rows = [
            (verb, name, o, d, s, float(f))
            for verb, name, effect in self.effects
            for o in effect.origins
            for d in effect.destinations
            if o != d
            for s, f in zip(effect.sectors, effect.factor, strict=True)
        ]
        columns = ["action", "measure", "origin", "destination", "sector", "factor"]
        table = pd.DataFrame(rows, columns=columns)
        where = ["origin", "destination", "sector"]
        table["total"] = table.groupby(where)["factor"].transform("prod")
        return table.sort_values([*where, "measure"], ignore_index=True)


def compile_scenario(
    scenario: Scenario,
    world: World,
    *,
    strengths: Strengths | None = None,
    onto: Changes | None = None,
    theta: Array | None = None,
) -> Compiled:
    """Turn a scenario into cost changes on a world.

    Parameters
    ----------
    scenario
        What is done to which measures.
    world
        The baseline.
    strengths
        Where in their ranges strengths are; by default all at the scenario's level.
    onto
        Changes made before, on top of which these come; by default none.
    theta
        Trade elasticities [sector] that the costs will be used with; omitted, the world's. A
        measure is known by the trade it stops, d_hat^-theta at the world's elasticities, so its
        cost with others is d_hat^(theta_world / theta).

    Factors of different measures on the same trade multiply, in any order. For measures that
    cover shares s1 and s2 of a sector this is exact if coverage is independent, since
    ((1-s1) + s1 d1^-theta) ((1-s2) + s2 d2^-theta) is then the mean of the products' own factors
    to the power -theta; lifting is the exact inverse of imposing.

    Raises
    ------
    ScenarioError
        A complete ban among the measures to lift: the baseline does not show what trade would be
        without it.

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> ban = Measure(senders=["USA"], target="BLR", kind="export-ban", sectors=["K"], ave=0.25)
    >>> compiled = compile_scenario(Scenario(title="ease", lift=[ban]), world)
    >>> float(compiled.changes.d_hat.sel(origin="USA", destination="BLR", sector="K"))
    0.8
    """
    changes, effects, duties = onto or Changes(world), [], []
    strengths = strengths or Strengths.at(scenario.level)
    for action in scenario.actions():
        if action.measure.kind == "tariff" and _in_accounts(action, changes):
            changes = _tariff(changes, action, strengths)
            duties.append(action)
            continue
        for effect in effects_of(action, world, strengths, theta):
            changes = changes.cost(
                effect.origins, effect.destinations, effect.sectors, factor=effect.factor
            )
            effects.append((action.verb, action.name, effect))
    for c in scenario.costs:
        changes = changes.cost(c.origins, c.destinations, c.sectors, factor=c.factor)
    for t in scenario.transfers:
        changes = changes.transfer(t.payer, t.receiver, t.amount)
    return Compiled(changes, tuple(effects), tuple(duties))


def cost_in_force(
    regime: Regime,
    world: World,
    strengths: Strengths | None = None,
    theta: Array | None = None,
) -> xr.DataArray:
    """Cost factors (destination, origin, sector) of the measures of a regime, tariffs included.

    Bans count as infinite; see `compile_scenario` for the parameters.
    """
    changes = Changes(world)
    for name, measure in regime.measures.items():
        action = Action("impose", name, measure)
        for e in effects_of(action, world, strengths or Strengths(), theta):
            changes = changes.cost(e.origins, e.destinations, e.sectors, factor=e.factor)
    return changes.d_hat.rename("cost_in_force")


def status_quo(
    regime: Regime,
    world: World,
    on: date,
    strengths: Strengths | None = None,
    theta: Array | None = None,
) -> Changes:
    """Cost changes from the world's year to a day: measures since begun, less those since ended.

    See `compile_scenario` for the parameters.
    """
    scenario = since_the_year(regime, world, on)
    return compile_scenario(scenario, world, strengths=strengths, theta=theta).changes


def since_the_year(regime: Regime, world: World, on: date) -> Scenario:
    """What was done to the measures of a regime between the world's year and a day."""
    year_end = date(int(world.data.attrs["year"]), 12, 31)
    then, now = regime.in_force(year_end).measures, regime.in_force(on).measures
    return Scenario(
        title=f"status quo of {on}",
        measures=regime.measures,
        lift=[m for m in then if m not in now],
        impose=[m for m in now if m not in then],
    )


def effects_of(
    action: Action, world: World, strengths: Strengths, used: Array | None = None
) -> list[Effect]:
    """Cost factors of an action on one measure, on every trade it touches.

    Strengths may differ by draw; `used`, the elasticities that the costs will be used with, is
    then (sector, draw), and so are the factors.
    """
    measure = action.measure
    sectors = resolve_sectors(measure.sectors, world.sectors)
    at = [world.sectors.index(s) for s in sectors]
    theta = world.data["theta"].values[at]
    if used is not None and used.ndim == 2:
        theta = theta[:, None]
    ave = strengths.ave(measure)
    effects = []
    kind = KINDS[measure.kind]
    for origins, destinations, share in kind.trade_touched(measure, world, strengths):
        imposed = cost_factor(ave, share, theta)
        factor = _changed(action, ave, imposed, share, theta)
        if used is not None:
            factor = factor ** (theta / used[at])
        effects.append(Effect(origins, destinations, sectors, factor))
    return effects


def _changed(action: Action, ave: Any, imposed: Array, share: Any, theta: Array) -> Array:
    if action.verb == "impose":
        return imposed
    if np.isinf(imposed).any():
        raise ScenarioError(
            f"{action.name}: a complete ban cannot be taken off: the baseline does not show the "
            "trade it prevents; give it an `ave` instead"
        )
    left = 0.0 if action.verb == "lift" else (1 - action.degree) * ave
    if action.verb == "harden":
        assert action.new_ave is not None
        left = action.new_ave
    return cost_factor(left, share, theta) / imposed


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


def _in_accounts(action: Action, changes: Changes) -> bool:
    """Tell whether a tariff is imposed, or collects revenue in the world that it leaves.

    A tariff that the baseline's trade has felt but its accounts do not show (the embedded world has
    no tariffs) is taken off like any other cost, without a loss of revenue.
    """
    if action.verb == "impose":
        return True
    m = action.measure
    return bool(_rates(changes, m).min() >= m.share * m.strength("low"))


def _rates(changes: Changes, measure: Measure) -> Array:
    """Tariff rates so far on the trade that a tariff is about, (sector, destination, origin)."""
    world = changes.world
    C, S = world.countries, world.sectors
    sectors = [S.index(s) for s in resolve_sectors(measure.sectors, S)]
    destinations = [C.index(c) for c in resolve_countries(measure.senders, C)]
    origins = [C.index(c) for c in resolve_countries(measure.target, C)]
    return changes.rates_at(sectors, destinations, origins)


def _tariff(changes: Changes, action: Action, strengths: Strengths) -> Changes:
    """Add a rate to the tariffs in force, or take it off."""
    measure = action.measure
    rates = _rates(changes, measure) + rate_step(action, strengths)
    return changes.tariff(measure.target, measure.senders, measure.sectors, rate=rates)


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
