"""Measures: single sanctions, in the words of an analyst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from detente.arrays import Array, Positions
from detente.policy.coverage import covered
from detente.policy.fields import (
    HIGHEST_RATE,
    Ave,
    BySector,
    ByYear,
    Countries,
    Country,
    Fraction,
    Part,
    Positive,
    Sectors,
    Share,
    Strict,
    as_rate,
    in_year,
    known_kind,
)
from detente.policy.kinds import KINDS

if TYPE_CHECKING:
    from detente.world.world import World

    Kind: TypeAlias = Any
else:
    Kind = Literal[tuple(KINDS)]  # for forms, which list its arguments; a measure checks its own
Level = Literal["low", "central", "high"]

QUANTILES: dict[Level, float] = {"low": 0.0, "central": 0.5, "high": 1.0}
"""Where in its range each level is; see `Range.at`."""


STRENGTH = "strength-"
"""What the name of an assumption about the strength of a group of measures begins with."""

AIMS = {
    "energy": {"B05", "B06", "C19"},
    "machines": {"C25", "C26", "C27", "C28", "C29", "C301", "C302T309"},
}
"""Groups of sectors whose measures were made and are kept alike; everything else is `other`."""


@dataclass(frozen=True)
class Strengths:
    """Where in their ranges the strengths of measures are: quantiles, one or one for each draw.

    Attributes
    ----------
    all
        Of every measure that is in none of the groups below.
    of
        By group of measures; see `Measure.groups`.
    invoicing
        Of shares of trade invoiced in a currency.
    evasion
        Of shares of cargoes that evade a price cap.
    """

    all: float | Array = 0.5
    of: Mapping[str, float | Array] = field(default_factory=dict)
    invoicing: float | Array = 0.5
    evasion: float | Array = 0.5

    @classmethod
    def at(cls, level: Level) -> Strengths:
        """Every range at its low, central or high value; a cap is weak where evasion is high."""
        quantile = QUANTILES[level]
        return cls(quantile, {}, quantile, 1 - quantile)

    def rank(self, groups: Iterable[str]) -> float | Array:
        """Where in their ranges measures are that belong to some groups, narrowest first."""
        return next((self.of[group] for group in groups if group in self.of), self.all)

    def ave(self, measure: Measure) -> Any:
        """Ad-valorem equivalent of a measure; infinite for a ban.

        Of a price cap, the wedge between what buyers of the cargoes covered would pay and what the
        seller receives, over the latter; of a measure that shuts a corridor, what the way round
        costs.
        """
        if measure.cap is not None:
            discount = self.discount(measure)
            return discount / (1 - discount)
        if measure.ave is None:
            return float("inf")
        return measure.ave.at(self.rank(measure.groups))

    def discount(self, measure: Measure, year: int | None = None) -> Any:
        """Discount that a price cap enforces on the cargoes covered, at the market price of a year.

        (1 - cap / price) (1 - evasion), and nothing where the cap is above the price.

        >>> cap = Measure(senders="USA", target="RUS", kind="price-cap", cap=60, market_price=80)
        >>> float(Strengths().discount(cap))
        0.25
        """
        price = in_year(measure.market_price, year)
        assert measure.cap is not None
        assert price is not None
        evasion = 0.0 if measure.evasion is None else measure.evasion.at(self.evasion)
        return max(0.0, 1 - measure.cap / price) * (1 - evasion)

    def invoiced(self, measure: Measure) -> Any:
        """Share of the target's trade with third countries that a finance measure reaches."""
        return (
            0.0 if measure.invoicing_share is None else measure.invoicing_share.at(self.invoicing)
        )


class Measure(Strict):
    """One sanction: who does what to whom, in which sectors, how hard, since when.

    Attributes
    ----------
    title
        Words for tables.
    senders
        Who has the measure: country codes, names or groups. Read for a world, names are its codes.
        The sender of a transit measure is the country of the ports.
    target
        On whom: one code, name or group.
    kind
        What it restricts; see `detente.policy.kinds.KINDS`.
    sectors
        Sectors covered; all by default.
    share
        Share of the sector's products that is covered, one for all sectors or by sector; for
        transit, the share of overseas trade that used the ports. Above 0 and up to 1.
    split
        Shares by sector in a world in which parts were split off a sector of `sectors`, such as
        potash off chemicals: of that sector and its parts only those named here are covered, so
        much of each. Without it all parts are, with the share of the whole.
    ave
        Ad-valorem equivalent inside the products covered, one number or low, central and high:
        0.30, or 30%, is a cost factor of 1.30. For a tariff, its rate.
    ban
        Prohibitive: no trade at all in the products covered. Excludes `ave`.
    invoicing_share
        Finance only: share of the target's trade with third countries that is paid in the
        sender's currency.
    invoicing_excludes
        Finance only: third countries whose trade with the target is paid in other currencies
        (Belarus and Russia settle in roubles), to which `invoicing_share` does not apply.
    overseas
        Transit: the destinations, and origins, reached by sea; by default every country outside
        Europe and the Commonwealth of Independent States. Price cap: the buyers whose cargoes
        come by sea; by default all but the senders and the Commonwealth.
    corridor
        Transit only: the corridor on file, or of the scenario, that the measure shuts; see
        `detente.policy.corridors`. What the way round costs stands there, so that an `ave` may be
        left out.
    cap
        Price cap only: what buyers may pay, in a unit such as US dollars a barrel.
    market_price
        Price cap only: what they would pay without the cap, in the same unit, one number or by
        year.
    evasion
        Price cap only: share of the cargoes covered that go without the senders' services, or pay
        more than they declare.
    start
        First day in force; without it the measure is imagined, an option to impose.
    end
        Last day in force.
    wind_down
        Last day on which contracts concluded earlier could be carried out: trade feels the measure
        from the day after it.
    group
        Measures of the sender whose strength moves with this one's, in one word, such as `coal`:
        the assumption `strength-SENDER-coal` is about them.
    instrument
        The legal act.
    source
        Where it can be read.
    ave_source, invoicing_source
        Where the strength and the invoicing share come from.
    note
        Doubts.
    """

    title: str = ""
    senders: Countries
    target: Country
    kind: Annotated[str, AfterValidator(known_kind)]
    sectors: Sectors = Field(default=["all"])
    share: Fraction | BySector = 1.0
    split: dict[str, Part] = Field(default_factory=dict)
    ave: Ave | None = None
    ban: bool = False
    invoicing_share: Share | None = None
    invoicing_excludes: Countries | None = None
    overseas: Countries | None = None
    corridor: str | None = None
    cap: Positive | None = None
    market_price: ByYear | None = None
    evasion: Share | None = None
    start: date | None = None
    end: date | None = None
    wind_down: date | None = None
    group: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$")] | None = None
    instrument: str = ""
    source: str = ""
    ave_source: str = ""
    invoicing_source: str = ""
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _duty(cls, given: Any) -> Any:
        """Refuse a duty of 25 that means 25 percent."""
        if isinstance(given, dict) and given.get("kind") == "tariff":
            ave = given.get("ave")
            for rate in ave.values() if isinstance(ave, dict) else [ave]:
                as_rate(rate, HIGHEST_RATE)
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Measure:
        if self.ban and self.ave is not None:
            raise ValueError(
                "a ban has no ad-valorem equivalent: give `ban: true` or `ave`, not both"
            )
        given = self.corridor is not None or KINDS[self.kind].caps_price
        if not self.ban and self.ave is None and not given:
            raise ValueError("a measure needs a strength: `ave: 0.25`, or `ban: true`")
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        if self.wind_down and not (self.start and self.start <= self.wind_down):
            raise ValueError(f"wound down until {self.wind_down}, which needs a `start` before it")
        KINDS[self.kind].check(self)
        if isinstance(self.share, dict) and set(self.share) != set(self.sectors):
            raise ValueError("a `share` by sector needs one for each of `sectors`, and no other")
        if self.invoicing_excludes is not None and self.invoicing_share is None:
            raise ValueError("`invoicing_excludes` needs an `invoicing_share`")
        return self

    def strength(self, level: Level = "central") -> float:
        """Ad-valorem equivalent at its low, central or high value; infinite for a ban."""
        return float(Strengths.at(level).ave(self))

    @property
    def joint(self) -> bool:
        """Whether measures like it do something else together than one by one.

        A corridor that is shut already cannot be shut again, and of two price caps one counts.
        """
        return self.corridor is not None or self.cap is not None

    def products(self, world: World) -> tuple[Positions, Any]:
        """Sectors of a world that are covered, by position, and the share: one, or one each, [j,1].

        >>> from detente.world.embedded import load_world
        >>> potash = Measure(
        ...     senders="USA", target="BLR", kind="import-ban", ave=1, sectors="C20", share=0.8,
        ...     split={"potash": 1},
        ... )
        >>> world = load_world("icio2022+potash")
        >>> [world.sectors[j] for j in potash.products(world)[0]]
        ['potash']
        """
        share = self.share
        by_sector = share if isinstance(share, dict) else dict.fromkeys(self.sectors, share)
        named = tuple((sector, by_sector[sector]) for sector in self.sectors)
        return covered(named, tuple(self.split.items()), world.sectors)

    @property
    def groups(self) -> list[str]:
        """Groups of measures that it belongs to, narrowest first: its own, sender, kind, aim.

        >>> oil = dict(senders="USA", target="RUS", kind="import-ban", sectors="C19", ave=1)
        >>> Measure(**oil).groups
        ['USA-imports-energy', 'USA-imports', 'imports', 'USA']
        >>> Measure(**oil, group="fuel").groups[0]
        'USA-fuel'
        """
        kind = KINDS[self.kind].moves_with
        aims = {
            next((a for a, s in AIMS.items() if sector in s), "other") for sector in self.sectors
        }
        aim = aims.pop() if len(aims) == 1 else "other"
        narrow = [g for s in self.senders for g in (f"{s}-{kind}-{aim}", f"{s}-{kind}")]
        own = [] if self.group is None else [f"{s}-{self.group}" for s in self.senders]
        return [*own, *narrow, kind, *self.senders]

    def months(self, first: date, last: date) -> float:
        """Share of a period, both days included, in which trade feels the measure.

        >>> law = Measure(senders="USA", target="RUS", kind="export-ban", ave=1, start="2022-07-02")
        >>> round(law.months(date(2022, 1, 1), date(2022, 12, 31)), 2)
        0.5
        """
        felt = self.wind_down + timedelta(days=1) if self.wind_down else self.start
        begins, ends = max(felt or first, first), min(self.end or last, last)
        return max((ends - begins).days + 1, 0) / ((last - first).days + 1)

    def in_force(self, on: date) -> bool:
        """Tell whether the measure is in force on a day; without a start it always was."""
        return (self.start is None or self.start <= on) and (self.end is None or on <= self.end)
