"""Metrics computed: from a pair of equilibria, before and after a scenario, to one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from detente.arrays import Array
from detente.cases.metrics import Parameters
from detente.equilibrium import Equilibrium
from detente.routes import RoutedChanges
from detente.world.names import Names, resolve_countries, resolve_sectors

CutOff = Callable[[str, tuple[str, ...]], tuple[Equilibrium, Equilibrium]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two equilibria of one world, before and after a scenario.

    Attributes
    ----------
    before, after
        The status quo, and the scenario on top of it.
    routed
        The scenario's routes, if it has any; shares `before` are those of the status quo.
    cut_off
        Solves both again with a country cut off from some partners.
    """

    before: Equilibrium
    after: Equilibrium
    routed: RoutedChanges | None
    cut_off: CutOff

    def measure(self, metric: str, parameters: Parameters) -> float:
        """Compute a metric of `detente.cases.metrics.METRICS`, in its unit."""
        return MEASUREMENTS[metric](self, parameters)

    @property
    def countries(self) -> list[str]:
        """Codes of the world's countries."""
        return self.after.world.countries


def real_income(equilibrium: Equilibrium, country: str) -> float:
    """Real income of a country, I' / P_final_hat, at the prices of the world's year."""
    n = equilibrium.world.countries.index(country)
    return float(equilibrium.solution.I[n] / equilibrium.P_final_hat[n])


def sales(equilibrium: Equilibrium, origins: Names, destinations: Names, sectors: Names) -> Array:
    """Trade net of tariffs, (sector, destination, origin), of a block; home sales are zero.

    Z = pi' X' / (1 + t'), pi' = A c_hat^-theta P_hat^theta.
    """
    world, s = equilibrium.world, equilibrium.solution
    j = [world.sectors.index(x) for x in resolve_sectors(sectors, world.sectors)]
    n = [world.countries.index(x) for x in resolve_countries(destinations, world.countries)]
    i = [world.countries.index(x) for x in resolve_countries(origins, world.countries)]
    theta = s.theta[j][:, None]
    supply = s.c[np.ix_(i, j)].T ** -theta
    demand = s.X[np.ix_(n, j)].T * s.P[np.ix_(n, j)].T ** theta
    t = world.data["t"].values.transpose(2, 0, 1)
    if equilibrium.changes.tariffs:
        t = equilibrium.changes.tariff_after.values.transpose(2, 0, 1)
    apart = np.not_equal.outer(n, i)
    block = np.ix_(j, n, i)
    flows: Array = s.A[block] * supply[:, None, :] * demand[:, :, None] / (1 + t[block]) * apart
    return flows


def _welfare(c: Comparison, p: Parameters) -> float:
    assert p.country is not None
    return 100 * (real_income(c.after, p.country) / real_income(c.before, p.country) - 1)


def _equivalent_variation(c: Comparison, p: Parameters) -> float:
    assert p.country is not None
    income = c.before.solution.I[c.countries.index(p.country)]
    return float(income) * _welfare(c, p) / 100


def _real_wage(c: Comparison, p: Parameters) -> float:
    n = c.countries.index(p.country or "")
    before, after = (float(e.solution.w[n] / e.P_final_hat[n]) for e in (c.before, c.after))
    return 100 * (after / before - 1)


def _growth(c: Comparison, total: Callable[[Equilibrium], float]) -> float:
    """Percent change; NaN where there was nothing before."""
    before, after = total(c.before), total(c.after)
    return 100 * (after / before - 1) if before > 0 else float("nan")


def _exports(c: Comparison, p: Parameters) -> float:
    return _growth(c, lambda e: float(sales(e, p.country, p.partner, p.sectors).sum()))


def _imports(c: Comparison, p: Parameters) -> float:
    return _growth(c, lambda e: float(sales(e, p.partner, p.country, p.sectors).sum()))


def _both_ways(e: Equilibrium, country: Names, partner: Names, sectors: Names) -> float:
    there, back = sales(e, country, partner, sectors), sales(e, partner, country, sectors)
    return float(there.sum() + back.sum())


def _trade(c: Comparison, p: Parameters) -> float:
    return _growth(c, lambda e: _both_ways(e, p.country, p.partner, p.sectors))


def _trade_share(c: Comparison, p: Parameters) -> float:
    before, after = (
        _both_ways(e, p.country, p.partner, None) / _both_ways(e, p.country, None, None)
        for e in (c.before, c.after)
    )
    return 100 * (after - before)


def _sector_positions(e: Equilibrium, sectors: Names) -> list[int]:
    return [e.world.sectors.index(s) for s in resolve_sectors(sectors, e.world.sectors)]


def _output(c: Comparison, p: Parameters) -> float:
    n = c.countries.index(p.country or "")
    return _growth(c, lambda e: float(e.solution.Y[n, _sector_positions(e, p.sectors)].sum()))


def _price(c: Comparison, p: Parameters) -> float:
    """Laspeyres: weights are expenditures of the world's year."""
    n = c.countries.index(p.country or "")

    def level(e: Equilibrium) -> float:
        j = _sector_positions(e, p.sectors)
        spent = e.world.data["X"].values[n, j]
        return float(spent @ e.solution.P[n, j] / spent.sum())

    return _growth(c, level)


def _influence(c: Comparison, p: Parameters) -> float:
    assert p.country is not None
    assert p.partner is not None
    partners = tuple(resolve_countries(p.partner, c.countries))
    cuts = c.cut_off(p.country, partners)
    before, after = (
        100 * (1 - real_income(cut, p.country) / real_income(e, p.country))
        for e, cut in zip((c.before, c.after), cuts, strict=True)
    )
    return after - before


def _by_route(c: Comparison) -> tuple[Sequence[str], Array, Array]:
    """Trade of the first lane by route, direct first, before and after."""
    assert c.routed is not None
    choice, (rho, rho_after) = c.routed.choice, c.routed.shares[0]
    lane = choice.lanes[0]
    block = (list(lane.origins), list(lane.destinations), list(choice.sectors))
    before = (rho * sales(c.before, *block)).sum((1, 2, 3))
    after = (rho_after * sales(c.after, *block)).sum((1, 2, 3))
    return choice.hubs, before, after


def _through_hubs(c: Comparison, p: Parameters) -> float:
    hubs, before, after = _by_route(c)
    taken = slice(1, None) if p.hub is None else [1 + hubs.index(p.hub)]
    return 100 * float(after[taken].sum() / after.sum() - before[taken].sum() / before.sum())


def _offset_ratio(c: Comparison, p: Parameters) -> float:
    _, before, after = _by_route(c)
    fall = float(before[0] - after[0])
    return float((after - before)[1:].sum()) / fall if fall > 0 else float("nan")


MEASUREMENTS: dict[str, Callable[[Comparison, Parameters], float]] = {
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
