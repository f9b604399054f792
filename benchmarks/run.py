"""Benchmark of detente, an earlier detente and its peers: same machine, same run, one table.

    python benchmarks/run.py [--python PATH] [--before PATH] [--rounds N]
                             [--sanction-simulator-python PATH] [--gegravity-python PATH]
                             [--only NAME ...]

Every measurement runs in a process of its own, so that times are not helped by an earlier job and
peak memory belongs to that job. With `--before`, the interpreter of an environment that has an
earlier detente, every job is measured with both in turn. This file needs the standard library
only. Writes results.md and results.json beside itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import commands
from processes import HERE, Result, child, in_turn, job
from table import GG, LARGE, SS, WORLDS, Measured, report

Job = Callable[[str], Result]


def own_jobs(flows: str) -> dict[str, Job]:
    """What is measured of detente, given an interpreter; the one-sector job writes `flows`."""

    def script(*arguments: str) -> Job:
        return lambda python: job(python, "detente_jobs.py", *arguments)

    large: dict[str, Job] = {}
    for name, (countries, sectors, draws) in LARGE.items():
        large[name] = script("large", str(countries), str(sectors), "1")
        large[f"{name}-batch"] = script("large", str(countries), str(sectors), str(draws))
    return {
        "latency": script("latency"),
        "first-use": commands.first_use,
        "cold": script("cold"),
        "draws": script("draws"),
        "one-sector": script("one-sector", flows),
        **{name: script("world", name) for name in WORLDS},
        **large,
        "import": commands.imports,
        "assess": commands.assess,
        "claims": commands.claims,
        "relief": commands.relief,
        "report": commands.report,
        "slider": commands.slider,
    }


def peer_jobs(flows: str) -> dict[str, Job]:
    """What is measured of the peers, given the interpreter of each."""
    return {
        SS: lambda python: job(python, "peers.py", SS, "single"),
        f"{SS}-batch": lambda python: job(python, "peers.py", SS, "batch"),
        GG: lambda python: job(python, "peers.py", GG, flows),
    }


JOBS = [*own_jobs(""), *peer_jobs("")]


def measure(chosen: argparse.Namespace, only: list[str]) -> Measured:
    """Run the jobs in order; the flows for gegravity come from detente's one-sector job."""
    pythons = {"now": chosen.python} | ({"before": chosen.before} if chosen.before else {})
    found: dict[str, dict[str, Result]] = {"now": {}, "before": {}}
    with tempfile.TemporaryDirectory() as folder:
        flows = str(Path(folder) / "flows.csv")
        own, peers = own_jobs(flows), peer_jobs(flows)
        for name in only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            if name in own:
                for version, result in in_turn(own[name], pythons, chosen.rounds).items():
                    found[version][name] = result
            else:
                python = chosen.gegravity_python if name == GG else chosen.sanction_simulator_python
                found["now"][name] = peers[name](python)
    return Measured(**found)


def machine() -> Result:
    """What the numbers depend on."""
    commit = child("git", "-C", str(HERE), "describe", "--always", "--dirty")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpus": os.cpu_count(),
        "processor": processor(),
        "system": platform.platform(),
        "load_average": os.getloadavg()[0],
        "commit": "none" if commit.status else commit.stdout.strip(),
    }


def processor() -> str:
    """Name of the processor, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmark detente and its peers.")
    env = os.environ.get
    parser.add_argument("--python", default=sys.executable, help="interpreter with detente")
    parser.add_argument("--before", help="interpreter with an earlier detente")
    parser.add_argument(
        "--rounds", type=int, default=2, help="how often each job of detente is measured"
    )
    parser.add_argument(
        "--sanction-simulator-python", default=env("SANCTION_SIMULATOR_PYTHON", sys.executable)
    )
    parser.add_argument("--gegravity-python", default=env("GEGRAVITY_PYTHON", sys.executable))
    parser.add_argument("--only", nargs="+", choices=JOBS, default=JOBS)
    chosen = parser.parse_args()
    if chosen.before and home(chosen.before) == home(chosen.python):
        parser.error(f"--before {chosen.before}: has the same detente as --python")
    return chosen


def home(python: str) -> str:
    """Where an interpreter finds detente."""
    done = child(python, "-c", "import detente; print(detente.__file__)")
    if done.status:
        sys.exit(f"{python}: {done.result()['failed']}")
    return done.stdout.strip()


def main() -> None:
    """Measure, print, write."""
    chosen = arguments()
    only = [name for name in JOBS if name in chosen.only]
    if GG in only and "one-sector" not in only:
        only.insert(only.index(GG), "one-sector")
    where = machine()
    measured = measure(chosen, only)
    text = report(measured, where)
    print(text)
    if only != JOBS:
        return  # a part of the table does not replace the whole on file
    (HERE / "results.md").write_text(text, encoding="utf-8")
    record = {"machine": where, "results": measured.now, "before": measured.before}
    (HERE / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
