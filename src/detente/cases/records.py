"""What a case keeps on file: events, concessions, claims, and assumptions with their ranges."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field, model_validator

from detente.errors import nearest
from detente.policy.measures import Range, Strict
from detente.policy.register import look_up
from detente.simulation.metrics import METRICS, About


class Sourced(Strict):
    """A fact with its source.

    Attributes
    ----------
    source, url
        Who published it, where and when; an address, if there is one.
    certain, note
        False where sources differ or are thin; doubts in words.
    """

    source: str = Field(min_length=1)
    url: str | None = None
    certain: bool = True
    note: str = ""


class Event(Sourced):
    """Something that happened: when, who, what, and the measures it set or ended, by name."""

    date: datetime.date
    actors: list[str] = Field(min_length=1)
    what: str
    measures: list[str] = Field(default_factory=list)


class Concession(Sourced):
    """Something one side gave the other: when, who, to whom, what; `persons` released."""

    date: datetime.date
    by: str
    to: str
    what: str
    kind: Literal["release", "relief", "licence", "recognition", "other"]
    persons: int | None = Field(default=None, ge=0)
    measures: list[str] = Field(default_factory=list)


class Test(Strict):
    """How a claim is put to the model.

    Attributes
    ----------
    metric, parameters
        A metric by name and what it is about; see `detente.simulation.metrics`.
    scenarios
        Scenarios of the case in which the claim has to hold, in all of them.
    direction, threshold
        `rises` and `falls` are about the sign; `above` and `below` about the threshold, in the
        metric's unit.
    relative_to
        A scenario: the metric is taken as its ratio to that scenario's.
    negligible
        Size, in the metric's unit, below which an effect is called negligible.
    note
        How the words became a metric, and what is lost.
    """

    __test__ = False  # not a class of tests, for pytest

    metric: str
    parameters: About = Field(default_factory=About)
    scenarios: list[str] = Field(min_length=1)
    direction: Literal["rises", "falls", "above", "below"]
    threshold: float | None = None
    relative_to: str | None = None
    negligible: float | None = Field(default=None, ge=0)
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Test:
        metric = METRICS.get(self.metric)
        if metric is None:
            raise ValueError(f"unknown metric {self.metric!r}: {nearest(self.metric, METRICS)}")
        metric.check(self.metric, self.parameters)
        if (self.direction in ("above", "below")) != (self.threshold is not None):
            raise ValueError(
                "`above` and `below` need a `threshold`, `rises` and `falls` have none"
            )
        return self

    @property
    def limit(self) -> float:
        """What the metric is compared with."""
        return 0.0 if self.threshold is None else self.threshold

    @property
    def upward(self) -> bool:
        """Whether the claim is that the metric is large."""
        return self.direction in ("rises", "above")


class Claim(Sourced):
    """A statement somebody made, tied to a metric of the model or marked as outside it.

    Attributes
    ----------
    statement, form
        The words, `verbatim` or in `paraphrase`.
    speaker, where, date
        Who said it, on what occasion or in what publication, when.
    test
        The metric it is tied to.
    outside
        Why the model cannot speak to it; such a claim is not scored.
    """

    statement: str
    form: Literal["verbatim", "paraphrase"]
    speaker: str
    where: str
    date: datetime.date | None = None
    test: Test | None = None
    outside: str | None = None

    @model_validator(mode="after")
    def _tested_or_outside(self) -> Claim:
        if (self.test is None) == (self.outside is None):
            raise ValueError(
                "a claim has either a `test` (metric, scenarios, direction) or the reason why it "
                "is `outside` the model"
            )
        return self


ASSUMPTIONS = {
    "elasticities-goods": "multiple of the trade elasticities of goods",
    "elasticities-services": "multiple of the trade elasticities of services",
    "horizon": "share of the long-run response of trade, a multiple of all elasticities",
    "invoicing": "share of trade with third countries that pays in the sender's currency (rank)",
    "route-elasticity": "route elasticity as a multiple of the trade elasticity",
    "hub-share": "share of goods that would take a hub without sanctions",
    "hub-margin": "handling margin of a hub, share of value",
    "transfer-share": "share of the client's gain that the patron takes off its subsidy",
    "closure": "what holds deficits: share, value or zero",
}
"""What may be uncertain, besides `strength-SENDER`: the ad-valorem equivalents of a sender."""


class Assumption(Strict):
    """One thing that is uncertain, and how.

    A range has its central value as median and is uniform on either side of it. `spread` is the
    standard deviation of the logarithm, for elasticities; `common` is the part of its square that
    all sectors share. `choices` are equally likely. Nothing at all, for `strength-SENDER` and
    `invoicing`, takes the ranges of the measures themselves.

    Attributes
    ----------
    title
        In words.
    low, central, high
        A range.
    spread, common
        Of elasticities.
    choices
        Of a closure.
    source
        Where the range comes from.
    """

    title: str
    low: float | None = None
    central: float | None = None
    high: float | None = None
    spread: float | None = Field(default=None, gt=0, le=1.5)
    common: float = Field(default=0.5, ge=0, le=1)
    choices: list[Literal["share", "value", "zero"]] = Field(default_factory=list)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> Assumption:
        bounds = (self.low, self.central, self.high)
        given = [b is not None for b in bounds]
        if any(given) != all(given):
            raise ValueError("a range needs `low`, `central` and `high`")
        if sum((all(given), self.spread is not None, bool(self.choices))) > 1:
            raise ValueError("give a range, a `spread` or `choices`, only one of them")
        if all(given):
            _ = self.range
        return self

    @property
    def range(self) -> Range:
        """Low, central and high value."""
        return Range.model_validate({k: getattr(self, k) for k in ("low", "central", "high")})


def check_assumption(name: str, found: Assumption) -> None:
    """Raise a `ValueError` for an assumption that does not exist or is given in the wrong way."""
    if name.startswith("strength-"):
        wanted = "nothing"
    else:
        look_up(ASSUMPTIONS, name, "assumption")
        wanted = {
            "elasticities-goods": "spread",
            "elasticities-services": "spread",
            "invoicing": "nothing",
            "closure": "choices",
        }.get(name, "range")
    way = (
        "range"
        if found.low is not None
        else "spread"
        if found.spread is not None
        else "choices"
        if found.choices
        else "nothing"
    )
    if way != wanted:
        raise ValueError(f"assumption {name!r} takes {_WAYS[wanted]}, not {_WAYS[way]}")
    low, high = _LIMITS.get(name, (0.0, float("inf")))
    if way == "range" and not low <= found.range.low <= found.range.high <= high:
        raise ValueError(f"assumption {name!r} must lie between {low:g} and {high:g}")


_WAYS = {
    "range": "`low`, `central` and `high`",
    "spread": "a `spread`",
    "choices": "`choices`",
    "nothing": "only a title and a source (the ranges are those of the measures)",
}

_LIMITS = {
    "horizon": (0.05, 1.0),
    "route-elasticity": (0.1, 20.0),
    "hub-share": (1e-6, 0.5),
    "hub-margin": (0.0, 0.99),
    "transfer-share": (0.0, 1.0),
}
