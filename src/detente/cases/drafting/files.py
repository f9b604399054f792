"""Files of drafted cases: YAML as plain data."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, FoldedScalarString

DRAFT = "draft.yaml"
"""What a draft was made of: the report, the sentence of every record, and the open points."""
WIDTH = 100

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _()/.,-]*[A-Za-z0-9).]|[A-Za-z]")
_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def as_yaml(data: Mapping[str, Any]) -> str:
    """Plain data as YAML: text quoted where it could be read as anything else.

    >>> print(as_yaml({"said": "no", "at": "1:30"}), end="")
    said: "no"
    at: "1:30"
    """
    writer = YAML(typ="rt")
    writer.width = WIDTH
    writer.representer.ignore_aliases = lambda *_: True
    writer.allow_unicode = True
    written = io.StringIO()
    writer.dump(_quoted(data), written)
    return written.getvalue()


def _quoted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _quoted(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_quoted(v) for v in value]
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        if plain and len(value) < WIDTH - 20:
            return value
        return FoldedScalarString(value) if _folds(value) else DoubleQuotedScalarString(value)
    if value is None or isinstance(value, (bool, int, float, datetime.date)):
        return value
    raise TypeError(f"{type(value).__name__} is no plain data")


def _folds(value: str) -> bool:
    """Long text whose lines may be broken at spaces."""
    return (
        len(value) > WIDTH - 20 and not re.search(r"[\n\t]|  |^ | $", value) and value.isprintable()
    )
