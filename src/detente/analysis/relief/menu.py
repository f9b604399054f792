"""What may be eased: bundles, each a group of measures, and the packages made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from detente.arrays import Array, Positions
from detente.cases import Case
from detente.errors import ScenarioError, nearest
from detente.policy import Measure, Scenario, compile_scenario, register
from detente.policy.changes import Changes, Edit
from detente.policy.routes import RouteChoice
from detente.policy.scenario import Assumptions
from detente.simulation.runs import routes_of, starting_world
from detente.world.names import is_goods, resolve_countries
from detente.world.world import World

LARGEST_ENUMERATION = 4096
"""Packages up to which every one is solved: 12 bundles that are eased in full or not."""

MOST_BUNDLES = 12
"""Measures beyond which those of a sender and a purpose are eased as one."""

PURPOSES = (
    "banks",
    "potash and chemicals",
    "fuels and minerals",
    "other imports",
    "industrial exports",
    "transport and services",
)


@dataclass(frozen=True)
class Bundle:
    """Measures of one sender that are eased together, to the same degree.

    Attributes
    ----------
    name
        For tables: the measure's own name, or sender and purpose.
    sender
        Who eases it: a country or a group, as it stands in the measures.
    measures
        Names of the measures.
    """

    name: str
    sender: str
    measures: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Menu:
    """Bundles on one target, ready to be combined into packages.

    A package gives each bundle a level: 0 keeps it in force, level k eases it to `degrees[k-1]`
    of its strength. Cost factors of different measures multiply, so that a package's are sums of
    logs, and nothing is compiled twice.

    Attributes
    ----------
    scenario
        The assumptions: world, status quo, closure, routes.
    world
        The world at the status quo.
    routes
        Route choice, if the case has any.
    target
        The country sanctioned.
    bundles
        What may be eased.
    degrees
        Degrees of easing that a bundle may have, ascending; 1 is lifting.
    log_costs
        Log cost factors (bundle, degree, side, sector, partner) on the target's trade; side 0
        is its imports, side 1 its exports.
    duties
        Steps of tariff rates, likewise, where the world's accounts show the revenue.
    note
        How the bundles were chosen, in words.
    """

    scenario: Scenario
    world: World
    routes: RouteChoice | None
    target: str
    bundles: tuple[Bundle, ...]
    degrees: tuple[float, ...]
    log_costs: Array
    duties: Array
    note: str

    @property
    def senders(self) -> tuple[str, ...]:
        """Who may ease something, in the order of the bundles."""
        return tuple(dict.fromkeys(s for c in self.bundles for s in c.sender.split("+")))

    @property
    def packages(self) -> int:
        """Number of packages, the empty one included."""
        return int((1 + len(self.degrees)) ** len(self.bundles))

    @property
    def complete(self) -> bool:
        """Whether all packages are few enough to be solved, every one."""
        return self.packages <= LARGEST_ENUMERATION

    def all_levels(self) -> Positions:
        """Every package (package, bundle); with one degree, package p is p in binary."""
        base, n = 1 + len(self.degrees), len(self.bundles)
        return np.arange(self.packages)[:, None] // base ** np.arange(n) % base

    def degree_of(self, levels: Positions) -> Array:
        """Degrees of easing at some levels; same shape."""
        return np.array([0.0, *self.degrees])[levels]

    def levels_at(self, degrees: Array) -> Positions:
        """Levels at some degrees of easing, as `degree_of` gives them; same shape."""
        return np.searchsorted(np.array([0.0, *self.degrees]), degrees)

    def changes(self, levels: Positions) -> Changes:
        """Cost changes of one package, without routes."""
        eased = np.flatnonzero(levels)
        chosen = eased, levels[eased] - 1
        return Changes(
            self.world,
            costs=self._edits(np.exp(self.log_costs[chosen].sum(0))),
            tariffs=self._tariffs(self.duties[chosen].sum(0)),
            steps=(self.words(levels),),
        )

    def reversed(self, levels: Positions, after: World) -> Changes:
        """Cost changes that take a package back, on the world that came of it."""
        eased = np.flatnonzero(levels)
        chosen = eased, levels[eased] - 1
        moved = self.duties[chosen].sum(0).any()
        return Changes(
            after,
            costs=self._edits(np.exp(-self.log_costs[chosen].sum(0))),
            tariffs=self._edits(self._rates) if moved else (),
            steps=(f"snap-back of {self.words(levels)}",),
        )

    def _tariffs(self, steps: Array) -> tuple[Edit, ...]:
        return self._edits(self._rates + steps) if steps.any() else ()

    @cached_property
    def _rates(self) -> Array:
        """Tariffs on the target's trade at the status quo (side, sector, partner)."""
        return _sides(self.world.data["t"].values, self.world.countries.index(self.target))

    def _edits(self, values: Array) -> tuple[Edit, ...]:
        """Edits of the target's imports and exports to values (side, sector, partner)."""
        N, J = len(self.world.countries), len(self.world.sectors)
        everyone, sectors = np.arange(N), np.arange(J)
        here = np.array([self.world.countries.index(self.target)])
        into = Edit(sectors, here, everyone, values[0][:, None, :])
        out_of = Edit(sectors, everyone, here, values[1][:, :, None])
        return into, out_of

    def words(self, levels: Positions) -> str:
        """Name of a package: what each sender eases, or what it does not if that is shorter.

        For instance `USA: banks, potash and chemicals; EU27: all but fuels and minerals`.
        """
        if not levels.any():
            return "nothing"
        if (levels == len(self.degrees)).all() and self.degrees[-1] == 1:
            return "everything"
        senders = dict.fromkeys(b.sender for b in self.bundles)
        return "; ".join(filter(None, (self._by(s, levels) for s in senders)))

    def _by(self, sender: str, levels: Positions) -> str:
        """What one sender eases, or nothing."""
        own = [b for b, bundle in enumerate(self.bundles) if bundle.sender == sender]
        kept = [b for b in own if levels[b] == 0]
        eased = [b for b in own if levels[b] > 0]
        if not eased:
            return ""
        whole = all(self.degree_of(levels)[b] == 1 for b in eased)
        if whole and not kept:
            return f"{sender}: all"
        if whole and len(kept) < len(eased):
            return f"{sender}: all but " + ", ".join(self._short(b) for b in kept)
        return f"{sender}: " + ", ".join(self._short(b, levels[b]) for b in eased)

    def _short(self, bundle: int, level: int = 0) -> str:
        """Name of a bundle without its sender, with its degree where that is not 1."""
        chosen = self.bundles[bundle]
        degree = self.degrees[level - 1] if level else 1.0
        share = "" if degree == 1 else f" ({100 * degree:g} %)"
        return chosen.name.removeprefix(f"{chosen.sender} ") + share


def menu_of(
    case: Case,
    senders: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    degrees: Sequence[float] = (1.0,),
) -> Menu:
    """Set up what may be eased in a case.

    Parameters
    ----------
    case
        The situation on file; its status quo, closure and routes are used.
    senders
        Whose measures, by country or group as in the register; by default the senders whose
        measures on the target the case's scenarios lift.
    measures
        Names of single measures instead, each a bundle of its own.
    degrees
        Degrees of easing that a bundle may have, above 0 and up to 1.

    Returns
    -------
    Menu
        Each measure is a bundle of its own where there are at most 12. Beyond that, measures
        of one sender with one purpose are one bundle: banks (payments of all trade), potash
        and chemicals, fuels and minerals, other imports, industrial exports, transport and
        services.

    Raises
    ------
    ScenarioError
        No measure at all; a sender without measures in force on the target; an unknown measure; a
        degree out of range; a complete ban.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> menu = menu_of(load_case("belarus-2025"), ["USA"])
    >>> menu.bundles[0].name, menu.packages
    ('USA banks', 64)
    """
    scenario = _assumptions(case)
    world = starting_world(scenario)
    target = resolve_countries(case.target, world.countries)[0]
    steps = _checked_degrees(degrees)
    if measures is None:
        chosen = _of_senders(case, scenario, senders)
        bundles, note = _grouped(chosen)
    else:
        chosen = _named(case, scenario, measures)
        bundles, note = _single(chosen), "measures as named"
    known = {**scenario.measures, **chosen}
    scenario = scenario.model_copy(update={"measures": known})
    effects = [[_effects(scenario, world, target, c, d) for d in steps] for c in bundles]
    logs, duties = np.moveaxis(np.array(effects), 2, 0)
    routes = routes_of(scenario, world)
    return Menu(scenario, world, routes, target, bundles, steps, logs, duties, note)


def _assumptions(case: Case) -> Scenario:
    """The case without any change."""
    parts = {field: getattr(case, field) for field in Assumptions.model_fields}
    return Scenario(title=f"{case.title}: packages", **parts)


def _checked_degrees(degrees: Sequence[float]) -> tuple[float, ...]:
    found = tuple(sorted({float(d) for d in degrees}))
    if not found:
        raise ScenarioError("no degree of easing: give at least one, such as 1 (lifting)")
    for degree in found:
        if not 0 < degree <= 1:
            near = 0.01 if degree <= 0 else 1.0
            raise ScenarioError(
                f"degree of easing {degree:g} must be above 0 and up to 1; nearest is {near:g}"
            )
    return found


def _in_force(case: Case, scenario: Scenario) -> dict[str, Measure]:
    """Measures on the case's target in force at its start, but not those it only imagines."""
    return {
        name: m
        for name, m in register().in_force(scenario.start).measures.items()
        if m.target == case.target
    }


def default_senders(case: Case) -> list[str]:
    """Senders whose measures on the target the case's scenarios lift or ease."""
    named: list[str] = []
    for name in case.scenarios:
        for action in case.scenario(name).actions():
            if action.verb in ("lift", "ease") and action.measure.target == case.target:
                named += action.measure.senders
    return list(dict.fromkeys(named))


def _of_senders(
    case: Case, scenario: Scenario, senders: Sequence[str] | None
) -> dict[str, Measure]:
    in_force = _in_force(case, scenario)
    asked = default_senders(case) if senders is None else list(dict.fromkeys(senders))
    if not asked:
        raise ScenarioError(
            "an empty set of measures: name senders, such as "
            + ", ".join(_senders(in_force)[:4])
            + ", or measures"
        )
    for sender in asked:
        if sender not in _senders(in_force):
            raise ScenarioError(
                f"{sender!r} is no sender: it has no measure on {case.target} in force on "
                f"{scenario.start}; {nearest(sender, _senders(in_force))}"
            )
    return {name: m for sender in asked for name, m in in_force.items() if sender in m.senders}


def _senders(measures: dict[str, Measure]) -> list[str]:
    return list(dict.fromkeys(s for m in measures.values() for s in m.senders))


def _named(case: Case, scenario: Scenario, names: Sequence[str]) -> dict[str, Measure]:
    in_force = _in_force(case, scenario)
    if not names:
        raise ScenarioError(
            f"an empty set of measures: name at least one, such as {', '.join(list(in_force)[:3])}"
        )
    for name in names:
        if name not in in_force:
            raise ScenarioError(
                f"measure {name!r} is not in force on {case.target} on {scenario.start}: "
                f"{nearest(name, in_force)}"
            )
    return {name: in_force[name] for name in names}


def _single(measures: dict[str, Measure]) -> tuple[Bundle, ...]:
    return tuple(Bundle(name, "+".join(m.senders), (name,)) for name, m in measures.items())


def _grouped(measures: dict[str, Measure]) -> tuple[tuple[Bundle, ...], str]:
    """One bundle for each measure, or for each sender and purpose where they are many."""
    if len(measures) <= MOST_BUNDLES:
        return _single(measures), "one bundle for each measure"
    note = (
        f"{len(measures)} measures grouped by sender and purpose; "
        "name measures to ease them one by one"
    )
    return tuple(_by_purpose(measures)), note


def _by_purpose(measures: dict[str, Measure]) -> Iterator[Bundle]:
    senders = list(dict.fromkeys("+".join(m.senders) for m in measures.values()))

    def place(name: str) -> tuple[int, int]:
        m = measures[name]
        return senders.index("+".join(m.senders)), PURPOSES.index(purpose(m))

    for (sender, number), names in groupby(sorted(measures, key=place), key=place):
        yield Bundle(f"{senders[sender]} {PURPOSES[number]}", senders[sender], tuple(names))


def purpose(measure: Measure) -> str:
    """What a measure is about, from its kind and its first sector.

    >>> purpose(Measure(senders="USA", target="BLR", kind="import-ban", sectors="C19", ave=0.1))
    'fuels and minerals'
    """
    sector = measure.sectors[0]
    if measure.kind == "finance" and sector == "all":
        return "banks"
    if sector == "C302T309" or not (sector in ("all", "goods") or is_goods(sector)):
        return "transport and services"
    if measure.kind == "export-ban":
        return "industrial exports"
    if sector in ("C20", "C21"):
        return "potash and chemicals"
    if sector.startswith("B") or sector == "C19":
        return "fuels and minerals"
    return "other imports"


def _effects(
    scenario: Scenario, world: World, target: str, bundle: Bundle, degree: float
) -> tuple[Array, Array]:
    """Log cost factors and steps of tariffs (side, sector, partner) on the target's trade."""
    eased = scenario.model_copy(update={"ease": dict.fromkeys(bundle.measures, degree)})
    changes = compile_scenario(eased, world).changes
    here = world.countries.index(target)
    logs = np.log(changes.d_hat.values)
    steps = (changes.tariff_after - world.data["t"]).values
    return _sides(logs, here), _sides(steps, here)


def _sides(values: Array, here: int) -> Array:
    """Imports and exports (side, sector, partner) of one country out of (n, i, j)."""
    return np.stack([values[here].T, values[:, here].T])
