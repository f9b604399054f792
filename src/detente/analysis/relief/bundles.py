"""What may be eased: bundles, each a group of measures, and the packages made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detente.analysis.parties import is_target, senders_named
from detente.arrays import Array, Positions
from detente.cases import Case
from detente.errors import ScenarioError, nearest
from detente.policy.compiled import Costs
from detente.policy.joint import CutOff
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure
from detente.policy.scenario import Assumptions, Scenario, Selection
from detente.simulation.run import Simulation, simulate
from detente.world.names import is_goods, resolve_countries
from detente.world.world import World

LARGEST_ENUMERATION = 4096
"""Packages up to which every one is solved: 12 bundles that are eased in full or not."""

PACKAGES = "packages"
"""Name of the scenario in which everything is eased."""

TOLERANCE = 1e-9
"""Of the solves of packages: gains are then good to a millionth of a percent of income."""

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
class Bundles:
    """Bundles on one target, ready to be combined into packages.

    A package gives each bundle a level: 0 keeps it in force, level k eases it to `degrees[k-1]`
    of its strength. Cost factors of different measures multiply, so that a package's are sums of
    logs, and nothing is compiled twice.

    Attributes
    ----------
    simulation
        The status quo, from which packages start.
    target
        The country sanctioned.
    bundles
        What may be eased.
    degrees
        Degrees of easing that a bundle may have, ascending; 1 is lifting.
    columns
        What each bundle does by itself at each degree, one to a draw, (bundle, degree).
    note
        How the bundles were chosen, in words.
    """

    simulation: Simulation
    target: str
    bundles: tuple[Bundle, ...]
    degrees: tuple[float, ...]
    columns: Costs
    note: str

    @property
    def senders(self) -> tuple[str, ...]:
        """Who may ease something, in the order of the bundles."""
        return tuple(dict.fromkeys(s for b in self.bundles for s in b.sender.split("+")))

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

    @property
    def world(self) -> World:
        """The world, with balanced trade if that is the closure."""
        return self.simulation.world

    @property
    def scenario(self) -> Scenario:
        """The case's assumptions, with everything eased."""
        return self.simulation.compiler.assumptions

    def costs(self, levels: Positions) -> Costs:
        """What packages (package, bundle) do, one to a draw."""
        status_quo = self.simulation.compiled.status_quo
        names = np.arange(1, 1 + len(self.degrees))
        chosen = (levels[:, :, None] == names).reshape(len(levels), -1).T.astype(float)
        steps = (self.columns.rate - status_quo.rate) @ chosen
        return replace(
            status_quo,
            log_d=self.columns.log_d @ chosen,
            extents=self.columns.extents @ chosen,
            rate=status_quo.rate + steps,
            transfers=np.zeros((len(self.world.countries), len(levels))),
            steps=(*status_quo.steps, *(self.words(row) for row in levels[:1] if len(levels) == 1)),
        )

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
        whole = all(self.degrees[levels[b] - 1] == 1 for b in eased)
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


def bundles_of(
    case: Case,
    senders: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    degrees: Sequence[float] = (1.0,),
    rival: str | None = None,
) -> Bundles:
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
    rival
        A country that may cut the target off, so that this can be asked.

    Returns
    -------
    Bundles
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
    >>> bundles = bundles_of(load_case("belarus-2025"), ["USA"])
    >>> bundles.bundles[0].name, bundles.packages
    ('USA banks', 64)
    """
    steps = _checked_degrees(degrees)
    in_force = measures_on_target(case)
    if measures is None:
        chosen = _of_senders(case, in_force, senders)
        bundles, note = _grouped(chosen)
    else:
        chosen = _named(case, in_force, measures)
        bundles, note = _single(chosen), "measures as named"
    everything = _assumptions(case).model_copy(
        update={"measures": {**case.measures, **chosen}, "ease": dict.fromkeys(chosen, 1.0)}
    )
    world = everything.load_world()
    target = resolve_countries(case.target, world.countries)[0]
    cut_offs: list[CutOff] = [] if rival is None else [(target, (rival,))]
    simulation = simulate({PACKAGES: everything}, cut_offs=cut_offs, tolerance=TOLERANCE)
    degree_of = {
        name: np.array([d if bundle is b else 0.0 for b in bundles for d in steps])
        for bundle in bundles
        for name in bundle.measures
    }
    columns = simulation.compiled.scenario(PACKAGES, degree_of)
    return Bundles(simulation, target, bundles, steps, columns, note)


def measures_on_target(case: Case) -> dict[str, Measure]:
    """Sanctions on the case's target in force at its start, but not those it only imagines."""
    assumptions = _assumptions(case)
    in_force = assumptions.in_force(assumptions.start)
    on_target = {name: m for name, m in in_force.items() if is_target(case, m.target)}
    return {name: m for name, m in on_target.items() if KINDS[m.kind].sanction}


def can_ease(case: Case) -> bool:
    """Tell whether the case's scenarios lift or ease anything that is in force on its target."""
    in_force = measures_on_target(case)
    return any(sender in _senders(in_force) for sender in default_senders(case))


def _assumptions(case: Case) -> Scenario:
    """The case without any change; relief would take the forms that it takes in its scenarios."""
    parts = {field: getattr(case, field) for field in Assumptions.model_fields}
    eased = case.scenarios[case.last_easing()]
    title = f"{case.title}: packages"
    return Scenario(title=title, form=eased.form, reversible=eased.reversible, **parts)


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


def default_senders(case: Case) -> list[str]:
    """Senders all of whose measures on the target a scenario lifts; else those of single ones."""
    lifted = [entry for change in case.scenarios.values() for entry in change.lift]
    chosen = [x for x in lifted if isinstance(x, Selection) and is_target(case, x.target)]
    if chosen:
        return list(dict.fromkeys(sender for entry in chosen for sender in entry.senders))
    named: list[str] = []
    for name in case.scenarios:
        for action in case.scenario(name).actions():
            if action.verb in ("lift", "ease") and is_target(case, action.measure.target):
                named += action.measure.senders
    return list(dict.fromkeys(named))


def _of_senders(
    case: Case, in_force: dict[str, Measure], senders: Sequence[str] | None
) -> dict[str, Measure]:
    known = _senders(in_force)
    if not known:
        raise ScenarioError(_nothing_in_force(case))
    asked = default_senders(case) if senders is None else senders_named(case, senders, known)
    if not asked:
        raise ScenarioError(
            f"no scenario of the case {case.title!r} lifts or eases measures on {case.target}: "
            f"name the senders whose measures may be eased ({', '.join(known[:4])}), or single "
            f"measures ({', '.join(list(in_force)[:3])})"
        )
    for sender in asked:
        if sender not in known:
            raise ScenarioError(
                f"{sender!r} is no sender: it has no measure on {case.target} in force on "
                f"{_assumptions(case).start}; {nearest(sender, known)}"
            )
    return {name: m for sender in asked for name, m in in_force.items() if sender in m.senders}


def _nothing_in_force(case: Case) -> str:
    return (
        f"nothing can be eased: no measure on {case.target} is in force on "
        f"{_assumptions(case).start}, neither of the register nor of the case {case.title!r}; give "
        "the case `measures` with a `start` before that day, or another `status_quo`"
    )


def _senders(measures: dict[str, Measure]) -> list[str]:
    return list(dict.fromkeys(s for m in measures.values() for s in m.senders))


def _named(case: Case, in_force: dict[str, Measure], names: Sequence[str]) -> dict[str, Measure]:
    if not in_force:
        raise ScenarioError(_nothing_in_force(case))
    if not names:
        raise ScenarioError(
            f"an empty set of measures: name at least one, such as {', '.join(list(in_force)[:3])}"
        )
    for name in names:
        if name not in in_force:
            raise ScenarioError(
                f"measure {name!r} is not in force on {case.target} on "
                f"{_assumptions(case).start}: {nearest(name, in_force)}"
            )
    return {name: in_force[name] for name in names}


def _single(measures: dict[str, Measure]) -> tuple[Bundle, ...]:
    return tuple(Bundle(name, "+".join(m.senders), (name,)) for name, m in measures.items())


def _grouped(measures: dict[str, Measure]) -> tuple[tuple[Bundle, ...], str]:
    """One bundle for each measure, or for each sender and purpose where they are many."""
    if len(measures) <= MOST_BUNDLES:
        return _single(measures), "one bundle for each measure"
    groups: dict[str, dict[str, list[str]]] = {}
    for name, m in measures.items():
        groups.setdefault("+".join(m.senders), {}).setdefault(purpose(m), []).append(name)
    bundles = tuple(
        Bundle(f"{sender} {about}", sender, tuple(by_purpose[about]))
        for sender, by_purpose in groups.items()
        for about in PURPOSES
        if about in by_purpose
    )
    words = f"{len(measures)} measures grouped by sender and purpose"
    return bundles, f"{words}; name measures to ease them one by one"


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
