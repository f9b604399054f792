"""Case files: a situation on file, with its measures and scenarios."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from detente.errors import ScenarioError, nearest
from detente.sanctions.measures import Countries, Measure, Strict
from detente.sanctions.scenario import Scenario, names_of
from detente.sanctions.source import Source


class CaseScenario(Strict):
    """A scenario of a case: which of the case's measures are eased or imposed."""

    title: str
    ease: list[str] = Field(default_factory=list)
    impose: list[str] = Field(default_factory=list)


class Case(Strict):
    """A situation on file.

    Attributes
    ----------
    title, question, source
        What it is about, what is asked, where it comes from.
    world, elasticities, deficits
        What to compute it on.
    target
        The country sanctioned.
    countries
        Countries and groups whose welfare is reported.
    partners
        Partners whose trade with the target is reported.
    assumptions
        Name to words.
    measures, scenarios
        By name; scenarios name the measures they ease or impose.
    """

    title: str
    question: str
    source: str = ""
    world: str = "icio2022"
    elasticities: str = "fontagne"
    deficits: Literal["share", "value", "zero"] = "share"
    target: str
    countries: Countries
    partners: Countries
    assumptions: dict[str, str] = Field(default_factory=dict)
    measures: dict[str, Measure]
    scenarios: dict[str, CaseScenario] = Field(min_length=1)

    @model_validator(mode="after")
    def _measures_exist(self) -> Case:
        for key, scenario in self.scenarios.items():
            for name in (*scenario.ease, *scenario.impose):
                if name not in self.measures:
                    hint = nearest(name, self.measures)
                    raise ValueError(f"scenario {key!r} names unknown measure {name!r}: {hint}")
        return self

    def scenario(self, name: str) -> Scenario:
        """One scenario of the case, with its measures spelled out.

        Raises
        ------
        ScenarioError
            The case has no such scenario; the message suggests the nearest.
        """
        if name not in self.scenarios:
            raise ScenarioError(f"unknown scenario {name!r}: {nearest(name, self.scenarios)}")
        chosen = self.scenarios[name]
        return Scenario(
            title=chosen.title,
            world=self.world,
            elasticities=self.elasticities,
            deficits=self.deficits,
            ease=[self.measures[m] for m in chosen.ease],
            impose=[self.measures[m] for m in chosen.impose],
        )


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
    return source.validate(Case, names_of(source))
