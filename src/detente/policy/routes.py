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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from detente.arrays import Array, Positions
from detente.errors import ScenarioError
from detente.policy.changes import Changes, Detour
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World

NESTING = 1.5
"""Route elasticity over trade elasticity, vartheta / theta, unless a number is given.

Routes of the same good are closer substitutes than origins, so that vartheta must exceed theta:
below it, an embargo loses more trade to other origins than it sends through hubs. With the uniform
theta of 4 this is a vartheta of 6.
"""

HUB_SHARE = 0.0085
"""Share of goods that would take a hub without sanctions; see `calibrate_routes`."""

MARGIN = 0.10
"""Handling margin of a hub as a share of value.

Feenstra and Hanson (2004, Journal of Economics & Management Strategy 13(1)) find an average markup
of Hong Kong re-exports of 24 percent; goods that only pass through pay less.
"""

DIRECT = "direct"


@dataclass(frozen=True)
class Lane:
    """A block of trade that may take hubs: some origins to some destinations.

    Attributes
    ----------
    origins, destinations
        Country codes.
    direct_cost
        Cost factor that measures in force put on direct trade in the baseline, shaped to
        broadcast over (sector, destination, origin); one where there are none.
    odds
        Odds of the hubs without sanctions, up to a common level, (hub, sector, destination,
        origin): the product of the two legs' shares; zero at home.
    flows
        Trade in the world's year without the domestic part, (sector, destination, origin).
    """

    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    direct_cost: Array
    odds: Array
    flows: Array

    def under(self, in_force: xr.DataArray, sectors: Sequence[str]) -> Lane:
        """The lane with the costs (destination, origin, sector) of the measures in force."""
        cost = in_force.sel(
            destination=list(self.destinations), origin=list(self.origins), sector=list(sectors)
        )
        direct = cost.transpose("sector", "destination", "origin").values
        return replace(self, direct_cost=direct)


@dataclass(frozen=True, eq=False)
class RouteChoice:
    """Hubs, the trade that may use them and how readily it does.

    Attributes
    ----------
    world
        The baseline.
    hubs
        Country codes of the hubs.
    lanes
        Blocks of trade that may take them.
    sectors
        Sectors that may; goods by default.
    vartheta
        Route elasticity, one or one for each of `sectors`; omitted, 1.5 times each sector's trade
        elasticity.
    hub_share
        Share of the lanes' trade that would take one of the hubs if nothing were sanctioned.
    margin
        A hub's handling margin as a share of value; its rise is the hub's income.
    mu_hat
        Change of each hub's handling cost: enforcement raises it.
    known_shares
        Route shares in the baseline by lane, where they are known and need no estimate.
    """

    world: World
    hubs: tuple[str, ...]
    lanes: tuple[Lane, ...]
    sectors: tuple[str, ...]
    vartheta: float | Array | None = None
    hub_share: float = HUB_SHARE
    margin: float = MARGIN
    mu_hat: tuple[float, ...] = ()
    known_shares: tuple[Array, ...] | None = None

    def __post_init__(self) -> None:
        if not self.hubs:
            raise ScenarioError("route choice needs at least one hub")
        if self.vartheta is not None and not np.all(np.asarray(self.vartheta) > 0):
            raise ScenarioError(f"route elasticity {self.vartheta} must be positive")
        if not 0 < self.hub_share < 1:
            raise ScenarioError(f"hub share {self.hub_share} must lie between 0 and 1")
        if not 0 <= self.margin < 1:
            raise ScenarioError(f"hub margin {self.margin} must be at least 0 and below 1")
        for hub in self.hubs:
            for lane in self.lanes:
                if lane.origins == (hub,) or lane.destinations == (hub,):
                    raise ScenarioError(
                        f"hub {hub} is itself the origin or the destination of the trade "
                        f"{'+'.join(lane.origins)} to {'+'.join(lane.destinations)}"
                    )

    def with_enforcement(self, cost: Mapping[str, float] | float) -> RouteChoice:
        """Raise handling costs by a factor, at some hubs or at all.

        Raises
        ------
        ScenarioError
            A factor that is not positive, or a country that is not a hub.
        """
        factors = cost if isinstance(cost, Mapping) else dict.fromkeys(self.hubs, cost)
        for hub, factor in factors.items():
            if hub not in self.hubs:
                raise ScenarioError(f"{hub!r} is not a hub here; hubs are {', '.join(self.hubs)}")
            if not factor > 0:
                raise ScenarioError(f"handling cost factor {factor} of {hub} must be positive")
        now = self.mu_hat or (1.0,) * len(self.hubs)
        raised = [m * factors.get(h, 1.0) for h, m in zip(self.hubs, now, strict=True)]
        return replace(self, mu_hat=tuple(raised))

    def baseline_shares(self) -> list[Array]:
        """Route shares rho in the baseline, (route, sector, destination, origin), by lane.

        Odds of a hub against the direct way are proportional to the two legs' trade shares: the
        share of the origin's foreign sales that go to the hub, times the share of the hub's
        foreign sales that go on to the destination. `hub_share` sets their level without
        sanctions; sanctions on the direct way multiply the odds by cost^vartheta.
        """
        return self._baseline_shares

    @cached_property
    def _baseline_shares(self) -> list[Array]:
        if self.known_shares is not None:
            return list(self.known_shares)
        level, v = self.level_of_odds(self.hub_share), self._vartheta
        return [shares_of_routes(level * lane.odds * lane.direct_cost**v) for lane in self.lanes]

    def apply(self, changes: Changes, since: Changes | None = None) -> RoutedChanges:
        """Put the composite costs of all routes in place of the direct costs of the lanes.

        `since` are the changes, the first among them, that lead from the world's year to the
        baseline that route shares are about; by default none.
        """
        since = since or Changes(changes.world)
        N, J = len(self.world.countries), len(self.world.sectors)
        later = replace(changes, detours=(), costs=changes.costs[len(since.costs) :])
        d_hat = later.scaled_shares(np.ones((J, N, N)), np.full(J, -1.0))  # one times d_hat^1
        before = since.d_hat.values.transpose(2, 0, 1)
        routed, detours = [], []
        for lane, rho in zip(self.lanes, self.baseline_shares(), strict=True):
            j, n, i = self.positions(lane)
            h = self.hub_positions
            direct, first, second = (d_hat[np.ix_(j, *leg)] for leg in ((n, i), (h, i), (n, h)))
            kappa_r = route_costs(direct, first, second, self.handling)
            kappa, after = rerouted(rho, kappa_r, self._vartheta)
            routed.append((rho, after))
            kappa = kappa * before[np.ix_(j, n, i)]
            margins = self.margin * (after - rho)[1:]
            detours.append(Detour(j, n, i, kappa, h, margins))
        words = (
            f"routes through {'+'.join(self.hubs)}: vartheta {self._vartheta_words}, hub "
            f"share {self.hub_share:.6g}, margin {self.margin:g}, mu_hat "
            f"{', '.join(f'{m:g}' for m in self.handling)}"
        )
        changed = replace(
            changes, detours=(*changes.detours, *detours), steps=(*changes.steps, words)
        )
        return RoutedChanges(changed, self, tuple(routed))

    @cached_property
    def _vartheta(self) -> Array:
        """Route elasticity by sector, to broadcast over (sector, destination, origin)."""
        at = [self.world.sectors.index(s) for s in self.sectors]
        theta = self.world.data["theta"].values[at]
        chosen = NESTING * theta if self.vartheta is None else self.vartheta
        by_sector: Array = np.broadcast_to(chosen, theta.shape)[:, None, None]
        return by_sector

    @property
    def _vartheta_words(self) -> str:
        if self.vartheta is None:
            return f"{NESTING:g} theta"
        return ", ".join(f"{v:g}" for v in np.atleast_1d(self.vartheta))

    @property
    def handling(self) -> Array:
        """Change of each hub's handling cost, [hub]."""
        return np.array(self.mu_hat or (1.0,) * len(self.hubs))

    @cached_property
    def hub_positions(self) -> Positions:
        """Positions of the hubs among the world's countries."""
        return np.array([self.world.countries.index(h) for h in self.hubs], np.int64)

    def positions(self, lane: Lane) -> tuple[Positions, Positions, Positions]:
        """Positions of a lane's sectors, destinations and origins in the world."""
        C, S = self.world.countries, self.world.sectors
        return (
            np.array([S.index(s) for s in self.sectors], np.int64),
            np.array([C.index(c) for c in lane.destinations], np.int64),
            np.array([C.index(c) for c in lane.origins], np.int64),
        )

    def level_of_odds(self, hub_share: float) -> float:
        """Scale of the odds at which `hub_share` of the lanes' trade would take a hub unsanctioned.

        Raises
        ------
        ScenarioError
            No scale does.
        """
        odds = np.concatenate([lane.odds.sum(0).ravel() for lane in self.lanes])
        flows = np.concatenate([lane.flows.ravel() for lane in self.lanes])
        total = float(flows.sum())

        def excess(log_level: float) -> float:
            scaled = np.exp(log_level) * odds
            return float(flows @ (scaled / (1 + scaled))) / total - hub_share

        low, high = -30.0, 60.0
        if total == 0 or not excess(low) < 0 < excess(high):
            raise ScenarioError(
                f"a hub share of {hub_share:g} through {', '.join(self.hubs)} cannot be "
                "reached: these hubs trade too little with one end or the other"
            )
        return float(np.exp(brentq(excess, low, high, xtol=1e-12)))


@dataclass(frozen=True, eq=False)
class RoutedChanges:
    """Cost changes with routes, ready for `solve`, and the route shares behind them.

    Attributes
    ----------
    changes
        For `detente.solve`.
    choice
        The route choice.
    shares
        For each lane, route shares before and after, (route, sector, destination, origin).
    """

    changes: Changes
    choice: RouteChoice
    shares: tuple[tuple[Array, Array], ...]

    def route_shares(self, lane: int = 0) -> xr.Dataset:
        """Route shares `before` and `after` of a lane, by route, sector, destination and origin."""
        before, after = self.shares[lane]
        chosen = self.choice.lanes[lane]
        dims = ("route", "sector", "destination", "origin")
        coords = {
            "route": [DIRECT, *self.choice.hubs],
            "sector": list(self.choice.sectors),
            "destination": list(chosen.destinations),
            "origin": list(chosen.origins),
        }
        return xr.Dataset({"before": (dims, before), "after": (dims, after)}, coords=coords)


def route_choice(
    world: World,
    hubs: Names,
    lanes: Sequence[tuple[Names, Names]],
    *,
    sectors: Names = "goods",
    in_force: xr.DataArray | None = None,
    vartheta: float | None = None,
    hub_share: float = HUB_SHARE,
    margin: float = MARGIN,
) -> RouteChoice:
    """Set up route choice on a world.

    Parameters
    ----------
    world
        The baseline.
    hubs
        Codes, names or groups.
    lanes
        Pairs (origins, destinations) whose trade may take the hubs.
    sectors
        Sectors that may; goods by default, since services do not pass customs.
    in_force
        Cost factors (destination, origin, sector) that sanctions in force put on trade in the
        baseline; they tilt baseline route shares towards the hubs.
    vartheta, hub_share, margin
        See `RouteChoice`.

    Raises
    ------
    ScenarioError
        A hub that is the origin or destination of a lane, or a parameter out of range.
    WorldError
        An unknown country or sector.

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> routes = route_choice(world, ["BLR", "KAZ"], [(["USA", "EU27"], "RUS")])
    >>> embargo = detente.Changes(world).ban(["USA", "EU27"], "RUS", "goods")
    >>> after = routes.apply(embargo).route_shares()["after"]
    >>> float(after.sel(route="direct", sector="C28").max())
    0.0
    """
    goods = resolve_sectors(sectors, world.sectors)
    found = resolve_countries(hubs, world.countries)
    trade = _abroad(world)
    built = [
        _lane(
            trade.sel(sector=goods),
            found,
            resolve_countries(origins, world.countries),
            resolve_countries(destinations, world.countries),
        )
        for origins, destinations in lanes
    ]
    if in_force is not None:
        built = [lane.under(in_force, goods) for lane in built]
    return RouteChoice(
        world,
        tuple(found),
        tuple(built),
        tuple(goods),
        vartheta=vartheta,
        hub_share=hub_share,
        margin=margin,
    )


def _abroad(world: World) -> xr.DataArray:
    """Trade (origin, destination, sector) between countries, with nothing at home."""
    trade = world.trade
    foreign = 1 - np.eye(len(world.countries))
    return trade.copy(data=trade.values * foreign[:, :, None])


def _lane(
    trade: xr.DataArray,
    hubs: list[str],
    origins: list[str],
    destinations: list[str],
) -> Lane:
    """Odds of the hubs and trade of a block of trade, with no measures in force."""
    sold = trade.sum("destination")
    to = (trade / sold.where(sold > 0)).fillna(0.0).transpose("sector", "destination", "origin")
    first = to.sel(origin=origins, destination=hubs).values.transpose(1, 0, 2)[:, :, None, :]
    second = to.sel(origin=hubs, destination=destinations).values.transpose(2, 0, 1)[..., None]
    apart = np.array([[n != i for i in origins] for n in destinations])
    cost = np.ones((1, 1, 1))
    flows = trade.sel(destination=destinations, origin=origins)
    flows = flows.transpose("sector", "destination", "origin")
    return Lane(tuple(origins), tuple(destinations), cost, first * second * apart, flows.values)


def shares_of_routes(odds: Array) -> Array:
    """Route shares, direct first, from the odds of hubs [hub, ...] against the direct way."""
    direct = np.ones((1, *odds.shape[1:]))
    weights = np.concatenate([direct, odds])
    shares: Array = weights / weights.sum(0)
    return shares


def route_costs(direct: Array, first: Array, second: Array, handling: Array) -> Array:
    """Cost factor of each route, direct first, (route, sector, destination, origin, ...).

    From those of the direct way (sector, destination, origin, ...), of the first legs (sector,
    hub, origin, ...), of the second (sector, destination, hub, ...), and of handling (hub).
    """
    into = np.moveaxis(first, 1, 0)[:, :, None]
    out = np.moveaxis(second, 2, 0)[:, :, :, None]
    mu = handling.reshape(-1, *[1] * direct.ndim)
    return np.concatenate([direct[None], into * out * mu])


def rerouted(rho: Array, kappa_r: Array, vartheta: Array) -> tuple[Array, Array]:
    """Composite cost factor of all routes and route shares after, from shares before and costs.

    kappa_hat = (sum_r rho_r kappa_hat_r^-vartheta)^(-1/vartheta),
    rho'_r = rho_r (kappa_hat_r / kappa_hat)^-vartheta; `rho` and `kappa_r` are (route, ...).
    """
    weights = rho * kappa_r**-vartheta
    total = weights.sum(0)
    with np.errstate(divide="ignore"):
        kappa = total ** (-1 / vartheta)
    return kappa, np.divide(weights, total, out=rho.copy(), where=total > 0)
