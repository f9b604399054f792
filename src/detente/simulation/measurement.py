"""Metrics computed: from equilibria before and after a scenario to one number for each draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.baseline import baseline_of
from detente.equilibrium.ensemble import Ensemble
from detente.policy.routes import RouteChoice
from detente.simulation.metrics import Parameters
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World

CutOff = Callable[[str, tuple[str, ...]], tuple[Ensemble, Ensemble]]


@dataclass(frozen=True, eq=False)
class Rerouted:
    """Shares of the routes of the first lane, (route, sector, destination, origin, draw).

    Attributes
    ----------
    choice
        The lanes and hubs.
    before, after
        The shares, direct first.
    """

    choice: RouteChoice
    before: Array
    after: Array


@dataclass(frozen=True, eq=False)
class Comparison:
    """Equilibria of one world, before and after a scenario, in each draw.

    Attributes
    ----------
    before, after
        The status quo, and the scenario on top of it.
    rerouted
        The scenario's routes, if it has any; shares `before` are those of the status quo.
    cut_off
        Solves both again with a country cut off from some partners.
    """

    before: Ensemble
    after: Ensemble
    rerouted: Rerouted | None
    cut_off: CutOff

    def measure(self, metric: str, parameters: Parameters) -> Array:
        """Compute a metric of `detente.simulation.metrics.METRICS`, in its unit, [draw]."""
        return MEASUREMENTS[metric](self, parameters)

    @property
    def world(self) -> World:
        """The world."""
        return self.after.world

    def position(self, country: str | None) -> int:
        """Position of a country."""
        assert country is not None
        return self.world.countries.index(country)


def sales(e: Ensemble, origins: Names, destinations: Names, sectors: Names) -> Array:
    """Trade net of tariffs of a block, [j,n,i,k]; home sales are zero."""
    C = e.world.countries
    to, by = (
        np.array([C.index(c) for c in resolve_countries(names, C)], np.int64)
        for names in (destinations, origins)
    )
    return e.sales(_sector_positions(e.world, sectors), to, by)


def _total(e: Ensemble, origins: Names, destinations: Names, sectors: Names) -> Array:
    total: Array = sales(e, origins, destinations, sectors).sum((0, 1, 2))
    return total


def _sector_positions(world: World, sectors: Names) -> Positions:
    found = resolve_sectors(sectors, world.sectors)
    return np.array([world.sectors.index(s) for s in found], np.int64)


def _welfare(c: Comparison, p: Parameters) -> Array:
    n = c.position(p.country)
    gain: Array = 100 * (c.after.real_income[n] / c.before.real_income[n] - 1)
    return gain


def _equivalent_variation(c: Comparison, p: Parameters) -> Array:
    worth: Array = c.before.I[c.position(p.country)] * _welfare(c, p) / 100
    return worth


def _real_wage(c: Comparison, p: Parameters) -> Array:
    n = c.position(p.country)
    before, after = (e.log_w[n] - e.log_P_final[n] for e in (c.before, c.after))
    growth: Array = 100 * np.expm1(after - before)
    return growth


def _growth(c: Comparison, total: Callable[[Ensemble], Array]) -> Array:
    """Percent change; NaN where there was nothing before."""
    before, after = total(c.before), total(c.after)
    return 100 * (_ratio(after, before) - 1)


def _ratio(above: Array, below: Array) -> Array:
    """NaN where there is nothing below."""
    nothing = np.full_like(above, np.nan)
    return np.divide(above, below, out=nothing, where=below > 0)


def _exports(c: Comparison, p: Parameters) -> Array:
    return _growth(c, lambda e: _total(e, p.country, p.partner, p.sectors))


def _imports(c: Comparison, p: Parameters) -> Array:
    return _growth(c, lambda e: _total(e, p.partner, p.country, p.sectors))


def _both_ways(e: Ensemble, country: Names, partner: Names, sectors: Names) -> Array:
    return _total(e, country, partner, sectors) + _total(e, partner, country, sectors)


def _trade(c: Comparison, p: Parameters) -> Array:
    return _growth(c, lambda e: _both_ways(e, p.country, p.partner, p.sectors))


def _trade_share(c: Comparison, p: Parameters) -> Array:
    before, after = (
        _both_ways(e, p.country, p.partner, None) / _both_ways(e, p.country, None, None)
        for e in (c.before, c.after)
    )
    points: Array = 100 * (after - before)
    return points


def _output(c: Comparison, p: Parameters) -> Array:
    n, j = c.position(p.country), _sector_positions(c.world, p.sectors)
    return _growth(c, lambda e: e.Y[j, n].sum(0))


def _price(c: Comparison, p: Parameters) -> Array:
    """Laspeyres: weights are expenditures of the world's year."""
    n, j = c.position(p.country), _sector_positions(c.world, p.sectors)
    spent = baseline_of(c.world).X[n, j]
    return _growth(c, lambda e: spent @ np.exp(e.log_P[j, n]) / spent.sum())


def _influence(c: Comparison, p: Parameters) -> Array:
    assert p.partner is not None
    n = c.position(p.country)
    partners = tuple(resolve_countries(p.partner, c.world.countries))
    cuts = c.cut_off(c.world.countries[n], partners)
    before, after = (
        100 * (1 - cut.real_income[n] / e.real_income[n])
        for e, cut in zip((c.before, c.after), cuts, strict=True)
    )
    points: Array = after - before
    return points


def _by_route(c: Comparison) -> tuple[Array, Array]:
    """Trade of the first lane by route, direct first, before and after, (route, draw)."""
    assert c.rerouted is not None
    choice = c.rerouted.choice
    block = choice.positions(choice.lanes[0])
    before: Array = c.rerouted.before * c.before.sales(*block)
    after: Array = c.rerouted.after * c.after.sales(*block)
    return before.sum((1, 2, 3)), after.sum((1, 2, 3))


def _through_hubs(c: Comparison, p: Parameters) -> Array:
    before, after = _by_route(c)
    assert c.rerouted is not None
    taken = slice(1, None) if p.hub is None else [1 + c.rerouted.choice.hubs.index(p.hub)]
    points: Array = 100 * (
        after[taken].sum(0) / after.sum(0) - before[taken].sum(0) / before.sum(0)
    )
    return points


def _offset_ratio(c: Comparison, p: Parameters) -> Array:
    before, after = _by_route(c)
    return _ratio((after - before)[1:].sum(0), before[0] - after[0])


MEASUREMENTS: dict[str, Callable[[Comparison, Parameters], Array]] = {
    "welfare": _welfare,
    "equivalent-variation": _equivalent_variation,
    "real-wage": _real_wage,
    "exports": _exports,
    "imports": _imports,
    "trade": _trade,
    "output": _output,
    "price": _price,
    "trade-share": _trade_share,
    "influence": _influence,
    "through-hubs": _through_hubs,
    "offset-ratio": _offset_ratio,
}
"""How each metric is computed."""
