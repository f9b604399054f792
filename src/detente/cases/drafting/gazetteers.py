"""What words mean in a report: countries, goods, verbs of easing and imposing, and the like.

Countries and goods are those the package understands (`detente.world.countries`, `.industries`),
with capitals, offices and leaders in `data/places.csv`; other words are in `data/words.yaml`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from detente.errors import MissingExtraError
from detente.policy.register import register
from detente.world.countries import (
    COUNTRY_GROUPS,
    GROUP_NAMES,
    adjectives,
    also_understood,
    iso_codes,
    short_name,
)
from detente.world.industries import vocabulary

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import PhraseMatcher
    from spacy.tokens import Doc, Span
    from spacy.vocab import Vocab

SHORT = {"US": "USA", "U.S.": "USA", "UK": "GBR", "U.K.": "GBR", "EU": "EU27", "E.U.": "EU27"}
"""Codes of two letters that stand in reports; the others are words of English."""
LOWERCASE = 7
"""Letters from which on a country is one without its capital, as `belarus`, not `turkey`."""
SPELLED = 8
"""Letters from which on a word may be one letter wrong."""

NOUNS = ("sanction", "sanctions", "embargo", "bans", "curbs")
"""Forms of verbs that are rather nouns in reports."""

NO_FIRMS = (
    "january", "february", "march", "april", "july", "august", "september", "october", "november",
    "december", "price", "bank", "ministry", "central", "steel", "works", "klaipeda", "western",
)  # fmt: skip
"""Words with a capital in titles of measures that are no firms."""

_IRREGULAR = {
    "say": "said", "tell": "told", "cut": "cut", "hit": "hit", "put": "put", "set": "set",
    "cost": "cost", "hurt": "hurt", "let": "let", "fall": "fell fallen", "rise": "rose risen",
    "grow": "grew grown", "keep": "kept", "lose": "lost", "withdraw": "withdrew withdrawn",
    "shrink": "shrank shrunk", "think": "thought", "find": "found", "write": "wrote written",
    "take": "took taken", "free": "freed", "wind": "wound", "get": "got", "slip": "slipped",
    "uphold": "upheld", "hold": "held",
}  # fmt: skip
_DOUBLED = {
    "scrap", "drop", "cut", "hit", "put", "set", "let", "admit", "slap", "bar", "get", "ban",
    "snap", "step", "swap", "prop", "slip", "transship", "trans-ship",
}  # fmt: skip


class Mark(NamedTuple):
    """Words of a report that mean something.

    Attributes
    ----------
    start, end
        First word, and the one after the last, by their places in the report.
    layer, value, sort
        What kind of thing it is, which, and how it was named: `("place", "BLR", "adjective")`.
    """

    start: int
    end: int
    layer: str
    value: str
    sort: str = ""


def forms(phrase: str) -> list[str]:
    """Forms of a verb; of a phrase, those of its first word.

    >>> forms("ease"), forms("roll back")
    (['ease', 'eases', 'eased', 'easing'], ['roll back', 'rolls back', 'rolled back', ...])
    """
    verb, _, rest = phrase.partition(" ")
    found = [verb, _third(verb), *_past(verb), _participle(verb)]
    return [f"{form} {rest}".strip() for form in dict.fromkeys(found)]


def _third(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb[-1] == "y" and verb[-2] not in "aeou" else f"{verb}s"


def _past(verb: str) -> list[str]:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb].split()
    if verb[-1] == "y" and verb[-2] not in "aeou":
        return [f"{verb[:-1]}ied"]
    return [f"{verb}d" if verb[-1] == "e" else f"{_stem(verb)}ed"]


def _participle(verb: str) -> str:
    return f"{verb[:-1]}ing" if verb[-1] == "e" and verb[-2:] != "ee" else f"{_stem(verb)}ing"


def _stem(verb: str) -> str:
    return verb + verb[-1] if verb in _DOUBLED else verb


def plural(noun: str) -> str:
    """Plural of a phrase.

    >>> plural("import duty"), plural("ban on exports"), plural("tariff")
    ('import duties', 'bans on exports', 'tariffs')
    """
    head, joined, rest = noun.partition(" on ")
    head = f"{head[:-1]}ies" if head.endswith(("ty", "vy", "cy")) else f"{head}s"
    return head + joined + rest


@cache
def words() -> dict[str, Any]:
    """The lexicon, as it stands in its file."""
    from detente.plain import plain_data

    path = files("detente.cases.drafting") / "data" / "words.yaml"
    data: dict[str, Any] = plain_data(path.read_text(encoding="utf-8"))[0]
    return data


@cache
def language() -> Language:
    """Return the blank English pipeline of spaCy: its tokenizer, and sentences by rule.

    Raises
    ------
    MissingExtraError
        spaCy is not installed.
    """
    try:
        import spacy
    except ImportError as error:
        raise MissingExtraError("spaCy", "draft", "Drafting a case") from error
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    return blank


def marks_in(doc: Doc) -> list[Mark]:
    """All that words of a report mean, layer by layer, the longest first where two overlap."""
    from spacy.util import filter_spans

    _normalize(doc)
    by_layer: dict[str, list[Span]] = {}
    for span in _matcher(doc.vocab)(doc, as_spans=True):
        layer, _, sort = span.label_.split("|")
        if _is_name(span, sort) if layer in ("place", "firm") else not _in_a_name(span, layer):
            by_layer.setdefault(layer, []).append(span)
    found = [span for spans in by_layer.values() for span in filter_spans(spans)]
    return sorted(Mark(s.start, s.end, *s.label_.split("|")) for s in found)


def _normalize(doc: Doc) -> None:
    """Compare words without case, and with the spelling of words that are one letter wrong."""
    for token in doc:
        token.norm_ = _spelling(token.lower_)


def _in_a_name(span: Span, layer: str) -> bool:
    """Whether a word for goods is part of a name, as in `Hartwell Bank`."""
    if layer not in ("good", "object") or not span.text[:1].isupper() or span.text.isupper():
        return False
    before = span.doc[span.start - 1] if span.start else None
    return before is not None and before.text[:1].isupper()


def _is_name(span: Span, sort: str) -> bool:
    text: str = span.text
    if sort == "short":
        return text.isupper()
    return text[:1].isupper() or (sort != "leader" and len(text) >= LOWERCASE)


@cache
def _matcher(vocab: Vocab) -> PhraseMatcher:
    """The phrases, for documents with a vocabulary: the blank pipeline's, or another's."""
    import spacy
    from spacy.matcher import PhraseMatcher

    blank = spacy.blank("en", vocab=vocab)
    matcher = PhraseMatcher(vocab, attr="NORM")
    known: dict[str, list[Doc]] = {}
    for phrase, layer, value, sort in _phrases():
        doc = blank.make_doc(phrase)
        for token in doc:
            token.norm_ = token.lower_
        known.setdefault(f"{layer}|{value}|{sort}", []).append(doc)
    for key, docs in known.items():
        matcher.add(key, docs)
    return matcher


@cache
def _spelling(word: str) -> str:
    """The word that was meant where one letter is wrong, or two are swapped."""
    from spacy.matcher.levenshtein import levenshtein

    if len(word) < SPELLED - 2 or word in _single_words() or not word.isalpha():
        return word
    near = [
        other
        for other in _correctable()
        if other[0] == word[0]
        and abs(len(other) - len(word)) <= 1
        and (levenshtein(word, other, 1) <= 1 or sorted(word) == sorted(other))
    ]
    return near[0] if len(near) == 1 else word


@cache
def _single_words() -> frozenset[str]:
    return frozenset(p.lower() for p, *_ in _phrases() if " " not in p)


@cache
def _correctable() -> tuple[str, ...]:
    """Words long enough to be known by all but one of their letters."""
    least = {"place": SPELLED - 1, "noun": SPELLED, "act": SPELLED, "object": SPELLED - 1}
    words_of = {(p.lower(), layer) for p, layer, *_ in _phrases() if " " not in p}
    return tuple(sorted({w for w, layer in words_of if len(w) >= least.get(layer, 99)}))


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


# -- phrases ------------------------------------------------------------------------------------

Phrase = tuple[str, str, str, str]
"""Words, layer, value, sort."""


@cache
def _phrases() -> tuple[Phrase, ...]:
    return tuple(dict.fromkeys([*_places(), *_firms(), *_goods(), *_lexicon()]))


def _places() -> Iterator[Phrase]:
    for code in iso_codes():
        own = [short_name(code), *(n for n in also_understood(code) if len(n) > 3)]
        demonyms = adjectives(code)
        for name in own:
            sort = "adjective" if name in demonyms else "name"
            yield name, "place", code, sort
            if name.startswith(("United", "Netherlands", "Philippines")):
                yield f"the {name}", "place", code, sort
    for group, names in GROUP_NAMES.items():
        for name in (group, *names):
            yield name, "place", group, "short" if name.isupper() else "name"
    for name, code in {**SHORT, "USA": "USA", "UAE": "ARE", "DPRK": "PRK"}.items():
        yield name, "place", code, "short"
    yield "European", "place", "EU27", "adjective"
    yield "the bloc", "place", "EU27", "office"
    path = files("detente.cases.drafting") / "data" / "places.csv"
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        for column, sort in (("capital", "capital"), ("offices", "office"), ("leaders", "leader")):
            for name in filter(None, row[column].split("|")):
                yield name, "place", row["code"], sort


def _firms() -> Iterator[Phrase]:
    """Firms in the titles of measures on file: whose they are, and a good by their name."""
    known = {word.lower() for name, *_ in _places() for word in name.split()} | set(NO_FIRMS)
    for measure in register().measures.values():
        for word in re.findall(r"[\w-]+", measure.title)[1:]:
            named = len(word) > 4 and word[0].isupper() and word[1:].islower()
            if named and word.lower() not in known and measure.target not in COUNTRY_GROUPS:
                yield word, "place", measure.target, "firm"
                yield word, "good", word, ""


def _goods() -> Iterator[Phrase]:
    own, dropped = words()["goods"], set(words()["not_goods"])
    for word in vocabulary():
        if word not in own and word not in dropped and word.lower() not in ("oil", "it services"):
            yield word, "good", word, ""
    for word, good in own.items():
        yield word, "good", good, ""


def _lexicon() -> Iterator[Phrase]:
    found = words()
    for layer, section in (("act", "acts"), ("effect", "effects")):
        for value, entry in found[section].items():
            yield from _entry(entry, layer, value)
    for layer, section in (("mode", "modes"), ("object", "objects")):
        for value, listed in found[section].items():
            yield from ((word, layer, value, "") for word in listed)
    for value, listed in found["nouns"].items():
        yield from ((n, "noun", value, "") for word in listed for n in (word, plural(word)))
    yield from _entry(found["evasion"], "evasion", "evasion")
    yield from _entry(found["saying"], "saying", "saying")
    for layer in ("people", "persons", "patrons", "holdouts", "titles"):
        yield from ((n, layer, layer, "") for word in found[layer] for n in (word, plural(word)))
    for place, listed in enumerate(found["outside"].values()):
        yield from ((word, "outside", str(place), "") for word in listed)
    yield from ((word, "negation", "not", "") for word in found["effect_free"])
    for kind, entry in found["concessions"].items():
        yield from _entry(entry, "giving", kind)
        yield from ((n, "given", kind, "") for w in entry["about"] for n in (w, plural(w)))


def _entry(entry: dict[str, list[str]], layer: str, value: str) -> Iterator[Phrase]:
    for verb in entry["verbs"]:
        yield from ((form, layer, value, "verb") for form in forms(verb) if form not in NOUNS)
    yield from (
        (n, layer, value, "word")
        for word in _listed(entry.get("words"))
        for n in (word, word + "s")
    )


def _listed(found: Iterable[str] | None) -> Iterable[str]:
    return found or ()
