"""Kinds of measure: what each does to trade, and which fields it takes. A new one is an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from detente.world.names import group_members, those_in

if TYPE_CHECKING:
    from detente.policy.measures import Measure, Strengths
    from detente.world.world import World

Touched: TypeAlias = "list[tuple[list[str], list[str], Any]]"
"""Origins, destinations and share of products (a number, or one for each draw)."""


@dataclass(frozen=True)
class MeasureKind:
    """A kind of measure.

    Attributes
    ----------
    name, meaning
        As it stands in files; what it restricts, in one sentence.
    trade_touched
        Finds the trade that a measure acts on, given the world and the strengths: origins,
        destinations and the share of products covered.
    moves_with
        Name of the kinds of a sender whose strengths move together.
    takes
        Optional fields of a measure that have a meaning for this kind only.
    may_ban
        Whether it can prohibit, instead of making dearer.
    collects_revenue
        Whether it is a duty, which the importer collects.
    quantity
        Whether it stops a share of trade from the day it holds, whatever the elasticity; or else
        is a price, which trade answers over the years.
    caps_price
        Whether it caps a price, so that it has a `cap` in place of an ad-valorem equivalent.
    sanction
        Whether it is a sanction, which its sender can take back: selections of a sender's measures
        take in sanctions alone; anything else has to be named.
    """

    name: str
    meaning: str
    trade_touched: Callable[[Measure, World, Strengths], Touched]
    moves_with: str
    takes: tuple[str, ...] = ()
    may_ban: bool = True
    collects_revenue: bool = False
    quantity: bool = False
    caps_price: bool = False
    sanction: bool = True

    def check(self, measure: Measure) -> None:
        """Raise a `ValueError` for what the kind does not allow."""
        if self.collects_revenue and isinstance(measure.share, dict):
            raise ValueError(f"a {self.name} takes one `share`, not one by sector")
        if measure.ban and not self.may_ban:
            raise ValueError(f"a {self.name} measure needs an `ave`; only trade can be banned")
        if self.caps_price:
            if measure.ave is not None:
                raise ValueError(f"a {self.name} has a `cap`, and no `ave`")
            if measure.cap is None or measure.market_price is None:
                raise ValueError(f"a {self.name} needs a `cap` and a `market_price`")
        for field, kinds in _TAKEN_BY.items():
            if self.name not in kinds and getattr(measure, field) is not None:
                takers = " and ".join(kinds)
                raise ValueError(f"`{field}` is for {takers} measures, not {self.name}")


def _exports(measure: Measure, world: World, strengths: Strengths) -> Touched:
    return [(*_ends(measure, world), measure.products(world)[1])]


def _imports(measure: Measure, world: World, strengths: Strengths) -> Touched:
    senders, target = _ends(measure, world)
    return [(target, senders, measure.products(world)[1])]


def _all_trade(measure: Measure, world: World, strengths: Strengths) -> Touched:
    senders, target = _ends(measure, world)
    _, share = measure.products(world)
    return [(senders, target, share), (target, senders, share)]


def _payments(measure: Measure, world: World, strengths: Strengths) -> Touched:
    touched = _all_trade(measure, world, strengths)
    if measure.invoicing_share is not None:
        senders, target = _ends(measure, world)
        apart = {*senders, *target, *_countries(measure.invoicing_excludes or [], world)}
        third = [c for c in world.countries if c not in apart]
        share = measure.products(world)[1] * strengths.invoiced(measure)
        touched += [(third, target, share), (target, third, share)]
    return touched


def _sea_trade(measure: Measure, world: World, strengths: Strengths) -> Touched:
    _, target = _ends(measure, world)
    far = overseas(world.countries, measure.overseas)
    covered = measure.products(world)[1]
    if measure.corridor is not None:
        return [(target, far, covered)]
    return [(target, far, covered), (far, target, covered)]


def _shipped_to_others(measure: Measure, world: World, strengths: Strengths) -> Touched:
    senders, target = _ends(measure, world)
    apart = {*senders, *target}
    if measure.overseas is None:
        buyers = [c for c in world.countries if c not in group_members("CIS")]
    else:
        buyers = _countries(measure.overseas, world)
    return [(target, [c for c in buyers if c not in apart], measure.products(world)[1])]


def overseas(countries: list[str], named: list[str] | None = None) -> list[str]:
    """Countries reached by sea: those named, or all outside Europe and the CIS.

    >>> overseas(["BLR", "BRA", "DEU", "KAZ"])
    ['BRA']
    """
    if named is not None:
        return those_in(named, countries)
    near = {*group_members("Europe"), *group_members("CIS")}
    return [c for c in countries if c not in near]


def _ends(measure: Measure, world: World) -> tuple[list[str], list[str]]:
    """Senders and target as the world's own countries."""
    return _countries(measure.senders, world), _countries([measure.target], world)


def _countries(names: list[str], world: World) -> list[str]:
    """Without those that the world lacks: measures are on file for all worlds."""
    return those_in(names, world.countries)


KINDS = {
    kind.name: kind
    for kind in (
        MeasureKind(
            "export-ban",
            "Stops the senders' exports to the target.",
            _exports,
            "exports",
            quantity=True,
        ),
        MeasureKind(
            "import-ban",
            "Stops the senders' imports from the target.",
            _imports,
            "imports",
            quantity=True,
        ),
        MeasureKind(
            "tariff",
            "Adds a duty on the senders' imports from the target; revenue goes to the importer.",
            _imports,
            "imports",
            may_ban=False,
            collects_revenue=True,
        ),
        MeasureKind(
            "finance",
            "Makes paying for all trade between sender and target dearer, and for the part of the "
            "target's trade with third countries that is invoiced in the sender's currency.",
            _payments,
            "finance",
            takes=("invoicing_share", "invoicing_excludes"),
            may_ban=False,
        ),
        MeasureKind(
            "transit",
            "Makes the target's overseas trade through the sender's ports dearer, or shuts a "
            "corridor that it took.",
            _sea_trade,
            "transit",
            takes=("overseas", "corridor"),
        ),
        MeasureKind(
            "price-cap",
            "Lets buyers outside the coalition use the senders' ships and insurance only for goods "
            "of the target that cost no more than a cap; they keep the difference.",
            _shipped_to_others,
            "price-cap",
            takes=("overseas", "cap", "market_price", "evasion"),
            may_ban=False,
            caps_price=True,
        ),
        MeasureKind(
            "war",
            "Breaks off trade between the attackers and the attacked, both ways; not a sanction, "
            "and not lifted with the sanctions of either.",
            _all_trade,
            "war",
            quantity=True,
            sanction=False,
        ),
        MeasureKind(
            "withdrawal",
            "The senders' firms leave the target beyond what the law asks of them; not a sanction, "
            "and not undone with one.",
            _exports,
            "withdrawal",
            may_ban=False,
            quantity=True,
            sanction=False,
        ),
        MeasureKind(
            "supply-cut",
            "The target's firms stop deliveries to the senders; not a sanction of the senders, and "
            "not undone with one.",
            _imports,
            "supply-cut",
            quantity=True,
            sanction=False,
        ),
    )
}
"""Kinds by name."""

_TAKEN_BY = {
    field: [other.name for other in KINDS.values() if field in other.takes]
    for kind in KINDS.values()
    for field in kind.takes
}
