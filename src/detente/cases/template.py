"""A new case to fill in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from detente.cases.folder import write_folder


def new_case(folder: Path) -> list[Path]:
    """Write a small complete case, with comments, to a new folder; all of it or nothing.

    Raises
    ------
    ScenarioError
        The folder is there already.
    OSError
        It cannot be written.
    """
    sections = (files("detente.cases") / "_template").iterdir()
    texts = {f.name: f.read_text(encoding="utf-8") for f in sections if f.name.endswith(".yaml")}
    return sorted(write_folder(folder, texts))
