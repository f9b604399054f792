"""The metrics that a claim may be tied to: name, unit, what each is about, how it is computed.

A metric is one function here: from a scenario beside its status quo to one number for each draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detente.arrays import Array, Positions
from detente.simulation.about import About, code_of, countries_at, exports_of, sectors_at
from detente.simulation.corridor_trade import discount_granted, fees, share_of_corridor
from detente.simulation.trade import both_ways, by_route, sales, share_of_trade

if TYPE_CHECKING:
    from detente.equilibrium.equilibria import Equilibria
    from detente.simulation.outcome import Outcome


@dataclass(frozen=True)
class Metric:
    """A number that a claim may be about.

    Attributes
    ----------
    unit
        Of the number.
    meaning
        In one sentence.
    needs, may
        What it must be told it is about, and may be.
    routed
        Whether it is about routes, which the scenario must have.
    compute
        The number in each draw, [draw].
    """

    unit: str
    meaning: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    routed: bool
    compute: Callable[[Outcome, About], Array]

    def check(self, name: str, about: About) -> None:
        """Raise a `ValueError` for a parameter that is missing or has no meaning."""
        given = {k for k, v in about if v is not None}
        missing = [k for k in self.needs if k not in given]
        if missing:
            raise ValueError(f"metric {name!r} needs the parameter `{missing[0]}`")
        allowed = (*self.needs, *self.may)
        spare = sorted(given - set(allowed))
        if spare:
            takes = ", ".join(allowed) or "none"
            raise ValueError(f"metric {name!r} has no parameter `{spare[0]}`; it takes {takes}")


METRICS: dict[str, Metric] = {}
"""Metrics by name."""

Compute = Callable[["Outcome", About], Array]


def metric(
    name: str,
    unit: str,
    meaning: str,
    needs: tuple[str, ...] = (),
    may: tuple[str, ...] = (),
    routed: bool = False,
) -> Callable[[Compute], Compute]:
    """Register the function below as a metric."""

    def register(compute: Compute) -> Compute:
        METRICS[name] = Metric(unit, meaning, needs, may, routed, compute)
        return compute

    return register


@metric(
    "welfare",
    "percent of income",
    "change of the country's exact welfare, its real income",
    ("country",),
)
def welfare(o: Outcome, about: About) -> Array:
    """I_hat / P_final_hat - 1; of a group, its members' equivalent variation together."""
    n = countries_at(o.world, about.country)
    income = o.before.I[n]
    gain: Array = 100 * (o.after.real_income[n] / o.before.real_income[n] - 1)
    together: Array = (income * gain).sum(0) / income.sum(0)
    return together


@metric(
    "equivalent-variation",
    "million USD",
    "income at old prices that would do as much for the country",
    ("country",),
)
def equivalent_variation(o: Outcome, about: About) -> Array:
    """Welfare times income before."""
    income = o.before.I[countries_at(o.world, about.country)].sum(0)
    worth: Array = income * welfare(o, about) / 100
    return worth


@metric("real-wage", "percent", "change of the country's real wage", ("country",))
def real_wage(o: Outcome, about: About) -> Array:
    """w_hat / P_final_hat - 1; of a group, the mean weighted by its members' wages before."""
    n = countries_at(o.world, about.country)
    earned = (o.before.value_added - o.before.rents.sum(0))[n]
    growth = o.after.real_wage[n] / o.before.real_wage[n] - 1
    mean: Array = 100 * (earned * growth).sum(0) / earned.sum(0)
    return mean


@metric(
    "exports",
    "percent",
    "change of the country's exports, to a partner or to all, at current prices",
    ("country",),
    ("partner", "sectors"),
)
def exports(o: Outcome, about: About) -> Array:
    """Growth of sales."""
    return _growth(o, lambda e: sales(e, about.country, about.partner, about.sectors))


@metric(
    "imports",
    "percent",
    "change of the country's imports, from a partner or from all, at current prices",
    ("country",),
    ("partner", "sectors"),
)
def imports(o: Outcome, about: About) -> Array:
    """Growth of purchases, net of tariffs."""
    return _growth(o, lambda e: sales(e, about.partner, about.country, about.sectors))


@metric(
    "trade",
    "percent",
    "change of trade, both ways, between country and partner",
    ("country", "partner"),
    ("sectors",),
)
def trade(o: Outcome, about: About) -> Array:
    """Growth of sales and purchases together."""
    return _growth(o, lambda e: both_ways(e, about.country, about.partner, about.sectors))


@metric("output", "percent", "change of the country's gross output", ("country",), ("sectors",))
def output(o: Outcome, about: About) -> Array:
    """Growth of Y; of a group, of its members' together."""
    block = _of_country(o, about)
    return _growth(o, lambda e: e.Y[block].sum((0, 1)))


@metric(
    "price",
    "percent",
    "change of the prices the country's buyers pay, over all uses, relative to world income",
    ("country",),
    ("sectors",),
)
def price(o: Outcome, about: About) -> Array:
    """Laspeyres: weights are expenditures of the world's year."""
    block = _of_country(o, about)
    spent = o.world.data["X"].values.T[block][:, :, None]
    return _growth(o, lambda e: (spent * np.exp(e.log_P[block])).sum((0, 1)) / spent.sum())


@metric(
    "trade-share",
    "percentage points",
    "change of the partner's share in the country's exports and imports",
    ("country", "partner"),
)
def trade_share(o: Outcome, about: About) -> Array:
    """Change of the share."""
    before, after = (share_of_trade(e, about.country, about.partner) for e in (o.before, o.after))
    points: Array = 100 * (after - before)
    return points


@metric(
    "influence",
    "percentage points of income",
    "change of what it would cost the country to be cut off by the partner; negative, the "
    "partner's hold weakens",
    ("country", "partner"),
)
def influence(o: Outcome, about: About) -> Array:
    """Cost of a cut-off after, less before; two more solves. Of one country, not of a group."""
    assert about.partner is not None
    n = o.world.countries.index(code := code_of(o.world, about.country))
    cuts = o.cut_off(code, about.partner)
    before, after = (
        100 * (1 - cut.real_income[n] / e.real_income[n])
        for e, cut in zip((o.before, o.after), cuts, strict=True)
    )
    points: Array = after - before
    return points


@metric(
    "through-hubs",
    "percentage points",
    "change of the share of the first lane's goods that takes a hub, one or any",
    may=("hub",),
    routed=True,
)
def through_hubs(o: Outcome, about: About) -> Array:
    """Change of the share of the hubs, or of one."""
    before, after = by_route(o)
    hubs = _hubs(o)
    taken = slice(1, None) if about.hub is None else [1 + hubs.index(about.hub)]
    points: Array = 100 * (
        after[taken].sum(0) / after.sum(0) - before[taken].sum(0) / before.sum(0)
    )
    return points


@metric(
    "offset-ratio",
    "ratio",
    "rise of the first lane's trade through hubs over the fall of its direct trade",
    routed=True,
)
def offset_ratio(o: Outcome, about: About) -> Array:
    """NaN where direct trade does not fall."""
    before, after = by_route(o)
    return _ratio((after - before)[1:].sum(0), before[0] - after[0])


@metric(
    "export-volume",
    "percent",
    "change of the volume of the country's exports, to a partner or to all",
    ("country",),
    ("partner", "sectors"),
)
def export_volume(o: Outcome, about: About) -> Array:
    """Growth of sales at the sellers' old prices; a good's price at sale is c d."""
    block = exports_of(o.world, about)
    before, after = (e.sales(*block) for e in (o.before, o.after))
    dearer = o.after.prices_at_sale(*block) / o.before.prices_at_sale(*block)
    return 100 * (_ratio((after / dearer).sum((0, 1, 2)), before.sum((0, 1, 2))) - 1)


@metric(
    "discount",
    "percentage points",
    "change of the discount that price caps make the country grant on its exports",
    ("country",),
    ("partner", "sectors"),
)
def discount(o: Outcome, about: About) -> Array:
    """What buyers keep of what they would pay."""
    block, status_quo = exports_of(o.world, about), o.simulation.compiled.status_quo
    before = discount_granted(o, status_quo, o.before, block)
    points: Array = 100 * (discount_granted(o, o.costs, o.after, block) - before)
    return points


@metric(
    "corridor-fees",
    "million USD",
    "change of the fees that the country earns as an owner of corridors",
    ("country",),
    ("corridor",),
)
def corridor_fees(o: Outcome, about: About) -> Array:
    """Fees on the trade that its corridors carry, after less before."""
    before, after = fees(o, code_of(o.world, about.country), about.corridor)
    return after - before


@metric(
    "corridor-share",
    "percentage points",
    "change of the share of one corridor in the country's exports that need one",
    ("country", "corridor"),
)
def corridor_share(o: Outcome, about: About) -> Array:
    """Change of the share."""
    assert about.corridor is not None
    before, after = share_of_corridor(o, code_of(o.world, about.country), about.corridor)
    points: Array = 100 * (after - before)
    return points


@metric(
    "output-volume",
    "percent",
    "change of the quantity the country makes",
    ("country",),
    ("sectors",),
)
def output_volume(o: Outcome, about: About) -> Array:
    """Growth of Y over unit costs."""
    block = _of_country(o, about)
    dearer = o.after.c[block] / o.before.c[block]
    made = o.after.Y[block] / dearer
    return 100 * (_ratio(made.sum((0, 1)), o.before.Y[block].sum((0, 1))) - 1)


@metric(
    "seller-price", "percent", "change of the price its producers get", ("country",), ("sectors",)
)
def seller_price(o: Outcome, about: About) -> Array:
    """Laspeyres of unit costs: weights are output before."""
    block = _of_country(o, about)
    dearer, made = o.after.c[block] / o.before.c[block], o.before.Y[block]
    return 100 * (_ratio((dearer * made).sum((0, 1)), made.sum((0, 1))) - 1)


@metric(
    "buyers-bill",
    "million USD",
    "what the country's buyers pay more for what they bought before; negative, they pay less",
    ("country",),
    ("sectors",),
)
def buyers_bill(o: Outcome, about: About) -> Array:
    """Rise of prices times purchases before."""
    block = _of_country(o, about)
    dearer = np.exp(o.after.log_P[block] - o.before.log_P[block]) - 1
    paid: Array = (o.before.X[block] * dearer).sum((0, 1))
    return paid


@metric(
    "rents",
    "million USD",
    "change of what owners of factors that cannot move earn in the country, of a mine say",
    ("country",),
    ("sectors",),
)
def rents(o: Outcome, about: About) -> Array:
    """Rents after, less before; zero where no factor is fixed."""
    n, fixed = countries_at(o.world, about.country), o.after.production.fixed
    f = np.flatnonzero(np.isin(fixed, sectors_at(o.world, about.sectors)))
    earned: Array = (o.after.rents - o.before.rents)[np.ix_(f, n)].sum((0, 1))
    return earned


def _of_country(o: Outcome, about: About) -> tuple[Positions, ...]:
    return np.ix_(sectors_at(o.world, about.sectors), countries_at(o.world, about.country))


def _hubs(o: Outcome) -> tuple[str, ...]:
    routes = o.simulation.compiler.routes
    assert routes is not None
    return routes.hubs


def _growth(o: Outcome, total: Callable[[Equilibria], Array]) -> Array:
    """Percent change; NaN where there was nothing before."""
    before, after = total(o.before), total(o.after)
    return 100 * (_ratio(after, before) - 1)


def _ratio(above: Array, below: Array) -> Array:
    """NaN where there is nothing below."""
    nothing = np.full_like(above, np.nan)
    return np.divide(above, below, out=nothing, where=below > 0)
