"""What a report says, as far as it is found: parties, acts, concessions, claims."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal

from detente.cases.drafting.acts import Act, Parties, acts_in
from detente.cases.drafting.claims import Said, claims_in
from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.readings import hub_in
from detente.cases.drafting.sentences import Sentence, days_in, sentences_of
from detente.errors import ScenarioError, nearest
from detente.world.countries import group_members

if TYPE_CHECKING:
    from spacy.language import Language

    from detente.cases.drafting.reports import Report

GROUP = "detente.extractors"
"""Entry points under which other extractors are found."""

_GROUPS = ("EU27", "G7", "NATO", "CIS", "EAEU")
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "twenty": 20,
}  # fmt: skip


_BROKEN = {"broken", "broke", "failed", "reneged", "refused"}


@dataclass(frozen=True)
class Given:
    """A concession: who gives what to whom.

    Attributes
    ----------
    kind
        `release` of persons, or `other`.
    by
        Code of who gives.
    persons
        How many are released, where the report says it.
    offered
        Whether it is only offered, or asked for.
    """

    sentence: Sentence
    kind: Literal["release", "other"]
    by: str
    persons: int | None = None
    offered: bool = False


@dataclass(frozen=True)
class Findings:
    """All that was found in a report; `sentences` are those of the whole report."""

    report: Report
    sentences: Sequence[Sentence]
    parties: Parties
    acts: Sequence[Act] = ()
    given: Sequence[Given] = ()
    claims: Sequence[Said] = ()


Extractor = Callable[["Report"], Findings]
"""What an entry point names: reads a report and tells what it finds."""


def extractor(name: str = "rules") -> Extractor:
    """Find an extractor: `rules`, the one here, or one that another package offers.

    Raises
    ------
    ScenarioError
        There is none of that name.

    >>> extractor() is find
    True
    """
    if name == "rules":
        return find
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        raise ScenarioError(f"no extractor {name!r}: {nearest(name, ['rules', *offered])}")
    found: Extractor = offered[name].load()
    return found


@cache
def pipeline(name: str | None = None) -> Language | None:
    """An installed English spaCy pipeline with a parser: the one named, or the first there is.

    Raises
    ------
    ScenarioError
        The one named is not installed, or has no parser.
    """
    if name == "none":
        return None
    from spacy import load
    from spacy.util import get_installed_models

    offered = sorted(m for m in get_installed_models() if m.startswith("en_core_web"))
    if name is None and not offered:
        return None
    if name is not None and name not in get_installed_models():
        raise ScenarioError(f"no spaCy pipeline {name!r} is installed; see docs/drafting.md")
    found = load(name or offered[0], exclude=["lemmatizer", "ner"])
    if not found.has_pipe("parser"):
        raise ScenarioError(f"the spaCy pipeline {name!r} has no parser")
    return found


def find(report: Report, parsed_by: str | None = "none") -> Findings:
    """Read a report by rules.

    Parameters
    ----------
    report
        What is read.
    parsed_by
        A spaCy pipeline with a parser, by name, for speakers; `none` for rules alone.
    """
    report = report if report.date else replace(report, date=_dateline(report))
    sentences = sentences_of(report, pipeline(parsed_by))
    acts = acts_in(sentences)
    if not acts:
        return Findings(report, sentences, Parties())
    firm = _senders(acts)
    target = acts[0].target
    assert target is not None
    claims = claims_in(sentences, acts, firm, target)
    parties = _parties(sentences, acts, claims, firm, target)
    return Findings(report, sentences, parties, acts, list(_given(sentences, firm, target)), claims)


def _dateline(report: Report) -> datetime.date | None:
    """The day in the first lines, or the last, if one is said with its year."""
    lines = report.text.split("\n")
    for line in (*lines[:4], lines[-1]):
        if len(line) < 160 or re.match(r"^[A-Z][A-Za-z ,]+[,(]? ?\d", line):
            found = next((w for w in days_in(line[:160], None) if w.exact), None)
            if found is not None:
                return found.date
    return None


def _senders(acts: Sequence[Act]) -> list[str]:
    """Who acts, or who has the sanctions if nobody does; the most often named first."""
    moves = [a for a in acts if a.stance in ("ease", "impose") and a.mode != "denied"] or [*acts]
    counted = Counter(a.sender for a in moves if a.sender)
    return [code for code, _ in counted.most_common()]


def _parties(
    sentences: Sequence[Sentence],
    acts: Sequence[Act],
    claims: Sequence[Said],
    senders: Sequence[str],
    target: str,
) -> Parties:
    holdouts = _holdouts(sentences, acts, senders, target)
    acting = [s for s in senders if s not in holdouts] or list(senders)
    hubs = dict.fromkeys(h for s in sentences if (h := hub_in(s)) and h not in acting)
    rivals = _rivals(sentences, acts, claims, acting, target, list(hubs))
    evidence: dict[str, list[int]] = {}
    for sentence in sentences:
        for place in sentence.of("place"):
            evidence.setdefault(place.value, []).append(sentence.number)
    return Parties(tuple(acting), target, tuple(rivals), tuple(hubs), tuple(holdouts), evidence)


def _holdouts(
    sentences: Sequence[Sentence], acts: Sequence[Act], senders: Sequence[str], target: str
) -> list[str]:
    """Partners that keep their sanctions while another eases, or do not follow."""
    easing = {a.sender for a in acts if a.stance == "ease" and a.mode not in ("denied",)}
    found = [
        a.sender
        for a in acts
        if a.sender
        and (a.stance == "keep" or (a.stance == "ease" and a.mode == "denied"))
        and a.sender not in easing
        and easing
    ]
    for sentence in sentences:
        for mark in sentence.of("holdouts"):
            left = [p for p in sentence.of("place") if p.end <= mark.start and p.value != target]
            found += [p.value for p in left if p.value not in senders[:1]]
    return [code for code in dict.fromkeys(found) if code != target]


def _rivals(
    sentences: Sequence[Sentence],
    acts: Sequence[Act],
    claims: Sequence[Said],
    senders: Sequence[str],
    target: str,
    hubs: Sequence[str],
) -> list[str]:
    """A country with a stake in the target: its patron, who evades through it, who gains by it."""
    apart = {target, *senders, *(m for s in senders for m in _members(s)), *_GROUPS}
    apart |= {h for h in hubs if h != target}
    votes: Counter[str] = Counter()
    for act in acts:
        if act.about and act.about not in apart:
            votes[act.about] += 3
    for said in claims:
        reading = said.reading
        if reading is not None and reading.metric in ("welfare", "influence", "through-hubs"):
            for code in (reading.country, reading.partner):
                if code and code not in apart:
                    strong = reading.metric in ("influence", "through-hubs")
                    votes[code] += 2 if strong or reading.cause == "ease" else 1
    for sentence in sentences:
        if sentence.has("patrons"):
            near = {p.value for p in sentence.of("place")} - apart
            votes.update(near)
    return [code for code, count in votes.most_common(1) if count >= 2]


def _members(code: str) -> tuple[str, ...]:
    return group_members(code) if code in _GROUPS else ()


def _given(sentences: Sequence[Sentence], senders: Sequence[str], target: str) -> Iterator[Given]:
    """Concessions, one for each thing given."""
    seen: set[tuple[str, int | None, bool]] = set()
    for sentence in sentences:
        if sentence.heading:
            continue
        found = _giving(sentence, senders, target)
        if found is None or (found.kind, found.persons, found.offered) in seen:
            continue
        seen.add((found.kind, found.persons, found.offered))
        yield found


def _giving(sentence: Sentence, senders: Sequence[str], target: str) -> Given | None:
    for verb in sentence.of("giving"):
        for thing in sentence.of("given", verb.value):
            if abs(thing.start - verb.start) > 9 or _about_sanctions(sentence, verb):
                continue
            kind: Literal["release", "other"] = "release" if verb.value == "release" else "other"
            by = _giver(sentence, verb, thing, senders, target)
            offered = sentence.has("mode", "planned", "asked", "supposed") or "offer" in str(
                sentence.words[verb.start]
            )
            if sentence.has("mode", "denied") or any(w in _BROKEN for w in sentence.words):
                continue
            count = _count(sentence, thing) if kind == "release" else None
            return Given(sentence, kind, by, count, offered)
    return None


def _about_sanctions(sentence: Sentence, verb: Mark) -> bool:
    return any(0 <= n.start - verb.end <= 2 for n in sentence.of("noun"))


def _giver(sentence: Sentence, verb: Mark, thing: Mark, senders: Sequence[str], target: str) -> str:
    """Who gives: the sender where it alone stands before the verb, or else the target."""
    before = [p.value for p in sentence.of("place") if p.end <= verb.start]
    return before[-1] if before and before[-1] in senders and target not in before else target


def _count(sentence: Sentence, thing: Mark) -> int | None:
    """How many persons: a number up to four words before them."""
    for word in reversed(sentence.words[max(0, thing.start - 5) : thing.start]):
        if word.replace(",", "").isdigit():
            number = int(word.replace(",", ""))
            return number if number < 1900 or number > 2100 else None
        if word in _COUNTS and word not in ("a", "an"):
            return _COUNTS[word]
    return None
