"""Benchmark of detente and its peers: same machine, same run, one Markdown table.

    python benchmarks/run.py [--python PATH] [--sanction-simulator-python PATH]
                             [--gegravity-python PATH] [--only NAME ...]

Every measurement runs in a process of its own, so that times are not helped by an earlier job and
peak memory (rusage of the child, its children included) belongs to that job. This file needs the
standard library only. Writes results.md and results.json beside itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SS, GG = "sanction-simulator", "gegravity"
HERE = Path(__file__).resolve().parent
IMPORT_PAIRS = 9
JOBS = (
    "latency", "first-use", "cold", "draws", "one-sector", "large", "import", "assess",
    SS, f"{SS}-batch", GG,
)  # fmt: skip
Result = dict[str, Any]


# -- measuring -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pythons:
    """The interpreters: detente's, and each peer's."""

    detente: str
    sanction_simulator: str
    gegravity: str


def child(*command: str, cwd: str | None = None, env: dict[str, str] | None = None) -> Result:
    """Run a command; its output, wall-clock seconds and peak memory (MB, its children included)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, cwd=cwd, env={**os.environ, **(env or {})}
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        printed, complaint = out.read().strip(), err.read().strip()
    kilobyte = 1 if platform.system() == "Darwin" else 1024
    peak = usage.ru_maxrss * kilobyte / 1e6
    found: Result = {"wall_s": wall, "peak_mb": peak, "stdout": printed}
    if process.returncode:
        found["failed"] = complaint.splitlines()[-1][:300] if complaint else "no message"
    return found


def job(python: str, script: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
    """Run a script whose last line of output is a JSON object."""
    found = child(python, str(HERE / script), *arguments, env=env)
    lines = found.pop("stdout").splitlines()
    if "failed" not in found:
        found |= json.loads(lines[-1])
    return found


def import_time(python: str) -> Result:
    """Medians over alternating fresh processes, interpreter start included in both."""
    statements = {"detente": "import detente", "libraries": "import xarray, pandas", "bare": ""}
    walls: dict[str, list[float]] = {name: [] for name in statements}
    with tempfile.TemporaryDirectory() as bytecode:
        env = {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        for turn in range(IMPORT_PAIRS + 1):
            for name, statement in statements.items():
                found = child(python, "-c", statement, env=env)
                if "failed" in found:
                    return found
                if turn:  # the first round writes bytecode and fills the disk cache
                    walls[name].append(found["wall_s"])
    medians = {f"{name}_s": statistics.median(times) for name, times in walls.items()}
    return {**medians, "net_s": medians["detente_s"] - medians["libraries_s"]}


def first_use(python: str) -> Result:
    """One scenario with an empty Numba cache: what the first use after installation takes."""
    with tempfile.TemporaryDirectory() as empty:
        return job(python, "detente_jobs.py", "cold", env={"NUMBA_CACHE_DIR": empty})


def assess(python: str) -> Result:
    """The main job of the command line, in an empty directory; the second of two runs."""
    with tempfile.TemporaryDirectory() as empty:
        for _ in range(2):
            found = child(python, "-m", "detente", "assess", "belarus-2025", cwd=empty)
            found.pop("stdout")
    return found


def measure(pythons: Pythons, only: list[str]) -> dict[str, Result]:
    """Run the jobs in order; the flows for gegravity come from detente's one-sector job."""
    own = pythons.detente
    with tempfile.TemporaryDirectory() as folder:
        flows = str(Path(folder) / "flows.csv")
        steps: dict[str, Callable[[], Result]] = {
            "latency": lambda: job(own, "detente_jobs.py", "latency"),
            "first-use": lambda: first_use(own),
            "cold": lambda: job(own, "detente_jobs.py", "cold"),
            "draws": lambda: job(own, "detente_jobs.py", "draws"),
            "one-sector": lambda: job(own, "detente_jobs.py", "one-sector", flows),
            "large": lambda: job(own, "detente_jobs.py", "large"),
            "import": lambda: import_time(own),
            "assess": lambda: assess(own),
            SS: lambda: job(pythons.sanction_simulator, "peers.py", SS, "single"),
            f"{SS}-batch": lambda: job(pythons.sanction_simulator, "peers.py", SS, "batch"),
            "gegravity": lambda: job(pythons.gegravity, "peers.py", "gegravity", flows),
        }
        results = {}
        for name in only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            results[name] = steps[name]()
    return results


def machine() -> Result:
    """What the numbers depend on."""
    commit = child("git", "-C", str(HERE), "describe", "--always", "--dirty")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpus": os.cpu_count(),
        "processor": processor(),
        "system": platform.platform(),
        "load_average": os.getloadavg()[0],
        "commit": "none" if "failed" in commit else commit["stdout"],
    }


def processor() -> str:
    """Name of the processor, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


# -- reporting -----------------------------------------------------------------------------------


def value(results: dict[str, Result], path: str) -> float | str:
    """A number of the results such as `latency.mild.median`, or why there is none."""
    name, *keys = path.split(".")
    if name not in results:
        return "not run"
    found: Any = results[name]
    if "missing" in found:
        return f"not installed (pip install {found['missing']})"
    if "failed" in found:
        return f"failed: {found['failed']}".replace("|", "/")
    for key in keys:
        found = found[key]
    return float(found)


def shown(number: float | str, unit: str) -> str:
    """A number with its unit: seconds become milliseconds where that reads better."""
    if isinstance(number, str):
        return number
    if unit == "s" and number < 1:
        return f"{1000 * number:.3g} ms"
    return f"{number:,.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def row(
    results: dict[str, Result],
    what: str,
    unit: str,
    own: str,
    peer: str | None = None,
    *,
    note: str = "",
    more_is_better: bool = False,
    scale: float = 1.0,
) -> str:
    """One line of the table; the ratio says how many times better detente is."""
    mine = value(results, own)
    theirs = value(results, peer) if peer else "-"
    ratio = "-"
    if isinstance(theirs, float) and scale != 1.0:
        theirs = scale / theirs
    if isinstance(mine, float) and isinstance(theirs, float):
        times = mine / theirs if more_is_better else theirs / mine
        ratio = f"{times:,.0f}" if times >= 10 else f"{times:.2f}"
    other = shown(theirs, unit) + (f" ({note})" if note and isinstance(theirs, float) else "")
    return f"| {what} | {shown(mine, unit)} | {other} | {ratio} |"


def table(r: dict[str, Result]) -> str:
    """The Markdown table."""
    lines = [
        "| what | detente | peer | ratio |",
        "|---|---|---|---|",
        row(r, "80 × 50: trade of 29 western countries with Belarus, one scenario", "s",
            "latency.mild.median", f"{SS}.mild.median",
            note=f"{SS}: the same trade restricted; it cannot ease"),
        row(r, "80 × 50: embargo on Russia by all", "s",
            "latency.embargo.median", f"{SS}.embargo.median",
            note=f"{SS}: leakage 10 %, rerouting friction 30 %"),
        row(r, "80 × 50: fresh process to first result", "s", "cold.wall_s"),
        row(r, "the same on first use, kernels compiled", "s", "first-use.wall_s"),
        row(r, "80 × 50: many scenarios", "per s",
            "draws.per_second", f"{SS}-batch.batch_of_8.median",
            note=f"{SS}: its batch of 8 pairs, parameters not drawn", more_is_better=True, scale=8),
        row(r, "80 countries, 1 sector, no inputs, same flows: Belarus", "s",
            "one-sector.mild.median", f"{GG}.mild.median", note=f"{GG}: baseline not counted"),
        row(r, "the same: cost of all Russian trade doubled", "s",
            "one-sector.doubled.median", f"{GG}.doubled.median", note=GG),
        row(r, "the same: Russian trade banned", "s",
            "one-sector.ban.median", f"{GG}.ban.median", note=f"{GG}: {convergence(r, 'ban')}"),
        row(r, "80 countries, 1 sector with its inputs: Belarus", "s",
            "one-sector.aggregated.median", f"{GG}.mild.median", note=f"{GG}: without inputs"),
        row(r, "200 × 150, synthetic: one scenario", "s", "large.mild.median"),
        row(r, "200 × 150: peak memory", "MB", "large.peak_mb"),
        row(r, "import, less xarray and pandas", "s", "import.net_s"),
        row(r, "80 × 50: peak memory, one scenario at a time", "MB",
            "latency.peak_mb", f"{SS}.peak_mb", note=SS),
        row(r, "`detente assess belarus-2025`, whole job", "s", "assess.wall_s"),
        row(r, "`detente assess belarus-2025`, peak memory", "MB", "assess.peak_mb"),
    ]  # fmt: skip
    return "\n".join(lines)


def convergence(results: dict[str, Result], scenario: str) -> str:
    """What gegravity's solver says of a scenario."""
    found = results.get(GG, {}).get(scenario, {"converged": True})
    if found["converged"]:
        return "converged"
    return f"warns of no convergence, largest residual {found['largest_residual']:.1g}"


def agreement(results: dict[str, Result]) -> str:
    """How far the two one-sector models agree where they are given the same flows."""
    ours, theirs = results.get("one-sector", {}), results.get(GG, {})
    if "real_income_percent" not in ours:
        return ""
    blr = ours["real_income_percent"]["BLR"]
    lines = [
        f"One sector, no inputs, balanced trade, theta 4 (sigma 5), costs of the West with Belarus "
        f"down 20 %: real income of Belarus {blr:+.6f} % in detente, "
        f"{ours['reference_percent']['BLR']:+.6f} % by a plain iteration of the same equations."
    ]
    if "mild" in theirs:
        other = theirs["mild"]["real_income_percent"]["BLR"]
        lines.append(
            f"gegravity reports {other:+.6f} %; with every country's output and expenditure held "
            "at its baseline value in the market-clearing equations, as in its function "
            f"`_full_ge`, the plain iteration gives {ours['reference_held_percent']['BLR']:+.6f} %."
        )
        lines.append(
            f"Its baseline takes {theirs['baseline']['median']:.2g} s more per scenario (a model "
            "is simulated once), not counted above."
        )
        lines.append(
            f"Russia banned: {ours['ban_russia_percent']:+.6f} % in detente, "
            f"{ours['ban_russia_exact_percent']:+.6f} % by the closed formula for autarky, "
            f"{theirs['ban']['real_income_percent']['RUS']:+.6f} % in gegravity "
            f"({convergence(results, 'ban')})."
        )
        noisy = theirs["ban_with_noise"]
        lines.append(
            "The same ban with every flow changed at random by up to 0.1 %: gegravity reports "
            f"{noisy['real_income_percent']['RUS']:+.6f} % "
            f"({convergence(results, 'ban_with_noise')}); the closed formula gives "
            f"{noisy['russia_exact_percent']:+.6f} %."
        )
    return "\n".join(lines)


def versions(results: dict[str, Result]) -> str:
    """Versions of everything measured."""
    packages = ("python", "numpy", "scipy", "numba", "xarray", "pandas")
    lines = []
    for name, job_name in (("detente", "latency"), (SS, SS), (GG, GG)):
        found = results.get(job_name, {})
        if "version" in found:
            rest = ", ".join(f"{p} {found[p]}" for p in packages if p in found)
            lines.append(f"{name} {found['version']} ({rest})")
    return "; ".join(lines)


def report(results: dict[str, Result], where: Result) -> str:
    """The whole of results.md."""
    return "\n\n".join(
        part
        for part in (
            "# Benchmark",
            "Medians after warm-up. Ratio: how many times faster (or smaller) detente is.",
            table(results),
            agreement(results),
            f"{where['processor']}, {where['cpus']} CPUs, {where['system']}, load average "
            f"{where['load_average']:.1f} at the start, {where['date']}, commit {where['commit']}.",
            versions(results) + ".",
        )
        if part
    ) + "\n"  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmark detente and its peers.")
    env = os.environ.get
    parser.add_argument("--python", default=sys.executable, help="interpreter with detente")
    parser.add_argument(
        "--sanction-simulator-python", default=env("SANCTION_SIMULATOR_PYTHON", sys.executable)
    )
    parser.add_argument("--gegravity-python", default=env("GEGRAVITY_PYTHON", sys.executable))
    parser.add_argument("--only", nargs="+", choices=JOBS, default=list(JOBS))
    return parser.parse_args()


def main() -> None:
    """Measure, print, write."""
    chosen = arguments()
    pythons = Pythons(chosen.python, chosen.sanction_simulator_python, chosen.gegravity_python)
    only = [name for name in JOBS if name in chosen.only]
    if GG in only and "one-sector" not in only:
        only.insert(only.index(GG), "one-sector")
    where = machine()
    results = measure(pythons, only)
    text = report(results, where)
    print(text)
    if only != list(JOBS):
        return  # a part of the table does not replace the whole on file
    (HERE / "results.md").write_text(text, encoding="utf-8")
    record = json.dumps({"machine": where, "results": results}, indent=1)
    (HERE / "results.json").write_text(record + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
