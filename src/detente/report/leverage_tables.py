"""Tables of influence and of relief packages for the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detente.analysis.influence import WHEN, answer
from detente.analysis.relief.findings import Findings
from detente.analysis.relief.packages import table as rows_of
from detente.report.tables import _grid, _signed

SHOWN = 12
"""Packages of the frontier that are printed; the chart and the JSON have all."""

SENSES = {
    "trade_share": "trade, %",
    "exports_share": "exports, %",
    "imports_share": "imports, %",
    "passing": "VA bought, %",
    "absorbed": "VA absorbed, %",
    "consumed": "consumption, %",
    "exposure": "exposure, %",
    "cut_off": "cut off, %",
}


def influence_view(found: xr.Dataset, partner: str) -> RenderableType:
    """Influence of each partner, before and after, and a sentence on one of them."""
    return Group(
        Text(f"Influence over {found.attrs['target']}: {found.attrs['scenario']}", style="bold"),
        _influence(found),
        _second_best(found),
        Text(
            "VA bought: value added of the target that the partner buys at any stage; VA absorbed: "
            "that ends in its final demand; consumption: final consumption whose value the partner "
            "added; exposure: welfare for 1 percent more cost on all trade with the partner, to "
            "first order; cut off: welfare if all direct trade with it ends, a full solve."
        ),
        Text(answer(found, partner), style="bold"),
        provenance(found.attrs),
    )


def _influence(found: xr.Dataset) -> Table:
    grid = _grid("Dependence, before/after", "partner", list(SENSES.values()))
    for partner in found["partner"].values:
        cells = [_pair(found[k].sel(partner=partner), k) for k in SENSES]
        grid.add_row(str(partner), *cells)
    return grid


def _pair(values: xr.DataArray, name: str) -> str:
    form = "{:.2f}" if name in ("exposure", "cut_off") else "{:.1f}"
    return "/".join(form.format(float(values.sel(when=w))) for w in WHEN)


def _second_best(found: xr.Dataset) -> Table:
    concentration = "; ".join(
        f"{side} {_pair(100 * found[f'hhi_{side}'], '')}" for side in ("exports", "imports")
    )
    title = f"Second best after a cut. Concentration (Herfindahl-Hirschman x 100): {concentration}"
    grid = _grid(title, "cut off by", ["second best", "its gain, million USD", "made good, %"])
    for partner in found["partner"].values:
        row = found.sel(partner=partner)
        grid.add_row(
            str(partner),
            "/".join(str(v) for v in row["second"].values),
            "/".join(f"{v:,.0f}" for v in row["second_usd"].values),
            "/".join(f"{v:.1f}" for v in row["recovered"].values),
        )
    return grid


def relief_view(found: Findings) -> RenderableType:
    """Frontier, contributions, coalitions, prices, snap-back and burden."""
    parts: list[RenderableType] = [
        Text(f"{found.title}: relief packages", style="bold"),
        Text(found.note),
        _frontier(found),
    ]
    if "search" in found.packages.attrs:
        parts.append(Text(str(found.packages.attrs["search"]), style="yellow"))
    else:
        parts.append(_contributions(found))
    parts += [_offers(found), _picked(found), _snap_back(found)]
    if found.burden is not None:
        parts.append(_burden(found))
    parts.append(provenance(found.manifest))
    return Group(*parts)


def _frontier(found: Findings) -> Table:
    total = found.packages.sizes["package"]
    best = found.frontier.sizes["package"]
    title = f"Frontier: {best} of {total:,} packages that none dominates"
    title += f", {SHOWN} of them by gain" if best > SHOWN else ""
    columns = [
        f"{found.target} gain, %",
        f"{found.rival} leak, %",
        "senders' cost, m USD",
        "through hubs, m USD",
        f"{found.rival} share, %",
        f"cut off by {found.rival}, %",
    ]
    grid = _packages(title, columns)
    rows = rows_of(found.frontier, SHOWN)
    cut_off = dict(
        zip(found.frontier["package"].values, found.frontier["cut_off"].values, strict=True)
    )
    for package, row in rows.iterrows():
        grid.add_row(
            row["words"], *_outcomes(row), f"{row['rival_share']:.1f}", f"{cut_off[package]:.2f}"
        )
    return grid


def _packages(title: str, columns: list[str]) -> Table:
    grid = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    grid.add_column("package", min_width=24, max_width=64)
    for column in columns:
        grid.add_column(column, justify="right")
    return grid


def _outcomes(row: pd.Series[Any]) -> list[Text]:
    return [
        _signed(row["gain"], "{:+.3f}"),
        _signed(row["leak"], "{:+.4f}"),
        _signed(row["cost"], "{:+,.0f}"),
        Text(f"{row['through_hubs']:,.0f}"),
    ]


def _contributions(found: Findings) -> Table:
    columns = [f"{found.target} gain, %", f"{found.rival} leak, %", "senders' cost, million USD"]
    grid = _grid("Shapley values: mean contribution over all orders of easing", "eased", columns)
    forms = ("{:+.3f}", "{:+.4f}", "{:+,.0f}")
    values = found.contributions.sort_values("gain", ascending=False)
    values.loc["sum"] = values.sum()
    for name, row in values.iterrows():
        grid.add_row(str(name), *[_signed(v, f) for v, f in zip(row, forms, strict=True)])
    return grid


def _offers(found: Findings) -> Table:
    cap = found.wishes.max_leak
    within = "" if cap is None else f" with a leak of at most {cap:g} percent"
    title = f"What each coalition can offer at most{within}"
    columns = [f"{found.target} gain, %", f"{found.rival} leak, %", "cost, m USD"]
    grid = _packages(title, [*columns, "through hubs, m USD", "only it can, %"])
    for _, row in found.offers.iterrows():
        words = f"{row['coalition']} ({row['words']})"
        grid.add_row(words, *_outcomes(row), f"{row['needs_all']:.3f}")
    return grid


def _picked(found: Findings) -> Table:
    w = found.wishes
    asked = [] if w.min_gain is None else [f"gain of at least {w.min_gain:g} percent"]
    asked += [] if w.max_leak is None else [f"leak of at most {w.max_leak:g} percent"]
    title = "Packages to choose" + (": " + ", ".join(asked) if asked else ": the largest gain")
    columns = [f"{found.target} gain, %", f"{found.rival} leak, %", "cost, m USD"]
    grid = _packages(title, [*columns, "through hubs, m USD"])
    picked = {"cheapest for the senders": found.chosen, "least leak": found.least_leak}
    if w.min_gain is None:
        picked = {"largest gain": found.chosen}
    if found.bargain is not None:
        words = f"Nash bargain (option: concession worth {w.value:g} million, weight {w.weight:g})"
        picked[words] = found.bargain
    for label, package in picked.items():
        row = rows_of(package.expand_dims("package")).iloc[0]
        grid.add_row(f"{label}: {row['words']}", *_outcomes(row))
    return grid


def _snap_back(found: Findings) -> Text:
    s = found.snap_back
    return Text(
        f"Snap-back of {s.package}: relief gives {found.target} {s.gain:+.3f} percent (hub margins "
        f"left out); once it has adapted, re-imposing takes {s.loss:+.3f} percent "
        f"({s.loss_usd:+,.0f} million USD) in the first year, with elasticities at "
        f"{s.short_run:g} of the long run; against the status quo {s.net:+.3f} percent."
    )


def _burden(found: Findings) -> Table:
    burden = found.burden
    assert burden is not None
    title = (
        "Sharing the effect on the senders equally: transfers that leave each at "
        f"{burden.common:+.4f} percent"
    )
    grid = _grid(title, "member", ["before, %", "after, %", "receives, million USD"])
    members = burden.members
    largest = members["transfer"].abs().nlargest(8).index
    for country in largest:
        row = members.loc[country]
        grid.add_row(
            str(country),
            _signed(row["before"], "{:+.4f}"),
            _signed(row["after"], "{:+.4f}"),
            _signed(row["transfer"], "{:+,.1f}"),
        )
    rest = members.drop(largest)["transfer"].sum()
    if len(members) > len(largest):
        grid.add_row(f"{len(members) - len(largest)} others", "", "", _signed(rest, "{:+,.1f}"))
    return grid


def provenance(manifest: dict[Any, Any]) -> Text:
    """Version, world, elasticities and closure in one line."""
    return Text(
        f"detente {manifest['detente']}; world {manifest['world']} ({manifest['fingerprint']}); "
        f"elasticities {manifest['elasticities']}; deficits: {manifest['deficits']}",
        style="dim",
    )
