"""Sanction acts in a report: who does or may do what to whom, on what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.grammar import (
    Mode,
    by_prefix,
    covered,
    mode_of,
    nouns_of,
    number_near,
    sender_of,
    target_of,
    third_party,
    verb_of,
)
from detente.cases.drafting.sentences import Sentence, When

Stance = Literal["ease", "impose", "keep", "named"]

_ONLY_NEW = ("ban", "import-ban", "export-ban", "tariff", "price-cap")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|per\s?cent|percent|percentage points?)", re.IGNORECASE)
_CAP = re.compile(r"\$\s?(\d+(?:\.\d+)?)(?:\s*(?:a|per)\s*barrel|-a-barrel)?", re.IGNORECASE)


@dataclass(frozen=True)
class Act:
    """What is done with sanctions, in one sentence.

    Attributes
    ----------
    stance, mode
        Eased, imposed, kept, or only named; whether done, planned, asked for, threatened, supposed
        or denied.
    noun
        What kind: sanctions, tariff, price-cap, export-ban, ...; see `data/words.yaml`.
    sender, target
        Codes, or nothing where the sentence does not say.
    goods
        Words for what is covered, as in the gazetteer; none for all.
    rate, cap
        Of a duty, as a share; of a price, in dollars.
    persons
        Whether it is about persons alone.
    restores
        Whether it brings back what had been eased.
    about
        A third country on whose trade it depends, of a secondary measure.
    """

    sentence: Sentence
    stance: Stance
    mode: Mode
    noun: str
    sender: str | None = None
    target: str | None = None
    goods: tuple[str, ...] = ()
    rate: float | None = None
    cap: float | None = None
    persons: bool = False
    restores: bool = False
    about: str | None = None

    @property
    def when(self) -> When | None:
        """The day that the sentence speaks of."""
        return self.sentence.when


@dataclass(frozen=True)
class Parties:
    """Who takes part, and the sentences that say so.

    Attributes
    ----------
    senders, target, rivals, hubs, holdouts
        Codes; holdouts are partners of the coalition that do not follow.
    evidence
        Numbers of sentences by code.
    """

    senders: tuple[str, ...] = ()
    target: str | None = None
    rivals: tuple[str, ...] = ()
    hubs: tuple[str, ...] = ()
    holdouts: tuple[str, ...] = ()
    evidence: dict[str, list[int]] = field(default_factory=dict)

    @property
    def named(self) -> list[str]:
        """Codes of all of them."""
        target = [self.target] if self.target else []
        return [*target, *self.senders, *self.rivals, *self.hubs, *self.holdouts]


def acts_in(sentences: Sequence[Sentence]) -> list[Act]:
    """All acts, with what a sentence leaves out taken from the others."""
    found = [act for sentence in sentences for act in _acts(sentence)]
    senders, target = leading(found)
    if target is None or not senders:
        return []
    completed = _with_goods([_completed(act, senders, target) for act in found], found)
    return [a for a in completed if a.target == target and not _only_heads(a, completed)]


def _with_goods(completed: Sequence[Act], found: Sequence[Act]) -> list[Act]:
    """Acts without a target or goods of their own are about what was named before: `the ban`."""
    known: dict[tuple[str | None, Stance], tuple[str, ...]] = {}
    filled = []
    for given, as_found in zip(completed, found, strict=True):
        act = given
        key = (act.sender, act.stance)
        if act.goods:
            known[key] = act.goods
        elif (as_found.target is None or act.noun == "licence") and key in known:
            act = replace(act, goods=known[key])
        filled.append(act)
    return filled


def _only_heads(act: Act, acts: Sequence[Act]) -> bool:
    """Whether an act is a headline that the text below it tells in full."""
    return act.sentence.heading and any(
        a.stance == act.stance and a.sender == act.sender and not a.sentence.heading for a in acts
    )


def leading(acts: Sequence[Act]) -> tuple[list[str], str | None]:
    """The senders, by how often they are named, and the country named most as a target."""
    targets = Counter(a.target for a in acts if a.target)
    if not targets:
        return [], None
    target = max(targets, key=lambda c: targets[c])
    on_it = [a for a in acts if a.target in (target, None) and a.sender not in (target, None)]
    senders = Counter(a.sender for a in on_it if a.sender)
    return [code for code, _ in senders.most_common()], target


def _completed(act: Act, senders: Sequence[str], target: str) -> Act:
    about = act.target or target
    sender = act.sender if act.sender not in (None, about) else None
    return replace(act, target=about, sender=sender or senders[0])


def _acts(sentence: Sentence) -> Iterator[Act]:
    """One act for every noun for sanctions that has a verb, or stands in a sentence with one."""
    seen: set[Mark | None] = set()
    for noun in nouns_of(sentence):
        verb = verb_of(sentence, noun)
        if verb is not None and verb in seen and noun.value in ("sanctions", "freeze"):
            continue
        seen.add(verb)
        target = target_of(sentence, noun, verb)
        sender = sender_of(sentence, noun, verb, target)
        if target is None or sender is None:
            sender, target = by_prefix(sentence, noun, sender, target)
        about = third_party(sentence, target)
        yield Act(
            sentence,
            _stance(verb, noun, sentence),
            mode_of(sentence, verb, noun),
            noun.value,
            sender if sender != target else None,
            target,
            covered(sentence, noun, about),
            number_near(_RATE, sentence, noun, 0.01) if noun.value == "tariff" else None,
            number_near(_CAP, sentence, noun, 1.0) if noun.value == "price-cap" else None,
            noun.value in ("visa", "freeze") and not sentence.has("good"),
            verb is not None and verb.value == "restore",
            about.value if about else None,
        )


def _stance(verb: Mark | None, noun: Mark, sentence: Sentence) -> Stance:
    if verb is None:
        mode = mode_of(sentence, verb, noun)
        return "impose" if mode in ("denied", "threatened") and noun.value in _ONLY_NEW else "named"
    if noun.value == "price-cap" and verb.value == "ease":
        lowered = sentence.words[verb.start].startswith(("lower", "reduc", "cut", "tighten"))
        return "impose" if lowered else "ease"
    stances: dict[str, Stance] = {"ease": "ease", "keep": "keep"}
    return stances.get(verb.value, "impose")
