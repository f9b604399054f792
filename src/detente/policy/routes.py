"""Route choice: goods go from origin to destination directly or through one hub.

In the spirit of Ganapati, Wong and Ziv (2024), "Entrepôt: Hubs, Scale, and Trade Costs", American
Economic Journal: Macroeconomics 16(4). With route shares rho, route elasticity vartheta and the
legs' cost factors kappa_hat,

    kappa_hat[n,i,j] = (sum_r rho_r kappa_hat_r^-vartheta)^(-1/vartheta)
    kappa_hat_h      = kappa_hat[h,i] kappa_hat[n,h] mu_hat_h
    rho'_r           = rho_r (kappa_hat_r / kappa_hat)^-vartheta

Route costs depend on policy alone, so all this is computed once, before the equilibrium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.errors import ScenarioError
from detente.policy.entries import Block, Entries, block_of
from detente.world.names import Names, resolve_countries
from detente.world.world import World

NESTING = 1.5
"""Route elasticity over trade elasticity, vartheta / theta, unless a number is given.

Routes of the same good are closer substitutes than origins, so that vartheta must exceed theta:
below it, an embargo loses more trade to other origins than it sends through hubs. With the uniform
theta of 4 this is a vartheta of 6.
"""

HUB_SHARE = 0.0085
"""Share of goods that would take a hub without sanctions: gives an offset ratio of 5 percent.

Chupilkin, Javorcik and Plekhanov (2023), "The Eurasian roundabout: trade flows into Russia through
the Caucasus and Central Asia", EBRD Working Paper 276: about 5 percent in the first year, below 10
later.
"""

FALSE_TRANSIT = 0.0
"""Share of goods sent through a hub that never enter it, where no record says otherwise."""

BISECTIONS = 53
"""Halvings of the log level of the odds: a double has no more digits."""

DIRECT = "direct"


@dataclass(frozen=True, eq=False)
class RoutedTrade:
    """Trade of some origins with some destinations that may go through hubs.

    Attributes
    ----------
    block
        Its sectors, destinations and origins, by positions.
    odds
        Odds of the hubs against the direct route without sanctions, up to a common level, (hub,
        sector, destination, origin): the product of the two legs' shares; zero at home.
    flows
        Trade in the world's year without the domestic part, (sector, destination, origin).
    """

    block: Block
    odds: Array
    flows: Array


@dataclass(frozen=True, eq=False)
class RouteShares:
    """Shares of the routes of routed trade, direct first, (route, sector, destination, origin, k).

    Attributes
    ----------
    trade
        The trade.
    before, after
        At the status quo, and under a policy.
    kappa
        Composite cost factor of all routes, (sector, destination, origin, k).
    """

    trade: RoutedTrade
    before: Array
    after: Array
    kappa: Array

    def at(self, draw: int) -> RouteShares:
        """Of one draw, under policies on one status quo."""
        one = slice(draw, draw + 1)
        return replace(self, after=self.after[..., one], kappa=self.kappa[..., one])


@dataclass(frozen=True, eq=False)
class Legs:
    """Where routed trade and the legs of its routes are among the entries.

    Attributes
    ----------
    direct, first, second
        Rows of the trade (sector, destination, origin), of the legs to the hubs (sector, hub,
        origin) and from them (sector, destination, hub).
    taken
        Whether a hub has any of it, (hub, sector, destination, origin).
    paying, hub
        Where it does: the row of the trade and the position of the hub.
    """

    direct: Positions
    first: Positions
    second: Positions
    taken: Flags
    paying: Positions
    hub: Positions

    @classmethod
    def of(cls, trade: RoutedTrade, hubs: Positions, entries: Entries) -> Legs:
        """Find the legs of some trade through hubs, by positions."""
        j, n, i = trade.block
        direct, taken = entries.rows(trade.block), trade.odds > 0
        return cls(
            direct=direct,
            first=entries.rows((j, hubs, i)),
            second=entries.rows((j, n, hubs)),
            taken=taken,
            paying=np.broadcast_to(direct, taken.shape)[taken],
            hub=np.broadcast_to(hubs[:, None, None, None], taken.shape)[taken],
        )


@dataclass(frozen=True, eq=False)
class RouteChoice:
    """Hubs, and the trade that may use them.

    Attributes
    ----------
    hubs
        Country codes of the hubs.
    positions
        Their positions among the world's countries.
    trade
        What may be routed; the first is the one whose leakage is reported.
    vartheta
        Route elasticity; None is a multiple of each sector's trade elasticity.
    handling
        Change of each hub's handling cost mu_hat, [hub]: enforcement raises it.
    """

    hubs: tuple[str, ...]
    positions: Positions
    trade: tuple[RoutedTrade, ...]
    vartheta: float | None
    handling: Array

    def levels_of_odds(self, hub_share: Array) -> Array:
        """Scale of the odds at which `hub_share` of this trade would take a hub unsanctioned, [k].

        Raises
        ------
        ScenarioError
            No scale does.
        """
        wanted, where = np.unique(hub_share[hub_share > 0], return_inverse=True)
        odds = np.concatenate([t.odds.sum(0).ravel() for t in self.trade])
        flows = np.concatenate([t.flows.ravel() for t in self.trade])
        odds, flows, total = odds[odds > 0], flows[odds > 0], float(flows.sum())
        if wanted.size and (total == 0 or wanted[-1] >= flows.sum() / total):
            raise ScenarioError(
                f"a hub share of {wanted[-1]:g} through {', '.join(self.hubs)} cannot be "
                "reached: these hubs trade too little with one end or the other"
            )
        low, high = np.full(wanted.size, -30.0), np.full(wanted.size, 60.0)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            scaled = np.exp(middle) * odds[:, None]
            short = flows @ (scaled / (1 + scaled)) < wanted * total
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        levels = np.zeros(hub_share.size)
        levels[hub_share > 0] = np.exp(low)[where]
        return levels


def route_choice(
    world: World,
    hubs: Names,
    ends: Sequence[tuple[Names, Names]],
    *,
    sectors: Names = "goods",
    vartheta: float | None = None,
    enforcement: dict[str, float] | None = None,
) -> RouteChoice:
    """Set up route choice on a world.

    Odds of a hub against the direct route are proportional to the two legs' trade shares: the share
    of the origin's foreign sales that go to the hub, times the share of the hub's foreign sales
    that go on to the destination.

    Parameters
    ----------
    world
        The world, whose year the legs' shares are about.
    hubs
        Codes, names or groups.
    ends
        Pairs (origins, destinations) whose trade may take the hubs.
    sectors
        Sectors that may; goods by default, since services do not pass customs.
    vartheta
        Route elasticity; omitted, a multiple of the trade elasticity.
    enforcement
        Hub to factor of its handling cost.

    Raises
    ------
    WorldError
        An unknown country or sector.

    Examples
    --------
    >>> import detente
    >>> choice = route_choice(detente.load_world(), ["BLR", "KAZ"], [(["USA", "EU27"], "RUS")])
    >>> choice.trade[0].odds.shape[0]
    2
    """
    found = resolve_countries(hubs, world.countries)
    positions = np.array([world.countries.index(h) for h in found], np.int64)
    sold = world.trade.values.transpose(2, 1, 0).copy()  # [j,n,i]
    home = np.arange(len(world.countries))
    sold[:, home, home] = 0.0
    total = sold.sum(1, keepdims=True)
    leg = np.divide(sold, total, out=np.zeros_like(sold), where=total > 0)
    raised = enforcement or {}
    return RouteChoice(
        hubs=tuple(found),
        positions=positions,
        trade=tuple(
            _routed(block_of(world, sectors, destinations, origins), positions, sold, leg)
            for origins, destinations in ends
        ),
        vartheta=vartheta,
        handling=np.array([raised.get(h, 1.0) for h in found]),
    )


def _routed(block: Block, hubs: Positions, sold: Array, leg: Array) -> RoutedTrade:
    """Odds of the hubs, and trade, of a block with no measures in force."""
    j, n, i = block
    first = leg[np.ix_(j, hubs, i)].transpose(1, 0, 2)[:, :, None, :]
    second = leg[np.ix_(j, n, hubs)].transpose(2, 0, 1)[..., None]
    apart = n[:, None] != i
    return RoutedTrade(block, first * second * apart, sold[np.ix_(j, n, i)])


def shares_of_routes(odds: Array) -> Array:
    """Route shares, direct first, from the odds of hubs [hub, ...] against the direct route."""
    direct = np.ones((1, *odds.shape[1:]))
    weights = np.concatenate([direct, odds])
    shares: Array = weights / weights.sum(0)
    return shares


def route_costs(direct: Array, first: Array, second: Array, handling: Array) -> Array:
    """Cost factor of each route, direct first, (route, sector, destination, origin, draw).

    From those of the direct route (sector, destination, origin, draw), of the first legs (sector,
    hub, origin, draw), of the second (sector, destination, hub, draw), and of handling (hub, draw).
    """
    into = np.moveaxis(first, 1, 0)[:, :, None]
    out = np.moveaxis(second, 2, 0)[:, :, :, None]
    mu = handling[:, None, None, None]
    through = into * out * mu
    return np.concatenate([np.broadcast_to(direct, (1, *through.shape[1:])), through])


def rerouted(rho: Array, kappa_r: Array, vartheta: Array) -> tuple[Array, Array]:
    """Composite cost factor of all routes and route shares after, from shares before and costs.

    kappa_hat = (sum_r rho_r kappa_hat_r^-vartheta)^(-1/vartheta),
    rho'_r = rho_r (kappa_hat_r / kappa_hat)^-vartheta; `rho` and `kappa_r` are (route, ...).
    """
    weights = rho * kappa_r**-vartheta
    total = weights.sum(0)
    with np.errstate(divide="ignore"):
        kappa = total ** (-1 / vartheta)
    rho = np.broadcast_to(rho, weights.shape)
    return kappa, np.divide(weights, total, out=rho.copy(), where=total > 0)
