"""The comparison that was made on the record, made on simulated trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.threads import one_thread
from detente.inference.observations import Flow, Observation
from detente.inference.priors import FIRST_YEAR
from detente.policy.compile import Compiler
from detente.policy.compiled import Compiled
from detente.policy.effects import at_elasticities, blocks_touched
from detente.policy.entries import Block, block_of
from detente.policy.measures import Measure
from detente.policy.parameters import Parameters
from detente.policy.scenario import Action, Assumptions, Scenario
from detente.simulation.assumptions import kind_of
from detente.simulation.run import Simulation
from detente.world.world import World

TOLERANCE = 1e-6
"""Of the solves: a moment is then good to a thousandth, where errors are a tenth."""

BANS = ("export-ban", "import-ban")


class Moments:
    """Simulates what was observed.

    Parameters
    ----------
    observations
        By name.
    assumptions
        What the world is simulated under, but for their status quo, posterior and horizon: how much
        of the response had come about is a parameter.

    Attributes
    ----------
    observations
        By name.
    world
        The world.
    """

    def __init__(self, observations: Mapping[str, Observation], assumptions: Assumptions) -> None:
        self.observations = dict(observations)
        parts = {f: getattr(assumptions, f) for f in Assumptions.model_fields}
        alone = {"status_quo": None, "posterior": None, "horizon": "long-run"}
        self.scenario = Scenario(title="the record", **{**parts, **alone})
        self.world = self.scenario.load_world()
        periods = [p for o in observations.values() for p in (o.before.period, o.after.period)]
        compilers = {
            period: Compiler(self.world, {"none": self.scenario}, period=period)
            for period in dict.fromkeys(periods)
        }
        alike = {_in_force(compiler): compiler for compiler in compilers.values()}
        self._compilers = {period: alike[_in_force(c)] for period, c in compilers.items()}

    @property
    def values(self) -> Array:
        """What was observed, [m]."""
        return np.array([o.value for o in self.observations.values()])

    @property
    def errors(self) -> Array:
        """Standard errors, [m]."""
        return np.array([o.error for o in self.observations.values()])

    def parameters(self, values: Mapping[str, Array], draws: int) -> Parameters:
        """The central parameters but for some, by the names of assumptions, [draw].

        The share of the long-run response in the first year is the horizon of the record.
        """
        p = Parameters.central(self.scenario, self.world, draws)
        for name, value in values.items():
            first_year = name == FIRST_YEAR
            p = replace(p, horizon=value) if first_year else kind_of(name).apply(p, value)
        return p

    def simulated(self, p: Parameters) -> Array:
        """The same of simulated trade under some parameters, [m,k].

        Raises
        ------
        ConvergenceError
            No equilibrium under some of them.
        """
        with one_thread():
            distinct = dict.fromkeys(self._compilers.values())
            solved = {c: Simulation(c, p, TOLERANCE) for c in distinct}
            states = {period: solved[c] for period, c in self._compilers.items()}
            found = [
                _compared(o, states[o.before.period], states[o.after.period])
                for o in self.observations.values()
            ]
        return np.array(found)


def _in_force(compiler: Compiler) -> tuple[tuple[str, float], ...]:
    """What is in force in a period, by months: periods that are alike are solved once."""
    now = compiler.now
    return tuple((action.name, action.months) for action in (*now.costs, *now.tariffs, *now.joint))


def _compared(o: Observation, before: Simulation, after: Simulation) -> Array:
    """One observation on simulated trade, [k]."""
    if o.of == "gravity":
        return _effect_at_given_prices(_block(o, after), after.compiled)
    if o.of == "offset":
        return _offset(before, after)
    if o.of == "arrival":
        return 1 - after.parameters.false_transit
    if o.of == "trade":
        change = np.log(_trade(o, after) / _trade(o, before))
    else:
        listed = _bans(o, after)
        traded = [_in_products(o, listed, simulation) for simulation in (before, after)]
        with np.errstate(invalid="ignore", divide="ignore"):  # nothing covered: not a number
            change = np.log(traded[1] / traded[0])
    if o.against is not None:
        change -= np.log(_trade(o.against, after) / _trade(o.against, before))
    return change


def _block(flow: Flow, simulation: Simulation) -> Block:
    return block_of(simulation.world, flow.sectors, flow.destinations, flow.origins)


def _trade(flow: Flow, simulation: Simulation) -> Array:
    """Trade of a flow, [k]."""
    total: Array = simulation.before.sales(*_block(flow, simulation)).sum((0, 1, 2))
    return total


def _bans(o: Observation, simulation: Simulation) -> list[Action]:
    """Bans on all of a flow in force in a period, of those that an observation is about."""
    _, destinations, origins = _block(o, simulation)
    found = []
    for action in simulation.compiler.now.costs:
        _, n, i = blocks_touched(action.measure, simulation.world)[0]
        within = np.isin(destinations, n).all() and np.isin(origins, i).all()
        meant = not o.measures or action.name in o.measures
        if within and meant and action.measure.kind in BANS:
            found.append(action)
    return found


def _in_products(o: Observation, bans: Sequence[Action], simulation: Simulation) -> Array:
    """Trade of a flow in the products that bans cover, or in those that they do not, [k].

    Bans leave F = prod_m ((1-s_m) + s_m delta_m^-theta) of a sector's trade at given prices, with
    s_m the share covered times the months in force, and do not touch U = prod_m (1-s_m), with s_m
    the whole share covered. So uncovered products are U / F of what is left of the sector, covered
    ones (F - U) / F.
    """
    block = _block(o, simulation)
    sales = simulation.before.sales(*block).sum((1, 2))
    in_force = {a.name: a.months for a in simulation.compiler.now.costs}
    untouched, left = np.ones_like(sales), np.ones_like(sales)
    for ban in bans:
        m = ban.measure
        share, rows = _shares(m, block[0], simulation.world)
        untouched[rows] *= 1 - share
        in_period = share * in_force.get(ban.name, 0.0)
        left[rows] *= 1 - in_period * (1 - _left(m, block[0][rows], simulation.compiled))
    part = untouched / left if o.of == "uncovered" else (left - untouched) / left
    total: Array = (sales * part).sum(0)
    return total


def _shares(m: Measure, sectors: Positions, world: World) -> tuple[Array, Positions]:
    """Share of products covered, [j,1], and where the sectors concerned are among some."""
    touched = blocks_touched(m, world)[0][0]
    _, rows, at = np.intersect1d(sectors, touched, return_indices=True)
    return np.broadcast_to(m.products(world)[1], (touched.size, 1))[at], rows


def _left(m: Measure, sectors: Positions, compiled: Compiled) -> Array:
    """What a ban leaves of the trade in its products at given prices, delta^-theta, [j,k]."""
    p = compiled.p
    ave = at_elasticities(p.strengths.ave(m), m, compiled.compiler.world, p, sectors)
    left: Array = (1 + ave) ** -p.theta[sectors]
    return left


def _effect_at_given_prices(block: Block, compiled: Compiled) -> Array:
    """Log effect of all measures in force on trade of a block at given prices, [k]."""
    rows = compiled.compiler.entries.rows(block)
    theta = compiled.p.theta[block[0]][:, None, None]
    table = compiled.compiler.world.trade.values.transpose(2, 1, 0)[np.ix_(*block)][..., None]
    without = table * np.exp(theta * compiled.contained[rows])
    with_them = without * np.exp(-theta * compiled.full[rows])
    effect: Array = np.log(with_them.sum((0, 1, 2)) / without.sum((0, 1, 2)))
    return effect


def _offset(before: Simulation, after: Simulation) -> Array:
    """Rise of trade through hubs over the fall of direct trade, first of the routed trade, [k]."""
    routed = []
    for simulation in (before, after):
        compiled: Compiled = simulation.compiled
        choice = simulation.compiler.routes
        if choice is None:
            raise ValueError("an offset needs routes")
        shares = compiled.route_shares[0]
        sales = simulation.before.sales(*choice.trade[0].block)
        routed.append(((shares[1:] * sales).sum((0, 1, 2, 3)), (shares[0] * sales).sum((0, 1, 2))))
    (hubs_before, direct_before), (hubs_after, direct_after) = routed
    ratio: Array = (hubs_after - hubs_before) / (direct_before - direct_after)
    return ratio
