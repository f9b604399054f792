"""Sizes in claims: how much a metric has to move for what was said to hold."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from detente.cases.drafting.gazetteers import Mark
from detente.cases.drafting.sentences import Sentence

Direction = Literal["rises", "falls", "above", "below"]


NEGLIGIBLE = {"welfare": 0.01, "influence": 0.05, "real-wage": 0.05, "equivalent-variation": 10.0}
"""Size below which an effect is called too small to matter; for other metrics `SMALL`."""
SMALL = 0.5

_NUMBER = re.compile(
    r"(?P<n>\d+(?:[.,]\d+)?)\s*"
    r"(?P<unit>%|per\s?cent|percent|percentage points?|points?|billion|million)",
    re.IGNORECASE,
)
_MORE = re.compile(r"(more than|at least|over|above)\s+(?:\$\s?)?$", re.IGNORECASE)
_LESS = re.compile(
    r"(less than|at most|up to|under|as much as|no more than)\s+(?:\$\s?)?$", re.IGNORECASE
)


def _negated(sentence: Sentence, effect: Mark, thing: Mark | None) -> bool:
    """Whether the effect is denied: `would not hurt`, `hurt farmers but not the economy`."""
    if any(0 <= effect.start - n.end <= 3 for n in sentence.of("negation")):
        return True
    between = sentence.words[effect.end : thing.start] if thing is not None else []
    return any(a == "but" and b == "not" for a, b in pairwise(between))


def sized(
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
    """What a number asks of the metric: `more than`, `up to`, or half of a plain one."""
    place = next(
        m.start()
        for m in _NUMBER.finditer(sentence.text)
        if float(m["n"].replace(",", ".")) == size
    )
    before = sentence.text[:place]
    upward = direction == "rises"
    if _LESS.search(before):
        return ("below", size * unit) if upward else ("above", -size * unit)
    least = (size if _MORE.search(before) else size / 2) * unit
    return ("above", least) if upward else ("below", -least)
