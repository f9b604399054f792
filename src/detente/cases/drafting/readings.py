"""Readings of claims: which metric stands for the effect that a sentence asserts, and which way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from detente.cases.drafting.acts import Stance
from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.sentences import Sentence
from detente.cases.drafting.sizes import Direction, sized

REACH = 9
"""Words between an effect and what it is on."""
OWN = 4
"""Words between a country and what is its own."""

_MOVES = {
    "fall", "rise", "grow", "shrink", "decline", "slump", "recover", "surge", "increase", "drop",
    "collapse", "contract", "plunge", "tumble", "double", "triple", "halve", "jump", "climb",
    "slow", "rebound", "expand", "improve",
}  # fmt: skip
"""Verbs whose subject is what moves; first letters are compared, past forms are in `_PAST`."""
_PAST = {"fell", "fallen", "rose", "risen", "grew", "grown", "shrank", "shrunk"}
_LOSES = ("gain", "profit", "suffer", "lose", "lost", "losing", "win")
_GAINS = ("benefit", *_LOSES)
"""Verbs whose subject is helped or hurt; of all but the first, nobody else is."""


@dataclass(frozen=True)
class Reading:
    """What is put to the model in place of a sentence.

    Attributes
    ----------
    metric, country, partner, sectors, hub
        As in a test of a claim; `sectors` is a word for a good.
    direction, threshold
        As in a test, when the act of `cause` is carried out.
    cause
        Whether it is about easing or imposing.
    assumed
        What the sentence does not say and was taken from the rest: `country`, `cause`.
    note
        What is lost between the words and the metric.
    """

    metric: str
    country: str | None
    direction: Direction
    cause: Stance
    partner: str | None = None
    sectors: str | None = None
    hub: str | None = None
    threshold: float | None = None
    assumed: tuple[str, ...] = ()
    note: str = ""

    def turned(self) -> Reading:
        """The same claim, of the opposite act: what sanctions cost, their end gives back."""
        other: dict[Direction, Direction] = {
            "rises": "falls", "falls": "rises", "above": "below", "below": "above",
        }  # fmt: skip
        threshold = None if self.threshold is None else -self.threshold
        cause: Stance = "ease" if self.cause == "impose" else "impose"
        return Reading(
            self.metric, self.country, other[self.direction], cause, self.partner, self.sectors,
            self.hub, threshold, self.assumed, self.note,
        )  # fmt: skip


class Setting(NamedTuple):
    """What a sentence leaves out and the report says elsewhere.

    Attributes
    ----------
    cause, said
        Whether effects are of easing or imposing, and whether the sentence itself says so.
    senders, target
        Of the report.
    """

    cause: Stance
    said: bool
    senders: Sequence[str]
    target: str


def readings_of(sentence: Sentence, setting: Setting) -> Iterator[Reading]:
    """Everything that a sentence asserts and a metric stands for; each thing once."""
    yield from _evasion(sentence, setting)
    seen: set[tuple[str, str | None]] = set()
    for effect in _effects(sentence):
        found = _reading(sentence, effect, setting)
        if found is not None and (found.metric, found.country) not in seen:
            seen.add((found.metric, found.country))
            yield found


def _effects(sentence: Sentence) -> list[Mark]:
    """Effects that are not what is done to sanctions, as in `cut tariffs`."""
    nouns = sentence.of("noun")
    giving = [m.start for m in sentence.of("giving")]
    return [
        e
        for e in sentence.of("effect")
        if not any(0 <= n.start - e.end <= 3 for n in nouns)
        and not (e.start in giving and sentence.has("given"))
        and not any(a.start == e.start and _near(sentence, a) for a in sentence.of("act"))
    ]


def _near(sentence: Sentence, act: Mark) -> bool:
    """Whether a noun for sanctions is what the verb does something to."""
    return any(0 <= n.start - act.end <= OWN for n in sentence.of("noun"))


def _reading(sentence: Sentence, effect: Mark, setting: Setting) -> Reading | None:
    """What one effect is on, and which way."""
    thing = _object(sentence, effect)
    if thing is None or _gainer(sentence, effect, after=thing.end):
        return _on_a_country(sentence, effect, setting)
    if thing.value == "influence":
        return _on_influence(sentence, effect, thing, setting)
    country = _whose(sentence, effect, thing, setting)
    partner = _partner(sentence, thing, country)
    direction = _direction(effect)
    metric, direction, threshold = sized(sentence, effect, thing, thing.value, direction)
    known = country or (setting.senders[0] if metric == "price" else setting.target)
    if metric == "trade" and partner in (None, known):
        others = [p.value for p in sentence.of("place")]
        partner = next((c for c in [*others, setting.target, *setting.senders] if c != known), None)
    return Reading(
        metric,
        known,
        direction,
        setting.cause,
        partner if partner != known else None,
        _good_of(sentence, thing),
        threshold=threshold,
        assumed=_assumed(setting, country=country),
    )


def _direction(effect: Mark) -> Direction:
    return "rises" if effect.value == "up" else "falls"


def _assumed(setting: Setting, *, country: str | None) -> tuple[str, ...]:
    """What the sentence did not say."""
    return (*(() if country else ("country",)), *(() if setting.said else ("cause",)))


def _on_a_country(sentence: Sentence, effect: Mark, setting: Setting) -> Reading | None:
    """A country that is helped or hurt, whatever of it."""
    country, note = _affected(sentence, effect), _military_note(sentence)
    if country is None or note is None:
        return None
    metric, direction, threshold = sized(sentence, effect, None, "welfare", _direction(effect))
    return Reading(
        metric,
        country,
        direction,
        setting.cause,
        threshold=threshold,
        assumed=_assumed(setting, country=country),
        note=note,
    )


def _on_influence(
    sentence: Sentence, effect: Mark, thing: Mark, setting: Setting
) -> Reading | None:
    """A partner's hold on a country: the owner's, or of dependence, what the owner depends on."""
    owner = _owner(sentence, thing)
    partner = _partner(sentence, thing, owner)
    apart = (setting.target, *setting.senders)
    other = next((m.value for m in sentence.of("place") if m.value not in apart), None)
    holder, client = owner or other, partner or setting.target
    if sentence.words[thing.start].startswith(("depend", "relian")):
        holder, client = partner or holder, owner or setting.target
    if holder is None or holder == client:
        return None
    _, direction, threshold = sized(sentence, effect, thing, "influence", _direction(effect))
    return Reading(
        "influence",
        client,
        direction,
        setting.cause,
        partner=holder,
        threshold=threshold,
        assumed=() if partner else ("country",),
        note="Influence as what a partner can cost a country by cutting it off.",
    )


def _whose(sentence: Sentence, effect: Mark, thing: Mark, setting: Setting) -> str | None:
    """Whose trade, prices or income it is, as far as the sentence says."""
    country = _owner(sentence, thing)
    if country is None and thing.value in ("imports", "exports", "output"):
        country = _subject(sentence, effect, thing)
    bought = thing.value == "imports" and _partner(sentence, thing, None) == setting.target
    return setting.senders[0] if country is None and bought else country


def _object(sentence: Sentence, effect: Mark) -> Mark | None:
    """What the effect is on: after the verb, or before it where the verb says what moves."""
    things = sentence.of("object")
    moves = _is_move(sentence, effect)
    reach = 2 if sentence.words[effect.start].startswith(_LOSES) else REACH - 3
    before = [
        o
        for o in things
        if 0 <= effect.start - o.end <= REACH
        and not _cut(sentence, o.end, effect.start)
        and "," not in sentence.words[o.end : effect.start]
    ]
    after = [
        o
        for o in things
        if 0 <= o.start - effect.end <= reach and not _cut(sentence, effect.end, o.start)
    ]
    if moves and before:
        return before[-1]
    if after:
        return after[0]
    word = sentence.words[effect.start]
    return (
        before[-1]
        if before and (moves or word.startswith(_GAINS) or effect.sort == "word")
        else None
    )


def _is_move(sentence: Sentence, effect: Mark) -> bool:
    word = sentence.words[effect.start]
    return word in _PAST or any(word.startswith(m.rstrip("e")) for m in _MOVES)


def _cut(sentence: Sentence, start: int, end: int) -> bool:
    words_between = sentence.words[start:end]
    if any(a == "but" and b == "not" for a, b in pairwise(words_between)):
        return False
    return any(w in (";", "while", "but", "although") for w in words_between)


def _affected(sentence: Sentence, effect: Mark) -> str | None:
    """The country that is helped or hurt: after the verb, or before one such as `benefit`."""
    gainer = _gainer(sentence, effect)
    if gainer is not None or sentence.words[effect.start].startswith(_LOSES):
        return gainer.value if gainer else None
    places = [p for p in sentence.of("place") if not _is_prefix(sentence, p)]
    right = [p for p in places if 0 <= p.start - effect.end <= OWN]
    if right and "from" not in sentence.words[effect.end : right[0].start]:
        return right[0].value
    return None


def _gainer(sentence: Sentence, effect: Mark, after: int = 0) -> Mark | None:
    """The country before a verb such as `benefit`, if it stands after some word."""
    if not (sentence.words[effect.start].startswith(_GAINS) and effect.sort == "verb"):
        return None
    left = [
        p
        for p in sentence.of("place")
        if 0 <= effect.start - p.end <= OWN + 2
        and p.start > after
        and not _is_prefix(sentence, p)
        and sentence.words[p.start - 1] not in ("to", "with", "from", "in", "for", "on")
    ]
    return left[-1] if left and after <= effect.start else None


def _is_prefix(sentence: Sentence, place: Mark) -> bool:
    """Whether a country is only whose sanctions they are."""
    return any(0 <= n.start - place.end <= 1 for n in sentence.of("noun"))


def _military_note(sentence: Sentence) -> str | None:
    """What is lost where arms are meant and economies are named; None where only arms are."""
    if not sentence.has("outside", "1"):
        return ""
    if sentence.has("object", "welfare"):
        return (
            "Real income stands for what the sentence says; military strength is not in the model."
        )
    return None


def _owner(sentence: Sentence, thing: Mark) -> str | None:
    """Whose it is: the country before it, or after `of`, `in` or `from`."""
    places = [p for p in sentence.of("place") if not _is_prefix(sentence, p)]
    before = [p for p in places if 0 <= thing.start - p.end <= OWN]
    if before and not _parted(sentence, before[-1].end, thing.start):
        return before[-1].value
    prepositions = ("of", "in", "from") if thing.value in ("exports", "output") else ("of", "in")
    after = [p for p in places if 0 < p.start - thing.end <= OWN + 1]
    between = sentence.words[thing.end : after[0].start] if after else []
    in_region = thing.value == "influence" and "in" in between
    owned = any(w in prepositions for w in between) and not in_region
    return after[0].value if owned else None


def _subject(sentence: Sentence, effect: Mark, thing: Mark) -> str | None:
    """Who does it, of `Indian refiners may cut purchases`."""
    if thing.start < effect.start:
        return None
    adjectives = [p for p in sentence.of("place") if p.sort == "adjective"]
    near = [p for p in adjectives if 0 < effect.start - p.end <= 3]
    return near[-1].value if near else None


def _parted(sentence: Sentence, start: int, end: int) -> bool:
    """Whether more than adjectives stand between a country and a thing."""
    marks = [m for layer in ("saying", "mode", "effect", "act") for m in sentence.of(layer)]
    said = any(start <= m.start < end for m in marks)
    return said or any(w in (",", "to", "and", "on", "by") for w in sentence.words[start:end])


def _partner(sentence: Sentence, thing: Mark, country: str | None) -> str | None:
    """With whom: after `to`, `from`, `with`, `over` or `on`."""
    wanted = {
        "exports": ("to",), "imports": ("from", "of"), "trade": ("with", "and"),
        "influence": ("over", "in", "on"),
    }.get(thing.value, ())  # fmt: skip
    for place in sentence.of("place"):
        between = sentence.words[thing.end : place.start]
        if (
            0 < len(between) <= OWN + 2
            and any(w in wanted for w in between)
            and place.value != country
        ):
            return place.value
    return None


def _good_of(sentence: Sentence, thing: Mark) -> str | None:
    if thing.value not in ("exports", "imports", "trade", "price", "output"):
        return None
    near = [g for g in sentence.of("good") if -3 <= g.start - thing.end <= 3]
    return near[0].value if near else None


def _evasion(sentence: Sentence, setting: Setting) -> Iterator[Reading]:
    """Goods that go round: more of them through a hub, or through hubs at all."""
    if not sentence.has("evasion"):
        return
    mark = sentence.of("evasion")[0]
    places = [p for p in sentence.of("place") if not _is_prefix(sentence, p)]
    hub = hub_in(sentence)
    if hub is None or not places:
        return
    at = next((p.start for p in places if p.value == hub), mark.start)
    left = [
        p for p in places if p.end <= max(at, mark.start) and p.value not in (hub, *setting.senders)
    ]
    actor = left[-1].value if left else setting.target
    if actor == hub or any(w.startswith(("clos", "shut")) for w in sentence.words):
        return
    direction: Direction = (
        "falls" if actor == setting.target and setting.cause == "ease" else "rises"
    )
    if any(e.value == "down" and 0 <= mark.start - e.end <= OWN for e in sentence.of("effect")):
        direction = "falls" if direction == "rises" else "rises"
    yield Reading(
        "through-hubs", actor, direction, setting.cause, hub=hub,
        note="That the route is used is said; what the change of regime does to it is inferred.",
    )  # fmt: skip


def hub_in(sentence: Sentence) -> str | None:
    """The country that goods pass through: after `through` or `via`, or before `to circumvent`."""
    if not sentence.has("evasion"):
        return None
    words_of = sentence.words
    places = [p for p in sentence.of("place") if not _is_prefix(sentence, p)]
    for place in places:
        if any(w in ("via", "through") for w in words_of[max(0, place.start - 3) : place.start]):
            return place.value
    for mark in sentence.of("evasion"):
        before = [p for p in places if p.end <= mark.start]
        if len(before) >= 2 and "to" in words_of[before[-1].end : mark.start]:
            between = words_of[before[-2].end : before[-1].start]
            if any(w.startswith(("use", "using", "utilis", "utiliz")) for w in between):
                return before[-1].value
        if "hub" in words_of[mark.start : mark.end] and before:
            return before[0].value
    return None
