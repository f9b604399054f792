"""Who earns and who pays on a commodity that has a sector of its own, scenario by scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detente.analysis.commodity_record import beside_record, is_alone, unsanctioned
from detente.analysis.rows import records
from detente.arrays import Array
from detente.cases.case import Case
from detente.equilibrium.equilibria import Equilibria
from detente.policy.joint import Ways
from detente.results import Result, columns_in
from detente.simulation.about import About, countries_at, sectors_at
from detente.simulation.evaluation import BAND, Quantity
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, simulate
from detente.world.names import resolve_countries
from detente.world.world import World

RIVALS, BUYERS, CUSTOMERS = 6, 5, 4
"""How many exporters beside the target, importers, and customers of the target are shown."""

OTHERS = "others"
"""All countries that are not shown by name."""

Samples = Sequence[tuple[Quantity, Array]]
"""Numbers that draws have computed already."""


class Market(NamedTuple):
    """A commodity, its exporter and what that sells abroad, and whom of the others tables show."""

    goods: str
    exporter: str
    rivals: list[str]
    buyers: list[str]
    exports: float

    @classmethod
    def of(cls, world: World, goods: str, exporter: str) -> Market:
        """Its largest exporters, importers and the exporter's customers in the world's year.

        >>> from detente.world import load_world
        >>> Market.of(load_world("icio2022+potash"), "potash", "BLR").rivals
        ['CAN', 'RUS', 'DEU', 'ISR', 'JOR', 'USA']
        """
        j, countries = sectors_at(world, goods), np.array(world.countries)
        abroad = world.trade.isel(sector=j).sum("sector").values.copy()  # [origin, destination]
        np.fill_diagonal(abroad, 0.0)
        i = world.countries.index(exporter)
        sellers = _largest(abroad.sum(1), RIVALS + 1)
        buyers = [*_largest(abroad.sum(0), BUYERS), *_largest(abroad[i], CUSTOMERS)]
        rivals = [str(countries[k]) for k in sellers if k != i][:RIVALS]
        bought = [str(countries[k]) for k in dict.fromkeys(buyers) if k != i]
        return cls(goods, exporter, rivals, bought, float(abroad[i].sum()))


@dataclass(frozen=True, eq=False)
class Commodity(Result):
    """What the scenarios of a case do on the market of a commodity; values in million USD a year.

    Attributes
    ----------
    title, name
        Of the case; of the commodity.
    market
        Who is shown.
    users
        Sectors that use most of it where it is bought, and their shares.
    titles
        Scenario name to title, in order.
    alone
        Scenarios that do nothing but to measures aimed at the commodity.
    worth
        By scenario: the target's gain in all (`equivalent variation`) and as a seller, what its
        overseas buyers pay, and what of it the way takes beyond what it takes with all ways open.
    supply
        By scenario and country, the target first and all others last: output in value before and
        after; change of its quantity and of the price at the gate, percent; what owners of mines
        and the like earn, `rents`, before and after.
    buyers
        By scenario and country: purchases before and after, change of the price in percent, and
        `bill`, what they pay more for what they bought before.
    ways
        By scenario and corridor: what it carries before and after; empty without corridors.
    owners
        By scenario and owner of corridors: fees before and after.
    bands
        By scenario, metric and country: 5, 50 and 95 percent of the draws that computed it.
    unsanctioned
        As `supply`, from the status quo to a world without any measure aimed at the commodity.
    record
        What the record says beside that, change under the sanctions in percent.
    manifest
        What made the numbers.
    """

    units_of = columns_in({"million USD": "gain, rents, bill, model_free"})

    title: str
    name: str
    market: Market
    users: dict[str, float]
    titles: dict[str, str]
    alone: list[str]
    worth: pd.DataFrame
    supply: pd.DataFrame
    buyers: pd.DataFrame
    ways: pd.DataFrame
    owners: pd.DataFrame
    bands: pd.DataFrame
    unsanctioned: pd.DataFrame
    record: pd.DataFrame
    manifest: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        names = (*PARTS, "bands", "unsanctioned", "record")
        return {name: getattr(self, name) for name in names}

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        return {
            "title": self.title,
            "commodity": self.name,
            **self.market._asdict(),
            "users": self.users,
            "titles": self.titles,
            "alone": self.alone,
            **{name: records(table) for name, table in self.tables().items()},
            "manifest": self.manifest,
        }


Row = dict[str, Any]
"""Of a table: names, and numbers in draws, [draw]."""

COLUMNS = {
    "ways": ["corridor", "title", "before", "after"],
    "owners": ["country", "before", "after"],
}
"""Of the tables that may have no rows."""

PARTS = ("worth", "supply", "buyers", "ways", "owners")


def commodities_of(world: World) -> list[str]:
    """Sectors that were split off others, in the world's order.

    >>> from detente.world import load_world
    >>> commodities_of(load_world("icio2022+potash")), commodities_of(load_world("icio2022"))
    (['potash'], [])
    """
    return [s for s in world.sectors if s in world.sectors.parents]


def commodity(
    case: Case,
    goods: str,
    *,
    simulation: Simulation | None = None,
    samples: Samples = (),
) -> Commodity:
    """Follow a commodity through every scenario of a case.

    Parameters
    ----------
    case
        From `detente.cases.load_case`; its target is the exporter.
    goods
        One of `commodities_of` its world.
    simulation
        Of the case, if it is set up already.
    samples
        Of `detente.weigh`, for the bands of those numbers that claims are about.

    Raises
    ------
    WorldError
        The world has no such sector.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> found = commodity(load_case("belarus-2025"), "potash")
    >>> fees = found.owners.set_index(["scenario", "country"]).loc[("klaipeda", "RUS")]
    >>> bool(fees["after"] < fees["before"])
    True
    """
    simulation = simulation or simulate(case)
    world, exporter = simulation.world, resolve_countries(case.target, simulation.world.countries)
    market = Market.of(world, goods, exporter[0])
    found = {name: _tables(simulation.outcome(name), market) for name in case.scenarios}
    free = unsanctioned(simulation, goods)
    return Commodity(
        title=case.title,
        name=world.name_of(goods),
        market=market,
        users=_users(world, market),
        titles={name: change.title for name, change in case.scenarios.items()},
        alone=[n for n, s in simulation.scenarios.items() if is_alone(s, goods)],
        **{part: _stacked({n: t[part] for n, t in found.items()}) for part in PARTS},
        bands=_bands(samples, goods, case),
        unsanctioned=pd.DataFrame() if free is None else _frame(_supply(free, market)),
        record=pd.DataFrame() if free is None else beside_record(free, case.record, goods),
        manifest=simulation.outcome(next(iter(case.scenarios))).equilibrium.manifest,
    )


def market_rows(o: Outcome, market: Market) -> dict[str, list[Row]]:
    """The rows of one scenario's tables, see `Commodity`; numbers are of each draw, [draw]."""
    before, after = ([w for w in ways if _carries(w, market)] for ways in o.ways)
    return {
        "worth": [_worth(o, market, before, after)],
        "supply": _supply(o, market),
        "buyers": _buyers(o, market),
        "ways": _ways(o, before, after),
        "owners": _owners(o, before, after),
    }


def _tables(o: Outcome, market: Market) -> dict[str, pd.DataFrame]:
    return {
        part: _frame(found, COLUMNS.get(part)) for part, found in market_rows(o, market).items()
    }


def _frame(rows: list[Row], columns: list[str] | None = None) -> pd.DataFrame:
    """Rows as they are in the first draw."""
    here = [
        {name: float(v[0]) if isinstance(v, np.ndarray) else v for name, v in row.items()}
        for row in rows
    ]
    return pd.DataFrame(here, columns=columns)


def _largest(values: Array, count: int) -> list[int]:
    return [int(k) for k in np.argsort(-values, kind="stable")[:count]]


def _users(world: World, market: Market) -> dict[str, float]:
    """The two sectors that use most of it in the countries shown as buyers."""
    n, j = countries_at(world, market.buyers), sectors_at(world, market.goods)
    d = world.data.isel(country=n)
    inputs = (1 - d["beta"]) * d["gamma"].isel(input=j).sum("input")
    used = (inputs * world.output.isel(country=n)).sum("country").to_series()
    shares = used / used.sum()
    return {str(k): float(v) for k, v in shares.nlargest(2).items() if v > 0}


def _worth(o: Outcome, market: Market, before: list[Ways], after: list[Ways]) -> Row:
    row = {
        "gain": _measured(o, "equivalent-variation", market.exporter),
        "rents": _measured(o, "rents", market.exporter, market.goods),
        "delivered_percent": _measured(o, "export-volume", market.exporter, market.goods),
    }
    none = np.zeros(o.after.draws)
    for when, ways, e in (("before", before, o.before), ("after", after, o.after)):
        sold = [(w, e.sales(*w.network.block)[:, :, 0]) for w in ways]
        row[f"overseas_{when}"] = sum((z.sum((0, 1)) for _, z in sold), none)
        # With an infinite cost nothing is sold.
        taken = (z * -np.expm1(-np.where(z > 0, w.log_d, 0.0)) for w, z in sold)
        row[f"way_{when}"] = sum((t.sum((0, 1)) for t in taken), none)
    return row


def _supply(o: Outcome, market: Market) -> list[Row]:
    world, shown = o.world, [market.exporter, *market.rivals]
    rest = [c for c in world.countries if c not in shown]
    rows = [
        {
            "country": country,
            **_earned(o, market.goods, [country]),
            "quantity_percent": _measured(o, "output-volume", country, market.goods),
            "price_percent": _measured(o, "seller-price", country, market.goods),
        }
        for country in shown
    ]
    return [*rows, {"country": OTHERS, **_earned(o, market.goods, rest)}]


def _earned(o: Outcome, goods: str, countries: list[str]) -> dict[str, Array]:
    """Output and rents of some countries together, before and after, [draw]."""
    j, n = sectors_at(o.world, goods), countries_at(o.world, countries)
    fixed = np.flatnonzero(np.isin(o.after.production.fixed, j))
    row = {}
    for when, e in (("before", o.before), ("after", o.after)):
        row[f"output_{when}"] = e.Y[np.ix_(j, n)].sum((0, 1))
        row[f"rents_{when}"] = e.rents[np.ix_(fixed, n)].sum((0, 1))
    return row


def _buyers(o: Outcome, market: Market) -> list[Row]:
    j, rows = sectors_at(o.world, market.goods), []
    for country in market.buyers:
        at = np.ix_(j, countries_at(o.world, country))
        before, after = (e.X[at].sum((0, 1)) for e in (o.before, o.after))
        bill = _measured(o, "buyers-bill", country, market.goods)
        rows.append(
            {
                "country": country,
                "purchases_before": before,
                "purchases_after": after,
                "price_percent": 100
                * np.divide(bill, before, out=np.full_like(bill, np.nan), where=before > 0),
                "bill": bill,
            }
        )
    return rows


def _ways(o: Outcome, before: list[Ways], after: list[Ways]) -> list[Row]:
    rows = []
    for then, now in zip(before, after, strict=True):
        block = now.network.block
        carried = zip(
            now.network.about.corridors.items(),
            then.carried(o.before.sales(*block)),
            now.carried(o.after.sales(*block)),
            strict=True,
        )
        rows += [
            {"corridor": name, "title": c.title or name, "before": x, "after": y}
            for (name, c), x, y in carried
        ]
    return rows


def _owners(o: Outcome, before: list[Ways], after: list[Ways]) -> list[Row]:
    corridors = [c for w in after for c in w.network.about.corridors.values()]
    none = np.zeros(o.after.draws)

    def earned(owner: str, ways: list[Ways], e: Equilibria) -> Array:
        return sum((w.earned_by(owner, e.sales(*w.network.block)) for w in ways), none)

    return [
        {
            "country": owner,
            "before": earned(owner, before, o.before),
            "after": earned(owner, after, o.after),
        }
        for owner in dict.fromkeys(owner for c in corridors for owner in c.owners)
    ]


def _measured(o: Outcome, metric: str, country: str, goods: str | None = None) -> Array:
    return o.measure(metric, About(country=country, sectors=None if goods is None else [goods]))


def _carries(ways: Ways, market: Market) -> bool:
    about = ways.network.about
    return about.exporter == market.exporter and about.goods == market.goods


def _stacked(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, names=["scenario"]).reset_index("scenario").reset_index(drop=True)


def _bands(samples: Samples, goods: str, case: Case) -> pd.DataFrame:
    rows = []
    for q, values in samples:
        if q.scenario in case.scenarios and (
            q.about.sectors == [goods] or q.metric in ("welfare", "equivalent-variation")
        ):
            low, median, high = np.nanquantile(values, BAND).tolist()
            rows.append((q.scenario, q.metric, q.about.country, low, median, high))
    columns = ["scenario", "metric", "country", "low", "median", "high"]
    return pd.DataFrame(rows, columns=columns)
