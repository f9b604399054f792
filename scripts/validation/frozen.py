"""Forecasts on file, which are written once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detente.errors import ScenarioError
from detente.results import write_text
from detente.simulation.store import code_version
from validation.states import Record


def require_unwritten(path: Path) -> None:
    """Refuse to write forecasts a second time.

    Raises
    ------
    ScenarioError
        There are forecasts already: they do not change once somebody may have looked.
    """
    if path.exists():
        raise ScenarioError(f"{path}: forecasts are written once; they are there already")


def write_frozen(record: Record, path: Path, **parts: Any) -> None:
    """Write forecasts with the day, the posterior and the version that made them."""
    document = {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "posterior": record.posterior.fingerprint,
        "made_by": code_version(),
        **parts,
    }
    write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", path)
