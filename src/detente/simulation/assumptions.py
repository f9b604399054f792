"""What may be uncertain in a case: each assumption, how it is given and what it moves.

An assumption is one function here: it puts its drawn values into the parameters of a simulation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from detente.arrays import Array
from detente.errors import ScenarioError, nearest
from detente.policy.fields import Range, Strict
from detente.policy.measures import STRENGTH
from detente.policy.parameters import Parameters
from detente.world.closure import Deficits

Given = Literal["range", "spread", "choices", "nothing"]
Part = Literal["", "routes", "patronage"]

WAYS: dict[Given, str] = {
    "range": "`low`, `central` and `high`",
    "spread": "a `spread`",
    "choices": "`choices`",
    "nothing": "only a title and a source (the ranges are those of the measures)",
}
"""How an assumption may be given, in words."""

TAILS = 2.5
"""Standard deviations at which normal distributions are cut off."""


class Assumption(Strict):
    """One thing that is uncertain, and how.

    A range has its central value as median and is uniform on either side of it. `spread` is the
    standard deviation of the logarithm, for elasticities; `common` is the part of its square that
    all sectors share. `choices` are equally likely. Nothing at all, for `strength-GROUP` and
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
    choices: list[Deficits] = Field(default_factory=list)
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

    @property
    def given(self) -> Given:
        """How it is given."""
        if self.low is not None:
            return "range"
        if self.spread is not None:
            return "spread"
        return "choices" if self.choices else "nothing"


@dataclass(frozen=True)
class AssumptionKind:
    """An assumption that a case may make.

    Attributes
    ----------
    meaning
        In one phrase.
    given
        How it is given.
    low, high
        Limits of a range.
    needs
        The part of a case without which it has no meaning.
    goods
        For elasticities: whether they are those of goods, or of services.
    apply
        Puts drawn values [k] into parameters; of elasticities, multiples [j,k].
    """

    meaning: str
    given: Given
    low: float
    high: float
    needs: Part
    goods: bool | None
    apply: Callable[[Parameters, Any], Parameters]


ASSUMPTIONS: dict[str, AssumptionKind] = {}
"""What may be uncertain by name, besides `strength-GROUP`."""

Apply = Callable[[Parameters, Any], Parameters]


def assumption(
    name: str,
    meaning: str,
    given: Given = "range",
    *,
    low: float = 0.0,
    high: float = float("inf"),
    needs: Part = "",
    goods: bool | None = None,
) -> Callable[[Apply], Apply]:
    """Register the function below as an assumption."""

    def register(apply: Apply) -> Apply:
        ASSUMPTIONS[name] = AssumptionKind(meaning, given, low, high, needs, goods, apply)
        return apply

    return register


@assumption(
    "elasticities-goods", "multiple of the trade elasticities of goods", "spread", goods=True
)
@assumption(
    "elasticities-services",
    "multiple of the trade elasticities of services",
    "spread",
    goods=False,
)
def elasticities(p: Parameters, multiple: Array) -> Parameters:
    """Long-run trade elasticities, sector by sector."""
    return replace(p, theta_long=p.theta_long * multiple)


@assumption(
    "horizon",
    "share of the long-run response of trade, a multiple of all elasticities",
    low=0.05,
    high=1.0,
)
def horizon(p: Parameters, share: Array) -> Parameters:
    """Trade elasticities within the horizon."""
    return replace(p, horizon=share)


@assumption(
    "invoicing",
    "share of trade with third countries that pays in the sender's currency (rank)",
    "nothing",
)
def invoicing(p: Parameters, rank: Array) -> Parameters:
    """Where shares invoiced in a currency are in their ranges."""
    return replace(p, strengths=replace(p.strengths, invoicing=rank))


@assumption(
    "route-elasticity",
    "route elasticity as a multiple of the trade elasticity",
    low=0.1,
    high=20.0,
    needs="routes",
)
def route_elasticity(p: Parameters, multiple: Array) -> Parameters:
    """Vartheta over theta."""
    return replace(p, nesting=multiple)


@assumption(
    "hub-share",
    "share of goods that would take a hub without sanctions",
    low=1e-6,
    high=0.5,
    needs="routes",
)
def hub_share(p: Parameters, share: Array) -> Parameters:
    """Level of the odds of hubs."""
    return replace(p, hub_share=share)


@assumption(
    "hub-margin", "handling margin of a hub, share of value", low=0.0, high=0.99, needs="routes"
)
def hub_margin(p: Parameters, share: Array) -> Parameters:
    """What hubs earn."""
    return replace(p, hub_margin=share)


@assumption(
    "false-transit",
    "share of goods declared for a hub that never enter it, from which it earns nothing",
    low=0.0,
    high=1.0,
    needs="routes",
)
def false_transit(p: Parameters, share: Array) -> Parameters:
    """Goods that pass a hub on paper only."""
    return replace(p, false_transit=share)


@assumption(
    "transfer-share",
    "share of the client's gain that the patron takes off its subsidy",
    low=0.0,
    high=1.0,
    needs="patronage",
)
def transfer_share(p: Parameters, share: Array) -> Parameters:
    """The patron's subsidy."""
    return replace(p, patron_share=share)


@assumption("evasion", "share of cargoes that evade a price cap (rank)", "nothing")
def evasion(p: Parameters, rank: Array) -> Parameters:
    """Where shares of cargoes that evade a cap are in their ranges."""
    return replace(p, strengths=replace(p.strengths, evasion=rank))


@assumption("pass-through", "share of relief that is used, by its form (rank)", "nothing")
def pass_through(p: Parameters, rank: Array) -> Parameters:
    """Where in their ranges the shares of relief that is used are."""
    return replace(p, pass_through=replace(p.pass_through, rank=rank))


@assumption("contained", "what the table contains of the measures of its year (rank)", "nothing")
def contained(p: Parameters, rank: Array) -> Parameters:
    """Fall of trade in the table, in standard errors beside the estimate."""
    return replace(p, contained=normal(rank))


@assumption("closure", "what holds deficits: share, value or zero", "choices")
def closure(p: Parameters, deficits: Any) -> Parameters:
    """Closure."""
    return replace(p, deficits=deficits)


def strength_of(group: str) -> Apply:
    """How strengths of the measures of a group, or of all others, move."""

    def apply(p: Parameters, rank: Array) -> Parameters:
        s = p.strengths
        if group == "others":
            return replace(p, strengths=replace(s, all=rank))
        return replace(p, strengths=replace(s, of={**s.of, group: rank}))

    return apply


def kind_of(name: str) -> AssumptionKind:
    """Look an assumption up.

    Raises
    ------
    ScenarioError
        There is none of that name; the message suggests the nearest.

    >>> kind_of("horizon").given
    'range'
    """
    if name.startswith(STRENGTH):
        group = name.removeprefix(STRENGTH)
        meaning = f"ad-valorem equivalents of {group} (rank)"
        apply = strength_of(group)
        return AssumptionKind(meaning, "nothing", -np.inf, np.inf, "", None, apply)
    if name not in ASSUMPTIONS:
        raise ScenarioError(f"unknown assumption {name!r}: {nearest(name, ASSUMPTIONS)}")
    return ASSUMPTIONS[name]


def check_assumption(name: str, found: Assumption) -> None:
    """Raise a `ValueError` for an assumption that does not exist or is given in the wrong way."""
    kind = kind_of(name)
    if found.given != kind.given:
        raise ValueError(f"assumption {name!r} takes {WAYS[kind.given]}, not {WAYS[found.given]}")
    if kind.given == "range" and not kind.low <= found.range.low <= found.range.high <= kind.high:
        raise ValueError(f"assumption {name!r} must lie between {kind.low:g} and {kind.high:g}")


def normal(u: Any) -> Any:
    """Standard normal at a quantile, cut off in the tails.

    >>> float(normal(0.5)), float(normal(0.0))
    (0.0, -2.5)
    """
    from scipy.special import ndtri  # draws that are kept do without

    return np.clip(ndtri(u), -TAILS, TAILS)
