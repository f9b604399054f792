"""Scenarios: a change of regime and the assumptions to compute it under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from detente.errors import ScenarioError, nearest
from detente.policy.corridors import Corridors
from detente.policy.fields import (
    Countries,
    Country,
    Fraction,
    NewAve,
    OneCountry,
    Sectors,
    Strict,
    WorldName,
)
from detente.policy.horizon import HorizonName
from detente.policy.kinds import KINDS
from detente.policy.measures import Level, Measure
from detente.policy.pass_through import Form
from detente.policy.posterior import Posterior, register_posterior
from detente.policy.register import look_up, register
from detente.world.elasticities import known_source
from detente.world.embedded import load_world
from detente.world.world import World

MARGIN = 0.10
"""Handling margin of a hub as a share of value.

Feenstra and Hanson (2004, Journal of Economics & Management Strategy 13(1)) find an average markup
of Hong Kong re-exports of 24 percent; goods that only pass through pay less.
"""


class Selection(Strict):
    """All sanctions of some senders on a target, in force at the scenario's start.

    What is no sanction, such as a war, has to be named. `of` keeps those on the payments of all
    trade (`banks`), the others, which aim at some products or all (`goods`), or `all`.
    """

    senders: Countries
    target: Country
    of: Literal["goods", "banks", "all"] = "all"

    def chosen(self, on: date, own: Mapping[str, Measure] | None = None) -> dict[str, Measure]:
        """Pick the measures out of the register and the scenario's own, on a day."""
        return {
            name: m
            for name, m in _in_force(on, on, own or {}).items()
            if KINDS[m.kind].sanction
            and m.target == self.target
            and set(m.senders) & set(self.senders)
            and (self.of == "all" or _on_banks(m) == (self.of == "banks"))
        }


def _in_force(first: date, last: date, own: Mapping[str, Measure]) -> dict[str, Measure]:
    """Measures of the register and a scenario's own in force on some day of a period.

    One of its own without a start is imagined.
    """
    known = {**register().measures, **own}
    return {
        name: m
        for name, m in known.items()
        if m.months(first, last) > 0 and (m.start is not None or name not in own)
    }


def _on_banks(measure: Measure) -> bool:
    return measure.kind == "finance" and measure.sectors == ["all"]


Named = list[str | Selection | Measure]


class CostChange(Strict):
    """A cost factor on the trade of some origins with some destinations.

    Attributes
    ----------
    origins, destinations
        The trade: countries and groups.
    sectors
        All by default.
    factor
        Multiplies the cost of trade: 1.3 is an ad-valorem equivalent of 0.30.
    """

    origins: Countries
    destinations: Countries
    sectors: Sectors = Field(default=["all"])
    factor: float = Field(gt=0)


class Transfer(Strict):
    """Income that one country gives another, in the world's units.

    Attributes
    ----------
    payer, receiver
        One country each.
    amount
        A year, in the world's units, million US dollars in those that come with the package.
    """

    payer: OneCountry
    receiver: OneCountry
    amount: float


class LaneOfTrade(Strict):
    """Trade that may take hubs."""

    origins: Countries
    destinations: Countries


class Patronage(Strict):
    """A patron's subsidy that shrinks by a share of what the client gains."""

    patron: OneCountry
    client: OneCountry
    share: float = Field(ge=0, le=1)


class Routes(Strict):
    """Circumvention: which trade may take which hubs, and how readily; see `detente.policy.routes`.

    Attributes
    ----------
    hubs
        Countries that goods may pass through.
    lanes
        Trade that may take them; the first is the one whose leakage is reported.
    vartheta, margin
        Route elasticity; handling margin of a hub.
    hub_share
        Share of the lanes' trade that would take a hub without sanctions.
    enforcement
        Hub to factor of its handling cost.
    """

    hubs: Countries
    lanes: list[LaneOfTrade] = Field(min_length=1)
    vartheta: float | None = Field(default=None, gt=0)
    hub_share: float | None = Field(default=None, gt=0, lt=1)
    margin: float = Field(default=MARGIN, ge=0, lt=1)
    enforcement: dict[Country, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hubs_are_between(self) -> Routes:
        for lane in self.lanes:
            for hub in self.hubs:
                if [hub] in (lane.origins, lane.destinations):
                    other = next((h for h in self.hubs if h != hub), "another country")
                    raise ValueError(
                        f"hub {hub} is itself the origin or the destination of the trade "
                        f"{'+'.join(lane.origins)} to {'+'.join(lane.destinations)}; take {other}"
                    )
        for hub in self.enforcement:
            if hub not in self.hubs:
                raise ValueError(
                    f"enforcement at {hub!r}, which is no hub: {nearest(hub, self.hubs)}"
                )
        return self


class Change(Strict):
    """What a scenario does to measures, costs and incomes.

    Attributes
    ----------
    title
        One line for tables.
    lift
        Measures in the baseline that end: the inverse of imposing them. Names, measures spelled
        out, or selections such as `{senders: USA, target: BLR, of: banks}`.
    ease
        Measures in the baseline that lose part of their strength: name to degree, 1 is lifting.
    impose
        Measures that are added. Names, or measures spelled out.
    harden
        Measures in the baseline that change strength: name to the new ad-valorem equivalent.
    costs, transfers
        Cost factors and transfers given directly.
    form
        How measures are taken off, a `licence`, a `delisting` or a `repeal`, for all senders or by
        sender: it decides how much of the relief is used.
    reversible
        Whether the relief may be withdrawn at will.
    """

    title: str
    lift: Named = Field(default_factory=list)
    ease: dict[str, Fraction] = Field(default_factory=dict)
    impose: Named = Field(default_factory=list)
    harden: dict[str, NewAve] = Field(default_factory=dict)
    costs: list[CostChange] = Field(default_factory=list)
    transfers: list[Transfer] = Field(default_factory=list)
    form: Form | dict[Country, Form] = "repeal"
    reversible: bool = False


class Assumptions(Strict):
    """What a scenario is computed on, and how.

    Attributes
    ----------
    world
        A name that `load_world` takes, or a file of a world, seen from the file that names it.
    elasticities
        A name that `load_world` takes; omitted, the world's own.
    deficits
        Closure; see `detente.solve`.
    status_quo
        Day from which the change starts: measures that came into force, or ended, between the
        world's year and that day are put into the baseline first. Omitted, the baseline is the
        world as it is.
    level
        Whether ad-valorem equivalents take their low or high value; `central` is the central draw
        of the posterior of the case, or of the register.
    horizon
        How far ahead the answer looks: `first-year`, `three-years` or `long-run`; it sets trade
        elasticities, factors that cannot move, and how inputs replace each other, together
        (`detente.policy.horizon`).
    friction
        Whether relief is used only in part (`detente.policy.pass_through`), or in full the day it
        is signed.
    posterior
        Strengths that a record of trade confirms; omitted, those that come with the register.
    measures
        Measures by name, besides those of the register. One with a `start` is in force from that
        day as those of the register are; one without is imagined: only an option, to be imposed.
    corridors
        Ways of exporters to the sea by name, besides those on file; see `detente.policy.corridors`.
    routes
        Circumvention; omitted, all trade goes directly.
    patronage
        A subsidy that shrinks when its receiver gains.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    world: WorldName = "icio2022"
    elasticities: Annotated[str, AfterValidator(known_source)] | None = None
    deficits: Literal["share", "value", "zero"] = "share"
    status_quo: date | None = None
    level: Level = "central"
    horizon: HorizonName = "long-run"
    friction: bool = True
    posterior: Posterior | None = Field(default=None, exclude=True)
    measures: dict[str, Measure] = Field(default_factory=dict)
    corridors: dict[str, Corridors] = Field(default_factory=dict)
    routes: Routes | None = None
    patronage: Patronage | None = None


class Scenario(Change, Assumptions):
    """A change of regime and the assumptions to compute it under; see its two parts."""

    def load_world(self) -> World:
        """Load the world the scenario names, with its elasticities."""
        return load_world(self.world, self.elasticities)

    @property
    def confirmed(self) -> Posterior:
        """The posterior in force."""
        return self.posterior or register_posterior()

    @property
    def start(self) -> date:
        """Day from which the change starts: the status quo, or the end of the world's year."""
        if self.status_quo is not None:
            return self.status_quo
        world = self.load_world()
        if "year" not in world.data.attrs:
            raise ScenarioError(f"world {world.name!r} states no year: say `status_quo: DATE`")
        return date(int(world.data.attrs["year"]), 12, 31)

    def in_force(self, on: date) -> dict[str, Measure]:
        """Measures in force on a day: the register's and, where they have a start, its own.

        >>> ban = {"senders": "CHN", "target": "AUS", "kind": "import-ban", "ave": 1}
        >>> own = {"barley": {**ban, "start": "2020-05-19"}, "iron-ore": ban}
        >>> found = Scenario(title="", measures=own).in_force(date(2021, 1, 1))
        >>> "barley" in found, "iron-ore" in found
        (True, False)
        """
        return self.known_in_force(on, on)

    def known_in_force(self, first: date, last: date) -> dict[str, Measure]:
        """Measures in force on some day of a period."""
        return _in_force(first, last, self.measures)

    def actions(self) -> list[Action]:
        """Spell out what happens to which measure.

        Raises
        ------
        ScenarioError
            A name that neither the scenario nor the register has.
        """
        known = {**register().measures, **self.measures}
        lifted = [x for m in self.lift for x in self._found(m, known)]
        imposed = [x for m in self.impose for x in self._found(m, known)]
        found = [self._relief("lift", name, measure) for name, measure in lifted]
        found += [
            self._relief("ease", name, look_up(known, name, "measure"), degree)
            for name, degree in self.ease.items()
        ]
        found += [Action("impose", name, measure) for name, measure in imposed]
        found += [
            Action("harden", name, look_up(known, name, "measure"), new_ave=ave)
            for name, ave in self.harden.items()
        ]
        return found

    def _relief(
        self, verb: Literal["lift", "ease"], name: str, measure: Measure, degree: float = 1.0
    ) -> Action:
        """Take a measure off in the form that its sender uses."""
        by_sender = self.form if isinstance(self.form, dict) else {}
        otherwise = "repeal" if isinstance(self.form, dict) else self.form
        form = next((by_sender[s] for s in measure.senders if s in by_sender), otherwise)
        return Action(verb, name, measure, degree, form=form, reversible=self.reversible)

    def _found(
        self, wanted: str | Selection | Measure, known: Mapping[str, Measure]
    ) -> list[tuple[str, Measure]]:
        if isinstance(wanted, Measure):
            return [(wanted.title or f"{'+'.join(wanted.senders)} {wanted.kind}", wanted)]
        if isinstance(wanted, str):
            return [(wanted, look_up(dict(known), wanted, "measure"))]
        found = wanted.chosen(self.start, self.measures)
        if not found:
            raise ScenarioError(
                f"no measure of {'+'.join(wanted.senders)} on {wanted.target} ({wanted.of}) is in "
                f"force on {self.start}"
            )
        return list(found.items())


@dataclass(frozen=True)
class Action:
    """What a scenario does to one measure."""

    verb: Literal["lift", "ease", "impose", "harden"]
    name: str
    measure: Measure
    degree: Any = 1.0
    new_ave: float | None = None
    form: Form = "repeal"
    reversible: bool = False
    months: float = 1.0
