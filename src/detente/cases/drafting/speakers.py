"""Who says what a sentence says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.sentences import Sentence

if TYPE_CHECKING:
    from spacy.tokens import Token

LONGEST = 14
"""Words of a speaker with a title."""

SHORT = 4
"""Words of a speaker that names nobody: `the study`."""

_PRONOUNS = {"he", "she", "it", "they", "we", "who", "i", "this", "that", "which", "there"}
_STOPS = {",", ".", ";", ":", "that", "but", "while", "—", "–", "(", ")", "because", "and", "when"}
_QUOTES = {'"', "“", "”", "''", "``"}
_OPENERS = {
    "in", "on", "at", "after", "before", "during", "since", "by", "for", "with", "as", "if",
    "yet", "still", "however", "also", "meanwhile", "earlier", "later", "then",
    "following", "under",
}  # fmt: skip
_LOOSE = {"relcl", "appos", "acl", "punct"}
"""Dependents of a subject that are not part of its name."""
_BE = {"is", "are", "was", "were", "be", "been", "being", "widely", "to"}
_VERBS = ("mode", "effect", "act", "evasion", "noun", "saying", "outside")
"""Layers of words that a speaker has none of."""
_REPORTED = {"reports", "report", "reported"}


def speaker_of(sentence: Sentence, before: str | None, text: str) -> str | None:
    """The speaker of a sentence, in the report's own words, or None where it names none.

    Parameters
    ----------
    sentence
        What is said.
    before
        Speaker of the sentence before, whom `he`, `she` or `we read` mean.
    text
        The report, for the full name of somebody named by the last.
    """
    for mark in sentence.of("saying"):
        if mark.start and sentence.words[mark.start - 1] in _BE and mark.sort == "verb":
            continue
        said = sentence.words[mark.start : mark.end]
        if said[-1] in ("to", "of", "by") and mark.sort == "word":
            found = _phrase(sentence, mark.end)
        else:
            found = _subject(sentence, mark) or _by_parser(sentence, mark)
        if found is None:
            continue
        if found.lower() in _PRONOUNS:
            if before:
                return before
            continue
        return _in_full(found, text)
    for mark in sentence.of("outside", "0"):
        if sentence.words[mark.start - 1] not in _BE and not sentence.has("saying"):
            feeling = _subject(sentence, mark)
            if feeling and feeling.lower() not in _PRONOUNS:
                return _in_full(feeling, text)
    return before if _goes_on(sentence) else None


def _goes_on(sentence: Sentence) -> bool:
    return "we read" in " ".join(sentence.words)


def _phrase(sentence: Sentence, start: int) -> str | None:
    """The words from a place up to the end of the phrase."""
    end = start
    while end < min(len(sentence.words), start + LONGEST) and sentence.words[end] not in (
        _STOPS | _QUOTES
    ):
        end += 1
    return _named(sentence, start, end)


def _subject(sentence: Sentence, verb: Mark) -> str | None:
    """What stands before the verb, or after it where a quotation ends before it."""
    words = sentence.words
    last = words[verb.start - 1] if verb.start else ""
    if last in _QUOTES or last == ",":
        after = _phrase(sentence, verb.end)
        if after is not None and after.lower() not in _PRONOUNS:
            return after
    start = verb.start
    while start > 0 and words[start - 1] not in ({";", ":", "that", "but", "while"} | _QUOTES):
        start -= 1
    chunks = _chunks(sentence, start, verb.start)
    for first, end in chunks:
        if first == end or words[first] in _OPENERS or _is_clause(sentence, first, end):
            continue
        return _named(sentence, first, end)
    return None


def _is_clause(sentence: Sentence, start: int, end: int) -> bool:
    """Whether a stretch says something, and is no name."""
    return any(start <= m.start < end for layer in _VERBS for m in sentence.of(layer))


def _chunks(sentence: Sentence, start: int, end: int) -> list[tuple[int, int]]:
    """Parts of a stretch between its commas."""
    found, first = [], start
    for at in range(start, end):
        if sentence.words[at] == ",":
            found.append((first, at))
            first = at + 1
    return [*found, (first, end)]


def _named(sentence: Sentence, start: int, end: int) -> str | None:
    """The words, if they name somebody."""
    while start < end and sentence.words[start] in (_QUOTES | {"the", "a", "an", "but", "and"}):
        start += 1
    while start < end and sentence.words[end - 1] in (
        _QUOTES
        | {
            "also",
            "has",
            "have",
            "had",
            "who",
            "to",
            "the",
            "would",
            "will",
            "is",
            "are",
            "was",
            "not",
            "'s",
            "can",
            "could",
        }
    ):
        end -= 1
    if start == end or end - start > LONGEST:
        return None
    text: str = sentence.span[start:end].text.strip(" \"“”'")
    if text.lower() in _PRONOUNS:
        return text
    if any(w in _REPORTED for w in sentence.words[start:end]) and "media" in text.lower():
        return None
    people = any(start <= m.start < end for m in sentence.of("people"))
    places = any(start <= m.start < end for m in sentence.of("place"))
    capital = any(t.text[:1].isupper() for t in sentence.span[start:end])
    short = end - start <= SHORT and not any(w in _OPENERS for w in sentence.words[start:end])
    return text if people or places or capital or short else None


def _by_parser(sentence: Sentence, verb: Mark) -> str | None:
    """The subject of the verb, where a pipeline with a parser has read the report."""
    doc = sentence.span.doc
    if not doc.has_annotation("DEP"):
        return None
    token: Token = sentence.span[verb.end - 1]
    subject = next((t for t in token.children if t.dep_ in ("nsubj", "nsubjpass")), None)
    if subject is None:
        return None
    apart = {t.i for c in subject.children if c.dep_ in _LOOSE for t in c.subtree}
    tree = [t.i - sentence.span.start for t in subject.subtree if t.i not in apart]
    return None if min(tree) < 0 else _named(sentence, min(tree), max(tree) + 1)


def _in_full(name: str, text: str) -> str:
    """The full name of somebody whom the report names in full elsewhere."""
    if not re.fullmatch(r"[A-Z][\w'’-]+", name):
        return name
    full = re.search(rf"((?:(?:[A-Z]\.|[A-Z][\w'’-]+) ){{1,3}}){re.escape(name)}\b", text)
    if full is None:
        return name
    words = full.group().split()
    known = [w for w in words if w.lower() not in _TITLES]
    return " ".join(known) if len(known) > 1 else name


_TITLES = {
    "president", "minister", "prime", "chancellor", "secretary", "the", "us", "russian", "mr", "ms",
    "mrs", "dr", "leader", "commissioner", "ambassador", "senator", "eu", "but", "and", "after",
}  # fmt: skip
