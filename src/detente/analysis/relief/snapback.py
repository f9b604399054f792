"""Snap-back: what it costs the target to lose relief that it has adapted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detente.analysis.relief.bundles import PACKAGES, Bundles
from detente.arrays import Array, Positions
from detente.equilibrium.economy import economy_of
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.solver import find_equilibria
from detente.errors import ScenarioError
from detente.policy.policy import Margins, Policy
from detente.policy.routes import rerouted, route_costs
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation

SHORT_RUN = 0.38
"""Trade elasticity in the year of a shock over that of the long run.

Boehm, Levchenko and Pandalai-Nayar (2023), "The Long and Short (Run) of Trade Elasticities",
American Economic Review 113(4): 0.76 in the first year against about 2 after seven to ten.
"""

PRECISION = 1e-12


@dataclass(frozen=True)
class SnapBack:
    """Relief, and its end after the target has adapted; percent of the target's real income.

    Attributes
    ----------
    package
        What is eased and then re-imposed.
    gain
        What easing gives, at the world's elasticities.
    loss
        What re-imposing takes, in percent of income with relief, at short-run elasticities; below
        zero.
    loss_usd
        The same as equivalent variation, million USD.
    net
        Both together: income in the first year of the snap-back over that of the status quo.
    short_run
        Share of the long-run response of trade and routes that comes about when measures return.
    """

    package: str
    gain: float
    loss: float
    loss_usd: float
    net: float
    short_run: float


def snap_back(bundles: Bundles, levels: Positions, short_run: float = SHORT_RUN) -> SnapBack:
    """Lift a package, let the world adapt, and re-impose it before trade can turn elsewhere.

    The cost factors that were taken off are put back on the world that relief has made, with
    elasticities of trade and of routes scaled down. At those of the scenario's own horizon, as with
    `short_run=1`, this is the way back, and the
    net effect is zero; otherwise what relief gave and what its end takes differ by adaptation.

    Parameters
    ----------
    bundles
        What may be eased.
    levels
        The package's level for each bundle; see `Bundles`.
    short_run
        Share of the long-run response, above 0 and up to 1; the scenario's horizon at most.

    Raises
    ------
    ScenarioError
        A factor out of range.

    Notes
    -----
    Hubs' handling margins and the fees of corridors are left out, in both directions: the accounts
    of a world do not show them. Wages and prices are as flexible as ever, so that losses from idle
    labour and capital come on top. Low elasticities cut both ways: the target finds no substitutes
    for what it loses, but its customers find none for what it sells and bear more of the cost, so
    that a snap-back need not cost more than the relief gave.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> from detente.analysis.relief.bundles import bundles_of
    >>> import numpy as np
    >>> bundles = bundles_of(load_case("belarus-2025"), measures=["us-banks-2022"])
    >>> ended = snap_back(bundles, np.array([1]))
    >>> ended.loss < 0 < ended.gain
    True
    """
    if not 0 < short_run <= 1:
        near = 1.0 if short_run > 1 else SHORT_RUN
        raise ScenarioError(
            f"short-run factor {short_run:g} must be above 0 and up to 1; nearest is {near:g}"
        )
    simulation = Simulation(bundles.simulation.compiler, bundles.simulation.parameters, PRECISION)
    free = simulation.varied(hub_margin=np.zeros(1), owner_fees=np.zeros(1))
    eased = free.respond(bundles.costs(levels[None]), PACKAGES)
    compiled = simulation.compiled
    ended = _reimposed(eased, compiled.policy(compiled.status_quo).rate, short_run)
    here = bundles.world.countries.index(bundles.target)
    before, relieved, after = (
        float(e.real_income[here, 0]) for e in (eased.before, eased.after, ended)
    )
    relieved_again = float(economy_of(ended.economy.world).I[here])
    gain, loss = 100 * (relieved / before - 1), 100 * (after / relieved_again - 1)
    usd = loss / 100 * relieved_again
    net = 100 * ((1 + gain / 100) * (1 + loss / 100) - 1)
    return SnapBack(bundles.words(levels), gain, loss, usd, net, short_run)


def _reimposed(eased: Outcome, rate: Array, short_run: float) -> Equilibria:
    """Put the costs taken off back on the world that relief has made, elasticities scaled down."""
    adapted = eased.equilibrium.world_after
    p = eased.simulation.parameters
    scale = min(short_run / float(p.horizon[0]), 1.0)
    theta = scale * p.theta[:, 0]
    economy = economy_of(adapted.with_elasticities(theta.tolist()))
    compiled = eased.simulation.compiled
    log_d = -compiled.log_d(eased.costs)
    routed = log_d.copy()
    d = np.exp(log_d)
    for shares, place in zip(eased.routed, compiled.compiler.places, strict=True):
        # Routes as relief has left them, less ready to change.
        vartheta = scale * compiled.vartheta(shares.trade)
        legs = d[place.direct], d[place.first], d[place.second]
        handling = np.ones((len(shares.after) - 1, 1))
        kappa, _ = rerouted(shares.after, route_costs(*legs, handling), vartheta)
        routed[place.direct] = np.log(kappa)
    capped = compiled.joint.capped
    routed[capped] += compiled.rebate(eased.costs) - compiled.rebate(compiled.status_quo)
    policy = Policy(
        entries=compiled.compiler.entries.positions,
        log_d=routed[:-1],
        rate=rate,
        transfers=np.zeros((economy.VA.size, 1)),
        margins=Margins.none(1),
        steps=(*eased.costs.steps, "snap-back"),
    )
    in_shares = eased.simulation.parameters.deficits != "value"
    production = eased.simulation.production
    return find_equilibria(
        economy, policy, theta[:, None], in_shares, production, tolerance=PRECISION
    )
