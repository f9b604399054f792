"""YAML cut down to plain data: text, numbers, truth values and dates, in lists and mappings.

A file may come from anybody. It is checked event by event, before anything is built from it:
anchors make a small file unfold into a huge one, tags name types, depth exhausts the stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import Reader
from ruamel.yaml.resolver import VersionedResolver

Location = tuple[int | str, ...]

MOST_DEPTH = 40
"""Levels of nesting; a real file has six."""

LARGEST_NUMBER = 1e18

_NUMBER = f"a number between -{LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}"
_READ_AS = {
    "tag:yaml.org,2002:bool": "yes or no",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a date of the calendar, such as 2025-02-28",
    "tag:yaml.org,2002:int": _NUMBER,
    "tag:yaml.org,2002:float": _NUMBER,
}
"""What text without quotes may stand for, and what is allowed there."""


class _Resolver(VersionedResolver):
    """YAML 1.1, where `no` is a truth value and 1:30 a number (which is refused)."""

    processing_version = (1, 1)


_RESOLVER = _Resolver()
_CONSTRUCTOR = YAML(typ="safe", pure=True).constructor


def plain_data(text: str) -> tuple[Any, dict[Location, int]]:
    r"""Read a document of plain data: what it says, and the line of every value.

    Raises
    ------
    MarkedYAMLError
        Not YAML, or more than plain data; `problem` says what, `problem_mark` where.

    Examples
    --------
    >>> data, lines = plain_data("title: x\nlift: [a, b]")
    >>> data, lines["lift", 1]
    ({'title': 'x', 'lift': ['a', 'b']}, 2)
    """
    _refuse_unprintable(text)
    try:
        return _Document(text, pure=False).read()
    except MarkedYAMLError:
        # The parser in C, 20 times as fast, words faults otherwise than the one in Python.
        return _Document(text, pure=True).read()


class _Document:
    """A document that is built while its events are read."""

    def __init__(self, text: str, *, pure: bool) -> None:
        self._events: Iterator[Any] = YAML(typ="safe", pure=pure).parse(text)
        self._lines: dict[Location, int] = {}

    def read(self) -> tuple[Any, dict[Location, int]]:
        """The data and the lines of the only document; no data if there is none."""
        data, documents = None, 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if documents:
                    raise _fault("only one document in a file", _line(event))
                data, documents = self._value(next(self._events), ()), 1
        return data, self._lines

    def _value(self, event: Any, at: Location) -> Any:
        _refuse_more(event, len(at))
        self._lines.setdefault(at, _line(event))
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if isinstance(event, SequenceStartEvent):
            items = enumerate(self._until(SequenceEndEvent))
            return [self._value(item, (*at, number)) for number, item in items]
        return self._mapping(at)

    def _mapping(self, at: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self._until(MappingEndEvent):
            _refuse_more(key, len(at) + 1)
            name = _name(key)
            if name in found:
                raise _fault(f"field {_short(name)!r} appears twice", _line(key))
            self._lines[*at, name] = _line(key)
            found[name] = self._value(next(self._events), (*at, name))
        return found

    def _until(self, end: type) -> Iterator[Any]:
        while not isinstance(event := next(self._events), end):
            yield event


def _scalar(event: Any) -> Any:
    """What a single value says."""
    if event.style == '"':  # an escape may stand for a control character
        _refuse_unprintable(event.value, _line(event))
    tag = _tag(event)
    if tag not in _READ_AS:
        return event.value
    try:
        return _bounded(
            _CONSTRUCTOR.yaml_constructors[tag](_CONSTRUCTOR, ScalarNode(tag, event.value))
        )
    except (ValueError, ArithmeticError) as error:
        what = f"{_short(event.value)!r} is not {_READ_AS[tag]}"
        raise _fault(what, _line(event)) from error


def _bounded(value: Any) -> Any:
    if isinstance(value, int | float) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise OverflowError
    return value


def _tag(event: Any) -> str:
    """What the text stands for by YAML's rules, save that `y` and `n` are names."""
    implicit = (False, True) if event.value in ("y", "Y", "n", "N") else event.implicit
    return str(_RESOLVER.resolve(ScalarNode, event.value, implicit))


def _name(key: Any) -> str:
    if not isinstance(key, ScalarEvent):
        raise _fault("the name of a field must be text, not a list or a mapping", _line(key))
    if _tag(key) in _READ_AS:
        what = f"the name of a field must be text: put {_short(key.value)} in quotes"
        raise _fault(what, _line(key))
    return str(_scalar(key))


def _refuse_more(event: Any, depth: int) -> None:
    if event.anchor or getattr(event, "tag", None):
        raise _fault("only plain data, no anchors, aliases or tags", _line(event))
    if depth >= MOST_DEPTH:
        raise _fault(f"nested too deeply: at most {MOST_DEPTH} levels", _line(event))


def _refuse_unprintable(text: str, line: int | None = None) -> None:
    found = Reader.NON_PRINTABLE.search(text)
    if found is not None:
        here = text.count("\n", 0, found.start()) + 1
        raise _fault(f"character {found[0]!r} is not allowed", line or here)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _short(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:37]}..."


def _fault(problem: str, line: int) -> MarkedYAMLError:
    return MarkedYAMLError(problem=problem, problem_mark=StreamMark("", 0, line - 1, 0))
