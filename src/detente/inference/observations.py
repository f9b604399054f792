"""Observations: what trade did, in a form that simulated trade can be compared with."""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from detente.policy.fields import Countries, Sectors, Strict

CHANGES = ("trade", "covered", "uncovered")
"""Observations of how trade changed, which bystanders can be set beside."""

RATIOS = ("offset", "arrival")
"""Observations that are a ratio of two values, not its logarithm."""


class Span(Strict):
    """A value over a period.

    Attributes
    ----------
    first, last
        First and last day of the period.
    value
        In the observation's unit.
    """

    first: date
    last: date
    value: float = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.last < self.first:
            raise ValueError(f"ends on {self.last}, before it begins on {self.first}")
        return self

    @property
    def period(self) -> tuple[date, date]:
        """First and last day."""
        return self.first, self.last


class Flow(Strict):
    """Trade of some origins with some destinations in some sectors.

    Attributes
    ----------
    origins, destinations
        Countries and groups.
    sectors
        All goods by default.
    """

    origins: Countries
    destinations: Countries
    sectors: Sectors = Field(default=["goods"])


class Bystanders(Flow):
    """Trade that is to show what would have happened anyway.

    Attributes
    ----------
    before, after
        Its values in the two periods, in any one unit.
    """

    before: float = Field(gt=0)
    after: float = Field(gt=0)


class Observation(Flow):
    """A fall or rise of trade on record.

    Attributes
    ----------
    title
        In words.
    of
        `trade` compares all trade of the flow; `covered` only the products under an export or
        import ban in the second period, `uncovered` the others; `offset` is the rise of trade
        through hubs over the fall of direct trade, with the two in `after` and `before`; `arrival`
        is the part of additional exports to a hub that its own customs record, with recorded and
        declared rise in `after` and `before`; `gravity`
        is an effect at given prices, as structural gravity estimates it, beside the trade that
        there would have been.
    measures
        The bans whose products are meant by `covered` and `uncovered`; all on the flow by default.
    before, after
        The two periods and the values in them.
    unit
        Of the values.
    against
        Bystanders: the logarithm of their own growth is taken off, on record and in the
        simulation.
    error
        Standard error of the logarithm (of a ratio: of itself), the doubts about what a model
        of sectors can say about it included.
    source, note
        Where the values come from; how they were put together.
    """

    title: str
    of: Literal["trade", "covered", "uncovered", "offset", "arrival", "gravity"] = "trade"
    measures: list[str] = Field(default_factory=list)
    before: Span
    after: Span
    unit: str
    against: Bystanders | None = None
    error: float = Field(gt=0)
    source: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _comparable(self) -> Observation:
        if self.against is not None and self.of not in CHANGES:
            raise ValueError(f"`against` has no meaning for an observation of {self.of}")
        if self.measures and self.of not in ("covered", "uncovered"):
            raise ValueError(f"`measures` has no meaning for an observation of {self.of}")
        return self

    @property
    def value(self) -> float:
        """Log change beside the bystanders', or the offset ratio or part that arrives.

        >>> span = {"first": "2021-01-01", "last": "2021-12-31"}
        >>> fell = Observation(
        ...     title="", origins="USA", destinations="RUS", unit="USD", error=0.1, source="x",
        ...     before={**span, "value": 2}, after={**span, "value": 1},
        ... )
        >>> round(fell.value, 3)
        -0.693
        """
        ratio = self.after.value / self.before.value
        if self.of in RATIOS:
            return ratio
        growth = 0.0 if self.against is None else np.log(self.against.after / self.against.before)
        return float(np.log(ratio) - growth)
