"""Writing a case to a new folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from detente.errors import ScenarioError


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
