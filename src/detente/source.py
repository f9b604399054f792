"""YAML files as plain data that remember their lines, so that errors can point at them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml.error import MarkedYAMLError

from detente.errors import ScenarioError, nearest
from detente.plain import Location, plain_data

MOST_SIZE = 1_000_000
"""Bytes of a file; the largest of the register has 47,000."""

MOST_FAULTS = 50
"""Faults of a file that are told at once."""

LONGEST_SHOWN = 100
"""Characters of a wrong value that an error repeats."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Source:
    """A YAML document, where it came from, and the line of every field.

    Sections may stand in files of their own; `files` says which.
    """

    data: dict[str, Any]
    name: str
    lines: dict[Location, int]
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, *, may_be_empty: bool = False) -> Source:
        """Read a file of plain data: no anchors, no tags, no repeated fields.

        Parameters
        ----------
        path
            Of the file.
        may_be_empty
            Whether a file that says nothing is a mapping of nothing, rather than a fault.

        Raises
        ------
        ScenarioError
            The file cannot be read, is too large, is not UTF-8, is not YAML of plain data, or is
            not a mapping; names file and line.
        """
        try:
            with path.open("rb") as file:
                content = file.read(MOST_SIZE + 1)
        except OSError as error:
            raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from error
        return cls.parse(_decoded(content, str(path)), str(path), may_be_empty=may_be_empty)

    @classmethod
    def parse(cls, text: str, name: str, *, may_be_empty: bool = False) -> Source:
        """Parse the text of a file; see `read`.

        >>> Source.parse("title: potash", "s.yaml").place(("title",))
        's.yaml:1'
        """
        _refuse_large(len(text), name)
        try:
            data, lines = plain_data(text)
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ScenarioError(f"{name}:{line}: {error.problem or 'not YAML'}") from error
        if data is None and may_be_empty:
            data = {}
        if not isinstance(data, dict):
            raise ScenarioError(f"{name}:1: expected `field: value` lines, such as `title: ...`")
        return cls(data, name, lines)

    def with_section(self, section: str, other: Source) -> Source:
        """Add a section that stands in a file of its own.

        Raises
        ------
        ScenarioError
            The section is here already.
        """
        if section in self.data:
            raise ScenarioError(
                f"{self.place((section,))}: {section}: also in {other.name}; keep one of them"
            )
        return replace(
            self,
            data={**self.data, section: other.data},
            lines={**self.lines, **{(section, *at): line for at, line in other.lines.items()}},
            files={**self.files, section: other.name},
        )

    def place(self, location: Location) -> str:
        """File and line of a field, or of the nearest enclosing one."""
        file = self.files.get(str(location[0]), self.name) if location else self.name
        while location and location not in self.lines:
            location = location[:-1]
        return f"{file}:{self.lines.get(location, 1)}"

    def validate(self, model: type[Model], context: dict[str, Any] | None = None) -> Model:
        """Check the data against a model.

        Raises
        ------
        ScenarioError
            The faults, each with file, line and field.
        """
        try:
            return model.model_validate(self.data, context=context)
        except ValidationError as error:
            raise ScenarioError("\n".join(self._faults(model, error))) from error

    def _faults(self, model: type[BaseModel], error: ValidationError) -> list[str]:
        told = [self._fault(model, dict(e)) for e in error.errors()[:MOST_FAULTS]]
        more = error.error_count() - len(told)
        return [*dict.fromkeys(told), *([_more(more)] if more else [])]

    def _fault(self, model: type[BaseModel], error: dict[str, Any]) -> str:
        location = tuple(error["loc"])
        shown = tuple(p for p in location if location[:1] == (p,) or self._known(location, p))
        field = ".".join(str(p) for p in shown)
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            message = f"unknown field: {nearest(str(location[-1]), _fields(model))}"
        elif error["type"] not in ("value_error", "missing"):
            message = f"{message}, not {_shown(error['input'])}"
        return f"{self.place(location)}: {field}: {message}"

    def _known(self, location: Location, part: int | str) -> bool:
        """Leave out the parts of a location that are pydantic's own, such as union members."""
        return location[: location.index(part) + 1] in self.lines or part == location[-1]


def _more(faults: int) -> str:
    return f"... and {faults:,} more {'fault' if faults == 1 else 'faults'}"


def _decoded(content: bytes, name: str) -> str:
    _refuse_large(len(content), name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise ScenarioError(
            f"{name}:{line}: not UTF-8 text (byte 0x{byte:02x}); save the file as UTF-8"
        ) from error


def _refuse_large(size: int, name: str) -> None:
    if size > MOST_SIZE:
        raise ScenarioError(f"{name}: larger than {MOST_SIZE:,} bytes, the most that is read")


def _shown(value: object) -> str:
    words = repr(value)
    return words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}..."


def _fields(model: type[BaseModel]) -> list[str]:
    """Field names (aliases) of a model and of the models inside it."""
    names: list[str] = []
    for key, info in model.model_fields.items():
        names.append(info.alias or key)
        for inner in _models_in(info.annotation):
            names += _fields(inner)
    return list(dict.fromkeys(names))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in getattr(annotation, "__args__", ()) for m in _models_in(a)]
