"""Case files: a situation on file, with its measures, events, claims and scenarios."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from detente.cases.records import Claim, Concession, Event, Fact
from detente.errors import ScenarioError, WorldError, nearest
from detente.inference.observations import Observation
from detente.plain import Location
from detente.policy.fields import Countries, OneCountry, canonical_countries
from detente.policy.kinds import KINDS
from detente.policy.measures import STRENGTH
from detente.policy.posterior import Posterior
from detente.policy.reading import check_measures, names_of
from detente.policy.register import look_up, register
from detente.policy.scenario import (
    Assumptions,
    Change,
    Scenario,
)
from detente.simulation.assumptions import Assumption, check_assumption, kind_of
from detente.source import Source

SECTIONS = (
    "measures",
    "events",
    "concessions",
    "claims",
    "scenarios",
    "assumptions",
    "observations",
    "record",
)
"""Parts of a case that may stand in files of their own, `events.yaml` and so on."""


POSTERIOR = "posterior.json"
"""Where a case keeps the posterior of its strengths."""


class Case(Assumptions):
    """A situation on file.

    Attributes
    ----------
    title
        What it is about, in one line.
    question
        What is asked.
    source
        Where the case comes from.
    date
        When it came up.
    parties
        Who takes part, by role: sender, target, rival, third parties; countries by their codes.
    target
        The country sanctioned.
    countries
        Countries and groups whose welfare is reported.
    partners
        Partners whose trade with the target is reported.
    notes
        Assumptions in words, by name.
    events
        What happened, by name.
    concessions
        Who gave what to whom, by name.
    claims
        Who said what, by name.
    scenarios
        Changes by name; each is computed under the assumptions of the case.
    assumptions
        What is uncertain, by name; see `detente.simulation.assumptions.ASSUMPTIONS`.
    observations
        What trade did, by name: `detente calibrate` makes the case's posterior of it.
    record
        What is known of a commodity of the world, by name; shown beside the model.
    """

    title: str
    question: str
    source: str = ""
    date: datetime.date | None = None
    parties: dict[str, list[str]] = Field(default_factory=dict)
    target: OneCountry
    countries: Countries
    partners: Countries
    notes: dict[str, str] = Field(default_factory=dict)
    events: dict[str, Event] = Field(default_factory=dict)
    concessions: dict[str, Concession] = Field(default_factory=dict)
    claims: dict[str, Claim] = Field(default_factory=dict)
    scenarios: dict[str, Change] = Field(min_length=1)
    assumptions: dict[str, Assumption] = Field(default_factory=dict)
    observations: dict[str, Observation] = Field(default_factory=dict)
    record: dict[str, Fact] = Field(default_factory=dict)

    @field_validator("scenarios", mode="before")
    @classmethod
    def _some(cls, found: object) -> object:
        if found in (None, {}):
            raise ValueError(
                "name at least one scenario, such as `lifted: {title: ..., lift: ...}`"
            )
        return found

    @field_validator("parties")
    @classmethod
    def _by_code(cls, found: dict[str, list[str]], info: ValidationInfo) -> dict[str, list[str]]:
        known = (info.context or {}).get("countries")
        if known is None:
            return found
        for name in found.get("rival", []):
            if canonical_countries([name], known)[0] not in known:
                raise ValueError(f"rival {name!r} is a group; name a country")
        return {role: [_code(name, known) for name in names] for role, names in found.items()}

    @field_validator("assumptions")
    @classmethod
    def _known(cls, found: dict[str, Assumption], info: ValidationInfo) -> dict[str, Assumption]:
        for name, assumption in found.items():
            check_assumption(name, assumption)
        known = (info.context or {}).get("countries")
        return found if known is None else {_of_code(n, known): a for n, a in found.items()}

    @property
    def rival(self) -> str | None:
        """Country to which relief may leak, the first of the parties in that role, or None.

        >>> load_case("belarus-2025").rival
        'RUS'
        """
        return next(iter(self.parties.get("rival", [])), None)

    def scenario(self, name: str) -> Scenario:
        """Spell out one scenario of the case, with the case's assumptions.

        Raises
        ------
        ScenarioError
            The case has no such scenario; the message suggests the nearest.
        """
        change = look_up(self.scenarios, name, "scenario")
        parts = {field: getattr(self, field) for field in Assumptions.model_fields}
        parts |= {field: getattr(change, field) for field in Change.model_fields}
        return Scenario(**parts)

    def at_horizon(self, horizon: str | None) -> Case:
        """The same case at another horizon, which then is no longer uncertain; or as it is.

        >>> load_case("belarus-2025").at_horizon("long-run").horizon
        'long-run'
        """
        if horizon is None:
            return self
        known = {name: a for name, a in self.assumptions.items() if name != "horizon"}
        return self.model_copy(update={"horizon": horizon, "assumptions": known})

    def spelled_out(self) -> dict[str, Scenario]:
        """The scenarios by name, each with the case's assumptions."""
        return {name: self.scenario(name) for name in self.scenarios}

    def last_easing(self) -> str:
        """Name of the last scenario that lifts or eases measures, or of the last of all.

        >>> load_case("belarus-2025").last_easing()
        'us-eu-all'
        """
        easing = [name for name, change in self.scenarios.items() if change.lift or change.ease]
        return (easing or list(self.scenarios))[-1]

    def _repr_html_(self) -> str:
        """Title, question and scenarios, for notebooks."""
        from html import escape

        rows = "".join(
            f"<li><code>{escape(name)}</code> {escape(change.title)}</li>"
            for name, change in self.scenarios.items()
        )
        return f"<b>{escape(self.title)}</b><p>{escape(self.question)}</p><ul>{rows}</ul>"


def _code(name: str, known: Sequence[str]) -> str:
    """Code of a country of the world, or the name of a party that is none."""
    try:
        return canonical_countries([name], known)[0]
    except WorldError:
        return name


def _of_code(assumption: str, known: Sequence[str]) -> str:
    """`strength-GROUP` with the code that the sender has in measures."""
    group = assumption.removeprefix(STRENGTH)
    sender, *rest = group.split("-")
    if group == assumption or sender in ("others", *(k.moves_with for k in KINDS.values())):
        return assumption
    return STRENGTH + "-".join([canonical_countries([sender], known)[0], *rest])


def available_cases() -> tuple[str, ...]:
    """Names of the cases embedded in the package.

    >>> "belarus-2025" in available_cases()
    True
    """
    folder = files("detente.cases")
    named = (f.name for f in folder.iterdir() if (f / "case.yaml").is_file())
    return tuple(sorted(name for name in named if not name.startswith("_")))


def load_case(name: str | Path) -> Case:
    """Load a case by the name of an embedded one, or by the path of a folder with `case.yaml`.

    Raises
    ------
    ScenarioError
        No such case, or a fault in it (file, line and field).

    Examples
    --------
    >>> load_case("belarus-2025").target
    'BLR'
    """
    if str(name) in available_cases():
        with as_file(files("detente.cases") / str(name)) as folder:
            return _read(folder / "case.yaml")
    path = Path(name)
    path = path / "case.yaml" if path.is_dir() else path
    if not path.is_file():
        hint = nearest(str(name), available_cases())
        raise ScenarioError(f"no case {str(name)!r}, neither embedded nor a folder: {hint}")
    return _read(path)


def needed(case: object, what: str) -> Case:
    """The case that something is done with.

    Raises
    ------
    ScenarioError
        It is something else, the name of one say.

    >>> needed("mine", "weighed")
    Traceback (most recent call last):
    detente.errors.ScenarioError: a case is weighed, not 'mine': `detente.load_case` reads one
    """
    if not isinstance(case, Case):
        raise ScenarioError(f"a case is {what}, not {case!r}: `detente.load_case` reads one")
    return case


def _read(path: Path) -> Case:
    source = Source.read(path)
    source = replace(source, data={k: v for k, v in source.data.items() if not _empty(k, v)})
    for section in SECTIONS:
        own_file = path.with_name(f"{section}.yaml")
        if own_file.is_file():
            source = source.with_section(section, Source.read(own_file, may_be_empty=True))
    case = source.validate(Case, names_of(source))
    own_posterior = path.with_name(POSTERIOR)
    if own_posterior.is_file():
        case = case.model_copy(update={"posterior": Posterior.read(own_posterior)})
    known = {**register().measures, **case.measures}
    for name, change in case.scenarios.items():
        check_measures(source, ("scenarios", name), change, known)
    faults = [f"{source.place(at)}: {'.'.join(map(str, at))}: {what}" for at, what in _loose(case)]
    if faults:
        raise ScenarioError("\n".join(faults))
    return case


def _empty(field: str, value: object) -> bool:
    """A section that is named and says nothing."""
    return field in SECTIONS and value is None


def _loose(case: Case) -> Iterator[tuple[Location, str]]:
    """References from one part of a case to another that lead nowhere."""
    yield from _loose_measures(case)
    yield from _loose_claims(case)
    for name, observation in case.observations.items():
        if observation.of == "offset" and case.routes is None:
            yield ("observations", name, "of"), "an offset needs the case to have `routes`"
    for name in case.assumptions:
        part = kind_of(name).needs
        if part and getattr(case, part) is None:
            hint = " (patron, client)" if part == "patronage" else ""
            yield ("assumptions", name), f"the case has no `{part}` that this could be about{hint}"


def _loose_measures(case: Case) -> Iterator[tuple[Location, str]]:
    known = [*register().measures, *case.measures]
    for section in ("events", "concessions", "observations"):
        for name, record in getattr(case, section).items():
            for place, measure in enumerate(record.measures):
                if measure not in known:
                    at = (section, name, "measures", place)
                    yield at, f"unknown measure {measure!r}: {nearest(measure, known)}"


def _loose_claims(case: Case) -> Iterator[tuple[Location, str]]:
    for name, claim in case.claims.items():
        test, at = claim.test, ("claims", name, "test")
        if test is None:
            continue
        other = [] if test.relative_to is None else [test.relative_to]
        for scenario in [*test.scenarios, *other]:
            if scenario not in case.scenarios:
                hint = nearest(scenario, case.scenarios)
                yield (*at, "scenarios"), f"unknown scenario {scenario!r}: {hint}"
        if test.metric in ("through-hubs", "offset-ratio"):
            if case.routes is None:
                yield (*at, "metric"), f"metric {test.metric!r} needs the case to have `routes`"
            elif test.parameters.hub and test.parameters.hub not in case.routes.hubs:
                hint = nearest(test.parameters.hub, case.routes.hubs)
                yield (*at, "parameters", "hub"), f"no hub of the case's routes: {hint}"
