"""Grammar of acts: which verb, country and goods belong to a noun for sanctions in a sentence.

Places are counted in words; nothing here knows more than one sentence.
"""

from __future__ import annotations

import re
from typing import Literal

from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.sentences import Sentence

Mode = Literal["done", "planned", "asked", "threatened", "supposed", "denied"]

REACH = 14
"""Words between a verb or a preposition and the noun or the country that goes with it."""
BETWEEN = 7
"""Words between a preposition and the country it is about, as in `on the export of potash from`."""

_ON = {"on", "against", "targeting", "upon", "toward", "towards"}
_FROM = {"from", "of", "by"}
_APART = {"with", "to", "in", "at", "near", "over", "via", "through", "between", "outside", "like"}
_CLAUSE = {";", ":", "while", "whereas", "but", "although", "though", "which", "who"}
_BE = {"be", "been", "being", "is", "are", "was", "were", "get", "gets"}
_MODAL = {"would", "will", "could", "may", "might", "should", "have", "has", "had", "to", "can"}
_TRADED = {
    "imports",
    "goods",
    "exports",
    "import",
    "products",
    "oil",
    "gas",
    "coal",
    "potash",
    "wood",
    "steel",
    "cars",
}
_TO = {"to", "for"}
_TO_TARGET = ("export-ban", "licence")
_NO_PREFIX = {
    ",",
    "of",
    "to",
    "on",
    "by",
    "and",
    "from",
    "with",
    "that",
    "a",
    "an",
    "the",
    "its",
    "is",
    "has",
}
_BUYING = (
    "buying",
    "purchases",
    "purchasing",
    "importing",
    "imports",
    "purchase",
    "buy",
    "trade",
    "trading",
)
_IS_SANCTION = ("sanctioned", "sanctioning", "blacklist", "embargoed")
_REOPENS = ("resum", "allow", "permit", "reopen")
_STOPS_TRADE = ("ban", "prohibit", "bar", "embargo", "halt", "stop", "block")
_FITS = {
    "licence": ("issu", "grant", "extend", "revok", "licen", "renew", "withdr"),
    "transit": (
        "allow", "permit", "let", "resum", "ban", "stop", "halt", "block", "end", "reopen",
        "suspend",
    ),
}  # fmt: skip
_CUTS_OFF = ("swift", "transit", "licence")
_CARRIES = ("impos", "plac", "put", "set", "allow", "permit", "author", "target")
_OFFICES = ("minist", "department", "secretary", "committee")
OBJECT = 4
"""Words between a verb or a country and the noun that belongs to it."""


def nouns_of(sentence: Sentence) -> list[Mark]:
    """Nouns for sanctions, and verbs that are one: `sanctioned two banks`, `banned imports of`."""
    nouns = sentence.of("noun")
    taken = {k for n in nouns for k in range(n.start, n.end)}
    verbs = [
        m._replace(layer="noun", value=value)
        for m in sentence.of("act")
        if m.start not in taken and (value := _as_noun(sentence, m))
    ]
    return sorted([*nouns, *verbs])


def _as_noun(sentence: Sentence, act: Mark) -> str:
    """What a verb such as `ban` stands for, if it is about trade or a country."""
    word, following = sentence.words[act.start], sentence.words[act.end : act.end + 4]
    if word.startswith(_IS_SANCTION):
        return (
            "sanctions"
            if any(0 <= p.start - act.end <= OBJECT for p in sentence.of("place"))
            else ""
        )
    if word.startswith(_REOPENS) and any(w in following for w in ("imports", "import", "exports")):
        return "import-ban" if "exports" not in following else "export-ban"
    if not word.startswith(_STOPS_TRADE):
        return ""
    if any(w in following for w in ("exports", "export", "sales")):
        return "export-ban"
    near = [p for p in sentence.of("place") if 0 <= p.start - act.end <= 2]
    goods = [g for g in sentence.of("good") if near and 0 <= g.start - near[0].end <= 2]
    if any(w in following for w in ("imports", "import", "purchases")) or goods:
        return "import-ban"
    return ""


def verb_of(sentence: Sentence, noun: Mark) -> Mark | None:
    """The nearest verb of easing or imposing, before the noun rather than after it."""
    acts = [a for a in sentence.of("act") if not _only_says(sentence, a)]
    same = [a for a in acts if a.start <= noun.start and noun.end <= a.end]
    if same and (same[0].sort == "word" or noun not in sentence.of("noun")):
        return same[0]
    acts = [a for a in acts if not any(n.start <= a.start < n.end for n in sentence.of("noun"))]
    before = [a for a in acts if 0 <= noun.start - a.end <= REACH]
    after = [a for a in acts if 0 <= a.start - noun.end <= REACH]
    near = [(noun.start - a.end, a) for a in before if not _broken(sentence, a.end, noun.start)]
    near += [(a.start - noun.end + 3, a) for a in after if _passive(sentence, noun, a)]
    found = min(near)[1] if near else None
    licensed = noun.value in ("licence", "transit") and found is not None
    if licensed and not sentence.words[found.start].startswith(_FITS[noun.value]):  # type: ignore[union-attr]
        return None
    return found


def _only_says(sentence: Sentence, act: Mark) -> bool:
    """`announced on Thursday that`, `set to`, `took place`, and the like."""
    following = sentence.words[act.end : act.end + 6]
    word = sentence.words[act.start]
    before = sentence.words[act.start - 1] if act.start else ""
    if word.startswith(("set", "agree", "order")) and following[:1] == ["to"]:
        return True
    if word.startswith(("place", "target")) and before in (
        "took",
        "take",
        "takes",
        "in",
        "the",
        "first",
    ):
        return True
    return word.startswith("announc") and ("that" in following or following[:1] == ["on"])


def _passive(sentence: Sentence, noun: Mark, act: Mark) -> bool:
    """Whether a verb after the noun is about it: `sanctions on X were lifted`."""
    if _broken(sentence, noun.end, act.start):
        return False
    between = sentence.words[noun.end : act.start]
    verb = sentence.words[act.start]
    done = verb.endswith(("ed", "en")) or verb in ("cut", "put", "set", "hit", "snapback")
    if act.value == "keep" and act.sort == "word":
        return True
    return done and (
        any(w in _BE for w in between) or (len(between) <= 1 and not _MODAL & {*between})
    )


def _broken(sentence: Sentence, start: int, end: int) -> bool:
    return any(word in _CLAUSE for word in sentence.words[start:end])


def target_of(sentence: Sentence, noun: Mark, verb: Mark | None) -> str | None:
    """The country after `on`, `against`, or after `from` where goods are named before."""
    words = sentence.words
    places = {m.start: m for m in sentence.of("place")}
    at = noun.end
    while at < min(len(words), noun.end + REACH):
        if words[at] in _CLAUSE or (
            at > noun.end and any(n.start == at for n in sentence.of("noun"))
        ):
            break
        from_goods = words[at] in _FROM and (
            words[at - 1] in _TRADED or (words[at] == "from" and noun.value == "import-ban")
        )
        if words[at] in _ON or from_goods or (words[at] in _TO and noun.value in _TO_TARGET):
            hit = next(
                (
                    places[k]
                    for k in range(at + 1, min(at + 2 + BETWEEN, len(words)))
                    if k in places
                ),
                None,
            )
            if hit is not None and not _broken(sentence, at, hit.start):
                return _last_of_phrase(sentence, hit)
        at += 1
    return _after_verb(sentence, noun, verb)


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


def _after_verb(sentence: Sentence, noun: Mark, verb: Mark | None) -> str | None:
    """`hit India with tariffs`, `sanctioned two Belarusian banks`, `cut banks off SWIFT`."""
    for place in sentence.of("place"):
        with_noun = "with" in sentence.words[place.end : place.end + 2]
        if place.end <= noun.start and with_noun and noun.start - place.end <= OBJECT + 2:
            return place.value
        if verb is not None and _is_object(sentence, noun, verb, place):
            return place.value
    return None


def _is_object(sentence: Sentence, noun: Mark, verb: Mark, place: Mark) -> bool:
    """Whether a verb that is a noun for sanctions, or one of cutting off, is about a country."""
    before = sentence.words[place.start - 1] if place.start else ""
    same = (verb.start, verb.end) == (noun.start, noun.end)
    if same and 0 <= place.start - noun.end <= BETWEEN and before != "by":
        return True
    near = abs(place.start - noun.start) <= BETWEEN and place.sort in ("adjective", "name")
    passive = verb.start > 0 and sentence.words[verb.start - 1] in _BE
    return noun.value in _CUTS_OFF and near and (place.start > verb.start or passive)


def sender_of(sentence: Sentence, noun: Mark, verb: Mark | None, target: str | None) -> str | None:
    """The country that stands before the verb, or after `by`."""
    places = [m for m in sentence.of("place") if m.value != target and m.sort != "firm"]
    by = [m for m in places if "by" in sentence.words[max(0, m.start - 3) : m.start]]
    if by:
        return by[0].value
    prefix = _prefix(sentence, noun)
    if prefix is not None and prefix.value != target and target is not None:
        return prefix.value
    if verb is None and mode_of(sentence, verb, noun) not in ("denied", "threatened"):
        return None
    at = noun.start if verb is None else min(verb.start, noun.start)
    left = [m for m in places if m.end <= at]
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
        between = range(place.end, noun.start)
        if not 0 <= noun.start - place.end <= OBJECT:
            continue
        verbs = {
            m.start for layer in ("act", "mode", "saying", "effect") for m in sentence.of(layer)
        }
        if any(k in verbs or sentence.words[k] in _NO_PREFIX for k in between):
            return None
        return place
    return None


def by_prefix(
    sentence: Sentence, noun: Mark, sender: str | None, target: str | None
) -> tuple[str | None, str | None]:
    """Read the country before the noun: a name is who is sanctioned, an adjective who sanctions."""
    prefix = _prefix(sentence, noun)
    if prefix is None or prefix.value in (sender, target):
        return sender, target
    owned = sentence.words[prefix.end : prefix.end + 1] == ["'s"]
    if target is None and prefix.sort == "name" and not owned:
        return sender, prefix.value
    return sender or prefix.value, target


def covered(sentence: Sentence, noun: Mark, about: Mark | None) -> tuple[str, ...]:
    """Goods that stand with the noun, in the part of the sentence that is about it."""
    own = [
        m.value
        for m in sentence.of("good")
        if -OBJECT - 2 <= m.start - noun.end <= REACH + 4
        and not (about is not None and m.start >= about.start)
        and not _apart_from(sentence, noun, m)
        and not any(w.startswith(_OFFICES) for w in sentence.words[m.end : m.end + 1])
    ]
    specific = [g for g in own if "potash" not in own or not g.startswith("fertili")]
    return tuple(dict.fromkeys(specific))


def _apart_from(sentence: Sentence, noun: Mark, good: Mark) -> bool:
    """Whether another verb or noun for sanctions, or a clause, stands between."""
    start, end = sorted((noun, good))[0].end, sorted((noun, good))[1].start
    others = [m for layer in ("act", "noun") for m in sentence.of(layer) if m.sort != "word"]
    between = [m for m in others if start <= m.start < end and m.start != noun.start]
    posed = [m for m in between if not sentence.words[m.start].startswith(_CARRIES)]
    return (
        bool(posed)
        or _broken(sentence, start, end)
        or (sentence.has("saying") and any(start <= m.start < end for m in sentence.of("saying")))
    )


def number_near(
    pattern: re.Pattern[str], sentence: Sentence, noun: Mark, unit: float
) -> float | None:
    """A number close to the noun: `a 50 percent tariff`, `duties of 35 %`, `the cap to $47.60`."""
    first, end = max(0, noun.start - OBJECT), noun.end + REACH
    effects = [e.start for e in sentence.of("effect") if e.start >= noun.end]
    match = pattern.search(sentence.span[first : min([end, *effects])].text)
    return None if match is None else round(float(match.group(1)) * unit, 6)


def mode_of(sentence: Sentence, verb: Mark | None, noun: Mark) -> Mode:
    """Whether it is done, planned, asked for, threatened, supposed or denied."""
    at = noun.start if verb is None else verb.start
    last = at if verb is None else max(at, noun.start) + 3
    modes = [m for m in sentence.of("mode") if m.start <= last]
    by_value = {m.value for m in modes}
    order: tuple[Mode, ...] = ("denied", "threatened", "asked", "supposed", "planned")
    return next((mode for mode in order if mode in by_value), "done")


def third_party(sentence: Sentence, target: str | None) -> Mark | None:
    """Whose goods a secondary measure is about: `for buying Russian oil`."""
    words = sentence.words
    for place in sentence.of("place"):
        if place.value == target or target is None:
            continue
        before = words[max(0, place.start - BETWEEN) : place.start]
        buys = any(w in before for w in _BUYING)
        if buys and ("for" in before or "over" in before or "because" in before):
            return place
    return None
