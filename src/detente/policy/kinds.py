from typing import Any

from detente.policy.measures import Measure, Strengths
from detente.world.names import group_members, resolve_countries
from detente.world.world import World


def trade_touched(
    measure: Measure, world: World, strengths: Strengths
) -> list[tuple[list[str], list[str], Any]]:
    """Origins, destinations and product share that a measure acts on."""
    senders = resolve_countries(measure.senders, world.countries)
    target = resolve_countries(measure.target, world.countries)
    if measure.kind == "export-ban":
        return [(senders, target, measure.share)]
    if measure.kind in ("import-ban", "tariff"):
        return [(target, senders, measure.share)]
    if measure.kind == "transit":
        far = _overseas(measure, world)
        return [(target, far, measure.share), (far, target, measure.share)]
    touched = [(senders, target, measure.share), (target, senders, measure.share)]
    if measure.invoicing_share is not None:
        apart = {*senders, *target}
        if measure.invoicing_excludes is not None:
            apart |= set(resolve_countries(measure.invoicing_excludes, world.countries))
        third = [c for c in world.countries if c not in apart]
        share = measure.share * strengths.invoiced(measure)
        touched += [(third, target, share), (target, third, share)]
    return touched


def _overseas(measure: Measure, world: World) -> list[str]:
    if measure.overseas is not None:
        return resolve_countries(measure.overseas, world.countries)
    near = {*group_members("Europe"), *group_members("CIS")}
    return [c for c in world.countries if c not in near]
