"""Case files: a situation on file, with its measures and scenarios."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from pydantic import Field

from detente.errors import ScenarioError, nearest
from detente.sanctions.measures import Countries, Country
from detente.sanctions.regime import look_up, register
from detente.sanctions.scenario import (
    Assumptions,
    Change,
    Scenario,
    check_measures,
    names_of,
)
from detente.sanctions.source import Source


class Case(Assumptions):
    """A situation on file.

    Attributes
    ----------
    title, question, source
        What it is about, what is asked, where it comes from.
    target
        The country sanctioned.
    countries
        Countries and groups whose welfare is reported.
    partners
        Partners whose trade with the target is reported.
    notes
        Assumptions in words, by name.
    scenarios
        Changes by name; each is computed under the assumptions of the case.
    """

    title: str
    question: str
    source: str = ""
    target: Country
    countries: Countries
    partners: Countries
    notes: dict[str, str] = Field(default_factory=dict)
    scenarios: dict[str, Change] = Field(min_length=1)

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


def available_cases() -> tuple[str, ...]:
    """Names of the cases embedded in the package.

    >>> "belarus-2025" in available_cases()
    True
    """
    folder = files("detente.cases")
    return tuple(sorted(f.name for f in folder.iterdir() if (f / "case.yaml").is_file()))


def load_case(name: str | Path) -> Case:
    """Load a case by the name of an embedded one, or by the path of a folder with `case.yaml`.

    Raises
    ------
    ScenarioError
        No such case, or a fault in it (file, line and field).

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


def _read(path: Path) -> Case:
    source = Source.read(path)
    case = source.validate(Case, names_of(source))
    known = {**register().measures, **case.measures}
    for name, change in case.scenarios.items():
        check_measures(source, ("scenarios", name), change, known)
    return case
