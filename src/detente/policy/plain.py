"""YAML cut down to plain data: text, numbers, truth values and dates, in lists and mappings.

A file may come from anybody. It is checked while it is read, before anything is built from it:
anchors make a small file unfold into a huge one, tags name types, depth exhausts the stack.
"""

from __future__ import annotations

from typing import Any

import yaml

MOST_DEPTH = 40
"""Levels of nesting; a real file has six."""

LARGEST_NUMBER = 1e18

_STANDARD = "tag:yaml.org,2002:"
_NUMBER = f"a number between -{LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}"
_ALLOWED = {
    f"{_STANDARD}timestamp": "a date of the calendar, such as 2025-02-28",
    f"{_STANDARD}int": _NUMBER,
    f"{_STANDARD}float": _NUMBER,
}
_MARKS_WITH_MEANING = {f"{_STANDARD}merge", f"{_STANDARD}value"}


def plain_data(text: str) -> tuple[yaml.Node | None, Any]:
    """Read a document of plain data: its nodes, which know their lines, and what they say.

    Raises
    ------
    yaml.MarkedYAMLError
        Not YAML, or more than plain data; `problem` says what, `problem_mark` where.

    Examples
    --------
    >>> plain_data("{title: x, lift: [a, b]}")[1]
    {'title': 'x', 'lift': ['a', 'b']}
    """
    _refuse_unprintable(text)
    loader = PlainLoader(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


class PlainLoader(yaml.SafeLoader):
    """A loader that refuses whatever is more than plain data, at its line."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_document(self) -> yaml.Node | None:
        """The only document."""
        node = super().compose_document()
        if not self.check_event(yaml.StreamEndEvent):
            raise _fault("only one document in a file", self._ahead().start_mark)
        return node

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A value without anchor, alias or tag, and not too deep."""
        event = self._ahead()
        if event.anchor or getattr(event, "tag", None):
            raise _fault("only plain data, no anchors, aliases or tags", event.start_mark)
        if self._depth >= MOST_DEPTH:
            raise _fault(f"nested too deeply: at most {MOST_DEPTH} levels", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        """A single value without the control characters that an escape may stand for."""
        node = super().compose_scalar_node(anchor)
        _refuse_unprintable(node.value, node.start_mark)
        return node

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Fields by name, each once."""
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            name = _name(key)
            if name in seen:
                raise _fault(f"field {_short(name)!r} appears twice", key.start_mark)
            seen.add(name)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A value that can be computed with."""
        try:
            value = super().construct_object(node, deep)
        except (ValueError, ArithmeticError) as error:
            raise _fault(_impossible(node), node.start_mark) from error
        if isinstance(value, int | float) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            raise _fault(_impossible(node), node.start_mark)
        return value

    def _ahead(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]


PlainLoader.yaml_implicit_resolvers = {
    first: [r for r in resolvers if r[0] not in _MARKS_WITH_MEANING]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _name(key: yaml.Node) -> str:
    if not isinstance(key, yaml.ScalarNode):
        raise _fault("the name of a field must be text, not a list or a mapping", key.start_mark)
    if key.tag != f"{_STANDARD}str":
        what = f"the name of a field must be text: put {_short(key.value)} in quotes"
        raise _fault(what, key.start_mark)
    return str(key.value)


def _refuse_unprintable(text: str, mark: yaml.Mark | None = None) -> None:
    found = yaml.SafeLoader.NON_PRINTABLE.search(text)
    if found is not None:
        at = found.start()
        here = yaml.Mark("", at, text.count("\n", 0, at), 0, None, 0)
        raise _fault(f"character {found[0]!r} is not allowed", mark or here)


def _impossible(node: yaml.Node) -> str:
    return f"{_short(node.value)!r} is not {_ALLOWED[node.tag]}"


def _short(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:37]}..."


def _fault(problem: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
