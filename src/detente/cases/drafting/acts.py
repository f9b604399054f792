"""Sanction acts in a report: who does or may do what to whom, on what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.sentences import Sentence, When

Stance = Literal["ease", "impose", "keep", "named"]
Mode = Literal["done", "planned", "asked", "threatened", "supposed", "denied"]

REACH = 14
"""Words between a verb or a preposition and the noun or the country that goes with it."""
BETWEEN = 7
"""Words between a preposition and the country it is about, as in `on the export of potash from`."""

_ON = {"on", "against", "targeting", "upon", "toward", "towards"}
_FROM = {"from", "of", "by"}
_APART = {"with", "to", "in", "at", "near", "over", "via", "through", "between", "outside", "like"}
_CLAUSE = {";", ":", "while", "whereas", "but", "although", "though", "which", "who"}
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|per\s?cent|percent|percentage points?)", re.IGNORECASE)
_CAP = re.compile(r"\$\s?(\d+(?:\.\d+)?)(?:\s*(?:a|per)\s*barrel|-a-barrel)?", re.IGNORECASE)


@dataclass(frozen=True)
class Act:
    """What is done with sanctions, in one sentence.

    Attributes
    ----------
    stance, mode
        Eased, imposed, kept, or only named; whether done, planned, asked for, threatened, supposed or denied.
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


def acts_in(sentences: Sequence[Sentence]) -> list[Act]:
    """All acts, with what a sentence leaves out taken from the others."""
    found = [act for sentence in sentences for act in _acts(sentence)]
    senders, target = leading(found)
    if target is None or not senders:
        return []
    return [a for a in (_completed(act, senders, target) for act in found) if a.target == target]


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
    seen: set[tuple[str, str]] = set()
    for noun in _nouns(sentence):
        verb = _verb_of(sentence, noun)
        stance: Stance = "named" if verb is None else _stance(verb)
        if (noun.value, stance) in seen and noun.value == "sanctions":
            continue
        seen.add((noun.value, stance))
        target = _target(sentence, noun)
        sender = _sender(sentence, noun, verb, target)
        if target is None or sender is None:
            sender, target = _by_prefix(sentence, noun, sender, target)
        yield Act(
            sentence,
            stance,
            _mode(sentence, verb, noun),
            noun.value,
            sender if sender != target else None,
            target,
            _covered(sentence, noun),
            _number(_RATE, sentence, 0.01) if noun.value in ("tariff", "sanctions") else None,
            _number(_CAP, sentence, 1.0) if noun.value == "price-cap" else None,
            noun.value in ("visa", "freeze") and not sentence.has("good"),
            verb is not None and verb.value == "restore",
            _third_party(sentence, noun, target),
        )


def _nouns(sentence: Sentence) -> list[Mark]:
    """Nouns for sanctions, and verbs that are one: `sanctioned two banks`."""
    verbs = [
        m._replace(layer="noun", value="sanctions")
        for m in sentence.of("act")
        if sentence.words[m.start].startswith(("sanctioned", "sanctioning", "blacklist", "embargoed"))
    ]
    return sorted([*sentence.of("noun"), *verbs])


def _stance(verb: Mark) -> Stance:
    stances: dict[str, Stance] = {"ease": "ease", "keep": "keep"}
    return stances.get(verb.value, "impose")


def _verb_of(sentence: Sentence, noun: Mark) -> Mark | None:
    """The nearest verb of easing or imposing, before the noun rather than after it."""
    acts = [a for a in sentence.of("act") if not _only_says(sentence, a)]
    inside = [a for a in acts if a.start >= noun.start and a.end <= noun.end]
    if inside:
        return inside[0]
    before = [a for a in acts if 0 <= noun.start - a.end <= REACH]
    after = [a for a in acts if 0 <= a.start - noun.end <= REACH]
    near = [(noun.start - a.end, a) for a in before if not _broken(sentence, a.end, noun.start)]
    near += [(a.start - noun.end + 3, a) for a in after if _passive(sentence, noun, a)]
    return min(near)[1] if near else None


def _only_says(sentence: Sentence, act: Mark) -> bool:
    """`announced on Thursday that`, `set to`, `took place`, and the like."""
    following = sentence.words[act.end : act.end + 6]
    word = sentence.words[act.start]
    if word in ("set", "agreed", "ordered", "agree", "order") and following[:1] == ["to"]:
        return True
    if word.startswith(("place", "target")) and sentence.words[act.start - 1] in ("took", "in", "the"):
        return True
    return word.startswith("announc") and ("that" in following or "on" in following[:1])


def _passive(sentence: Sentence, noun: Mark, act: Mark) -> bool:
    """Whether a verb after the noun is about it: `sanctions on X were lifted`."""
    if _broken(sentence, noun.end, act.start):
        return False
    between = sentence.words[noun.end : act.start]
    verb = sentence.words[act.start]
    done = verb.endswith(("ed", "en")) or verb in ("cut", "put", "set", "hit", "snapback")
    return done or verb in ("ending", "easing") or "to" in between or "will" in between


def _broken(sentence: Sentence, start: int, end: int) -> bool:
    return any(word in _CLAUSE for word in sentence.words[start:end])


def _target(sentence: Sentence, noun: Mark) -> str | None:
    """The country after `on`, `against`, or after `from` where goods are named before."""
    words = sentence.words
    places = {m.start: m for m in sentence.of("place")}
    at = noun.end
    while at < min(len(words), noun.end + REACH):
        if words[at] in _CLAUSE:
            break
        if words[at] in _ON or (words[at] in _FROM and words[at - 1] in ("imports", "goods", "exports")):
            hit = next(
                (places[k] for k in range(at + 1, min(at + 2 + BETWEEN, len(words))) if k in places),
                None,
            )
            if hit is not None and not _broken(sentence, at, hit.start):
                return _last_of_phrase(sentence, hit)
        at += 1
    return _after_verb(sentence, noun)


def _last_of_phrase(sentence: Sentence, hit: Mark) -> str:
    """Of `EU imports from Russia` the one after `from`."""
    following = sentence.words[hit.end : hit.end + 4]
    places = {m.start: m for m in sentence.of("place")}
    if hit.sort in ("adjective", "short") and "from" in following:
        at = hit.end + following.index("from") + 1
        later = next((places[k] for k in (at, at + 1) if k in places), None)
        if later is not None:
            return later.value
    return hit.value


def _after_verb(sentence: Sentence, noun: Mark) -> str | None:
    """`hit India with tariffs`, `sanctioned two Belarusian banks`, `cut off Russian banks`."""
    for place in sentence.of("place"):
        before = sentence.words[max(0, place.start - 4) : place.start]
        if place.end <= noun.start and "with" in sentence.words[place.end : place.end + 2]:
            if noun.start - place.end <= 6:
                return place.value
        if noun.layer == "noun" and noun.start < place.start <= noun.end + 3 and not before[-1:] == ["by"]:
            if sentence.words[noun.start].startswith(("sanctioned", "sanctioning", "blacklist", "embargoed")):
                return place.value
    return None


def _sender(
    sentence: Sentence, noun: Mark, verb: Mark | None, target: str | None
) -> str | None:
    """The country that stands before the verb, or after `by`."""
    places = [m for m in sentence.of("place") if m.value != target]
    by = [m for m in places if "by" in sentence.words[max(0, m.start - 3) : m.start]]
    if by:
        return by[0].value
    prefix = _prefix(sentence, noun)
    if prefix is not None and prefix.value != target and target is not None:
        return prefix.value
    if verb is None:
        return None
    left = [m for m in places if m.end <= min(verb.start, noun.start)]
    free = [m for m in left if not _apart(sentence, m)]
    if free:
        return free[-1].value
    right = [m for m in left if m.sort in ("capital", "office", "leader")]
    return right[-1].value if right else None


def _apart(sentence: Sentence, place: Mark) -> bool:
    """Whether a place stands in a phrase of its own: `with Russia`, `in Vilnius`."""
    at = place.start - 1
    while at >= 0 and sentence.words[at] in ("the", "a", "its", "western"):
        at -= 1
    return at >= 0 and sentence.words[at] in (_APART | _ON | {"from", "of"})


def _prefix(sentence: Sentence, noun: Mark) -> Mark | None:
    """The country right before the noun: `US sanctions`, `Iran oil sanctions`, `the EU's ban`."""
    for place in reversed(sentence.of("place")):
        between = sentence.words[place.end : noun.start]
        if 0 <= noun.start - place.end <= 4 and not any(
            w in between for w in (",", "of", "to", "on", "by", "and", "from", "with", "that", "will", "has", "is", "plans")
        ):
            verbs = [a for a in sentence.of("act") if place.end <= a.start < noun.start]
            return place if not verbs else None
    return None


def _by_prefix(
    sentence: Sentence, noun: Mark, sender: str | None, target: str | None
) -> tuple[str | None, str | None]:
    """Read the country before the noun: a name is who is sanctioned, an adjective who sanctions."""
    prefix = _prefix(sentence, noun)
    if prefix is None or prefix.value in (sender, target):
        return sender, target
    if target is None and (prefix.sort == "name" and sentence.words[prefix.end : prefix.end + 1] != ["'s"]):
        return sender, prefix.value
    return sender or prefix.value, target


def _covered(sentence: Sentence, noun: Mark) -> tuple[str, ...]:
    """Goods that stand with the noun, in the part of the sentence that is about it."""
    own = [
        m.value
        for m in sentence.of("good")
        if -6 <= m.start - noun.end <= REACH + 4 and not _broken(sentence, *sorted((m.end, noun.start)))
    ]
    specific = [g for g in own if g not in ("fertiliser", "fertilisers", "fertilizer") or "potash" not in own]
    return tuple(dict.fromkeys(specific))


def _number(pattern: re.Pattern[str], sentence: Sentence, unit: float) -> float | None:
    match = pattern.search(sentence.text)
    return None if match is None else float(match.group(1)) * unit


def _mode(sentence: Sentence, verb: Mark | None, noun: Mark) -> Mode:
    """Whether it is done, planned, asked for, threatened, supposed or denied."""
    at = noun.start if verb is None else verb.start
    modes = [m for m in sentence.of("mode") if m.start <= max(at, noun.start) + 3]
    by_value = {m.value for m in modes}
    order: tuple[Mode, ...] = ("denied", "threatened", "asked", "supposed", "planned")
    return next((mode for mode in order if mode in by_value), "done")


def _third_party(sentence: Sentence, noun: Mark, target: str | None) -> str | None:
    """Whose goods a secondary measure is about: `for buying Russian oil`."""
    words = sentence.words
    for place in sentence.of("place"):
        before = words[max(0, place.start - 5) : place.start]
        if place.value != target and any(
            w in before for w in ("buying", "purchases", "purchasing", "importing", "imports", "purchase", "buy", "trade", "trading")
        ) and "for" in words[max(0, place.start - 8) : place.start] + ["for"] * ("over" in before):
            return place.value
    return None
