"""The sections of a report: what each says, in the order in which they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from detente.analysis.evidence import WeighedClaim
from detente.cases import Case
from detente.policy.measures import STRENGTH
from detente.policy.posterior import Posterior
from detente.policy.scenario import Action
from detente.report import commodity_words, tables, text
from detente.report import leverage_tables as leverage
from detente.report.answer import headlines, tally, title
from detente.report.calibration_tables import in_percent
from detente.report.commodity_tables import record_sheet, sheets
from detente.report.parts import (
    ClaimRow,
    Claims,
    Code,
    Folded,
    Part,
    Picture,
    Points,
    Section,
    Sheet,
    Words,
)

if TYPE_CHECKING:
    from detente.report.report import Report

MOST_MEASURES = 12
"""Measures beyond which their list is folded."""

LIMITS = (
    "A static model of trade and incomes: no capital, migration, unemployment or financial crisis. "
    "It says where things settle, not when.",
    "Strengths and product shares of measures are readings of legal texts, with wide ranges; "
    "results move in proportion.",
    "The bilateral split of final demand is estimated; sectors are broad{but}.",
    "Bands are about the assumptions listed. That the model itself may be wrong is not in them.",
)
DATA = (
    "Data: OECD, Inter-Country Input-Output tables, 2025 edition (CC BY 4.0), changed. Map: "
    "Natural Earth. Model: Caliendo and Parro (2015)."
)
VERBS = {"lift": "lifted", "ease": "eased", "impose": "imposed", "harden": "hardened"}


def sections(r: Report) -> list[Section]:
    """All of them; what a case has nothing of is left out."""
    return [
        Section("claims", "What was claimed, and what the model says", [*_claims(r)]),
        Section("measures", "What changes, and what each part is worth", [*_measures(r)]),
        Section("gains", "Who gains and who loses", [*_welfare(r)]),
        Section("trade", "Trade and sectors", [*_trade(r)]),
        *_commodities(r),
        *_routes(r),
        Section("influence", "Influence, before and after", [*_influence(r)]),
        *_relief(r),
        *_timeline(r),
        *_record(r),
        Section("assumptions", "Assumptions and their sources", [*_assumptions(r)]),
        Section("limits", "Limits", [Points(_limits(r)), Words(DATA, small=True)]),
        Section("manifest", "Manifest", [*_manifest(r)]),
    ]


def _claims(r: Report) -> Iterator[Part]:
    if r.evidence is None:
        yield Words("The case has no claims with assumptions to weigh them under.")
        return
    yield Words(tally(r))
    yield Claims([claim_row(w, r.case) for w in r.evidence.weighed.values()])
    if r.evidence.outside:
        yield Words("Outside the model, and not scored:")
        yield Points(
            [f"{text.said(c)} ({c.speaker}). {c.outside}" for c in r.evidence.outside.values()]
        )
    yield Picture("tornado")


def claim_picture(name: str) -> str:
    """Name of the figure of a claim."""
    return f"claim {name}"


def claim_row(w: WeighedClaim, case: Case) -> ClaimRow:
    """A weighed claim in a line, with its detail."""
    claim, stance = w.claim, w.verdict.split(",")[0]
    who = ", ".join(str(part) for part in (claim.speaker, claim.where, claim.date) if part)
    detail = [
        f"{text.capitalised(claim.form)}: {who}. {claim.source}",
        f"What decides it: {text.deciding(w)}. {text.capitalised(w.break_even)}.",
        w.test.note,
    ]
    return ClaimRow(
        said=text.said(claim),
        who=claim.speaker,
        tested=str(claim.tested),
        verdict=text.capitalised(w.verdict),
        stance=stance if stance in ("supported", "contradicted") else "open",
        percent=100 * w.probability,
        holds=text.probability(w),
        band=text.band(w, text.scenario_titles(case)),
        detail=[words for words in detail if words],
        picture=claim_picture(w.name),
    )


def _measures(r: Report) -> Iterator[Part]:
    if r.relief is not None and len(r.relief.contributions):
        yield Words(
            f"What each part of all relief by {text.countries(_senders(r))} gives "
            f"{text.called(r.relief.target)}, costs the senders, and leaks to "
            f"{text.called(r.relief.rival)}, all central: its mean contribution over all orders of "
            "easing, so that the parts add up."
        )
        yield Sheet.of(leverage.contributions_table(r.relief))
    for name in headlines(r):
        actions = r.case.scenario(name).actions()
        listed = _listed(name, actions, r)
        few = len(actions) <= MOST_MEASURES and r.relief is None
        yield listed if few else Folded(f"{listed.title} ({len(actions)} measures)", [listed])


def _senders(r: Report) -> list[str]:
    return [] if r.relief is None else r.relief.packages["sender"].values.tolist()


def _listed(name: str, actions: list[Action], r: Report) -> Sheet:
    """What a scenario does to each measure: whose, since when, by which act."""
    rows = [
        [_named(a), text.countries(a.measure.senders), VERBS[a.verb], a.measure.instrument]
        for a in actions
    ]
    heads = ["Measure", "By", "Is", "Legal act"]
    return Sheet(title(r, name), heads, rows, prose=True)


def _named(a: Action) -> str:
    """A measure in words, and since when it has been in force."""
    m = a.measure
    covered = text.listed(text.sector(s).lower() for s in m.sectors)
    kind = m.kind.replace("-", " ").capitalize()
    since = "" if m.start is None else f", since {m.start}"
    return f"{m.title or f'{kind} on {text.called(m.target)}: {covered}'}{since}"


def _welfare(r: Report) -> Iterator[Part]:
    a = r.assessment
    money, heads = "Million US dollars a year (equivalent variation)", "Percent of real income"
    bands = [Sheet.of(table) for table in tables.bands_table(a)]
    yield from bands
    yield Sheet.of(tables.welfare_table(a, "million_usd", money, 0))
    yield Folded(heads, [Sheet.of(tables.welfare_table(a, "percent", heads, 3))])
    yield Picture("map")


def _trade(r: Report) -> Iterator[Part]:
    for table in (tables.trade_table(r.assessment), tables.sectors_table(r.assessment)):
        yield from _headlined(Sheet.of(table), r)


def _headlined(sheet: Sheet, r: Report) -> Iterator[Part]:
    """A table by scenario: those of the first screen, and folded all."""
    all_, shown = text.scenario_titles(r.case), headlines(r)
    others = {words for name, words in all_.items() if name not in shown}
    yield replace(sheet, rows=[row for row in sheet.rows if row[0] not in others])
    if others:
        yield _folded(replace(sheet, title=f"{sheet.title}: all {len(all_)} scenarios"))


def _commodities(r: Report) -> Iterator[Section]:
    for found in r.commodities:
        goods, record = found.market.goods, record_sheet(found)
        parts: list[Part] = [Words(words) for words in commodity_words.sentences(found, r.case)]
        parts.append(Picture(f"{goods}-earners"))
        earned = [Words(words) for words in commodity_words.parties(found, r.case)]
        parts.append(Folded("Who earns and who pays, in words", earned))
        parts += map(_folded, sheets(found))
        if len(found.ways):
            parts.append(Folded("The ways it takes, as a figure", [Picture(f"{goods}-ways")]))
        if record is not None:
            parts.append(record)
        if wrong := commodity_words.disagreements(found):
            parts.append(Folded("Where the model disagrees with the record", [Points(wrong)]))
        name = text.sector(goods, found.name)
        yield Section(goods, f"{name}: who earns and who pays", parts)


def _routes(r: Report) -> Iterator[Section]:
    led = r.leakage
    if led is None:
        return
    turns = [f"{title(r, n)}: {text.spelled(b.words)}." for n, b in led.break_evens.items()]
    channels = Sheet.of(tables.channels_table(led))
    routes, enforced = Sheet.of(tables.routes_table(led)), Sheet.of(tables.enforcement_table(led))
    drawn = text.spelled(led.break_evens[led.drawn].words)
    yield Section(
        "routes",
        f"Routes into {text.called(led.country)}",
        [
            Words(f"Under {title(r, led.drawn)} {drawn}."),
            *([] if led.certainty is None else [Words(tables.leakage_sentence(led))]),
            Picture("supply"),
            Picture("leakage"),
            *_headlined(channels, r),
            Folded("From which share of goods through the hub it gains or loses", [Points(turns)]),
            _folded(routes),
            _folded(enforced),
        ],
    )


def _influence(r: Report) -> Iterator[Part]:
    yield Words(text.spelled(r.influence.answer()))
    yield Picture("influence")
    for table in leverage.influence_tables(r.influence):
        yield _folded(Sheet.of(table, leverage.MEANINGS))


def _relief(r: Report) -> Iterator[Section]:
    found = r.relief
    if found is None:
        return
    solved = text.plural(found.packages.sizes["package"], "package", "packages")
    best = text.plural(found.frontier.sizes["package"], "of them is", "of them are")
    search = str(found.packages.attrs.get("search") or "")
    parts: list[Part] = [
        Words(
            f"{solved} of relief solved in full, all central; {best} on the frontier of gain, leak "
            f"and senders' cost, where none is better in all three. {search}".strip()
        ),
        Picture("frontier"),
        Sheet.of(leverage.offers_table(replace(found, offers=leverage.distinct_offers(found)))),
    ]
    if found.certainty is not None:
        parts += [
            Words(leverage.certainty_sentence(found)),
            Picture("certainty"),
            _folded(Sheet.of(leverage.certainty_table(found))),
        ]
    parts.append(_folded(Sheet.of(leverage.frontier_table(found))))
    yield Section("relief", "Relief and its price", parts)
    told: list[Part] = [Words(leverage.snap_back_sentence(found))]
    if found.burden is not None:
        told.append(_folded(Sheet.of(leverage.burden_table(found.burden))))
    yield Section("snap-back", "If relief is taken back", told)


def _timeline(r: Report) -> Iterator[Section]:
    events, given = list(enumerate(r.case.events.values(), start=1)), r.case.concessions.values()
    happened = [[f"{k}. {e.date}", f"{text.listed(e.actors)}: {e.what}"] for k, e in events]
    sources = [[str(k), e.source, _doubt(e)] for k, e in events]
    gifts = [[str(c.date), f"{c.by} to {c.to}", c.what, c.source] for c in given]
    if events:
        told = Sheet("What happened", ["Day", "What"], happened, prose=True)
        doubted = Sheet("Sources of the events", ["", "Source", "Doubt"], sources, prose=True)
        gave = Sheet("Who gave what", ["Day", "Who", "What", "Source"], gifts, prose=True)
        more = [_folded(sheet) for sheet in (doubted, gave) if sheet.rows]
        yield Section("timeline", "Timeline", [Picture("timeline"), told, *more])


def _folded(sheet: Sheet) -> Folded:
    return Folded(sheet.title, [sheet])


def _doubt(event: Any) -> str:
    return "" if event.certain else f"Uncertain. {event.note}".strip()


def _record(r: Report) -> Iterator[Section]:
    if r.record is None:
        return
    rows = []
    for row in r.record.to_dict("records"):
        o = r.case.observations[row["observation"]]
        width = 2 * row["error"]
        ends = row["observed"] - width, row["observed"], row["observed"] + width
        observed, model = (
            _change(o.of, *band) for band in (ends, (row["low"], row["median"], row["high"]))
        )
        told = ("yes" if row[what] else "no" for what in ("matched", "used"))
        rows.append([o.title, observed, model, *told])
    matched, many = int(r.record["matched"].sum()), len(rows)
    heads = ["Observation", "On record (two errors)", "In the model (band)", "Matched", "Used"]
    sheet = Sheet(
        "Trade on record and in the model, percent",
        heads,
        rows,
        "Matched: the model's median is within two standard errors of the record. Used: strengths "
        "were estimated from it; the others are a test. An offset is in percent of the fall.",
    )
    words = (
        "What trade did, beside trade in the model under the strengths in use: "
        f"{matched} of {text.plural(many, 'observation', 'observations')} matched."
    )
    yield Section("record", "Beside the record", [Words(words), sheet])


def _change(of: str, low: float, middle: float, high: float) -> str:
    """A change with its band in percent, from logarithms or a ratio."""
    first, median, last = (text.signed(in_percent(v, of)) for v in (low, middle, high))
    return f"{median} ({first} to {last})"


def _assumptions(r: Report) -> Iterator[Part]:
    case, on = r.case, r.assessment.rests_on
    posterior = case.scenario(r.drawn).confirmed
    rows = [
        [a.title, _range(a), _confirmed(name, posterior), a.source]
        for name, a in case.assumptions.items()
    ]
    yield Points(text.rests_on(on))
    if rows:
        heads = ["Assumption", "Range before", "After the record", "Source"]
        yield _folded(Sheet("Ranges and their sources", heads, rows, prose=True))
    if case.notes:
        yield Folded(
            "The case in words",
            [Words(f"{text.capitalised(k)}. {v.strip()}") for k, v in case.notes.items()],
        )


def _range(assumption: Any) -> str:
    """What values an assumption may take."""
    a = assumption
    if a.low is not None:
        return f"{a.low:g} to {a.high:g}, central {a.central:g}"
    if a.spread:
        return f"spread of the logarithm {a.spread:g}"
    if a.choices:
        return text.listed(map(str, a.choices))
    return "the range of each measure"


def _confirmed(name: str, posterior: Posterior) -> str:
    """Where 90 percent of the draws are that the record of trade confirms."""
    if name not in posterior.names:
        return ""
    low, median, high = (f"{value:.2g}" for value in posterior.summary[name])
    ranked = name.startswith(STRENGTH) or name == "invoicing"
    of = " of the way from the low to the high end" if ranked else ""
    return f"{low} to {high}, central {median}{of}"


def _limits(r: Report) -> list[str]:
    names = text.listed(found.name.lower() for found in r.commodities)
    but = f", but for {names}" if names else ""
    return [*(words.format(but=but) for words in LIMITS), *r.assessment.notes]


def _manifest(r: Report) -> Iterator[Part]:
    draws = "" if r.evidence is None else f" Claims: {text.drawn(r.evidence)}"
    made = text.provenance(r.assessment.manifest)
    yield Words(f"{made}.{draws} Written on {date.today().isoformat()}.", small=True)
    yield Folded(
        "What repeats these numbers bit for bit", [Code(json.dumps(r.manifest(), indent=1))]
    )
