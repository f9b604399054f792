"""Tables of influence and of relief packages for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.text import Text

from detente.analysis.evidence import SURE
from detente.analysis.influence import Influence
from detente.analysis.relief.burden import Burden
from detente.analysis.relief.packages import table as rows_of
from detente.analysis.relief.relief import Relief, Requirements
from detente.report import text
from detente.report.layout import Grid, grid
from detente.report.tables import signed

SHOWN = 12
"""Packages of the frontier that are printed; the chart and the JSON have all."""

LEAST_OFFER = 0.01
"""Part of the largest gain that a coalition must add to what smaller ones can give."""

SENSES = {
    "trade_share": ("trade, %", 1),
    "exports_share": ("exports, %", 1),
    "imports_share": ("imports, %", 1),
    "passing": ("VA bought, %", 1),
    "absorbed": ("VA absorbed, %", 1),
    "consumed": ("consumption, %", 1),
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
    return Group(
        Text(f"Influence over {text.called(found.target)}: {found.scenario}", "bold"),
        *influence_tables(found),
        Text(MEANINGS),
        Text(text.spelled(found.answer()), style="bold"),
        Text(text.provenance(found.manifest), style="dim"),
    )


def influence_tables(found: Influence) -> list[Grid]:
    """How much the target depends on each partner, and what a cut by it does."""
    data = found.data
    spread = "; ".join(f"{s} {_pair(100 * data[f'hhi_{s}'], 1)}" for s in ("exports", "imports"))
    title = f"Dependence, before/after. Concentration (Herfindahl-Hirschman x 100): {spread}"
    cuts = "What a cut does, and who is second best, before/after"
    return [_by_partner(data, title, SENSES), _by_partner(data, cuts, CUTS)]


def _by_partner(data: xr.Dataset, title: str, columns: dict[str, tuple[str, int]]) -> Grid:
    """Pairs by partner; each column has a heading and digits."""
    rows = (
        [name, *(_pair(data[k].sel(partner=p), d) for k, (_, d) in columns.items())]
        for p, name in text.nested(data["partner"].values.tolist()).items()
    )
    return grid(title, ["partner", *(head for head, _ in columns.values())], rows)


def _pair(values: xr.DataArray, digits: int) -> str:
    """A number, or a country, before and after."""
    pair = values.values.tolist()
    return "/".join(text.country(v) if isinstance(v, str) else text.plain(v, digits) for v in pair)


def relief_view(found: Relief) -> RenderableType:
    """Frontier, contributions, coalitions, prices, snap-back and burden."""
    search = found.packages.attrs.get("search")
    return Group(
        Text(f"{found.title}: relief packages", style="bold"),
        Text(found.note),
        frontier_table(found),
        contributions_table(found) if search is None else Text(str(search), style="yellow"),
        offers_table(found),
        _picked(found),
        *certainty_view(found),
        Text(snap_back_sentence(found)),
        *([] if found.burden is None else [burden_table(found.burden)]),
        Text(text.provenance(found.manifest), style="dim"),
    )


def _heads(found: Relief, cost: str = "senders' cost, m USD") -> list[str]:
    target, rival = text.country(found.target), text.country(found.rival)
    return [f"{target} gain, %", f"{rival} leak, %", cost]


def _outcomes(row: pd.Series[Any]) -> list[Text]:
    return [signed(row["gain"], 3), signed(row["leak"], 4), signed(row["cost"], 0)]


def _packages(
    found: Relief, title: str, labels: Iterable[str], rows: pd.DataFrame, **more: Iterable[str]
) -> Grid:
    """Packages with what they are called in the table, and further columns."""
    heads = ["package", *_heads(found), "through hubs, m USD", *more]
    cells = (
        [text.spelled(label, text.country), *_outcomes(row), text.plain(row["through_hubs"]), *rest]
        for label, (_, row), *rest in zip(labels, rows.iterrows(), *more.values(), strict=True)
    )
    return grid(title, heads, cells)


def frontier_table(found: Relief) -> Grid:
    """Packages that none dominates, some of them where they are many."""
    total, best = found.packages.sizes["package"], found.frontier.sizes["package"]
    title = f"Frontier: {best} of {text.plural(total, 'package', 'packages')} that none dominates"
    title += f", {SHOWN} of them by gain" if best > SHOWN else ""
    rival, shown = text.country(found.rival), rows_of(found.frontier, SHOWN)
    cut_off = found.frontier["cut_off"].to_series()[shown.index]
    more = {
        f"{rival} share, %": [text.plain(share, 1) for share in shown["rival_share"]],
        f"cut off by {rival}, %": [text.plain(cut, 2) for cut in cut_off],
    }
    return _packages(found, title, shown["words"], shown, **more)


def contributions_table(found: Relief) -> Grid:
    """What each bundle adds to gain, leak and cost, and all together."""
    values = found.contributions.sort_values("gain", ascending=False)
    values.loc["sum"] = values.sum()
    most = found.packages.isel(package=int(found.packages["gain"].values.argmax()))
    usd = float(most["gain_usd"] / most["gain"])  # of a percent
    rows = (
        [text.spelled(str(k), text.country), signed(usd * row["gain"], 0), *_outcomes(row)]
        for k, row in values.iterrows()
    )
    title = "Shapley values: mean contribution over all orders of easing"
    worth = f"{text.country(found.target)} gain, m USD"
    return grid(title, ["eased", worth, *_heads(found)], rows)


def offers_table(found: Relief) -> Grid:
    """The largest gain that each coalition of senders can give."""
    cap, offers = found.requirements.max_leak, found.offers
    within = "" if cap is None else f" with a leak of at most {cap:g} percent"
    labels = offers["coalition"] + " (" + offers["words"] + ")"
    alone = {"only it can, %": [text.plain(v, 3) for v in offers["needs_all"]]}
    title = f"What each coalition can offer at most{within}"
    return _packages(found, title, labels, offers, **alone)


def distinct_offers(found: Relief) -> pd.DataFrame:
    """What coalitions can offer: all together, and those that add something to smaller ones."""
    rows = found.offers.to_dict("records")
    least = LEAST_OFFER * max(row["gain"] for row in rows)
    return pd.DataFrame([*(r for r in rows[:-1] if r["needs_all"] > least), rows[-1]])


def _picked(found: Relief) -> Grid:
    w = found.requirements
    picked = {"cheapest for the senders": found.chosen, "least leak": found.least_leak}
    if w.min_gain is None:
        picked = {"largest gain": found.chosen}
    if found.bargain is not None:
        words = f"Nash bargain (option: concession worth {w.value:g} million, weight {w.weight:g})"
        picked[words] = found.bargain
    rows = pd.concat(rows_of(p.expand_dims("package")) for p in picked.values())
    labels = [f"{label}: {words}" for label, words in zip(picked, rows["words"], strict=True)]
    title = f"Packages to choose, all central: {_asked(w) or 'the largest gain'}"
    return _packages(found, title, labels, rows)


def _asked(w: Requirements) -> str:
    """What a package must do, in words; nothing if it need not do anything."""
    asked = [] if w.min_gain is None else [f"gain of at least {w.min_gain:g} percent"]
    asked += [] if w.max_leak is None else [f"leak of at most {w.max_leak:g} percent"]
    return ", ".join(asked)


def certainty_view(found: Relief) -> list[RenderableType]:
    """What packages do in draws, and how certain the choice is, where there are draws."""
    if found.certainty is None:
        return []
    return [certainty_table(found), Text(certainty_sentence(found))]


def certainty_table(found: Relief) -> Grid:
    """What packages do in draws, and in how many of them each does what is asked, and is best."""
    rows, w = found.certainty, found.requirements
    assert rows is not None
    best = ("cheapest", "least_leak") if _asked(w) else ("largest_gain", "least_leak")
    shares = {"meets": "does so"} if _asked(w) else {}
    shares |= {name: name.replace("_", " ") for name in best}
    digits = {"gain": 3, "leak": 4, "cost": 0}
    cells = (
        [
            text.spelled(str(row["words"]), text.country),
            *(_banded(row, name, d) for name, d in digits.items()),
            *(text.plain(100 * row[name]) for name in shares),
        ]
        for row in rows.to_dict("records")
    )
    heads = ["package", *_heads(found), *(f"{words}, % of draws" for words in shares.values())]
    title = f"How certain that is: medians and 90 percent of {found.manifest['draws']} draws"
    return grid(f"{title}; {_asked(w)}" if _asked(w) else title, heads, cells)


def _banded(row: Mapping[Any, Any], name: str, digits: int) -> str:
    low, median, high = (
        text.signed(row[f"{name}_{end}"], digits) for end in ("low", "median", "high")
    )
    return f"{median}\n({low} to {high})"


def certainty_sentence(found: Relief) -> str:
    """How often the package chosen does what is asked, and which does so more surely."""
    assert found.certainty is not None
    rows, asked = found.certainty.to_dict("index"), _asked(found.requirements)
    chosen = rows[int(found.chosen["package"])]
    if not asked:
        least = max(rows.values(), key=lambda row: row["least_leak"])
        most = f"{100 * chosen['largest_gain']:.0f} of 100 draws"
        return (
            f"Of those compared, {_name_of(chosen)} gives most in {most}, and {_name_of(least)} "
            f"leaks least in {100 * least['least_leak']:.0f}."
        )
    told = (
        f"{text.capitalised(asked)}: {_name_of(chosen)}, chosen with everything central, does so "
        f"in {100 * chosen['meets']:.0f} of 100 draws"
    )
    sure = [row for row in rows.values() if row["meets"] >= SURE]
    if sure:
        least = min(sure, key=lambda row: row["leak_median"])
        leak = text.percent(least["leak_median"], 4)
        sure_enough = f"of those that do so in {100 * SURE:.0f} or more"
        return f"{told}; {sure_enough}, {_name_of(least)} leaks least ({leak})."
    surest = max(rows.values(), key=lambda row: row["meets"])
    if surest["meets"] == chosen["meets"]:
        return f"{told}; none here does so in more."
    return f"{told}; the surest here, {_name_of(surest)}, in {100 * surest['meets']:.0f}."


def _name_of(row: Mapping[Any, Any]) -> str:
    return f"“{text.spelled(str(row['words']), text.country)}”"


def snap_back_sentence(found: Relief) -> str:
    """What relief gives, and what its end takes once the target has adapted."""
    s, percent = found.snap_back, text.percent
    return (
        f"Snap-back of {text.spelled(s.package, text.country)}: relief gives "
        f"{text.called(found.target)} {percent(s.gain, 3)} (hub margins left out); once it has "
        f"adapted, re-imposing takes {percent(s.loss, 3)} ({text.signed(s.loss_usd)} million USD) "
        f"in the first year, with elasticities at {s.short_run:g} of the long run; against the "
        f"status quo {percent(s.net, 3)}."
    )


def burden_table(burden: Burden) -> Grid:
    """Transfers that share the effect on the senders."""
    largest = burden.members["transfer"].abs().nlargest(8).index
    rows = [
        [
            text.country(str(c)),
            signed(m["before"], 4),
            signed(m["after"], 4),
            signed(m["transfer"], 1),
        ]
        for c, m in burden.members.loc[largest].iterrows()
    ]
    rest = burden.members.drop(largest)["transfer"]
    if len(rest):
        rows.append([text.plural(len(rest), "other", "others"), "", "", signed(rest.sum(), 1)])
    common = text.percent(burden.common, 4)
    title = f"Sharing the effect on the senders equally: transfers that leave each at {common}"
    return grid(title, ["member", "before, %", "after, %", "receives, million USD"], rows)


def in_titles(found: Relief, titles: Mapping[str, str]) -> Relief:
    """The same with measures, where they are eased one by one, by their titles."""

    def told(words: str) -> str:
        return re.sub(r"[\w-]+", lambda name: titles.get(name[0], name[0]), words)

    def renamed(packages: xr.Dataset) -> xr.Dataset:
        words = packages["words"]
        return packages.assign_coords(words=(words.dims, np.vectorize(told)(words.values)))

    return replace(
        found,
        packages=renamed(found.packages),
        frontier=renamed(found.frontier),
        contributions=found.contributions.rename(index=told),
        offers=found.offers.assign(words=found.offers["words"].map(told)),
        chosen=renamed(found.chosen),
        least_leak=renamed(found.least_leak),
        bargain=None if found.bargain is None else renamed(found.bargain),
        certainty=None
        if found.certainty is None
        else found.certainty.assign(words=found.certainty["words"].map(told)),
        snap_back=replace(found.snap_back, package=told(found.snap_back.package)),
    )
