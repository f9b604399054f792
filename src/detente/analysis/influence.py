"""Influence: what a country's partners could do to it by cutting it off, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.analysis.draws import DRAWS, drawn_of
from detente.analysis.influence_draws import influence_in_draws
from detente.analysis.rows import records
from detente.arrays import Array, Positions
from detente.cases.case import Case
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.threads import one_thread
from detente.equilibrium.value_chains import ValueChains
from detente.errors import ScenarioError
from detente.policy.compiled import Costs
from detente.policy.scenario import Scenario
from detente.progress import Progress, in_steps
from detente.results import Result, columns_in
from detente.simulation.run import simulate
from detente.simulation.trade import by_partner
from detente.world.accounts import largest_partners
from detente.world.names import resolve_countries
from detente.world.world import World

MOST_PARTNERS = 8
WHEN = ("before", "after")
_BY_WHEN = ["hhi_exports", "hhi_imports", "welfare"]


@dataclass(frozen=True, eq=False)
class Influence(Result):
    """Influence of partners over a country, before and after a scenario.

    Attributes
    ----------
    target, scenario
        Whose dependence, and the title of the scenario.
    data
        By `when` (before, after) and `partner`, in percent: `exports_share`, `imports_share`,
        `trade_share` of the target's foreign trade; `absorbed`, its value added that ends in the
        partner's final demand; `passing`, its value added that the partner buys at any stage, as
        final good or as input; `consumed`, its final consumption whose value the partner added;
        `cut_off`, its welfare if all direct trade with the partner ends, both ways, and the
        corridors to the sea that the partner owns are shut, in a full solve against the same policy
        without the cut; `exposure`, its welfare for one percent more cost on that trade. `second`
        names the partner that gains most of the target's trade after the cut, and `second_usd` how
        much (million USD); `recovered` is what all others gain of what the cut took, in percent.
        By `when`: `hhi_exports` and `hhi_imports`, Herfindahl-Hirschman concentration over
        countries, from 0 to 1; `welfare` of the target in percent against the status quo.
    certainty
        How all this changes in draws of what is uncertain, if any were made; see
        `detente.analysis.influence_draws.influence_in_draws`.
    manifest
        What made the numbers.
    """

    units_of = columns_in(
        {
            "percent of trade": "exports_share, imports_share, trade_share",
            "percent of value added": "absorbed, passing",
            "percent of final consumption": "consumed",
            "percent of income": "cut_off, welfare",
            "percent of income per percent of trade cost": "exposure",
            "percent": "recovered",
            "index from 0 to 1": "hhi_exports, hhi_imports",
            "percentage points": "low, median, high",
            "share of draws": "falls",
        }
    )

    target: str
    scenario: str
    data: xr.Dataset
    certainty: pd.DataFrame | None
    manifest: dict[str, Any]

    def answer(self, partner: str | None = None) -> str:
        """Say whether a partner's hold weakens, in which sense, and how certain that is.

        Parameters
        ----------
        partner
            One of the partners; by default the first that was asked for.
        """
        partner = partner or str(self.data["partner"].values[0])
        held = self.data.sel(partner=partner)

        def moved(name: str, sign: float = 1.0) -> tuple[float, float]:
            before, after = (float(sign * held[name].sel(when=w)) for w in WHEN)
            return before, after

        trade, chain, cost = moved("trade_share"), moved("passing"), moved("cut_off", -1.0)
        target, here = self.target, _direction
        return (
            f"{self.scenario}: the hold of {partner} on {target} {here(trade)} in trade, of "
            f"which its share goes from {trade[0]:.1f} to {trade[1]:.1f} percent; it {here(chain)} "
            f"in supply chains, in which it buys {chain[0]:.1f} percent of {target}'s value added "
            f"at some stage before and {chain[1]:.1f} after; and it {here(cost)} in what {partner} "
            f"can inflict: being cut off by it would cost {cost[0]:.2f} percent of real income "
            f"before and {cost[1]:.2f} after ({_points(cost[1] - cost[0])})."
            f"{self._in_draws(partner)}"
        )

    def _in_draws(self, partner: str) -> str:
        """What draws say of a partner's share in trade, and of a cut-off, where there are any."""
        senses = {"trade_share": "its share in trade", "cut_off": "what being cut off would cost"}
        if self.certainty is None:
            return ""
        rows, told = self.certainty.to_dict("index"), []
        for sense, words in senses.items():
            if row := rows.get((sense, partner)):
                told.append(
                    f"{words} changes by {row['median']:+.2f} points ({row['low']:+.2f} to "
                    f"{row['high']:+.2f} in 90 percent of them) and falls in "
                    f"{100 * row['falls']:.0f} of 100"
                )
        return f" In {self.manifest['draws']} draws {'; '.join(told)}." if told else ""

    def tables(self) -> dict[str, pd.DataFrame]:
        """By moment and partner, and what is of the target alone."""
        return {
            "influence": self.data.drop_vars(_BY_WHEN).to_dataframe().reset_index(),
            "of_target": self.data[_BY_WHEN].to_dataframe().reset_index(),
            **({} if self.certainty is None else {"certainty": self.certainty.reset_index()}),
        }

    def document(self) -> dict[str, Any]:
        """Everything as plain data: one record for each partner and moment, and what made it."""
        return {
            "answer": self.answer(),
            "target": self.target,
            "scenario": self.scenario,
            **{name: records(table) for name, table in self.tables().items()},
            "manifest": self.manifest,
        }


def influence(
    target: str,
    scenario: Scenario,
    partners: Sequence[str] = (),
    *,
    case: Case | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    store: Path | None = None,
    progress: Progress | None = None,
) -> Influence:
    """Influence of a country's partners over it, before and after a scenario.

    A group cuts off as one: by all its members together.

    Parameters
    ----------
    target
        Code or name.
    scenario
        What changes; its status quo is `before`.
    partners
        Countries and groups, besides the eight that trade most with the target.
    case
        The case that the scenario is of: what it calls uncertain is drawn. Omitted, nothing is.
    draws, seed
        Of what is uncertain, an even number; the same draws as those of `detente.assess`. 0 leaves
        them out.
    store
        Folder that keeps draws; by default the user's cache.
    progress
        Called with (steps and draws done, both in all).

    Raises
    ------
    ScenarioError
        A partner that is the target.
    WorldError
        An unknown country.
    ConvergenceError
        A cut without an equilibrium.

    Notes
    -----
    Concentration as a measure of who depends on whom: Hirschman (1945), "National Power and the
    Structure of Foreign Trade". Value added in trade: Johnson and Noguera (2012), Journal of
    International Economics 86(2); extraction of a partner from every chain: Los, Timmer and de
    Vries (2016), American Economic Review 106(7).

    Examples
    --------
    >>> from detente.cases import load_case
    >>> held = influence("BLR", load_case("belarus-2025").scenario("us-all"), ["RUS"]).data
    >>> bool(held["cut_off"].sel(when="before").idxmin() == "RUS")
    True
    """
    world = scenario.load_world()
    here = resolve_countries(target, world.countries)
    if len(here) != 1:
        raise ScenarioError(f"influence is over one country, not a group: {target!r}")
    members = _members(here[0], partners, world)
    cut_offs = [(here[0], tuple(codes)) for codes in members.values()]
    simulation = simulate(scenario, cut_offs=cut_offs)
    outcome = simulation.outcome()

    def held(moment: tuple[Costs, Equilibria]) -> xr.Dataset:
        costs, solved = moment
        e = Equilibrium(outcome.before, solved, scenario.deficits, simulation.tolerance)
        cut = simulation.cut(costs, cut_offs, solved)
        dearer = simulation.solved(simulation.compiled.dearer(costs, cut_offs, 1.0), solved)
        return _held(here[0], e, members, cut, dearer)

    count = drawn_of(case, draws)
    held_told, drawn_told = in_steps(progress, len(WHEN), count)
    moments = (simulation.compiled.status_quo, outcome.before), (outcome.costs, outcome.after)
    parts = []
    with one_thread(), ThreadPoolExecutor(len(WHEN)) as pool:
        for part in pool.map(held, moments):
            parts.append(part)
            held_told(len(parts), len(WHEN))
    data = xr.concat(parts, xr.Variable("when", list(WHEN)), combine_attrs="override")
    about = {"target": here[0], "scenario": scenario.title}
    manifest = {**outcome.equilibrium.manifest, **about}
    found = Influence(**about, data=data, certainty=None, manifest=manifest)
    if case is None or not count:
        return found
    certainty = influence_in_draws(case, scenario, here[0], members, draws, seed, store, drawn_told)
    return replace(found, certainty=certainty, manifest={**manifest, "draws": count, "seed": seed})


def _members(target: str, partners: Sequence[str], world: World) -> dict[str, list[str]]:
    """Name to countries: the partners asked for, then the target's largest by trade."""
    named: dict[str, list[str]] = {}
    for name in partners:
        codes = resolve_countries(name, world.countries)
        label = codes[0] if len(codes) == 1 else name
        if codes == [target]:
            raise ScenarioError(f"{target} is the target and no partner of itself")
        named[label] = [c for c in codes if c != target]
    largest = largest_partners(world, target, MOST_PARTNERS)
    return {**named, **{c: [c] for c in largest if c not in named}}


def _held(
    target: str,
    e: Equilibrium,
    members: dict[str, list[str]],
    cut: Equilibria,
    dearer: Equilibria,
) -> xr.Dataset:
    C = e.world.countries
    t = C.index(target)
    exports, imports = (flows[:, 0] for flows in by_partner(e.after, target))
    trade = exports + imports
    chains = ValueChains(e.after, target)
    positions = [np.array([C.index(c) for c in codes]) for codes in members.values()]
    absorbed, passing, consumed = chains.absorbed(), chains.passing(positions), chains.consumed()
    rises = sum(by_partner(cut, target)) - trade[:, None]
    losses, exposed = (
        100 * (after.real_income[t] / e.after.real_income[t, 0] - 1) for after in (cut, dearer)
    )
    rows = []
    for k, n in enumerate(positions):
        rows.append(
            {
                "exports_share": 100 * exports[n].sum() / exports.sum(),
                "imports_share": 100 * imports[n].sum() / imports.sum(),
                "trade_share": 100 * trade[n].sum() / trade.sum(),
                "absorbed": 100 * absorbed[n].sum() / absorbed.sum(),
                "passing": 100 * passing[k],
                "consumed": 100 * consumed[n].sum(),
                "exposure": exposed[k],
                "cut_off": losses[k],
                **_in_their_place(rises[:, k], n, C),
            }
        )
    columns: dict[str, Any] = {
        name: (("partner",), np.array([row[name] for row in rows])) for name in rows[0]
    }
    columns["hhi_exports"] = float(((exports / exports.sum()) ** 2).sum())
    columns["hhi_imports"] = float(((imports / imports.sum()) ** 2).sum())
    columns["welfare"] = float(e.welfare.sel(country=target))
    return xr.Dataset(columns, coords={"partner": list(members)})


def _in_their_place(rise: Array, gone: Positions, countries: list[str]) -> dict[str, Any]:
    """Who takes the place of partners that are gone, from the rise of trade by partner."""
    lost = -float(rise[gone].sum())
    gained = rise.copy()
    gained[gone] = 0.0
    second = int(gained.argmax())
    return {
        "second": countries[second],
        "second_usd": float(gained[second]),
        "recovered": 100 * float(gained.sum()) / lost if lost > 0 else np.nan,
    }


def _points(change: float) -> str:
    """A change in percentage points; one that would round to a zero with a sign is told as small.

    >>> _points(-0.123), _points(-0.004), _points(0.0)
    ('-0.12 points', 'by less than 0.01 points', 'no change')
    """
    if abs(change) < 1e-9:
        return "no change"
    return "by less than 0.01 points" if abs(change) < 0.005 else f"{change:+.2f} points"


def _direction(values: tuple[float, float]) -> str:
    rise = values[1] - values[0]
    if abs(rise) < 5e-4 * max(abs(values[0]), 1e-9):
        return "stays as it is"
    return "weakens" if rise < 0 else "grows"
