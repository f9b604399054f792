"""What came of the last run of each section, kept and written to docs/reliability.md."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parents[1] / "docs" / "reliability.md"
LIBRARIES = ("numpy", "scipy", "pydantic", "starlette", "uvicorn", "distributed")


def keep(name: str, found: dict[str, Any]) -> None:
    """Put what came of a section in the place of what came of it before."""
    known = _known()
    known[name] = {**found, "machine": _machine()}
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_page() -> None:
    """The page: what each section is, its counts, residuals and faults; then what was mended."""
    known, words = _known(), (HERE / "page.md").read_text(encoding="utf-8")
    for name, found in known.items():
        words = words.replace(f"<!-- {name} -->", _section(found))
    PAGE.write_text(words, encoding="utf-8")


def _known() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return found


def _machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} processors, {system}, {libraries}"


def _section(found: dict[str, Any]) -> str:
    lines = [f"Seed {found['seed']}, {found['seconds']:,} seconds; {found['machine']}.", ""]
    lines += ["| what came of it | number |", "|---|---|"]
    lines += [f"| {what} | {number:,} |" for what, number in found["counts"].items()]
    if found["largest"]:
        lines += ["", "| largest | |", "|---|---|"]
        lines += [f"| {what} | {value:,} |" for what, value in found["largest"].items()]
    if found.get("refusals"):
        lines += ["", "| what refusals say, without names and numbers | number |", "|---|---|"]
        lines += [f"| {_cell(what)} | {number:,} |" for what, number in found["refusals"].items()]
    faults = [f"- {_cell(fault)}" for fault in found["faults"]]
    return "\n".join([*lines, "", *(faults or ["No fault."])])


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")
