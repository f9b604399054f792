"""A new case to fill in."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from detente.errors import ScenarioError


def new_case(folder: Path) -> list[Path]:
    """Write a small complete case, with comments, to a new folder; all of it or nothing.

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
    with (
        as_file(files("detente.cases") / "_template") as template,
        tempfile.TemporaryDirectory(dir=folder.parent) as temporary,
    ):
        written = Path(temporary) / folder.name
        shutil.copytree(template, written)
        os.replace(written, folder)
    return sorted(folder.glob("*.yaml"))
