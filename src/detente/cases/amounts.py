"""Amounts in what somebody said."""

from __future__ import annotations

import re

_UNIT = r"(?:percent|per\ cent|points?|times|fold|thousand|million|billion|trillion)"
_WORD = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|fifty|hundred)"
_AMOUNT = re.compile(
    rf"""
    (?<![\w.,/-]) \d[\d.,]* (?: \s?% | \s?{_UNIT}\b | (?![\w/-]) )
    | \b{_WORD}[ -]{_UNIT}\b
    | \b(?:a|one|two|three)\ (?:third|quarter|fifth|tenth)s?\b
    | \b(?:half|halve[sd]?|double[sd]?|twice|triple[sd]?|tenfold)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?\ {_MONTH}\b|\b{_MONTH}\ \d{{1,2}}\b(?!\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")


def amounts_in(words: str) -> list[str]:
    """Amounts in a sentence; years, days and digits in names are none.

    >>> amounts_in("It takes 0.6 points off, and halves trade with the G7 by 12 May 2025.")
    ['0.6 points', 'halves']
    >>> amounts_in("Since 2022, exports have doubled to 4 billion dollars or ten percent.")
    ['doubled', '4 billion', 'ten percent']
    """
    found = (m.strip(" .,") for m in _AMOUNT.findall(_DAY.sub("", words)))
    return [amount for amount in found if not _YEAR.fullmatch(amount)]
