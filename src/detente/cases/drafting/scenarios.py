"""Scenarios of a draft: what the acts in a report lift and impose."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from detente.cases.drafting.acts import Act, Stance
from detente.cases.drafting.gazetteers import titled
from detente.cases.drafting.measures import Meant, meant, on_file, outside
from detente.policy.register import register
from detente.world.world import World

MOST_GOODS = 4
"""Goods that have a scenario of their own."""


@dataclass
class Plan:
    """Measures, scenarios and the day they start from.

    Attributes
    ----------
    day
        The status quo.
    meant
        Measures by act.
    scenarios
        As they stand in a case file, by name.
    stances
        Whether each scenario eases or imposes.
    hubs
        Codes of the hubs of the case's routes.
    """

    day: datetime.date
    meant: dict[int, Meant] = field(default_factory=dict)
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)
    stances: dict[str, Stance] = field(default_factory=dict)
    hubs: Sequence[str] = ()

    def measures_of(self, act: Act) -> list[str]:
        """Names of the measures that an act is about."""
        found = self.meant.get(id(act), Meant())
        return [*found.on_file, *found.new]

    def whole(self, act: Act) -> bool:
        """Whether an act is about all of a sender's measures."""
        return self.meant.get(id(act), Meant()).whole

    def scenarios_for(self, cause: Stance, *, any_of_them: bool) -> tuple[list[str], bool]:
        """Scenarios in which a claim is tested, and whether they do what the claim is about."""
        same = [name for name, stance in self.stances.items() if stance == cause]
        names = same or list(self.stances)
        return (names if any_of_them else names[-1:]), bool(same)

    def in_words(self, scenario: str) -> str:
        """What happens in a scenario, to follow an `if`."""
        title = str(self.scenarios[scenario]["title"])
        return title[:1].lower() + title[1:] if title.startswith(("The ", "All ")) else title

    def _add(self, name: str, title: str, stance: Stance, **change: Any) -> None:
        if any(change.get(k) for k in ("lift", "impose")):
            self.scenarios.setdefault(name, {"title": title, **change})
            self.stances.setdefault(name, stance)


def plan_of(acts: Sequence[Act], date: datetime.date | None, world: World) -> Plan:
    """Map acts to measures, and make the scenarios of a draft.

    Without a date, the day is the last on which all measures that the report names were in force.
    """
    counted = [a for a in acts if a.stance != "named" and outside(a) is None and a.sender]
    firm = [a for a in counted if a.mode != "denied"] or counted
    plan = Plan(date or last_day(firm))
    for act in firm:
        plan.meant[id(act)] = meant(act, plan.day, world)
    plan.day = _before_all(firm, plan)
    _ease(firm, plan)
    _impose(firm, plan)
    if not plan.scenarios:
        _lapse(firm, plan)
    return plan


def last_day(acts: Sequence[Act]) -> datetime.date:
    """The last day on which all measures on file that acts are about were in force."""
    narrow = [a for a in acts if a.goods] or list(acts)
    names = [name for act in narrow for name in on_file(act, None)]
    measures = [register()[name] for name in names] or list(register().measures.values())
    ends = [m.end for m in measures if m.end] if names else []
    starts = [m.start for m in measures if m.start]
    return min(ends) if ends else max(starts)


def _before_all(acts: Sequence[Act], plan: Plan) -> datetime.date:
    """The day before measures on file began, or ended, that a report says were imposed or eased."""
    days = [plan.day]
    for act in acts:
        for measure in (register()[name] for name in plan.meant[id(act)].on_file):
            if act.stance == "impose" and not act.restores and measure.start:
                days.append(measure.start - datetime.timedelta(days=1))
            elif act.stance == "ease" and measure.end:
                days.append(measure.end)
    return min(days)


def _senders(acts: Sequence[Act]) -> list[str]:
    return list(dict.fromkeys(a.sender for a in acts if a.sender))


def _ease(acts: Sequence[Act], plan: Plan) -> None:
    """For each sender relief by good, on all that is named, and on all there is."""
    easing = [a for a in acts if a.stance == "ease"]
    for sender in _senders(easing):
        own = [a for a in easing if a.sender == sender]
        goods = list(dict.fromkeys(g for a in own for g in a.goods))
        form = "delisting" if sender == "USA" else "repeal"
        form = "licence" if any(_licensed(a) for a in own) else form
        eases = f"{_subject(sender)} eases its sanctions"
        named: list[str] = []
        for good in goods[:MOST_GOODS]:
            lift = list(_on(own, good, plan))
            named += lift
            plan._add(
                f"{_short(sender)}-{_slug(good)}",
                f"{eases} on {good}",
                "ease",
                lift=lift,
                form=form,
            )
        if len(goods) > 1 and named:
            words = " and ".join([", ".join(goods[:-1]), goods[-1]])
            lift = list(dict.fromkeys(named))
            plan._add(
                f"{_short(sender)}-named", f"{eases} on {words}", "ease", lift=lift, form=form
            )
        rest = [m for a in own if not a.goods for m in plan.measures_of(a) if not plan.whole(a)]
        if rest:
            lift = list(dict.fromkeys([*named, *rest]))
            plan._add(f"{_short(sender)}-eased", eases, "ease", lift=lift, form=form)
        _end_all(sender, str(own[0].target), form, plan)


def _licensed(act: Act) -> bool:
    return any(w.startswith(("licen", "waiver", "waive")) for w in act.sentence.words)


def _end_all(sender: str, target: str, form: str, plan: Plan) -> None:
    """The end of all that a sender has on file, beside what is reported."""
    own = register().in_force(plan.day).of([sender], target)
    if not any(m.kind != "withdrawal" for m in own.measures.values()):
        return
    selection = {"senders": sender, "target": target}
    title = f"{_subject(sender)} ends all its sanctions"
    plan._add(f"{_short(sender)}-all", title, "ease", lift=[selection], form=form)


def _on(acts: Sequence[Act], good: str, plan: Plan) -> Iterator[str]:
    """Measures on one good, of acts that name it."""
    for act in acts:
        if good not in act.goods:
            continue
        if act.goods == (good,):
            yield from plan.measures_of(act)
            continue
        only = Act(act.sentence, act.stance, act.mode, act.noun, act.sender, act.target, (good,))
        found = on_file(only, plan.day)
        yield from found or plan.meant[id(act)].new


def _impose(acts: Sequence[Act], plan: Plan) -> None:
    """For each sender all that it imposes, or threatens to; and all senders together."""
    imposing = [a for a in acts if a.stance == "impose"]
    together: list[str] = []
    for sender in _senders(imposing):
        own = [a for a in imposing if a.sender == sender]
        measures = list(dict.fromkeys(m for a in own for m in plan.measures_of(a)))
        firm = any(a.mode in ("done", "planned") for a in own)
        verb = "restores" if any(a.restores for a in own) else "imposes" if firm else "may impose"
        title = f"{_subject(sender)} {verb} its measures"
        plan._add(f"{_short(sender)}-imposed", title, "impose", impose=measures)
        together += measures
    if len(_senders(imposing)) > 1:
        plan._add(
            "all-imposed", "all senders impose", "impose", impose=list(dict.fromkeys(together))
        )


def _lapse(acts: Sequence[Act], plan: Plan) -> None:
    """What is kept, as it would be if it lapsed."""
    for act in acts:
        sender, lift = str(act.sender), plan.measures_of(act)
        title = f"the sanctions of {titled(sender)} lapse"
        if plan.whole(act):
            selection = {"senders": sender, "target": act.target}
            plan._add(f"{_short(sender)}-lapsed", title, "ease", lift=[selection])
        else:
            plan._add(f"{_short(sender)}-lapsed", title, "ease", lift=lift)


def _short(sender: str) -> str:
    return {"USA": "us", "EU27": "eu", "GBR": "uk"}.get(sender, sender.lower())


def _subject(sender: str) -> str:
    return titled(sender)[:1].upper() + titled(sender)[1:]


def _slug(good: str) -> str:
    return good.lower().replace(" ", "-")
