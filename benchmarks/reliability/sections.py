"""The sections by name: from the share of the trials and the seed to what came of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reliability import clusters, crashes, files, page, scenarios

SECTIONS: dict[str, Callable[[float, int], dict[str, Any]]] = {
    "scenarios": lambda share, seed: scenarios.run(round(10_000 * share), seed),
    "files": lambda share, seed: files.run(round(1_000 * share), seed),
    "crashes": crashes.run_section,
    "page": page.run,
    "clusters": clusters.run_section,
}
