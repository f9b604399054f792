"""Tables of influence and of relief packages for the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detente.analysis.influence import Influence
from detente.analysis.relief.packages import table as rows_of
from detente.analysis.relief.relief import Relief
from detente.report import text
from detente.report.tables import grid, signed

SHOWN = 12
"""Packages of the frontier that are printed; the chart and the JSON have all."""

SENSES = {
    "trade_share": "trade, %",
    "exports_share": "exports, %",
    "imports_share": "imports, %",
    "passing": "VA bought, %",
    "absorbed": "VA absorbed, %",
    "consumed": "consumption, %",
}
CUTS = {
    "exposure": ("exposure, %", 2),
    "cut_off": ("cut off, %", 2),
    "second": ("second best", 0),
    "second_usd": ("its gain, million USD", 0),
    "recovered": ("made good, %", 1),
}
MEANINGS = (
    "VA bought: value added of the target that the partner buys at any stage; VA absorbed: "
    "that ends in its final demand; consumption: final consumption whose value the partner "
    "added; exposure: welfare for 1 percent more cost on all trade with the partner, to "
    "first order; cut off: welfare if all direct trade with it ends, a full solve."
)


def influence_view(found: Influence) -> RenderableType:
    """Influence of each partner, before and after, and a sentence on the first of them."""
    data = found.data
    spread = "; ".join(f"{s} {_pair(100 * data[f'hhi_{s}'], 1)}" for s in ("exports", "imports"))
    return Group(
        Text(f"Influence over {text.called(found.target)}: {found.scenario}", "bold"),
        _by_partner(
            data,
            f"Dependence, before/after. Concentration (Herfindahl-Hirschman x 100): {spread}",
            {name: (head, 1) for name, head in SENSES.items()},
        ),
        _by_partner(data, "What a cut does, and who is second best, before/after", CUTS),
        Text(MEANINGS),
        Text(text.spelled(found.answer()), style="bold"),
        Text(text.provenance(found.manifest), style="dim"),
    )


def _by_partner(data: xr.Dataset, title: str, columns: dict[str, tuple[str, int]]) -> Table:
    """Pairs by partner; each column has a heading and digits."""
    rows = [
        [text.country(p), *(_pair(data[k].sel(partner=p), d) for k, (_, d) in columns.items())]
        for p in data["partner"].values.tolist()
    ]
    return grid(title, ["partner", *(head for head, _ in columns.values())], rows)


def _pair(values: xr.DataArray, digits: int) -> str:
    """A number, or a country, before and after."""
    pair = values.values.tolist()
    return "/".join(text.country(v) if isinstance(v, str) else text.plain(v, digits) for v in pair)


def relief_view(found: Relief) -> RenderableType:
    """Frontier, contributions, coalitions, prices, snap-back and burden."""
    search = found.packages.attrs.get("search")
    parts: list[RenderableType] = [
        Text(f"{found.title}: relief packages", style="bold"),
        Text(found.note),
        _frontier(found),
        _contributions(found) if search is None else Text(str(search), style="yellow"),
        _offers(found),
        _picked(found),
        Text(_snap_back(found)),
    ]
    if found.burden is not None:
        parts.append(_burden(found))
    return Group(*parts, Text(text.provenance(found.manifest), style="dim"))


def _heads(found: Relief, cost: str = "senders' cost, m USD") -> list[str]:
    target, rival = text.country(found.target), text.country(found.rival)
    return [f"{target} gain, %", f"{rival} leak, %", cost]


def _outcomes(row: pd.Series[Any]) -> list[Text]:
    return [signed(row["gain"], 3), signed(row["leak"], 4), signed(row["cost"], 0)]


def _packages(
    found: Relief, title: str, named: list[tuple[str, Any]], more: dict[str, list[str]]
) -> Table:
    """Packages with what they are called in the table; further columns are heading to values."""
    heads = ["package", *_heads(found), "through hubs, m USD", *more]
    rows = (
        [text.spelled(name, text.country), *_outcomes(row), text.plain(row["through_hubs"]), *rest]
        for (name, row), *rest in zip(named, *more.values(), strict=True)
    )
    return grid(title, heads, rows)


def _frontier(found: Relief) -> Table:
    total, best = found.packages.sizes["package"], found.frontier.sizes["package"]
    title = f"Frontier: {best} of {text.plural(total, 'package', 'packages')} that none dominates"
    title += f", {SHOWN} of them by gain" if best > SHOWN else ""
    rival, shown = text.country(found.rival), rows_of(found.frontier, SHOWN)
    cut_off = found.frontier["cut_off"].to_series()
    more = {
        f"{rival} share, %": [text.plain(share, 1) for share in shown["rival_share"]],
        f"cut off by {rival}, %": [text.plain(cut_off[package], 2) for package in shown.index],
    }
    return _packages(found, title, [(r["words"], r) for _, r in shown.iterrows()], more)


def _contributions(found: Relief) -> Table:
    values = found.contributions.sort_values("gain", ascending=False)
    values.loc["sum"] = values.sum()
    rows = ([text.spelled(str(k), text.country), *_outcomes(row)] for k, row in values.iterrows())
    title = "Shapley values: mean contribution over all orders of easing"
    return grid(title, ["eased", *_heads(found, "senders' cost, million USD")], rows)


def _offers(found: Relief) -> Table:
    cap = found.requirements.max_leak
    within = "" if cap is None else f" with a leak of at most {cap:g} percent"
    named = [(f"{row['coalition']} ({row['words']})", row) for _, row in found.offers.iterrows()]
    alone = {"only it can, %": [text.plain(v, 3) for v in found.offers["needs_all"]]}
    return _packages(found, f"What each coalition can offer at most{within}", named, alone)


def _picked(found: Relief) -> Table:
    w = found.requirements
    asked = [] if w.min_gain is None else [f"gain of at least {w.min_gain:g} percent"]
    asked += [] if w.max_leak is None else [f"leak of at most {w.max_leak:g} percent"]
    picked = {"cheapest for the senders": found.chosen, "least leak": found.least_leak}
    if w.min_gain is None:
        picked = {"largest gain": found.chosen}
    if found.bargain is not None:
        words = f"Nash bargain (option: concession worth {w.value:g} million, weight {w.weight:g})"
        picked[words] = found.bargain
    rows = [rows_of(p.expand_dims("package")).iloc[0] for p in picked.values()]
    named = [(f"{label}: {r['words']}", r) for label, r in zip(picked, rows, strict=True)]
    title = f"Packages to choose: {', '.join(asked) or 'the largest gain'}"
    return _packages(found, title, named, {})


def _snap_back(found: Relief) -> str:
    s, percent = found.snap_back, text.percent
    return (
        f"Snap-back of {text.spelled(s.package, text.country)}: relief gives "
        f"{text.called(found.target)} {percent(s.gain, 3)} (hub margins left out); once it has "
        f"adapted, re-imposing takes {percent(s.loss, 3)} ({text.signed(s.loss_usd)} million USD) "
        f"in the first year, with elasticities at {s.short_run:g} of the long run; against the "
        f"status quo {percent(s.net, 3)}."
    )


def _burden(found: Relief) -> Table:
    burden = found.burden
    assert burden is not None
    members = burden.members
    largest = members["transfer"].abs().nlargest(8).index
    rows = [
        [
            text.country(str(code)),
            *(signed(members.loc[code, k], 4) for k in ("before", "after")),
            signed(members.loc[code, "transfer"], 1),
        ]
        for code in largest
    ]
    rest = members.drop(largest)["transfer"]
    if len(rest):
        rows.append([text.plural(len(rest), "other", "others"), "", "", signed(rest.sum(), 1)])
    title = (
        "Sharing the effect on the senders equally: transfers that leave each at "
        f"{text.percent(burden.common, 4)}"
    )
    return grid(title, ["member", "before, %", "after, %", "receives, million USD"], rows)
