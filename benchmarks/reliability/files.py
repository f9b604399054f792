"""Mutated case and scenario files: each is answered at file and line, or gives finite numbers."""

from __future__ import annotations

import json
import random
import re
import shutil
import tempfile
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

import detente
from detente.cases import Case
from detente.errors import ConvergenceError, DetenteError
from reliability.mutations import mutated
from reliability.tally import Hung, Tally, at_most

PATIENCE = 60.0
"""Seconds for loading a case and solving its scenarios."""
CASES = {"_template": 0.55, "belarus-2025": 0.08, "iran-snapback-2025": 0.04, "india-2025": 0.08}
"""Cases that are mutated, and their shares; the others are scenario files."""
SCENARIOS = (
    """\
title: The US and the EU ease on chemicals
world: icio2022
status_quo: 2025-02-12
lift:
  - {senders: [USA, EU27], target: BLR, kind: import-ban, sectors: C20, ave: 0.25}
ease: {us-potash-2021: 0.5}
""",
    """\
title: Costs, transfers and hubs
world: icio2022
elasticities: caliendo-parro
deficits: value
horizon: three-years
level: high
impose:
  - {senders: EU27, target: RUS, kind: export-ban, sectors: goods,
     ave: {low: 0.1, central: 0.3, high: 0.9}}
costs:
  - {origins: RUS, destinations: [CHN, IND], sectors: [B05, B06], factor: 1.2}
transfers:
  - {payer: RUS, receiver: BLR, amount: 500}
patronage: {patron: RUS, client: BLR, share: 0.5}
routes:
  hubs: [KAZ, TUR]
  lanes: [{origins: [EU27, USA], destinations: RUS}]
  hub_share: 0.01
""",
)
PLACE = re.compile(r"^.*\.(yaml|json)(:\d+)?: ")


def run(count: int, seed: int) -> dict[str, Any]:
    """Each file in a folder of its own."""
    dice, tally, seen = random.Random(seed), Tally(), Counter[str]()
    with tempfile.TemporaryDirectory() as made:
        for number in range(count):
            path = _broken(Path(made) / str(number), dice)
            _try(path, tally, seen)
            shutil.rmtree(path if path.is_dir() else path.parent)
            if number % 100 == 99:
                print(f"  {number + 1:,} files", flush=True)
    return {**tally.document(), "refusals": dict(seen.most_common(12))}


def _broken(folder: Path, dice: random.Random) -> Path:
    """A case with one file of it broken, or a broken scenario file."""
    drawn = dice.random()
    for name, share in CASES.items():
        if drawn < share:
            return _broken_case(name, folder, dice)
        drawn -= share
    folder.mkdir()
    path = folder / "scenario.yaml"
    path.write_bytes(mutated(dice.choice(SCENARIOS), dice))
    return path


def _broken_case(name: str, folder: Path, dice: random.Random) -> Path:
    shutil.copytree(Path(str(files("detente.cases"))) / name, folder)
    parts = [p for p in sorted(folder.glob("*.*")) if p.suffix in (".yaml", ".json")]
    part = dice.choice([p for p in parts if p.name != "draft.yaml"])
    drawn = dice.random()
    if drawn < 0.02:
        part.unlink()
    elif drawn < 0.03:
        part.unlink()
        part.mkdir()
    elif drawn < 0.04:
        part.unlink()
        part.symlink_to(part.name)
    else:
        part.write_bytes(mutated(part.read_text(encoding="utf-8"), dice))
    return folder


def _try(path: Path, tally: Tally, seen: Counter[str]) -> None:
    shown, loaded = f"{path.name}: {_content(path)}", None
    try:
        with at_most(PATIENCE):
            loaded = detente.load_case(path) if path.is_dir() else detente.read_scenario(path)
            found = _solved(loaded)
    except ConvergenceError as error:
        tally.check("\n" not in str(error), "loads and has no equilibrium, in a sentence", shown)
    except DetenteError as error:
        lines = str(error).splitlines()
        if loaded is None:
            here = all(PLACE.match(line) or line.startswith("... and") for line in lines)
            told = here or f"no case {str(path)!r}" in lines[0]
            tally.check(told, "refused at file and line", f"{error} <- {shown}")
        else:
            tally.add("loads and is refused in a sentence when it is solved")
            seen[str(error)[:120]] += 1
    except Hung as error:
        tally.fault("hung", f"{error} <- {shown}")
    except Exception as error:
        where = "loading" if loaded is None else "solving"
        tally.fault(f"traceback in {where}", f"{error!r} <- {shown}")
    else:
        tally.check(found, "loads and gives finite numbers", shown)


def _content(path: Path) -> str:
    """The start of what was written last."""
    parts = [path] if path.is_file() else [p for p in path.iterdir() if p.is_file()]
    newest = max(parts, key=lambda p: p.stat().st_mtime_ns)
    return f"{newest.name} {newest.read_bytes()[:3000]!r}"


def _solved(loaded: Any) -> bool:
    """Whether all that `assess` says of a case, or a solve of a scenario, is finite."""
    if isinstance(loaded, Case):
        found = detente.assess(loaded, draws=0)
        json.loads(found.to_json())
        return bool(np.isfinite(found.welfare["percent"].astype(float)).all())
    return bool(np.isfinite(detente.simulate(loaded).outcome().equilibrium.welfare).all())
