"""Influence: what a country's partners could do to it by cutting it off, before and after."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.equilibrium import Equilibrium, solve
from detente.equilibrium.exposure import exposure
from detente.equilibrium.problem import Deficits
from detente.equilibrium.value_chains import ValueChains
from detente.errors import ScenarioError
from detente.policy import Scenario
from detente.policy.changes import Changes
from detente.policy.routes import RouteChoice
from detente.simulation.runs import Run, run
from detente.world.names import resolve_countries

MOST_PARTNERS = 8
WHEN = ("before", "after")
_BY_WHEN = ["hhi_exports", "hhi_imports", "welfare"]


@dataclass(frozen=True, eq=False)
class Setting:
    """A policy, and its equilibrium, from which a partner may cut the target off.

    Attributes
    ----------
    changes
        The policy before routes.
    routes
        Route choice, if any: goods of a lane that is cut may still take its hubs.
    equilibrium
        Under that policy.
    """

    changes: Changes
    routes: RouteChoice | None
    equilibrium: Equilibrium

    def cut_off(self, target: str, members: list[str]) -> Equilibrium:
        """The equilibrium with all direct trade between the target and some partners banned."""
        banned = self.changes.cut_off(target, members)
        changes = banned if self.routes is None else self.routes.apply(banned).changes
        closure = cast(Deficits, self.equilibrium.deficits)
        return solve(changes.world, changes, deficits=closure)


def settings_of(scenario: Scenario) -> tuple[Setting, Setting]:
    """Status quo, and outcome, of a scenario."""
    after = run(scenario)
    routes = None if after.routed is None else after.routed.choice
    none = Changes(after.world)
    before = Setting(none, routes, solve(after.world, none, deficits=scenario.deficits))
    return before, Setting(_with_transfers(after), routes, after.equilibrium)


def _with_transfers(found: Run) -> Changes:
    """Changes before routes, with the subsidies that the outcome has settled."""
    solved = found.equilibrium.changes
    return replace(found.compiled.changes, transfers=solved.transfers)


@dataclass(frozen=True, eq=False)
class Influence:
    """Influence over a country, ready to be printed and written.

    Attributes
    ----------
    data
        From `influence`; the answer is about its first partner.
    """

    data: xr.Dataset

    @property
    def manifest(self) -> dict[Any, Any]:
        """What made the numbers."""
        return self.data.attrs

    def answer(self, partner: str | None = None) -> str:
        """Whether a partner's hold weakens, in a sentence; see `answer`."""
        return answer(self.data, partner or str(self.data["partner"].values[0]))

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        return influence_tables(self.data)

    def document(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {"answer": self.answer(), **influence_document(self.data)}


def influence(
    target: str,
    scenario: Scenario,
    partners: Sequence[str] = (),
    *,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Influence of a country's partners over it, before and after a scenario.

    Parameters
    ----------
    target
        Code or name.
    scenario
        What changes; its status quo is `before`.
    partners
        Countries and groups, besides the eight that trade most with the target.
    progress
        Called with (steps done, steps in all).

    Returns
    -------
    Dataset
        By `when` (before, after) and `partner`, in percent: `exports_share`, `imports_share`,
        `trade_share` of the target's foreign trade; `absorbed`, its value added that ends in the
        partner's final demand; `passing`, its value added that the partner buys at any stage, as
        final good or as input; `consumed`, its final consumption whose value the partner added;
        `cut_off`, its welfare if all direct trade with the partner ends, both ways, in a full
        solve against the same policy without the cut; `exposure`, its welfare for one percent
        more cost on that trade, to first order. `second` names the partner that gains most of the
        target's trade after the cut, and `second_usd` how much (million USD); `recovered` is what
        all others gain of what the cut took, in percent.
        By `when`: `hhi_exports` and `hhi_imports`, Herfindahl-Hirschman concentration over
        countries, from 0 to 1; `welfare` of the target in percent against the status quo.
        A group cuts off as one: by all its members together.

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
    >>> held = influence("BLR", load_case("belarus-2025").scenario("us-all"), ["RUS"])
    >>> bool(held["cut_off"].sel(when="before").idxmin() == "RUS")
    True
    """
    settings = dict(zip(WHEN, settings_of(scenario), strict=True))
    countries = settings["before"].equilibrium.world.countries
    here = resolve_countries(target, countries)
    if len(here) != 1:
        raise ScenarioError(f"influence is over one country, not a group: {target!r}")
    members = _members(here[0], partners, settings["before"].equilibrium)
    total, done, parts = 2 * (len(members) + 1), 0, []

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    for setting in settings.values():
        parts.append(_influence(here[0], setting, members, tell))
    found = xr.concat(parts, xr.Variable("when", list(WHEN)), combine_attrs="override")
    return found.assign_attrs(
        settings["after"].equilibrium.manifest(), target=here[0], scenario=scenario.title
    )


def _members(target: str, partners: Sequence[str], before: Equilibrium) -> dict[str, list[str]]:
    """Name to countries: the partners asked for, then the target's largest by trade."""
    C = before.world.countries
    named: dict[str, list[str]] = {}
    for name in partners:
        codes = resolve_countries(name, C)
        label = codes[0] if len(codes) == 1 else name
        if codes == [target]:
            raise ScenarioError(f"{target} is the target and no partner of itself")
        named[label] = [c for c in codes if c != target]
    exports, imports = _foreign(before, target)
    largest = [C[n] for n in np.argsort(-(exports + imports), kind="stable")[:MOST_PARTNERS]]
    return {**named, **{c: [c] for c in largest if c not in named}}


def _foreign(equilibrium: Equilibrium, target: str) -> tuple[Array, Array]:
    """The target's exports and imports by partner, in the world's units."""
    flows = equilibrium.trade["after"].sum("sector")
    exports = flows.sel(origin=target).values.copy()
    imports = flows.sel(destination=target).values.copy()
    t = equilibrium.world.countries.index(target)
    exports[t] = imports[t] = 0.0
    return exports, imports


def _influence(
    target: str, setting: Setting, members: dict[str, list[str]], tell: Callable[[], None]
) -> xr.Dataset:
    e = setting.equilibrium
    C = e.world.countries
    at = {name: [C.index(c) for c in codes] for name, codes in members.items()}
    exports, imports = _foreign(e, target)
    chains = ValueChains(e, target)
    absorbed, consumed = chains.absorbed(), chains.consumed()
    exposed = exposure(e)["exposure"].sel(country=target).values
    tell()
    rows: dict[str, list[Any]] = {}
    for name, n in at.items():
        row = {
            "exports_share": 100 * exports[n].sum() / exports.sum(),
            "imports_share": 100 * imports[n].sum() / imports.sum(),
            "trade_share": 100 * (exports + imports)[n].sum() / (exports + imports).sum(),
            "absorbed": 100 * absorbed[n].sum(),
            "passing": 100 * chains.passing(n),
            "consumed": 100 * consumed[n].sum(),
            "exposure": exposed[n].sum(),
            **_cut(target, setting, members[name], exports + imports),
        }
        for key, value in row.items():
            rows.setdefault(key, []).append(value)
        tell()
    columns: dict[str, Any] = {k: (("partner",), np.array(v)) for k, v in rows.items()}
    columns["hhi_exports"] = float(((exports / exports.sum()) ** 2).sum())
    columns["hhi_imports"] = float(((imports / imports.sum()) ** 2).sum())
    columns["welfare"] = float(e.welfare.sel(country=target))
    return xr.Dataset(columns, coords={"partner": list(members)})


def _cut(target: str, setting: Setting, members: list[str], trade: Array) -> dict[str, Any]:
    """Welfare after a cut against the same policy without it, and who takes the partner's place."""
    cut = setting.cut_off(target, members)
    t = cut.world.countries.index(target)
    loss = 100 * ((100 + cut.welfare.values[t]) / (100 + setting.equilibrium.welfare.values[t]) - 1)
    rise = sum(_foreign(cut, target)) - trade
    gone = [cut.world.countries.index(c) for c in members]
    lost = -float(rise[gone].sum())
    rise[[*gone, t]] = 0.0
    second = int(rise.argmax())
    return {
        "cut_off": loss,
        "second": cut.world.countries[second],
        "second_usd": float(rise[second]),
        "recovered": 100 * float(rise.sum()) / lost,
    }


def answer(found: xr.Dataset, partner: str) -> str:
    """Say in a sentence whether a partner's hold weakens, and in which sense.

    Parameters
    ----------
    found
        From `influence`.
    partner
        One of its partners.
    """
    held = found.sel(partner=partner)

    def moved(name: str, sign: float = 1.0) -> tuple[float, float]:
        return tuple(float(sign * held[name].sel(when=w)) for w in WHEN)  # type: ignore[return-value]

    trade, chain, cost = moved("trade_share"), moved("passing"), moved("cut_off", -1.0)
    target, here = found.attrs["target"], _direction
    return (
        f"{found.attrs['scenario']}: the hold of {partner} on {target} {here(trade)} in trade, of "
        f"which its share goes from {trade[0]:.1f} to {trade[1]:.1f} percent; it {here(chain)} in "
        f"supply chains, in which it buys {chain[0]:.1f} percent of {target}'s value added at some "
        f"stage before and {chain[1]:.1f} after; and it {here(cost)} in what {partner} can "
        f"inflict: being cut off by it would cost {cost[0]:.2f} percent of real income before and "
        f"{cost[1]:.2f} after ({cost[1] - cost[0]:+.2f} points)."
    )


def influence_tables(found: xr.Dataset) -> dict[str, pd.DataFrame]:
    """Influence as tables, for files: by moment and partner, and what is of the target alone."""
    return {
        "influence": found.drop_vars(_BY_WHEN).to_dataframe().reset_index(),
        "of_target": found[_BY_WHEN].to_dataframe().reset_index(),
    }


def influence_document(found: xr.Dataset) -> dict[str, Any]:
    """Influence as plain data: one record for each partner and moment, and what made it."""
    tables = {
        name: json.loads(table.to_json(orient="records", double_precision=12))
        for name, table in influence_tables(found).items()
    }
    return {
        "target": found.attrs["target"],
        "scenario": found.attrs["scenario"],
        **tables,
        "manifest": {k: v for k, v in found.attrs.items() if k not in ("target", "scenario")},
    }


def _direction(values: tuple[float, float]) -> str:
    rise = values[1] - values[0]
    if abs(rise) < 5e-4 * max(abs(values[0]), 1e-9):
        return "stays as it is"
    return "weakens" if rise < 0 else "grows"
