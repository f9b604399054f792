"""Divisions of ISIC Rev. 4 that the codes of sectors stand for, in the spellings of tables."""

from __future__ import annotations

import re
from collections.abc import Iterable

SECTIONS = {
    "A": (1, 3), "B": (5, 9), "C": (10, 33), "D": (35, 35), "E": (36, 39), "F": (41, 43),
    "G": (45, 47), "H": (49, 53), "I": (55, 56), "J": (58, 63), "K": (64, 66), "L": (68, 68),
    "M": (69, 75), "N": (77, 82), "O": (84, 84), "P": (85, 85), "Q": (86, 88), "R": (90, 93),
    "S": (94, 96), "T": (97, 98), "U": (99, 99),
}  # fmt: skip
"""First and last division of every section."""

_PART = re.compile(r"([A-U]?)(\d*)[AB]?")


def divisions(code: str) -> frozenset[int]:
    """Two-digit divisions that a code covers; none where it is no code of ISIC.

    >>> sorted(divisions("C10T12")), sorted(divisions("C10-C12")), sorted(divisions("R_S"))
    ([10, 11, 12], [10, 11, 12], [90, 91, 92, 93, 94, 95, 96])
    >>> sorted(divisions("C24A")), sorted(divisions("C302T309")), sorted(divisions("J62_63"))
    ([24], [30], [62, 63])
    """
    found: set[int] = set()
    for stretch in code.split("_"):
        ends = [_ends(end) for end in re.split(r"[-T](?=.)", stretch)]
        if None in ends:
            return frozenset()
        spans = [span for span in ends if span is not None]
        found |= set(range(spans[0][0], spans[-1][1] + 1))
    return frozenset(found)


def _ends(part: str) -> tuple[int, int] | None:
    named = _PART.fullmatch(part)
    if named is None or part == "" or (named[2] == "" and named[1] == ""):
        return None
    if named[2]:
        division = int(named[2][:2])
        return division, division
    return SECTIONS[named[1]]


def with_section(code: str) -> str:
    """A code that begins with a division, with its section before it.

    >>> with_section("01T02"), with_section("C20")
    ('A01T02', 'C20')
    """
    if not code[:1].isdigit():
        return code
    first = min(divisions(code), default=0)
    inside = (s for s, (low, high) in SECTIONS.items() if low <= first <= high)
    return next(inside, "") + code


def sharing_divisions(code: str, others: Iterable[str]) -> list[str]:
    """The codes that have a division in common with one.

    >>> sharing_divisions("B", ["A01", "B05", "B06", "C16"])
    ['B05', 'B06']
    """
    own = divisions(code)
    return [other for other in others if divisions(other) & own]
