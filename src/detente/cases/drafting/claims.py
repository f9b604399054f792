"""Claims in a report: sentences that assert an effect, and what is put to the model for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from detente.cases.drafting.acts import Act, Stance
from detente.cases.drafting.gazetteers import Mark, words
from detente.cases.drafting.sentences import Sentence
from detente.cases.drafting.speakers import speaker_of
from detente.world.countries import GROUP_NAMES, short_name

REACH = 9
"""Words between an effect and what it is on."""
OWN = 4
"""Words between a country and what is its own."""

NEGLIGIBLE = {"welfare": 0.01, "influence": 0.05, "real-wage": 0.05, "equivalent-variation": 10.0}
"""Size below which an effect is called too small to matter; for other metrics `SMALL`."""
SMALL = 0.5

_MOVES = {
    "fall", "rise", "grow", "shrink", "decline", "slump", "recover", "surge", "increase", "drop", "collapse",
    "contract", "plunge", "tumble", "double", "triple", "halve", "jump", "climb", "slow", "rebound", "expand", "improve",
}  # fmt: skip
"""Verbs whose subject is what moves; first letters are compared, past forms are in `_PAST`."""
_PAST = {"fell", "fallen", "rose", "risen", "grew", "grown", "shrank", "shrunk"}
_LOSES = ("gain", "profit", "suffer", "lose", "lost", "losing", "win")
_GAINS = ("benefit", *_LOSES)
"""Verbs whose subject is helped or hurt; of all but the first, nobody else is."""
_NUMBER = re.compile(
    r"(?P<n>\d+(?:[.,]\d+)?)\s*(?P<unit>%|per\s?cent|percent|percentage points?|points?|billion|million)",
    re.IGNORECASE,
)
_MORE = re.compile(r"(more than|at least|over|above)\s+(?:\$\s?)?$", re.IGNORECASE)
_LESS = re.compile(r"(less than|at most|up to|under|as much as|no more than)\s+(?:\$\s?)?$", re.IGNORECASE)

Direction = Literal["rises", "falls", "above", "below"]


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


@dataclass(frozen=True)
class Said:
    """A claim: a sentence, its speaker, and a reading or the reason why there is none."""

    sentence: Sentence
    speaker: str | None
    reading: Reading | None = None
    outside: str | None = None


def claims_in(
    sentences: Sequence[Sentence], acts: Sequence[Act], senders: Sequence[str], target: str
) -> list[Said]:
    """All claims of a report, each with its speaker."""
    text = " ".join(s.text for s in sentences)
    main = _main_stance(acts)
    found: list[Said] = []
    speaker: str | None = None
    for sentence in sentences:
        if sentence.heading:
            continue
        speaker = speaker_of(sentence, speaker, text)
        found += _claims(sentence, speaker, acts, main, senders, target)
    return found


def _main_stance(acts: Sequence[Act]) -> Stance:
    firm = [a.stance for a in acts if a.stance in ("ease", "impose") and a.mode != "denied"]
    return max(("ease", "impose"), key=firm.count) if firm else "impose"


def _claims(
    sentence: Sentence,
    speaker: str | None,
    acts: Sequence[Act],
    main: Stance,
    senders: Sequence[str],
    target: str,
) -> Iterator[Said]:
    own = [a for a in acts if a.sentence is sentence]
    cause, said_cause = _cause(own, main)
    supposed = sentence.has("mode", "supposed", "planned")
    readings = list(_readings(sentence, cause, said_cause, senders, target))
    if readings and not (speaker or supposed or own):
        return
    yield from (Said(sentence, speaker, reading) for reading in readings)
    reason = _outside(sentence, bool(readings))
    feeling = sentence.has("outside", "0") and (sentence.has("place") or sentence.has("people"))
    if reason and (speaker or feeling):
        yield Said(sentence, speaker, outside=reason)


def _cause(own: Sequence[Act], main: Stance) -> tuple[Stance, bool]:
    """What the effect is of: easing or imposing; and whether the sentence says so."""
    stances = [a.stance for a in own]
    if "ease" in stances:
        return "ease", True
    if "impose" in stances or "named" in stances or "keep" in stances:
        return "impose", True
    return main, False


def _outside(sentence: Sentence, tested: bool) -> str | None:
    """Why no metric fits, by the words that say it."""
    marks = sentence.of("outside")
    if not marks or (tested and marks[0].value != "1"):
        return None
    if tested and sentence.has("object"):
        return None
    reasons: list[str] = list(words()["outside"])
    return reasons[int(marks[0].value)]


def _readings(
    sentence: Sentence, cause: Stance, said_cause: bool, senders: Sequence[str], target: str
) -> Iterator[Reading]:
    yield from _evasion(sentence, cause, target, senders)
    seen: set[tuple[str, str | None]] = set()
    for effect in _effects(sentence):
        found = _reading(sentence, effect, cause, said_cause, senders, target)
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


def _reading(
    sentence: Sentence,
    effect: Mark,
    cause: Stance,
    said_cause: bool,
    senders: Sequence[str],
    target: str,
) -> Reading | None:
    thing = _object(sentence, effect)
    if thing is not None and _gainer(sentence, effect, after=thing.end):
        thing = None
    if thing is None:
        country = _affected(sentence, effect, senders)
        if country is None:
            return None
        metric, note = "welfare", _military_note(sentence)
        if note is None:
            return None
        partner, sectors = None, None
    else:
        metric, note = thing.value, ""
        country = _owner(sentence, thing)
        if country is None and metric in ("imports", "exports", "output"):
            country = _subject(sentence, effect, thing)
        if metric == "imports" and country is None and _partner(sentence, thing, None) == target:
            country = senders[0]
        partner = _partner(sentence, thing, country)
        sectors = _good_of(sentence, thing)
    direction: Direction = "rises" if effect.value == "up" else "falls"
    metric, direction, threshold = _sized(sentence, effect, thing, metric, direction)
    assumed = () if country else ("country",)
    assumed = assumed if said_cause else (*assumed, "cause")
    if metric == "influence":
        holder = country or next((m.value for m in sentence.of("place") if m.value not in (target, *senders)), None)
        if holder is None or holder == target and partner is None:
            return None
        client = partner or target
        if thing is not None and sentence.words[thing.start].startswith(("depend", "relian")):
            holder, client = partner or holder, country or target
        if holder == client:
            return None
        return Reading(
            "influence", client, direction, cause, partner=holder, threshold=threshold,
            assumed=("country",) if partner is None else (), note="Influence as what a partner can cost a country by cutting it off.",
        )  # fmt: skip
    if country is None:
        country = senders[0] if metric == "price" else target
    if metric == "trade" and partner in (None, country):
        others = [p.value for p in sentence.of("place") if p.value != country]
        partner = next((c for c in [*others, target, *senders] if c != country), None)
    return Reading(
        metric, country, direction, cause, partner if partner != country else None,
        sectors, None, threshold, assumed, note,
    )  # fmt: skip


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
    return before[-1] if before and (moves or word.startswith(_GAINS) or effect.sort == "word") else None


def _is_move(sentence: Sentence, effect: Mark) -> bool:
    word = sentence.words[effect.start]
    return word in _PAST or any(word.startswith(m.rstrip("e")) for m in _MOVES)


def _cut(sentence: Sentence, start: int, end: int) -> bool:
    words_between = sentence.words[start:end]
    if any(a == "but" and b == "not" for a, b in pairwise(words_between)):
        return False
    return any(w in (";", "while", "but", "although") for w in words_between)


def _affected(sentence: Sentence, effect: Mark, senders: Sequence[str]) -> str | None:
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
        if 0 <= effect.start - p.end <= OWN + 2 and p.start > after and not _is_prefix(sentence, p)
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
        return "Real income stands for what the sentence says; military strength is not in the model."
    return None


def _owner(sentence: Sentence, thing: Mark) -> str | None:
    """Whose it is: the country before it, or after `of`, `in` or `from`."""
    places = [p for p in sentence.of("place") if not _is_prefix(sentence, p)]
    before = [p for p in places if 0 <= thing.start - p.end <= OWN]
    if before and not _parted(sentence, before[-1].end, thing.start):
        return before[-1].value
    prepositions = ("of", "in", "from") if thing.value in ("exports", "output") else ("of", "in")
    after = [p for p in places if 0 < p.start - thing.end <= OWN + 1]
    if after and any(w in prepositions for w in sentence.words[thing.end : after[0].start]):
        if not (thing.value == "influence" and "in" in sentence.words[thing.end : after[0].start]):
            return after[0].value
    return None


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
        "exports": ("to",), "imports": ("from", "of"), "trade": ("with", "and"), "influence": ("over", "in", "on"),
    }.get(thing.value, ())  # fmt: skip
    for place in sentence.of("place"):
        between = sentence.words[thing.end : place.start]
        if 0 < len(between) <= OWN + 2 and any(w in wanted for w in between) and place.value != country:
            return place.value
    return None


def _good_of(sentence: Sentence, thing: Mark) -> str | None:
    if thing.value not in ("exports", "imports", "trade", "price", "output"):
        return None
    near = [g for g in sentence.of("good") if -3 <= g.start - thing.end <= 3]
    return near[0].value if near else None


def _negated(sentence: Sentence, effect: Mark, thing: Mark | None) -> bool:
    """Whether the effect is denied: `would not hurt`, `hurt farmers but not the economy`."""
    if any(0 <= effect.start - n.end <= 3 for n in sentence.of("negation")):
        return True
    between = sentence.words[effect.end : thing.start] if thing is not None else []
    return any(a == "but" and b == "not" for a, b in pairwise(between))


def _sized(
    sentence: Sentence, effect: Mark, thing: Mark | None, metric: str, direction: Direction
) -> tuple[str, Direction, float | None]:
    """Metric, direction and threshold, as far as a size was said or denied."""
    if _negated(sentence, effect, thing):
        small = NEGLIGIBLE.get(metric, SMALL)
        return (metric, "below", small) if direction == "rises" else (metric, "above", -small)
    found = _number_at(sentence, effect)
    if found is None:
        return metric, direction, None
    size, unit = found
    if unit in ("billion", "million"):
        if metric != "welfare":
            return metric, direction, None
        millions = size * (1000 if unit == "billion" else 1)
        return "equivalent-variation", *_bound(sentence, direction, size, millions / size)
    return metric, *_bound(sentence, direction, size)


def _number_at(sentence: Sentence, effect: Mark) -> tuple[float, str] | None:
    """A number with a unit that stands with the effect."""
    tail = sentence.span[effect.start :].text
    near = _NUMBER.search(tail[:90])
    if near is None:
        return None
    return float(near["n"].replace(",", ".")), near["unit"].lower()


def _bound(
    sentence: Sentence, direction: Direction, size: float, unit: float = 1.0
) -> tuple[Direction, float]:
    """What a number with `more than`, `up to` or nothing asks of the metric; half of a plain one."""
    place = next(
        m.start() for m in _NUMBER.finditer(sentence.text) if float(m["n"].replace(",", ".")) == size
    )
    before = sentence.text[:place]
    upward = direction == "rises"
    if _LESS.search(before):
        return ("below", size * unit) if upward else ("above", -size * unit)
    least = (size if _MORE.search(before) else size / 2) * unit
    return ("above", least) if upward else ("below", -least)


def _evasion(
    sentence: Sentence, cause: Stance, target: str, senders: Sequence[str]
) -> Iterator[Reading]:
    """Goods that go round: more of them through a hub, or through hubs at all."""
    if not sentence.has("evasion"):
        return
    mark = sentence.of("evasion")[0]
    places = [p for p in sentence.of("place") if not _is_prefix(sentence, p)]
    hub = hub_in(sentence)
    if hub is None or not places:
        return
    at = next((p.start for p in places if p.value == hub), mark.start)
    left = [p for p in places if p.end <= max(at, mark.start) and p.value not in (hub, *senders)]
    actor = left[-1].value if left else target
    if actor == hub or any(w.startswith(("clos", "shut")) for w in sentence.words):
        return
    direction: Direction = "falls" if actor == target and cause == "ease" else "rises"
    if any(e.value == "down" and 0 <= mark.start - e.end <= OWN for e in sentence.of("effect")):
        direction = "falls" if direction == "rises" else "rises"
    yield Reading(
        "through-hubs", actor, direction, cause, hub=hub,
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


def named(code: str) -> str:
    """Name of a country or a group.

    >>> named("EU27"), named("BLR")
    ('European Union', 'Belarus')
    """
    return GROUP_NAMES[code][-1] if code in ("EU27", "G7", "CIS") else short_name(code)


def titled(code: str) -> str:
    """Name of a country or a group in a sentence.

    >>> titled("USA"), titled("BLR")
    ('the United States', 'Belarus')
    """
    name = {"EU27": "European Union"}.get(code, named(code))
    return f"the {name}" if name.startswith(("United", "European", "Group", "Commonw")) else name
