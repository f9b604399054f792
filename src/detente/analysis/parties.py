"""Who a case is about besides its target, where nobody has said so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detente.cases import Case
from detente.errors import WorldError
from detente.policy.fields import canonical_countries
from detente.world.accounts import largest_partners
from detente.world.names import resolve_countries, those_in
from detente.world.world import World


def counterpart(case: Case, target: str | None = None) -> str:
    """The case's rival, or the target's largest trading partner that is no sender.

    Parameters
    ----------
    case
        Names the rival, and has the world.
    target
        The case's own unless another is asked about.

    Returns
    -------
    str
        Code of the country.
    """
    world = _world(case)
    here = resolved_country(case, target or case.target)
    rival = None if case.rival is None else resolved_country(case, case.rival)
    if rival is not None and rival != here:
        return rival
    senders = {
        code
        for scenario in case.spelled_out().values()
        for action in scenario.actions()
        for code in those_in(action.measure.senders, world.countries)
    }
    partners = largest_partners(world, here, len(world.countries) - 1)
    return next((p for p in partners if p not in senders), partners[0])


def resolved_country(case: Case, name: str) -> str:
    """Code of a country in the case's world."""
    return resolve_countries(name, _world(case).countries)[0]


def is_target(case: Case, country: str) -> bool:
    """Whether a country is the case's target, however each is written."""
    named = those_in([country], _world(case).countries)
    return named[:1] == [resolved_country(case, case.target)]


def senders_named(case: Case, names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Senders as measures write them, by any of their names; those of nobody stay as they are."""
    found = []
    for name in names:
        try:
            code = name if name in known else canonical_countries([name], _world(case).countries)[0]
        except WorldError:
            code = name
        found.append(code)
    return list(dict.fromkeys(found))


def _world(case: Case) -> World:
    return case.scenario(next(iter(case.scenarios))).load_world()
