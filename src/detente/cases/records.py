"""What a case keeps on file: events, concessions, claims, and assumptions with their ranges."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from detente.cases.amounts import amounts_in
from detente.errors import nearest
from detente.policy.fields import ByYear, Strict
from detente.simulation.about import About
from detente.simulation.metrics import METRICS


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
    url: str | None = Field(default=None, pattern=r"^https?://")
    certain: bool = True
    note: str = ""


class Event(Sourced):
    """Something that happened.

    Attributes
    ----------
    date
        The day, as 2025-02-12.
    actors
        Who did it.
    what
        What happened, in one or two sentences.
    measures
        Measures that it set or ended, by name.
    """

    date: datetime.date
    actors: list[str] = Field(min_length=1)
    what: str
    measures: list[str] = Field(default_factory=list)


class Concession(Sourced):
    """Something one side gave the other.

    Attributes
    ----------
    date
        The day, as 2025-02-12.
    by, to
        Who gave it, and to whom.
    what
        What was given, in one or two sentences.
    kind
        `release` of persons, `relief`, `licence`, `recognition` or `other`.
    persons
        How many were released.
    measures
        Measures that relief or a licence is about, by name.
    """

    date: datetime.date
    by: str
    to: str
    what: str
    kind: Literal["release", "relief", "licence", "recognition", "other"]
    persons: int | None = Field(default=None, ge=0)
    measures: list[str] = Field(default_factory=list)


class Fact(Sourced):
    """What the record says of a commodity without its sanctions and under them, beside a metric.

    Attributes
    ----------
    title, unit
        What was counted, and in what.
    metric, parameters
        The metric that is its like in the model, in percent.
    free, sanctioned
        Values by year, before the sanctions on the commodity and under them.
    """

    title: str
    unit: str
    metric: str
    parameters: About
    free: ByYear
    sanctioned: ByYear = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_percent(self) -> Fact:
        metric = METRICS.get(self.metric)
        if metric is None:
            raise ValueError(f"unknown metric {self.metric!r}: {nearest(self.metric, METRICS)}")
        metric.check(self.metric, self.parameters)
        if metric.unit != "percent":
            raise ValueError(f"metric {self.metric!r} is in {metric.unit}; name one in percent")
        return self


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
        metric's unit. What was said with a number needs a threshold, or the number is not tested.
    relative_to
        A scenario: the metric is taken as its ratio to that scenario's.
    negligible
        Size, in the metric's unit, below which an effect is called negligible.
    note
        Where the threshold comes from, and what is lost between the words and the metric.
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
    """Something somebody said, tied to a metric of the model or marked as outside it.

    Attributes
    ----------
    said, form
        What the speaker said, close to the source: `verbatim` or in `paraphrase`.
    speaker, where, date
        Who said it, on what occasion or in what publication, when.
    tested, test
        What is put to the model in its place, in one sentence that is the case's own and not the
        speaker's; the metric it is tied to.
    outside
        Why the model cannot speak to it; such a claim is not scored.
    """

    said: str
    form: Literal["verbatim", "paraphrase"]
    speaker: str
    where: str
    date: datetime.date | None = None
    tested: str | None = None
    test: Test | None = None
    outside: str | None = None

    @property
    def number_untested(self) -> bool:
        """Whether a number was said, and what is tested is only a direction."""
        sign_only = self.test is not None and self.test.threshold is None
        return sign_only and bool(amounts_in(self.said))

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, given: Any) -> Any:
        if isinstance(given, dict) and "statement" in given:
            raise ValueError(
                "`statement` is now `said` (what the speaker said) and `tested` (what is put to "
                "the model)"
            )
        return given

    @model_validator(mode="after")
    def _tested_or_outside(self) -> Claim:
        if (self.test is None) == (self.outside is None):
            raise ValueError(
                "a claim has either a `test` (metric, scenarios, direction) or the reason why it "
                "is `outside` the model"
            )
        if (self.test is None) != (self.tested is None):
            raise ValueError(
                "a claim with a `test` says in `tested` what is put to the model, in one sentence; "
                "one that is `outside` has neither"
            )
        return self
