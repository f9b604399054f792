"""From a scenario to the controls that show it, and back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from detente.app.names import country_names
from detente.app.starts import measures_in_force, scenario_at
from detente.app.state import PERCENT, NewMeasure, Panel
from detente.policy.measures import Measure
from detente.policy.register import register
from detente.policy.routes import HUB_SHARE
from detente.policy.scenario import Named, Routes, Scenario, Selection
from detente.world.names import resolve_countries

MOST_STRENGTH = 300
"""Percent of cost that a new measure may add."""
MOST_NEW = 12


@lru_cache(maxsize=64)
def split(start: str, packed: str = "") -> tuple[Panel, Scenario]:
    """A starting point as its controls, and what of it has no control.

    The controls show easings in whole percents, and new measures that are uniform in strength;
    whatever else the scenario has is left as it is, and computed with.
    """
    scenario = scenario_at(start, packed)
    target, senders = _parties(scenario)
    on_file = measures_in_force(target, scenario.start)
    in_force = {name for name, m in on_file.items() if not m.ban}
    degrees, lift = _lifted(scenario, target, in_force)
    moved = {k: _whole_percent(v) for k, v in scenario.ease.items() if k in in_force}
    ease = {k: v for k, v in scenario.ease.items() if moved.get(k) is None}
    degrees |= {k: v for k, v in moved.items() if v is not None}
    new, impose = _imposed(scenario, target, senders)
    panel = Panel(
        start=start,
        packed=packed,
        target=target,
        senders=senders,
        new=tuple(new),
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
    rest = scenario.model_copy(update={"lift": lift, "ease": ease, "impose": impose})
    return replace(panel, eased=eased, apart=apart), rest


def _parties(scenario: Scenario) -> tuple[str, tuple[str, ...]]:
    """The target and the senders that a scenario is about; for a group, its first member."""
    actions, selections = scenario.actions(), _selections(scenario)
    ends = [a.measure.target for a in actions] or [
        x for c in scenario.costs for x in c.destinations
    ]
    countries = scenario.load_world().countries
    target = resolve_countries(ends[0] if ends else "RUS", countries)[0]
    if not actions:
        return target, ("USA", "EU27")
    picked = {n for s in selections for n in s.chosen(scenario.start, scenario.measures)}
    named = [s for a in actions if a.name not in picked for s in a.measure.senders]
    senders = dict.fromkeys([*(s for m in selections for s in m.senders), *named])
    return target, tuple(s for s in senders if s in country_names())


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
    """Measures that the controls show as new, and what of `impose` they cannot show."""
    known = {**register().measures, **scenario.measures}
    new: list[NewMeasure] = []
    rest: Named = []
    for entry in scenario.impose:
        measure = known[entry] if isinstance(entry, str) else entry
        plain = None if isinstance(measure, Selection) else _plain(measure, target)
        if plain is None or len(new) == MOST_NEW:
            rest.append(entry)
        else:
            by_all = plain.by == "+".join(senders)
            new.append(plain._replace(by="") if by_all else plain)
    return new, rest


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
    used = {*lifted, *eased, *rest.ease, *rest.harden, *listed}
    return rest.model_copy(
        update={
            "measures": {
                name: m for name, m in rest.measures.items() if m.start is not None or name in used
            },
            "title": rest.title if is_unchanged(panel) else f"{rest.title}, changed",
            "lift": [*rest.lift, *lifted],
            "ease": {**rest.ease, **eased},
            "impose": [*rest.impose, *new],
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
