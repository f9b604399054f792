"""Folders of drafted cases: YAML as plain data, all of it or nothing."""

from __future__ import annotations

import datetime
import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, FoldedScalarString

from detente.errors import ScenarioError

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


def write_folder(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write files to a new folder; all of them or nothing.

    Raises
    ------
    ScenarioError
        The folder is there already.
    OSError
        It cannot be written.
    """
    if folder.exists():
        raise ScenarioError(f"{folder} is there already; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / folder.name
        made.mkdir()
        for name, text in files.items():
            (made / name).write_text(text, encoding="utf-8")
        os.replace(made, folder)
    return [folder / name for name in files]
