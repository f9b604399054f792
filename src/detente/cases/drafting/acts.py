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
_BE = {"be", "been", "being", "is", "are", "was", "were", "get", "gets"}
_MODAL = {"would", "will", "could", "may", "might", "should", "have", "has", "had", "to", "can"}
_TRADED = {"imports", "goods", "exports", "import", "products", "oil", "gas", "coal", "potash", "wood", "steel", "cars"}
_TO = {"to", "for"}
_TO_TARGET = ("export-ban", "licence")
_NO_PREFIX = {",", "of", "to", "on", "by", "and", "from", "with", "that", "a", "an", "the", "its", "is", "has"}
_BUYING = ("buying", "purchases", "purchasing", "importing", "imports", "purchase", "buy", "trade", "trading")
_IS_SANCTION = ("sanctioned", "sanctioning", "blacklist", "embargoed")
_REOPENS = ("resum", "allow", "permit", "reopen")
_STOPS_TRADE = ("ban", "prohibit", "bar", "embargo", "halt", "stop", "block")
_FITS = {
    "licence": ("issu", "grant", "extend", "revok", "licen", "renew", "withdr"),
    "transit": ("allow", "permit", "let", "resum", "ban", "stop", "halt", "block", "end", "reopen", "suspend"),
}  # fmt: skip
_ONLY_NEW = ("ban", "import-ban", "export-ban", "tariff", "price-cap")
_CARRIES = ("impos", "plac", "put", "set", "allow", "permit", "author", "target")
_OFFICES = ("minist", "department", "secretary", "committee")
OBJECT = 4
"""Words between a verb or a country and the noun that belongs to it."""
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
    completed = _with_goods([_completed(act, senders, target) for act in found], found)
    return [a for a in completed if a.target == target and not _only_heads(a, completed)]


def _with_goods(completed: Sequence[Act], found: Sequence[Act]) -> list[Act]:
    """Acts without a target or goods of their own are about what was named before: `the ban`."""
    known: dict[tuple[str | None, Stance], tuple[str, ...]] = {}
    filled = []
    for act, as_found in zip(completed, found, strict=True):
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
    for noun in _nouns(sentence):
        verb = _verb_of(sentence, noun)
        if verb is not None and verb in seen and noun.value in ("sanctions", "freeze"):
            continue
        seen.add(verb)
        target = _target(sentence, noun, verb)
        sender = _sender(sentence, noun, verb, target)
        if target is None or sender is None:
            sender, target = _by_prefix(sentence, noun, sender, target)
        about = _third_party(sentence, target)
        yield Act(
            sentence,
            _stance(verb, noun, sentence),
            _mode(sentence, verb, noun),
            noun.value,
            sender if sender != target else None,
            target,
            _covered(sentence, noun, about),
            _number(_RATE, sentence, noun, 0.01) if noun.value == "tariff" else None,
            _number(_CAP, sentence, noun, 1.0) if noun.value == "price-cap" else None,
            noun.value in ("visa", "freeze") and not sentence.has("good"),
            verb is not None and verb.value == "restore",
            about.value if about else None,
        )


def _nouns(sentence: Sentence) -> list[Mark]:
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
        return "sanctions" if any(0 <= p.start - act.end <= OBJECT for p in sentence.of("place")) else ""
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


def _stance(verb: Mark | None, noun: Mark, sentence: Sentence) -> Stance:
    if verb is None:
        mode = _mode(sentence, verb, noun)
        return "impose" if mode in ("denied", "threatened") and noun.value in _ONLY_NEW else "named"
    if noun.value == "price-cap" and verb.value == "ease":
        lowered = sentence.words[verb.start].startswith(("lower", "reduc", "cut", "tighten"))
        return "impose" if lowered else "ease"
    stances: dict[str, Stance] = {"ease": "ease", "keep": "keep"}
    return stances.get(verb.value, "impose")


def _verb_of(sentence: Sentence, noun: Mark) -> Mark | None:
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
    if word.startswith(("place", "target")) and before in ("took", "take", "takes", "in", "the", "first"):
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
    return done and (any(w in _BE for w in between) or (len(between) <= 1 and not _MODAL & {*between}))


def _broken(sentence: Sentence, start: int, end: int) -> bool:
    return any(word in _CLAUSE for word in sentence.words[start:end])


def _target(sentence: Sentence, noun: Mark, verb: Mark | None) -> str | None:
    """The country after `on`, `against`, or after `from` where goods are named before."""
    words = sentence.words
    places = {m.start: m for m in sentence.of("place")}
    at = noun.end
    while at < min(len(words), noun.end + REACH):
        if words[at] in _CLAUSE or (at > noun.end and any(n.start == at for n in sentence.of("noun"))):
            break
        from_goods = words[at] in _FROM and (
            words[at - 1] in _TRADED or (words[at] == "from" and noun.value == "import-ban")
        )
        if words[at] in _ON or from_goods or (words[at] in _TO and noun.value in _TO_TARGET):
            hit = next(
                (places[k] for k in range(at + 1, min(at + 2 + BETWEEN, len(words))) if k in places),
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
    """`hit India with tariffs`, `sanctioned two Belarusian banks`, `cut Russian banks off SWIFT`."""
    for place in sentence.of("place"):
        with_noun = "with" in sentence.words[place.end : place.end + 2]
        if place.end <= noun.start and with_noun and noun.start - place.end <= OBJECT + 2:
            return place.value
        if noun.layer == "noun" and verb == noun._replace(layer="act", value=verb.value if verb else ""):
            if 0 <= place.start - noun.end <= BETWEEN and sentence.words[place.start - 1] != "by":
                return place.value
        if noun.value in ("swift", "transit", "licence") and verb is not None:
            if abs(place.start - noun.start) <= BETWEEN and place.sort in ("adjective", "name"):
                if place.start > verb.start or sentence.words[verb.start - 1] in _BE:
                    return place.value
    return None


def _sender(
    sentence: Sentence, noun: Mark, verb: Mark | None, target: str | None
) -> str | None:
    """The country that stands before the verb, or after `by`."""
    places = [m for m in sentence.of("place") if m.value != target and m.sort != "firm"]
    by = [m for m in places if "by" in sentence.words[max(0, m.start - 3) : m.start]]
    if by:
        return by[0].value
    prefix = _prefix(sentence, noun)
    if prefix is not None and prefix.value != target and target is not None:
        return prefix.value
    if verb is None and _mode(sentence, verb, noun) not in ("denied", "threatened"):
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
        verbs = {m.start for layer in ("act", "mode", "saying", "effect") for m in sentence.of(layer)}
        if any(k in verbs or sentence.words[k] in _NO_PREFIX for k in between):
            return None
        return place
    return None


def _by_prefix(
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


def _covered(sentence: Sentence, noun: Mark, about: Mark | None) -> tuple[str, ...]:
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
    return bool(posed) or _broken(sentence, start, end) or sentence.has("saying") and any(
        start <= m.start < end for m in sentence.of("saying")
    )


def _number(
    pattern: re.Pattern[str], sentence: Sentence, noun: Mark, unit: float
) -> float | None:
    """A number close to the noun: `a 50 percent tariff`, `duties of 35 %`, `the cap to $47.60`."""
    first, end = max(0, noun.start - OBJECT), noun.end + REACH
    effects = [e.start for e in sentence.of("effect") if e.start >= noun.end]
    match = pattern.search(sentence.span[first : min([end, *effects])].text)
    return None if match is None else round(float(match.group(1)) * unit, 6)


def _mode(sentence: Sentence, verb: Mark | None, noun: Mark) -> Mode:
    """Whether it is done, planned, asked for, threatened, supposed or denied."""
    at = noun.start if verb is None else verb.start
    last = at if verb is None else max(at, noun.start) + 3
    modes = [m for m in sentence.of("mode") if m.start <= last]
    by_value = {m.value for m in modes}
    order: tuple[Mode, ...] = ("denied", "threatened", "asked", "supposed", "planned")
    return next((mode for mode in order if mode in by_value), "done")


def _third_party(sentence: Sentence, target: str | None) -> Mark | None:
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
