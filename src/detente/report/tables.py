"""Tables for the terminal: assessments, leaks, claims, metrics and worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from detente.report import text
from detente.report.layout import Grid, Prose, Row, grid, prose
from detente.simulation.metrics import METRICS
from detente.world.added import added_notes
from detente.world.labels import counted
from detente.world.names import is_goods

if TYPE_CHECKING:
    from detente.analysis.assess import Assessment
    from detente.analysis.evidence import Evidence
    from detente.analysis.leakage import CaseLeakage
    from detente.world.world import World


def signed(value: float, digits: int) -> Text:
    """A number with its sign: green where it rises, red where it falls."""
    return _coloured(text.signed(value, digits))


def _coloured(words: str) -> Text:
    return Text(words, style={"+": "green", "-": "red"}.get(words[:1], ""))


def _dim(*words: str) -> list[Text]:
    return [Text(w, style="dim") for w in words]


def assessment_view(result: Assessment) -> RenderableType:
    """Welfare, trade with main partners and the sectors that move most."""
    return Group(
        Text(result.title, style="bold"),
        welfare_table(result, "percent", "Welfare, percent of income (exact real income)", 3),
        *bands_table(result),
        welfare_table(
            result, "million_usd", "Welfare, million USD a year (equivalent variation)", 0
        ),
        trade_table(result),
        sectors_table(result),
        *[Text(f"Note. {note}", style="yellow") for note in result.notes],
        *([Text(f"Welfare is {text.ANSWER}.")] if "low" in result.welfare else []),
        *[Text(sentence) for sentence in text.rests_on(result.rests_on)],
        *[Text(f"{text.capitalised(k)}: {v.strip()}") for k, v in result.assumptions.items()],
        Text(text.provenance(result.manifest), style="dim"),
        *[Text(sentence, style="bold") for sentence in text.meaning(result)],
    )


def welfare_table(result: Assessment, column: str, title: str, digits: int) -> Grid:
    """Welfare by scenario, and by country with members of a group below it."""
    found = result.welfare.set_index(["scenario", "country"])[column]
    names = text.nested(result.welfare["country"])
    rows = (
        [words, *(signed(found[name, code], digits) for code in names)]
        for name, words in result.titles.items()
    )
    return grid(title, ["scenario", *names.values()], rows)


def bands_table(result: Assessment) -> list[Grid]:
    """How sure the target's welfare is, where draws were made."""
    if "low" not in result.welfare:
        return []
    rows = result.welfare[result.welfare["country"] == result.target].set_index("scenario")
    numbers = rows[["low", "percent", "high", "central"]].to_dict("index")
    told = (
        [words, *(signed(value, 3) for value in numbers[name].values())]
        for name, words in result.titles.items()
    )
    title = f"{text.country(result.target)}: welfare in percent, and where 90 percent of draws lie"
    return [grid(title, ["scenario", "5 %", "median", "95 %", "all central"], told)]


def trade_table(result: Assessment) -> Grid:
    """Trade of the target with each partner, both directions, change in percent."""
    found, sides = result.trade.set_index(["scenario", "partner"]), ("exports", "imports")
    start = found.loc[next(iter(result.titles))] / 1e3
    before = ["/".join(f"{row[f'{s}_before']:,.1f}" for s in sides) for _, row in start.iterrows()]
    rows: list[Row] = [_dim("baseline, billion USD", *before)]
    for name, words in result.titles.items():
        pairs = (
            [_coloured(text.change(row[f"{s}_percent"])) for s in sides]
            for _, row in found.loc[name].iterrows()
        )
        rows.append([words, *(Text("/").join(pair) for pair in pairs)])
    title = f"Trade of {text.called(result.target)}, change in percent (exports/imports)"
    return grid(title, ["scenario", *map(text.country, start.index)], rows)


def sectors_table(result: Assessment) -> Grid:
    """The target's sectors that move most."""
    rows: list[Row] = []
    for name, words in result.titles.items():
        top = result.top_sectors(name, 3)
        moves = zip(top["after"] - top["before"], top["sector"], top["name"], strict=True)
        cells = [Text.assemble(signed(m, 0), f" {text.sector(s, n)}") for m, s, n in moves]
        rows.append([words, *cells, *[""] * (3 - len(cells))])
    target = text.called(result.target)
    title = f"Sectors of {target} that move most, gross output in million USD"
    return grid(title, ["scenario", "first", "second", "third"], rows, left=True)


def leakage_view(found: CaseLeakage) -> RenderableType:
    """Channels of welfare, routes, break-even and enforcement."""
    turns = [
        [words, text.spelled(found.break_evens[name].words)] for name, words in found.titles.items()
    ]
    return Group(
        Text(found.title, style="bold"),
        channels_table(found),
        routes_table(found),
        grid("Break-even", ["scenario", ""], turns, left=True),
        enforcement_table(found),
        *([] if found.certainty is None else [Text(leakage_sentence(found), style="bold")]),
    )


def leakage_sentence(found: CaseLeakage) -> str:
    """What the draws say of the scenario whose enforcement is shown."""
    assert found.certainty is not None
    country, hub = text.called(found.country), text.called(found.hub)
    words = {
        "welfare": (f"income of {country} changes", "percent", 4),
        "through_hubs": ("the share of the lane's goods that takes a hub changes", "points", 2),
        "through_hub": (f"that through {hub}", "points", 2),
    }
    rows, told = found.certainty.to_dict("index"), []
    for name, (what, unit, digits) in words.items():
        low, median, high = (
            text.signed(rows[name][end], digits) for end in ("low", "median", "high")
        )
        told.append(
            f"{what} by {median} {unit} ({low} to {high} in 90 percent of them) and rises in "
            f"{100 * rows[name]['rises']:.0f} of 100"
        )
    title = found.titles[found.drawn]
    return f"{title}, in {found.manifest['draws']} draws: {'; '.join(told)}."


def channels_table(found: CaseLeakage) -> Grid:
    """Welfare split into channels."""
    country = text.called(found.country)
    title = f"Why {country} gains or loses, percent of income (channels add up to the total)"
    heads = ["rest of GE" if "rest" in c else str(c) for c in found.channels.columns]
    values = found.channels.T
    rows = ([words, *(signed(v, 4) for v in values[name])] for name, words in found.titles.items())
    return grid(title, ["scenario", *heads], rows)


def routes_table(found: CaseLeakage) -> Grid:
    """Trade of the first lane by way."""
    routes = list(dict.fromkeys(found.routes.index.get_level_values("route")))
    flows = {words: found.routes.xs(name).loc[routes] for name, words in found.titles.items()}
    first = next(iter(flows.values()))
    rows: list[Row] = [_dim("baseline", *map(text.plain, first["before"]))]
    rows += [[words, *map(text.plain, trade["after"])] for words, trade in flows.items()]
    title = "Goods of the sanctioning countries bound for the lane's end, by way, million USD after"
    return grid(title, ["scenario", *map(text.country, routes)], rows)


def enforcement_table(found: CaseLeakage) -> Grid:
    """What dearer handling at a hub does."""
    rows = (
        [
            f"{text.signed(100 * (float(str(factor)) - 1))} %",
            text.plain(row["through_hubs"]),
            text.plain(100 * row["share_through_hubs"], 2),
            signed(row["welfare"], 4),
        ]
        for factor, row in found.enforcement.iterrows()
    )
    title = f"Enforcement at {text.called(found.hub)}: {found.titles[found.drawn]}"
    heads = ["handling cost", "through hub, million USD", "share of the lane, %"]
    return grid(title, [*heads, f"welfare of {text.called(found.country)}, %"], rows)


def evidence_view(found: Evidence) -> RenderableType:
    """Verdicts, bands, and what decides them."""
    decided = [[name, text.deciding(w), w.break_even] for name, w in found.weighed.items()]
    outside = [[text.said(c), c.speaker, str(c.outside)] for c in found.outside.values()]
    decides = "What decides them: share of variance (total Sobol index of ranks), break-even"
    tables = [
        _verdicts(found),
        prose(decides, ["claim", "assumptions", "break-even"], decided),
    ]
    if outside:
        heads = ["claim", "who", "why"]
        tables.append(prose("Outside the model, not scored", heads, outside))
    made = f"{text.draws(found)} Draws and manifest: {found.folder}"
    return Group(Text(found.case.title, style="bold"), *tables, *_dim(made))


def _verdicts(found: Evidence) -> Prose:
    styles = {"supported": "green", "contradicted": "red"}
    rows = (
        [
            f"{text.said(w.claim)}\nTested: {w.claim.tested}",
            w.claim.speaker,
            text.probability(w),
            text.band(w, text.scenario_titles(found.case)),
            Text(w.verdict, style=styles.get(w.verdict.split(",")[0], "yellow")),
        ]
        for w in found.weighed.values()
    )
    heads = ["claim", "who", "holds in", "median [5 to 95 % band]", "verdict"]
    return prose("Claims put to the model", heads, rows, numbers=["holds in"])


def metrics_view() -> RenderableType:
    """The registry of metrics."""
    rows = (
        [
            name,
            metric.unit,
            ", ".join([*metric.needs, *(f"[{p}]" for p in metric.may)]) or "-",
            metric.meaning,
        ]
        for name, metric in METRICS.items()
    )
    heads = ["metric", "unit", "parameters (optional in brackets)", "meaning"]
    return prose("Metrics that a claim may be tied to", heads, rows)


def world_view(world: World, country: str | None = None) -> RenderableType:
    """A world in brief, or one of its countries."""
    rests = [Text(sentence) for sentence in _rests_on(world, country)]
    if country is not None:
        return Group(Text(repr(world)), *rests, *_country_tables(world, country))
    heads = ["value added", "exports", "imports"]
    parts = [_split_table(world)] if world.sectors.parents else []
    parts += [_misfit_table(world)] if len(world.misfits) else []
    top = world.country_table().nlargest(10, "value added")[heads] / 1e3
    rows = ([_coded(str(c)), *map(text.plain, row)] for c, *row in top.itertuples())
    title = "Largest economies, billion USD"
    return Group(Text(repr(world)), *rests, *parts, grid(title, ["country", *heads], rows))


def _rests_on(world: World, country: str | None) -> list[str]:
    """What trade rests on: of the world, or of a country that was added to it."""
    if country is not None:
        return added_notes(world, [country])
    if not world.added:
        return []
    shares = ", ".join(f"{100 * v:.0f} percent {k}" for k, v in world.trade_basis().items())
    many = counted(list(world.added), "economy", "economies")
    return [f"{many} added to the table. Trade between different economies: {shares}."]


def _split_table(world: World) -> Grid:
    """Sectors that were split off others, and their largest exporters."""
    abroad = world.trade.copy()
    abroad.values[range(len(world.countries)), range(len(world.countries))] = 0.0
    sold = abroad.sum("destination").to_pandas() / 1e3
    rows = (
        [
            f"{code} {text.sector(code, world.name_of(code))}",
            f"{parent} {text.sector(parent, world.name_of(parent))}",
            text.plain(float(sold[code].sum())),
            ", ".join(f"{c} {text.plain(v)}" for c, v in sold[code].nlargest(3).items()),
        ]
        for code, parent in world.sectors.parents.items()
    )
    heads = ["sector", "split off", "exports", "largest exporters"]
    return grid("Split sectors, billion USD", heads, rows)


def _misfit_table(world: World) -> Grid:
    rows = (
        [f"{m['sector']}: {m['what']} {m['at']}", text.plain(m["asked"]), text.plain(m["found"])]
        for m in world.misfits.head(8).to_dict("records")
    )
    title = f"Figures that had to move most, {world.units}"
    return grid(title, ["figure", "asked", "found"], rows)


def _coded(code: str) -> str:
    """Code and name, for who is to write the code."""
    return f"{code} {text.country(code)}"


def _country_tables(world: World, country: str) -> list[Grid]:
    values = [
        [str(k), f"{100 * v:.1f} %" if k == "openness" else text.plain(v)]
        for k, v in world.country_table().loc[country].to_dict().items()
    ]
    sold = world.trade.sel(origin=country).drop_sel(destination=country)
    exports = sold.sum("sector").to_series()
    bought = world.trade.sel(destination=country).drop_sel(origin=country)
    imports = bought.sum("sector").to_series()
    partners = (
        [_coded(c), text.plain(exports[c]), text.plain(imports[c])]
        for c in (exports + imports).nlargest(8).index
    )
    goods = sold.sum("destination").to_series().nlargest(8)
    sectors = (
        [
            f"{s} {text.sector(s, world.name_of(s))}"
            f"{'' if is_goods(s, world.sectors.parents) else ' (service)'}",
            text.plain(value),
            text.plain(float(world.output.sel(country=country, sector=s))),
            text.plain(float(world.data["theta"].sel(sector=s)), 2),
        ]
        for s, value in zip(map(str, goods.index), goods, strict=True)
    )
    unit = f"million {world.units.removeprefix('million ')}"
    return [
        grid(f"{_coded(country)}, {unit}", ["", "value"], values),
        grid("Main partners, million USD", ["partner", "exports", "imports"], partners),
        grid("Main export sectors, million USD", ["sector", "exports", "output", "theta"], sectors),
    ]
