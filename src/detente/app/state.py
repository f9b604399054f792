"""What the page shows, as a value; nothing of it is kept on the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from detente.app.starts import first_day, scenario_at
from detente.policy.horizon import HorizonName
from detente.policy.measures import Kind, Level, Measure
from detente.policy.register import register
from detente.policy.scenario import Selection

Deficits = Literal["share", "value", "zero"]
Name = Literal["a", "b"]
Part = Literal["goods", "banks"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What of a sender's measures one slider eases together; see `Selection`."""

PERCENT = 100


class NewMeasure(NamedTuple):
    """A measure to impose: by all senders unless `by` names some; a ban if it has no strength."""

    kind: Kind = "export-ban"
    sectors: str = "goods"
    strength: int | None = 20
    by: str = ""

    def measure(self, senders: Iterable[str], target: str) -> Measure:
        """Spell it out."""
        return Measure.model_validate(
            {
                "senders": self.by.split("+") if self.by else list(senders),
                "target": target,
                "kind": self.kind,
                "sectors": self.sectors.split("+"),
                **({"ban": True} if self.strength is None else {"ave": self.strength / PERCENT}),
            }
        )


class Group(NamedTuple):
    """Measures in force that one slider eases together."""

    key: str
    senders: tuple[str, ...]
    of: Part
    measures: dict[str, Measure]


@dataclass(frozen=True)
class Panel:
    """One scenario, as its controls show it.

    What is `eased` of groups of measures in force, and of single measures that stand `apart` from
    their group, is in percent. Of measures that the starting point knows and that can be `imposed`,
    in percent of their strength; those `hardened` stand at a percentage of cost. The hub share is
    in hundredths of a percent, None for that of the starting point. `packed` is the scenario itself
    where it is somebody's own.
    """

    start: str
    packed: str
    target: str
    senders: tuple[str, ...]
    eased: Mapping[str, int] = field(default_factory=dict)
    apart: Mapping[str, int] = field(default_factory=dict)
    imposed: Mapping[str, int] = field(default_factory=dict)
    hardened: Mapping[str, int] = field(default_factory=dict)
    new: tuple[NewMeasure, ...] = ()
    level: Level = "central"
    deficits: Deficits = "share"
    horizon: HorizonName = "long-run"
    since: date | None = None
    routes: bool = False
    hub_share: int | None = None

    def __hash__(self) -> int:
        moves = self.eased, self.apart, self.imposed, self.hardened
        moved = [frozenset(found.items()) for found in moves]
        return hash((self.start, self.packed, self.target, self.senders, self.new, *moved))

    @property
    def scenario(self) -> str:
        """Name of the scenario of a case that was started from."""
        return self.start.partition("/")[2]

    @property
    def day(self) -> date:
        """Day whose measures are in force."""
        return self.since or first_day()

    @cached_property
    def own(self) -> dict[str, Measure]:
        """Measures that the starting point has besides those of the register."""
        return scenario_at(self.start, self.packed).measures

    def measure(self, name: str) -> Measure:
        """A measure of the register or of the starting point."""
        return self.own.get(name) or register()[name]

    @cached_property
    def groups(self) -> list[Group]:
        """Measures in force of the senders on the target, by who took them and on what."""
        found: dict[str, Group] = {}
        for of in PARTS if self.senders else ():
            eased = Selection(senders=list(self.senders), target=self.target, of=of)
            for name, measure in eased.chosen(self.day, self.own).items():
                key = f"{'+'.join(measure.senders)}.{of}"
                if not (measure.ban or name in self.hardened or self.imposed.get(name)):
                    empty = Group(key, tuple(measure.senders), of, {})
                    found.setdefault(key, empty).measures[name] = measure
        return sorted(found.values(), key=self._order)

    def _order(self, group: Group) -> tuple[int, int, bool]:
        rank = min(self.senders.index(s) for s in group.senders if s in self.senders)
        return len(group.senders), rank, group.of == "banks"

    def together(self, group: Group) -> int:
        """Percent that a group's slider takes off."""
        return self.eased.get(group.key, 0)

    def degree(self, group: Group, measure: str) -> int:
        """Percent of a measure that is taken off."""
        return self.apart.get(measure, self.together(group))

    @cached_property
    def degrees(self) -> dict[str, int]:
        """Percent taken off every measure that is eased at all."""
        found = {m: self.degree(g, m) for g in self.groups for m in g.measures}
        return {m: percent for m, percent in found.items() if percent}


@dataclass(frozen=True)
class State:
    """What the page shows: one scenario, or two beside each other.

    Of one country it is told `why` it gains or loses, by default of the target; what somebody
    wants to `find` is shown if it is there.
    """

    a: Panel
    b: Panel | None = None
    why: str = ""
    find: str = ""

    @property
    def explained(self) -> str:
        """The country of which it is told why it gains or loses."""
        return self.why or self.a.target

    @property
    def panels(self) -> dict[Name, Panel]:
        """By name."""
        return {"a": self.a} if self.b is None else {"a": self.a, "b": self.b}
