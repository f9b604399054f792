"""Names of goods and industries in divisions of ISIC Rev. 4, which most sector codes are made of.

Codes of OECD, Eurostat and WIOD tables are read as the divisions they stand for: `C10T12`,
`C10-C12`, `D10T12`, `J62_63`, `R_S`. Words are our own compilation after the titles of ISIC Rev. 4
(United Nations 2008, Statistical Papers M 4), in `data/sector_words.csv`; see docs/data.md.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, TypeAlias, cast

from detente.world.countries import folded
from detente.world.isic import SECTIONS

Divisions: TypeAlias = frozenset[str]
Kind: TypeAlias = Literal["whole", "titled", "part", "choice"]

_DIVIDED = {"24": ("24A", "24B"), "30": ("301", "302T309")}
"""Divisions that the OECD's tables divide: iron and steel, other metals; ships, what else moves."""
_END = r"([A-U]?)(30[1-9]|24[AB]|\d\d|)"
_CODE = re.compile(rf"{_END}(?:[T_-]{_END})?")


class Word(NamedTuple):
    """What a word for a good or an industry means.

    Attributes
    ----------
    kind
        `whole`, all of its divisions; `titled`, the title of its division names it with others;
        `part`, a good that is only part of them; `choice`, it may mean one or the other.
    divisions
        Of ISIC Rev. 4.
    within
        A sector as wide as this may still be called by the word.
    """

    kind: Kind
    divisions: Divisions
    within: Divisions


@cache
def divisions_of(code: str) -> Divisions:
    """Divisions of ISIC Rev. 4 that a sector code stands for; none where it is not made of them.

    >>> sorted(divisions_of("C10-C12")), sorted(divisions_of("C24")), sorted(divisions_of("S1"))
    (['10', '11', '12'], ['24A', '24B'], [])
    """
    match = _CODE.fullmatch(code.upper())
    if match is None:
        return frozenset()
    letter, number, last_letter, last_number = match.groups()
    first = _end(letter, number)
    last = first if last_letter is None else _end(last_letter, last_number)
    if not (first and last):
        return frozenset()
    order = _order()
    return frozenset(order[order.index(first[0]) : order.index(last[-1]) + 1])


@cache
def word_of(name: str) -> Word | None:
    """Meaning of a word, or of a code of ISIC; None for what is neither.

    >>> word_of("Crude oil").kind, sorted(word_of("C31T33").divisions)
    ('titled', ['31', '32', '33'])
    """
    code = divisions_of(name)
    return _words().get(folded(name)) or (Word("whole", code, frozenset()) if code else None)


def vocabulary() -> list[str]:
    """All words for goods and industries, as they are written.

    >>> "potash" in vocabulary()
    True
    """
    return [word for word, _ in _spelled()]


@cache
def words_for(divisions: Divisions) -> list[str]:
    """Words that mean some of these divisions and no other, those for all of them first.

    >>> words_for(divisions_of("C24A"))[:2]
    ['steel', 'iron and steel']
    """
    found = [(w, name) for name, w in _spelled() if w.kind in ("whole", "titled")]
    inside = [(w.divisions != divisions, name) for w, name in found if w.divisions <= divisions]
    return [name for _, name in sorted(inside, key=lambda pair: pair[0])]


@cache
def _order() -> tuple[str, ...]:
    numbers = [f"{n:02}" for first, last in SECTIONS.values() for n in range(first, last + 1)]
    return tuple(part for number in numbers for part in _DIVIDED.get(number, (number,)))


def _end(letter: str, number: str) -> list[str]:
    """Divisions at one end of a code, in order: a section, or a division that is in it.

    Tables of the OECD up to 2021 write D before the number of any division.
    """
    if not number:
        first, last = SECTIONS.get(letter, (0, -1))
        numbers = [f"{n:02}" for n in range(first, last + 1)]
    else:
        numbers = [number[:2]]
        section = next((s for s, (a, b) in SECTIONS.items() if a <= int(number[:2]) <= b), None)
        if section is None or letter not in ("", "D", section):
            return []
    parts = [part for n in numbers for part in _DIVIDED.get(n, (n,))]
    if len(number) == 3:
        return [number if number in parts else "302T309"]
    return parts


@cache
def _spelled() -> list[tuple[str, Word]]:
    """Every word as it is written, and its meaning."""
    path = files("detente.world") / "data" / "sector_words.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return [
        (word, Word(cast(Kind, row["kind"]), _union(row["isic"]), _union(row["within"])))
        for row in rows
        for word in row["words"].split("|")
    ]


def _union(codes: str) -> Divisions:
    return frozenset[str]().union(*map(divisions_of, codes.split()))


@cache
def _words() -> dict[str, Word]:
    return {folded(word): meaning for word, meaning in _spelled()}


def is_held(name: str, sectors: Sequence[str]) -> bool:
    """Tell whether any sector of a world holds some of what a known word for sectors means.

    >>> is_held("H51", ["A01", "C20"]), is_held("semiconductors", ["C25", "C26"])
    (False, True)
    """
    if name in sectors:
        return True
    word = word_of(name)
    return word is None or any(divisions_of(s) & word.divisions for s in sectors)
