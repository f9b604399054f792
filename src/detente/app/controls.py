"""From a scenario to the controls that show it, and back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from detente.app.names import country_names
from detente.app.starts import case_of, measures_in_force, scenario_at
from detente.app.state import PERCENT, NewMeasure, Panel
from detente.cases import Case
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure
from detente.policy.routes import HUB_SHARE
from detente.policy.scenario import Named, Routes, Scenario, Selection
from detente.world.names import resolve_countries

MOST_STRENGTH = 300
"""Percent of cost that a new measure may add."""
MOST_HARDENED = 1000
"""Percent of cost that a measure in force may be hardened to."""
MOST_NEW = 12


@lru_cache(maxsize=64)
def split(start: str, packed: str = "") -> tuple[Panel, Scenario]:
    """A starting point as its controls, and what of it has no control.

    The controls show easings in whole percents, and new measures that are uniform in strength;
    whatever else the scenario has is left as it is, and computed with.
    """
    scenario = scenario_at(start, packed)
    target, senders = _parties(scenario, case_of(start))
    on_file = measures_in_force(target, scenario.start, scenario.measures)
    in_force = {name for name, m in on_file.items() if not m.ban}
    degrees, lift = _lifted(scenario, target, in_force)
    moved = {k: _whole_percent(v) for k, v in scenario.ease.items() if k in in_force}
    ease = {k: v for k, v in scenario.ease.items() if moved.get(k) is None}
    degrees |= {k: v for k, v in moved.items() if v is not None}
    new, impose = _imposed(scenario, target, senders)
    hardened = {k: p for k, ave in scenario.harden.items() if (p := _hardened(ave)) is not None}
    harden = {k: ave for k, ave in scenario.harden.items() if k not in hardened}
    panel = Panel(
        start=start,
        packed=packed,
        target=target,
        senders=senders,
        new=tuple(new),
        imposed=_named(scenario),
        hardened=hardened,
        level=scenario.level,
        deficits=scenario.deficits,
        horizon=scenario.horizon,
        since=scenario.status_quo,
        routes=scenario.routes is not None,
    )
    eased: dict[str, int] = {}
    apart: dict[str, int] = {}
    for group in panel.groups:
        found = {name: degrees.get(name, 0) for name in group.measures}
        common = min(found.values()) if len(set(found.values())) == 1 else 0
        eased |= {group.key: common} if common else {}
        apart |= {name: percent for name, percent in found.items() if percent != common}
    rest = scenario.model_copy(
        update={"lift": lift, "ease": ease, "impose": impose, "harden": harden}
    )
    return replace(panel, eased=eased, apart=apart), rest


def _parties(scenario: Scenario, case: Case | None) -> tuple[str, tuple[str, ...]]:
    """The target and the senders that a scenario is about; for a group, its first member."""
    actions, selections = scenario.actions(), _selections(scenario)
    ends = [a.measure.target for a in actions] or [
        x for c in scenario.costs for x in c.destinations
    ]
    countries = scenario.load_world().countries
    target = case.target if case else resolve_countries((ends or ["RUS"])[0], countries)[0]
    if not actions:
        return target, ("USA", "EU27")
    picked = {n for s in selections for n in s.chosen(scenario.start, scenario.measures)}
    named = [s for a in actions if a.name not in picked for s in a.measure.senders]
    found = dict.fromkeys([*(s for m in selections for s in m.senders), *named])
    senders = [s for s in found if s != target and s in country_names()]
    return target, tuple(senders or (case.parties.get("senders", []) if case else []))


def _selections(scenario: Scenario) -> list[Selection]:
    return [entry for entry in scenario.lift if isinstance(entry, Selection)]


def _lifted(
    scenario: Scenario, target: str, in_force: Collection[str]
) -> tuple[dict[str, int], Named]:
    """Measures that the controls show as lifted, and what of `lift` they cannot show."""
    lifted: list[str] = []
    rest: Named = []
    for entry in scenario.lift:
        if isinstance(entry, Selection) and entry.target == target:
            chosen = entry.chosen(scenario.start, scenario.measures)
            lifted += [name for name in chosen if name in in_force]
            rest += [name for name in chosen if name not in in_force]
        elif isinstance(entry, str) and entry in in_force:
            lifted.append(entry)
        else:
            rest.append(entry)
    return dict.fromkeys(lifted, PERCENT), rest


def _imposed(
    scenario: Scenario, target: str, senders: tuple[str, ...]
) -> tuple[list[NewMeasure], Named]:
    """Measures that rows show as new, and what of `impose` has no name and fits into no row."""
    new: list[NewMeasure] = []
    rest: Named = []
    for entry in scenario.impose:
        if isinstance(entry, str):
            continue
        plain = None if isinstance(entry, Selection) else _plain(entry, target)
        if plain is None or len(new) == MOST_NEW:
            rest.append(entry)
        else:
            by_all = plain.by == "+".join(senders)
            new.append(plain._replace(by="") if by_all else plain)
    return new, rest


def _named(scenario: Scenario) -> dict[str, int]:
    """Measures by name that the scenario imposes, in full, or that it could impose."""
    day = scenario.start
    options = [
        name
        for name, m in scenario.measures.items()
        if m.start is None or (m.start > day and KINDS[m.kind].sanction)
    ]
    named = [entry for entry in scenario.impose if isinstance(entry, str)]
    return dict.fromkeys(named, PERCENT) | {name: 0 for name in options if name not in named}


def _hardened(ave: float) -> int | None:
    percent = _whole_percent(ave)
    return percent if percent is not None and percent <= MOST_HARDENED else None


def part_of(measure: Measure, percent: int) -> Measure:
    """A measure of part of the strength: of its cost, or else of the goods that it covers.

    >>> ban = Measure(senders="USA", target="BLR", kind="import-ban", ban=True, share=0.5)
    >>> part_of(ban, 50).share
    0.25
    """
    degree = percent / PERCENT
    if measure.ave is not None:
        ends = {end: degree * value for end, value in measure.ave.model_dump().items()}
        return measure.model_copy(update={"ave": type(measure.ave)(**ends)})
    share = measure.share
    scaled = (
        {k: degree * x for k, x in share.items()} if isinstance(share, dict) else degree * share
    )
    split = {k: degree * x for k, x in measure.split.items()}
    return measure.model_copy(update={"share": scaled, "split": split})


def _plain(measure: Measure, target: str) -> NewMeasure | None:
    """A measure as a row of the page, if all it says fits into one."""
    special = (measure.invoicing_share, measure.overseas)
    if measure.target != target or measure.share != 1 or special != (None, None) or measure.joint:
        return None
    strength = None
    if measure.ave is not None:
        strength = _whole_percent(measure.ave.central)
        if strength is None or strength > MOST_STRENGTH or measure.ave.low != measure.ave.high:
            return None
    if not set(measure.senders) <= country_names().keys():
        return None
    sectors, by = "+".join(measure.sectors), "+".join(measure.senders)
    return NewMeasure(measure.kind, sectors, strength, by)


def _whole_percent(share: float) -> int | None:
    percent = round(share * PERCENT)
    return percent if percent >= 0 and abs(percent - share * PERCENT) < 1e-9 else None


def scenario_of(panel: Panel) -> Scenario:
    """Build the scenario that the controls stand for."""
    rest = rest_of(panel)
    degrees = panel.degrees
    lifted = [m for m, percent in degrees.items() if percent == PERCENT]
    eased = {m: percent / PERCENT for m, percent in degrees.items() if percent < PERCENT}
    new = [n.measure(panel.senders, panel.target) for n in panel.new if n.by or panel.senders]
    listed = (x for x in rest.lift + rest.impose if isinstance(x, str))
    used = {*lifted, *eased, *rest.ease, *rest.harden, *panel.hardened, *listed}
    imposed: Named = [
        name if percent == PERCENT else part_of(panel.measure(name), percent)
        for name, percent in panel.imposed.items()
        if percent
    ]
    used |= {entry for entry in imposed if isinstance(entry, str)}
    return rest.model_copy(
        update={
            "measures": {
                name: m for name, m in rest.measures.items() if m.start is not None or name in used
            },
            "title": rest.title if is_unchanged(panel) else f"{rest.title}, changed",
            "lift": [*rest.lift, *lifted],
            "ease": {**rest.ease, **eased},
            "impose": [*rest.impose, *imposed, *new],
            "harden": {**rest.harden, **{k: x / PERCENT for k, x in panel.hardened.items()}},
            "level": panel.level,
            "deficits": panel.deficits,
            "horizon": panel.horizon,
            "status_quo": panel.since,
            "routes": _routes(panel, rest),
        }
    )


def _routes(panel: Panel, rest: Scenario) -> Routes | None:
    if rest.routes is None or not panel.routes:
        return None
    if panel.hub_share is None:
        return rest.routes
    return rest.routes.model_copy(update={"hub_share": panel.hub_share / 1e4})


def rest_of(panel: Panel) -> Scenario:
    """What of a panel's starting point has no control, and is computed all the same."""
    return split(panel.start, panel.packed)[1]


def is_unchanged(panel: Panel) -> bool:
    """Whether a panel shows its starting point as it is."""
    return panel == split(panel.start, panel.packed)[0]


def shown_hub_share(panel: Panel) -> int:
    """Where the slider of the hub share stands, in hundredths of a percent."""
    if panel.hub_share is not None:
        return panel.hub_share
    routes = rest_of(panel).routes
    share = HUB_SHARE if routes is None or routes.hub_share is None else routes.hub_share
    return round(1e4 * share)
