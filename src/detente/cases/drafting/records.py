"""Records of a case made of what was found: events, concessions, claims."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detente.cases.drafting.acts import Act
from detente.cases.drafting.claims import Said
from detente.cases.drafting.findings import Findings, Given
from detente.cases.drafting.gazetteers import named, titled
from detente.cases.drafting.grammar import Mode
from detente.cases.drafting.readings import Reading
from detente.cases.drafting.scenarios import Plan
from detente.cases.drafting.sentences import Sentence
from detente.cases.drafting.sizes import NEGLIGIBLE, SMALL
from detente.errors import WorldError
from detente.simulation.metrics import METRICS
from detente.world.names import resolve_sectors
from detente.world.world import World

NOBODY = "The report, no speaker named"
_MODES: dict[Mode, str] = {
    "done": "", "planned": "Planned, as reported.", "asked": "Asked for, as reported.",
    "threatened": "Threatened, as reported.", "supposed": "Supposed, not reported as done.",
    "denied": "Denied, or not done, as reported.",
}  # fmt: skip
_UNDATED = "The day is the report's."


@dataclass(frozen=True)
class Question:
    """An open point of a draft.

    Attributes
    ----------
    at
        Section, record and field that it is about.
    ask
        The question.
    sentence
        Number of the sentence the record came from; 0 for what is about the whole report.
    """

    at: tuple[str, ...]
    ask: str
    sentence: int = 0


@dataclass
class Records:
    """Sections of a case by name, where each record came from, and what is open."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    evidence: dict[str, Sentence] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)

    def add(self, section: str, name: str, record: dict[str, Any], sentence: Sentence) -> str:
        """Add a record under a name that is free, and say where it came from."""
        known = self.sections.setdefault(section, {})
        free = name
        for number in range(2, 1000):
            if free not in known:
                break
            free = f"{name}-{number}"
        known[free] = record
        self.evidence[f"{section}.{free}"] = sentence
        return free

    def ask(self, at: Iterable[str], ask: str, sentence: Sentence | None = None) -> None:
        """Leave a point open."""
        self.questions.append(Question(tuple(at), ask, sentence.number if sentence else 0))


def add_events(records: Records, found: Findings, plan: Plan, day: datetime.date) -> None:
    """One event for every sentence that says that sanctions are eased, imposed or kept."""
    told: dict[int, list[Act]] = {}
    for act in found.acts:
        if act.stance != "named" and not act.sentence.heading and not _argued(act, found.claims):
            told.setdefault(act.sentence.number, []).append(act)
    for acts in told.values():
        sentence, mode = acts[0].sentence, acts[0].mode
        date, dated = _dated(sentence, day)
        measures = [m for a in acts for m in plan.measures_of(a) if not plan.whole(a)]
        record: dict[str, Any] = {
            "date": date,
            "actors": _actors(acts),
            "what": sentence.text,
            "source": source_of(found),
        }
        if measures:
            record["measures"] = list(dict.fromkeys(measures))
        doubts = " ".join(filter(None, (_MODES[mode], "" if dated else _UNDATED)))
        if doubts:
            record |= {"certain": False, "note": doubts}
        verb = {"ease": "eased", "impose": "imposed"}.get(acts[0].stance, "kept")
        name = f"{verb}-{mode}" if mode != "done" else verb
        records.add("events", name, record, sentence)


def _argued(act: Act, claims: Sequence[Said]) -> bool:
    """Whether an act is only the premise of a claim: `easing sanctions could weaken ...`."""
    return act.mode == "supposed" and any(c.sentence is act.sentence for c in claims)


def _actors(acts: Sequence[Act]) -> list[str]:
    return list(dict.fromkeys(named(a.sender) for a in acts if a.sender))


def _dated(sentence: Sentence, day: datetime.date) -> tuple[datetime.date, bool]:
    return (sentence.when.date, sentence.when.exact) if sentence.when else (day, False)


def source_of(found: Findings) -> str:
    """How the report is cited."""
    dated = f", {found.report.date.isoformat()}" if found.report.date else ""
    return f"Press report “{found.report.title}”{dated}."


def add_concessions(records: Records, found: Findings, day: datetime.date) -> None:
    """What is given in return."""
    senders = found.parties.senders
    for given in found.given:
        date, dated = _dated(given.sentence, day)
        to = senders[0] if given.by == found.parties.target else str(found.parties.target)
        record: dict[str, Any] = {
            "date": date, "by": named(given.by), "to": named(to),
            "what": given.sentence.text, "kind": given.kind, "source": source_of(found),
        }  # fmt: skip
        if given.persons is not None:
            record["persons"] = given.persons
        notes = ["Offered or expected, not given yet."] if given.offered else []
        notes += [] if dated else [_UNDATED]
        if notes:
            record |= {"certain": False, "note": " ".join(notes)}
        label = "offer" if given.offered else given.kind if given.kind == "release" else "given"
        name = records.add("concessions", label, record, given.sentence)
        _ask_about(records, name, given)


def _ask_about(records: Records, name: str, given: Given) -> None:
    if given.kind == "release" and given.persons is None:
        ask = "How many persons? The report gives no number."
        records.ask(("concessions", name, "persons"), ask, given.sentence)


# -- claims -------------------------------------------------------------------------------------


def add_claims(records: Records, found: Findings, plan: Plan, world: World) -> None:
    """Every claim with its speaker, and its test or the reason why there is none."""
    for said in found.claims:
        record: dict[str, Any] = {
            "said": said.sentence.text,
            "form": "verbatim" if _quoted(said.sentence) else "paraphrase",
            "speaker": said.speaker or NOBODY,
            "where": "as reported",
            "source": source_of(found),
        }
        if said.sentence.when and said.sentence.when.exact:
            record["date"] = said.sentence.when.date
        reading = said.reading
        if reading is None or not (test := _test(reading, said.sentence, plan, world)):
            record["outside"] = said.outside or "No metric of this world fits it."
            name = records.add("claims", _label(said, "outside"), record, said.sentence)
        else:
            record["tested"], record["test"] = _in_words(reading, test, plan), test
            name = records.add("claims", _label(said, reading.metric), record, said.sentence)
            _ask_about_test(records, name, reading, said.sentence)
        if said.speaker is None:
            ask = "Who says so? The sentence names nobody."
            records.ask(("claims", name, "speaker"), ask, said.sentence)


def _quoted(sentence: Sentence) -> bool:
    return bool(re.fullmatch(r"[“\"].+[”\"],? .*|[^“\"]*[“\"].{40,}[”\"][^“\"]*", sentence.text))


def _label(said: Said, metric: str) -> str:
    words = re.findall(r"[a-z]+", (said.speaker or "report").lower())
    kept = [w for w in words if w not in ("the", "of", "a", "and", "for")]
    return "-".join([*kept[-2:], metric])


def _test(reading: Reading, sentence: Sentence, plan: Plan, world: World) -> dict[str, Any] | None:
    """The test of a claim as it stands in a case file; None where the world has no such thing."""
    scenarios, kept = plan.scenarios_for(reading.cause, any_of_them="any" in sentence.words)
    reading = reading if kept else reading.turned()
    parameters: dict[str, Any] = {}
    if reading.metric == "through-hubs":
        if reading.hub not in plan.hubs:
            return None
        parameters["hub"] = reading.hub
    else:
        parameters["country"] = reading.country
        if reading.partner and reading.metric in ("influence", "exports", "imports", "trade"):
            parameters["partner"] = reading.partner
        sectors = _sectors(reading.sectors, world)
        if sectors and reading.metric != "welfare":
            parameters["sectors"] = sectors
    if not _known(parameters, world):
        return None
    test: dict[str, Any] = {
        "metric": reading.metric, "parameters": parameters, "scenarios": scenarios,
        "direction": reading.direction,
    }  # fmt: skip
    notes = [reading.note] if reading.note else []
    if reading.threshold is not None:
        test["threshold"] = round(reading.threshold, 6)
        notes.append("The threshold is the draft's, from the size that was said.")
    else:
        test["negligible"] = NEGLIGIBLE.get(reading.metric, SMALL)
    if not kept:
        notes.append("Said of sanctions; tested on their end, with the direction turned.")
    if notes:
        test["note"] = " ".join(notes)
    return test


def _sectors(good: str | None, world: World) -> list[str]:
    if good is None:
        return []
    try:
        return resolve_sectors(
            good.replace(" ", "-") if good in ("crude oil",) else good, world.sectors
        )
    except WorldError:
        return []


def _known(parameters: Mapping[str, Any], world: World) -> bool:
    """Whether the world has the countries; influence is about one country, not a group."""
    from detente.world.names import resolve_countries

    for role in ("country", "partner", "hub"):
        if role not in parameters:
            continue
        try:
            if not resolve_countries(parameters[role], world.countries):
                return False
        except WorldError:
            return False
    return True


_THINGS = {
    "welfare": "real income of {country}",
    "influence": "what it costs {country} to be cut off by {partner}",
    "real-wage": "the real wage of {country}",
    "exports": "exports of {country}",
    "imports": "imports of {country}",
    "trade": "trade between {country} and {partner}",
    "output": "output of {country}",
    "price": "what buyers in {country} pay",
    "through-hubs": "the share of the goods that comes through {hub}",
    "equivalent-variation": "income of {country} at old prices",
}  # fmt: skip


def _in_words(reading: Reading, test: Mapping[str, Any], plan: Plan) -> str:
    """What is put to the model, in one sentence."""
    names = {k: titled(v) for k, v in test["parameters"].items() if isinstance(v, str)}
    names.setdefault("partner", "")
    thing = _THINGS[test["metric"]].format(**names)
    if "sectors" in test["parameters"]:
        thing += f" ({reading.sectors})"
    if reading.partner and test["metric"] in ("exports", "imports") and names["partner"]:
        thing += f" {'to' if test['metric'] == 'exports' else 'from'} {names['partner']}"
    return f"If {plan.in_words(test['scenarios'][-1])}, {thing} {moves(test)}."


def moves(test: Mapping[str, Any]) -> str:
    """What a test says that its metric does: `falls by more than 0.5 percent`, and the like.

    >>> moves({"metric": "welfare", "direction": "below", "threshold": -0.5})
    'falls by more than 0.5 percent of income'
    >>> moves({"metric": "exports", "direction": "above", "threshold": -60})
    'fall by less than 60 percent'
    >>> moves({"metric": "exports", "direction": "rises"})
    'rise'
    """
    threshold, one = test.get("threshold"), "" if test["metric"] in ("exports", "imports") else "s"
    if threshold is None:
        return ("rise" if test["direction"] == "rises" else "fall") + one
    verb = ("rise" if threshold > 0 else "fall") + one
    more = (test["direction"] == "above") == (threshold > 0)
    unit = METRICS[test["metric"]].unit
    return f"{verb} by {'more' if more else 'less'} than {abs(threshold):g} {unit}"


def _ask_about_test(records: Records, name: str, reading: Reading, sentence: Sentence) -> None:
    at = ("claims", name, "test")
    if "country" in reading.assumed:
        ask = f"Is it about {titled(reading.country or '')}? The sentence does not say whose it is."
        records.ask((*at, "parameters", "country"), ask, sentence)
    if reading.threshold is not None:
        ask = f"From where on does the claim hold? The draft takes {reading.threshold:g}."
        records.ask((*at, "threshold"), ask, sentence)
